//! The deciding half of a deep Q-network.

use super::Head;
use crate::exploration::Exploration;
use crate::learner::{LearnerError, Mode, Policy};
use crate::streams::Random;
use innate_nn::{Input, NativeForward, Network, greedy};
use rand::Rng;
use std::sync::Arc;

/// ε-greedy on the Q-network, on the native engine.
///
/// Its weights are those of the network; of a noisy one those with noise, to explore, and then those without; and last what each
/// signal weighs, if each has a value of its own.
pub(super) struct EpsilonGreedy {
    exploration: Exploration,
    head: Head,
    /// Weights of the network.
    parameters: usize,
    forward: NativeForward,
    outputs: Vec<f32>,
    numbers: Vec<f32>,
    q: Vec<f32>,
}

impl EpsilonGreedy {
    /// For `actions` actions, whose values `head` makes of the outputs of `network`.
    pub(super) fn new(exploration: Exploration, network: Arc<Network>, head: Head, actions: usize) -> Self {
        Self {
            exploration,
            parameters: network.parameters(),
            forward: NativeForward::new(network),
            outputs: vec![0.0; head.outputs()],
            numbers: vec![0.0; head.width()],
            q: vec![0.0; actions],
            head,
        }
    }

    /// The action that is tried whatever is known, if one is now.
    fn explore(&self, mode: Mode, random: &mut Random) -> Option<usize> {
        let epsilon = match mode {
            Mode::Explore { step } => self.exploration.rate(step),
            Mode::Greedy => 0.0,
            Mode::Random => 1.0,
        };
        let tries = epsilon > 0.0 && random.random::<f64>() < epsilon;
        tries.then(|| random.random_range(0..self.q.len()))
    }

    /// Fills `q` with the values of all actions.
    fn evaluate(&mut self, weights: &[f32], view: &[Input<'_>], mode: Mode) -> Result<(), LearnerError> {
        let mix = self.head.weights_mut();
        let (weights, now) = weights.split_at(weights.len().saturating_sub(mix.len()));
        mix.iter_mut().zip(now).for_each(|(weight, now)| *weight = *now);
        let (noisy, mean) = weights.split_at(self.parameters.min(weights.len()));
        let weights = if mode == Mode::Greedy && !mean.is_empty() { mean } else { noisy };
        self.forward.forward(weights, view, &mut self.outputs).map_err(LearnerError::new)?;
        self.head.read(&self.outputs, &mut self.numbers);
        self.head.values(&self.numbers, &mut self.q);
        Ok(())
    }
}

impl Policy for EpsilonGreedy {
    fn act(
        &mut self,
        weights: &[f32],
        view: &[Input<'_>],
        mode: Mode,
        random: &mut Random,
    ) -> Result<usize, LearnerError> {
        if let Some(action) = self.explore(mode, random) {
            return Ok(action);
        }
        self.evaluate(weights, view, mode)?;
        Ok(greedy(&self.q))
    }

    fn consider(
        &mut self,
        weights: &[f32],
        view: &[Input<'_>],
        mode: Mode,
        random: &mut Random,
        expected: &mut [f32],
    ) -> Result<usize, LearnerError> {
        match mode {
            Mode::Random => expected.fill(0.0),
            Mode::Explore { .. } | Mode::Greedy => {
                self.evaluate(weights, view, mode)?;
                expected.copy_from_slice(&self.q);
            }
        }
        Ok(self.explore(mode, random).unwrap_or_else(|| greedy(&self.q)))
    }
}
