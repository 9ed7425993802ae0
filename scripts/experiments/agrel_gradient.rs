//! `agrel-gradient`: how fast a mean of one-sample changes turns into the gradient.
//!
//! A sigmoid network 20-30-10 with softmax outputs is held fixed (all parameters uniform in ±0.5) over 100 patterns
//! x ~ N(0, I) with classes at random. The changes that a rule would make, one pattern drawn at a time, are added up; after
//! 200, 2,000 and 20,000 of them the cosine between the sum and the true gradient of the mean cross-entropy is taken:
//!
//! ```text
//! AGREL                f(δ) · gated feedback              its mean is the gradient   (Roelfsema & van Ooyen 2005)
//! REINFORCE            (r − P_c)/P_c · ∇ log P_s          so is this one's           (Williams 1992)
//! δ = r − P_s          δ · gated feedback                 biased
//! node perturbation    (L(z + σξ) − L(z)) ξ xᵀ/σ          the gradient but for σ²    (Werfel, Xie & Seung 2005)
//! weight perturbation  (L(W + σξ) − L(W)) ξ/σ             likewise
//! ```
//!
//! Numbers beside it: an independent program, one network. Its patterns, initial weights and σ are not known, so they are
//! shown and not judged; judged is what theory says: AGREL's cosine reaches .95, the biased rule's stays below AGREL's, and
//! node perturbation lies between AGREL and weight perturbation.
//!
//! Departures: 1. The mean of 10 networks, not one, with σ = 10⁻⁴.

use super::nets::{dense, descent, engine};
use super::pupil::{CrossEntropy, Sample};
use super::{ExperimentError, Lab, Report, Row};
use crate::drawing::{Axis, Chart, Curve, Stroke};
use crate::statistics::{Interval, mean, mean_interval};
use innate_agents::streams::Streams;
use innate_nn::{
    Activation, Biases, CreditSpec, Element, Engine, Expansion, Form, Initialisation, Input, LinearObjective, Network,
    Online, OnlineFeedback, OnlineRule, ParameterSet, Perturbation, Random, cosine, sample, softmax,
};
use rand::Rng;
use std::sync::Arc;

const INPUTS: usize = 20;
const CLASSES: usize = 10;
const PATTERNS: usize = 100;
/// Changes after which the cosine is taken.
const COUNTS: [usize; 3] = [200, 2_000, 20_000];
const DISTURBANCE: Perturbation = Perturbation { sigma: 1e-4, form: Form::Parallel };

/// A rule, and the cosines published of it.
const RULES: [(&str, Way, [f64; 3]); 5] = [
    ("AGREL", Way::Agrel(Expansion::Expansive), [0.65, 0.79, 0.98]),
    ("REINFORCE", Way::Reinforce, [0.75, 0.88, 0.99]),
    ("δ = r − P_s", Way::Agrel(Expansion::Plain), [0.28, 0.83, 0.88]),
    ("node perturbation", Way::Disturbed(CreditSpec::NodePerturbation(DISTURBANCE)), [0.38, 0.63, 0.88]),
    ("weight perturbation", Way::Disturbed(CreditSpec::WeightPerturbation(DISTURBANCE)), [0.03, 0.13, 0.45]),
];

/// How a change is made.
enum Way {
    Agrel(Expansion),
    Reinforce,
    Disturbed(CreditSpec),
}

