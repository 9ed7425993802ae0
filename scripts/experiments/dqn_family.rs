//! `dqn-family`: what each addition to DQN is worth on two small tasks.
//!
//! The runs `cartpole` (50,000 steps) and `acrobot` (100,000 steps), each unchanged but for one addition at a time, and with all
//! that make a Rainbow, which explores by ε here as all variants do. Returns are those of greedy episodes after every tenth of a run. Three numbers of each training count: its
//! best return, the mean of the last three, and the mean of all, which tells how soon it learned (sample efficiency).
//!
//! No published numbers are compared with: papers report these additions on Atari. Nothing is tuned to a variant; what fails here
//! may succeed at another learning rate.

use super::training::{self, Returns, best, last, mean};
use super::{ExperimentError, Lab, Report, Row};
use crate::drawing::{Axis, Chart, Curve, Stroke};
use crate::statistics::{Interval, bootstrap, interquartile_mean};
use innate_agents::streams::Streams;

/// Each task: its run, its steps, its returns' least and greatest value, and a return that counts as solved.
const TASKS: [(&str, u64, [f64; 2], f64); 2] =
    [("cartpole", 50_000, [0.0, 500.0], 475.0), ("acrobot", 100_000, [-500.0, 0.0], -100.0)];

/// Changes of keys, some of which depend on the task's returns.
type Changes = fn([f64; 2]) -> Vec<(&'static str, String)>;

/// The variants.
const VARIANTS: [(&str, Changes); 9] = [
    ("DQN", |_| vec![]),
    ("double", |_| vec![key("double", "true")]),
    ("dueling", |_| vec![key("dueling", "true")]),
    ("3-step", |_| vec![key("n_step", "3")]),
    ("prioritised", |_| vec![key("prioritised", "{}")]),
    ("categorical", |range| vec![categorical(range)]),
    ("quantile", |_| vec![key("distribution", "{ type = 'quantile', quantiles = 50 }")]),
    ("Munchausen", |_| vec![key("munchausen", "{}")]),
    ("Rainbow", |range| {
        let additions = [("double", "true"), ("dueling", "true"), ("n_step", "3"), ("prioritised", "{ alpha = 0.5 }")];
        additions.iter().map(|&(name, value)| key(name, value)).chain([categorical(range)]).collect()
    }),
];

/// The key of the body's learner that `name` is.
fn key(name: &'static str, value: &str) -> (&'static str, String) {
    (name, value.into())
}

/// A categorical distribution over the discounted returns that a task can have.
fn categorical([low, high]: [f64; 2]) -> (&'static str, String) {
    // No discounted return of rewards of one step each lies beyond 1 / (1 − γ) = 100.
    let (low, high) = (low.max(-100.0), high.min(100.0));
    ("distribution", format!("{{ type = 'categorical', low = {low:?}, high = {high:?} }}"))
}

/// Runs it.
pub(super) fn run(lab: &Lab) -> Result<Report, ExperimentError> {
    let seeds = lab.seeds(5, 1);
    let cases: Vec<_> = TASKS.iter().flat_map(|task| VARIANTS.iter().map(move |variant| (task, variant))).collect();
    let trained = lab.map(cases.len() * seeds, |job| {
        let ((run, steps, range, _), (_, changes)) = cases[job / seeds];
        let (steps, every) = (lab.pick(*steps, 2_048), lab.pick(*steps / 10, 1_024));
        let own = changes(*range).into_iter().map(|(name, value)| (format!("area.body.{name}"), value));
        let common = [("steps", steps.to_string()), ("evaluation.every", every.to_string())];
        let common = common.map(|(name, value)| (name.to_string(), value));
        let changes: Vec<(String, String)> = own.chain(common).collect();
        let changes: Vec<(&str, &str)> = changes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        training::train(lab, run, &changes, (job % seeds) as u64)
    })?;
    let (trained, endings): (Vec<_>, Vec<_>) = trained.into_iter().unzip();
    let mut random = Streams::new(0).stream("dqn-family", 0);
    let mut report = Report { notes: endings.into_iter().flatten().collect(), ..Report::default() };
    for (((run, _, _, solved), (variant, _)), runs) in cases.iter().zip(trained.chunks(seeds)) {
        let mut add = |what: &str, least: Option<f64>, value: &dyn Fn(&Returns) -> f64| {
            let values: Vec<f64> = runs.iter().map(value).collect();
            let (quantity, measured) = (format!("{run}, {variant}: {what}"), interquartile_mean(&values));
            let row = match least {
                Some(least) => Row::expecting(quantity, "solved", Interval::at_least(least), measured),
                None => Row::shown(quantity, measured),
            };
            report.rows.push(row.spread(bootstrap(&[&values], interquartile_mean, &mut random)));
        };
        add("best return", (*variant == "DQN").then_some(*solved), &best);
        add("return at the end", None, &last);
        add("mean return", None, &|returns| mean(returns));
    }
    report.chart = chart(&trained[..VARIANTS.len() * seeds], seeds);
    Ok(report)
}

/// Returns on CartPole, variant by variant.
fn chart(trained: &[Returns], seeds: usize) -> Chart {
    let curves = VARIANTS.iter().zip(trained.chunks(seeds)).enumerate();
    let curves = curves.map(|(colour, ((variant, _), runs))| Curve {
        label: (*variant).into(),
        points: training::curve(runs),
        stroke: Stroke::Line,
        colour,
    });
    Chart {
        title: "Additions to DQN on CartPole".into(),
        x: Axis::linear("environment steps"),
        y: Axis::linear("greedy return"),
        curves: curves.collect(),
    }
}
