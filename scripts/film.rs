//! Films: animated GIFs of a fixed palette.
//!
//! ```text
//! colour     36·r + 6·g + b,  each of r, g, b the nearest of 6 levels      (the 6x6x6 cube)
//! grey       the nearest of 41 levels: the cube's black and white, and 39 between them
//! unchanged  what differs by at most TOLERANCE from what is shown already stays as it is shown
//! ```
//!
//! A palette that is chosen for each frame (NeuQuant) costs ten times as much and flickers. What stays is why a film of a
//! noisy camera is small.

use gif::{DisposalMethod, Encoder, Frame, Repeat};
use innate_envs::Picture;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::NamedTempFile;

/// Levels of red, green and blue in the cube.
const LEVELS: usize = 6;
/// Colours of the cube.
const CUBE: usize = LEVELS * LEVELS * LEVELS;
/// Greys beside the cube's own.
const GREYS: usize = 255 - CUBE;
/// The index of what stays as it is shown.
const UNCHANGED: u8 = 255;
/// How far red, green and blue may be from what is shown to stay.
const TOLERANCE: u8 = 12;
/// How far red, green and blue may lie apart in what counts as grey.
const NEARLY: u8 = 6;
/// Hundredths of a second that a frame is shown.
const DELAY: u16 = 10;

/// A film that is being made.
pub struct Film {
    encoder: Encoder<Vec<u8>>,
    sides: [u16; 2],
    palette: Vec<u8>,
    /// The index that each pixel shows.
    shown: Vec<u8>,
    frames: usize,
}

/// A film as the bytes of a GIF file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Gif {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Number of frames.
    pub frames: usize,
    /// The file.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

impl Gif {
    /// Writes the film as MP4, by the program ffmpeg.
    ///
    /// # Errors
    /// A sentence: there is no such program, or it failed.
    pub fn write_mp4(&self, path: &Path) -> Result<(), String> {
        // Players want an even number of pixels in each direction.
        let even = "scale=trunc(iw/2)*2:trunc(ih/2)*2";
        // It reads GIFs from files alone.
        let mut file = NamedTempFile::new().map_err(|error| error.to_string())?;
        file.write_all(&self.bytes).map_err(|error| error.to_string())?;
        let mut command = Command::new("ffmpeg");
        command.args(["-y", "-loglevel", "error", "-f", "gif", "-i"]).arg(file.path());
        command.args(["-vf", even, "-pix_fmt", "yuv420p"]).arg(path).stdin(Stdio::null());
        let missing = |error| format!("MP4 is written by the program ffmpeg, which cannot be started: {error}");
        let output = command.output().map_err(missing)?;
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).trim().into()) }
    }
}

/// A picture that cannot be shown in a film.
#[derive(Debug, thiserror::Error)]
pub enum FilmError {
    /// A picture of other sides than those before it, or with bytes that do not fit its sides.
    #[error("a picture of {found:?} pixels and {bytes} bytes does not go into a film of {expected:?} pixels")]
    Size {
        /// Width and height of the film.
        expected: [usize; 2],
        /// Those of the picture.
        found: [usize; 2],
        /// Its bytes.
        bytes: usize,
    },
    /// A side that a GIF cannot have.
    #[error("a film of {0:?} pixels cannot be: its sides lie between 1 and 65535")]
    Sides([usize; 2]),
    /// A frame that cannot be encoded.
    #[error("a frame cannot be encoded: {0}")]
    Encode(#[from] gif::EncodingError),
}

impl Film {
    /// An empty film for pictures of the sides of `picture`.
    ///
    /// # Errors
    /// A GIF cannot have these sides.
    pub fn of_size(picture: &Picture) -> Result<Self, FilmError> {
        let sides = [picture.width, picture.height];
        let side = |side: usize| u16::try_from(side).ok().filter(|&side| side > 0);
        let (Some(width), Some(height)) = (side(sides[0]), side(sides[1])) else {
            return Err(FilmError::Sides(sides));
        };
        let palette = palette();
        let mut encoder = Encoder::new(Vec::new(), width, height, &palette)?;
        encoder.set_repeat(Repeat::Infinite)?;
        let shown = vec![UNCHANGED; sides[0] * sides[1]];
        Ok(Self { encoder, sides: [width, height], palette, shown, frames: 0 })
    }

    /// Adds a frame.
    ///
    /// # Errors
    /// The picture has other sides than the film.
    pub fn show(&mut self, picture: &Picture) -> Result<(), FilmError> {
        let (expected, found) = (self.sides.map(usize::from), [picture.width, picture.height]);
        if found != expected || picture.rgb.len() != 3 * found[0] * found[1] {
            return Err(FilmError::Size { expected, found, bytes: picture.rgb.len() });
        }
        let [width, height] = self.sides;
        let mut buffer = Vec::with_capacity(self.shown.len());
        for (pixel, shown) in picture.rgb.chunks_exact(3).zip(&mut self.shown) {
            let present = &self.palette[3 * usize::from(*shown)..][..3];
            let near = present.iter().zip(pixel).all(|(present, wanted)| present.abs_diff(*wanted) <= TOLERANCE);
            let index = if near && *shown != UNCHANGED { UNCHANGED } else { index([pixel[0], pixel[1], pixel[2]]) };
            if index != UNCHANGED {
                *shown = index;
            }
            buffer.push(index);
        }
        let (buffer, transparent, dispose) = (buffer.into(), Some(UNCHANGED), DisposalMethod::Keep);
        let frame = Frame { width, height, delay: DELAY, buffer, transparent, dispose, ..Frame::default() };
        self.encoder.write_frame(&frame)?;
        self.frames += 1;
        Ok(())
    }

