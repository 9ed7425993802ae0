//! Noisy networks: exploration by noise in the weights, whose size is learned (Fortunato et al. 2018, *Noisy Networks for
//! Exploration*), with factorised Gaussian noise.
//!
//! ```text
//! W = μ_W + σ_W ⊙ f(ε_out) f(ε_in)ᵀ      b = μ_b + σ_b ⊙ f(ε_out)      f(x) = sgn(x) √|x|        equations 9 to 11
//! ∂L/∂μ = ∂L/∂W                          ∂L/∂σ = ∂L/∂W ⊙ noise                                   section 3
//! ```
//!
//! All dense layers are noisy. The noise is a layer *around* an engine, which computes with W and knows of none: whatever trains
//! W by a gradient, or by a rule of credit, trains μ and σ. Online and target parameters have noise of their own (section 3.1),
//! drawn anew after each update.
//!
//! Departures from the paper:
//! 1. Whoever acts does so with one draw for a round of acting, and not one for each step.
//! 2. A greedy choice is made with μ alone.

use crate::Device;
use crate::credit::CreditSpec;
use crate::engine::{CreditState, Engine, EngineError, Objective, ParameterSet, Training};
use crate::flat_optimiser::FlatOptimiser;
use crate::input::{Input, check_length};
use crate::network::{Layer, Network};
use crate::optimiser::OptimiserState;
use crate::real::{Random, Real};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Noise in the weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NoisySpec {
    /// σ at the start, times the square root of a unit's inputs: σ₀.
    pub sigma: f64,
}

impl Default for NoisySpec {
    /// σ₀ = .5 (Fortunato et al. 2018, section 3.2).
    fn default() -> Self {
        Self { sigma: 0.5 }
    }
}

impl NoisySpec {
    /// Whether it can be.
    ///
    /// # Errors
    /// A sentence that names the key, its value and what is allowed.
    pub fn check(&self) -> Result<(), String> {
        match (0.0..=100.0).contains(&self.sigma) {
            true => Ok(()),
            false => Err(format!("noisy.sigma = {} must lie between 0 and 100", self.sigma)),
        }
    }

    /// Puts noise into the weights of `engine`, which holds the parameters of `network` already; `random` draws it.
    ///
    /// # Errors
    /// σ₀ is out of range, or the rule of credit disturbs the network itself.
    pub fn around<T: Real>(
        self,
        mut engine: Box<dyn Engine<T>>,
        network: Arc<Network>,
        training: &Training,
        random: Random,
    ) -> Result<Noisy<T>, EngineError> {
        self.check().map_err(EngineError::Credit)?;
        if let CreditSpec::NodePerturbation(_) | CreditSpec::WeightPerturbation(_) = training.credit {
            let rule = training.credit.name();
            return Err(EngineError::Credit(format!("noisy networks and {rule} would both disturb the network")));
        }
        let count = network.parameters();
        let mut online = Weights::new(count);
        engine.read_parameters(ParameterSet::Online, online.mean_mut())?;
        let dense = dense_layers(&network);
        for &index in &dense {
            let sigma = T::of(self.sigma / (network.layers()[index].inputs() as f64).sqrt());
            let (weights, biases) = network.layer_parameters_mut(index, online.sigma_mut());
            weights.fill(sigma);
            biases.fill(sigma);
        }
        let mut noisy = Noisy {
            optimiser: FlatOptimiser::new(training.optimiser.clone(), training.learning_rate, 2 * count),
            clip_gradient: training.clip_gradient,
            target: online.clone(),
            online,
            gradient: vec![T::zero(); 2 * count],
            effective: vec![T::zero(); count],
            factors: Vec::new(),
            engine,
            network,
            dense,
            random,
        };
        noisy.draw()?;
        Ok(noisy)
    }
}

/// The dense layers of a network.
fn dense_layers(network: &Network) -> Vec<usize> {
    let layers = network.layers().iter().enumerate();
    layers.filter(|(_, layer)| matches!(layer, Layer::Dense(_))).map(|(index, _)| index).collect()
}

