//! What a face looks like before anything was learned: where light changes, and where it does not.
//!
//! The drawing has two parts, of what changes across and down ([`super::contrast`]): at the height of the eyes light changes
//! across, from one side of the head to the other; brows and mouth change it down, in the middle; on forehead and cheeks it hardly
//! changes across. It was found by the example `face_template`, which tells the heads of the nursery's people from all else that is seen
//! there: what evolution would have done. With cells c of a window, a mean c̄ and a standard deviation σ,
//!
//! ```text
//! score = Σ w (c − c̄) / (√n (σ + FLOOR))        Σ w = 0, Σ w² = 1, n cells
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
}
