//! A sparse linear system over the pixels, by successive over-relaxation.
//!
//! ```text
//! uu·u + cross·v + Σ_n w_n (u − u_n) = b_u         n: the four neighbours
//! cross·u + vv·v + Σ_n w_n (v − v_n) = b_v
//! ```
//!
//! Pixels are coloured like a chess-board: those of one colour depend on those of the other only, so a whole vector of
//! them is updated at once, in any order, with the same result. Even and odd columns are kept apart, so that the
//! pixels of one colour and row lie side by side.

use super::lanes::{LANES, Lanes};
use super::plane::{Field, Plane, Shape};
use multiversion::multiversion;
use std::mem::swap;

/// Over-relaxation ω, below 2: tuned for the few sweeps that are made.
const OMEGA: f32 = 1.85;
/// Added to the diagonal: a pixel that says nothing, between neighbours that are told nothing, keeps its flow.
const TINY: f32 = 1e-6;

/// The equations of eight pixels, in the names of the module's equations.
#[derive(Clone, Copy, Default)]
pub(super) struct Equation {
    pub(super) uu: Lanes,
    pub(super) vv: Lanes,
    pub(super) cross: Lanes,
    /// b_u.
    pub(super) u: Lanes,
    /// b_v.
    pub(super) v: Lanes,
    pub(super) left: Lanes,
    pub(super) right: Lanes,
    pub(super) above: Lanes,
    pub(super) below: Lanes,
}

impl Equation {
    /// With `uu` and `vv` replaced by ω over the whole diagonal, which is what a sweep multiplies by.
    #[inline(always)]
    pub(super) fn invert(self) -> Self {
        let neighbours = (self.left + self.right) + (self.above + self.below) + Lanes::all(TINY);
        let [uu, vv] = [Lanes::all(OMEGA) / (self.uu + neighbours), Lanes::all(OMEGA) / (self.vv + neighbours)];
        Self { uu, vv, ..self }
    }

    /// The equations of the pixels in even and in odd columns.
    #[inline(always)]
    fn unzip(&self, next: &Self) -> (Self, Self) {
        let (mut even, mut odd) = (Self::default(), Self::default());
        (even.uu, odd.uu) = self.uu.unzip(next.uu);
        (even.vv, odd.vv) = self.vv.unzip(next.vv);
        (even.cross, odd.cross) = self.cross.unzip(next.cross);
        (even.u, odd.u) = self.u.unzip(next.u);
        (even.v, odd.v) = self.v.unzip(next.v);
        (even.left, odd.left) = self.left.unzip(next.left);
        (even.right, odd.right) = self.right.unzip(next.right);
        (even.above, odd.above) = self.above.unzip(next.above);
        (even.below, odd.below) = self.below.unzip(next.below);
        (even, odd)
    }
}

/// The flow in one half of the columns.
struct Half {
    u: Plane,
    v: Plane,
}

/// A system of equations and the buffers of its solution.
pub(super) struct Solver {
    sweeps: usize,
    /// For each row, the equations of even columns, then of odd columns, inverted.
    equations: Vec<Equation>,
    /// The equations of one row in the order of its pixels.
    draft: Vec<Equation>,
    /// Vectors in half a row.
    vectors: usize,
    even: Half,
    odd: Half,
}

impl Solver {
    /// Room for the equations of a picture of this shape, solved by so many sweeps.
    pub(super) fn new(shape: Shape, sweeps: usize) -> Self {
        let vectors = shape.run / LANES / 2;
        let equations = vec![Equation::default(); 2 * vectors * shape.height];
        let draft = vec![Equation::default(); 2 * vectors];
        let half = || Half { u: Plane::new(shape.alternate_columns()), v: Plane::new(shape.alternate_columns()) };
        Self { sweeps, equations, draft, vectors, even: half(), odd: half() }
    }

    /// Room for the equations of one row, eight pixels after eight; [`Solver::set_row`] takes them from here.
    #[inline(always)]
    pub(super) fn draft(&mut self) -> &mut [Equation] {
        &mut self.draft
    }

    /// Takes the drafted equations as those of row `y`.
    #[inline(always)]
    pub(super) fn set_row(&mut self, y: usize) {
        let row = &mut self.equations[2 * self.vectors * y..2 * self.vectors * (y + 1)];
        let (even, odd) = row.split_at_mut(self.vectors);
        // A loop of its own: together with what makes the equations, the compiler would use half of each register.
        for ((pair, even), odd) in self.draft.chunks_exact(2).zip(even).zip(odd) {
            (*even, *odd) = pair[0].unzip(&pair[1]);
        }
    }

