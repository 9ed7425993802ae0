//! The libtorch engine: any network, on the CPU or on a CUDA device, without its autograd.
//!
//! ```text
//! forward    z = x Wᵀ + b                y = f(z)
//! backward   δ = ∂L/∂y ⊙ f′(y)           ∂L/∂W = δᵀ x     ∂L/∂b = Σ_batch δ     ∂L/∂x = δ W
//! ```
//!
//! Back-propagation is written out, layer by layer: the gradients of dense layers are then computed straight into one flat
//! vector, and no graph is built, walked and freed at every update. The gradient of a convolution is two convolutions:
//! by its input, a transposed one; by its filters, one of the input with δ (both with batch and channels exchanged), where
//! δ is dilated by the stride.
//!
//! On the CPU the flat vectors are read and written in place, and the optimiser is the one of the native engine. On a CUDA
//! device everything stays there but outputs, output errors and the gradient's norm.
//!
//! *Architecture invariant:* no tensor here ever requires a gradient, so libtorch records nothing.

mod layers;
mod memory;
mod tensor_optimiser;

use crate::device::{Device, prepare};
use crate::engine::{Engine, EngineError, ParameterSet, Training};
use crate::flat_optimiser::{FlatOptimiser, clip_factor, norm};
use crate::input::{Input, check_inputs, check_length};
use crate::network::Network;
use crate::optimiser::OptimiserState;
use memory::Parameters;
use std::sync::Arc;
use tch::{TchError, Tensor};
use tensor_optimiser::TensorOptimiser;

/// A network on libtorch.
pub struct LibtorchEngine {
    network: Arc<Network>,
    device: Device,
    training: Training,
    online: Parameters,
    target: Parameters,
    gradient: Parameters,
    optimiser: Optimiser,
    kept: Option<Kept>,
}

/// The optimiser, where the parameters are.
enum Optimiser {
    Cpu(FlatOptimiser),
    Cuda(TensorOptimiser),
}

/// What one forward pass leaves for the backward pass.
struct Kept {
    batch: usize,
    /// What went into each layer, and what came out of it.
    layers: Vec<(Tensor, Tensor)>,
}

impl LibtorchEngine {
    /// An engine for `network` on `device`; all parameters are 0.
    ///
    /// # Errors
    /// A parameter of `training` is out of range, or the device refuses.
    pub fn new(network: Arc<Network>, device: Device, training: Training) -> Result<Self, EngineError> {
        training.optimiser.check(training.learning_rate)?;
        prepare();
        let parameters = network.parameters();
        let (spec, rate) = (training.optimiser.clone(), training.learning_rate);
        let optimiser = match device {
            Device::Cpu => Optimiser::Cpu(FlatOptimiser::new(spec, rate, parameters)),
            Device::Cuda(_) => Optimiser::Cuda(TensorOptimiser::new(spec, rate, parameters, device.into())?),
        };
        let zeros = || Parameters::zeros(&network, device.into());
        let (online, target, gradient) = (zeros()?, zeros()?, zeros()?);
        Ok(Self { network, device, training, online, target, gradient, optimiser, kept: None })
    }

    fn set(&self, set: ParameterSet) -> &Parameters {
        match set {
            ParameterSet::Online => &self.online,
            ParameterSet::Target => &self.target,
        }
    }

