//! `digits`: three ways to learn the 8x8 digits with a hidden layer of 100 rectified units, one presentation at a time.
//!
//! Back-propagation of the cross-entropy (β = 0.02), BrainProp (Pozzi, Bohté & Roelfsema 2020; β = 0.05, max-Boltzmann with
//! ε = 0.02) and AGREL (Roelfsema & van Ooyen 2005; β = 0.005) on 1,400 of the 1,797 digits, drawn anew for each seed, in a new
//! random order in each epoch. Test accuracy on the other 397 after 1, 3, 10 and 30 epochs, mean of 5 seeds. The numbers beside
//! it are those of an independent program (5 seeds); agreement is BrainProp ≥ .96 after 10 and ≥ .965 after 30 epochs and AGREL
//! ≥ .95 after 10. (With the *last* 397 for the test, as the environment's `split = "test"` has
//! them, back-propagation ends at .92: they are harder.)
//!
//! All parameters start uniform in ±0.25, as in AGREL's table. Departures: 1. Biases learn, in BrainProp too.

use super::nets::{dense, descent, engine};
use super::pupil::{Choice, Pupil, Sample, Taught, Trying, samples};
use super::{ExperimentError, Lab, Report, Row};
use crate::drawing::{Axis, Chart, Curve, Stroke};
use crate::statistics::{Interval, mean, mean_interval};
use innate_agents::streams::Streams;
use innate_envs::tasks::Split;
use innate_envs::tasks::digits::digits;
use innate_nn::{Activation, Biases, CreditSpec, Initialisation, Online, OnlineFeedback, OnlineRule};
use innate_nn::{Expansion, greedy};
use rand::seq::SliceRandom;

/// A way to learn: its name, its β (trial and error, or a teacher), and what an independent program found after [`EPOCHS`].
struct Way {
    name: &'static str,
    rate: f64,
    choice: Option<Choice>,
    published: [f64; 4],
    /// The least accuracy expected after each of [`EPOCHS`].
    least: [Option<f64>; 4],
}

/// Digits to learn from; the others are for the test.
const TRAINING: usize = 1_400;
/// How parameters start.
const INITIAL: Initialisation = Initialisation::Uniform(0.25);
/// Epochs after which the test is taken.
const EPOCHS: [usize; 4] = [1, 3, 10, 30];

const WAYS: [Way; 3] = [
    Way { name: "BP", rate: 0.02, choice: None, published: [0.917, 0.955, 0.974, 0.980], least: [None; 4] },
    Way {
        name: "BrainProp",
        rate: 0.05,
        choice: Some(Choice::BrainProp),
        published: [0.722, 0.905, 0.972, 0.974],
        least: [None, None, Some(0.96), Some(0.965)],
    },
    Way {
        name: "AGREL",
        rate: 0.005,
        choice: Some(Choice::Agrel(Expansion::Expansive)),
        published: [0.691, 0.910, 0.955, 0.970],
        least: [None, None, Some(0.95), None],
    },
];

/// Runs it.
pub(super) fn run(lab: &Lab) -> Result<Report, ExperimentError> {
    let digits = samples(&digits(Split::All)?);
    let seeds = lab.seeds(5, 1);
    let tests = &EPOCHS[..lab.pick(EPOCHS.len(), 1)];
    let found = lab.map(WAYS.len() * seeds, |run| learn(&WAYS[run / seeds], &digits, tests, (run % seeds) as u64))?;
    let mut report = Report::default();
    for (colour, (way, runs)) in WAYS.iter().zip(found.chunks(seeds)).enumerate() {
        let mut points = Vec::new();
        for (place, epoch) in tests.iter().enumerate() {
            let accuracies: Vec<f64> = runs.iter().map(|run| run[place]).collect();
            let (name, accuracy) = (format!("{}, epoch {epoch}: test accuracy", way.name), mean(&accuracies));
            let row = match way.least[place] {
                Some(least) => Row::expecting(name, SOURCE, Interval::at_least(least), accuracy),
                None => Row::shown(name, accuracy),
            };
            report.rows.push(row.beside(way.published[place]).spread(mean_interval(&accuracies)));
            points.push((*epoch as f64, accuracy));
        }
        let published = EPOCHS.iter().zip(way.published).map(|(epoch, accuracy)| (*epoch as f64, accuracy)).collect();
        let label = way.name.into();
        report.chart.curves.extend([
            Curve { label, points, stroke: Stroke::Line, colour },
            Curve { label: String::new(), points: published, stroke: Stroke::Rings, colour },
        ]);
    }
    let title = "8x8 digits: lines measured, rings published".into();
    let (x, y) = (Axis::logarithmic("epochs"), Axis::logarithmic("test accuracy"));
    report.chart = Chart { title, x, y, ..report.chart };
    Ok(report)
}

/// Where the published numbers come from.
const SOURCE: &str = "an independent program, 5 seeds";

/// Test accuracies after each of the epochs `tests`.
fn learn(way: &Way, digits: &[Sample<f32>], tests: &[usize], seed: u64) -> Result<Vec<f64>, ExperimentError> {
    let streams = Streams::new(seed);
    let network = dense(64, &[100], Activation::Relu, 10)?;
    let parameters: Vec<f32> = network.initialise_as(INITIAL, &mut streams.stream("weights", 0));
    let mut pupil: Box<dyn Pupil<f32>> = match way.choice {
        None => {
            let training = descent(way.rate, CreditSpec::Backprop);
            Box::new(Taught::new(engine(&network, training, &mut streams.stream("engine", 0))?, &parameters, 10)?)
        }
        Some(choice) => {
            let rule = OnlineRule { learning_rate: way.rate, feedback: OnlineFeedback::Tied, biases: Biases::Learned };
            let mut random = streams.stream("selection", 0);
            let online = Online::new(network, rule, INITIAL, &mut random)?;
            Box::new(Trying::new(online, &parameters, choice, random)?)
        }
    };
    let mut random = streams.stream("patterns", 0);
    let mut places: Vec<usize> = (0..digits.len()).collect();
    places.shuffle(&mut random);
    let (train, test) = places.split_at_mut(TRAINING);
    let mut accuracies = Vec::new();
    for epoch in 1..=tests.last().copied().unwrap_or(0) {
        train.shuffle(&mut random);
        train.iter().try_for_each(|place| pupil.learn(&digits[*place]))?;
        if tests.contains(&epoch) {
            let mut right = 0;
            for sample in test.iter().map(|place| &digits[*place]) {
                right += usize::from(greedy(pupil.outputs(sample)?) == sample.class);
            }
            accuracies.push(right as f64 / test.len() as f64);
        }
    }
    Ok(accuracies)
}
