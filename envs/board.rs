//! Boards: worlds of square cells in channels, as arrays of bytes and as pictures.

use crate::array::ArraySpec;
use crate::env::{EnvError, EnvSpec, Observation};
use crate::picture::Picture;
use std::num::NonZeroU8;

/// The byte of a lit cell: bytes reach networks divided by 255.
const LIT: u8 = 255;

/// The colour of each channel, for people.
const COLOURS: [[u8; 3]; 10] = [
    [250, 250, 250],
    [230, 90, 80],
    [90, 150, 230],
    [110, 200, 120],
    [240, 190, 70],
    [170, 120, 210],
    [240, 140, 190],
    [90, 200, 210],
    [170, 130, 90],
    [190, 200, 90],
];

/// A square board whose cells are being lit: `[channels, row, column]`, row 0 above.
pub struct Board<'a> {
    cells: &'a mut [u8],
    side: usize,
}

impl<'a> Board<'a> {
    /// The board in `cells`, with `side` cells in a row, all of it dark.
    #[inline]
    pub fn dark(cells: &'a mut [u8], side: usize) -> Self {
        cells.fill(0);
        Self { cells, side }
    }

    /// Lights a cell of a channel, if it lies on the board.
    #[inline]
    pub fn light(&mut self, channel: usize, row: i8, column: i8) {
        let (row, column) = (row as usize, column as usize);
        // A number below 0 has become one beyond the board.
        if row < self.side && column < self.side {
            self.cells[(channel * self.side + row) * self.side + column] = LIT;
        }
    }
}

/// The arrays that show a board: u8 `board` `[channels, side, side]` and, with `pixels` of a cell, u8 `frame`
/// `[1, side·pixels, side·pixels]`.
pub(crate) fn arrays(channels: usize, side: usize, pixels: Option<NonZeroU8>) -> Vec<ArraySpec> {
    let width = |pixels: NonZeroU8| side * usize::from(pixels.get());
    let seen = pixels.map(width).map(|width| ArraySpec::u8("frame", &[1, width, width]));
    std::iter::once(ArraySpec::u8("board", &[channels, side, side])).chain(seen).collect()
}

/// Writes a board that `paint` lights into the [`arrays`] of `spec`.
#[inline]
pub(crate) fn show(
    spec: &EnvSpec,
    side: usize,
    pixels: Option<NonZeroU8>,
    observation: &mut Observation,
    paint: impl FnOnce(&mut Board),
) -> Result<(), EnvError> {
    let (cells, seen) = match (observation.arrays.as_mut_slice(), pixels) {
        ([cells], None) => (cells, None),
        ([cells, seen], Some(pixels)) => (cells, Some((seen, usize::from(pixels.get())))),
        _ => return Err(spec.no_fit()),
    };
    let cells = cells.as_u8_mut().filter(|cells| cells.len() == spec.observation[0].len());
    let cells = cells.ok_or_else(|| spec.no_fit())?;
    paint(&mut Board::dark(cells, side));
    if let Some((seen, pixels)) = seen {
        let fitting = seen.as_u8_mut().filter(|grey| grey.len() == (side * pixels).pow(2));
        frame(cells, side, pixels, fitting.ok_or_else(|| spec.no_fit())?);
    }
    Ok(())
}

/// The channel that is seen of a cell: the first one lit, as who acts is first in every world.
fn seen(cells: &[u8], side: usize, cell: usize) -> Option<usize> {
    (0..cells.len() / (side * side)).find(|channel| cells[channel * side * side + cell] != 0)
}

/// Enlarges the board to `pixels` a cell, into rows of pixels that `write` colours.
fn enlarge<const N: usize>(
    cells: &[u8],
    side: usize,
    pixels: usize,
    out: &mut [u8],
    colour: impl Fn(Option<usize>) -> [u8; N],
) {
    let width = side * pixels;
    for cell in 0..side * side {
        let colour = colour(seen(cells, side, cell));
        let (top, left) = (cell / side * pixels, cell % side * pixels);
        for row in top..top + pixels {
            let row = &mut out[N * (row * width + left)..][..N * pixels];
            row.as_chunks_mut::<N>().0.fill(colour);
        }
    }
}

/// A grey picture of the board, `pixels` a cell; each channel has a grey of its own.
fn frame(cells: &[u8], side: usize, pixels: usize, grey: &mut [u8]) {
    let step = 180 / COLOURS.len();
    enlarge(cells, side, pixels, grey, |channel| [channel.map_or(0, |channel| 255 - (channel * step) as u8)]);
}

/// A colour picture of the board, `pixels` a cell.
pub(crate) fn picture(cells: &[u8], side: usize, pixels: usize) -> Picture {
    let width = side * pixels;
    let mut rgb = vec![0; 3 * width * width];
    enlarge(cells, side, pixels, &mut rgb, |channel| channel.map_or([16; 3], |channel| COLOURS[channel]));
    Picture { width, height: width, rgb }
}
