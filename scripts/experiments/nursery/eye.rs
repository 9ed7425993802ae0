//! `nursery-eye` and `nursery-lesions`: where does the eye look after the whole development, and what is lost without each
//! signal?
//!
//! Whether it looks at hands is judged of an eye that ends its development before joint attention, which pays for looking where
//! hands will be. What is lost without a signal shows after the first 60,000 steps.

use super::super::{ExperimentError, Lab, Report, Row};
use super::SOURCE;
use super::upbringing::{Change, Test, Upbringing, change, over_seeds};
use crate::judge::Judgement;
use crate::statistics::Interval;
use innate_agents::Mode;
use innate_agents::streams::Streams;
use innate_envs::truth::Class;

/// Signals that are lesioned in turn.
const LESIONS: [&str; 9] = ["motion", "mover", "track", "passing", "hand", "map", "face", "gaze", "joint-attention"];

/// What is shown of a judgement.
type Figure = (&'static str, fn(&Judgement) -> f64);

const FIGURES: [Figure; 5] = [
    (ON_HANDS, |found| found.on_hands / found.hands_by_chance),
    (AHEAD, |found| found.ahead / found.ahead_by_chance),
    (HANDS, |found| found.average_precision.get("hand").map_or(f64::NAN, |found| found.0)),
    ("error of gaze, degrees", |found| found.gaze_error),
    ("clusters of mover events per episode", |found| found.clusters as f64 / found.episodes as f64),
];
const ON_HANDS: &str = "fixations on hands, times chance";
const AHEAD: &str = "looks ahead of the hand, times chance";
const HANDS: &str = "average precision of hands";

/// A figure and the least that is expected of it.
type Least = (&'static str, f64);

/// What a development lacks, its name in the table, and at least what is expected of some figures.
const DEVELOPMENTS: [(&[&str], &str, &[Least]); 2] =
    [(&["joint-attention"], "before joint attention: ", &[(ON_HANDS, 4.0)]), (&[], "", &[(AHEAD, 2.0), (HANDS, 0.80)])];

/// Runs the development without joint attention, and the whole one.
pub(in super::super) fn run(lab: &Lab) -> Result<Report, ExperimentError> {
    let seeds = lab.seeds(5, 1);
    let steps = lab.quick.then_some(512);
    let found = lab
        .map(DEVELOPMENTS.len() * seeds, |job| raise(lab, DEVELOPMENTS[job / seeds].0, steps, (job % seeds) as u64))?;
    let mut report = Report::default();
    for ((_, name, expected), found) in DEVELOPMENTS.iter().zip(found.chunks(seeds)) {
        show(&mut report, name, found, expected);
    }
    Ok(report)
}

/// Runs the beginning of it once more without each signal.
pub(in super::super) fn run_lesions(lab: &Lab) -> Result<Report, ExperimentError> {
    let seeds = lab.seeds(2, 1);
    let steps = lab.pick(60_000, 512);
    let cases: Vec<Option<&str>> = std::iter::once(None).chain(LESIONS.map(Some)).collect();
    let found = lab
        .map(cases.len() * seeds, |job| raise(lab, cases[job / seeds].as_slice(), Some(steps), (job % seeds) as u64))?;
    let mut report = Report::default();
    for (case, found) in cases.iter().zip(found.chunks(seeds)) {
        let name = case.map_or("nothing lesioned: ".into(), |name| format!("without {name}: "));
        show(&mut report, &name, found, &[]);
    }
    Ok(report)
}

/// Raises a child without these signals, for so many steps or as many as the run `nursery` has.
fn raise(lab: &Lab, lesions: &[&str], steps: Option<u64>, seed: u64) -> Result<Judgement, ExperimentError> {
    let steps = steps.map(|steps| change("steps", steps));
    let changes: Vec<Change> = steps.into_iter().chain([change("lesions", format!("{lesions:?}"))]).collect();
    let grown = Upbringing::new(lab, &changes, seed)?;
    let env = "{ people = 'test' }";
    grown.judge(lab, Test { env, changes: &[], target: Class::Hand, episodes: lab.pick(150, 4), mode: Mode::Greedy })
}

/// Adds a row per figure, of some of which so much is expected.
fn show(report: &mut Report, name: &str, found: &[Judgement], expected: &[Least]) {
    let mut random = Streams::new(0).stream("nursery-eye", report.rows.len() as u64);
    for (what, figure) in FIGURES {
        let values: Vec<f64> = found.iter().map(figure).collect();
        let quantity = format!("{name}{what}");
        let row = |value| match expected.iter().find(|(figure, _)| *figure == what) {
            Some((_, least)) => Row::expecting(quantity, SOURCE, Interval::at_least(*least), value),
            None => Row::shown(quantity, value),
        };
        report.rows.push(over_seeds(row, &values, &mut random));
    }
}
