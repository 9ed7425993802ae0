//! `feedback-alignment-linear`: random feedback weights teach as well as the true ones.
//!
//! Lillicrap, Cownden, Tweed & Akerman, "Random synaptic feedback weights support error backpropagation for deep learning"
//! (2016), figure 1: a linear network 30-20-10 is to become a linear map T. T ~ U[−1, 1], W₀, W ~ U[−.01, .01],
//! B ~ U[−.5, .5], x ~ N(0, I), one sample at a time. Measured at η = .005 over 20 seeds: the normalised squared error
//! NSE = Σ|y − y*|²/Σ|y*|² on 1,000 other samples, and the angle between what feedback alignment and back-propagation would
//! do to the hidden layer, mean over 50 samples. Numbers beside it: an independent program, η = .005, 20 seeds. Agreement is
//! NSE < .01 after 1,000 samples and an angle that falls below 45°.
//!
//! *Shallow* learning leaves the hidden layer as it is: feedback alignment with B = 0.

use super::nets::{SquaredError, dense, descent, engine};
use super::{ExperimentError, Lab, Report, Row};
use crate::drawing::{Axis, Chart, Curve, Stroke};
use crate::statistics::{Interval, mean, mean_interval};
use innate_agents::streams::Streams;
use innate_nn::{
    Activation, Biases, CreditSpec, CreditState, Element, Engine, Initialisation, Input, Network, ParameterSet,
    Training,
};
use rand::Rng;
use std::sync::Arc;

const INPUTS: usize = 30;
const HIDDEN: usize = 20;
const OUTPUTS: usize = 10;
/// The learning rate η.
const RATE: f64 = 0.005;
/// Samples between two looks.
const EVERY: usize = 50;
/// Looks at the error.
const LOOKS: usize = 20;
/// Samples on which the error is measured.
const TEST: usize = 1_000;

/// How the hidden layer learns, and what is published of the NSE after 500 and 1,000 samples.
const WAYS: [(&str, CreditSpec, f64, [f64; 2]); 3] = [
    ("back-propagation", CreditSpec::Backprop, 0.0, [0.052, 1e-4]),
    ("feedback alignment", CreditSpec::FeedbackAlignment, 0.5, [0.0012, 1e-4]),
    ("shallow", CreditSpec::FeedbackAlignment, 0.0, [0.997, 0.994]),
];

/// One run: NSE and angle, before and after every [`EVERY`] samples.
#[derive(serde::Serialize, serde::Deserialize)]
struct Course {
    error: Vec<f64>,
    angle: Vec<f64>,
}

/// Runs it.
pub(super) fn run(lab: &Lab) -> Result<Report, ExperimentError> {
    let seeds = lab.seeds(20, 2);
    let network = dense(INPUTS, &[HIDDEN], Activation::Linear, OUTPUTS)?;
    let found = lab.map(WAYS.len() * seeds, |run| learn(&network, run / seeds, (run % seeds) as u64))?;
    let source = "an independent program, 20 seeds; Lillicrap et al. 2016";
    let mut report = Report::default();
    for (colour, (way, runs)) in WAYS.iter().zip(found.chunks(seeds)).enumerate() {
        let at = |look: usize| runs.iter().map(|run| run.error[look]).collect::<Vec<_>>();
        for (samples, published) in [500, 1_000].into_iter().zip(way.3) {
            let values = at(samples / EVERY);
            let quantity = format!("{}: NSE after {samples} samples", way.0);
            let judged = samples == 1_000 && way.0 == "feedback alignment";
            let row = match judged {
                true => Row::expecting(quantity, source, Interval::at_most(0.01), mean(&values)),
                false => Row::shown(quantity, mean(&values)),
            };
            report.rows.push(row.beside(published).spread(mean_interval(&values)));
        }
        let points = (0..=LOOKS).map(|look| ((look * EVERY) as f64, mean(&at(look)))).collect();
        report.chart.curves.push(Curve { label: way.0.into(), points, stroke: Stroke::Line, colour });
    }
    let aligned = &found[seeds..2 * seeds];
    let angles = |look: usize| aligned.iter().map(|run| run.angle[look]).collect::<Vec<_>>();
    let (first, last) = (angles(1), angles(LOOKS));
    report.rows.extend([
        Row::shown("feedback alignment: angle in the first 50 samples, °", mean(&first))
            .beside(74.0)
            .spread(mean_interval(&first)),
        Row::expecting(
            "feedback alignment: angle in the last 50 of 1,000, °",
            source,
            Interval::at_most(45.0),
            mean(&last),
        )
        .beside(27.0)
        .spread(mean_interval(&last)),
    ]);
    let (x, y) = (Axis::linear("samples"), Axis::logarithmic("normalised squared error"));
    report.chart = Chart { title: "Linear map 30-20-10".into(), x, y, ..report.chart };
    Ok(report)
}