/// An engine with noise in its weights.
pub struct Noisy<T: Real> {
    engine: Box<dyn Engine<T>>,
    network: Arc<Network>,
    optimiser: FlatOptimiser<T>,
    clip_gradient: Option<f64>,
    online: Weights<T>,
    target: Weights<T>,
    /// ∂L/∂μ, then ∂L/∂σ.
    gradient: Vec<T>,
    /// W
    effective: Vec<T>,
    /// f(ε) of the units of one layer, then of its inputs.
    factors: Vec<T>,
    /// The layers with noise.
    dense: Vec<usize>,
    random: Random,
}

/// One set of parameters.
#[derive(Clone, Debug)]
struct Weights<T> {
    /// μ, then σ, which is 0 in layers without noise.
    values: Vec<T>,
    /// The noise that σ is multiplied by.
    noise: Vec<T>,
}

impl<T: Real> Weights<T> {
    fn new(count: usize) -> Self {
        Self { values: vec![T::zero(); 2 * count], noise: vec![T::zero(); count] }
    }

    fn mean(&self) -> &[T] {
        &self.values[..self.noise.len()]
    }

    fn mean_mut(&mut self) -> &mut [T] {
        let count = self.noise.len();
        &mut self.values[..count]
    }

    fn sigma(&self) -> &[T] {
        &self.values[self.noise.len()..]
    }

    fn sigma_mut(&mut self) -> &mut [T] {
        let count = self.noise.len();
        &mut self.values[count..]
    }

    /// Writes W.
    fn mix(&self, effective: &mut [T]) {
        let parts = self.mean().iter().zip(self.sigma()).zip(&self.noise);
        effective.iter_mut().zip(parts).for_each(|(w, ((&mean, &sigma), &noise))| *w = mean + sigma * noise);
    }

    /// Draws the noise of the `dense` layers.
    fn draw(&mut self, network: &Network, dense: &[usize], factors: &mut Vec<T>, random: &mut Random) {
        for &index in dense {
            let layer = &network.layers()[index];
            factors.clear();
            factors.extend((0..layer.units() + layer.inputs()).map(|_| {
                let epsilon = T::normal(random);
                epsilon.signum() * epsilon.abs().sqrt()
            }));
            let (out, into) = factors.split_at(layer.units());
            let (weights, biases) = network.layer_parameters_mut(index, &mut self.noise);
            biases.copy_from_slice(out);
            for (row, &out) in weights.chunks_exact_mut(into.len()).zip(out) {
                row.iter_mut().zip(into).for_each(|(noise, &into)| *noise = out * into);
            }
        }
    }
}

impl<T: Real> Noisy<T> {
    /// Draws all noise anew.
    fn draw(&mut self) -> Result<(), EngineError> {
        let Self { network, dense, factors, random, .. } = self;
        self.online.draw(network, dense, factors, random);
        self.target.draw(network, dense, factors, random);
        self.write(ParameterSet::Online)?;
        self.write(ParameterSet::Target)
    }

    /// Gives the engine the weights of `set` with their noise.
    fn write(&mut self, set: ParameterSet) -> Result<(), EngineError> {
        let weights = match set {
            ParameterSet::Online => &self.online,
            ParameterSet::Target => &self.target,
        };
        weights.mix(&mut self.effective);
        self.engine.write_parameters(set, &self.effective)
    }

    /// What is kept beside μ and the engine's own: σ and noise, online and target.
    fn kept(&self) -> [&[T]; 4] {
        [self.online.sigma(), self.target.sigma(), &self.online.noise, &self.target.noise]
    }
}

