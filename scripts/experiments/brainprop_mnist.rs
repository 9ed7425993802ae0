//! `brainprop-mnist`: deep networks that learn MNIST from being told right or wrong.
//!
//! Pozzi, Bohté & Roelfsema, "Attention-gated brain propagation" (2020), with the numbers of the code published with it: one
//! output is selected (max-Boltzmann, ε = 0.02) and paid r = 1 if it is the class, and
//!
//! ```text
//! L = ½ (r − q_s)²,  attention-gated credit from s alone
//! ```
//!
//! SGD with η = 0.1, halved every 100 epochs, batches of 128, no biases. Networks: dense 1500-1000-500, weights N(0, .01);
//! convolutional 32c3, 32c3/2, 500: 99.31 % (±.04) in 63 epochs. Of the dense one no number is known here; from weights so
//! small it sees nothing for its first hundreds of updates.
//!
//! Departures:
//! 1. Whatever part of MNIST the folder holds (see [`mnist`](super::mnist)).
//! 2. As many epochs as `--epochs` says, 10 by default; the code goes on until the test accuracy has not risen for 45.
//! 3. No batch normalisation and no dropout in the convolutional network; as nothing then magnifies its activity, its weights
//!    start by PyTorch's default and not from N(0, .005).

use super::mnist::{CLASSES, Pictures, dense, label, network, pictures};
use super::nets::{descent, engine};
use super::pupil::EXPLORATION;
use super::{ExperimentError, Lab, Report, Row};
use crate::drawing::{Axis, Chart, Curve, Stroke};
use crate::statistics::Interval;
use innate_agents::streams::Streams;
use innate_envs::tasks::Split;
use innate_nn::{
    Activation, AttentionGated, Biases, CreditSpec, Initialisation, Input, LayerSpec, Network, Objective, ParameterSet,
    Random, Reciprocity, Training, max_boltzmann,
};
use rand::seq::SliceRandom;
use std::sync::Arc;

/// The learning rate η of the first [`HALF_LIFE`] epochs.
const RATE: f64 = 0.1;
/// Epochs after which η is halved.
const HALF_LIFE: usize = 100;
/// Pictures of a batch.
const BATCH: usize = 128;

/// Runs it.
pub(super) fn run(lab: &Lab) -> Result<Report, ExperimentError> {
    let (train, test) = (pictures(lab, Split::Train)?, pictures(lab, Split::Test)?);
    let (seeds, epochs) = (lab.seeds(1, 1), lab.epochs.unwrap_or(lab.pick(10, 1)));
    let relu = Activation::Relu;
    let conv = |stride| LayerSpec::Conv { filters: 32, kernel: 3, stride, activation: relu };
    let convolutional = [vec![conv(1), conv(2)], dense(&[500], relu)].concat();
    let networks = [
        ("dense 1500-1000-500", network(dense(&[1500, 1000, 500], relu))?, Initialisation::Normal(0.01)),
        ("32c3, 32c3/2, 500", network(convolutional)?, Initialisation::Default),
    ];
    let found = lab.map(networks.len() * seeds, |run| {
        let (_, network, initial) = &networks[run / seeds];
        learn(lab, network, *initial, (&train, &test), epochs, (run % seeds) as u64)
    })?;
    let mut report = Report::default();
    for (colour, ((name, ..), runs)) in networks.iter().zip(found.chunks(seeds)).enumerate() {
        let at = |epoch: usize| 100.0 - runs.iter().map(|errors| errors[epoch]).sum::<f64>() / seeds as f64;
        let quantity = format!("{name}: test accuracy after {epochs} epochs, %");
        report.rows.push(match colour {
            0 => Row::shown(quantity, at(epochs - 1)),
            _ => {
                let source = "Pozzi, Bohté & Roelfsema 2020, code and README, 10 seeds, 63 epochs";
                Row::expecting(quantity, source, Interval::at_least(99.23), at(epochs - 1)).beside(99.31)
            }
        });
        let points = (0..epochs).map(|epoch| ((epoch + 1) as f64, at(epoch))).collect();
        report.chart.curves.push(Curve { label: (*name).into(), points, stroke: Stroke::Line, colour });
    }
    let (x, y) = (Axis::linear("epochs"), Axis::logarithmic("test accuracy, %"));
    report.chart = Chart { title: "BrainProp on MNIST".into(), x, y, ..report.chart };
    label(&mut report, &train, &test);
    Ok(report)
}

