//! A patch of 16×16 pixels as 8 planes of cells: histograms of oriented gradients.
//!
//! ```text
//! g(p)  = ½ (I(p + e_x) − I(p − e_x), I(p + e_y) − I(p − e_y))
//! g     = a e_k + b e_{k+1}                 e_0 … e_7: directions 45° apart, g lies between e_k and e_{k+1}
//! h     : [8, C, C]                         h[k, cell] = Σ a,  h[k+1, cell] = Σ b  over the pixels of the cell
//! d     = c u(min(u(h), 0.2))               u(h) = h / ‖h‖,  c = ‖h‖ / √(‖h‖² + ε²)
//! ```
//!
//! The histograms are those of SIFT (Lowe 2004, *Distinctive image features from scale-invariant keypoints*, section 6). They are
//! innate and generic: they know edges, and no thing. Departures from Lowe:
//!
//! 1. A gradient is split exactly into the two directions beside it, which needs neither its angle nor its length.
//! 2. The patch is upright and of one size, no Gaussian window makes its middle count more, and a pixel belongs to one cell.
//! 3. ε keeps the noise of a plain patch from becoming a pattern: a descriptor's length tells how much contrast there was.
//! 4. Each direction is a plane of cells, so that layers of filters may go over them: what is made of a few edges is then learned
//!    once for all places. What is learned of places has cells of 2×2 pixels for them ([`FINE`]); faces, whose few and partly false
//!    examples finer cells let a network learn by heart, have 4×4, as Lowe's ([`COARSE`]).
//!
//! Directions go over the full circle: dark on light and light on dark are told apart.

use crate::summed_area::{Area, SummedArea};
use innate_envs::ArraySpec;

/// Pixels along a side of a patch.
pub const SIDE: usize = 16;
/// Cells of 2×2 pixels along a side of a patch.
pub const FINE: usize = 8;
/// Cells of 4×4 pixels along a side of a patch.
pub const COARSE: usize = 4;
/// Directions of a gradient that are told apart.
const DIRECTIONS: usize = 8;
/// A patch and one pixel more on each side, for its gradients.
const RIM: usize = SIDE + 2;
/// ε: the length of a histogram, in grey levels, at which a descriptor has 0.7 of its full length.
const FAINT: f32 = 100.0;
/// The greatest part of a descriptor's length that one direction of one cell may have, before it is stretched again.
const MOST: f32 = 0.2;

/// By direction, what each column of a patch has of it, summed over some rows.
type Columns = [[f32; SIDE]; DIRECTIONS];

/// Describes the patch whose middle is nearest to `(x, y)`, in pixels from the upper left corner, of a grey frame (bytes
/// `[height, width]`, not empty). Beyond its edges a frame goes on as its outermost pixels.
///
/// `out`, `[direction, cell row, cell column]` with `CELLS` rows and columns ([`FINE`] or [`COARSE`]), holds [`length`]
/// numbers: directions from right over down.
pub fn describe<const CELLS: usize>(frame: &[u8], width: usize, x: f32, y: f32, out: &mut [f32]) {
    const { assert!(SIDE.is_multiple_of(CELLS), "cells must fill a patch") }
    let patch = cut(frame, width, x, y);
    let side = SIDE / CELLS;
    for row in 0..CELLS {
        let mut columns: Columns = [[0.0; SIDE]; DIRECTIONS];
        for y in row * side..(row + 1) * side {
            add_row(&patch[y], &patch[y + 1], &patch[y + 2], &mut columns);
        }
        for (plane, columns) in out.chunks_exact_mut(CELLS * CELLS).zip(&columns) {
            let cells = plane[row * CELLS..][..CELLS].iter_mut().zip(columns.chunks_exact(side));
            cells.for_each(|(cell, columns)| *cell = columns.iter().sum());
        }
    }
    let length = stretch(out, 1.0);
    out.iter_mut().for_each(|value| *value = value.min(MOST));
    stretch(out, length / length.hypot(FAINT));
}

/// Describes the square of side `side` around `(x, y)`, in pixels of the frame of `table`, brought to the size of a patch.
pub(crate) fn describe_square<const CELLS: usize>(table: &mut SummedArea, x: f32, y: f32, side: f32, out: &mut [f32]) {
    let mut pixels = [0.0; RIM * RIM];
    table.resample(Area::around(x, y, side * RIM as f32 / SIDE as f32), RIM, &mut pixels);
    let middle = RIM as f32 / 2.0;
    describe::<CELLS>(&pixels.map(|grey| grey.round() as u8), RIM, middle, middle, out);
}

