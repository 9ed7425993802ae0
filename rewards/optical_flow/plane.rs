//! A plane of numbers with a border, the flow made of two of them, and their filters.
//!
//! Every plane has [`BORDER`] cells of margin on each side and rows that are a whole number of vectors long, so that a
//! kernel runs over a row without asking where the picture ends: what lies beyond the picture is finite, and repeats the
//! nearest pixel after [`Plane::extend`].

use super::lanes::{LANES, Lanes};
use multiversion::multiversion;

/// Cells around the picture on each side: the farthest that a patch or a shifted pixel may lie outside.
pub(super) const BORDER: usize = 8;

/// The size of a plane and how its cells lie in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Cells of a row that kernels work on: the width, rounded up to pairs of vectors.
    pub(super) run: usize,
    /// Cells from one row to the next.
    pub(super) stride: usize,
}

impl Shape {
    /// A picture of `width` × `height` pixels.
    pub(super) fn new(width: usize, height: usize) -> Self {
        let run = width.next_multiple_of(2 * LANES);
        Self { width, height, run, stride: run + 2 * BORDER }
    }

    /// The next coarser level of a pyramid.
    pub(super) fn half(self) -> Self {
        Self::new(self.width.div_ceil(2), self.height.div_ceil(2))
    }

    /// Every second column of the run.
    pub(super) fn alternate_columns(self) -> Self {
        let run = self.run / 2;
        Self { width: run, height: self.height, run, stride: run + 2 * BORDER }
    }

    /// The shorter side, in pixels.
    pub(super) fn side(self) -> usize {
        self.width.min(self.height)
    }

    /// Where the pixel (x, y) lies; each may be as low as −[`BORDER`].
    pub(super) fn at(self, x: isize, y: isize) -> usize {
        let border = BORDER as isize;
        ((y + border) * self.stride as isize + x + border) as usize
    }
}

/// A picture with its border.
#[derive(Clone, Debug)]
pub(super) struct Plane {
    pub(super) shape: Shape,
    pub(super) cells: Vec<f32>,
}

impl Plane {
    /// Zeros.
    pub(super) fn new(shape: Shape) -> Self {
        // Two vectors more at the end: one that begins in the last row may run over it.
        Self { shape, cells: vec![0.0; shape.stride * (shape.height + 2 * BORDER) + 2 * LANES] }
    }

    /// The run of row `y`, each cell replaced by its neighbour at (dx, dy).
    #[inline(always)]
    pub(super) fn row(&self, y: usize, dx: isize, dy: isize) -> &[f32] {
        let start = self.shape.at(dx, y as isize + dy);
        &self.cells[start..start + self.shape.run]
    }

    /// The run of row `y`.
    #[inline(always)]
    pub(super) fn row_mut(&mut self, y: usize) -> &mut [f32] {
        let start = self.shape.at(0, y as isize);
        &mut self.cells[start..start + self.shape.run]
    }

    /// The runs around row `y`: left, right, above, below, by `distance` pixels.
    #[inline(always)]
    pub(super) fn cross(&self, y: usize, distance: isize) -> [&[f32]; 4] {
        [self.row(y, -distance, 0), self.row(y, distance, 0), self.row(y, 0, -distance), self.row(y, 0, distance)]
    }

    /// The runs of the 3×3 neighbours of row `y`, row by row.
    #[inline(always)]
    pub(super) fn neighbours(&self, y: usize) -> [&[f32]; 9] {
        std::array::from_fn(|i| self.row(y, (i % 3) as isize - 1, (i / 3) as isize - 1))
    }

    /// Repeats the outermost pixels over the border.
    pub(super) fn extend(&mut self) {
        let Shape { width, height, stride, .. } = self.shape;
        let picture = &mut self.cells[BORDER * stride..(BORDER + height) * stride];
        for row in picture.chunks_exact_mut(stride) {
            let (first, last) = (row[BORDER], row[BORDER + width - 1]);
            row[..BORDER].fill(first);
            row[BORDER + width..].fill(last);
        }
        let (top, bottom) = (BORDER * stride, (BORDER + height - 1) * stride);
        for y in 0..BORDER {
            self.cells.copy_within(top..top + stride, y * stride);
            self.cells.copy_within(bottom..bottom + stride, (BORDER + height + y) * stride);
        }
    }
}

/// A flow field: displacement right and down, in pixels of its level.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) u: Plane,
    pub(super) v: Plane,
}

impl Field {
    /// No motion.
    pub(super) fn new(shape: Shape) -> Self {
        Self { u: Plane::new(shape), v: Plane::new(shape) }
    }