/// Test errors, in percent, after each epoch.
fn learn(
    lab: &Lab,
    network: &Arc<Network>,
    initial: Initialisation,
    (train, test): (&Pictures, &Pictures),
    epochs: usize,
    seed: u64,
) -> Result<Vec<f64>, ExperimentError> {
    let streams = Streams::new(seed);
    let mut parameters: Vec<f32> = network.initialise_as(initial, &mut streams.stream("weights", 0));
    let (mut shuffles, mut selection) = (streams.stream("patterns", 0), streams.stream("selection", 0));
    let mut order: Vec<usize> = (0..train.len()).collect();
    let (mut batch, mut objective) = (Vec::new(), Chosen::default());
    let mut outputs = vec![0.0; BATCH * CLASSES];
    let mut errors = Vec::with_capacity(epochs);
    let credit = CreditSpec::AttentionGated(AttentionGated { feedback: Reciprocity::Tied });
    for first in (0..epochs).step_by(HALF_LIFE) {
        let rate = RATE * 0.5_f64.powi((first / HALF_LIFE) as i32);
        let training = Training { biases: Biases::Fixed, ..descent(rate, credit.clone()) };
        let mut engine = engine::<f32>(network, training, &mut streams.stream("engine", 0))?;
        engine.write_parameters(ParameterSet::Online, &parameters)?;
        for _ in first..epochs.min(first + HALF_LIFE) {
            order.shuffle(&mut shuffles);
            for places in order.chunks(BATCH) {
                lab.go_on()?;
                train.gather(places, &mut batch);
                let outputs = &mut outputs[..places.len() * CLASSES];
                engine.forward_keeping(&[Input::U8(&batch)], places.len(), outputs)?;
                objective.choose(outputs, places.iter().map(|place| train.class(*place)), &mut selection);
                engine.assign_credit(&objective)?;
                engine.update()?;
            }
            errors.push(test.error(engine.as_mut())?);
        }
        engine.read_parameters(ParameterSet::Online, &mut parameters)?;
    }
    Ok(errors)
}

/// ½ (r − q_s)² of the output s that was selected.
#[derive(Default)]
struct Chosen {
    /// (s, r) of each sample.
    paid: Vec<(usize, f32)>,
    error: Vec<f32>,
    scratch: [f32; CLASSES],
}

impl Chosen {
    /// Selects an output of each sample.
    fn choose(&mut self, outputs: &[f32], classes: impl ExactSizeIterator<Item = usize>, random: &mut Random) {
        let batch = classes.len() as f32;
        self.paid.clear();
        self.error.clear();
        self.error.resize(outputs.len(), 0.0);
        for ((q, class), error) in outputs.chunks(CLASSES).zip(classes).zip(self.error.chunks_mut(CLASSES)) {
            let selected = max_boltzmann(q, EXPLORATION, &mut self.scratch, random);
            let reward = f32::from(u8::from(selected == class));
            error[selected] = (q[selected] - reward) / batch;
            self.paid.push((selected, reward));
        }
    }
}

impl Objective<f32> for Chosen {
    fn output_error(&self) -> &[f32] {
        &self.error
    }

    fn costs(&self, outputs: &[f32], costs: &mut [f32]) {
        for ((cost, q), (selected, reward)) in costs.iter_mut().zip(outputs.chunks(CLASSES)).zip(&self.paid) {
            *cost = 0.5 * (reward - q[*selected]).powi(2);
        }
    }
}
