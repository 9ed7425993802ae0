//! A frame as a face of one size would be seen in it: where light changes, cell by cell.
//!
//! ```text
//! across = min(CAP, |b + d − a − c| / 2)      down = min(CAP, |c + d − a − b| / 2)      of four pixels  a b
//!                                                                                                     c d
//! ```
//!
//! A pixel is s/20 wide, and each number of a cell is the mean over two by two such fours. Skin and hair may be light or dark,
//! and eyes are both at once: how much light changes tells of a face, and not whether it grows.

use crate::summed_area::{Area, SummedArea};

/// Cells that make the side of the box around a head.
const SIDE: f32 = 10.0;
/// Pixels along a side of a cell.
const FINE: usize = 2;
/// Grey levels per pixel that count at most: one edge is as good as a harder one.
const CAP: f32 = 60.0;

/// The changes of light in a frame.
#[derive(Clone, Debug)]
pub struct Contrast {
    /// Side of the box around a head, in pixels of the frame.
    pub size: f32,
    /// Cells down.
    pub rows: usize,
    /// Cells across.
    pub columns: usize,
    /// Grey levels per pixel, `[rows, columns]`: across, and down.
    pub planes: [Vec<f32>; 2],
    grey: Vec<f32>,
}

impl Contrast {
    /// Of heads of `size` pixels in frames of `height` × `width` pixels, of which none was seen yet.
    pub(super) fn new(size: f32, height: usize, width: usize) -> Self {
        // A little more, for quotients that fall short of a whole number by rounding alone.
        let cells = |side: usize| (side as f32 * SIDE / size + 1e-3) as usize;
        let (rows, columns) = (cells(height), cells(width));
        let planes = [vec![0.0; rows * columns], vec![0.0; rows * columns]];
        Self { size, rows, columns, planes, grey: vec![0.0; (FINE * rows + 1) * (FINE * columns + 1)] }
    }

    /// Of heads of `size` pixels in `frame`, `width` pixels across, 1 or more; without cells where the frame is smaller than
    /// one.
    pub fn of(size: f32, frame: &[u8], width: usize) -> Self {
        let height = frame.len() / width;
        let mut table = SummedArea::new(height, width);
        table.compute(frame);
        let mut contrast = Self::new(size, height, width);
        contrast.look(&mut table);
        contrast
    }

    /// Side of a cell, in pixels of the frame.
    pub fn cell(&self) -> f32 {
        self.size / SIDE
    }

    /// Sees another frame.
    pub(super) fn look(&mut self, table: &mut SummedArea) {
        let pixel = self.cell() / FINE as f32;
        let across = FINE * self.columns + 1;
        let (width, height) = (pixel * across as f32, pixel * (self.grey.len() / across) as f32);
        // A change lies between pixels: from half a pixel further out on, the changes of a cell lie evenly in it.
        let begin = -pixel / 2.0;
        table.resample(Area { left: begin, top: begin, width, height }, across, &mut self.grey);
        self.planes.iter_mut().for_each(|plane| plane.fill(0.0));
        let [sideways, downward] = &mut self.planes;
        let rows = self.grey.chunks_exact(across).zip(self.grey.chunks_exact(across).skip(1));
        for (y, (above, below)) in rows.enumerate() {
            let first = y / FINE * self.columns;
            for (x, (above, below)) in above.windows(2).zip(below.windows(2)).enumerate() {
                let (&[a, b], &[c, d]) = (above, below) else { continue };
                sideways[first + x / FINE] += change(b + d - a - c);
                downward[first + x / FINE] += change(c + d - a - b);
            }
        }
    }
}

/// What a change by twice as many grey levels adds to a cell.
fn change(twice: f32) -> f32 {
    (twice.abs() / 2.0).min(CAP) / (FINE * FINE) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_that_grows_to_the_right_changes_across_and_nowhere_else() {
        let frame: Vec<u8> = (0..40 * 60).map(|i| 4 * (i % 60) as u8).collect();
        let contrast = Contrast::of(20.0, &frame, 60);
        assert_eq!((contrast.rows, contrast.columns), (20, 30));
        let [across, down] = &contrast.planes;
        assert!(down.iter().all(|&change| change < 1e-3));
        // But for the edges, where a frame goes on as it ends.
        let inner = across.chunks_exact(30).flat_map(|row| &row[1..29]);
        assert!(inner.into_iter().all(|change| (change - 4.0).abs() < 1e-3));
    }

    #[test]
    fn a_mirrored_frame_has_the_mirrored_contrast() {
        let light = |x: usize, y: usize| ((x * x * 31 + y * y * 17 + x * y * 7) % 97) as u8;
        let frame: Vec<u8> = (0..40 * 40).map(|i| light(i % 40, i / 40)).collect();
        let mirrored: Vec<u8> = (0..40 * 40).map(|i| light(39 - i % 40, i / 40)).collect();
        let (one, other) = (Contrast::of(20.0, &frame, 40), Contrast::of(20.0, &mirrored, 40));
        for (one, other) in one.planes.iter().zip(&other.planes) {
            for (one, other) in one.chunks_exact(20).zip(other.chunks_exact(20)) {
                let pairs = one.iter().zip(other.iter().rev());
                pairs.for_each(|(one, other)| assert!((one - other).abs() < 1e-2, "{one} {other}"));
            }
        }
    }
}