    /// Back to no motion.
    pub(super) fn clear(&mut self) {
        self.u.cells.fill(0.0);
        self.v.cells.fill(0.0);
    }

    /// Takes the values of a field of the same shape.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.u.cells.copy_from_slice(&other.u.cells);
        self.v.cells.copy_from_slice(&other.v.cells);
    }

    /// Takes the flow of the next coarser level: twice as many pixels, each twice as far.
    pub(super) fn enlarge(&mut self, coarse: &Self) {
        enlarge(&coarse.u, &mut self.u);
        enlarge(&coarse.v, &mut self.v);
    }

    /// Repeats the outermost vectors over the border.
    pub(super) fn extend(&mut self) {
        self.u.extend();
        self.v.extend();
    }

    /// Takes the median of 3×3 of each component of a field of the same shape.
    pub(super) fn median_of(&mut self, other: &Self) {
        median(&other.u, &mut self.u);
        median(&other.v, &mut self.v);
    }
}

/// Twice a component of the flow at twice the size, linear between pixels. A fine pixel lies a quarter of a coarse one
/// off the centre of the coarse pixel that covers it.
fn enlarge(coarse: &Plane, fine: &mut Plane) {
    const NEAR: f32 = 0.75;
    const FAR: f32 = 0.25;
    let columns = fine.shape.width.div_ceil(2);
    for y in 0..fine.shape.height {
        let beyond = if y % 2 == 0 { -1 } else { 1 };
        let start = |dy: isize| coarse.shape.at(-1, (y / 2) as isize + dy);
        let near = &coarse.cells[start(0)..][..columns + 2];
        let far = &coarse.cells[start(beyond)..][..columns + 2];
        for (x, pair) in fine.row_mut(y).chunks_exact_mut(2).take(columns).enumerate() {
            let [left, centre, right] = [x, x + 1, x + 2].map(|i| 2.0 * (NEAR * near[i] + FAR * far[i]));
            pair[0] = NEAR * centre + FAR * left;
            pair[1] = NEAR * centre + FAR * right;
        }
    }
    fine.extend();
}

/// Partial derivatives by central differences of fourth order, (1, −8, 0, 8, −1)/12.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn differentiate(picture: &Plane, right: &mut Plane, down: &mut Plane) {
    let (near, far) = (Lanes::all(8.0 / 12.0), Lanes::all(1.0 / 12.0));
    for y in 0..picture.shape.height {
        let (one, two) = (picture.cross(y, 1), picture.cross(y, 2));
        let outputs = [right.row_mut(y), down.row_mut(y)];
        for (axis, output) in outputs.into_iter().enumerate() {
            let rows = [one[2 * axis + 1], one[2 * axis], two[2 * axis + 1], two[2 * axis]];
            for x in (0..output.len()).step_by(LANES) {
                let [after, before, after2, before2] = rows.map(|row| Lanes::load(row, x));
                (near * (after - before) - far * (after2 - before2)).store(output, x);
            }
        }
    }
}

/// Median of 3×3: with each column sorted, the middle one of the greatest low, the middle middle and the least high.
#[multiversion(targets("x86_64+avx2"))]
fn median(from: &Plane, to: &mut Plane) {
    for y in 0..from.shape.height {
        let rows = from.neighbours(y);
        let output = to.row_mut(y);
        for x in (0..output.len()).step_by(LANES) {
            let (low0, middle0, high0) = sort(&rows, 0, x);
            let (low1, middle1, high1) = sort(&rows, 1, x);
            let (low2, middle2, high2) = sort(&rows, 2, x);
            let low = low0.max(low1).max(low2);
            let high = high0.min(high1).min(high2);
            middle(low, middle(middle0, middle1, middle2), high).store(output, x);
        }
    }
    to.extend();
}

/// Least, middle and greatest of a column of three.
#[inline(always)]
fn sort(rows: &[&[f32]; 9], column: usize, x: usize) -> (Lanes, Lanes, Lanes) {
    let (a, b) = (Lanes::load(rows[column], x), Lanes::load(rows[3 + column], x));
    let c = Lanes::load(rows[6 + column], x);
    let (low, high) = (a.min(b), a.max(b));
    (low.min(c), low.max(high.min(c)), high.max(c))
}

/// The middle one of three.
#[inline(always)]
fn middle(a: Lanes, b: Lanes, c: Lanes) -> Lanes {
    a.min(b).max(a.max(b).min(c))
}
