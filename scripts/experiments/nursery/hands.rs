//! `nursery-hands`: who teaches what a hand is?
//!
//! Areas of the same kind see the same episodes; what is called a hand differs. Those whose examples are as many are compared:
//!
//! | area | positive examples |
//! |---|---|
//! | `hand` | places of mover events, and where what came there was followed |
//! | `agreed` | the same, and what `context` is sure of by the surroundings |
//! | `any`, `random` | as many places with any motion, or anywhere |
//! | `event` | places of mover events alone |
//! | `any-event` | as many places with any motion |
//!
//! What is called something else is the same for all: places where nothing moves, what lay at events before, what only passed.

use super::super::{ExperimentError, Lab, Report, Row};
use super::SOURCE;
use super::upbringing::{Test, Upbringing, change, over_seeds};
use crate::drawing::{Axis, Chart, Curve, Stroke};
use crate::judge::Judgement;
use crate::statistics::Interval;
use innate_agents::Mode;
use innate_agents::streams::Streams;
use innate_envs::truth::Class;

/// The areas that are compared.
const AREAS: [&str; 6] = ["hand", "agreed", "any", "random", "event", "any-event"];

/// Each world in which areas are raised, and what they are tested for there.
const WORLDS: [(&str, &[Class]); 3] =
    [("hard", &[Class::Hand]), ("ball-movers", &[Class::Ball, Class::Hand]), ("no-movers", &[Class::Hand])];

/// What one area has over another, and how much is expected.
const GAINS: [(&str, &str, &str, f64); 4] = [
    ("movers over any motion", "event", "any-event", 0.15),
    ("tracked movers over any motion", "hand", "any", 0.15),
    ("tracking", "hand", "event", 0.08),
    ("tracking and context", "agreed", "event", 0.08),
];

/// Runs it.
pub(in super::super) fn run(lab: &Lab) -> Result<Report, ExperimentError> {
    let seeds = lab.seeds(5, 1);
    let steps = lab.pick(60_000, 512);
    let found = lab.map(WORLDS.len() * seeds, |job| {
        let (world, targets) = WORLDS[job / seeds];
        let changes = [taught_areas(&AREAS), vec![change("steps", steps), change("env.world", world)]].concat();
        let child = Upbringing::new(lab, &changes, (job % seeds) as u64)?;
        let env = format!("{{ world = '{world}', people = 'test' }}");
        let (changes, episodes) = (judged_areas(&AREAS), lab.pick(150, 4));
        let test = |&target| Test { env: &env, changes: &changes, target, episodes, mode: Mode::Greedy };
        targets.iter().map(|target| child.judge(lab, test(target))).collect::<Result<Vec<_>, _>>()
    })?;
    let mut random = Streams::new(0).stream("nursery-hands", 0);
    let mut report = Report::default();
    for ((world, targets), found) in WORLDS.iter().zip(found.chunks(seeds)) {
        for (place, target) in targets.iter().enumerate() {
            let found: Vec<&Judgement> = found.iter().map(|found| &found[place]).collect();
            let what = format!("{world}, {}", format!("{target:?}").to_lowercase());
            let chance: Vec<f64> = found.iter().map(|found| precision(found, "hand").1).collect();
            let row = |value| Row::shown(format!("{what}: share of places"), value);
            report.rows.push(over_seeds(row, &chance, &mut random));
            for area in AREAS {
                let values: Vec<f64> = found.iter().map(|found| precision(found, area).0).collect();
                let quantity = format!("{what}: average precision, {area}");
                let row = |value| match (*world, area) {
                    ("hard", "hand") => Row::expecting(quantity, SOURCE, Interval::at_least(0.80), value),
                    _ => Row::shown(quantity, value),
                };
                report.rows.push(over_seeds(row, &values, &mut random));
            }
        }
    }
    let hard: Vec<&Judgement> = found[..seeds].iter().map(|found| &found[0]).collect();
    for (what, better, worse, least) in GAINS {
        let gain: Vec<f64> = hard.iter().map(|found| precision(found, better).0 - precision(found, worse).0).collect();
        let row = |value| Row::expecting(format!("hard: {what}"), SOURCE, Interval::at_least(least), value);
        report.rows.push(over_seeds(row, &gain, &mut random));
    }
    report.chart = chart(&hard);
    Ok(report)
}

