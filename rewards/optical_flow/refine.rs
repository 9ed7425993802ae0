//! Refinement: the flow that explains both frames and is smooth but for its edges.
//!
//! Minimises, by lagged weights (Brox et al. 2004), starting from the flow u₀ that is given,
//!
//! ```text
//! E(u) = Σ √(ρ(u)² + DATA²)  +  smoothness · Σ g √(|∇u|² + |∇v|² + EDGE²)
//! ρ(u) = (I¹(x + u₀) − I⁰(x) + ∇I·(u − u₀)) / √(|∇I|² + NOISE²)         distance to what the pixel says, in pixels
//! g    = 1 / (1 + |∇I|² / CONTRAST²)                                    motion may change where the picture does
//! ```
//!
//! ∇I is the mean frame's. Where light may change, the difference of the frames is taken less its local mean (see
//! [`super::light`]). The normalisation of ρ is that of Zimmer et al. (2011), section 3.2; the median after each
//! refinement that of Sun et al. (2010). A pixel that has left the frame says nothing.

use super::lanes::{LANES, Lanes};
use super::light::subtract_local_mean;
use super::plane::{BORDER, Field, Plane, Shape, differentiate};
use super::solve::{Equation, Solver};
use super::{FlowConfig, Light};
use multiversion::multiversion;

/// Distance from a pixel's constraint below which its penalty is quadratic, pixels.
const DATA: f32 = 0.1;
/// Difference of flow between neighbours below which its penalty is quadratic, pixels.
const EDGE: f32 = 0.02;
/// Gradient that noise makes, grey values per pixel: pixels with less than this say little.
const NOISE: f32 = 3.0;
/// Gradient at which smoothness counts half, grey values per pixel.
const CONTRAST: f32 = 32.0;

/// The refinement at one level of the pyramid, and its buffers.
pub(super) struct Refiner {
    refinements: usize,
    reweightings: usize,
    smoothness: f32,
    light: Light,
    /// u₀.
    start: Field,
    /// I¹(x + u₀), a buffer once it is compared, and 1 where x + u₀ is in the frame, else 0.
    shifted: Plane,
    inside: Plane,
    /// The mean of the previous and the shifted frame, its derivatives, and shifted − previous.
    mean: Plane,
    gradient: [Plane; 2],
    difference: Plane,
    /// The weight between a pixel and its neighbours to the right and below. 0 outside the picture on the left and above.
    stiffness: Plane,
    solver: Solver,
}

impl Refiner {
    /// The refinement at a level of this shape.
    pub(super) fn new(shape: Shape, config: &FlowConfig) -> Self {
        let plane = || Plane::new(shape);
        Self {
            refinements: config.refinements,
            reweightings: config.reweightings,
            smoothness: config.smoothness,
            light: config.light,
            start: Field::new(shape),
            shifted: plane(),
            inside: plane(),
            mean: plane(),
            gradient: [plane(), plane()],
            difference: plane(),
            stiffness: plane(),
            solver: Solver::new(shape, config.sweeps),
        }
    }

    /// Improves `flow` from the previous frame to the current one.
    pub(super) fn run(&mut self, previous: &Plane, current: &Plane, flow: &mut Field) {
        for _ in 0..self.refinements {
            self.start.copy_from(flow);
            shift(current, flow, &mut self.shifted, &mut self.inside);
            compare(previous, &self.shifted, &mut self.mean, &mut self.difference);
            if self.light == Light::Changing {
                subtract_local_mean(&mut self.difference, &mut self.shifted);
            }
            let [right, down] = &mut self.gradient;
            differentiate(&self.mean, right, down);
            for _ in 0..self.reweightings {
                stiffen(self, flow);
                linearise(self, flow);
                self.solver.run(flow);
            }
            flow.extend();
            self.start.median_of(flow);
            std::mem::swap(flow, &mut self.start);
        }
    }
}

/// I¹(x + u) by bilinear interpolation.
fn shift(current: &Plane, flow: &Field, shifted: &mut Plane, inside: &mut Plane) {
    let shape = current.shape;
    // Positions from the border's first cell are not negative, where truncation is the floor.
    let border = BORDER as f32;
    let [right, bottom] = [shape.width, shape.height].map(|length| (length + BORDER - 1) as f32);
    for y in 0..shape.height {
        let (u, v) = (&flow.u.row(y, 0, 0)[..shape.width], &flow.v.row(y, 0, 0)[..shape.width]);
        let (shifted, inside) = (&mut shifted.row_mut(y)[..shape.width], &mut inside.row_mut(y)[..shape.width]);
        for x in 0..shape.width {
            let (to_x, to_y) = (x as f32 + border + u[x], y as f32 + border + v[x]);
            let within = to_x >= border && to_x <= right && to_y >= border && to_y <= bottom;
            inside[x] = if within { 1.0 } else { 0.0 };
            let (to_x, to_y) = (to_x.clamp(border, right), to_y.clamp(border, bottom));
            let (column, row) = (to_x as u32, to_y as u32);
            let (part_x, part_y) = (to_x - column as f32, to_y - row as f32);
            let at = row as usize * shape.stride + column as usize;
            let (upper, lower) = (&current.cells[at..at + 2], &current.cells[at + shape.stride..at + shape.stride + 2]);
            let above = upper[0] + part_x * (upper[1] - upper[0]);
            let below = lower[0] + part_x * (lower[1] - lower[0]);
            shifted[x] = above + part_y * (below - above);
        }
    }
}

