//! Dropout: hidden units fall silent at random while a network learns, so that none relies on the others (Srivastava, Hinton,
//! Krizhevsky, Sutskever & Salakhutdinov 2014, *Dropout*).
//!
//! ```text
//! W̃ = W diag(m)        m_j = 0 with probability p, else 1 / (1 − p)        section 4, scaled while learning (section 10)
//! ∂L/∂W = ∂L/∂W̃ diag(m)
//! ```
//!
//! The units j are those of the layer below a dense layer; what the network sees never falls silent. Dropout is a layer *around*
//! an engine, which computes with W̃ from a forward pass that keeps to the update after it, with W at any other time, and knows
//! of neither. Whoever acts does so with W, and the target parameters are whole too.
//!
//! Departure from the paper: a unit is silent for all samples of a batch, or for none, and m is drawn anew for each batch.

use crate::Device;
use crate::engine::{CreditState, Engine, EngineError, Objective, ParameterSet, Training};
use crate::feedback::{Route, route};
use crate::flat_optimiser::{FlatOptimiser, clip_factor, norm};
use crate::input::{Input, check_length};
use crate::network::{Layer, Network};
use crate::optimiser::OptimiserState;
use crate::real::{Random, Real};
use rand::Rng;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The probability p with which a hidden unit falls silent; 0: no dropout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DropoutSpec(
    /// p
    pub f64,
);

impl DropoutSpec {
    /// Whether it can be.
    ///
    /// # Errors
    /// A sentence that names the key, its value and what is allowed.
    pub fn check(self) -> Result<(), String> {
        match (0.0..1.0).contains(&self.0) {
            true => Ok(()),
            false => Err(format!("dropout = {} must lie between 0 and below 1", self.0)),
        }
    }

    /// Whether no unit ever falls silent.
    pub fn is_off(self) -> bool {
        self.0 == 0.0
    }

    /// Lets hidden units of `engine`, which holds the parameters of `network` already, fall silent; `random` draws which.
    ///
    /// # Errors
    /// The probability is out of range, or credit does not come back through the weights themselves: what is silent would then
    /// be blamed all the same.
    pub fn around<T: Real>(
        self,
        mut engine: Box<dyn Engine<T>>,
        network: Arc<Network>,
        training: &Training,
        random: Random,
    ) -> Result<Dropout<T>, EngineError> {
        self.check().map_err(EngineError::Credit)?;
        if route(&training.credit) != Route::Forward {
            let said = format!(
                "dropout needs credit that comes back through the weights themselves (`backprop`, or `attention-gated` with \
                 feedback = \"tied\"), not {}",
                training.credit.name()
            );
            return Err(EngineError::Credit(said));
        }
        let mut online = vec![T::zero(); network.parameters()];
        engine.read_parameters(ParameterSet::Online, &mut online)?;
        Ok(Dropout {
            optimiser: FlatOptimiser::new(training.optimiser.clone(), training.learning_rate, online.len()),
            clip_gradient: training.clip_gradient,
            rate: self.0,
            gradient: vec![T::zero(); online.len()],
            mask: vec![T::one(); online.len()],
            thinned: online.clone(),
            online,
            units: Vec::new(),
            engine,
            network,
            random,
        })
    }
}

/// An engine whose hidden units fall silent while it learns.
pub struct Dropout<T: Real> {
    engine: Box<dyn Engine<T>>,
    network: Arc<Network>,
    optimiser: FlatOptimiser<T>,
    clip_gradient: Option<f64>,
    /// p
    rate: f64,
    /// W
    online: Vec<T>,
    gradient: Vec<T>,
    /// By parameter, the m that it is multiplied by.
    mask: Vec<T>,
    /// W̃
    thinned: Vec<T>,
    /// m of the units below one layer.
    units: Vec<T>,
    random: Random,
}

impl<T: Real> Dropout<T> {
    /// Draws which units are silent.
    fn draw(&mut self) {
        let Self { network, rate, mask, units, random, .. } = self;
        let kept = T::of(1.0 / (1.0 - *rate));
        for (index, pair) in network.layers().windows(2).enumerate() {
            if let [below, layer @ Layer::Dense(_)] = pair {
                units.clear();
                units.extend((0..below.units()).map(|_| if random.random_bool(*rate) { T::zero() } else { kept }));
                let (weights, _) = network.layer_parameters_mut(index + 1, mask);
                // Inputs that join the network here follow the units of the layer below, and stay.
                weights.chunks_exact_mut(layer.inputs()).for_each(|row| row[..units.len()].copy_from_slice(units));
            }
        }
    }
}

