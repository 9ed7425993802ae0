//! Frames made smaller, so that a descriptor of 16 pixels covers more.

use crate::descriptor::{self, FINE};
use crate::signal::SignalError;
use crate::variation;

/// The greatest factor.
const MOST: usize = 8;

/// Makes frames `scale` times smaller: each pixel is the mean of `scale` × `scale` pixels. Rows and columns that do not fill a
/// pixel are left out.
#[derive(Default)]
pub(crate) struct Zoom {
    scale: usize,
    width: usize,
    small: Vec<u8>,
}

impl Zoom {
    /// For frames of `height` × `width` pixels.
    ///
    /// # Errors
    /// The factor is out of range, or nothing would be left.
    pub(crate) fn new(scale: usize, (height, width): (usize, usize)) -> Result<Self, SignalError> {
        Self::check(scale)?;
        match (height / scale) * (width / scale) {
            0 => {
                let said = format!("a frame of {width} x {height} pixels is too small for scale = {scale}");
                Err(SignalError::new(said))
            }
            pixels => Ok(Self { scale, width, small: vec![0; pixels] }),
        }
    }

    /// Refuses a factor that is out of range.
    ///
    /// # Errors
    /// It is.
    pub(crate) fn check(scale: usize) -> Result<(), SignalError> {
        match scale {
            1..=MOST => Ok(()),
            scale => Err(SignalError::new(format!("scale = {scale} must lie between 1 and {MOST}"))),
        }
    }

    /// The frame that was made smaller last.
    pub(crate) fn small(&self) -> &[u8] {
        &self.small
    }

    /// Makes a frame smaller.
    pub(crate) fn shrink(&mut self, frame: &[u8]) {
        if self.scale == 1 {
            self.small.copy_from_slice(frame);
            return;
        }
        let (scale, columns) = (self.scale, self.width / self.scale);
        let area = (scale * scale) as u32;
        for (row, out) in self.small.chunks_exact_mut(columns).enumerate() {
            for (column, out) in out.iter_mut().enumerate() {
                let lines = frame.chunks_exact(self.width).skip(row * scale).take(scale);
                let sum: u32 =
                    lines.flat_map(|line| &line[column * scale..][..scale]).map(|&light| u32::from(light)).sum();
                *out = ((sum + area / 2) / area) as u8;
            }
        }
    }

    /// Describes what lies around the place (`x`, `y`) of a frame, of which `small` was made.
    pub(crate) fn describe(&self, small: &[u8], (x, y): (f32, f32), out: &mut [f32]) {
        let scale = self.scale as f32;
        descriptor::describe::<FINE>(small, self.width / self.scale, x / scale, y / scale, out);
    }

    /// Takes what is to be remembered of the place (`x`, `y`) of a frame, of which `small` was made.
    pub(crate) fn cut(&self, small: &[u8], (x, y): (f32, f32), patch: &mut [u8]) {
        let scale = self.scale as f32;
        variation::cut(small, self.width / self.scale, (x / scale, y / scale), patch);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_pixel_is_the_mean_of_those_that_it_stands_for() {
        // Seven columns: the last one fills no pixel.
        let frame: Vec<u8> = (0..28).map(|i| (i % 7 * 10 + i / 7) as u8).collect();
        let shrunk = |scale: usize| {
            let mut zoom = Zoom::new(scale, (4, 7)).unwrap();
            zoom.shrink(&frame);
            zoom.small
        };
        assert_eq!(shrunk(2), [6, 26, 46, 8, 28, 48]);
        assert_eq!(shrunk(1), frame);
    }

    #[test]
    fn a_factor_out_of_range_is_refused() {
        let said = |scale, size| Zoom::new(scale, size).err().map(|error| error.to_string());
        assert_eq!(said(9, (80, 80)).unwrap(), "scale = 9 must lie between 1 and 8");
        assert_eq!(said(3, (2, 80)).unwrap(), "a frame of 80 x 2 pixels is too small for scale = 3");
        assert_eq!(said(3, (3, 80)), None);
    }
}
