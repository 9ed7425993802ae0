//! What a face looks like before anything was learned: where light changes, and where it does not.
//!
//! The drawing has two parts, of what changes across and down ([`super::contrast`]): at the height of the eyes light changes
//! across, from one side of the head to the other; brows and mouth change it down, in the middle; on forehead and cheeks it hardly
//! changes across. It was found by the example `face_template`, which tells the heads of the nursery's people from all else that is seen
//! there: what evolution would have done. With cells c of a window, a mean c̄ and a standard deviation σ,
//!
//! ```text
//! score = Σ w x    x = (c − c̄) / (√n (σ + FLOOR))        Σ w = 0, Σ w² = 1, n cells
//! ```
//!
//! which is their correlation, times σ / (σ + FLOOR): what has little contrast is no face.

use super::contrast::Contrast;

/// Cells across.
pub const COLUMNS: usize = 10;
/// Cells down.
pub const ROWS: usize = 12;
/// Cells of a window, of both parts.
pub const LENGTH: usize = 2 * ROWS * COLUMNS;
/// Standard deviation of the contrast at which a correlation counts half, in grey levels per pixel.
pub const FLOOR: f32 = 10.0;

/// The left half, across and down; the right half is its mirror.
const DRAWING: [[[i8; COLUMNS / 2]; ROWS]; 2] = [
    [
        [0, -1, 1, 0, -1],
        [0, 1, 0, -1, -1],
        [0, 0, -1, -1, -1],
        [1, 0, 0, -2, -2],
        [1, 0, -3, -3, -1],
        [3, 2, 2, 2, 4],
        [1, 1, 2, 2, 1],
        [2, -1, -3, -1, -3],
        [2, 1, -2, -2, 0],
        [-1, 2, 1, -3, 1],
        [-1, 0, 2, -1, -2],
        [0, -1, 1, 2, -4],
    ],
    [
        [-1, 0, 1, 1, 1],
        [-1, 2, 1, 0, -1],
        [0, 1, 0, 1, -1],
        [-2, 0, 1, 1, 2],
        [-1, 1, 1, -1, 1],
        [-2, 1, 2, -1, 2],
        [-2, -2, 1, 1, 1],
        [0, -2, -2, -1, -2],
        [0, -1, -2, 0, 0],
        [-1, 0, 0, 0, 3],
        [-2, 0, 2, 0, 1],
        [2, 1, 1, 0, 0],
    ],
];

/// The weights w.
pub(super) struct Pattern {
    weights: [[[f32; COLUMNS]; ROWS]; 2],
}

impl Pattern {
    /// The drawing.
    pub(super) fn drawn() -> Self {
        let level =
            |part: usize, row: usize, column: usize| f32::from(DRAWING[part][row][column.min(COLUMNS - 1 - column)]);
        let parts = |part| std::array::from_fn(|row| std::array::from_fn(|column| level(part, row, column)));
        let mut weights: [[[f32; COLUMNS]; ROWS]; 2] = std::array::from_fn(parts);
        let cells = weights.as_flattened_mut().as_flattened_mut();
        let mean = cells.iter().sum::<f32>() / LENGTH as f32;
        cells.iter_mut().for_each(|weight| *weight -= mean);
        let length = cells.iter().map(|weight| weight * weight).sum::<f32>().sqrt();
        cells.iter_mut().for_each(|weight| *weight /= length);
        Self { weights }
    }

    /// Writes the score of every window whose upper row is `top`, from left to right.
    pub(super) fn score(&self, contrast: &Contrast, top: usize, row: &mut Row, scores: &mut [f32]) {
        row.clear(contrast.columns);
        for (weights, plane) in self.weights.iter().zip(&contrast.planes) {
            for (weights, cells) in weights.iter().zip(plane.chunks_exact(contrast.columns).skip(top)) {
                for (weight, cells) in weights.iter().zip(cells.windows(scores.len())) {
                    row.products.iter_mut().zip(cells).for_each(|(product, cell)| *product += weight * cell);
                }
                for ((sum, squares), cell) in row.sums.iter_mut().zip(&mut row.squares).zip(cells) {
                    *sum += cell;
                    *squares += cell * cell;
                }
            }
        }
        let count = LENGTH as f32;
        let across = row.sums.windows(COLUMNS).zip(row.squares.windows(COLUMNS));
        for ((score, product), (sums, squares)) in scores.iter_mut().zip(&row.products).zip(across) {
            let (sum, squares): (f32, f32) = (sums.iter().sum(), squares.iter().sum());
            let deviation = ((squares - sum * sum / count).max(0.0) / count).sqrt();
            *score = product / ((deviation + FLOOR) * count.sqrt());
        }
    }
}

