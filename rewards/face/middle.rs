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
use crate::descriptor::{self, FINE};
use crate::summed_area::SummedArea;

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

    /// From what W has of the left half of a window, `[direction, row, column]`, for steps across and down, and what b has of a
    /// step down; both in sides of the box around a head.
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

/// The same in the frame of `table`.
fn seen_in(table: &mut SummedArea, face: Face) -> [f32; LENGTH] {
    let mut seen = [0.0; LENGTH];
    descriptor::describe_square::<FINE>(table, face.x, face.y, WINDOW * face.size, &mut seen);
    seen
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::face::FaceOptions;
    use crate::face::finder::Finder;
    use innate_envs::standard;

    const WIDTH: usize = 60;

    fn texture(x: usize, y: usize) -> u8 {
        ((x * x * 31 + y * y * 17 + x * y * 7) % 197) as u8
    }

    #[test]
    fn the_mirror_image_leads_to_the_mirrored_place() {
        let frame: Vec<u8> = (0..40 * WIDTH).map(|i| texture(i % WIDTH, i / WIDTH)).collect();
        let mirrored: Vec<u8> = (0..40 * WIDTH).map(|i| texture(WIDTH - 1 - i % WIDTH, i / WIDTH)).collect();
        let (guide, face) = (Guide::innate(), Face { x: 24.5, y: 20.0, size: 18.0, score: 0.5 });
        let [across, down] = guide.step(&seen(&frame, WIDTH, face));
        let other = Face { x: WIDTH as f32 - face.x, ..face };
        let [mirrored_across, mirrored_down] = guide.step(&seen(&mirrored, WIDTH, other));
        assert!((across + mirrored_across).abs() < 1e-3 && (down - mirrored_down).abs() < 1e-3);
        assert!(across.abs() > 0.01, "{across}");
    }

    #[test]
    fn a_face_stays_near_where_the_template_fits_and_keeps_its_size() {
        for width in [1, 7, WIDTH] {
            let mut table = SummedArea::new(40, width);
            table.compute(&(0..40 * width).map(|i| texture(i % width, i / width)).collect::<Vec<u8>>());
            let found = Face { x: 1.0, y: 39.0, size: 20.0, score: 0.5 };
            let face = Guide::innate().follow(&mut table, found);
            let reach = REACH * found.size + 1e-3;
            assert!((face.x - found.x).abs() <= reach && (face.y - found.y).abs() <= reach, "{face:?}");
            assert_eq!((face.size, face.score), (found.size, found.score));
        }
    }

    #[test]
    fn heads_of_people_never_seen_are_found_within_half_the_distance_from_their_middle() {
        let (mut env, _) = standard().build("nursery", &"people = 'test'".parse().unwrap(), "env").unwrap();
        let mut finder = Finder::new(84, 84, &FaceOptions::default());
        let mut observation = env.spec().buffer();
        let place = env.spec().observation.iter().position(|spec| spec.name == "frame").unwrap();
        let (mut fits, mut middles) = (0.0, 0.0);
        for episode in 0..60 {
            env.reset(Some(episode), &mut observation).unwrap();
            for _ in 0..episode % 20 {
                env.step(0, &mut observation).unwrap();
            }
            let [x, y] = env.truth().unwrap().gazes[0].origin.map(|coordinate| coordinate + 0.5);
            let apart = |face: Face| (face.x - x).hypot(face.y - y);
            let frame = observation.arrays[place].as_u8().unwrap();
            let (Some(fit), Some(found)) = (finder.fits(frame)[0], finder.find(frame)[0]) else { continue };
            if apart(fit) < 6.0 {
                fits += apart(fit);
                middles += apart(found);
            }
        }
        assert!(middles < fits / 2.0, "{middles} {fits}");
    }
}
