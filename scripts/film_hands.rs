//! Does an area that was never told what a hand is find hands in a film? Nothing is tuned on it.
//!
//! `cargo run --release --example film_hands -- FILM LABELS [--steps N] [--seeds N]`, with LABELS as for the example
//! `film_movers` of innate-rewards.
//!
//! The areas of the run `nursery` are raised on the film's first half, played again and again, and others in the nursery's
//! world "hard"; both look at the second half once, and learn nothing there. `tracked` learns from mover events and from what
//! is followed after them, `any` from as many places with any motion, and `hand` also from what lies around. A place shows a
//! hand if it lies in a labelled box, and none if it lies [`BESIDE`] pixels or more outside each; frames without a labelled
//! hand are left out, since the labels miss some.

use innate::agents::evaluation::Scene;
use innate::agents::trainer::Observer;
use innate::agents::{Checkpoint, Mode, Plan, RunFolder, Trainer, evaluate};
use innate::envs::video::{Film, VideoOptions};
use innate::judge::average_precision;
use innate::run_file::RunFile;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The areas that are compared, and what their examples are.
const AREAS: [&str; 3] = ["hand", "tracked", "any"];
/// Width and height of a frame: the film's shape nearly, and as many cells as the nursery has, so that one body serves both.
const SIZE: [u32; 2] = [168, 84];
const CELLS: u32 = 7;
/// Pixels outside a box from which a place shows no hand.
const BESIDE: f32 = 8.0;
/// The share of the hands' places that must be found where precision is told.
const RECALL: f64 = 0.3;

/// Boxes of hands, for each of the film's frames or each so many times as often.
#[derive(Deserialize)]
struct Labels {
    w: f32,
    h: f32,
    frames: Vec<Frame>,
}

#[derive(Deserialize)]
struct Frame {
    hands: Vec<[f32; 5]>,
}

impl Labels {
    /// Whether a hand is at this place of a frame; none where that is not known.
    fn at(&self, frame: usize, place: &[f32]) -> Option<bool> {
        let hands = self.frames.get(frame).map(|frame| &frame.hands).filter(|hands| !hands.is_empty())?;
        let (across, down) = (SIZE[0] as f32 / self.w, SIZE[1] as f32 / self.h);
        let within = |[left, top, right, bottom, _]: &[f32; 5], beside: f32| {
            (left * across - beside..right * across + beside).contains(&place[0])
                && (top * down - beside..bottom * down + beside).contains(&place[1])
        };
        match (hands.iter().any(|hand| within(hand, 0.0)), hands.iter().any(|hand| within(hand, BESIDE))) {
            (true, _) => Some(true),
            (false, true) => None,
            (false, false) => Some(false),
        }
    }
}

/// Notes how many examples `tracked` has had.
#[derive(Default)]
struct Watch {
    examples: f64,
}

impl Observer for Watch {
    fn warn(&mut self, _: &str) {}

    fn points(&mut self, _: u64, points: &[(String, f64)]) {
        let examples = points.iter().filter(|(tag, _)| tag == "signal/hand-tracked/examples");
        self.examples = examples.map(|(_, value)| *value).next_back().unwrap_or(self.examples);
    }
}

fn main() -> Outcome {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [film, labels, options @ ..] = args.as_slice() else {
        return Err("usage: film_hands FILM LABELS [--steps N] [--seeds N]".into());
    };
    let (mut steps, mut seeds) = (30_000, 3);
    for pair in options.chunks(2) {
        match pair {
            [key, value] if key == "--steps" => steps = value.parse()?,
            [key, value] if key == "--seeds" => seeds = value.parse()?,
            _ => return Err(format!("{}: expected --steps N or --seeds N", pair.join(" ")).into()),
        }
    }
    let labels: Labels = serde_json::from_str(&std::fs::read_to_string(labels)?)?;
    let frames = Film::read(&VideoOptions::new(film))?.len();
    let each = (labels.frames.len() as f64 / f64::from(frames)).round().max(1.0) as usize;
    let half = frames / 2;
    for raised in ["on the first half", "in the nursery"] {
        let mut scores: BTreeMap<&str, Vec<(f32, bool)>> = BTreeMap::new();
        let mut examples = Vec::new();
        for seed in 0..seeds {
            let learned =
                if raised == "in the nursery" { run(seed, steps)? } else { on_film(film, half, seed, steps)? };
            let home = tempfile::tempdir()?;
            examples.push(train(&learned, home.path())?);
            let tested = plan(&on_film(film, half, seed, steps)?)?;
            let checkpoint = Checkpoint::open(&home.path().join("latest"))?;
            let mut frame = half as usize;
            let mut watch = |scene: &Scene<'_>| {
                frame += 1;
                for area in AREAS {
                    look(&tested, scene, area, |place| labels.at(frame * each, place), scores.entry(area).or_default());
                }
                ControlFlow::Continue(())
            };
            evaluate(&tested, &checkpoint, Mode::Greedy, 1, seed, &mut watch)?;
        }
        println!("raised {raised}, from {examples:?} hand patches:");
        for (area, scores) in scores {
            let chance = scores.iter().filter(|(_, hand)| *hand).count() as f64 / scores.len() as f64;
            let (precise, average) = (precision_at(&scores, RECALL), average_precision(&scores));
            println!(
                "  {area:8} precision at recall {RECALL} {precise:.3}   average precision {average:.3}   chance {chance:.3}"
            );
        }
    }
    Ok(())
}