/// The numbers x of the window whose upper left cell is in row `top` and column `left`: of mean 0, and of length less than 1.
/// `[part, row, column]`: across and down, [`ROWS`], [`COLUMNS`]. The window lies within `contrast`.
pub fn window(contrast: &Contrast, top: usize, left: usize) -> [f32; LENGTH] {
    let mut window = [0.0; LENGTH];
    for (plane, out) in contrast.planes.iter().zip(window.chunks_exact_mut(ROWS * COLUMNS)) {
        for (row, out) in out.chunks_exact_mut(COLUMNS).enumerate() {
            out.copy_from_slice(&plane[(top + row) * contrast.columns + left..][..COLUMNS]);
        }
    }
    let count = LENGTH as f32;
    let mean = window.iter().sum::<f32>() / count;
    let deviation = (window.iter().map(|cell| (cell - mean).powi(2)).sum::<f32>() / count).sqrt();
    window.map(|cell| (cell - mean) / ((deviation + FLOOR) * count.sqrt()))
}

/// What is summed for a row of places.
#[derive(Default)]
pub(super) struct Row {
    products: Vec<f32>,
    /// Of the cells of each column, and of their squares.
    sums: Vec<f32>,
    squares: Vec<f32>,
}

impl Row {
    fn clear(&mut self, width: usize) {
        for sums in [&mut self.products, &mut self.sums, &mut self.squares] {
            sums.clear();
            sums.resize(width, 0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_window_scores_nothing_and_the_drawing_itself_nearly_one_where_contrast_is_great() {
        let pattern = Pattern::drawn();
        let mut contrast = Contrast::new(20.0, 2 * ROWS, 2 * COLUMNS);
        assert_eq!((contrast.rows, contrast.columns), (ROWS, COLUMNS));
        let mut score = |light: f32| {
            for (plane, weights) in contrast.planes.iter_mut().zip(&pattern.weights) {
                plane.iter_mut().zip(weights.as_flattened()).for_each(|(cell, weight)| *cell = 30.0 + light * weight);
            }
            let mut scores = [f32::NAN];
            pattern.score(&contrast, 0, &mut Row::default(), &mut scores);
            scores[0]
        };
        assert!(score(0.0).abs() < 1e-3);
        // A standard deviation of FLOOR counts half.
        let even = FLOOR * (LENGTH as f32).sqrt();
        assert!((score(even) - 0.5).abs() < 1e-3 && (score(99.0 * even) - 0.99).abs() < 1e-2);
    }

    #[test]
    fn a_row_of_windows_scores_what_each_of_them_does() {
        let light = |x: usize, y: usize| ((x * x * 31 + y * y * 17 + x * y * 7) % 197) as u8;
        let frame: Vec<u8> = (0..40 * 60).map(|i| light(i % 60, i / 60)).collect();
        let (pattern, contrast) = (Pattern::drawn(), Contrast::of(20.0, &frame, 60));
        let mut scores = vec![f32::NAN; contrast.columns + 1 - COLUMNS];
        for top in 0..=contrast.rows - ROWS {
            pattern.score(&contrast, top, &mut Row::default(), &mut scores);
            for (left, score) in scores.iter().enumerate() {
                let cells = window(&contrast, top, left);
                let weights = pattern.weights.as_flattened().as_flattened();
                let expected: f32 = weights.iter().zip(cells).map(|(weight, cell)| weight * cell).sum();
                assert!((score - expected).abs() < 1e-4, "{score} {expected}");
            }
        }
    }
}
