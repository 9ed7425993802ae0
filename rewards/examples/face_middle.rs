//! What evolution would have done, once more: finds the weights by which `face` knows the middle of a head.
//!
//! `cargo run --release -p innate-rewards --example face_middle`
//!
//! In the nursery's world "hard", of the people of the training: where the template fits best is a start, and so is every place
//! to which the weights found so far lead from there in fewer steps than all. Ridge regression of the way to the true middle on
//! what is seen at all starts gives the next weights. They are symmetric, and rounded; the left half is printed, the part of
//! `rewards/face/middle.rs` that nobody wrote, and how far from their middle heads of people of the test are taken to be.

mod heads;

use heads::{Head, SIZE, frames};
use innate_rewards::descriptor::{FINE, mirror};
use innate_rewards::face::finder::Finder;
use innate_rewards::face::middle::{Guide, HALF, LENGTH, STEPS, seen};
use innate_rewards::face::{Face, FaceOptions};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Episodes that are seen, and the steps from one frame that is taken to the next.
const EPISODES: u64 = 600;
const EVERY: u64 = 7;
/// Pixels from the middle of a head beyond which a face is none of it.
const OFF: f32 = 6.0;
/// Weight decay, per start.
const DECAY: f64 = 1e-4;
/// The greatest level of the drawing.
const LEVELS: f32 = 9.0;

/// A head, and where it is taken to be.
struct Found {
    head: Head,
    face: Face,
}

/// A way from a start to the middle: what is seen there, and how far that is across and down, in sizes of the head.
type Way = ([f32; LENGTH], [f32; 2]);

fn main() -> Outcome {
    let (train, test) = (found("train", EPISODES)?, found("test", EPISODES / 3)?);
    let (mut ways, mut guide) = (Vec::new(), Guide::new(&[[0.0; HALF]; 2], 0.0));
    let mut halves = ([[0.0; HALF]; 2], 0.0);
    for steps in 0..STEPS {
        ways.extend(train.iter().map(|found| way(found, &guide, steps)));
        halves = regressed(&ways)?;
        guide = Guide::new(&halves.0, halves.1);
    }
    println!("{} heads of the training, {:.2} pixels from their middle", train.len(), apart(&train, &guide));

    let greatest = halves.0.iter().flatten().fold(0.0_f32, |most, weight| most.max(weight.abs()));
    let level = greatest / LEVELS;
    let drawing = halves.0.map(|part| part.map(|weight| (weight / level).round()));
    drawing.iter().for_each(|part| println!("{:?},", part.map(|level| level as i8)));
    println!("LEVEL: {level:.5}, DOWN: {:.5}", halves.1);
    let rounded = Guide::new(&drawing.map(|part| part.map(|weight| weight * level)), halves.1);
    let before = apart(&test, &Guide::new(&[[0.0; HALF]; 2], 0.0));
    println!("{} of the test: {before:.2} before, {:.2} after", test.len(), apart(&test, &rounded));
    Ok(())
}

/// Heads of these people, where the template finds them.
fn found(people: &str, episodes: u64) -> Outcome<Vec<Found>> {
    let mut finder = Finder::new(SIZE, SIZE, &FaceOptions::default());
    let found = frames(people, episodes, EVERY)?.into_iter().filter_map(|head| {
        let face = finder.fits(&head.0)[0]?;
        (distance(face, head.1) < OFF).then_some(Found { head, face })
    });
    Ok(found.collect())
}

/// Where `guide` leads in so many steps.
fn led(found: &Found, guide: &Guide, steps: usize) -> (Face, [f32; LENGTH]) {
    let look = |face| seen(&found.head.0, SIZE, face);
    (0..steps).fold((found.face, look(found.face)), |(face, seen), _| {
        let [across, down] = guide.step(&seen);
        let face = Face { x: face.x + face.size * across, y: face.y + face.size * down, ..face };
        (face, look(face))
    })
}

fn way(found: &Found, guide: &Guide, steps: usize) -> Way {
    let (face, seen) = led(found, guide, steps);
    (seen, [(found.head.1[0] - face.x) / face.size, (found.head.1[1] - face.y) / face.size])
}

/// The mean distance, in pixels, of where `guide` leads from the middle.
fn apart(found: &[Found], guide: &Guide) -> f32 {
    let sum: f32 = found.iter().map(|found| distance(led(found, guide, STEPS).0, found.head.1)).sum();
    sum / found.len() as f32
}

fn distance(face: Face, head: [f32; 2]) -> f32 {
    (face.x - head[0]).hypot(face.y - head[1])
}

/// The left half of the weights of steps across and down, and what a step down has besides.
fn regressed(ways: &[Way]) -> Outcome<([[f32; HALF]; 2], f32)> {
    let mut parts = [[0.0; HALF]; 2];
    let mut bias = 0.0;
    for (part, weights) in parts.iter_mut().enumerate() {
        // The right half has the mirrored weights: for steps across with the other sign.
        let sign = if part == 0 { -1.0 } else { 1.0 };
        let rows = ways.iter().map(|(seen, way)| {
            let mut mirrored = *seen;
            mirror::<FINE>(&mut mirrored);
            let both = seen.iter().zip(mirrored).enumerate();
            let left = both.filter(|(i, _)| i % FINE < FINE / 2);
            let mut inputs: Vec<f64> = left.map(|(_, (&one, other))| f64::from(one + sign * other)).collect();
            inputs.push(f64::from(part as u8));
            (inputs, f64::from(way[part]))
        });
        let solution = ridge(rows, HALF + 1).ok_or("the heads are too few, or all the same")?;
        weights.iter_mut().zip(&solution).for_each(|(weight, &found)| *weight = found as f32);
        bias = solution[HALF] as f32;
    }
    Ok((parts, bias))
}

/// The `count` weights w with which Σ (w · inputs − target)² + decay ‖w‖² is least, by Cholesky's decomposition.
fn ridge(rows: impl Iterator<Item = (Vec<f64>, f64)>, count: usize) -> Option<Vec<f64>> {
    let (mut matrix, mut right, mut ways) = (vec![vec![0.0; count]; count], vec![0.0; count], 0.0);
    for (inputs, target) in rows {
        for ((line, sum), &input) in matrix.iter_mut().zip(&mut right).zip(&inputs) {
            line.iter_mut().zip(&inputs).for_each(|(cell, other)| *cell += input * other);
            *sum += input * target;
        }
        ways += 1.0;
    }
    (0..count).for_each(|i| matrix[i][i] += DECAY * ways);
    for i in 0..count {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| matrix[i][k] * matrix[j][k]).sum();
            let rest = matrix[i][j] - known;
            matrix[i][j] = if i > j { rest / matrix[j][j] } else { rest.sqrt() };
        }
    }
    for i in 0..count {
        let known: f64 = (0..i).map(|k| matrix[i][k] * right[k]).sum();
        right[i] = (right[i] - known) / matrix[i][i];
    }
    for i in (0..count).rev() {
        let known: f64 = (i + 1..count).map(|k| matrix[k][i] * right[k]).sum();
        right[i] = (right[i] - known) / matrix[i][i];
    }
    right.iter().all(|weight| weight.is_finite()).then_some(right)
}