/// Numbers of a descriptor with `cells` cells along a side.
pub const fn length(cells: usize) -> usize {
    DIRECTIONS * cells * cells
}

/// The percept of a stack of `slots` descriptors with `cells` cells along a side.
pub(crate) fn stack(name: &str, slots: usize, cells: usize) -> ArraySpec {
    ArraySpec::f32(name, &[slots, DIRECTIONS, cells, cells], 0.0, 1.0)
}

/// Turns the description of a patch into that of its mirror image, left for right.
pub fn mirror<const CELLS: usize>(description: &mut [f32]) {
    description.chunks_exact_mut(CELLS).for_each(<[f32]>::reverse);
    let plane = CELLS * CELLS;
    // Right for left, and what lies between these and down or up.
    for (one, other) in [(0, 4), (1, 3), (5, 7)] {
        let (before, from) = description.split_at_mut(other * plane);
        before[one * plane..][..plane].swap_with_slice(&mut from[..plane]);
    }
}

/// The patch and its rim as numbers.
fn cut(frame: &[u8], width: usize, x: f32, y: f32) -> [[f32; RIM]; RIM] {
    let (columns, rows) = (around::<RIM>(x, width), around::<RIM>(y, frame.len() / width));
    rows.map(|row| {
        let line = &frame[row * width..][..width];
        columns.map(|column| f32::from(line[column]))
    })
}

/// The `COUNT` pixels along one axis of a frame, `length` pixels long, of which `middle` is the middle; where the frame has ended,
/// its outermost one.
pub(crate) fn around<const COUNT: usize>(middle: f32, length: usize) -> [usize; COUNT] {
    let first = (middle - (COUNT / 2) as f32).round() as isize;
    let last = length.saturating_sub(1) as isize;
    std::array::from_fn(|i| first.saturating_add_unsigned(i).clamp(0, last) as usize)
}

/// Adds the gradients of the row `here`, whose first and last columns belong to the rim, to each direction's columns.
fn add_row(above: &[f32; RIM], here: &[f32; RIM], below: &[f32; RIM], columns: &mut Columns) {
    let [right, right_down, down, left_down, left, left_up, up, right_up] = columns;
    for i in 0..SIDE {
        let (gx, gy) = (0.5 * (here[i + 2] - here[i]), 0.5 * (below[i + 1] - above[i + 1]));
        let (ax, ay) = (gx.abs(), gy.abs());
        let (slant, flat, steep) = (std::f32::consts::SQRT_2 * least(ax, ay), positive(ax - ay), positive(ay - ax));
        right[i] += if gx > 0.0 { flat } else { 0.0 };
        left[i] += if gx > 0.0 { 0.0 } else { flat };
        down[i] += if gy > 0.0 { steep } else { 0.0 };
        up[i] += if gy > 0.0 { 0.0 } else { steep };
        right_down[i] += if gx > 0.0 && gy > 0.0 { slant } else { 0.0 };
        left_down[i] += if gx <= 0.0 && gy > 0.0 { slant } else { 0.0 };
        right_up[i] += if gx > 0.0 && gy <= 0.0 { slant } else { 0.0 };
        left_up[i] += if gx <= 0.0 && gy <= 0.0 { slant } else { 0.0 };
    }
}