impl<T: Real> Engine<T> for Noisy<T> {
    fn forward(
        &mut self,
        set: ParameterSet,
        inputs: &[Input<'_>],
        batch: usize,
        outputs: &mut [T],
    ) -> Result<(), EngineError> {
        self.engine.forward(set, inputs, batch, outputs)
    }

    fn forward_keeping(&mut self, inputs: &[Input<'_>], batch: usize, outputs: &mut [T]) -> Result<(), EngineError> {
        self.engine.forward_keeping(inputs, batch, outputs)
    }

    fn assign_credit(&mut self, objective: &dyn Objective<T>) -> Result<(), EngineError> {
        self.engine.assign_credit(objective)
    }

    fn angles(&mut self, objective: &dyn Objective<T>, angles: &mut [f64]) -> Result<(), EngineError> {
        self.engine.angles(objective, angles)
    }

    fn update(&mut self) -> Result<T, EngineError> {
        let count = self.network.parameters();
        let (mean, sigma) = self.gradient.split_at_mut(count);
        self.engine.read_gradient(mean)?;
        let own = sigma.iter_mut().zip(mean.iter()).zip(&self.online.noise);
        own.for_each(|((sigma, &mean), &noise)| *sigma = mean * noise);
        let norm = crate::flat_optimiser::norm(&self.gradient);
        if !norm.is_finite() {
            return Err(EngineError::diverged(&self.network, &self.gradient[..count], norm));
        }
        let scale = crate::flat_optimiser::clip_factor(norm, self.clip_gradient);
        self.optimiser.step(&mut self.online.values, &self.gradient, scale);
        self.draw()?;
        Ok(norm)
    }

    fn copy_online_to_target(&mut self) -> Result<(), EngineError> {
        self.target.values.copy_from_slice(&self.online.values);
        self.write(ParameterSet::Target)
    }

    fn move_target(&mut self, rate: f64) -> Result<(), EngineError> {
        let rate = T::of(rate);
        let both = self.target.values.iter_mut().zip(&self.online.values);
        both.for_each(|(target, &online)| *target += rate * (online - *target));
        self.write(ParameterSet::Target)
    }

    fn read_parameters(&mut self, set: ParameterSet, out: &mut [T]) -> Result<(), EngineError> {
        check_length("the flat vector", out.len(), self.network.parameters(), 1)?;
        out.copy_from_slice(match set {
            ParameterSet::Online => self.online.mean(),
            ParameterSet::Target => self.target.mean(),
        });
        Ok(())
    }

    fn read_acting(&mut self, out: &mut [T]) -> Result<(), EngineError> {
        check_length("the flat vector", out.len(), self.network.parameters(), 1)?;
        self.online.mix(out);
        Ok(())
    }

    fn renew_noise(&mut self) -> Result<(), EngineError> {
        self.draw()
    }

    fn write_parameters(&mut self, set: ParameterSet, parameters: &[T]) -> Result<(), EngineError> {
        check_length("the flat vector", parameters.len(), self.network.parameters(), 1)?;
        match set {
            ParameterSet::Online => self.online.mean_mut().copy_from_slice(parameters),
            ParameterSet::Target => self.target.mean_mut().copy_from_slice(parameters),
        }
        self.write(set)
    }

    fn read_gradient(&mut self, out: &mut [T]) -> Result<(), EngineError> {
        self.engine.read_gradient(out)
    }

    fn optimiser_state(&mut self) -> Result<OptimiserState<T>, EngineError> {
        Ok(self.optimiser.state())
    }

    fn set_optimiser_state(&mut self, state: OptimiserState<T>) -> Result<(), EngineError> {
        Ok(self.optimiser.restore(state, 2 * self.network.parameters())?)
    }

    fn credit_state(&self) -> CreditState<T> {
        let own = self.kept().concat();
        let inner = self.engine.credit_state();
        CreditState { feedback: [own, inner.feedback].concat(), noise: Some(self.random.clone()) }
    }

    fn set_credit_state(&mut self, state: CreditState<T>) -> Result<(), EngineError> {
        let count = self.network.parameters();
        let own = 4 * count;
        if state.feedback.len() < own {
            let (found, expected) = (state.feedback.len(), own);
            return Err(EngineError::CreditState { rule: "of noisy networks", expected, found });
        }
        self.random = state.noise.ok_or(EngineError::NoNoise { rule: "of noisy networks" })?;
        let (own, inner) = state.feedback.split_at(own);
        let mut parts = own.chunks_exact(count);
        let mut take = |into: &mut [T]| parts.next().into_iter().for_each(|part| into.copy_from_slice(part));
        take(self.online.sigma_mut());
        take(self.target.sigma_mut());
        take(&mut self.online.noise);
        take(&mut self.target.noise);
        self.engine.set_credit_state(CreditState { feedback: inner.to_vec(), noise: None })?;
        self.write(ParameterSet::Online)?;
        self.write(ParameterSet::Target)
    }

    fn device(&self) -> Device {
        self.engine.device()
    }

    fn describe(&self) -> String {
        format!("{}, noisy dense layers", self.engine.describe())
    }
}

#[cfg(test)]
#[path = "noisy_tests.rs"]
mod tests;
