//! `perturbation-scaling`: how much slower learning from scalars is than from gradients.
//!
//! A linear network y = Wx, x ~ N(0, I_N), M outputs, is to become W*. By the algebra of Werfel, Xie & Seung, "Learning curves
//! for stochastic gradient descent in linear feedforward networks" (2005), one step on the error ½|y − y*|² of one sample
//! changes the mean squared distance by the factor
//!
//! ```text
//! E‖W′ − W*‖² / E‖W − W*‖² = 1 − 2η + η² D (N + 2)
//! D = 1 back-propagation,  M + 2 node perturbation,  M N + 2 weight perturbation (all at once)
//! ```
//!
//! which is least, 1 − η*, at η* = 1/(D(N + 2)). Measured with the platform's engines in double precision, σ = 10⁻⁵, over
//! 200,000 networks of 5 steps each at η*, 2,000 of them a seed; agreement is a difference below 10⁻³.
//!
//! Departures: 1. W* = 0 and W ~ N(0, 1): only their difference counts.

use super::nets::{SquaredError, dense, descent, engine};
use super::{ExperimentError, Lab, Report, Row};
use crate::drawing::{Axis, Chart, Curve, Stroke};
use crate::statistics::{Interval, Z, standard_error};
use innate_agents::streams::Streams;
use innate_nn::{
    Activation, Biases, CreditSpec, Element, Form, Initialisation, Input, ParameterSet, Perturbation, Training,
};

/// (N, M).
const SIZES: [(usize, usize); 3] = [(5, 3), (10, 4), (20, 5)];
/// Steps of each network.
const STEPS: usize = 5;
/// Networks that share an engine, and its stream of disturbances.
const CHUNK: usize = 2_000;
/// How far measurement and prediction may differ.
const TOLERANCE: f64 = 1e-3;

/// A rule and its D, a function of N and M.
type Rule = (&'static str, CreditSpec, fn(f64, f64) -> f64);

/// Σ‖W‖² over the networks of a chunk, before the first step and after each.
type Curves = [f64; STEPS + 1];

/// Runs it.
pub(super) fn run(lab: &Lab) -> Result<Report, ExperimentError> {
    let disturbance = Perturbation { sigma: 1e-5, form: Form::Parallel };
    let rules: [Rule; 3] = [
        ("back-propagation", CreditSpec::Backprop, |_, _| 1.0),
        ("node perturbation", CreditSpec::NodePerturbation(disturbance), |_, m| m + 2.0),
        ("weight perturbation", CreditSpec::WeightPerturbation(disturbance), |n, m| m * n + 2.0),
    ];
    let chunks = lab.seeds(100, 1);
    let cells: Vec<_> = SIZES.iter().flat_map(|size| rules.iter().map(move |rule| (*size, rule))).collect();
    let best = |(n, m): (usize, usize), d: fn(f64, f64) -> f64| 1.0 / (d(n as f64, m as f64) * (n as f64 + 2.0));
    let found = lab.map(cells.len() * chunks, |job| {
        let (size, (_, rule, d)) = &cells[job / chunks];
        shrink(*size, rule.clone(), best(*size, *d), (job % chunks) as u64)
    })?;
    let mut report = Report::default();
    for (place, ((size, (name, _, d)), curves)) in cells.iter().zip(found.chunks(chunks)).enumerate() {
        let predicted = 1.0 - best(*size, *d);
        let factor = |curve: &Curves| curve[1..].iter().sum::<f64>() / curve[..STEPS].iter().sum::<f64>();
        let mut sum: Curves = Default::default();
        curves.iter().for_each(|curve| sum.iter_mut().zip(curve).for_each(|(sum, value)| *sum += value));
        let spread: Vec<f64> = curves.iter().map(factor).collect();
        let quantity = format!("N = {}, M = {}, {name}: factor of a step", size.0, size.1);
        let range = Interval::around(predicted, TOLERANCE);
        let row = Row::expecting(quantity, "the formula above; Werfel, Xie & Seung 2005", range, factor(&sum));
        let interval = Interval::around(factor(&sum), Z * standard_error(&spread));
        report.rows.push(row.beside(predicted).spread(interval));
        if *size == SIZES[0] {
            let points = |value: &dyn Fn(usize) -> f64| (0..=STEPS).map(|t| (t as f64, value(t))).collect();
            let measured = points(&|t| sum[t] / sum[0]);
            let rings = points(&|t| predicted.powi(t as i32));
            report.chart.curves.extend([
                Curve { label: (*name).into(), points: measured, stroke: Stroke::Line, colour: place },
                Curve { label: String::new(), points: rings, stroke: Stroke::Rings, colour: place },
            ]);
        }
    }
    let title = format!("N = {}, M = {}: lines measured, rings predicted", SIZES[0].0, SIZES[0].1);
    let (x, y) = (Axis::linear("steps"), Axis::logarithmic("mean squared distance, relative"));
    report.chart = Chart { title, x, y, ..report.chart };
    report.notes.push(format!("{} networks of {STEPS} steps each.", chunks * CHUNK));
    Ok(report)
}

/// Learns W* = 0 with `CHUNK` networks, one after the other.
fn shrink((n, m): (usize, usize), rule: CreditSpec, rate: f64, chunk: u64) -> Result<Curves, ExperimentError> {
    let streams = Streams::new(chunk);
    let network = dense(n, &[], Activation::Linear, m)?;
    let training = Training { biases: Biases::Fixed, ..descent(rate, rule) };
    let mut engine = engine::<f64>(&network, training, &mut streams.stream("engine", 0))?;
    let (mut weights, mut inputs) = (streams.stream("weights", 0), streams.stream("inputs", 0));
    let (mut x, mut y, mut error) = (vec![0.0_f32; n], vec![0.0; m], SquaredError::new(1, m));
    let mut sums: Curves = Default::default();
    let size = |parameters: &[f64]| parameters.iter().map(|w| w * w).sum::<f64>();
    for _ in 0..CHUNK {
        let mut parameters = network.initialise_as::<f64>(Initialisation::Normal(1.0), &mut weights);
        sums[0] += size(&parameters);
        engine.write_parameters(ParameterSet::Online, &parameters)?;
        for sum in &mut sums[1..] {
            x.fill_with(|| f32::normal(&mut inputs));
            engine.forward_keeping(&[Input::F32(&x)], 1, &mut y)?;
            error.compare(&y);
            engine.assign_credit(&error)?;
            engine.update()?;
            engine.read_parameters(ParameterSet::Online, &mut parameters)?;
            *sum += size(&parameters);
        }
    }
    Ok(sums)
}