/// Mean and difference of the previous and the shifted frame.
#[multiversion(targets("x86_64+avx2"))]
fn compare(previous: &Plane, shifted: &Plane, mean: &mut Plane, difference: &mut Plane) {
    let half = Lanes::all(0.5);
    for y in 0..previous.shape.height {
        let (before, after) = (previous.row(y, 0, 0), shifted.row(y, 0, 0));
        let (mean, difference) = (mean.row_mut(y), difference.row_mut(y));
        for x in (0..before.len()).step_by(LANES) {
            let (before, after) = (Lanes::load(before, x), Lanes::load(after, x));
            (half * (before + after)).store(mean, x);
            (after - before).store(difference, x);
        }
    }
    mean.extend();
}

/// The weights of smoothness, smoothness · g / √(|∇u|² + |∇v|² + EDGE²).
#[multiversion(targets("x86_64+avx2"))]
fn stiffen(refiner: &mut Refiner, flow: &Field) {
    let (smoothness, one) = (Lanes::all(refiner.smoothness), Lanes::all(1.0));
    let (edge, contrast) = (Lanes::all(EDGE * EDGE), Lanes::all(1.0 / (CONTRAST * CONTRAST)));
    for y in 0..flow.u.shape.height {
        let [u, v] = [&flow.u, &flow.v].map(|plane| [plane.row(y, 0, 0), plane.row(y, 1, 0), plane.row(y, 0, 1)]);
        let gradient = refiner.gradient.each_ref().map(|plane| plane.row(y, 0, 0));
        let output = refiner.stiffness.row_mut(y);
        for x in (0..output.len()).step_by(LANES) {
            let variation = variation(&u, x) + variation(&v, x);
            let (right, down) = (Lanes::load(gradient[0], x), Lanes::load(gradient[1], x));
            let yields = one + contrast * (right * right + down * down);
            (smoothness / (yields * (variation + edge).sqrt())).store(output, x);
        }
    }
}

/// |∇u|², by the differences to the right and below; `rows` are the pixels' own, and those on their right and below.
#[inline(always)]
fn variation(rows: &[&[f32]; 3], x: usize) -> Lanes {
    let here = Lanes::load(rows[0], x);
    let (right, below) = (Lanes::load(rows[1], x) - here, Lanes::load(rows[2], x) - here);
    right * right + below * below
}

/// Fills the solver with the equations of the present weights.
#[multiversion(targets("x86_64+avx2"))]
fn linearise(refiner: &mut Refiner, flow: &Field) {
    let Refiner { start, inside, gradient, difference, stiffness, solver, .. } = refiner;
    let height = difference.shape.height;
    for y in 0..height {
        let row = Row {
            flow: [flow.u.row(y, 0, 0), flow.v.row(y, 0, 0)],
            start: [start.u.row(y, 0, 0), start.v.row(y, 0, 0)],
            inside: inside.row(y, 0, 0),
            gradient: [gradient[0].row(y, 0, 0), gradient[1].row(y, 0, 0)],
            difference: difference.row(y, 0, 0),
            stiffness: [stiffness.row(y, 0, 0), stiffness.row(y, -1, 0), stiffness.row(y, 0, -1)],
            // The last column and the last row have no neighbour beyond.
            last_column: difference.shape.width - 1,
            below: Lanes::all(if y + 1 < height { 1.0 } else { 0.0 }),
        };
        for (vector, equation) in solver.draft().iter_mut().enumerate() {
            *equation = row.equation(vector * LANES).invert();
        }
        solver.set_row(y);
    }
}

/// What the equations of one row are made of.
struct Row<'a> {
    flow: [&'a [f32]; 2],
    start: [&'a [f32]; 2],
    inside: &'a [f32],
    gradient: [&'a [f32]; 2],
    difference: &'a [f32],
    /// Of the pixels themselves, of those on their left and of those above.
    stiffness: [&'a [f32]; 3],
    last_column: usize,
    /// 1, or 0 in the last row.
    below: Lanes,
}

impl Row<'_> {
    /// The equations of eight pixels from column x on.
    #[inline(always)]
    fn equation(&self, x: usize) -> Equation {
        let load = |row: &[f32]| Lanes::load(row, x);
        let (right, down, difference) = (load(self.gradient[0]), load(self.gradient[1]), load(self.difference));
        let (u0, v0) = (load(self.start[0]), load(self.start[1]));
        let (du, dv) = (load(self.flow[0]) - u0, load(self.flow[1]) - v0);
        let scale = Lanes::all(1.0) / (right * right + down * down + Lanes::all(NOISE * NOISE));
        let constraint = difference + right * du + down * dv;
        let weight = load(self.inside) * scale / (constraint * constraint * scale + Lanes::all(DATA * DATA)).sqrt();
        let (weighted_right, weighted_down) = (weight * right, weight * down);
        let cross = weighted_right * down;
        let (uu, vv) = (weighted_right * right, weighted_down * down);
        let stiffness = load(self.stiffness[0]);
        Equation {
            uu,
            vv,
            cross,
            u: uu * u0 + cross * v0 - weighted_right * difference,
            v: cross * u0 + vv * v0 - weighted_down * difference,
            left: load(self.stiffness[1]),
            right: stiffness.first(self.last_column.saturating_sub(x)),
            above: load(self.stiffness[2]),
            below: self.below * stiffness,
        }
    }
}
