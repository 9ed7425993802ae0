//! What a face looks like before anything was learned: where it is smooth, and where it is not.
//!
//! Skin and hair may be light or dark, and eyes are both at once; but forehead, hair and cheeks are always smooth, and the
//! eyes, and the outline, never are. The drawing is therefore one of contrast. It was measured once, as the mean of 200 heads
//! of the nursery's people that look every way, made symmetric and rounded: what evolution would have done.

/// Cells across.
pub(super) const COLUMNS: usize = 10;
/// Cells down.
pub(super) const ROWS: usize = 12;
/// Cells that make the side of the box around the head.
pub(super) const SIDE: f32 = 10.0;

/// Contrast from the least, `=`, over `-`, `.` and `+` to the greatest, `#`.
const DRAWING: [&[u8; COLUMNS]; ROWS] = [
    b"...++++...",
    b".++.--.++.",
    b"..-====-..",
    b"+.--==--.+",
    b"++++++++++",
    b"++++##++++",
    b"++++##++++",
    b"++......++",
    b"..-====-..",
    b".+-====-+.",
    b"..+----+..",
    b"..+.--.+..",
];

/// A pattern to correlate with: numbers of mean 0 and length 1.
pub(super) struct Pattern {
    weights: [[f32; COLUMNS]; ROWS],
}

impl Pattern {
    /// The drawing.
    pub(super) fn drawn() -> Self {
        let contrast = |cell: u8| match cell {
            b'=' => -1.0,
            b'-' => -0.5,
            b'+' => 0.5,
            b'#' => 1.0,
            _ => 0.0,
        };
        let cells = || DRAWING.iter().flat_map(|row| row.iter()).map(|&cell| contrast(cell));
        let mean = cells().sum::<f32>() / (COLUMNS * ROWS) as f32;
        let length = cells().map(|value| (value - mean).powi(2)).sum::<f32>().sqrt();
        Self { weights: DRAWING.map(|row| row.map(|cell| (contrast(cell) - mean) / length)) }
    }

    /// Writes the correlation with the cells of `grid` (rows of `width` cells), between −1 and 1, at every place whose upper row is
    /// `top`, from left to right; −1 where the standard deviation of the cells is less than `least`.
    pub(super) fn correlate(
        &self,
        grid: &[f32],
        width: usize,
        top: usize,
        least: f32,
        row: &mut Row,
        scores: &mut [f32],
    ) {
        row.clear(width);
        for (weights, cells) in self.weights.iter().zip(grid.chunks_exact(width).skip(top)) {
            for (weight, cells) in weights.iter().zip(cells.windows(scores.len())) {
                row.products.iter_mut().zip(cells).for_each(|(product, cell)| *product += weight * cell);
            }
            for ((sum, squares), cell) in row.sums.iter_mut().zip(&mut row.squares).zip(cells) {
                *sum += cell;
                *squares += cell * cell;
            }
        }
        let count = (COLUMNS * ROWS) as f32;
        let across = row.sums.windows(COLUMNS).zip(row.squares.windows(COLUMNS));
        for ((score, product), (sums, squares)) in scores.iter_mut().zip(&row.products).zip(across) {
            let (sum, squares): (f32, f32) = (sums.iter().sum(), squares.iter().sum());
            let variance = (squares - sum * sum / count).max(0.0);
            let seen = variance > 0.0 && (variance / count).sqrt() >= least;
            *score = if seen { product / variance.sqrt() } else { -1.0 };
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
