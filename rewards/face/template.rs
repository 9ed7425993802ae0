//! What a face looks like before anything was learned: a drawing in a few cells.

/// Cells across.
pub(super) const COLUMNS: usize = 8;
/// Cells down.
pub(super) const ROWS: usize = 9;
/// Cells in a row that make the side of the box around the head.
pub(super) const SIDE: f32 = 8.0;

/// Hair `h`, skin `s`, eyes `e`, mouth `m`; `.` may be anything.
type Drawing = [&'static [u8; COLUMNS]; ROWS];

/// A face that looks straight ahead.
const AHEAD: Drawing = [
    b"..hhhh..",
    b".hhhhhh.",
    b".hsssshh",
    b".ssssss.",
    b".seessee",
    b".ssssss.",
    b".ssssss.",
    b"..smms..",
    b"..ssss..",
];

/// A pattern to correlate with: numbers of mean 0 and length 1 over the cells that count, 0 elsewhere.
pub(super) struct Pattern {
    pub(super) weights: [[f32; COLUMNS]; ROWS],
}

impl Pattern {
    /// The face that looks straight ahead.
    pub(super) fn ahead() -> Self {
        let light = |cell: u8| match cell {
            b'h' => Some(-0.6),
            b's' => Some(1.0),
            b'e' => Some(-1.0),
            b'm' => Some(-0.4),
            _ => None,
        };
        let cells = || AHEAD.iter().flat_map(|row| row.iter()).filter_map(|&cell| light(cell));
        let mean = cells().sum::<f32>() / cells().count() as f32;
        let length = cells().map(|value| (value - mean).powi(2)).sum::<f32>().sqrt();
        let weight = |cell: u8| light(cell).map_or(0.0, |value| (value - mean) / length);
        Self { weights: AHEAD.map(|row| row.map(weight)) }
    }

    /// The correlation with the cells of `grid` (rows of `width` cells) whose upper left one is at `place`, between −1 and 1, and
    /// their standard deviation; over those cells that count.
    pub(super) fn correlation(&self, grid: &[f32], width: usize, place: usize) -> (f32, f32) {
        let (mut product, mut sum, mut squares, mut count) = (0.0, 0.0, 0.0, 0.0);
        for (row, weights) in self.weights.iter().enumerate() {
            let cells = &grid[place + row * width..][..COLUMNS];
            for (&weight, &cell) in weights.iter().zip(cells).filter(|(weight, _)| **weight != 0.0) {
                product += weight * cell;
                sum += cell;
                squares += cell * cell;
                count += 1.0;
            }
        }
        let variance = (squares - sum * sum / count).max(0.0);
        if variance > 0.0 { (product / variance.sqrt(), (variance / count).sqrt()) } else { (0.0, 0.0) }
    }
}