/// Keys of a run, with their values, that add these of the areas `agreed`, `any`, `random`, `event` and `any-event` and who
/// teaches them to the run `nursery`. All but `agreed` are asked what lies at `places` only when they are judged
/// ([`judged_areas`]).
pub fn taught_areas(areas: &[&str]) -> Vec<(String, String)> {
    const EVENTS: &str = "['mover.events']";
    const TRACKED: &str = "['mover.events', 'track.events']";
    const PASSING: &str = "passing = ['passing.events']";
    let compared = [
        ("agreed", "movers", TRACKED),
        ("any", "motion", TRACKED),
        ("random", "random", TRACKED),
        ("event", "movers", EVENTS),
        ("any-event", "motion", EVENTS),
    ];
    let of = |(area, teacher, events): (&str, &str, &str)| {
        let stack = format!("area = '{area}', stack = '{area}.examples'");
        let taught = format!("{{ type = 'hand', teacher = '{teacher}', events = {events}, {PASSING}, {stack} }}");
        let (agrees, view, pay) = match area {
            "agreed" => (Some(("signals.agree".into(), AGREES.into())), ", 'agreed.agreed', 'places'", ", agree = 1.0"),
            _ => (None, "", ""),
        };
        let learns = format!("{{ {AREA}, view = ['{area}.examples'{view}], pay = {{ hand-{area} = {OPENS}{pay} }} }}");
        let both = [(format!("signals.hand-{area}"), taught), (format!("area.{area}"), learns)];
        agrees.into_iter().chain(both)
    };
    compared.into_iter().filter(|(area, ..)| areas.contains(area)).flat_map(of).collect()
}

/// Keys of a run to which [`taught_areas`] added these areas, with their values, for a judge: each decides on `places` too.
pub fn judged_areas(areas: &[&str]) -> Vec<(String, String)> {
    let others = areas.iter().filter(|area| !["hand", "agreed"].contains(area));
    others.map(|area| (format!("area.{area}.view"), format!("['{area}.examples', 'places']"))).collect()
}

/// What the surroundings teach `agreed`.
const AGREES: &str = "{ type = 'agreement', teacher = 'context', on = 'context', pupil = 'agreed', items = 'places', \
                      stack = 'agreed.agreed' }";

/// The pay of every compared area's teacher, as that of `hand`.
const OPENS: &str = "{ weight = 1.0, opens = 'mover.events >= 40' }";

/// What every compared area has in common with `hand`.
const AREA: &str = "learner = 'brainprop', choices = 2, memory = 'queue', batch = 64, optimiser = 'adam', lr = 1e-3, \
                    dropout = 0.5, network = { layers = [{ type = 'conv', filters = 32, kernel = 3 }, \
                    { type = 'conv', filters = 32, kernel = 3 }, { type = 'dense', units = 64 }] }";

fn precision(found: &Judgement, area: &str) -> (f64, f64) {
    found.average_precision.get(area).copied().unwrap_or((f64::NAN, f64::NAN))
}

/// Average precision of each area, seed by seed.
fn chart(found: &[&Judgement]) -> Chart {
    let curves = AREAS.iter().enumerate().map(|(colour, area)| Curve {
        label: (*area).into(),
        points: found.iter().enumerate().map(|(seed, found)| (seed as f64, precision(found, area).0)).collect(),
        stroke: Stroke::Line,
        colour,
    });
    Chart {
        title: "Hands of people never seen, by teacher".into(),
        x: Axis::linear("seed"),
        y: Axis::linear("average precision"),
        curves: curves.collect(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::run_file::RunFile;

    #[test]
    fn compared_areas_differ_from_hand_in_what_they_see_and_who_pays_alone() {
        let mut file = RunFile::find("nursery").unwrap();
        taught_areas(&AREAS).iter().for_each(|(key, value)| file.set(key, value).unwrap());
        let areas = file.config().unwrap().area;
        let kind = |area: &str| {
            let mut table = areas[area].clone();
            ["view", "pay"].into_iter().for_each(|key| drop(table.remove(key)));
            table
        };
        AREAS.into_iter().for_each(|area| assert_eq!(kind(area), kind("hand"), "{area}"));
        let opens = |area: &str, teacher: &str| areas[area]["pay"][teacher]["opens"].clone();
        let taught = AREAS.into_iter().skip(1);
        taught.for_each(|area| assert_eq!(opens(area, &format!("hand-{area}")), opens("hand", "hand"), "{area}"));
    }

    #[test]
    fn every_compared_area_decides_on_places_when_it_is_judged() {
        let mut file = RunFile::find("nursery").unwrap();
        let mut asked = |keys: Vec<(String, String)>| {
            keys.iter().for_each(|(key, value)| file.set(key, value).unwrap());
            let areas = file.config().unwrap().area;
            let sees = |area: &&str| areas[*area]["view"].as_array().unwrap().contains(&"places".into());
            AREAS.into_iter().filter(sees).collect::<Vec<_>>()
        };
        assert_eq!(asked(taught_areas(&AREAS)), ["hand", "agreed"]);
        assert_eq!(asked(judged_areas(&AREAS)), AREAS);
    }
}
