//! The six actions of MinAtar, and the geometry of its board.

use serde::{Deserialize, Serialize};

/// Cells in a row, and rows.
pub const SIDE: usize = 10;

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
