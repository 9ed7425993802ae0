//! Learners of classes: by a teacher, by AGREL, by BrainProp.
//!
//! ```text
//! taught       ΔW = −β ∂(−log P_c)/∂W
//! AGREL        s ~ P = softmax(a),      r = 1 if s = c else 0,   amount f(δ)
//! BrainProp    s max-Boltzmann in q,    r likewise,              amount r − q_s
//! ```

use super::ExperimentError;
use innate_envs::tasks::Labelled;
use innate_nn::{Engine, Input, Objective, Online, ParameterSet, Random, Real};
use innate_nn::{Expansion, max_boltzmann, sample, softmax};

/// BrainProp's probability of a choice by Boltzmann's distribution.
pub(super) const EXPLORATION: f64 = 0.02;

/// One pattern: as engines take it, as online rules take it, and its class.
pub(super) struct Sample<T> {
    pub(super) input: Vec<f32>,
    pub(super) values: Vec<T>,
    pub(super) class: usize,
}

/// The samples of labelled patterns.
pub(super) fn samples<T: Real>(patterns: &Labelled) -> Vec<Sample<T>> {
    let sample = |place| {
        let mut input = vec![0.0; patterns.input().len()];
        patterns.scaled(place, &mut input);
        let values = input.iter().map(|x| T::of(f64::from(*x))).collect();
        Sample { input, values, class: patterns.label(place) }
    };
    (0..patterns.len()).map(sample).collect()
}

/// Who learns classes, one sample at a time.
pub(super) trait Pupil<T> {
    /// Learns from one presentation.
    fn learn(&mut self, sample: &Sample<T>) -> Result<(), ExperimentError>;
    /// The outputs for a sample.
    fn outputs(&mut self, sample: &Sample<T>) -> Result<&[T], ExperimentError>;
}

/// Learning from a teacher who tells the class.
pub(super) struct Taught<T> {
    engine: Box<dyn Engine<T>>,
    outputs: Vec<T>,
    objective: CrossEntropy<T>,
}

impl<T: Real> Taught<T> {
    /// A learner that starts from `parameters`.
    pub(super) fn new(
        mut engine: Box<dyn Engine<T>>,
        parameters: &[T],
        classes: usize,
    ) -> Result<Self, ExperimentError> {
        engine.write_parameters(ParameterSet::Online, parameters)?;
        Ok(Self { engine, outputs: vec![T::zero(); classes], objective: CrossEntropy::new(classes) })
    }
}

impl<T: Real> Pupil<T> for Taught<T> {
    fn learn(&mut self, sample: &Sample<T>) -> Result<(), ExperimentError> {
        self.engine.forward_keeping(&[Input::F32(&sample.input)], 1, &mut self.outputs)?;
        self.objective.compare(&self.outputs, sample.class);
        self.engine.assign_credit(&self.objective)?;
        self.engine.update()?;
        Ok(())
    }

    fn outputs(&mut self, sample: &Sample<T>) -> Result<&[T], ExperimentError> {
        self.engine.forward(ParameterSet::Online, &[Input::F32(&sample.input)], 1, &mut self.outputs)?;
        Ok(&self.outputs)
    }
}

/// −log P_c of one sample.
pub(super) struct CrossEntropy<T> {
    class: usize,
    error: Vec<T>,
}

impl<T: Real> CrossEntropy<T> {
    /// Over `classes` classes.
    pub(super) fn new(classes: usize) -> Self {
        Self { class: 0, error: vec![T::zero(); classes] }
    }

    /// Takes note of the outputs: ∂(−log P_c)/∂a_k = P_k − [k = c].
    pub(super) fn compare(&mut self, outputs: &[T], class: usize) {
        softmax(outputs, &mut self.error);
        self.error[class] -= T::one();
        self.class = class;
    }
}

impl<T: Real> Objective<T> for CrossEntropy<T> {
    fn output_error(&self) -> &[T] {
        &self.error
    }

    fn costs(&self, outputs: &[T], costs: &mut [T]) {
        for (cost, outputs) in costs.iter_mut().zip(outputs.chunks(self.error.len())) {
            let greatest = outputs.iter().copied().fold(T::neg_infinity(), T::max);
            let sum: T = outputs.iter().map(|&a| (a - greatest).exp()).sum();
            *cost = sum.ln() + greatest - outputs[self.class];
        }
    }
}

/// Learning by trial and error.
pub(super) struct Trying<T> {
    online: Online<T>,
    choice: Choice,
    scratch: Vec<T>,
    random: Random,
}

/// How an output is selected, and what its payment is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Choice {
    /// A draw from softmax; f(δ).
    Agrel(Expansion),
    /// Max-Boltzmann; r − q_s.
    BrainProp,
}

impl<T: Real> Trying<T> {
    /// A learner that starts from `parameters`.
    pub(super) fn new(
        mut online: Online<T>,
        parameters: &[T],
        choice: Choice,
        random: Random,
    ) -> Result<Self, ExperimentError> {
        online.set_parameters(parameters)?;
        let scratch = vec![T::zero(); online.network().outputs()];
        Ok(Self { online, choice, scratch, random })
    }
}

impl<T: Real> Pupil<T> for Trying<T> {
    fn learn(&mut self, sample_of: &Sample<T>) -> Result<(), ExperimentError> {
        let outputs = self.online.forward(&sample_of.values);
        let reward = |selected| if selected == sample_of.class { T::one() } else { T::zero() };
        let (selected, amount) = match self.choice {
            Choice::Agrel(expansion) => {
                softmax(outputs, &mut self.scratch);
                let selected = sample(&self.scratch, &mut self.random);
                (selected, expansion.amount(reward(selected), self.scratch[selected]))
            }
            Choice::BrainProp => {
                let selected = max_boltzmann(outputs, EXPLORATION, &mut self.scratch, &mut self.random);
                (selected, reward(selected) - outputs[selected])
            }
        };
        self.online.learn(selected, amount);
        Ok(())
    }

    fn outputs(&mut self, sample: &Sample<T>) -> Result<&[T], ExperimentError> {
        Ok(self.online.forward(&sample.values))
    }
}
