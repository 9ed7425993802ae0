//! How long a network takes to know a few patterns: the measure of AGREL's table.
//!
//! A network of sigmoid units with softmax outputs is shown patterns one at a time, each drawn with equal probability. It is
//! asked every 5 presentations, and has converged when P(correct) > 0.75 for every pattern. All parameters, biases included,
//! start uniform in ±0.25.
//!
//! ```text
//! back-propagation   ΔW = −β ∂(−log P_c)/∂W
//! AGREL              s ~ P,  r = 1 if s = c else 0,  ΔW = β f(δ) · gated feedback from s
//! ```

use super::nets::{dense, descent, engine};
use super::pupil::{Choice, Pupil, Sample, Taught, Trying, samples};
use super::report::{Published, Report, Row};
use super::{ExperimentError, Lab};
use crate::drawing::{Axis, Chart, Curve, Stroke};
use innate_agents::streams::Streams;
use innate_envs::tasks::Labelled;
use innate_nn::{Activation, Biases, CreditSpec, Initialisation, Network, Online, OnlineFeedback, OnlineRule};
use innate_nn::{Expansion, softmax};
use rand::Rng;
use std::sync::Arc;

/// Presentations after which a run counts as not converged.
pub(super) const MOST: usize = 100_000;
/// Presentations from one test to the next.
const EVERY: usize = 5;
/// P(correct) that every pattern must exceed.
const CRITERION: f64 = 0.75;
/// Where the published numbers come from.
const SOURCE: &str = "an independent program in C, as many seeds";
/// Bound of the initial parameters.
const INITIAL: Initialisation = Initialisation::Uniform(0.25);

/// A task and the network that learns it.
pub(super) struct Task {
    /// Task and layers, such as `XOR 2-3-2`.
    pub(super) name: String,
    patterns: Vec<Sample<f64>>,
    network: Arc<Network>,
}

/// How weights change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rule {
    /// The gradient of the cross-entropy.
    Backprop,
    /// Trial and error.
    Agrel {
        /// f.
        expansion: Expansion,
        /// What gates.
        feedback: OnlineFeedback,
        /// How feedback weights of their own start.
        initial: Initialisation,
    },
}

impl Rule {
    /// AGREL as published, feedback tied.
    pub(super) const AGREL: Rule = Rule::agrel(Expansion::Expansive, OnlineFeedback::Tied);

    /// AGREL with this f and this feedback, from the same range as the forward weights.
    pub(super) const fn agrel(expansion: Expansion, feedback: OnlineFeedback) -> Self {
        Rule::Agrel { expansion, feedback, initial: INITIAL }
    }
}

/// One cell of the table: what is learned, how, and what is published of it.
pub(super) struct Cell<'a> {
    /// Task and network.
    pub(super) task: &'a Task,
    /// The rule's name in the table.
    pub(super) label: &'static str,
    /// How weights change.
    pub(super) rule: Rule,
    /// The learning rate β.
    pub(super) rate: f64,
    /// Seeds behind the published numbers.
    pub(super) seeds: usize,
    /// Share of seeds that converged, in percent.
    pub(super) converged: f64,
    /// Median presentations of those; none where there are none.
    pub(super) median: Option<f64>,
}

impl Task {
    /// `patterns`, learned by a network of `hidden` sigmoid units.
    pub(super) fn new(name: &str, patterns: &Labelled, hidden: usize) -> Result<Self, ExperimentError> {
        let inputs = patterns.input().len();
        let network = dense(inputs, &[hidden], Activation::Sigmoid, patterns.classes().len())?;
        let name = format!("{name} {inputs}-{hidden}-{}", patterns.classes().len());
        Ok(Self { name, patterns: samples(patterns), network })
    }
}

/// Presentations until the network of `seed` has learned the task; none if it has not after [`MOST`].
fn presentations(task: &Task, rule: Rule, rate: f64, seed: u64, most: usize) -> Result<Option<usize>, ExperimentError> {
    let streams = Streams::new(seed);
    let parameters: Vec<f64> = task.network.initialise_as(INITIAL, &mut streams.stream("weights", 0));
    match rule {
        Rule::Backprop => {
            let engine = engine(&task.network, descent(rate, CreditSpec::Backprop), &mut streams.stream("engine", 0))?;
            until_known(task, &streams, most, Taught::new(engine, &parameters, task.network.outputs())?)
        }
        Rule::Agrel { expansion, feedback, initial } => {
            let rule = OnlineRule { learning_rate: rate, feedback, biases: Biases::Learned };
            let online = Online::new(task.network.clone(), rule, initial, &mut streams.stream("feedback", 0))?;
            let random = streams.stream("selection", 0);
            until_known(task, &streams, most, Trying::new(online, &parameters, Choice::Agrel(expansion), random)?)
        }
    }
}

