//! The grid of cells that the fixation moves over.

use super::film::FilmError;
use super::options::{Moves, VideoOptions};
use crate::picture::Picture;
use std::num::NonZeroU32;

/// Greatest width, height and number of cells; beyond, a film would not fit its purpose, let alone memory.
const LARGEST: u32 = 4096;
/// Pixels of the coarse frame along each side of a cell.
const COARSE: usize = 2;
/// The colour of the box around the fixated cell.
const YELLOW: [u8; 3] = [255, 220, 0];

/// `rows × columns` cells of `cell_height × cell_width` pixels; cell `i` is at row `i / columns`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grid {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) cell_height: usize,
    pub(super) cell_width: usize,
    moves: Moves,
}

impl Grid {
    /// The grid of these options, if it divides the frame.
    pub(super) fn new(options: &VideoOptions) -> Result<Self, FilmError> {
        let side = |key: &'static str, length: u32, cells_key: &'static str, cells: u32| {
            if length == 0 || length > LARGEST {
                return Err(FilmError::Size { key, found: length, most: LARGEST });
            }
            if cells == 0 || cells > length {
                return Err(FilmError::Size { key: cells_key, found: cells, most: length });
            }
            if !length.is_multiple_of(cells) {
                let below = length - length % cells;
                let above = below + cells;
                return Err(FilmError::Grid { key, length, cells_key, cells, below, above });
            }
            Ok((cells as usize, (length / cells) as usize))
        };
        let (columns, cell_width) = side("width", options.width, "columns", options.columns)?;
        let (rows, cell_height) = side("height", options.height, "rows", options.rows)?;
        Ok(Self { rows, columns, cell_height, cell_width, moves: options.moves })
    }

    pub(super) fn width(&self) -> usize {
        self.columns * self.cell_width
    }

    pub(super) fn height(&self) -> usize {
        self.rows * self.cell_height
    }

    pub(super) fn coarse_width(&self) -> usize {
        COARSE * self.columns
    }

    pub(super) fn coarse_height(&self) -> usize {
        COARSE * self.rows
    }

    pub(super) fn cells(&self) -> usize {
        self.rows * self.columns
    }

    /// The number of cells, to draw one.
    pub(super) fn draws(&self) -> NonZeroU32 {
        u32::try_from(self.cells()).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN)
    }

    pub(super) fn action_names(&self) -> Vec<String> {
        match self.moves {
            Moves::Steps => ["stay", "left", "right", "up", "down"].map(String::from).to_vec(),
            Moves::Saccades => {
                (0..self.cells()).map(|cell| format!("{},{}", cell / self.columns, cell % self.columns)).collect()
            }
        }
    }

    /// The cell to which `action` leads from `cell`, if there is such an action.
    pub(super) fn moved(&self, cell: u32, action: usize) -> Option<u32> {
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
    pub(super) fn cut(&self, frame: &[u8], cell: u32, patch: &mut [u8]) {
        let (top, left) = self.corner(cell);
        for (row, line) in patch.chunks_exact_mut(self.cell_width).enumerate() {
            let start = (top + row) * self.width() + left;
            line.copy_from_slice(&frame[start..start + self.cell_width]);
        }
    }

    /// `frame` in colour, with a box along the border of `cell`.
    pub(super) fn boxed(&self, frame: &[u8], cell: u32) -> Picture {
        let (width, height) = (self.width(), self.height());
        let mut rgb: Vec<u8> = frame.iter().flat_map(|grey| [*grey; 3]).collect();
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
        let options = VideoOptions { width: 8, height: 6, columns: 4, rows: 2, moves, ..VideoOptions::new("film") };
        Grid::new(&options).unwrap()
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
        let picture = grid.boxed(&frame, 6);
        let yellow = |at: &usize| picture.rgb[3 * at..3 * at + 3] == YELLOW;
        assert_eq!((0..48).filter(yellow).collect::<Vec<_>>(), [28, 29, 36, 37, 44, 45]);
    }

    #[test]
    fn a_grid_that_does_not_divide_the_frame_names_the_widths_that_do() {
        let options = VideoOptions { width: 100, ..VideoOptions::new("film") };
        let message = Grid::new(&options).unwrap_err().to_string();
        assert_eq!(message, "`width` = 100 is not a multiple of `columns` = 8 (nearest: 96 and 104)");
    }
}
