//! What light does to a frame is not motion.
//!
//! ```text
//! d(x) ← d(x) − mean of d over the (2·REACH + 1)² pixels around x        d: the current frame, shifted, less the previous
//! ```
//!
//! A lamp, a cloud or a camera's exposure changes grey values by about the same amount over many pixels; texture that is
//! shifted wrongly changes them by amounts of both signs.

use super::lanes::{LANES, Lanes};
use super::plane::{BORDER, Plane};
use multiversion::multiversion;

/// Pixels from the middle of the window to its edge.
const REACH: isize = 6;
const _: () = assert!(REACH as usize <= BORDER);

/// Takes the local mean away from `difference`; `columns` is a buffer of the same shape.
pub(super) fn subtract_local_mean(difference: &mut Plane, columns: &mut Plane) {
    difference.extend();
    mean_of_columns(difference, columns);
    columns.extend();
    subtract_mean_of_rows(columns, difference);
}

#[multiversion(targets("x86_64+avx2"))]
fn mean_of_columns(difference: &Plane, columns: &mut Plane) {
    let share = Lanes::all(1.0 / (2 * REACH + 1) as f32);
    let stride = difference.shape.stride;
    for y in 0..difference.shape.height {
        let top = difference.shape.at(0, y as isize - REACH);
        let output = columns.row_mut(y);
        for x in (0..output.len()).step_by(LANES) {
            let mut sum = Lanes::default();
            for row in 0..=2 * REACH as usize {
                sum += Lanes::load(&difference.cells, top + row * stride + x);
            }
            (share * sum).store(output, x);
        }
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn subtract_mean_of_rows(columns: &Plane, difference: &mut Plane) {
    let share = Lanes::all(1.0 / (2 * REACH + 1) as f32);
    for y in 0..columns.shape.height {
        let left = columns.shape.at(-REACH, y as isize);
        let output = difference.row_mut(y);
        for x in (0..output.len()).step_by(LANES) {
            let mut sum = Lanes::default();
            for column in 0..=2 * REACH as usize {
                sum += Lanes::load(&columns.cells, left + column + x);
            }
            (Lanes::load(output, x) - share * sum).store(output, x);
        }
    }
}