/// The run `nursery`, with the areas that are compared.
fn run(seed: u64, steps: u64) -> Outcome<RunFile> {
    let mut file = RunFile::find("nursery")?;
    let events = "['mover.events', 'track.events']";
    for (area, teacher) in [("tracked", "movers"), ("any", "motion")] {
        let stack = format!("area = '{area}', stack = '{area}.examples'");
        let taught = format!("{{ type = 'hand', teacher = '{teacher}', events = {events}, {stack} }}");
        let learner = "learner = 'brainprop', choices = 2, memory = 'queue', batch = 8, lr = 0.05";
        let network = format!("network = {{ hidden = [64] }}, view = ['{area}.examples', 'places']");
        file.set(&format!("signals.hand-{area}"), &taught)?;
        file.set(&format!("area.{area}"), &format!("{{ {learner}, {network}, pay = {{ hand-{area} = 1.0 }} }}"))?;
    }
    let usual = [("seed", seed.to_string()), ("steps", steps.to_string())];
    let none = ["evaluation.every", "evaluation.final_episodes", "checkpoint.every"].map(|key| (key, "0".to_string()));
    for (key, value) in usual.into_iter().chain(none) {
        file.set(key, &value)?;
    }
    Ok(file)
}

/// The same on the first half of the film, and on its second half when it is tested.
fn on_film(film: &str, half: u32, seed: u64, steps: u64) -> Outcome<RunFile> {
    let mut file = run(seed, steps)?;
    let size =
        format!("width = {}, height = {}, columns = {CELLS}, rows = {CELLS}, moves = 'saccades'", SIZE[0], SIZE[1]);
    let play = "at_end = 'end', start = 'first', max_episode_steps = 1000000";
    file.set("env", &format!("{{ id = 'video', slots = 4, path = {film:?}, {size}, {play}, frames = {half} }}"))?;
    file.set("evaluation.env", &format!("{{ from = {half}, frames = {} }}", u32::MAX))?;
    // For films in which hands are large and never rest.
    file.set("signals.mover", "{ settled = 0, vast = 1.0 }")?;
    Ok(file)
}

fn plan(file: &RunFile) -> Outcome<Arc<Plan>> {
    Ok(Arc::new(Plan::new(file.config()?, innate::standard())?))
}

/// Trains, and answers with the number of examples that `tracked` had.
fn train(file: &RunFile, home: &Path) -> Outcome<f64> {
    let mut watch = Watch::default();
    Trainer::new(plan(file)?)?.train(&RunFolder::new(home), &mut watch, &AtomicBool::new(false))?;
    Ok(watch.examples)
}

/// Takes in what `area` decided on the places of this step.
fn look(
    plan: &Plan,
    scene: &Scene<'_>,
    area: &str,
    truth: impl Fn(&[f32]) -> Option<bool>,
    scores: &mut Vec<(f32, bool)>,
) {
    let percept = |name: &str| {
        let place = plan.percepts.iter().position(|spec| spec.name == name)?;
        scene.percepts[place].as_f32()
    };
    let (Some(at), Some(count)) = (percept("places.at"), percept("places.count")) else { return };
    let Some(judged) = percept(&format!("{area}/places")) else { return };
    let rows = judged.chunks_exact(judged.len() / (at.len() / 2));
    for (place, row) in at.chunks_exact(2).zip(rows).take(count[0] as usize) {
        if let Some(hand) = truth(place) {
            scores.push((row[row.len() - 1] - row[1], hand));
        }
    }
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
