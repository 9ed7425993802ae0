//! The eye of environments that are looked at: a fixation that moves over a grid of cells.

mod scale;

pub(crate) use scale::Scale;

use crate::array::ArraySpec;
use crate::env::Observation;
use crate::picture::Picture;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// What an action does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Moves {
    /// Stay, or go one cell to the left, right, up, down.
    #[default]
    Steps,
    /// Jump to a cell.
    Saccades,
}

/// Why a frame has no grid of cells.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GridError {
    /// A length or a number of cells out of range.
    #[error("`{key}` = {found} is out of range (allowed: 1 to {most})")]
    Size {
        /// The option.
        key: &'static str,
        /// Its value.
        found: u32,
        /// The greatest value.
        most: u32,
    },
    /// The cells do not divide the frame.
    #[error("`{key}` = {length} is not a multiple of `{cells_key}` = {cells} (nearest: {below} and {above})")]
    Uneven {
        /// The length's option.
        key: &'static str,
        /// The length in pixels.
        length: u32,
        /// The cells' option.
        cells_key: &'static str,
        /// Their number.
        cells: u32,
        /// The next smaller multiple.
        below: u32,
        /// The next greater multiple.
        above: u32,
    },
}

/// Greatest width, height and number of cells; beyond, a frame would not fit its purpose, let alone memory.
const LARGEST: u32 = 4096;
/// Pixels of the coarse frame along each side of a cell.
pub(crate) const COARSE: usize = 2;
/// The colour of the box around the fixated cell.
const YELLOW: [u8; 3] = [255, 220, 0];

/// `rows × columns` cells of `cell_height × cell_width` pixels; cell `i` is at row `i / columns`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) cell_height: usize,
    pub(crate) cell_width: usize,
    moves: Moves,
}

impl Grid {
    /// The grid of `rows` by `columns` cells of a frame of `height` by `width` pixels, if it divides the frame.
    pub(crate) fn new([height, width]: [u32; 2], [rows, columns]: [u32; 2], moves: Moves) -> Result<Self, GridError> {
        let side = |key: &'static str, length: u32, cells_key: &'static str, cells: u32| {
            if length == 0 || length > LARGEST {
                return Err(GridError::Size { key, found: length, most: LARGEST });
            }
            if cells == 0 || cells > length {
                return Err(GridError::Size { key: cells_key, found: cells, most: length });
            }
            if !length.is_multiple_of(cells) {
                let below = length - length % cells;
                let above = below + cells;
                return Err(GridError::Uneven { key, length, cells_key, cells, below, above });
            }
            Ok((cells as usize, (length / cells) as usize))
        };
        let (columns, cell_width) = side("width", width, "columns", columns)?;
        let (rows, cell_height) = side("height", height, "rows", rows)?;
        Ok(Self { rows, columns, cell_height, cell_width, moves })
    }

    /// What is seen through it: `frame`, `coarse`, `patch`, `fixation`.
    pub(crate) fn observation(&self) -> Vec<ArraySpec> {
        vec![
            ArraySpec::u8("frame", &[1, self.height(), self.width()]),
            ArraySpec::u8("coarse", &[1, self.coarse_height(), self.coarse_width()]),
            ArraySpec::u8("patch", &[1, self.cell_height, self.cell_width]),
            ArraySpec::f32("fixation", &[self.rows, self.columns], 0.0, 1.0),
        ]
    }

    /// Writes what is seen of `frame` and its `coarse` copy with the fixation on `cell`. Answers with whether the buffer
    /// fits.
    pub(crate) fn write(&self, frame: &[u8], coarse: &[u8], cell: u32, observation: &mut Observation) -> bool {
        let [seen_frame, seen_coarse, patch, fixation] = observation.arrays.as_mut_slice() else {
            return false;
        };
        let (Some(seen_frame), Some(seen_coarse), Some(patch), Some(fixation)) =
            (seen_frame.as_u8_mut(), seen_coarse.as_u8_mut(), patch.as_u8_mut(), fixation.as_f32_mut())
        else {
            return false;
        };
        let patch_len = self.cell_height * self.cell_width;
        let lengths = [seen_frame.len(), seen_coarse.len(), patch.len(), fixation.len()];
        if lengths != [frame.len(), coarse.len(), patch_len, self.cells()] {
            return false;
        }
        seen_frame.copy_from_slice(frame);
        seen_coarse.copy_from_slice(coarse);
        self.cut(frame, cell, patch);
        fixation.fill(0.0);
        fixation[cell as usize] = 1.0;
        true
    }

    /// From a whole frame to its coarse copy.
    pub(crate) fn blur(&self) -> Scale {
        Scale::new([self.height(), self.width()], [self.coarse_height(), self.coarse_width()])
    }

    pub(crate) fn width(&self) -> usize {
        self.columns * self.cell_width
    }

    pub(crate) fn height(&self) -> usize {
        self.rows * self.cell_height
    }

    pub(crate) fn coarse_width(&self) -> usize {
        COARSE * self.columns
    }

