//! A patch of 16×16 pixels as 8 planes of 8×8 cells: histograms of oriented gradients.
//!
//! ```text
//! g(p)  = ½ (I(p + e_x) − I(p − e_x), I(p + e_y) − I(p − e_y))
//! g     = a e_k + b e_{k+1}                 e_0 … e_7: directions 45° apart, g lies between e_k and e_{k+1}
//! h     : [8, 8, 8]                         h[k, cell] = Σ a,  h[k+1, cell] = Σ b  over the 2×2 pixels of the cell
//! d     = c u(min(u(h), 0.2))               u(h) = h / ‖h‖,  c = ‖h‖ / √(‖h‖² + ε²)
//! ```
//!
//! The histograms are those of SIFT (Lowe 2004, *Distinctive image features from scale-invariant keypoints*, section 6). They are
//! innate and generic: they know edges, and no thing, as the complex cells of the primary visual cortex do. Departures from Lowe:
//!
//! 1. A gradient is split exactly into the two directions beside it, which needs neither its angle nor its length.
//! 2. The patch is upright and of one size, no Gaussian window makes its middle count more, and a pixel belongs to one cell.
//! 3. ε keeps the noise of a plain patch from becoming a pattern: a descriptor's length tells how much contrast there was.
//! 4. A cell has 2×2 pixels instead of 4×4, and each direction is a plane of cells, so that layers of filters may go over them: what
//!    is made of a few edges is learned once for all places, and from far fewer examples than by dense layers.
//!
//! Directions go over the full circle: dark on light and light on dark are told apart.

use innate_envs::ArraySpec;

/// Pixels along a side of a patch.
pub const SIDE: usize = 16;
/// The shape of a descriptor: `[direction, cell row, cell column]`.
pub const SHAPE: [usize; 3] = [DIRECTIONS, CELLS, CELLS];
/// Numbers of a descriptor.
pub const LENGTH: usize = DIRECTIONS * PLANE;
/// Cells along a side of a patch.
const CELLS: usize = 8;
/// Cells of a patch.
const PLANE: usize = CELLS * CELLS;
/// Directions of a gradient that are told apart.
const DIRECTIONS: usize = 8;
/// Pixels along a side of a cell.
const CELL: usize = SIDE / CELLS;
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
/// `out`, [`LENGTH`] numbers, is in the order of [`SHAPE`]: directions from right over down.
pub fn describe(frame: &[u8], width: usize, x: f32, y: f32, out: &mut [f32]) {
    let patch = cut(frame, width, x, y);
    for row in 0..CELLS {
        let mut columns: Columns = [[0.0; SIDE]; DIRECTIONS];
        for y in row * CELL..(row + 1) * CELL {
            add_row(&patch[y], &patch[y + 1], &patch[y + 2], &mut columns);
        }
        for (plane, columns) in out.chunks_exact_mut(PLANE).zip(&columns) {
            let cells = plane[row * CELLS..][..CELLS].iter_mut().zip(columns.as_chunks::<CELL>().0);
            cells.for_each(|(cell, columns)| *cell = columns.iter().sum());
        }
    }
    let length = stretch(out, 1.0);
    out.iter_mut().for_each(|value| *value = value.min(MOST));
    stretch(out, length / length.hypot(FAINT));
}

/// The percept of a stack of `slots` descriptors.
pub(crate) fn stack(name: &str, slots: usize) -> ArraySpec {
    ArraySpec::f32(name, &[&[slots], &SHAPE[..]].concat(), 0.0, 1.0)
}

/// Turns the description of a patch into that of its mirror image, left for right.
pub fn mirror(description: &mut [f32]) {
    description.chunks_exact_mut(CELLS).for_each(<[f32]>::reverse);
    // Right for left, and what lies between these and down or up.
    for (one, other) in [(0, 4), (1, 3), (5, 7)] {
        let (before, from) = description.split_at_mut(other * PLANE);
        before[one * PLANE..][..PLANE].swap_with_slice(&mut from[..PLANE]);
    }
}

