//! The grid of cells over a frame among which an eye fixates one.

use crate::signal::SignalError;
use innate_envs::{ArraySpec, Kind};

/// The percept that tells which cell is fixated: one-hot, `[rows, columns]`.
pub(crate) const FIXATION: &str = "fixation";
/// The grey frame: bytes, `[1, height, width]`.
pub(crate) const FRAME: &str = "frame";

/// `rows` × `columns` cells over `height` × `width` pixels; cell `i` is at row `i / columns`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grid {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
}

impl Grid {
    /// The grid of the percept `fixation` over the percept `frame`.
    ///
    /// # Errors
    /// They have other shapes, or cells would be smaller than a pixel.
    pub(crate) fn new(frame: &ArraySpec, fixation: &ArraySpec) -> Result<Self, SignalError> {
        let (height, width) = frame_size(frame)?;
        let &[rows, columns] = fixation.shape.as_slice() else {
            let said = format!("`{}` has the shape {:?}, expected [rows, columns]", fixation.name, fixation.shape);
            return Err(SignalError::new(said));
        };
        if rows * columns == 0 || rows > height || columns > width {
            let said = format!("a grid of {rows} x {columns} cells does not fit {height} x {width} pixels");
            return Err(SignalError::new(said));
        }
        Ok(Self { rows, columns, height, width })
    }

    /// Number of cells.
    pub(crate) fn cells(&self) -> usize {
        self.rows * self.columns
    }

    /// The cell in which the point (`x`, `y`) lies; beyond the frame, the nearest one.
    pub(crate) fn cell_at(&self, x: f32, y: f32) -> usize {
        let along = |position: f32, cells: usize, length: usize| {
            ((position * cells as f32 / length as f32).max(0.0) as usize).min(cells - 1)
        };
        along(y, self.rows, self.height) * self.columns + along(x, self.columns, self.width)
    }

    /// Whether `one` is `other` or a cell beside it, corners included.
    pub(crate) fn beside(&self, one: usize, other: usize) -> bool {
        let near = |one: usize, other: usize| one.abs_diff(other) <= 1;
        near(one / self.columns, other / self.columns) && near(one % self.columns, other % self.columns)
    }

    /// The middle of `cell`.
    pub(crate) fn centre(&self, cell: usize) -> (f32, f32) {
        let along = |index: usize, cells: usize, length: usize| (index as f32 + 0.5) * length as f32 / cells as f32;
        (along(cell % self.columns, self.columns, self.width), along(cell / self.columns, self.rows, self.height))
    }
}

/// Height and width of the percept `frame`.
///
/// # Errors
/// It is no grey frame.
pub(crate) fn frame_size(frame: &ArraySpec) -> Result<(usize, usize), SignalError> {
    match *frame.shape.as_slice() {
        [1, height, width] if frame.kind == Kind::U8 && height * width > 0 => Ok((height, width)),
        _ => {
            let said = format!("`{}` has the shape {:?}, expected bytes [1, height, width]", frame.name, frame.shape);
            Err(SignalError::new(said))
        }
    }
}

/// The cell that a one-hot `fixation` names.
///
/// # Errors
/// It names none.
pub(crate) fn fixated(fixation: &[f32]) -> Result<usize, SignalError> {
    let cell = fixation.iter().position(|&here| here > 0.5);
    cell.ok_or_else(|| SignalError::new("the fixation names no cell"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn grid(rows: usize, columns: usize) -> Result<Grid, SignalError> {
        Grid::new(&ArraySpec::u8(FRAME, &[1, 84, 60]), &ArraySpec::f32(FIXATION, &[rows, columns], 0.0, 1.0))
    }

    #[test]
    fn every_cell_holds_its_own_middle_and_points_beyond_belong_to_the_nearest() {
        let grid = grid(7, 5).unwrap();
        for cell in 0..grid.cells() {
            let (x, y) = grid.centre(cell);
            assert_eq!(grid.cell_at(x, y), cell);
        }
        assert_eq!((grid.cell_at(-3.0, -1.0), grid.cell_at(99.0, 99.0)), (0, 34));
    }

    #[test]
    fn a_grid_finer_than_pixels_is_refused() {
        assert!(grid(85, 5).unwrap_err().to_string().contains("85 x 5 cells does not fit 84 x 60 pixels"));
    }

    #[test]
    fn a_fixation_of_nothing_is_an_error() {
        assert_eq!(fixated(&[0.0, 0.0, 1.0]).unwrap(), 2);
        assert!(fixated(&[0.0; 3]).is_err());
    }
}
