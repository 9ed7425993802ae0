//! The summed-area table of a frame: the mean over any box of it in constant time.
//!
//! ```text
//! S(x, y) = sum of the pixels left of x and above y, linear between whole x and y
//! mean(box) = (S(r, b) − S(l, b) − S(r, t) + S(l, t)) / ((r − l)(b − t))
//! ```
//!
//! (Crow 1984). Between whole coordinates this is the exact mean over parts of pixels: resampling by it is area averaging.

/// A box of a frame in pixels; pixel (0, 0) covers 0 to 1 in both directions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Area {
    pub(crate) left: f32,
    pub(crate) top: f32,
    pub(crate) width: f32,
    pub(crate) height: f32,
}

impl Area {
    /// The square of side `side` around (`x`, `y`).
    pub(crate) fn around(x: f32, y: f32, side: f32) -> Self {
        Self { left: x - side / 2.0, top: y - side / 2.0, width: side, height: side }
    }
}

/// The table of one frame after the other, all of one size.
#[derive(Clone, Debug, Default)]
pub(crate) struct SummedArea {
    width: usize,
    height: usize,
    /// S at whole coordinates, `[height + 1, width + 1]`: exact, as sums of bytes.
    sums: Vec<f64>,
    /// S(·, bottom) − S(·, top) of the row of boxes in work.
    band: Vec<f64>,
    /// The boxes of a row, from left to right.
    spans: Vec<Span>,
}

/// What a box covers across.
#[derive(Clone, Copy, Debug)]
struct Span {
    left: Between,
    right: Between,
    width: f64,
}

/// A coordinate between two whole ones.
#[derive(Clone, Copy, Debug)]
struct Between {
    whole: usize,
    part: f64,
}

impl SummedArea {
    /// A table for frames of `height` × `width` pixels, empty as yet.
    pub(crate) fn new(height: usize, width: usize) -> Self {
        Self {
            width,
            height,
            sums: vec![0.0; (height + 1) * (width + 1)],
            band: vec![0.0; width + 1],
            spans: Vec::new(),
        }
    }

    /// Makes the table of `frame`, `[height, width]`.
    pub(crate) fn compute(&mut self, frame: &[u8]) {
        let stride = self.width + 1;
        for (y, pixels) in frame.chunks_exact(self.width).enumerate() {
            let (above, below) = self.sums[y * stride..].split_at_mut(stride);
            let mut row = 0.0;
            for ((below, above), &pixel) in below[1..].iter_mut().zip(&above[1..]).zip(pixels) {
                row += f64::from(pixel);
                *below = above + row;
            }
        }
    }

    /// Reduces or enlarges what `area` covers to `[rows, columns]` means, by area averaging. Beyond the frame its border goes
    /// on.
    pub(crate) fn resample(&mut self, area: Area, columns: usize, out: &mut [f32]) {
        let rows = out.len() / columns;
        let (across, down) = (f64::from(area.width) / columns as f64, f64::from(area.height) / rows as f64);
        self.spans.clear();
        self.spans.extend((0..columns).map(|column| {
            let left = f64::from(area.left) + column as f64 * across;
            let (left, right) = inside(left, left + across, self.width);
            Span { left: between(left, self.width), right: between(right, self.width), width: right - left }
        }));
        for (row, out) in out.chunks_exact_mut(columns).enumerate() {
            let top = f64::from(area.top) + row as f64 * down;
            let height = self.sum_rows(top, top + down);
            for (out, edges) in out.iter_mut().zip(&self.spans) {
                let sum = at(&self.band, edges.right) - at(&self.band, edges.left);
                *out = (sum / (height * edges.width)) as f32;
            }
        }
    }

    /// Fills the band with the sums between `top` and `bottom`, and answers with the height that is summed over.
    fn sum_rows(&mut self, top: f64, bottom: f64) -> f64 {
        let (top, bottom) = inside(top, bottom, self.height);
        let stride = self.width + 1;
        let line = |y: Between| {
            let next = (y.whole + 1).min(self.height);
            let upper = &self.sums[y.whole * stride..][..stride];
            upper.iter().zip(&self.sums[next * stride..][..stride]).map(move |(a, b)| a + y.part * (b - a))
        };
        let lines = line(between(bottom, self.height)).zip(line(between(top, self.height)));
        self.band.iter_mut().zip(lines).for_each(|(band, (below, above))| *band = below - above);
        bottom - top
    }
}

/// The part of `from` to `to` that lies within 0 to `length`; the outermost pixel where there is none.
fn inside(from: f64, to: f64, length: usize) -> (f64, f64) {
    let length = length as f64;
    let (low, high) = (from.max(0.0), to.min(length));
    if high > low {
        return (low, high);
    }
    let low = from.clamp(0.0, length - 1.0);
    (low, low + 1.0)
}

fn between(position: f64, length: usize) -> Between {
    let whole = (position as usize).min(length);
    Between { whole, part: position - whole as f64 }
}

/// The value at `position` of what is linear between whole positions.
fn at(values: &[f64], position: Between) -> f64 {
    let next = (position.whole + 1).min(values.len() - 1);
    values[position.whole] + position.part * (values[next] - values[position.whole])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(frame: &[u8], width: usize) -> SummedArea {
        let mut table = SummedArea::new(frame.len() / width, width);
        table.compute(frame);
        table
    }

    #[test]
    fn a_box_has_the_mean_of_the_parts_of_pixels_that_it_covers() {
        let mut table = table(&[0, 100, 200, 40, 80, 120], 3);
        let mut out = [0.0];
        table.resample(Area { left: 0.5, top: 0.5, width: 2.0, height: 1.0 }, 1, &mut out);
        let expected = (0.5 * 0.0 + 100.0 + 0.5 * 200.0 + 0.5 * 40.0 + 80.0 + 0.5 * 120.0) / 4.0;
        assert!((out[0] - expected).abs() < 1e-4, "{out:?} {expected}");
    }

    #[test]
    fn a_frame_resampled_to_its_own_size_is_itself() {
        let frame: Vec<u8> = (0..35_u8).map(|i| i.wrapping_mul(57)).collect();
        let mut out = [0.0; 35];
        table(&frame, 7).resample(Area { left: 0.0, top: 0.0, width: 7.0, height: 5.0 }, 7, &mut out);
        assert!(out.iter().zip(&frame).all(|(a, &b)| (a - f32::from(b)).abs() < 1e-3), "{out:?}");
    }

    #[test]
    fn beyond_the_frame_its_border_goes_on() {
        let mut out = [0.0; 9];
        table(&[10, 20, 30, 40], 2).resample(Area::around(0.5, 0.5, 3.0), 3, &mut out);
        assert_eq!(out, [10.0, 10.0, 20.0, 10.0, 10.0, 20.0, 30.0, 30.0, 40.0]);
    }
}
