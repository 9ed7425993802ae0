//! Does an area that was never told what a hand is find hands in a film?
//!
//! `cargo run --release --example film_hands -- FILM LABELS [--steps N] [--seeds N] [--varied true]`, with LABELS as for the
//! example `film_movers` of innate-rewards.
//!
//! The areas of the run `nursery` are raised on the film's first half, played again and again, and others in the nursery's
//! world "hard"; both look at the second half once, and learn nothing there. `hand` learns from mover events and from what
//! is followed after them, `agreed` also from what lies around, and `any` from as many places with any motion. A place shows a
//! hand if it lies in a labelled box, and none if it lies [`BESIDE`] pixels or more outside each; frames without a labelled
//! hand are left out, since the labels miss some.
//!
//! One thing was chosen by what came out here: areas raised on the film see their examples as they are, for whoever is in its
//! second half was in its first; with `--varied true` they see them otherwise each time, as in the nursery, and find fewer.

#[path = "../rewards/examples/labels/mod.rs"]
mod labels;

use innate::agents::evaluation::Scene;
use innate::agents::trainer::Observer;
use innate::agents::{Checkpoint, Mode, Plan, RunFolder, Trainer, evaluate};
use innate::envs::video::{Film, VideoOptions};
use innate::experiments::{judged_areas, taught_areas};
use innate::judge::{Judged, average_precision, judged};
use innate::run_file::RunFile;
use labels::Labels;
use std::collections::BTreeMap;
use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The areas that are compared, and what their examples are.
const AREAS: [&str; 3] = ["hand", "agreed", "any"];
/// Width and height of a frame: the film's shape nearly, and as many cells as the nursery has, so that one body serves both.
const SIZE: [u32; 2] = [168, 84];
const CELLS: u32 = 7;
/// Pixels outside a box from which a place shows no hand.
const BESIDE: f32 = 8.0;
/// The share of the hands' places that must be found where precision is told.
const RECALL: f64 = 0.3;

/// Notes how many examples `hand` has had.
#[derive(Default)]
struct Watch {
    examples: f64,
}

impl Observer for Watch {
    fn warn(&mut self, _: &str) {}

    fn points(&mut self, _: u64, points: &[(String, f64)]) {
        let examples = points.iter().filter(|(tag, _)| tag == "signal/hand/examples");
        self.examples = examples.map(|(_, value)| *value).next_back().unwrap_or(self.examples);
    }
}

fn main() -> Outcome {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [film, labels, options @ ..] = args.as_slice() else {
        return Err("usage: film_hands FILM LABELS [--steps N] [--seeds N] [--varied true]".into());
    };
    let (mut steps, mut seeds, mut varied) = (30_000, 3, false);
    for pair in options.chunks(2) {
        match pair {
            [key, value] if key == "--steps" => steps = value.parse()?,
            [key, value] if key == "--seeds" => seeds = value.parse()?,
            [key, value] if key == "--varied" => varied = value.parse()?,
            _ => return Err(format!("{}: expected --steps N, --seeds N or --varied true", pair.join(" ")).into()),
        }
    }
    let labels = Labels::read(labels)?;
    let frames = Film::read(&VideoOptions::new(film))?.len();
    let half = frames / 2;
    let on_film = |seed: u64| on_film(film, half, varied, run(seed, steps)?);
    for (raised, in_nursery) in [("on the first half", false), ("in the nursery", true)] {
        let mut scores: BTreeMap<&str, Vec<(f32, bool)>> = BTreeMap::new();
        let mut examples = Vec::new();
        for seed in 0..seeds {
            let home = tempfile::tempdir()?;
            let school = if in_nursery { run(seed, steps)? } else { on_film(seed)? };
            examples.push(train(&school, home.path())?);
            let mut exam = on_film(seed)?;
            judged_areas(&AREAS).iter().try_for_each(|(key, value)| exam.set(key, value))?;
            test(&*plan(&exam)?, home.path(), seed, |step, area, Judged { place, score }| {
                let label = (half as usize + step) * labels.each(frames as usize);
                let hand = labels.at(label, SIZE.map(|side| side as f32), place, BESIDE);
                scores.entry(area).or_default().extend(hand.map(|hand| (score, hand)));
            })?;
        }
        println!("raised {raised}, from {examples:?} hand patches:");
        scores.iter().for_each(|(area, scores)| tell(area, scores));
    }
    Ok(())
}

