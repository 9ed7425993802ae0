//! `dqn-family` and `dqn-family-minatar`: what each addition to DQN is worth on small tasks.
//!
//! The runs `cartpole` (50,000 steps) and `acrobot` (100,000 steps), and `minatar-breakout` in two of its games (100,000 frames,
//! where the published learning curves of DQN rise most steeply), each unchanged but for one addition at a time, and with all that make a
//! Rainbow, which explores by ε here as all variants do. On MinAtar, where a training takes minutes, the variants are fewer. Returns are those
//! of greedy episodes after every tenth of a run. Three numbers of each training count: its best return, the mean of the last three, and
//! the mean of all, which tells how soon it learned (sample efficiency).
//!
//! No published numbers are compared with: papers report these additions on Atari. Nothing is tuned to a variant; what fails here
//! may succeed at another learning rate.

use super::training::{self, Returns, best, last, mean};
use super::{ExperimentError, Lab, Report, Row};
use crate::drawing::{Axis, Chart, Curve, Stroke};
use crate::statistics::{Interval, bootstrap, interquartile_mean};
use innate_agents::streams::Streams;

/// What is learned.
struct Task {
    /// Its name in the table.
    name: &'static str,
    /// Its run.
    run: &'static str,
    /// The environment, if it is not the run's own.
    env: Option<&'static str>,
    steps: u64,
    /// Least and greatest return, of which a categorical distribution has need.
    range: [f64; 2],
    /// A return that counts as solved, if there is one.
    solved: Option<f64>,
}

const SMALL: &[Task] = &[
    Task { name: "cartpole", run: "cartpole", env: None, steps: 50_000, range: [0.0, 500.0], solved: Some(475.0) },
    Task { name: "acrobot", run: "acrobot", env: None, steps: 100_000, range: [-500.0, 0.0], solved: Some(-100.0) },
];

const MINATAR: &[Task] = &[minatar("breakout", "MinAtar/Breakout-v0"), minatar("asterix", "MinAtar/Asterix-v0")];

/// A game of MinAtar.
const fn minatar(name: &'static str, env: &'static str) -> Task {
    // A good player scores once in some ten frames, so that few discounted returns exceed 10.
    Task { name, run: "minatar-breakout", env: Some(env), steps: 100_000, range: [0.0, 10.0], solved: None }
}

/// Changes of keys, some of which depend on the task's returns.
type Changes = fn([f64; 2]) -> Vec<(&'static str, String)>;

/// A variant: its name, and what makes it.
type Variant = (&'static str, Changes);

/// The variants.
const VARIANTS: [Variant; 9] = [
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

/// Every variant on CartPole and Acrobot.
pub(super) fn small(lab: &Lab) -> Result<Report, ExperimentError> {
    compare(lab, SMALL, &VARIANTS, lab.seeds(5, 1))
}

/// Some variants on MinAtar.
pub(super) fn minatar_games(lab: &Lab) -> Result<Report, ExperimentError> {
    let chosen = ["DQN", "3-step", "prioritised", "Rainbow"];
    let variants: Vec<Variant> = VARIANTS.into_iter().filter(|(name, _)| chosen.contains(name)).collect();
    compare(lab, MINATAR, &variants, lab.seeds(3, 1))
}

/// Trains every variant on every task.
fn compare(lab: &Lab, tasks: &[Task], variants: &[Variant], seeds: usize) -> Result<Report, ExperimentError> {
    let cases: Vec<_> = tasks.iter().flat_map(|task| variants.iter().map(move |variant| (task, variant))).collect();
    let trained = lab.map(cases.len() * seeds, |job| {
        let (task, (_, changes)) = cases[job / seeds];
        let (steps, every) = (lab.pick(task.steps, 2_048), lab.pick(task.steps / 10, 1_024));
        let own = changes(task.range).into_iter().map(|(name, value)| (format!("area.body.{name}"), value));
        let common = [("steps", steps.to_string()), ("evaluation.every", every.to_string())];
        let common = common.into_iter().chain(task.env.map(|id| ("env.id", id.to_string())));
        let common = common.map(|(name, value)| (name.to_string(), value));
        let changes: Vec<(String, String)> = own.chain(common).collect();
        let changes: Vec<(&str, &str)> = changes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        training::train(lab, task.run, &changes, (job % seeds) as u64)
    })?;
    let (trained, endings): (Vec<_>, Vec<_>) = trained.into_iter().unzip();
    let mut random = Streams::new(0).stream("dqn-family", 0);
    let mut report = Report { notes: endings.into_iter().flatten().collect(), ..Report::default() };
    for ((task, (variant, _)), runs) in cases.iter().zip(trained.chunks(seeds)) {
        let mut add = |what: &str, least: Option<f64>, value: &dyn Fn(&Returns) -> f64| {
            let values: Vec<f64> = runs.iter().map(value).collect();
            let (quantity, measured) = (format!("{}, {variant}: {what}", task.name), interquartile_mean(&values));
            let row = match least {
                Some(least) => Row::expecting(quantity, "solved", Interval::at_least(least), measured),
                None => Row::shown(quantity, measured),
            };
            report.rows.push(row.spread(bootstrap(&[&values], interquartile_mean, &mut random)));
        };
        add("best return", task.solved.filter(|_| *variant == "DQN"), &best);
        add("return at the end", None, &last);
        add("mean return", None, &|returns| mean(returns));
    }
    let first = tasks.first().map_or("", |task| task.name);
    report.chart = chart(first, variants, &trained[..variants.len() * seeds], seeds);
    Ok(report)
}

/// Returns on `task`, variant by variant.
fn chart(task: &str, variants: &[Variant], trained: &[Returns], seeds: usize) -> Chart {
    let curves = variants.iter().zip(trained.chunks(seeds)).enumerate();
    let curves = curves.map(|(colour, ((variant, _), runs))| Curve {
        label: (*variant).into(),
        points: training::curve(runs),
        stroke: Stroke::Line,
        colour,
    });
    Chart {
        title: format!("Additions to DQN on {task}"),
        x: Axis::linear("environment steps"),
        y: Axis::linear("greedy return"),
        curves: curves.collect(),
    }
}