/// Teaches the network a map, in the way number `way`.
fn learn(network: &Arc<Network>, way: usize, seed: u64) -> Result<Course, ExperimentError> {
    let streams = Streams::new(seed);
    let (_, rule, spread, _) = &WAYS[way];
    let training = Training { biases: Biases::Fixed, ..descent(RATE, rule.clone()) };
    let mut engine = engine::<f64>(network, training, &mut streams.stream("engine", 0))?;
    let mut parameters = network.initialise_as::<f64>(Initialisation::Uniform(0.01), &mut streams.stream("weights", 0));
    let biases = network.parameter_tensors().iter().filter(|tensor| tensor.is_bias());
    biases.for_each(|tensor| parameters[tensor.range.clone()].fill(0.0));
    engine.write_parameters(ParameterSet::Online, &parameters)?;
    let state = engine.credit_state();
    if !state.feedback.is_empty() {
        let feedback = network.initialise_as(Initialisation::Uniform(*spread), &mut streams.stream("feedback", 0));
        engine.set_credit_state(CreditState { feedback, ..state })?;
    }
    let map: Vec<f64> = {
        let mut random = streams.stream("map", 0);
        (0..OUTPUTS * INPUTS).map(|_| 2.0 * random.random::<f64>() - 1.0).collect()
    };
    let mut inputs = streams.stream("inputs", 0);
    let mut draw = |count: usize| (0..count * INPUTS).map(|_| f32::normal(&mut inputs)).collect::<Vec<f32>>();
    let (test, train) = (draw(TEST), draw(LOOKS * EVERY));
    let mut objective = SquaredError::new(1, OUTPUTS);
    let (mut y, mut angles) = (vec![0.0; OUTPUTS], [0.0; 2]);
    let mut course = Course { error: vec![nse(engine.as_mut(), &map, &test)?], angle: vec![90.0] };
    for samples in train.chunks(EVERY * INPUTS) {
        let mut sum = 0.0;
        for x in samples.chunks(INPUTS) {
            engine.forward_keeping(&[Input::F32(x)], 1, &mut y)?;
            apply(&map, x, &mut objective.wanted);
            objective.compare(&y);
            engine.assign_credit(&objective)?;
            engine.angles(&objective, &mut angles)?;
            sum += angles[0];
            engine.update()?;
        }
        course.error.push(nse(engine.as_mut(), &map, &test)?);
        course.angle.push(sum / EVERY as f64);
    }
    Ok(course)
}

/// Σ|y − Tx|²/Σ|Tx|² over `inputs`.
fn nse(engine: &mut dyn Engine<f64>, map: &[f64], inputs: &[f32]) -> Result<f64, ExperimentError> {
    let mut outputs = vec![0.0; TEST * OUTPUTS];
    engine.forward(ParameterSet::Online, &[Input::F32(inputs)], TEST, &mut outputs)?;
    let (mut wanted, mut error, mut size) = ([0.0; OUTPUTS], 0.0, 0.0);
    for (x, y) in inputs.chunks(INPUTS).zip(outputs.chunks(OUTPUTS)) {
        apply(map, x, &mut wanted);
        error += y.iter().zip(wanted).map(|(y, wanted)| (y - wanted).powi(2)).sum::<f64>();
        size += wanted.iter().map(|wanted| wanted.powi(2)).sum::<f64>();
    }
    Ok(error / size)
}

/// Tx.
fn apply(map: &[f64], x: &[f32], out: &mut [f64]) {
    for (out, row) in out.iter_mut().zip(map.chunks(INPUTS)) {
        *out = row.iter().zip(x).map(|(t, x)| t * f64::from(*x)).sum();
    }
}