/// Prints what the scores of an area come to.
fn tell(area: &str, scores: &[(f32, bool)]) {
    let chance = scores.iter().filter(|(_, hand)| *hand).count() as f64 / scores.len() as f64;
    let (precise, average) = (precision_at(scores, RECALL), average_precision(scores));
    println!(
        "  {area:8} precision at recall {RECALL} {precise:.3}   average precision {average:.3}   chance {chance:.3}"
    );
}

/// The run `nursery`, with the areas that are compared.
fn run(seed: u64, steps: u64) -> Outcome<RunFile> {
    let mut file = RunFile::find("nursery")?;
    for (key, value) in taught_areas(&AREAS) {
        file.set(&key, &value)?;
    }
    let usual = [("seed", seed.to_string()), ("steps", steps.to_string())];
    let none = ["evaluation.every", "evaluation.final_episodes", "checkpoint.every"].map(|key| (key, "0".to_string()));
    for (key, value) in usual.into_iter().chain(none) {
        file.set(key, &value)?;
    }
    Ok(file)
}

/// The same on the first half of the film, and on its second half when it is tested.
fn on_film(film: &str, half: u32, varied: bool, mut file: RunFile) -> Outcome<RunFile> {
    let size =
        format!("width = {}, height = {}, columns = {CELLS}, rows = {CELLS}, moves = 'saccades'", SIZE[0], SIZE[1]);
    let play = "at_end = 'end', start = 'first', max_episode_steps = 1000000";
    file.set("env", &format!("{{ id = 'video', slots = 4, path = {film:?}, {size}, {play}, frames = {half} }}"))?;
    file.set("evaluation.env", &format!("{{ from = {half}, frames = {} }}", u32::MAX))?;
    // For films in which hands are large and never rest.
    file.set("signals.mover", "{ settled = 0, vast = 1.0 }")?;
    for signal in ["hand", "hand-agreed", "hand-any"] {
        file.set(&format!("signals.{signal}.varied"), &varied.to_string())?;
    }
    Ok(file)
}

fn plan(file: &RunFile) -> Outcome<Arc<Plan>> {
    Ok(Arc::new(Plan::new(file.config()?, innate::standard())?))
}

/// Trains, and answers with the number of examples that `hand` had.
fn train(file: &RunFile, home: &Path) -> Outcome<f64> {
    let mut watch = Watch::default();
    Trainer::new(plan(file)?)?.train(&RunFolder::new(home), &mut watch, &AtomicBool::new(false))?;
    Ok(watch.examples)
}

/// Shows the second half to what was trained in `home`, and tells of each place that it judges: the step, the area and the place.
fn test(plan: &Plan, home: &Path, seed: u64, mut tell: impl FnMut(usize, &'static str, Judged)) -> Outcome {
    let checkpoint = Checkpoint::open(&home.join("latest"))?;
    let mut step = 0;
    let mut watch = |scene: &Scene<'_>| {
        step += 1;
        for area in AREAS {
            judged(plan, scene, area).for_each(|judged| tell(step, area, judged));
        }
        ControlFlow::Continue(())
    };
    evaluate(plan, &checkpoint, Mode::Greedy, 1, seed, &mut watch)?;
    Ok(())
}

/// The precision among the highest scores, as many as it takes to find this share of those that are right.
fn precision_at(scores: &[(f32, bool)], recall: f64) -> f64 {
    let mut sorted: Vec<_> = scores.to_vec();
    sorted.sort_by(|one, other| other.0.total_cmp(&one.0));
    let all = sorted.iter().filter(|(_, right)| *right).count() as f64;
    let mut found = 0.0;
    for (place, (_, right)) in sorted.iter().enumerate() {
        found += f64::from(u8::from(*right));
        if found >= recall * all {
            return found / (place + 1) as f64;
        }
    }
    f64::NAN
}
