//! A picture that is drawn on. What lies outside of it is not drawn.

use font8x8::{BASIC_FONTS, UnicodeFonts};
use innate_envs::Picture;

/// Red, green and blue.
pub(super) type Colour = [u8; 3];

/// Pixels that a letter is wide and high.
pub(super) const LETTER: usize = 8;

/// A picture that is drawn on.
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) height: usize,
    rgb: Vec<u8>,
}

impl Canvas {
    /// A picture of one colour.
    pub(super) fn new(width: usize, height: usize, colour: Colour) -> Self {
        Self { width, height, rgb: colour.repeat(width * height) }
    }

    /// A picture of `width` x `height` squares of `scale` pixels, each of the colour of its (x, y).
    pub(super) fn of_squares(
        [width, height]: [usize; 2],
        scale: usize,
        colour: impl Fn(usize, usize) -> Colour,
    ) -> Self {
        let mut rgb = Vec::with_capacity(3 * width * height * scale * scale);
        for y in 0..height {
            let start = rgb.len();
            for x in 0..width {
                let colour = colour(x, y);
                (0..scale).for_each(|_| rgb.extend(colour));
            }
            let end = rgb.len();
            (1..scale).for_each(|_| rgb.extend_from_within(start..end));
        }
        Self { width: width * scale, height: height * scale, rgb }
    }

    /// The picture as it is.
    pub(super) fn into_picture(self) -> Picture {
        Picture { width: self.width, height: self.height, rgb: self.rgb }
    }

    /// Puts `other` on it with its upper left corner at (x, y).
    pub(super) fn put(&mut self, other: &Self, x: usize, y: usize) {
        let shown = other.width.min(self.width.saturating_sub(x));
        for (row, line) in other.rgb.chunks_exact(3 * other.width).enumerate().take(self.height.saturating_sub(y)) {
            let start = 3 * ((y + row) * self.width + x);
            self.rgb[start..start + 3 * shown].copy_from_slice(&line[..3 * shown]);
        }
    }

    /// Mixes `colour` into the pixel at (x, y), 0 not at all to 1 wholly.
    pub(super) fn dot(&mut self, [x, y]: [i32; 2], colour: Colour, opacity: f32) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        if x < self.width && y < self.height {
            let start = 3 * (y * self.width + x);
            let pixel = &mut self.rgb[start..start + 3];
            pixel.copy_from_slice(&mixed([pixel[0], pixel[1], pixel[2]], colour, opacity));
        }
    }

    /// A line of two pixels' width.
    pub(super) fn line(&mut self, from: [f32; 2], to: [f32; 2], colour: Colour, opacity: f32) {
        let steps = (to[0] - from[0]).abs().max((to[1] - from[1]).abs()).ceil().max(1.0);
        let flat = (to[0] - from[0]).abs() >= (to[1] - from[1]).abs();
        for step in 0..=steps as i32 {
            let share = step as f32 / steps;
            let at = [0, 1].map(|axis| (from[axis] + share * (to[axis] - from[axis])).round() as i32);
            self.dot(at, colour, opacity);
            self.dot(if flat { [at[0], at[1] + 1] } else { [at[0] + 1, at[1]] }, colour, opacity);
        }
    }

    /// The frame of a rectangle, two pixels wide, within its left, top, right and bottom.
    pub(super) fn frame(&mut self, [left, top, right, bottom]: [i32; 4], colour: Colour, opacity: f32) {
        for y in top..bottom {
            for x in left..right {
                let inner = x >= left + 2 && x < right - 2 && y >= top + 2 && y < bottom - 2;
                if !inner {
                    self.dot([x, y], colour, opacity);
                }
            }
        }
    }

    /// All of a ring between two radii; a disc where the inner one is 0.
    pub(super) fn ring(&mut self, centre: [f32; 2], radii: [f32; 2], colour: Colour, opacity: f32) {
        let reach = |at: f32| (at - radii[1]).floor() as i32..=(at + radii[1]).ceil() as i32;
        for y in reach(centre[1]) {
            for x in reach(centre[0]) {
                let distance = (x as f32 - centre[0]).hypot(y as f32 - centre[1]);
                if (radii[0]..=radii[1]).contains(&distance) {
                    self.dot([x, y], colour, opacity);
                }
            }
        }
    }

    /// Letters of [`LETTER`] pixels, the first with its upper left corner at (x, y).
    pub(super) fn write(&mut self, text: &str, [x, y]: [i32; 2], colour: Colour) {
        for (place, letter) in text.chars().filter_map(|letter| BASIC_FONTS.get(letter)).enumerate() {
            for (row, bits) in letter.iter().enumerate() {
                for column in (0..LETTER).filter(|column| bits >> column & 1 == 1) {
                    self.dot([x + (place * LETTER + column) as i32, y + row as i32], colour, 1.0);
                }
            }
        }
    }
}

/// `below` with a share of `above` mixed in.
pub(super) fn mixed(below: Colour, above: Colour, opacity: f32) -> Colour {
    [0, 1, 2].map(|i| {
        let (below, above) = (f32::from(below[i]), f32::from(above[i]));
        (below + opacity.clamp(0.0, 1.0) * (above - below)).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_is_not_drawn() {
        let mut canvas = Canvas::new(4, 3, [0; 3]);
        canvas.line([-5.0, 1.0], [9.0, 1.0], [255; 3], 1.0);
        canvas.ring([100.0, -100.0], [0.0, 5.0], [255; 3], 1.0);
        canvas.write("outside", [-20, -3], [255; 3]);
        let small = Canvas::new(3, 3, [7; 3]);
        canvas.put(&small, 3, 2);
        let picture = canvas.into_picture();
        assert_eq!((picture.rgb.len(), picture.rgb[3 * 4], picture.rgb[3 * 11]), (36, 255, 7));
    }

    #[test]
    fn squares_are_as_large_as_asked() {
        let picture = Canvas::of_squares([2, 1], 3, |x, _| [10 * x as u8; 3]).into_picture();
        let row = [[0; 9], [10; 9]].concat();
        assert_eq!((picture.width, picture.height, picture.rgb), (6, 3, row.repeat(3)));
    }

    #[test]
    fn colours_mix_by_their_share() {
        assert_eq!(mixed([0, 100, 200], [200, 100, 0], 0.5), [100, 100, 100]);
        assert_eq!(mixed([1, 2, 3], [9, 9, 9], 0.0), [1, 2, 3]);
    }
}
