//! Inverse search: where did each patch of the previous frame go?
//!
//! For a patch P of the previous frame I⁰ that is displaced by u in the current frame I¹ (Kroeger et al. 2016, section 2.1;
//! the inverse compositional method of Baker & Matthews 2004):
//!
//! ```text
//! d(x) = I¹(x + u) − I⁰(x)          residual, its mean over P taken away (a patch may become lighter or darker)
//! u   ← u − H⁻¹ Σ ∇I⁰ d             H = Σ ∇I⁰ ∇I⁰ᵀ + RIDGE·1, made once, since the gradient is the previous frame's
//! u(x) = Σ u_P w_P(x) / Σ w_P(x)    w_P = 1 / max(1, |d_P(x)|), over the patches P that cover the pixel x
//! ```

use super::FlowConfig;
use super::lanes::{LANES, Lanes};
use super::plane::{BORDER, Field, Plane, Shape};
use super::pyramid::Level;
use multiversion::multiversion;

/// The greatest patch, in pixels along a side.
pub(super) const GREATEST_PATCH: usize = 16;
/// The most vectors in a patch.
const VECTORS: usize = GREATEST_PATCH * GREATEST_PATCH / LANES;
/// Added to the diagonal of H, grey values² per pixel²: keeps a patch without texture where it was.
const RIDGE: f32 = 100.0;
/// A squared step below which the search of a patch has arrived, pixels².
const ARRIVED: f32 = 0.01;

/// The search at one level of the pyramid, and its buffers.
pub(super) struct Search {
    stride: usize,
    iterations: usize,
    patch: Patch,
    /// Σ w u and Σ w.
    sum: Field,
    weight: Plane,
}

impl Search {
    /// The search at a level of this shape.
    pub(super) fn new(shape: Shape, config: &FlowConfig) -> Self {
        let FlowConfig { patch, stride, iterations, .. } = *config;
        Self { stride, iterations, patch: Patch::new(patch), sum: Field::new(shape), weight: Plane::new(shape) }
    }

    /// Improves `flow` from the previous frame's level to the current frame's.
    pub(super) fn run(&mut self, previous: &Level, current: &Plane, flow: &mut Field) {
        self.sum.clear();
        self.weight.cells.fill(0.0);
        search(self, previous, current, flow);
        average(self, flow);
    }
}

/// Where a grid of patches begins along one axis: every `stride` pixels, the last flush with the edge.
fn places(length: usize, patch: usize, stride: usize) -> impl Iterator<Item = usize> {
    let last = length - patch;
    (0..=last.div_ceil(stride)).map(move |place| (place * stride).min(last))
}

