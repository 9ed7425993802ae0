//! `feedback-alignment-mnist`: random feedback weights on MNIST, one picture at a time.
//!
//! Lillicrap, Cownden, Tweed & Akerman (2016), figure 2: a network 784-1000-10 of sigmoid units, output ones included, learns
//! with η = 10⁻³ from the squared error; test error 2.4 % by back-propagation, 2.1 % by feedback alignment, 7.2 % if the
//! output layer alone learns (*shallow*: feedback alignment with B = 0). Agreement is 0.3 percentage points.
//!
//! Departures:
//! 1. Whatever part of MNIST the folder holds (see [`mnist`](super::mnist)).
//! 2. As many epochs as `--epochs` says, 5 by default; the paper trains until the error no longer falls.
//! 3. No weight decay (10⁻⁶ in the paper, 10⁻⁹ per step: less than a thousandth of a weight in ten epochs).
//! 4. Initial weights are PyTorch's default; B is uniform in ±0.5 as in the paper's linear task. Biases learn.

use super::mnist::{CLASSES, Pictures, dense, label, network, pictures};
use super::nets::{descent, engine};
use super::{ExperimentError, Lab, Report, Row};
use crate::drawing::{Axis, Chart, Curve, Stroke};
use crate::statistics::Interval;
use innate_agents::streams::Streams;
use innate_envs::tasks::Split;
use innate_nn::{Activation, CreditSpec, CreditState, Initialisation, Input, Network, Objective, ParameterSet};
use rand::seq::SliceRandom;
use std::sync::Arc;

/// The learning rate η.
const RATE: f64 = 1e-3;
/// Percentage points that count as agreement.
const TOLERANCE: f64 = 0.3;

/// How the hidden layer learns, the bound of B, and the published test error in percent.
const WAYS: [(&str, CreditSpec, f64, f64); 3] = [
    ("back-propagation", CreditSpec::Backprop, 0.0, 2.4),
    ("feedback alignment", CreditSpec::FeedbackAlignment, 0.5, 2.1),
    ("shallow", CreditSpec::FeedbackAlignment, 0.0, 7.2),
];

/// Runs it.
pub(super) fn run(lab: &Lab) -> Result<Report, ExperimentError> {
    let (train, test) = (pictures(lab, Split::Train)?, pictures(lab, Split::Test)?);
    let (seeds, epochs) = (lab.seeds(1, 1), lab.epochs.unwrap_or(lab.pick(5, 1)));
    let network = network(dense(&[1000], Activation::Sigmoid))?;
    let learn = |run| learn(lab, &network, &WAYS[run / seeds], (&train, &test), epochs, (run % seeds) as u64);
    let found = lab.map(WAYS.len() * seeds, learn)?;
    let mut report = Report::default();
    for (colour, (way, runs)) in WAYS.iter().zip(found.chunks(seeds)).enumerate() {
        let at = |epoch: usize| runs.iter().map(|errors| errors[epoch]).sum::<f64>() / seeds as f64;
        let quantity = format!("{}: test error after {epochs} epochs, %", way.0);
        let range = Interval::around(way.3, TOLERANCE);
        let source = "Lillicrap et al. 2016, 20 networks, trained to the end";
        report.rows.push(Row::expecting(quantity, source, range, at(epochs - 1)).beside(way.3));
        let points = (0..epochs).map(|epoch| ((epoch + 1) as f64, at(epoch))).collect();
        report.chart.curves.push(Curve { label: way.0.into(), points, stroke: Stroke::Line, colour });
    }
    let (x, y) = (Axis::linear("epochs"), Axis::logarithmic("test error, %"));
    report.chart = Chart { title: "MNIST 784-1000-10".into(), x, y, ..report.chart };
    label(&mut report, &train, &test);
    Ok(report)
}

/// Test errors after each epoch.
fn learn(
    lab: &Lab,
    network: &Arc<Network>,
    (_, rule, spread, _): &(&str, CreditSpec, f64, f64),
    (train, test): (&Pictures, &Pictures),
    epochs: usize,
    seed: u64,
) -> Result<Vec<f64>, ExperimentError> {
    let streams = Streams::new(seed);
    let mut engine = engine::<f32>(network, descent(RATE, rule.clone()), &mut streams.stream("engine", 0))?;
    engine.write_parameters(ParameterSet::Online, &network.initialise(&mut streams.stream("weights", 0)))?;
    let state = engine.credit_state();
    if !state.feedback.is_empty() {
        let feedback = network.initialise_as(Initialisation::Uniform(*spread), &mut streams.stream("feedback", 0));
        engine.set_credit_state(CreditState { feedback, ..state })?;
    }
    let mut order: Vec<usize> = (0..train.len()).collect();
    let (mut random, mut picture, mut outputs) = (streams.stream("patterns", 0), Vec::new(), [0.0; CLASSES]);
    let mut objective = SigmoidError { class: 0, error: [0.0; CLASSES] };
    let mut errors = Vec::with_capacity(epochs);
    for _ in 0..epochs {
        order.shuffle(&mut random);
        for (number, &place) in order.iter().enumerate() {
            if number % 1_000 == 0 {
                lab.go_on()?;
            }
            train.gather(&[place], &mut picture);
            engine.forward_keeping(&[Input::U8(&picture)], 1, &mut outputs)?;
            objective.compare(&outputs, train.class(place));
            engine.assign_credit(&objective)?;
            engine.update()?;
        }
        errors.push(test.error(engine.as_mut())?);
    }
    Ok(errors)
}

/// ½ Σ (σ(z_k) − [k = c])² of one sample, over outputs z.
struct SigmoidError {
    class: usize,
    error: [f32; CLASSES],
}

impl SigmoidError {
    fn compare(&mut self, outputs: &[f32], class: usize) {
        self.class = class;
        for (k, (error, z)) in self.error.iter_mut().zip(outputs).enumerate() {
            let y = 1.0 / (1.0 + (-z).exp());
            *error = (y - f32::from(u8::from(k == class))) * y * (1.0 - y);
        }
    }
}

impl Objective<f32> for SigmoidError {
    fn output_error(&self) -> &[f32] {
        &self.error
    }

    fn costs(&self, outputs: &[f32], costs: &mut [f32]) {
        for (cost, outputs) in costs.iter_mut().zip(outputs.chunks(CLASSES)) {
            let error = |(k, z): (usize, &f32)| 1.0 / (1.0 + (-z).exp()) - f32::from(u8::from(k == self.class));
            *cost = 0.5 * outputs.iter().enumerate().map(|output| error(output).powi(2)).sum::<f32>();
        }
    }
}