/// Turns the description of a patch into that of its negative, light for dark.
pub fn negative(description: &mut [f32]) {
    description.rotate_left(DIRECTIONS / 2 * PLANE);
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

    fn described(frame: &[u8], x: f32, y: f32) -> [f32; LENGTH] {
        let mut out = [f32::NAN; LENGTH];
        describe(frame, WIDTH, x, y, &mut out);
        out
    }

    fn length(values: &[f32]) -> f32 {
        values.iter().map(|value| value * value).sum::<f32>().sqrt()
    }

    #[test]
    fn an_edge_is_in_the_cell_and_the_direction_in_which_it_lies() {
        // Dark to light from left to right between columns 22 and 23, in the middle of cell column 5 of the patch from 12 to 28.
        let found = described(&frame(|x, _| if x < 23 { 20 } else { 200 }), 20.0, 15.0);
        for (i, value) in found.iter().enumerate() {
            let (column, direction) = (i % CELLS, i / PLANE);
            assert_eq!(*value > 0.0, column == 5 && direction == 0, "{i}: {value}");
        }
    }

    #[test]
    fn a_ramp_is_split_between_the_two_directions_beside_it() {
        // The gradient (5, 2): 3 of e_0 = (1, 0) and 2√2 of e_1 = (1, 1)/√2 make it.
        let found = described(&frame(|x, y| (5 * x + 2 * y) as u8), 20.0, 15.0);
        for cell in 0..PLANE {
            let split = found[PLANE + cell] / found[cell];
            assert!((split - 8.0_f32.sqrt() / 3.0).abs() < 1e-5, "{cell}: {split}");
        }
        assert!(found[2 * PLANE..].iter().all(|&value| value == 0.0));
    }

    #[test]
    fn more_light_changes_nothing_and_more_contrast_hardly_anything() {
        let texture = |x: usize, y: usize| (x * 37 + y * 101 + x * y * 13) % 50;
        let plain = described(&frame(|x, y| texture(x, y) as u8), 20.0, 15.0);
        assert_eq!(described(&frame(|x, y| 90 + texture(x, y) as u8), 20.0, 15.0), plain);
        let strong = described(&frame(|x, y| 5 * texture(x, y) as u8), 20.0, 15.0);
        let cosine = plain.iter().zip(&strong).map(|(a, b)| a * b).sum::<f32>() / length(&plain) / length(&strong);
        assert!(cosine > 0.9999, "{cosine}");
        assert!(length(&plain) > 0.8 && length(&strong) > 0.99 && length(&strong) < 1.0001);
    }

    #[test]
    fn the_mirror_image_is_described_by_the_mirrored_description() {
        let light = |x: usize, y: usize| (x * 37 + y * 101 + x * y * 13) as u8;
        let mut mirrored = described(&frame(light), 20.0, 15.0);
        mirror(&mut mirrored);
        let other = described(&frame(|x, y| light(WIDTH - 1 - x, y)), 20.0, 15.0);
        assert!(mirrored.iter().zip(&other).all(|(one, other)| (one - other).abs() < 1e-5));
    }

    #[test]
    fn the_negative_is_described_by_the_negated_description() {
        let light = |x: usize, y: usize| (x * 37 + y * 101 + x * y * 13) as u8;
        let mut negated = described(&frame(light), 20.0, 15.0);
        negative(&mut negated);
        let other = described(&frame(|x, y| 255 - light(x, y)), 20.0, 15.0);
        assert!(negated.iter().zip(&other).all(|(one, other)| (one - other).abs() < 1e-5));
    }

    #[test]
    fn a_plain_patch_has_no_pattern_and_faint_noise_little() {
        assert_eq!(described(&frame(|_, _| 77), 20.0, 15.0), [0.0; LENGTH]);
        let noise = frame(|x, y| 100 + u8::from((x * x * 31 + y * y * 17 + x * y * 7) % 5 == 0));
        assert!(length(&described(&noise, 20.0, 15.0)) < 0.2);
    }

    #[test]
    fn beyond_its_edges_a_frame_goes_on_as_its_outermost_pixels() {
        let columns = frame(|x, _| (x * x % 251) as u8);
        assert_eq!(described(&columns, 20.0, -50.0), described(&columns, 20.0, 15.0));
        assert_eq!(described(&columns, 900.0, 15.0), [0.0; LENGTH]);
        assert_eq!(described(&columns, f32::INFINITY, 15.0), [0.0; LENGTH]);
    }
}