/// Runs it.
pub(super) fn run(lab: &Lab) -> Result<Report, ExperimentError> {
    let seeds = lab.seeds(10, 1);
    let counts = &COUNTS[..lab.pick(COUNTS.len(), 1)];
    let network = dense(INPUTS, &[30], Activation::Sigmoid, CLASSES)?;
    let found =
        lab.map(RULES.len() * seeds, |run| cosines(&network, &RULES[run / seeds].1, counts, (run % seeds) as u64))?;
    let at =
        |rule: usize, count: usize| found[rule * seeds..][..seeds].iter().map(|run| run[count]).collect::<Vec<_>>();
    let mut report = Report::default();
    for (place, (name, _, published)) in RULES.iter().enumerate() {
        for (count, changes) in counts.iter().enumerate() {
            let values = at(place, count);
            let row = Row::shown(format!("{name}: cosine after {changes}"), mean(&values));
            report.rows.push(row.beside(published[count]).spread(mean_interval(&values)));
        }
        let points = |value: &dyn Fn(usize) -> f64| (0..counts.len()).map(|k| (counts[k] as f64, value(k))).collect();
        report.chart.curves.extend([
            Curve {
                label: (*name).into(),
                points: points(&|count| mean(&at(place, count))),
                stroke: Stroke::Line,
                colour: place,
            },
            Curve {
                label: String::new(),
                points: points(&|count| published[count]),
                stroke: Stroke::Rings,
                colour: place,
            },
        ]);
    }
    let last = counts.len() - 1;
    let [agrel, _, biased, node, weight] = [0, 1, 2, 3, 4].map(|rule| mean(&at(rule, last)));
    let theory = "theory";
    report.rows.extend([
        Row::expecting("AGREL, in the end", theory, Interval::at_least(0.95), agrel),
        Row::expecting("biased rule less AGREL, in the end", theory, Interval::at_most(0.0), biased - agrel),
        Row::expecting("node perturbation, in the end", theory, Interval::new(weight, agrel), node),
    ]);
    let title = "Cosine to the gradient: lines measured, rings published".into();
    let (x, y) = (Axis::logarithmic("one-sample changes"), Axis::linear("cosine"));
    report.chart = Chart { title, x, y, ..report.chart };
    Ok(report)
}

/// The cosines after each of `counts` changes.
fn cosines(network: &Arc<Network>, way: &Way, counts: &[usize], seed: u64) -> Result<Vec<f64>, ExperimentError> {
    let streams = Streams::new(seed);
    let parameters = network.initialise_as(Initialisation::Uniform(0.5), &mut streams.stream("weights", 0));
    let patterns = patterns(&mut streams.stream("patterns", 0));
    let engine_of = |rule: &CreditSpec| {
        let mut engine = engine::<f64>(network, descent(1.0, rule.clone()), &mut streams.stream("engine", 0))?;
        engine.write_parameters(ParameterSet::Online, &parameters)?;
        Ok::<_, ExperimentError>(engine)
    };
    let mut teacher = Watched::new(engine_of(&CreditSpec::Backprop)?, network);
    let mut gradient = vec![0.0; network.parameters()];
    patterns.iter().try_for_each(|pattern| teacher.add(pattern, &mut gradient))?;
    let mut changes: Box<dyn Changes> = match way {
        Way::Agrel(expansion) => {
            let rule = OnlineRule { learning_rate: 1.0, feedback: OnlineFeedback::Tied, biases: Biases::Learned };
            let mut random = streams.stream("selection", 0);
            let online = Online::new(network.clone(), rule, Initialisation::Default, &mut random)?;
            Box::new(Tried {
                online,
                parameters: parameters.clone(),
                expansion: *expansion,
                random,
                p: vec![0.0; CLASSES],
            })
        }
        Way::Reinforce => Box::new(Reinforced {
            watched: Watched::new(engine_of(&CreditSpec::Backprop)?, network),
            random: streams.stream("selection", 0),
            error: vec![0.0; CLASSES],
        }),
        Way::Disturbed(rule) => Box::new(Watched::new(engine_of(rule)?, network)),
    };
    let (mut sum, mut order, mut cosines) = (vec![0.0; network.parameters()], streams.stream("order", 0), Vec::new());
    for number in 1..=counts.last().copied().unwrap_or(0) {
        changes.add(&patterns[order.random_range(0..PATTERNS)], &mut sum)?;
        if counts.contains(&number) {
            cosines.push(cosine(&sum, &gradient));
        }
    }
    Ok(cosines)
}

