//! `nursery-eye` and `nursery-lesions`: where does the eye look after the whole development, and what is lost without each
//! signal?

use super::super::{ExperimentError, Lab, Report, Row};
use super::SOURCE;
use super::upbringing::{Change, Test, Upbringing, change, over_seeds};
use crate::judge::Judgement;
use crate::statistics::Interval;
use innate_agents::Mode;
use innate_agents::streams::Streams;
use innate_envs::truth::Class;

/// Signals that are lesioned in turn.
const LESIONS: [&str; 9] = ["motion", "mover", "track", "hand", "agree-hand", "map", "face", "gaze", "joint-attention"];

/// What is shown of a judgement, with what is expected of a whole development.
type Figure = (&'static str, fn(&Judgement) -> f64, Option<f64>);

const FIGURES: [Figure; 5] = [
    ("fixations on hands, times chance", |found| found.on_hands / found.hands_by_chance, Some(4.0)),
    ("looks ahead of the hand, times chance", |found| found.ahead / found.ahead_by_chance, Some(2.0)),
    ("average precision of hands", |found| found.average_precision.get("hand").map_or(f64::NAN, |found| found.0), None),
    ("error of gaze, degrees", |found| found.gaze_error, None),
    ("clusters of mover events per episode", |found| found.clusters as f64 / found.episodes as f64, None),
];

/// Runs the whole development.
pub(in super::super) fn run(lab: &Lab) -> Result<Report, ExperimentError> {
    let seeds = lab.seeds(5, 1);
    let found = lab.map(seeds, |seed| raise(lab, &[], seed as u64))?;
    let mut report = Report::default();
    show(&mut report, "", &found, true);
    Ok(report)
}

/// Runs it once more without each signal.
pub(in super::super) fn run_lesions(lab: &Lab) -> Result<Report, ExperimentError> {
    let seeds = lab.seeds(2, 1);
    let lesions = || std::iter::once(None).chain(LESIONS.iter().map(Some));
    let cases: Vec<_> = lesions().collect();
    let found = lab.map(cases.len() * seeds, |job| {
        let changes: Vec<Change> =
            cases[job / seeds].iter().map(|name| change("lesions", format!("['{name}']"))).collect();
        raise(lab, &changes, (job % seeds) as u64)
    })?;
    let mut report = Report::default();
    for (case, found) in cases.iter().zip(found.chunks(seeds)) {
        let name = case.map_or("nothing lesioned: ".into(), |name| format!("without {name}: "));
        show(&mut report, &name, found, false);
    }
    Ok(report)
}

fn raise(lab: &Lab, changes: &[Change], seed: u64) -> Result<Judgement, ExperimentError> {
    let short = lab.quick.then(|| change("steps", 512));
    let changes: Vec<Change> = changes.iter().cloned().chain(short).collect();
    let grown = Upbringing::new(lab, &changes, seed)?;
    let env = "{ people = 'test' }";
    grown.judge(lab, Test { env, target: Class::Hand, episodes: lab.pick(150, 4), mode: Mode::Greedy })
}

/// Adds a row per figure.
fn show(report: &mut Report, name: &str, found: &[Judgement], judged: bool) {
    let mut random = Streams::new(0).stream("nursery-eye", report.rows.len() as u64);
    for (what, figure, least) in FIGURES {
        let values: Vec<f64> = found.iter().map(figure).collect();
        let quantity = format!("{name}{what}");
        let row = |value| match least.filter(|_| judged) {
            Some(least) => Row::expecting(quantity, SOURCE, Interval::at_least(least), value),
            None => Row::shown(quantity, value),
        };
        report.rows.push(over_seeds(row, &values, &mut random));
    }
}