    pub(crate) fn coarse_height(&self) -> usize {
        COARSE * self.rows
    }

    pub(crate) fn cells(&self) -> usize {
        self.rows * self.columns
    }

    /// The number of cells, to draw one.
    pub(crate) fn draws(&self) -> NonZeroU32 {
        u32::try_from(self.cells()).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN)
    }

    pub(crate) fn action_names(&self) -> Vec<String> {
        match self.moves {
            Moves::Steps => ["stay", "left", "right", "up", "down"].map(String::from).to_vec(),
            Moves::Saccades => {
                (0..self.cells()).map(|cell| format!("{},{}", cell / self.columns, cell % self.columns)).collect()
            }
        }
    }

    /// The cell to which `action` leads from `cell`, if there is such an action.
    pub(crate) fn moved(&self, cell: u32, action: usize) -> Option<u32> {
        if self.moves == Moves::Saccades {
            return (action < self.cells()).then_some(action as u32);
        }
        let columns = self.columns as u32;
        let (row, column) = (cell / columns, cell % columns);
        let (last_row, last_column) = (self.rows as u32 - 1, columns - 1);
        let (row, column) = match action {
            0 => (row, column),
            1 => (row, column.saturating_sub(1)),
            2 => (row, (column + 1).min(last_column)),
            3 => (row.saturating_sub(1), column),
            4 => ((row + 1).min(last_row), column),
            _ => return None,
        };
        Some(row * columns + column)
    }

    /// Copies `cell` of `frame` into `patch`.
    pub(crate) fn cut(&self, frame: &[u8], cell: u32, patch: &mut [u8]) {
        let (top, left) = self.corner(cell);
        for (row, line) in patch.chunks_exact_mut(self.cell_width).enumerate() {
            let start = (top + row) * self.width() + left;
            line.copy_from_slice(&frame[start..start + self.cell_width]);
        }
    }

    /// `rgb`, a frame in colour, with a box along the border of `cell`.
    pub(crate) fn boxed(&self, mut rgb: Vec<u8>, cell: u32) -> Picture {
        let (width, height) = (self.width(), self.height());
        let (top, left) = self.corner(cell);
        let (bottom, right) = (top + self.cell_height - 1, left + self.cell_width - 1);
        let across = (left..=right).flat_map(|x| [(top, x), (bottom, x)]);
        let down = (top..=bottom).flat_map(|y| [(y, left), (y, right)]);
        for (y, x) in across.chain(down) {
            let at = 3 * (y * width + x);
            rgb[at..at + 3].copy_from_slice(&YELLOW);
        }
        Picture { width, height, rgb }
    }

    /// Row and column of the upper left pixel of `cell`.
    fn corner(&self, cell: u32) -> (usize, usize) {
        let cell = cell as usize;
        (cell / self.columns * self.cell_height, cell % self.columns * self.cell_width)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn grid(moves: Moves) -> Grid {
        Grid::new([6, 8], [2, 4], moves).unwrap()
    }

    #[test]
    fn steps_keep_the_fixation_inside_the_grid() {
        let grid = grid(Moves::Steps);
        let targets = |cell| (0..6).map(|action| grid.moved(cell, action)).collect::<Vec<_>>();
        assert_eq!(targets(0), [Some(0), Some(0), Some(1), Some(0), Some(4), None]);
        assert_eq!(targets(7), [Some(7), Some(6), Some(7), Some(3), Some(7), None]);
        assert_eq!(grid.action_names(), ["stay", "left", "right", "up", "down"]);
    }

    #[test]
    fn a_saccade_reaches_every_cell_from_every_cell() {
        let grid = grid(Moves::Saccades);
        assert_eq!(
            (0..9).map(|action| grid.moved(3, action)).collect::<Vec<_>>()[..8],
            (0..8).map(Some).collect::<Vec<_>>()
        );
        assert_eq!(grid.moved(3, 8), None);
        assert_eq!(grid.action_names()[5], "1,1");
    }

    #[test]
    fn a_cell_is_cut_and_boxed_where_it_lies() {
        let grid = grid(Moves::Steps);
        let frame: Vec<u8> = (0..48).collect();
        let mut patch = [0; 6];
        grid.cut(&frame, 6, &mut patch);
        assert_eq!(patch, [28, 29, 36, 37, 44, 45]);
        let picture = grid.boxed(frame.iter().flat_map(|grey| [*grey; 3]).collect(), 6);
        let yellow = |at: &usize| picture.rgb[3 * at..3 * at + 3] == YELLOW;
        assert_eq!((0..48).filter(yellow).collect::<Vec<_>>(), [28, 29, 36, 37, 44, 45]);
    }

    #[test]
    fn a_grid_that_does_not_divide_the_frame_names_the_widths_that_do() {
        let message = Grid::new([72, 100], [6, 8], Moves::Steps).unwrap_err().to_string();
        assert_eq!(message, "`width` = 100 is not a multiple of `columns` = 8 (nearest: 96 and 104)");
    }
}
