//! `nursery-movers`: are mover events what hands took and left?
//!
//! No area learns anything here: signals alone are judged, on an eye that moves at random.

use super::super::{ExperimentError, Lab, Report, Row};
use super::SOURCE;
use super::upbringing::{Test, Upbringing, change, over_seeds};
use crate::judge::Judgement;
use crate::statistics::Interval;
use innate_agents::Mode;
use innate_agents::streams::Streams;
use innate_envs::truth::Class;

/// Each world with its options, and what is expected: least precision, least recall, most false events per idle episode.
const WORLDS: [(&str, &str, f64, f64, Option<f64>); 2] = [
    ("balanced", "{ world = 'balanced', people = 'test' }", 0.95, 0.75, Some(0.10)),
    ("hard", "{ world = 'hard', people = 'test' }", 0.80, 0.80, None),
];

/// Runs it.
pub(in super::super) fn run(lab: &Lab) -> Result<Report, ExperimentError> {
    let seeds = lab.seeds(5, 1);
    let episodes = lab.pick(400, 4);
    let found = lab.map(WORLDS.len() * seeds, |job| {
        let world = WORLDS[job / seeds];
        let infant = Upbringing::new(lab, &[change("steps", 256)], (job % seeds) as u64)?;
        infant.judge(lab, Test { env: world.1, changes: &[], target: Class::Hand, episodes, mode: Mode::Random })
    })?;
    let mut random = Streams::new(0).stream("nursery-movers", 0);
    let mut report = Report::default();
    for ((name, _, precision, recall, false_events), found) in WORLDS.iter().zip(found.chunks(seeds)) {
        let values = |figure: fn(&Judgement) -> f64| found.iter().map(figure).collect::<Vec<_>>();
        let mut add = |what: &str, expected: Option<Interval>, values: Vec<f64>| {
            let quantity = format!("{name}: {what}");
            let row = |measured| match expected {
                Some(expected) => Row::expecting(quantity, SOURCE, expected, measured),
                None => Row::shown(quantity, measured),
            };
            report.rows.push(over_seeds(row, &values, &mut random));
        };
        add("precision", Some(Interval::at_least(*precision)), values(|found| found.mover_precision));
        add("recall", Some(Interval::at_least(*recall)), values(|found| found.mover_recall));
        let most = false_events.map(Interval::at_most);
        add("false events per episode without a grab", most, values(|found| found.false_events));
        add("clusters", None, values(|found| found.clusters as f64));
    }
    Ok(report)
}