    /// Improves `flow` towards the solution.
    pub(super) fn run(&mut self, flow: &mut Field) {
        unzip(&flow.u, &mut self.even.u, &mut self.odd.u);
        unzip(&flow.v, &mut self.even.v, &mut self.odd.v);
        for _ in 0..self.sweeps {
            for colour in 0..2 {
                sweep(self, colour);
            }
        }
        zip(&self.even.u, &self.odd.u, &mut flow.u);
        zip(&self.even.v, &self.odd.v, &mut flow.v);
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn unzip(from: &Plane, even: &mut Plane, odd: &mut Plane) {
    for y in 0..from.shape.height {
        let (from, even, odd) = (from.row(y, 0, 0), even.row_mut(y), odd.row_mut(y));
        for x in (0..even.len()).step_by(LANES) {
            let (a, b) = Lanes::load(from, 2 * x).unzip(Lanes::load(from, 2 * x + LANES));
            a.store(even, x);
            b.store(odd, x);
        }
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn zip(even: &Plane, odd: &Plane, to: &mut Plane) {
    for y in 0..to.shape.height {
        let (even, odd, to) = (even.row(y, 0, 0), odd.row(y, 0, 0), to.row_mut(y));
        for x in (0..even.len()).step_by(LANES) {
            let (a, b) = Lanes::load(even, x).zip(Lanes::load(odd, x));
            a.store(to, 2 * x);
            b.store(to, 2 * x + LANES);
        }
    }
}

/// Updates the pixels of one colour.
#[multiversion(targets("x86_64+avx2"))]
fn sweep(solver: &mut Solver, colour: usize) {
    let (mut now, mut other) = (&mut solver.even, &mut solver.odd);
    if colour == 1 {
        swap(&mut now, &mut other);
    }
    for (y, row) in solver.equations.chunks_exact(2 * solver.vectors).enumerate() {
        let (even, odd) = row.split_at(solver.vectors);
        if (y + colour).is_multiple_of(2) {
            // The neighbours of an even column are the odd column before and the one with its own number.
            relax(even, y, now, other, -1);
        } else {
            relax(odd, y, now, other, 0);
        }
        swap(&mut now, &mut other);
    }
}

/// Updates the pixels of row `y` that lie in `half`; the neighbour on their left lies in `other`, shifted by `left`.
#[inline(always)]
fn relax(equations: &[Equation], y: usize, half: &mut Half, other: &Half, left: isize) {
    let keep = Lanes::all(1.0 - OMEGA);
    let (u, v) = (Rows::new(y, &mut half.u, &other.u, left), Rows::new(y, &mut half.v, &other.v, left));
    for (vector, equation) in equations.iter().enumerate() {
        let x = vector * LANES;
        let (old_u, old_v) = (Lanes::load(u.here, x), Lanes::load(v.here, x));
        let new_u = keep * old_u + equation.uu * (equation.u - equation.cross * old_v + u.pull(equation, x));
        let new_v = keep * old_v + equation.vv * (equation.v - equation.cross * new_u + v.pull(equation, x));
        new_u.store(u.here, x);
        new_v.store(v.here, x);
    }
}

/// One component of the pixels that are updated, and of their neighbours.
struct Rows<'a> {
    here: &'a mut [f32],
    above: &'a [f32],
    below: &'a [f32],
    left: &'a [f32],
    right: &'a [f32],
}

impl<'a> Rows<'a> {
    #[inline(always)]
    fn new(y: usize, half: &'a mut Plane, other: &'a Plane, left: isize) -> Self {
        let Shape { run, stride, .. } = half.shape;
        let start = half.shape.at(0, y as isize - 1);
        let (above, rest) = half.cells[start..].split_at_mut(stride);
        let (here, below) = rest.split_at_mut(stride);
        let (left, right) = (other.row(y, left, 0), other.row(y, left + 1, 0));
        Self { here: &mut here[..run], above: &above[..run], below: &below[..run], left, right }
    }

    /// Σ_n w_n u_n.
    #[inline(always)]
    fn pull(&self, equation: &Equation, x: usize) -> Lanes {
        let load = |row: &[f32]| Lanes::load(row, x);
        (equation.left * load(self.left) + equation.right * load(self.right))
            + (equation.above * load(self.above) + equation.below * load(self.below))
    }
}
