//! The engine itself: two sets of parameters, a gradient, an optimiser, and the way of credit between them.

use super::activity::Activity;
use super::descent::{Carriers, Descent};
use super::perturbation::{Disturber, Ground, hold_biases};
use crate::angle::angle;
use crate::device::Device;
use crate::engine::{CreditState, Engine, EngineError, Objective, ParameterSet, Training};
use crate::feedback::{Feedback, Route};
use crate::flat_optimiser::{FlatOptimiser, clip_factor, norm};
use crate::input::{Input, check_inputs, check_length};
use crate::network::Network;
use crate::optimiser::OptimiserState;
use crate::real::{Random, Real};
use std::sync::Arc;

/// A network in plain Rust.
pub struct NativeEngine<T = f32> {
    network: Arc<Network>,
    training: Training,
    online: Vec<T>,
    target: Vec<T>,
    gradient: Vec<T>,
    optimiser: FlatOptimiser<T>,
    feedback: Feedback<T>,
    /// B of a route from layer to layer that is not the forward one; else empty.
    carriers: Vec<T>,
    disturber: Option<Disturber<T>>,
    /// What the last forward pass that keeps left.
    kept: Activity<T>,
    /// Whether the parameters are still those of that pass.
    keeps: bool,
    /// What all other passes leave.
    passing: Activity<T>,
    descent: Descent<T>,
    /// The gradient of back-propagation, once an angle was asked for.
    true_gradient: Vec<T>,
}

impl<T: Real> NativeEngine<T> {
    /// An engine for `network`; all parameters are 0. Feedback weights are drawn from `random`, which, as it is after that,
    /// becomes the generator of disturbances.
    ///
    /// # Errors
    /// A parameter of `training` is out of range.
    pub fn new(network: Arc<Network>, training: Training, random: &mut Random) -> Result<Self, EngineError> {
        training.optimiser.check(training.learning_rate)?;
        training.credit.check().map_err(EngineError::Credit)?;
        let zeros = vec![T::zero(); network.parameters()];
        let feedback = Feedback::new(&network, &training, random);
        Ok(Self {
            optimiser: FlatOptimiser::new(training.optimiser.clone(), training.learning_rate, zeros.len()),
            carriers: if matches!(feedback.route, Route::Layers(_)) { zeros.clone() } else { Vec::new() },
            feedback,
            disturber: Disturber::new(&network, &training.credit, random.clone()),
            kept: Activity::new(&network),
            keeps: false,
            passing: Activity::new(&network),
            descent: Descent::default(),
            true_gradient: Vec::new(),
            online: zeros.clone(),
            target: zeros.clone(),
            gradient: zeros,
            network,
            training,
        })
    }

    fn set(&self, set: ParameterSet) -> &[T] {
        match set {
            ParameterSet::Online => &self.online,
            ParameterSet::Target => &self.target,
        }
    }

    fn check_flat(&self, found: usize) -> Result<(), EngineError> {
        Ok(check_length("the flat vector", found, self.network.parameters(), 1)?)
    }

    fn check(&self, inputs: &[Input<'_>], batch: usize, outputs: &[T]) -> Result<(), EngineError> {
        check_inputs(self.network.inputs(), inputs, batch)?;
        Ok(check_length("the outputs", outputs.len(), batch * self.network.outputs(), batch)?)
    }

    /// The output error of `objective`, where a forward pass was kept that it fits.
    fn output_error<'a>(&self, objective: &'a dyn Objective<T>) -> Result<&'a [T], EngineError> {
        if !self.keeps {
            return Err(EngineError::NothingKept);
        }
        let (error, batch) = (objective.output_error(), self.kept.batch);
        check_length("the output error", error.len(), batch * self.network.outputs(), batch)?;
        Ok(error)
    }
}

