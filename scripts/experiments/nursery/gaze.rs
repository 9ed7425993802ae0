//! `nursery-gaze`: how well is gaze read after a few events?
//!
//! Three areas learn from the first 50 and the first 150 events, and from as many directions to random places. Signals that gaze
//! does not read are lesioned: it learns the same without them, in a third of the time.

use super::super::{ExperimentError, Lab, Report, Row};
use super::SOURCE;
use super::upbringing::{Change, Test, Upbringing, change, over_seeds};
use crate::statistics::Interval;
use innate_agents::Mode;
use innate_agents::streams::Streams;
use innate_envs::truth::Class;

/// Events that are learned from, the teacher, and the mean error in degrees that is expected.
const CASES: [(&str, usize, &str, Interval); 3] = [
    ("50 events", 50, "movers", Interval { low: f64::NEG_INFINITY, high: 13.0 }),
    ("150 events", 150, "movers", Interval { low: f64::NEG_INFINITY, high: 9.0 }),
    ("150 random directions", 150, "random", Interval { low: 45.0, high: 90.0 }),
];

/// Signals that neither gaze nor what teaches it reads.
const ASIDE: [&str; 8] = ["hand", "track", "passing", "context", "agree-context", "map", "joint-attention", "places"];

/// Runs it.
pub(in super::super) fn run(lab: &Lab) -> Result<Report, ExperimentError> {
    let seeds = lab.seeds(5, 1);
    let steps = lab.pick(60_000, 512);
    let found = lab.map(CASES.len() * seeds, |job| {
        let (_, most, teacher, _) = CASES[job / seeds];
        let changes: Vec<Change> = vec![
            change("steps", steps),
            // All events of a slot count for that slot alone; one slot sees them all.
            change("env.slots", 1),
            change("signals.gaze.most", most),
            change("signals.gaze.teacher", teacher),
            change("lesions", format!("{ASIDE:?}")),
        ];
        let child = Upbringing::new(lab, &changes, (job % seeds) as u64)?;
        let env = "{ world = 'hard', people = 'test' }";
        child
            .judge(lab, Test { env, changes: &[], target: Class::Hand, episodes: lab.pick(100, 4), mode: Mode::Greedy })
    })?;
    let mut random = Streams::new(0).stream("nursery-gaze", 0);
    let mut report = Report::default();
    for ((name, _, _, expected), found) in CASES.iter().zip(found.chunks(seeds)) {
        let errors: Vec<f64> = found.iter().map(|found| found.gaze_error).collect();
        let row = |value| Row::expecting(format!("{name}: mean error of gaze, degrees"), SOURCE, *expected, value);
        report.rows.push(over_seeds(row, &errors, &mut random));
    }
    Ok(report)
}
