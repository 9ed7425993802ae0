//! What evolution would have done: finds the drawing by which `face` knows faces.
//!
//! `cargo run --release -p innate-rewards --example face_template`
//!
//! In the nursery's world "hard", of the people of the training: the windows of contrast that lie on a head are told from those
//! that lie elsewhere and look most like it, by logistic regression. Each round seeks anew, with the weights found so far, which
//! window fits each head best, and which do elsewhere. The weights are made symmetric, and rounded; the left half of either
//! drawing is printed, the part of `rewards/face/template.rs` that nobody wrote, and how often it fails people of the test.

mod heads;

use heads::{Head, SIZE, frames};
use innate_nn::Random;
use innate_rewards::face::FaceOptions;
use innate_rewards::face::contrast::Contrast;
use innate_rewards::face::template::{COLUMNS, LENGTH, ROWS, window};
use rand::{Rng, SeedableRng};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Side of the box around a head that the first idea is of, in pixels: the third that `face` seeks, nearest to most heads.
const FIRST: f32 = 14.0 * 1.2 * 1.2;
/// Episodes that are seen, and the steps from one frame that is taken to the next.
const EPISODES: u64 = 600;
const EVERY: u64 = 14;
/// Rounds of seeking, and how many windows of a frame lie elsewhere: those taken at random at first, and in each round.
const ROUNDS: usize = 5;
const ANYWHERE: usize = 8;
const WORST: usize = 4;
/// Pixels from the middle of a head within which a window lies on it, and beyond which it lies elsewhere.
const ON: f32 = 2.0;
const OFF: f32 = 7.0;
/// Of the regression: steps, their size, momentum.
const STEPS: usize = 2_000;
const RATE: f32 = 5.0;
const MOMENTUM: f32 = 0.9;
/// The greatest level of the drawing.
const LEVELS: f32 = 4.0;

type Window = [f32; LENGTH];

/// A window of a frame.
struct Candidate {
    window: Window,
    score: f32,
    /// How far its middle lies from that of the head, in pixels.
    apart: f32,
}

fn main() -> Outcome {
    let (frames, unknown) = (frames("train", EPISODES, EVERY)?, frames("test", EPISODES / 3, EVERY)?);
    let mut random = Random::seed_from_u64(0);
    let (mut weights, mut elsewhere) = (first_idea(&frames), Vec::new());
    for round in 0..ROUNDS {
        let mut heads = Vec::new();
        for (frame, head) in &frames {
            let (on, mut off): (Vec<_>, Vec<_>) =
                candidates(frame, *head, &weights).into_iter().filter(is_clear).partition(|window| window.apart < ON);
            heads.extend(on.iter().max_by(|one, other| one.score.total_cmp(&other.score)).map(|best| best.window));
            if round == 0 {
                elsewhere.extend((0..ANYWHERE).map(|_| off[random.random_range(0..off.len())].window));
            }
            off.sort_by(|one, other| other.score.total_cmp(&one.score));
            elsewhere.extend(off.iter().take(WORST).map(|worst| worst.window));
        }
        weights = told_apart(&heads, &elsewhere);
        println!("round {round}: {} of {} heads are missed", missed(&frames, &weights), frames.len());
    }
    let level = weights.iter().fold(0.0_f32, |most, weight| most.max(weight.abs())) / LEVELS;
    let drawing = weights.map(|weight| (weight / level).round());
    for plane in drawing.chunks_exact(ROWS * COLUMNS) {
        println!("[");
        plane.chunks_exact(COLUMNS).for_each(|row| {
            println!("    {:?},", row[..COLUMNS / 2].iter().map(|&level| level as i8).collect::<Vec<_>>())
        });
        println!("]");
    }
    println!("the drawing misses {} of {} heads of the test", missed(&unknown, &drawing), unknown.len());
    Ok(())
}

/// Whether a window lies on a head or elsewhere, and not beside one.
fn is_clear(candidate: &Candidate) -> bool {
    !(ON..=OFF).contains(&candidate.apart)
}

/// In how many frames the best window lies elsewhere.
fn missed(frames: &[Head], weights: &Window) -> usize {
    let best = |(frame, head): &Head| {
        candidates(frame, *head, weights).into_iter().max_by(|one, other| one.score.total_cmp(&other.score))
    };
    frames.iter().filter_map(best).filter(|best| best.apart > OFF).count()
}

/// What the windows of one size that lie nearest to the heads have in common.
fn first_idea(frames: &[Head]) -> Window {
    let mut sum = [0.0; LENGTH];
    for (frame, [x, y]) in frames {
        let contrast = Contrast::of(FIRST, frame, SIZE);
        let begin = |middle: f32, cells: usize, all: usize| {
            ((middle / contrast.cell() - cells as f32 / 2.0).round().max(0.0) as usize).min(all - cells)
        };
        let window = window(&contrast, begin(*y, ROWS, contrast.rows), begin(*x, COLUMNS, contrast.columns));
        sum.iter_mut().zip(window).for_each(|(sum, cell)| *sum += cell);
    }
    sum
}

/// All windows of a frame.
fn candidates(frame: &[u8], head: [f32; 2], weights: &Window) -> Vec<Candidate> {
    let mut found = Vec::new();
    for contrast in FaceOptions::default().sizes().map(|size| Contrast::of(size, frame, SIZE)) {
        let places =
            (0..=contrast.rows - ROWS).flat_map(|top| (0..=contrast.columns - COLUMNS).map(move |left| (top, left)));
        for (top, left) in places {
            let window = window(&contrast, top, left);
            let score = dot(weights, &window);
            let along = |begin: usize, cells: usize| (begin as f32 + cells as f32 / 2.0) * contrast.cell();
            let apart = (along(left, COLUMNS) - head[0]).hypot(along(top, ROWS) - head[1]);
            found.push(Candidate { window, score, apart });
        }
    }
    found
}

/// Symmetric weights, of mean 0, that tell `heads` from what lies `elsewhere`, both as much as each other.
fn told_apart(heads: &[Window], elsewhere: &[Window]) -> Window {
    let (mut weights, mut bias, mut speed) = ([0.0; LENGTH], 0.0, [0.0; LENGTH + 1]);
    for _ in 0..STEPS {
        let mut slope = [0.0; LENGTH + 1];
        for (windows, target) in [(heads, 1.0), (elsewhere, 0.0)] {
            for window in windows {
                let error = (1.0 / (1.0 + (-dot(&weights, window) - bias).exp()) - target) / windows.len() as f32;
                slope.iter_mut().zip(window).for_each(|(slope, cell)| *slope += error * cell);
                slope[LENGTH] += error;
            }
        }
        speed.iter_mut().zip(slope).for_each(|(speed, slope)| *speed = MOMENTUM * *speed - RATE * slope);
        for (i, weight) in weights.iter_mut().enumerate() {
            let mirrored = i / COLUMNS * COLUMNS + COLUMNS - 1 - i % COLUMNS;
            *weight += 0.5 * (speed[i] + speed[mirrored]);
        }
        bias += speed[LENGTH];
    }
    weights
}

fn dot(one: &Window, other: &Window) -> f32 {
    // Lanes of their own let the compiler add many at once.
    let mut lanes = [0.0; 8];
    for (one, other) in one.chunks_exact(8).zip(other.chunks_exact(8)) {
        lanes.iter_mut().zip(one.iter().zip(other)).for_each(|(lane, (a, b))| *lane += a * b);
    }
    lanes.iter().sum()
}