/// Reads ∂L/∂W from an engine that computed ∂L/∂W̃.
fn read_gradient<T: Real>(engine: &mut dyn Engine<T>, mask: &[T], out: &mut [T]) -> Result<(), EngineError> {
    engine.read_gradient(out)?;
    out.iter_mut().zip(mask).for_each(|(slope, &m)| *slope *= m);
    Ok(())
}

impl<T: Real> Engine<T> for Dropout<T> {
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
        self.draw();
        let whole = self.online.iter().zip(&self.mask);
        self.thinned.iter_mut().zip(whole).for_each(|(thinned, (&w, &m))| *thinned = w * m);
        self.engine.write_parameters(ParameterSet::Online, &self.thinned)?;
        self.engine.forward_keeping(inputs, batch, outputs)
    }

    fn assign_credit(&mut self, objective: &dyn Objective<T>) -> Result<(), EngineError> {
        self.engine.assign_credit(objective)
    }

    fn angles(&mut self, objective: &dyn Objective<T>, angles: &mut [f64]) -> Result<(), EngineError> {
        self.engine.angles(objective, angles)
    }

    fn update(&mut self) -> Result<T, EngineError> {
        read_gradient(self.engine.as_mut(), &self.mask, &mut self.gradient)?;
        let norm = norm(&self.gradient);
        if norm.is_finite() {
            self.optimiser.step(&mut self.online, &self.gradient, clip_factor(norm, self.clip_gradient));
        }
        // Whole again, whether it learned or not.
        self.engine.write_parameters(ParameterSet::Online, &self.online)?;
        match norm.is_finite() {
            true => Ok(norm),
            false => Err(EngineError::diverged(&self.network, &self.gradient, norm)),
        }
    }

    fn copy_online_to_target(&mut self) -> Result<(), EngineError> {
        self.engine.write_parameters(ParameterSet::Target, &self.online)
    }

    fn move_target(&mut self, rate: f64) -> Result<(), EngineError> {
        self.engine.move_target(rate)
    }

    fn read_parameters(&mut self, set: ParameterSet, out: &mut [T]) -> Result<(), EngineError> {
        match set {
            ParameterSet::Online => {
                check_length("the flat vector", out.len(), self.online.len(), 1)?;
                out.copy_from_slice(&self.online);
                Ok(())
            }
            ParameterSet::Target => self.engine.read_parameters(set, out),
        }
    }

    fn write_parameters(&mut self, set: ParameterSet, parameters: &[T]) -> Result<(), EngineError> {
        self.engine.write_parameters(set, parameters)?;
        if set == ParameterSet::Online {
            self.online.copy_from_slice(parameters);
        }
        Ok(())
    }

    fn read_gradient(&mut self, out: &mut [T]) -> Result<(), EngineError> {
        read_gradient(self.engine.as_mut(), &self.mask, out)
    }

    fn optimiser_state(&mut self) -> Result<OptimiserState<T>, EngineError> {
        Ok(self.optimiser.state())
    }

    fn set_optimiser_state(&mut self, state: OptimiserState<T>) -> Result<(), EngineError> {
        Ok(self.optimiser.restore(state, self.online.len())?)
    }

    fn credit_state(&self) -> CreditState<T> {
        CreditState { noise: Some(self.random.clone()), ..self.engine.credit_state() }
    }

    fn set_credit_state(&mut self, state: CreditState<T>) -> Result<(), EngineError> {
        let random = state.noise.ok_or(EngineError::NoNoise { rule: "of dropout" })?;
        self.engine.set_credit_state(CreditState { feedback: state.feedback, noise: None })?;
        self.random = random;
        Ok(())
    }

    fn device(&self) -> Device {
        self.engine.device()
    }

    fn describe(&self) -> String {
        format!("{}, dropout {}", self.engine.describe(), self.rate)
    }
}

#[cfg(test)]
#[path = "dropout_tests.rs"]
mod tests;
