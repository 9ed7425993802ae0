//! `augment-saccade` and `augment-probabilistic`: working memory learned by trial and error.
//!
//! Rombouts, Bohte & Roelfsema, "How attention can create synaptic tags for the learning of working memories in sequential
//! tasks" (2015): a network of 3 regular and 4 memory units learns when to look where. All parameters are the paper's and
//! the defaults of [`AugmentSpec`]; weights start uniform in ±0.25; the choice is max-Boltzmann with ε = 0.025.
//!
//! | Experiment | Solved when | Within | Published |
//! |---|---|---|---|
//! | `augment-saccade` | each of the 4 types of trial ≥ 45 of its last 50 right | 25,000 trials | 99.45 % (10,000 seeds), median 4,100 |
//! | `augment-probabilistic` | the curriculum of 8 levels is passed | 500,000 trials | 99.0 %, median 55,234 |
//!
//! exploration on. What counts as agreement: at least 97 % of seeds with a median of 3,200 to 4,600 trials (the replication
//! in ReScience found 89.0 % and 3,966; an independent program in C 98.9 % and 3,876); at least 95 % with a median within
//! 20 % of the published one.
//!
//! Departures: 1. The tasks are those of `envs`, with the departures that their files list.

use super::{ExperimentError, Lab, Report, Row};
use crate::drawing::{Axis, Chart, Curve, Stroke};
use crate::statistics::{Interval, median, median_interval, wilson};
use innate_agents::streams::Streams;
use innate_envs::Env;
use innate_envs::tasks::fixation::{FixationTask, Paradigm};
use innate_envs::tasks::{Level, Probabilistic, ProbabilisticOptions, Saccade, SaccadeOptions};
use innate_nn::max_boltzmann;
use innate_nn::{Augment, AugmentSpec};

/// Probability of a choice by Boltzmann's distribution.
const EXPLORATION: f64 = 0.025;
/// Bound of the initial weights.
const INITIAL: f64 = 0.25;
/// The last trials of each type that count.
const WINDOW: usize = 50;
/// How many of them must be right.
const ENOUGH: u32 = 45;

/// What an experiment must show.
struct Target {
    title: &'static str,
    source: &'static str,
    /// Trials that a run may take.
    most: usize,
    published: f64,
    share: f64,
    published_median: f64,
    median: Interval,
}

/// Runs `augment-saccade`.
pub(super) fn saccade(lab: &Lab) -> Result<Report, ExperimentError> {
    let target = Target {
        title: "saccade/antisaccade",
        source: "Rombouts, Bohte & Roelfsema 2015, 10,000 seeds",
        most: lab.pick(25_000, 200),
        published: 99.45,
        share: 97.0,
        published_median: 4_100.0,
        median: Interval::new(3_200.0, 4_600.0),
    };
    let trials = lab.map(lab.seeds(1_000, 2), |seed| {
        let mut recent = [Recent::default(); 4];
        learn(Saccade::env(SaccadeOptions::default())?, seed as u64, target.most, lab, |env| {
            let kind = env.trial().map_or(0, |trial| trial.kind());
            recent[kind].note(env.correct());
            recent.iter().all(|recent| recent.right() >= ENOUGH)
        })
    })?;
    Ok(report(&target, &trials))
}

/// Runs `augment-probabilistic`.
pub(super) fn probabilistic(lab: &Lab) -> Result<Report, ExperimentError> {
    let target = Target {
        title: "probabilistic classification",
        source: "Rombouts, Bohte & Roelfsema 2015",
        most: lab.pick(500_000, 200),
        published: 99.0,
        share: 95.0,
        published_median: 55_234.0,
        median: Interval::around(55_234.0, 0.2 * 55_234.0),
    };
    let trials = lab.map(lab.seeds(50, 2), |seed| {
        let options = ProbabilisticOptions { level: Level::Shaped, ..ProbabilisticOptions::default() };
        learn(Probabilistic::env(options)?, seed as u64, target.most, lab, |env| env.memory().passed())
    })?;
    Ok(report(&target, &trials))
}

/// Trials until `solved` says so; none if it has not after `most`.
fn learn<P: Paradigm>(
    mut env: FixationTask<P>,
    seed: u64,
    most: usize,
    lab: &Lab,
    mut solved: impl FnMut(&FixationTask<P>) -> bool,
) -> Result<Option<usize>, ExperimentError> {
    let streams = Streams::new(seed);
    let mut random = streams.stream("selection", 0);
    let mut observation = env.spec().buffer();
    let actions = env.spec().actions.len();
    let mut augment = Augment::new(&AugmentSpec::default(), env.spec().observation[0].len(), actions);
    augment.initialise(INITIAL, &mut streams.stream("weights", 0));
    let (mut trial, mut scratch) = (augment.trial(), vec![0.0; actions]);
    let mut first = Some(streams.seed("env", 0));
    for number in 1..=most {
        env.reset(first.take(), &mut observation)?;
        let mut paid = None;
        loop {
            let seen = observation.arrays[0].as_f32().unwrap_or_default();
            augment.forward(&mut trial, seen);
            let selected = max_boltzmann(trial.choices(), EXPLORATION, &mut scratch, &mut random);
            augment.learn(&mut trial, selected, paid.unwrap_or(0.0));
            let step = env.step(selected, &mut observation)?;
            let reward = step.reward as f32;
            if step.terminated {
                augment.finish(&mut trial, reward, 0.0);
                break;
            }
            paid = Some(reward);
        }
        if solved(&env) {
            return Ok(Some(number));
        }
        if number % 1_000 == 0 {
            lab.go_on()?;
        }
    }
    Ok(None)
}

/// Whether each of the last [`WINDOW`] trials of a type was right, one bit each.
#[derive(Clone, Copy, Default)]
struct Recent(u64);

impl Recent {
    fn note(&mut self, right: bool) {
        self.0 = (self.0 << 1 | u64::from(right)) & ((1 << WINDOW) - 1);
    }

    fn right(&self) -> u32 {
        self.0.count_ones()
    }
}

fn report(target: &Target, trials: &[Option<usize>]) -> Report {
    let mut found: Vec<f64> = trials.iter().flatten().map(|trials| *trials as f64).collect();
    found.sort_by(f64::total_cmp);
    let (solved, count) = (found.len(), trials.len());
    let share = 100.0 * solved as f64 / count as f64;
    let name = |what: &str| format!("{}: {what}", target.title);
    let rows = vec![
        Row::expecting(name("seeds that solve it, %"), target.source, Interval::at_least(target.share), share)
            .beside(target.published)
            .spread(wilson(solved, count).scaled(100.0)),
        Row::expecting(name("median trials of those"), target.source, target.median, median(&found))
            .beside(target.published_median)
            .spread(median_interval(&found, &mut Streams::new(0).stream("bootstrap", 0)).0),
    ];
    let points = found.iter().enumerate().map(|(place, trials)| (*trials, 100.0 * (place + 1) as f64 / count as f64));
    let curve = Curve { label: String::new(), points: points.collect(), stroke: Stroke::Line, colour: 0 };
    let (x, y) = (Axis::linear("trials"), Axis::linear("seeds that have solved it, %"));
    let chart = Chart { title: format!("AuGMEnT: {}", target.title), x, y, curves: vec![curve] };
    Report { rows, notes: vec![format!("{solved} of {count} seeds solve it within {} trials.", target.most)], chart }
}