#[multiversion(targets("x86_64+avx2"))]
fn search(search: &mut Search, previous: &Level, current: &Plane, flow: &Field) {
    let shape = current.shape;
    let Search { stride, iterations, patch, sum, weight } = search;
    let size = patch.size;
    for y in places(shape.height, size, *stride) {
        for x in places(shape.width, size, *stride) {
            patch.take(previous, x, y);
            let centre = shape.at((x + size / 2) as isize, (y + size / 2) as isize);
            let found = patch.find(current, [flow.u.cells[centre], flow.v.cells[centre]], *iterations);
            patch.vote(found, sum, weight);
        }
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn average(search: &Search, flow: &mut Field) {
    for y in 0..search.weight.shape.height {
        let weight = search.weight.row(y, 0, 0);
        for (sum, mean) in [(&search.sum.u, &mut flow.u), (&search.sum.v, &mut flow.v)] {
            let (sum, mean) = (sum.row(y, 0, 0), mean.row_mut(y));
            for ((mean, sum), weight) in mean.iter_mut().zip(sum).zip(weight) {
                // Beyond the picture nothing was voted for, and `extend` overwrites what that makes.
                *mean = sum / weight;
            }
        }
    }
    flow.extend();
}

/// What a displacement of the patch amounts to.
#[derive(Clone, Copy)]
struct Fit {
    displacement: [f32; 2],
    /// Σ ∇I⁰ d.
    slope: [f32; 2],
    /// Mean of I¹(x + u) − I⁰(x).
    mean: f32,
    /// Σ d².
    error: f32,
}

/// One patch of the previous frame. Rows are whole vectors; `inside` is 0 in lanes beyond the patch.
struct Patch {
    /// Pixels along a side.
    size: usize,
    /// Vectors in a row.
    across: usize,
    place: [usize; 2],
    inside: [Lanes; VECTORS],
    grey: [Lanes; VECTORS],
    /// ∇I⁰ less its mean, so that the mean of the residual drops out of Σ ∇I⁰ d.
    right: [Lanes; VECTORS],
    down: [Lanes; VECTORS],
    /// I¹(x + u) − I⁰(x) of the displacement that was measured last.
    residual: [Lanes; VECTORS],
    /// H⁻¹: (1, 1), (1, 2) and (2, 2).
    inverse: [f32; 3],
}

impl Patch {
    fn new(size: usize) -> Self {
        let across = size.div_ceil(LANES);
        let zero = [Lanes::default(); VECTORS];
        let mut inside = zero;
        for (vector, inside) in inside.iter_mut().enumerate().take(size * across) {
            *inside = Lanes::all(1.0).first(size - vector % across * LANES);
        }
        let (grey, right, down, residual) = (zero, zero, zero, zero);
        Self { size, across, place: [0; 2], inside, grey, right, down, residual, inverse: [0.0; 3] }
    }

    fn pixels(&self) -> f32 {
        (self.size * self.size) as f32
    }

    /// Becomes the patch whose first pixel is (x, y).
    #[inline(always)]
    fn take(&mut self, level: &Level, x: usize, y: usize) {
        self.place = [x, y];
        let [right, down] = &level.gradient;
        let (mut sum_right, mut sum_down) = (Lanes::default(), Lanes::default());
        for row in 0..self.size {
            for column in 0..self.across {
                let vector = row * self.across + column;
                let at = level.grey.shape.at((x + column * LANES) as isize, (y + row) as isize);
                self.grey[vector] = Lanes::load(&level.grey.cells, at);
                self.right[vector] = self.inside[vector] * Lanes::load(&right.cells, at);
                self.down[vector] = self.inside[vector] * Lanes::load(&down.cells, at);
                sum_right += self.right[vector];
                sum_down += self.down[vector];
            }
        }
        let mean = [sum_right, sum_down].map(|sum| Lanes::all(sum.sum() / self.pixels()));
        let mut hessian = [Lanes::default(); 3];
        for vector in 0..self.size * self.across {
            let right = self.inside[vector] * (self.right[vector] - mean[0]);
            let down = self.inside[vector] * (self.down[vector] - mean[1]);
            self.right[vector] = right;
            self.down[vector] = down;
            hessian[0] += right * right;
            hessian[1] += right * down;
            hessian[2] += down * down;
        }
        let [xx, xy, yy] = hessian.map(Lanes::sum);
        let (xx, yy) = (xx + RIDGE, yy + RIDGE);
        let determinant = xx * yy - xy * xy;
        self.inverse = [yy / determinant, -xy / determinant, xx / determinant];
    }

    /// The best displacement near `start`; the search ends when it arrives, gets worse or leaves the neighbourhood.
    #[inline(always)]
    fn find(&mut self, current: &Plane, start: [f32; 2], iterations: usize) -> Fit {
        let mut best = self.measure(current, start);
        for _ in 0..iterations {
            let ([xx, xy, yy], [right, down]) = (self.inverse, best.slope);
            let step = [xx * right + xy * down, xy * right + yy * down];
            let next = [best.displacement[0] - step[0], best.displacement[1] - step[1]];
            let strayed = (next[0] - start[0]).abs().max((next[1] - start[1]).abs());
            if strayed > self.size as f32 {
                break;
            }
            let fit = self.measure(current, next);
            if fit.error >= best.error {
                // The residuals are those of the rejected step: measure once more, so that they vote for `best`.
                return self.measure(current, best.displacement);
            }
            best = fit;
            if step[0] * step[0] + step[1] * step[1] < ARRIVED {
                break;
            }
        }
        best
    }

    /// The residual of a displacement, the current frame read between pixels by bilinear interpolation. Beyond the
    /// border the patch stays where the border ends.
    #[inline(always)]
    fn measure(&mut self, current: &Plane, displacement: [f32; 2]) -> Fit {
        let shape = current.shape;
        // Positions from the border's first cell are not negative, where truncation is the floor.
        let position = |axis: usize, length: usize| {
            let greatest = (length + 2 * BORDER - self.size - 2) as f32;
            (self.place[axis] as f32 + BORDER as f32 + displacement[axis]).clamp(0.0, greatest)
        };
        let (x, y) = (position(0, shape.width), position(1, shape.height));
        let (left, top) = (x as usize, y as usize);
        let (x, y) = (x - left as f32, y - top as f32);
        let corner = [(1.0 - y) * (1.0 - x), (1.0 - y) * x, y * (1.0 - x), y * x].map(Lanes::all);
        let mut slope = [Lanes::default(); 2];
        let (mut sum, mut square) = (Lanes::default(), Lanes::default());
        for column in 0..self.across {
            let mut at = top * shape.stride + left + column * LANES;
            let load = |at: usize| {
                let cells = &current.cells[at..at + LANES + 1];
                (Lanes::load(cells, 0), Lanes::load(cells, 1))
            };
            let (first, second) = load(at);
            let mut upper = corner[0] * first + corner[1] * second;
            for row in 0..self.size {
                let vector = row * self.across + column;
                at += shape.stride;
                let (first, second) = load(at);
                let shifted = upper + (corner[2] * first + corner[3] * second);
                upper = corner[0] * first + corner[1] * second;
                let residual = self.inside[vector] * (shifted - self.grey[vector]);
                self.residual[vector] = residual;
                slope[0] += self.right[vector] * residual;
                slope[1] += self.down[vector] * residual;
                sum += residual;
                square += residual * residual;
            }
        }
        let mean = sum.sum() / self.pixels();
        let error = square.sum() - mean * mean * self.pixels();
        Fit { displacement, slope: slope.map(Lanes::sum), mean, error }
    }

    /// Adds this patch's displacement to the pixels that it covers.
    #[inline(always)]
    fn vote(&self, fit: Fit, sum: &mut Field, weight: &mut Plane) {
        let [x, y] = self.place;
        let [u, v] = fit.displacement.map(Lanes::all);
        let (mean, one) = (Lanes::all(fit.mean), Lanes::all(1.0));
        for row in 0..self.size {
            for column in 0..self.across {
                let vector = row * self.across + column;
                let at = weight.shape.at((x + column * LANES) as isize, (y + row) as isize);
                let w = self.inside[vector] / (self.residual[vector] - mean).abs().max(one);
                let add = |plane: &mut Plane, value: Lanes| {
                    (Lanes::load(&plane.cells, at) + value).store(&mut plane.cells, at);
                };
                add(&mut sum.u, w * u);
                add(&mut sum.v, w * v);
                add(weight, w);
            }
        }
    }
}
