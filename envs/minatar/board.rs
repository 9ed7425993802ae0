//! The board of MinAtar's games and the six actions.

use crate::picture::Picture;
use serde::{Deserialize, Serialize};

/// Cells in a row, and rows.
pub const SIDE: usize = 10;
/// Cells of one channel.
const CELLS: usize = SIDE * SIDE;
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

/// What a player can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Nothing.
    Nothing,
    /// One column to the left.
    Left,
    /// One row up.
    Up,
    /// One column to the right.
    Right,
    /// One row down.
    Down,
    /// Shoot.
    Fire,
}

impl Action {
    /// All, by number.
    pub const ALL: [Self; 6] = [Self::Nothing, Self::Left, Self::Up, Self::Right, Self::Down, Self::Fire];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Left => "left",
            Self::Up => "up",
            Self::Right => "right",
            Self::Down => "down",
            Self::Fire => "fire",
        }
    }

    /// `column`, moved by this action and kept on the board.
    #[inline]
    pub(super) fn sideways(self, column: i8) -> i8 {
        match self {
            Self::Left => (column - 1).max(0),
            Self::Right => (column + 1).min(LAST),
            _ => column,
        }
    }
}

/// The last row and the last column.
pub(super) const LAST: i8 = SIDE as i8 - 1;

/// The column next to `column` in the direction `right`; it may lie off the board.
#[inline]
pub(super) fn beside(column: i8, right: bool) -> i8 {
    if right { column + 1 } else { column - 1 }
}

/// Whether `number` is a row, or a column, of the board.
#[inline]
pub(super) fn on_board(number: i8) -> bool {
    (0..=LAST).contains(&number)
}

/// A board whose cells are being lit: `[channels, row, column]`, row 0 above.
pub struct Board<'a>(&'a mut [u8]);

impl<'a> Board<'a> {
    /// The board in `cells`, all of it dark.
    #[inline]
    pub fn dark(cells: &'a mut [u8]) -> Self {
        cells.fill(0);
        Self(cells)
    }

    /// Lights a cell of a channel, if it lies on the board.
    #[inline]
    pub fn light(&mut self, channel: usize, row: i8, column: i8) {
        if on_board(row) && on_board(column) {
            self.0[channel * CELLS + row as usize * SIDE + column as usize] = LIT;
        }
    }
}

/// The channel that is seen of a cell: the first one lit, as the player is first in every game.
fn seen(cells: &[u8], cell: usize) -> Option<usize> {
    (0..cells.len() / CELLS).find(|channel| cells[channel * CELLS + cell] != 0)
}

/// Enlarges the board to `pixels` a cell, into rows of pixels that `write` colours.
fn enlarge<const N: usize>(cells: &[u8], pixels: usize, out: &mut [u8], colour: impl Fn(Option<usize>) -> [u8; N]) {
    let width = SIDE * pixels;
    for cell in 0..CELLS {
        let colour = colour(seen(cells, cell));
        let (top, left) = (cell / SIDE * pixels, cell % SIDE * pixels);
        for row in top..top + pixels {
            let row = &mut out[N * (row * width + left)..][..N * pixels];
            row.as_chunks_mut::<N>().0.fill(colour);
        }
    }
}

/// A grey picture of the board, `pixels` a cell; each channel has a grey of its own.
pub(super) fn frame(cells: &[u8], pixels: usize, grey: &mut [u8]) {
    let step = 180 / COLOURS.len();
    enlarge(cells, pixels, grey, |channel| [channel.map_or(0, |channel| 255 - (channel * step) as u8)]);
}

/// A colour picture of the board, `pixels` a cell.
pub(super) fn picture(cells: &[u8], pixels: usize) -> Picture {
    let side = SIDE * pixels;
    let mut rgb = vec![0; 3 * side * side];
    enlarge(cells, pixels, &mut rgb, |channel| channel.map_or([16; 3], |channel| COLOURS[channel]));
    Picture { width: side, height: side, rgb }
}