    /// What goes into the first layer, and what joins it where the dense layers begin.
    fn upload(&self, inputs: &[Input<'_>], batch: usize) -> Result<[Option<Tensor>; 2], EngineError> {
        let device = self.device.into();
        let upload = |place: &usize| {
            let tensor = memory::upload(&inputs[*place], device)?;
            match self.network.inputs()[*place].shape[..] {
                [c, h, w] if self.network.pictures().contains(place) => tensor.f_view(memory::sizes([batch, c, h, w])),
                _ => tensor.f_view([batch as i64, -1]),
            }
        };
        let stack = |places: &[usize]| match places {
            [] => Ok(None),
            [place] => upload(place).map(Some),
            places => {
                let tensors = places.iter().map(upload).collect::<Result<Vec<_>, TchError>>()?;
                Tensor::f_cat(&tensors, 1).map(Some)
            }
        };
        Ok([stack(self.network.pictures())?, stack(self.network.vectors())?])
    }

    /// Sends `inputs` through all layers and shows `visit` what goes into each and what comes out of it.
    fn propagate(
        &self,
        parameters: &Parameters,
        inputs: &[Input<'_>],
        outputs: &mut [f32],
        batch: usize,
        mut visit: impl FnMut(Tensor, &Tensor),
    ) -> Result<(), EngineError> {
        check_inputs(self.network.inputs(), inputs, batch)?;
        check_length("the outputs", outputs.len(), batch * self.network.outputs(), batch)?;
        let [mut value, mut vectors] = self.upload(inputs, batch)?;
        for (layer, weights) in self.network.layers().iter().zip(&parameters.layers) {
            let input = layers::join(layer, value.take(), &mut vectors)?;
            let output = layers::forward(layer, weights, &input)?;
            visit(input, &output);
            value = Some(output);
        }
        if let Some(value) = value {
            value.f_copy_data(outputs, outputs.len())?;
        }
        Ok(())
    }
}

impl Engine for LibtorchEngine {
    fn forward(
        &mut self,
        set: ParameterSet,
        inputs: &[Input<'_>],
        batch: usize,
        outputs: &mut [f32],
    ) -> Result<(), EngineError> {
        self.propagate(self.set(set), inputs, outputs, batch, |_, _| {})
    }

    fn forward_keeping(&mut self, inputs: &[Input<'_>], batch: usize, outputs: &mut [f32]) -> Result<(), EngineError> {
        // The memory of the last batch goes back first, for this batch to use.
        let mut layers = self.kept.take().map_or_else(Vec::new, |kept| kept.layers);
        layers.clear();
        let keep = |input, output: &Tensor| layers.push((input, output.shallow_clone()));
        self.propagate(&self.online, inputs, outputs, batch, keep)?;
        self.kept = Some(Kept { batch, layers });
        Ok(())
    }

    fn backward(&mut self, output_error: &[f32]) -> Result<(), EngineError> {
        let Some(kept) = &self.kept else { return Err(EngineError::NothingKept) };
        let (batch, width) = (kept.batch, self.network.outputs());
        check_length("the output error", output_error.len(), batch * width, batch)?;
        let mut error = memory::upload(&Input::F32(output_error), self.device.into())?.f_view([-1, width as i64])?;
        for (index, layer) in self.network.layers().iter().enumerate().rev() {
            let (input, output) = &kept.layers[index];
            layers::error_before_activation(layer, output, &error)?;
            layers::gradient(&self.gradient.layers[index], layer, input, &error)?;
            if index > 0 {
                let (_, below) = &kept.layers[index - 1];
                error = layers::part(layers::input_error(layer, &self.online.layers[index], &error)?, below)?;
            }
        }
        Ok(())
    }

    fn update(&mut self) -> Result<f32, EngineError> {
        let norm = match &self.optimiser {
            Optimiser::Cpu(_) => norm(self.gradient.as_slice()?),
            Optimiser::Cuda(_) => f64::try_from(self.gradient.flat.f_norm()?)? as f32,
        };
        if !norm.is_finite() {
            return Err(EngineError::Diverged { norm });
        }
        let scale = clip_factor(norm, self.training.clip_gradient);
        match &mut self.optimiser {
            Optimiser::Cpu(optimiser) => {
                optimiser.step(self.online.as_mut_slice()?, self.gradient.as_slice()?, scale);
            }
            Optimiser::Cuda(optimiser) => optimiser.step(&mut self.online.flat, &self.gradient.flat, scale)?,
        }
        self.kept = None;
        Ok(norm)
    }

    fn copy_online_to_target(&mut self) -> Result<(), EngineError> {
        Ok(self.target.flat.f_copy_(&self.online.flat)?)
    }

    fn read_parameters(&mut self, set: ParameterSet, out: &mut [f32]) -> Result<(), EngineError> {
        self.set(set).read(out)
    }

    fn write_parameters(&mut self, set: ParameterSet, parameters: &[f32]) -> Result<(), EngineError> {
        match set {
            ParameterSet::Online => {
                self.kept = None;
                self.online.write(parameters)
            }
            ParameterSet::Target => self.target.write(parameters),
        }
    }

    fn read_gradient(&mut self, out: &mut [f32]) -> Result<(), EngineError> {
        self.gradient.read(out)
    }

    fn optimiser_state(&mut self) -> Result<OptimiserState, EngineError> {
        match &self.optimiser {
            Optimiser::Cpu(optimiser) => Ok(optimiser.state()),
            Optimiser::Cuda(optimiser) => Ok(optimiser.state()?),
        }
    }

    fn set_optimiser_state(&mut self, state: OptimiserState) -> Result<(), EngineError> {
        let parameters = self.network.parameters();
        match &mut self.optimiser {
            Optimiser::Cpu(optimiser) => Ok(optimiser.restore(state, parameters)?),
            Optimiser::Cuda(optimiser) => optimiser.restore(state, parameters),
        }
    }

    fn device(&self) -> Device {
        self.device
    }

    fn describe(&self) -> String {
        format!("libtorch on {}, {}", self.device, self.training.optimiser.name())
    }
}

impl From<TchError> for EngineError {
    fn from(error: TchError) -> Self {
        // The lines after the first are a C++ backtrace.
        EngineError::Libtorch(error.to_string().lines().next().unwrap_or_default().to_string())
    }
}

#[cfg(test)]
#[path = "libtorch_tests.rs"]
mod tests;