fn until_known(
    task: &Task,
    streams: &Streams,
    most: usize,
    mut pupil: impl Pupil<f64>,
) -> Result<Option<usize>, ExperimentError> {
    let mut order = streams.stream("patterns", 0);
    let mut probabilities = vec![0.0; task.network.outputs()];
    let mut is_known = |pupil: &mut _, pattern: &Sample<f64>| -> Result<bool, ExperimentError> {
        softmax(Pupil::outputs(pupil, pattern)?, &mut probabilities);
        Ok(probabilities[pattern.class] > CRITERION)
    };
    // The pattern that failed last is asked first.
    let mut doubtful = 0;
    for presentation in 1..=most {
        pupil.learn(&task.patterns[order.random_range(0..task.patterns.len())])?;
        if presentation % EVERY == 0 {
            let count = task.patterns.len();
            let mut known = 0;
            while known < count && is_known(&mut pupil, &task.patterns[(doubtful + known) % count])? {
                known += 1;
            }
            if known == count {
                return Ok(Some(presentation));
            }
            doubtful = (doubtful + known) % count;
        }
    }
    Ok(None)
}

/// Runs all cells and compares each with what is published of it.
pub(super) fn compare(lab: &Lab, title: &str, cells: &[Cell<'_>]) -> Result<Report, ExperimentError> {
    let seeds = |cell: &Cell<'_>| lab.seeds(cell.seeds, 2);
    let runs = cells.iter().flat_map(|cell| (0..seeds(cell)).map(move |seed| (cell, seed as u64)));
    let runs: Vec<_> = runs.collect();
    let most = lab.pick(MOST, 200);
    let found = lab.map(runs.len(), |run| {
        let (cell, seed) = runs[run];
        presentations(cell.task, cell.rule, cell.rate, seed, most)
    })?;
    let mut report = Report::default();
    let mut curves: Vec<Curve> = Vec::new();
    let mut rest = found.as_slice();
    let mut random = Streams::new(0).stream("bootstrap", 0);
    for cell in cells {
        let (these, others) = rest.split_at(seeds(cell));
        rest = others;
        let values: Vec<f64> = these.iter().flatten().map(|presentations| *presentations as f64).collect();
        let name = format!("{}, β = {}, {}", cell.task.name, cell.rate, cell.label);
        let published = Published { value: cell.converged, sample: cell.seeds as f64, source: SOURCE };
        report.rows.push(Row::share(format!("{name}: converged, %"), published, values.len(), these.len()));
        let Some(median) = cell.median else { continue };
        let published = Published { value: median, sample: cell.seeds as f64 * cell.converged / 100.0, source: SOURCE };
        if let Some(row) = Row::median(format!("{name}: median presentations"), published, &values, &mut random) {
            let label = format!("{} {}", cell.task.name, cell.label);
            point(&mut curves, &label, cell.rate, row.measured, median);
            report.rows.push(row);
        }
    }
    report.add_up();
    report.notes.push(format!("A run that has not converged after {most} presentations counts as not converged."));
    let (x, y) = (Axis::logarithmic("learning rate β"), Axis::logarithmic("median presentations to criterion"));
    report.chart = Chart { title: format!("{title}: lines measured, rings published"), x, y, curves };
    Ok(report)
}

/// Adds a point to the curves of `label`: what was measured to its line, what is published to its rings.
fn point(curves: &mut Vec<Curve>, label: &str, x: f64, measured: f64, published: f64) {
    let place = curves.iter().position(|curve| curve.label == label).unwrap_or_else(|| {
        let colour = curves.len() / 2;
        let curve = |label: &str, stroke| Curve { label: label.into(), points: Vec::new(), stroke, colour };
        curves.extend([curve(label, Stroke::Line), curve("", Stroke::Rings)]);
        curves.len() - 2
    });
    curves[place].points.push((x, measured));
    curves[place + 1].points.push((x, published));
}
