//! Where the middle of a head lies, whatever its features do.
//!
//! A head that looks down has its eyes, its nose and its mouth lower than one that looks ahead, and the place where the template
//! fits best ([`super::finder`]) goes with them: the same features are then seen at the same place of a face, and its gaze is
//! hard to read. From that place a few steps lead to the middle of the head, each linear in what is seen where the last one has
//! led (supervised descent; Xiong & De la Torre 2013, *Supervised descent method and its applications to face alignment*):
//!
//! ```text
//! p ← p + s (W d(p) + b)        d(p): descriptor of the window of 1.3 s around p, s: side of the box around the head
//! ```
//!
//! W and b are innate as the template is: the example `face_middle` finds them with heads of the nursery's people, and knows
//! nothing of where these look. Departures from Xiong & De la Torre:
//!
//! 1. All steps have the same W and b, which are found for what is seen at the start of each of them.
//! 2. One point is sought, in a window whose size is known, and what is seen is one descriptor of [`crate::descriptor`].
//! 3. The mirror image of a window leads to the mirrored place.

use super::Face;
use crate::descriptor::{self, FINE, SIDE};
use crate::summed_area::{Area, SummedArea};

/// Numbers of what is seen of a head.
pub const LENGTH: usize = descriptor::length(FINE);
/// Numbers of its left half.
pub const HALF: usize = LENGTH / 2;
/// Steps from where the template fits to the middle.
pub const STEPS: usize = 3;
/// Side of the window, in sides of the box around a head.
const WINDOW: f32 = 1.3;
/// Share of a head's size by which its middle lies at most beside the place where the template fits, along either axis.
const REACH: f32 = 0.2;
/// Pixels along a side of a window, with the rim that gradients need.
const VIEW: usize = SIDE + 2;

/// What W has of each number of the left half, `[direction, row, column]`, for steps across and down; in units of [`LEVEL`].
const WEIGHTS: [[i8; HALF]; 2] = [
    [
        1, 1, 0, 1, -1, 0, 0, 0, 0, -2, 1, -2, 0, -4, 0, -2, -1, -1, -1, -2, -1, 0, 3, 2, 1, -1, 1, -4, 3, 5, 1, 0, -1,
        -3, 3, 2, -5, -1, 3, -1, -6, -4, 1, 0, -5, -3, 0, 1, -1, 2, 5, 1, -1, 1, 2, -1, 1, -1, 2, 1, -1, 1, -3, 1, 1,
        -2, 0, 0, 1, -3, 2, 0, -4, -6, -1, -2, -1, -3, -3, -1, 0, -1, 1, 1, -2, 2, 1, 2, 1, 1, 0, 2, -3, -1, 0, -1, 2,
        0, -1, -1, -1, -1, 0, -1, -3, -3, -1, -1, 1, 0, -3, -2, -1, 1, -4, -2, -1, -1, 7, 1, 0, -3, 4, -6, -2, -2, 2,
        1, 1, 2, 2, -2, -1, 1, 2, 1, -2, 1, 0, -1, 2, 2, -3, -2, -2, -1, 3, 0, -1, -1, 2, -3, 1, -1, -2, -4, 1, 2, -5,
        4, 0, -2, 1, 4, -3, -1, 0, 0, -3, 0, 2, 0, -2, 1, -5, -5, -2, 1, 1, -1, -4, -1, -2, -1, -3, 0, 1, -1, -3, 3,
        -3, 6, 2, -4, -3, 1, 0, -3, -1, -1, -2, 0, -1, 3, -4, -1, -1, -3, -2, 1, 2, -3, -1, -3, 4, -1, 2, 0, 2, 0, -8,
        0, -2, -4, 2, 3, -2, -1, -2, -1, 0, 1, -2, -1, -2, 0, 0, 1, 3, -2, -2, 0, 1, 0, -4, -3, 8, 0, -4, -7, 1, -4,
        -5, -1, -5, 5,
    ],
    [
        1, -4, -2, -3, -3, -1, 4, 2, 0, -2, 0, 1, 0, -3, -2, 0, 2, 3, 2, 3, 1, 4, 1, -2, -2, 0, 2, 0, 4, 2, 2, 2, 1,
        -9, -3, 2, -2, 0, 0, 1, 0, -4, -2, 1, 2, 2, -2, 1, 4, 4, 5, -2, 2, 0, 1, 2, 0, 0, -7, -4, -1, -1, 1, 0, 1, 1,
        1, 4, 2, 0, -4, 1, -2, 0, 0, -2, 0, 1, -2, 0, -1, -2, -2, -2, 0, 0, 4, 3, 1, 3, -2, 6, -2, 0, 1, -3, 1, -2, -3,
        2, 1, 2, -4, 2, -2, 2, 1, -1, -1, 2, 1, 3, -1, -5, -4, 2, 3, -2, -2, 1, 2, 4, 0, 5, -2, 2, -1, -5, -1, -2, 0,
        -2, 1, 3, 1, -1, -2, -3, 0, 2, 0, 2, 1, 4, 2, -1, 1, 1, 2, 0, 2, -2, 2, 4, 3, -2, -1, 1, -3, 0, 1, -3, -4, 1,
        -1, 4, 6, -2, 1, -2, 3, 0, 1, 4, -4, -3, -2, -1, -2, 0, 0, 1, -2, -6, -1, 5, -1, -2, -9, -3, 0, 2, 1, 1, 0, 3,
        2, -6, -1, 2, 0, 2, 4, -3, -1, 1, -4, 0, 0, 1, -1, 3, 1, 2, -1, -1, -4, 1, -3, 5, -8, 0, 0, 2, 3, -1, -1, 0,
        -1, -2, -4, -2, 2, 4, 1, -1, 1, -2, -5, 0, -2, -3, -1, 0, 0, -3, -3, -2, -2, 2, -9, 0, -6, 2, 5, 8,
    ],
];
/// Sides of the box around a head.
const LEVEL: f32 = 0.01120;
/// What b has of a step down; it has nothing of one across.
const DOWN: f32 = 0.02009;

