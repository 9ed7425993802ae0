//! The same thing seen otherwise: what is learned from a few examples should hold for what was never seen.
//!
//! An example is remembered as a patch of pixels. Each time it is learned from, it is drawn anew how it is seen,
//!
//! ```text
//! I'(p) = I(c + e^s R(φ) p + t)        φ any angle,  s ∈ ±STRETCH,  t ∈ ±SHIFT along either axis
//! ```
//!
//! mirrored or not; a [descriptor](crate::descriptor) of I' is what the area sees.

use crate::descriptor::{self, FINE, SIDE};
use innate_nn::Random;
use rand::Rng;
use std::f32::consts::TAU;

/// Pixels along a side of a remembered patch: what a described one needs, however it is turned and stretched.
const VIEW: usize = 38;
/// Pixels of a remembered patch.
pub(crate) const PIXELS: usize = VIEW * VIEW;
/// Pixels along a side of a patch with the rim that its gradients need.
const SEEN: usize = SIDE + 2;
/// Greatest logarithm of a change of size.
const STRETCH: f32 = 0.25;
/// Greatest move along either axis, in pixels.
const SHIFT: f32 = 1.0;

/// Takes what is to be remembered of the place (`x`, `y`) of a frame of `width` pixels across, which goes on beyond its edges as its
/// outermost pixels.
pub(crate) fn cut(frame: &[u8], width: usize, (x, y): (f32, f32), patch: &mut [u8]) {
    let (columns, rows) = (descriptor::around::<VIEW>(x, width), descriptor::around::<VIEW>(y, frame.len() / width));
    for (patch, row) in patch.chunks_exact_mut(VIEW).zip(rows) {
        let line = &frame[row * width..][..width];
        patch.iter_mut().zip(columns).for_each(|(pixel, column)| *pixel = line[column]);
    }
}

/// Describes a remembered patch as it was.
pub(crate) fn describe(patch: &[u8], out: &mut [f32]) {
    let middle = (VIEW / 2) as f32;
    descriptor::describe::<FINE>(patch, VIEW, middle, middle, out);
}

/// Describes a remembered patch as it might have been seen.
pub(crate) fn describe_varied(patch: &[u8], random: &mut Random, out: &mut [f32]) {
    let (sin, cos) = random.random_range(0.0..TAU).sin_cos();
    let size = random.random_range(-STRETCH..=STRETCH).exp();
    let [right, down] = [(); 2].map(|()| random.random_range(-SHIFT..=SHIFT));
    let mut seen = [0; SEEN * SEEN];
    for (i, pixel) in seen.iter_mut().enumerate() {
        let [u, v] = [i % SEEN, i / SEEN].map(|index| size * (index as f32 - (SEEN - 1) as f32 / 2.0));
        *pixel = light(patch, right + cos * u - sin * v, down + sin * u + cos * v);
    }
    let middle = (SEEN / 2) as f32;
    descriptor::describe::<FINE>(&seen, SEEN, middle, middle, out);
    if random.random() {
        descriptor::mirror::<FINE>(out);
    }
}

/// The light of a patch at a place between pixels, seen from its middle.
fn light(patch: &[u8], x: f32, y: f32) -> u8 {
    let inside = |from_middle: f32| (from_middle + (VIEW - 1) as f32 / 2.0).clamp(0.0, (VIEW - 1) as f32);
    let (x, y) = (inside(x), inside(y));
    let (column, row) = (x as usize, y as usize);
    let at = |row: usize, column: usize| f32::from(patch[row.min(VIEW - 1) * VIEW + column.min(VIEW - 1)]);
    let along = |row: usize| at(row, column) + x.fract() * (at(row, column + 1) - at(row, column));
    (along(row) + y.fract() * (along(row + 1) - along(row))).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    const LENGTH: usize = descriptor::length(FINE);
    const WIDTH: usize = 50;

    fn patch(light: impl Fn(usize, usize) -> usize) -> Vec<u8> {
        let frame: Vec<u8> = (0..WIDTH * 40).map(|i| light(i % WIDTH, i / WIDTH) as u8).collect();
        let mut patch = vec![0; PIXELS];
        cut(&frame, WIDTH, (23.3, 18.8), &mut patch);
        let (mut remembered, mut there) = ([0.0; LENGTH], [0.0; LENGTH]);
        describe(&patch, &mut remembered);
        descriptor::describe::<FINE>(&frame, WIDTH, 23.3, 18.8, &mut there);
        assert_eq!(remembered, there);
        patch
    }

    #[test]
    fn a_remembered_patch_is_described_as_its_place_was() {
        patch(|x, y| (x * 37 + y * 101 + x * y * 13) % 256);
        patch(|x, _| 5 * x);
    }

    #[test]
    fn an_edge_is_seen_turned_every_way() {
        let ramp = patch(|x, _| 5 * x);
        let (mut random, mut turned) = (Random::seed_from_u64(2), [0.0_f32; 8]);
        for _ in 0..200 {
            let mut out = [0.0; LENGTH];
            describe_varied(&ramp, &mut random, &mut out);
            for (turned, plane) in turned.iter_mut().zip(out.chunks_exact(LENGTH / 8)) {
                *turned = turned.max(plane[0]);
            }
        }
        // As it was, light grows to the right alone.
        assert!(turned.into_iter().all(|direction| direction > 0.02), "{turned:?}");
    }
}
