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

    /// The correlation with the cells of `grid` (rows of `width` cells) whose upper left one is at `place`, between −1 and 1, and
    /// their standard deviation.
    pub(super) fn correlation(&self, grid: &[f32], width: usize, place: usize) -> (f32, f32) {
        let (mut product, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for (row, weights) in self.weights.iter().enumerate() {
            let cells = &grid[place + row * width..][..COLUMNS];
            for (weight, cell) in weights.iter().zip(cells) {
                product += weight * cell;
                sum += cell;
                squares += cell * cell;
            }
        }
        let count = (COLUMNS * ROWS) as f32;
        let variance = (squares - sum * sum / count).max(0.0);
        if variance > 0.0 { (product / variance.sqrt(), (variance / count).sqrt()) } else { (0.0, 0.0) }
    }
}