/// The lesser of two numbers; not `f32::min`, whose rule for NaN costs instructions.
fn least(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// What of a number is above 0.
fn positive(value: f32) -> f32 {
    if value > 0.0 { value } else { 0.0 }
}

/// Brings a vector to this length and tells the one it had; a vector of zeros stays as it is.
fn stretch(values: &mut [f32], length: f32) -> f32 {
    let had = values.iter().map(|value| value * value).sum::<f32>().sqrt();
    if had > 0.0 {
        let factor = length / had;
        values.iter_mut().for_each(|value| *value *= factor);
    }
    had
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 40;

    fn frame(light: impl Fn(usize, usize) -> u8) -> Vec<u8> {
        (0..WIDTH * 30).map(|i| light(i % WIDTH, i / WIDTH)).collect()
    }

    const LENGTH: usize = length(FINE);

    fn described(frame: &[u8], x: f32, y: f32) -> [f32; LENGTH] {
        let mut out = [f32::NAN; LENGTH];
        describe::<FINE>(frame, WIDTH, x, y, &mut out);
        out
    }

    fn norm(values: &[f32]) -> f32 {
        values.iter().map(|value| value * value).sum::<f32>().sqrt()
    }

    #[test]
    fn an_edge_is_in_the_cell_and_the_direction_in_which_it_lies() {
        // Dark to light from left to right between columns 22 and 23, in the middle of cell column 5 of the patch from 12 to 28.
        let found = described(&frame(|x, _| if x < 23 { 20 } else { 200 }), 20.0, 15.0);
        for (i, value) in found.iter().enumerate() {
            let (column, direction) = (i % FINE, i / (FINE * FINE));
            assert_eq!(*value > 0.0, column == 5 && direction == 0, "{i}: {value}");
        }
    }

    #[test]
    fn a_ramp_is_split_between_the_two_directions_beside_it() {
        // The gradient (5, 2): 3 of e_0 = (1, 0) and 2√2 of e_1 = (1, 1)/√2 make it.
        let found = described(&frame(|x, y| (5 * x + 2 * y) as u8), 20.0, 15.0);
        let mut planes = found.chunks_exact(FINE * FINE);
        for (flat, slanted) in planes.next().into_iter().flatten().zip(planes.next().into_iter().flatten()) {
            assert!((slanted / flat - 8.0_f32.sqrt() / 3.0).abs() < 1e-5, "{slanted} / {flat}");
        }
        assert!(planes.flatten().all(|&value| value == 0.0));
    }

    #[test]
    fn more_light_changes_nothing_and_more_contrast_hardly_anything() {
        let texture = |x: usize, y: usize| (x * 37 + y * 101 + x * y * 13) % 50;
        let plain = described(&frame(|x, y| texture(x, y) as u8), 20.0, 15.0);
        assert_eq!(described(&frame(|x, y| 90 + texture(x, y) as u8), 20.0, 15.0), plain);
        let strong = described(&frame(|x, y| 5 * texture(x, y) as u8), 20.0, 15.0);
        let cosine = plain.iter().zip(&strong).map(|(a, b)| a * b).sum::<f32>() / norm(&plain) / norm(&strong);
        assert!(cosine > 0.9999, "{cosine}");
        assert!(norm(&plain) > 0.8 && norm(&strong) > 0.99 && norm(&strong) < 1.0001);
    }

    #[test]
    fn the_mirror_image_is_described_by_the_mirrored_description() {
        let light = |x: usize, y: usize| (x * 37 + y * 101 + x * y * 13) as u8;
        let mut mirrored = described(&frame(light), 20.0, 15.0);
        mirror::<FINE>(&mut mirrored);
        let other = described(&frame(|x, y| light(WIDTH - 1 - x, y)), 20.0, 15.0);
        assert!(mirrored.iter().zip(&other).all(|(one, other)| (one - other).abs() < 1e-5));
    }

    #[test]
    fn a_coarse_cell_holds_what_the_fine_ones_in_it_hold() {
        let frame = frame(|x, y| ((x * x * 31 + y * y * 17 + x * y * 7) % 97) as u8);
        let (fine, mut coarse) = (described(&frame, 20.0, 15.0), [f32::NAN; length(COARSE)]);
        describe::<COARSE>(&frame, WIDTH, 20.0, 15.0, &mut coarse);
        let sum = |i: usize| {
            let (direction, row, column) = (i / 16, i / 4 % 4, i % 4);
            let fine = |row: usize, column: usize| fine[(direction * FINE + row) * FINE + column];
            (0..4).map(|part| fine(2 * row + part / 2, 2 * column + part % 2)).sum::<f32>()
        };
        // Nothing is cut off, so both differ by one factor.
        let factor = coarse[0] / sum(0);
        assert!(coarse.iter().enumerate().all(|(i, value)| (value - factor * sum(i)).abs() < 1e-5));
    }

    #[test]
    fn a_plain_patch_has_no_pattern_and_faint_noise_little() {
        assert_eq!(described(&frame(|_, _| 77), 20.0, 15.0), [0.0; LENGTH]);
        let noise = frame(|x, y| 100 + u8::from((x * x * 31 + y * y * 17 + x * y * 7) % 5 == 0));
        assert!(norm(&described(&noise, 20.0, 15.0)) < 0.2);
    }

    #[test]
    fn beyond_its_edges_a_frame_goes_on_as_its_outermost_pixels() {
        let columns = frame(|x, _| (x * x % 251) as u8);
        assert_eq!(described(&columns, 20.0, -50.0), described(&columns, 20.0, 15.0));
        assert_eq!(described(&columns, 900.0, 15.0), [0.0; LENGTH]);
        assert_eq!(described(&columns, f32::INFINITY, 15.0), [0.0; LENGTH]);
    }
}