    /// The film as a file.
    ///
    /// # Errors
    /// Its end cannot be written.
    pub fn end(self) -> Result<Gif, FilmError> {
        let bytes = self.encoder.into_inner()?;
        let [width, height] = self.sides.map(usize::from);
        Ok(Gif { width, height, frames: self.frames, bytes })
    }
}

/// Red, green and blue of every index.
fn palette() -> Vec<u8> {
    let level = |level: usize| (level * 255 / (LEVELS - 1)) as u8;
    let cube = (0..CUBE).flat_map(|i| [i / (LEVELS * LEVELS), i / LEVELS % LEVELS, i % LEVELS].map(level));
    let grey = |step: usize| ((step * 255 + GREYS.div_ceil(2)) / (GREYS + 1)) as u8;
    cube.chain((1..=GREYS).flat_map(|step| [grey(step); 3])).chain([0; 3]).collect()
}

/// The place of a colour in the palette.
fn index([red, green, blue]: [u8; 3]) -> u8 {
    let (low, high) = (red.min(green).min(blue), red.max(green).max(blue));
    if high - low <= NEARLY {
        return match (usize::from(green) * (GREYS + 1) + 127) / 255 {
            0 => 0,
            step if step > GREYS => (CUBE - 1) as u8,
            step => (CUBE + step - 1) as u8,
        };
    }
    let level = |value: u8| (usize::from(value) * (LEVELS - 1) + 127) / 255;
    (level(red) * LEVELS * LEVELS + level(green) * LEVELS + level(blue)) as u8
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use gif::{ColorOutput, DecodeOptions};

    fn picture(colours: &[[u8; 3]]) -> Picture {
        Picture { width: colours.len(), height: 1, rgb: colours.concat() }
    }

    /// The frames of a film as a viewer shows them: red, green and blue.
    fn read(gif: &Gif) -> Vec<Vec<u8>> {
        let mut options = DecodeOptions::new();
        options.set_color_output(ColorOutput::RGBA);
        let mut decoder = options.read_info(&gif.bytes[..]).unwrap();
        let mut shown = vec![0; 3 * gif.width * gif.height];
        let mut frames = Vec::new();
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            for (shown, pixel) in shown.chunks_exact_mut(3).zip(frame.buffer.chunks_exact(4)) {
                if pixel[3] > 0 {
                    shown.copy_from_slice(&pixel[..3]);
                }
            }
            frames.push(shown.clone());
        }
        frames
    }

    #[test]
    fn a_film_reads_back_frame_by_frame() {
        let colours = [[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 204, 51]];
        let mut film = Film::of_size(&picture(&colours)).unwrap();
        film.show(&picture(&colours)).unwrap();
        film.show(&picture(&[[255, 255, 0]; 4])).unwrap();
        let gif = film.end().unwrap();
        assert_eq!((gif.width, gif.height, gif.frames), (4, 1, 2));
        assert_eq!(read(&gif), [colours.concat(), [[255, 255, 0]; 4].concat()]);
    }

    #[test]
    fn noise_makes_no_film_large_and_no_picture_wrong() {
        let noisy = |frame: usize| {
            let grey = |place: usize| [100 + ((place * 7919 + frame * 104_729) % 11) as u8; 3];
            Picture { width: 64, height: 64, rgb: (0..64 * 64).flat_map(grey).collect() }
        };
        let film = |frames: usize| {
            let mut film = Film::of_size(&noisy(0)).unwrap();
            (0..frames).for_each(|frame| film.show(&noisy(frame)).unwrap());
            film.end().unwrap()
        };
        let (still, moving) = (film(1), film(10));
        assert!(moving.bytes.len() < 2 * still.bytes.len(), "{} {}", still.bytes.len(), moving.bytes.len());
        for (frame, shown) in read(&moving).iter().enumerate() {
            let wanted = noisy(frame).rgb;
            assert!(shown.iter().zip(&wanted).all(|(shown, wanted)| shown.abs_diff(*wanted) <= TOLERANCE));
        }
    }

    #[test]
    fn greys_are_finer_than_colours() {
        let colours = palette();
        let shown = |colour: [u8; 3]| <[u8; 3]>::try_from(&colours[3 * usize::from(index(colour))..][..3]).unwrap();
        for grey in 0..=255u8 {
            assert!(shown([grey; 3])[0].abs_diff(grey) <= 4, "{grey}");
            let tinted = shown([grey, 0, 255]);
            assert!(tinted[0].abs_diff(grey) <= 26 && tinted[1..] == [0, 255], "{grey}: {tinted:?}");
        }
        assert_eq!(colours.len(), 3 * 256);
    }

    #[test]
    fn a_picture_of_other_sides_is_refused_in_a_sentence() {
        let mut film = Film::of_size(&picture(&[[0; 3]; 2])).unwrap();
        let said = film.show(&picture(&[[0; 3]; 3])).unwrap_err().to_string();
        assert_eq!(said, "a picture of [3, 1] pixels and 9 bytes does not go into a film of [2, 1] pixels");
        assert!(Film::of_size(&picture(&[])).is_err());
    }
}