fn patterns(random: &mut Random) -> Vec<Sample<f64>> {
    let pattern = |_| {
        let input: Vec<f32> = (0..INPUTS).map(|_| f32::normal(random)).collect();
        let values = input.iter().map(|x| f64::from(*x)).collect();
        Sample { input, values, class: random.random_range(0..CLASSES) }
    };
    (0..PATTERNS).map(pattern).collect()
}

/// What a rule makes of one sample.
trait Changes {
    /// Adds its estimate of the gradient to `sum`.
    fn add(&mut self, pattern: &Sample<f64>, sum: &mut [f64]) -> Result<(), ExperimentError>;
}

/// An engine that sees the cost.
struct Watched {
    engine: Box<dyn Engine<f64>>,
    outputs: Vec<f64>,
    objective: CrossEntropy<f64>,
    estimate: Vec<f64>,
}

impl Watched {
    fn new(engine: Box<dyn Engine<f64>>, network: &Network) -> Self {
        let (outputs, estimate) = (vec![0.0; CLASSES], vec![0.0; network.parameters()]);
        Self { engine, outputs, objective: CrossEntropy::new(CLASSES), estimate }
    }

    fn collect(&mut self, sum: &mut [f64]) -> Result<(), ExperimentError> {
        self.engine.read_gradient(&mut self.estimate)?;
        sum.iter_mut().zip(&self.estimate).for_each(|(sum, estimate)| *sum += estimate);
        Ok(())
    }
}

impl Changes for Watched {
    fn add(&mut self, pattern: &Sample<f64>, sum: &mut [f64]) -> Result<(), ExperimentError> {
        self.engine.forward_keeping(&[Input::F32(&pattern.input)], 1, &mut self.outputs)?;
        self.objective.compare(&self.outputs, pattern.class);
        self.engine.assign_credit(&self.objective)?;
        self.collect(sum)
    }
}

/// REINFORCE with the baseline P_c, scaled by 1/P_c.
struct Reinforced {
    watched: Watched,
    random: Random,
    error: Vec<f64>,
}

impl Changes for Reinforced {
    fn add(&mut self, pattern: &Sample<f64>, sum: &mut [f64]) -> Result<(), ExperimentError> {
        let watched = &mut self.watched;
        watched.engine.forward_keeping(&[Input::F32(&pattern.input)], 1, &mut watched.outputs)?;
        softmax(&watched.outputs, &mut self.error);
        let selected = sample(&self.error, &mut self.random);
        let (reward, expected) = (f64::from(u8::from(selected == pattern.class)), self.error[pattern.class]);
        // ∂(−log P_s)/∂a_k = P_k − [k = s].
        self.error[selected] -= 1.0;
        self.error.iter_mut().for_each(|error| *error *= (reward - expected) / expected);
        watched.engine.assign_credit(&LinearObjective(&self.error))?;
        watched.collect(sum)
    }
}

/// The online rule; its parameters go back to where they were.
struct Tried {
    online: Online<f64>,
    parameters: Vec<f64>,
    expansion: Expansion,
    random: Random,
    p: Vec<f64>,
}

impl Changes for Tried {
    fn add(&mut self, pattern: &Sample<f64>, sum: &mut [f64]) -> Result<(), ExperimentError> {
        self.online.set_parameters(&self.parameters)?;
        softmax(self.online.forward(&pattern.values), &mut self.p);
        let selected = sample(&self.p, &mut self.random);
        let reward = f64::from(u8::from(selected == pattern.class));
        self.online.learn(selected, self.expansion.amount(reward, self.p[selected]));
        // The rule goes down the gradient.
        let changed = self.online.parameters().iter().zip(&self.parameters);
        sum.iter_mut().zip(changed).for_each(|(sum, (after, before))| *sum += before - after);
        Ok(())
    }
}