/// W and b.
pub struct Guide {
    /// Of steps across and down, `[2, direction, row, column]`, in sides of the box around a head.
    weights: [[f32; LENGTH]; 2],
    down: f32,
}

impl Guide {
    /// The innate one.
    pub(super) fn innate() -> Self {
        Self::new(&WEIGHTS.map(|part| part.map(|level| LEVEL * f32::from(level))), DOWN)
    }

    /// From what W has of the left half of a window, for steps across and down, and what b has of a step down.
    pub fn new(halves: &[[f32; HALF]; 2], down: f32) -> Self {
        let weights = std::array::from_fn(|part| {
            let (mut weights, mut mirrored) = ([0.0; LENGTH], [0.0; LENGTH]);
            let rows = weights.chunks_exact_mut(FINE).zip(halves[part].chunks_exact(FINE / 2));
            rows.for_each(|(row, half)| row[..FINE / 2].copy_from_slice(half));
            mirrored.copy_from_slice(&weights);
            descriptor::mirror::<FINE>(&mut mirrored);
            let sign = if part == 0 { -1.0 } else { 1.0 };
            weights.iter_mut().zip(mirrored).for_each(|(weight, mirrored)| *weight += sign * mirrored);
            weights
        });
        Self { weights, down }
    }

    /// The step across and down from where so much is seen of a head, in sides of the box around it.
    pub fn step(&self, seen: &[f32; LENGTH]) -> [f32; 2] {
        let [across, down] = self.weights.each_ref().map(|weights| weights.iter().zip(seen).map(|(w, d)| w * d).sum());
        [across, down + self.down]
    }

    /// The face with its place in the middle of its head.
    pub(super) fn follow(&self, table: &mut SummedArea, found: Face) -> Face {
        let reach = REACH * found.size;
        (0..STEPS).fold(found, |face, _| {
            let [across, down] = self.step(&seen_in(table, face));
            let (x, y) = (face.x + face.size * across, face.y + face.size * down);
            Face { x: x.clamp(found.x - reach, found.x + reach), y: y.clamp(found.y - reach, found.y + reach), ..face }
        })
    }
}

/// What is seen of a head at the place and of the size of `face`, in `frame`, `width` pixels across, 1 or more.
pub fn seen(frame: &[u8], width: usize, face: Face) -> [f32; LENGTH] {
    let mut table = SummedArea::new(frame.len() / width, width);
    table.compute(frame);
    seen_in(&mut table, face)
}

fn seen_in(table: &mut SummedArea, face: Face) -> [f32; LENGTH] {
    let mut pixels = [0.0; VIEW * VIEW];
    let side = WINDOW * face.size * VIEW as f32 / SIDE as f32;
    table.resample(Area::around(face.x, face.y, side), VIEW, &mut pixels);
    let middle = VIEW as f32 / 2.0;
    let mut seen = [0.0; LENGTH];
    descriptor::describe::<FINE>(&pixels.map(|grey| grey.round() as u8), VIEW, middle, middle, &mut seen);
    seen
}