impl<T: Real> Engine<T> for NativeEngine<T> {
    fn forward(
        &mut self,
        set: ParameterSet,
        inputs: &[Input<'_>],
        batch: usize,
        outputs: &mut [T],
    ) -> Result<(), EngineError> {
        self.check(inputs, batch, outputs)?;
        let Self { network, online, target, passing, .. } = self;
        let parameters = match set {
            ParameterSet::Online => online,
            ParameterSet::Target => target,
        };
        passing.perceive(network, inputs, batch);
        passing.propagate(network, parameters, 0, |_, _, _| {});
        outputs.copy_from_slice(passing.outputs(network));
        Ok(())
    }

    fn forward_keeping(&mut self, inputs: &[Input<'_>], batch: usize, outputs: &mut [T]) -> Result<(), EngineError> {
        self.check(inputs, batch, outputs)?;
        self.kept.perceive(&self.network, inputs, batch);
        self.kept.propagate(&self.network, &self.online, 0, |_, _, _| {});
        self.keeps = true;
        outputs.copy_from_slice(self.kept.outputs(&self.network));
        Ok(())
    }

    fn assign_credit(&mut self, objective: &dyn Objective<T>) -> Result<(), EngineError> {
        let output_error = self.output_error(objective)?;
        let Self { network, training, online, gradient, feedback, carriers, disturber, kept, descent, .. } = self;
        if let Some(disturber) = disturber {
            let biases = training.biases;
            disturber.estimate(Ground { network, parameters: online, biases, clean: kept, objective }, gradient);
            return Ok(());
        }
        let carriers = match feedback.route {
            Route::Layers(source) => {
                feedback.weights(source, online, carriers);
                Carriers::Layers(carriers)
            }
            Route::Direct => Carriers::Direct(feedback),
            Route::Forward | Route::Disturbance => Carriers::Layers(online),
        };
        descent.send_down(network, kept, output_error, carriers, gradient);
        hold_biases(network, training.biases, gradient);
        Ok(())
    }

    fn angles(&mut self, objective: &dyn Objective<T>, angles: &mut [f64]) -> Result<(), EngineError> {
        check_length("the angles", angles.len(), self.network.layers().len(), 1)?;
        let output_error = self.output_error(objective)?;
        let Self { network, training, online, gradient, kept, descent, true_gradient, .. } = self;
        true_gradient.resize(gradient.len(), T::zero());
        descent.send_down(network, kept, output_error, Carriers::Layers(online), true_gradient);
        hold_biases(network, training.biases, true_gradient);
        for (layer, degrees) in angles.iter_mut().enumerate() {
            let place = network.layer_range(layer);
            *degrees = angle(&gradient[place.clone()], &true_gradient[place]);
        }
        Ok(())
    }

    fn update(&mut self) -> Result<T, EngineError> {
        let norm = norm(&self.gradient);
        if !norm.is_finite() {
            return Err(EngineError::diverged(&self.network, &self.gradient, norm));
        }
        let scale = clip_factor(norm, self.training.clip_gradient);
        self.optimiser.step(&mut self.online, &self.gradient, scale);
        self.keeps = false;
        Ok(norm)
    }

    fn copy_online_to_target(&mut self) -> Result<(), EngineError> {
        self.target.copy_from_slice(&self.online);
        Ok(())
    }

    fn move_target(&mut self, rate: f64) -> Result<(), EngineError> {
        let rate = T::of(rate);
        self.target.iter_mut().zip(&self.online).for_each(|(target, &online)| *target += rate * (online - *target));
        Ok(())
    }

    fn read_parameters(&mut self, set: ParameterSet, out: &mut [T]) -> Result<(), EngineError> {
        self.check_flat(out.len())?;
        out.copy_from_slice(self.set(set));
        Ok(())
    }

    fn write_parameters(&mut self, set: ParameterSet, parameters: &[T]) -> Result<(), EngineError> {
        self.check_flat(parameters.len())?;
        match set {
            ParameterSet::Online => {
                self.keeps = false;
                self.online.copy_from_slice(parameters);
            }
            ParameterSet::Target => self.target.copy_from_slice(parameters),
        }
        Ok(())
    }

    fn read_gradient(&mut self, out: &mut [T]) -> Result<(), EngineError> {
        self.check_flat(out.len())?;
        out.copy_from_slice(&self.gradient);
        Ok(())
    }

    fn optimiser_state(&mut self) -> Result<OptimiserState<T>, EngineError> {
        Ok(self.optimiser.state())
    }

    fn set_optimiser_state(&mut self, state: OptimiserState<T>) -> Result<(), EngineError> {
        Ok(self.optimiser.restore(state, self.network.parameters())?)
    }

    fn credit_state(&self) -> CreditState<T> {
        let noise = self.disturber.as_ref().map(|disturber| disturber.random.clone());
        CreditState { feedback: self.feedback.fixed.clone(), noise }
    }

    fn set_credit_state(&mut self, state: CreditState<T>) -> Result<(), EngineError> {
        self.feedback.restore(&state)?;
        match (&mut self.disturber, state.noise) {
            (Some(disturber), Some(noise)) => disturber.random = noise,
            (Some(_), None) => return Err(EngineError::NoNoise { rule: self.training.credit.name() }),
            (None, _) => {}
        }
        Ok(())
    }

    fn device(&self) -> Device {
        Device::Cpu
    }

    fn describe(&self) -> String {
        format!("native on {}, {}, {}", Device::Cpu, self.training.optimiser.name(), self.training.credit.name())
    }
}
