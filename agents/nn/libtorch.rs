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
//! Rules of credit that send an error down are this same pass with other weights in `δ W`. Rules that disturb the network
//! are the native engine's: here each disturbance would cost a pass of its own.
//!
//! All layers but the last may compute in half precision (bfloat16): with rounded copies of both sets of parameters, made anew
//! when those change, and a gradient that is widened before it is clipped. The last layer, whose outputs tell actions apart,
//! computes in full precision.
//!
//! *Architecture invariant:* no tensor here ever requires a gradient, so libtorch records nothing.

mod layers;
mod local;
mod memory;
mod tensor_optimiser;

use crate::angle::angle;
use crate::credit::CreditSpec;
use crate::device::{Device, prepare};
use crate::engine::{Biases, CreditState, Engine, EngineError, Objective, ParameterSet, Precision, Training};
use crate::feedback::{Feedback, Route, Source};
use crate::flat_optimiser::{FlatOptimiser, clip_factor, norm};
use crate::input::{Input, check_inputs, check_length};
use crate::network::Network;
use crate::optimiser::OptimiserState;
use crate::real::{Random, Real};
use memory::Parameters;
use std::sync::Arc;
use tch::{Kind, TchError, Tensor};
use tensor_optimiser::TensorOptimiser;

/// A network on libtorch.
pub struct LibtorchEngine<T = f32> {
    network: Arc<Network>,
    device: Device,
    /// Of the numbers that all layers but the last compute with.
    kind: Kind,
    training: Training,
    online: Parameters<T>,
    target: Parameters<T>,
    gradient: Parameters<T>,
    optimiser: Optimiser<T>,
    feedback: Feedback<T>,
    carriers: Carriers<T>,
    kept: Option<Kept>,
}

/// The optimiser, where the parameters are.
enum Optimiser<T> {
    Cpu(FlatOptimiser<T>),
    Cuda(TensorOptimiser<T>),
}

/// What carries errors down, where the parameters are.
enum Carriers<T> {
    /// The forward weights.
    Forward,
    /// B = `fixed`, or made of it and the forward weights.
    Layers { source: Source, fixed: Parameters<T>, weights: Parameters<T> },
    /// For each layer but the last, its matrix `[outputs, units]`.
    Direct(Vec<Tensor>),
}

/// What one forward pass leaves for the backward pass.
struct Kept {
    batch: usize,
    /// What went into each layer, and what came out of it.
    layers: Vec<(Tensor, Tensor)>,
}

impl<T: Real> LibtorchEngine<T> {
    /// An engine for `network` on `device`; all parameters are 0, and feedback weights are drawn from `random`.
    ///
    /// # Errors
    /// A parameter of `training` is out of range, its rule of credit is none of this engine's, or the device refuses.
    pub fn new(
        network: Arc<Network>,
        device: Device,
        training: Training,
        random: &mut Random,
    ) -> Result<Self, EngineError> {
        training.optimiser.check(training.learning_rate)?;
        if matches!(training.credit, CreditSpec::NodePerturbation(_) | CreditSpec::WeightPerturbation(_)) {
            let reason = format!("does not follow the rule {}; set engine = \"native\"", training.credit.name());
            return Err(EngineError::Unsupported { engine: "libtorch", reason });
        }
        prepare();
        let parameters = network.parameters();
        let (spec, rate) = (training.optimiser.clone(), training.learning_rate);
        let optimiser = match device {
            Device::Cpu => Optimiser::Cpu(FlatOptimiser::new(spec, rate, parameters)),
            Device::Cuda(_) => Optimiser::Cuda(TensorOptimiser::new(spec, rate, parameters, device.into())?),
        };
        let kind = match training.precision {
            Precision::Single => T::KIND,
            Precision::Bfloat16 => Kind::BFloat16,
        };
        let zeros = || Parameters::zeros(&network, kind, device.into());
        let (online, target, gradient) = (zeros()?, zeros()?, zeros()?);
        let feedback = Feedback::new(&network, &training, random);
        let carriers = Carriers::new(&network, &feedback, kind, device)?;
        let kept = None;
        Ok(Self { network, device, kind, training, online, target, gradient, optimiser, feedback, carriers, kept })
    }

    fn set(&self, set: ParameterSet) -> &Parameters<T> {
        match set {
            ParameterSet::Online => &self.online,
            ParameterSet::Target => &self.target,
        }
    }

    /// What goes into the first layer, and what joins it where the dense layers begin.
    fn upload(&self, inputs: &[Input<'_>], batch: usize) -> Result<[Option<Tensor>; 2], EngineError> {
        let device = self.device.into();
        let upload = |place: &usize| {
            let tensor = memory::upload(&inputs[*place], self.kind, device)?;
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
        parameters: &Parameters<T>,
        inputs: &[Input<'_>],
        outputs: &mut [T],
        batch: usize,
        mut visit: impl FnMut(Tensor, &Tensor),
    ) -> Result<(), EngineError> {
        check_inputs(self.network.inputs(), inputs, batch)?;
        check_length("the outputs", outputs.len(), batch * self.network.outputs(), batch)?;
        let [mut value, mut vectors] = self.upload(inputs, batch)?;
        for (layer, weights) in self.network.layers().iter().zip(&parameters.layers) {
            let input = layers::join(layer, value.take(), &mut vectors)?.f_to_kind(weights.weight.f_kind()?)?;
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

impl<T: Real> Engine<T> for LibtorchEngine<T> {
    fn forward(
        &mut self,
        set: ParameterSet,
        inputs: &[Input<'_>],
        batch: usize,
        outputs: &mut [T],
    ) -> Result<(), EngineError> {
        self.propagate(self.set(set), inputs, outputs, batch, |_, _| {})
    }

    fn forward_keeping(&mut self, inputs: &[Input<'_>], batch: usize, outputs: &mut [T]) -> Result<(), EngineError> {
        // The memory of the last batch goes back first, for this batch to use.
        let mut layers = self.kept.take().map_or_else(Vec::new, |kept| kept.layers);
        layers.clear();
        let keep = |input, output: &Tensor| layers.push((input, output.shallow_clone()));
        self.propagate(&self.online, inputs, outputs, batch, keep)?;
        self.kept = Some(Kept { batch, layers });
        Ok(())
    }

    fn assign_credit(&mut self, objective: &dyn Objective<T>) -> Result<(), EngineError> {
        if let Carriers::Layers { source, fixed, weights } = &mut self.carriers {
            refresh(*source, &fixed.flat, &self.online.flat, &mut weights.flat)?;
            weights.round()?;
        }
        self.send_down(objective.output_error(), &self.carriers)?;
        Ok(self.gradient.collect()?)
    }

    fn angles(&mut self, objective: &dyn Objective<T>, angles: &mut [f64]) -> Result<(), EngineError> {
        check_length("the angles", angles.len(), self.network.layers().len(), 1)?;
        let mut assigned = vec![T::zero(); self.network.parameters()];
        let mut true_gradient = assigned.clone();
        self.gradient.read(&mut assigned)?;
        self.send_down(objective.output_error(), &Carriers::Forward)?;
        self.gradient.collect()?;
        self.gradient.read(&mut true_gradient)?;
        self.gradient.write(&assigned)?;
        for (layer, degrees) in angles.iter_mut().enumerate() {
            let place = self.network.layer_range(layer);
            *degrees = angle(&assigned[place.clone()], &true_gradient[place]);
        }
        Ok(())
    }

    fn update(&mut self) -> Result<T, EngineError> {
        let norm = match &self.optimiser {
            Optimiser::Cpu(_) => norm(self.gradient.as_slice()?),
            Optimiser::Cuda(_) => T::of(f64::try_from(self.gradient.flat.f_norm()?)?),
        };
        if !norm.is_finite() {
            let mut gradient = vec![T::zero(); self.network.parameters()];
            self.gradient.read(&mut gradient)?;
            return Err(EngineError::diverged(&self.network, &gradient, norm));
        }
        let scale = clip_factor(norm, self.training.clip_gradient);
        match &mut self.optimiser {
            Optimiser::Cpu(optimiser) => {
                optimiser.step(self.online.as_mut_slice()?, self.gradient.as_slice()?, scale);
            }
            Optimiser::Cuda(optimiser) => optimiser.step(&mut self.online.flat, &self.gradient.flat, scale)?,
        }
        self.online.round()?;
        self.kept = None;
        Ok(norm)
    }

    fn copy_online_to_target(&mut self) -> Result<(), EngineError> {
        self.target.flat.f_copy_(&self.online.flat)?;
        Ok(self.target.round()?)
    }

    fn move_target(&mut self, rate: f64) -> Result<(), EngineError> {
        let _ = self.target.flat.f_lerp_(&self.online.flat, rate)?;
        Ok(self.target.round()?)
    }

    fn read_parameters(&mut self, set: ParameterSet, out: &mut [T]) -> Result<(), EngineError> {
        self.set(set).read(out)
    }

    fn write_parameters(&mut self, set: ParameterSet, parameters: &[T]) -> Result<(), EngineError> {
        match set {
            ParameterSet::Online => {
                self.kept = None;
                self.online.write(parameters)
            }
            ParameterSet::Target => self.target.write(parameters),
        }
    }

    fn read_gradient(&mut self, out: &mut [T]) -> Result<(), EngineError> {
        self.gradient.read(out)
    }

    fn optimiser_state(&mut self) -> Result<OptimiserState<T>, EngineError> {
        match &self.optimiser {
            Optimiser::Cpu(optimiser) => Ok(optimiser.state()),
            Optimiser::Cuda(optimiser) => Ok(optimiser.state()?),
        }
    }

    fn set_optimiser_state(&mut self, state: OptimiserState<T>) -> Result<(), EngineError> {
        let parameters = self.network.parameters();
        match &mut self.optimiser {
            Optimiser::Cpu(optimiser) => Ok(optimiser.restore(state, parameters)?),
            Optimiser::Cuda(optimiser) => optimiser.restore(state, parameters),
        }
    }

    fn credit_state(&self) -> CreditState<T> {
        CreditState { feedback: self.feedback.fixed.clone(), noise: None }
    }

    fn set_credit_state(&mut self, state: CreditState<T>) -> Result<(), EngineError> {
        self.feedback.restore(&state)?;
        self.carriers = Carriers::new(&self.network, &self.feedback, self.kind, self.device)?;
        Ok(())
    }

    fn device(&self) -> Device {
        self.device
    }

    fn describe(&self) -> String {
        let precision = if self.kind == T::KIND { "" } else { ", all layers but the last in bfloat16" };
        let (optimiser, credit) = (self.training.optimiser.name(), self.training.credit.name());
        format!("libtorch on {}, {optimiser}, {credit}{precision}", self.device)
    }
}

impl<T: Real> LibtorchEngine<T> {
    /// Computes the gradient from the output error, `[batch, outputs]`, as `carriers` bring it down.
    fn send_down(&self, output_error: &[T], carriers: &Carriers<T>) -> Result<(), EngineError> {
        let Some(kept) = &self.kept else { return Err(EngineError::NothingKept) };
        let (batch, width) = (kept.batch, self.network.outputs());
        check_length("the output error", output_error.len(), batch * width, batch)?;
        let sent = Tensor::f_from_slice(output_error)?.f_to_device(self.device.into())?.f_view([-1, width as i64])?;
        // The last layer is linear: what is sent is its δ, and stays as it is.
        let mut error = sent.shallow_clone();
        for (index, layer) in self.network.layers().iter().enumerate().rev() {
            let (input, output) = &kept.layers[index];
            layers::error_before_activation(layer, output, &error)?;
            layers::gradient(&self.gradient.layers[index], layer, input, &error)?;
            let Some(below) = index.checked_sub(1) else { break };
            let (_, below_output) = &kept.layers[below];
            error = match carriers {
                Carriers::Forward => layers::input_error(layer, &self.online.layers[index], &error)?,
                Carriers::Layers { weights, .. } => layers::input_error(layer, &weights.layers[index], &error)?,
                Carriers::Direct(matrices) => sent.f_mm(&matrices[below])?,
            };
            error = layers::part(error, below_output)?.f_to_kind(below_output.f_kind()?)?;
        }
        if self.training.biases == Biases::Fixed {
            for layer in &self.gradient.layers {
                let _ = layer.bias.shallow_clone().f_zero_()?;
            }
        }
        Ok(())
    }
}

impl<T: Real> Carriers<T> {
    fn new(network: &Network, feedback: &Feedback<T>, kind: Kind, device: Device) -> Result<Self, EngineError> {
        match feedback.route {
            Route::Forward | Route::Disturbance => Ok(Carriers::Forward),
            Route::Layers(source) => {
                let mut fixed = Parameters::zeros(network, T::KIND, device.into())?;
                fixed.write(&feedback.fixed)?;
                Ok(Carriers::Layers { source, fixed, weights: Parameters::zeros(network, kind, device.into())? })
            }
            Route::Direct => {
                let matrices = feedback.matrices(network).map(|(matrix, units)| {
                    let matrix = Tensor::f_from_slice(matrix)?.f_to_device(device.into())?;
                    matrix.f_view([-1, units as i64])
                });
                Ok(Carriers::Direct(matrices.collect::<Result<_, TchError>>()?))
            }
        }
    }
}

/// Makes `weights` the B that `source` says, of the fixed numbers and the forward weights.
fn refresh(source: Source, fixed: &Tensor, forward: &Tensor, weights: &mut Tensor) -> Result<(), TchError> {
    match source {
        Source::Fixed => weights.f_copy_(fixed),
        Source::Signs => weights.f_copy_(&forward.f_sign()?.f_mul_(fixed)?),
        Source::Reciprocal => weights.f_copy_(&forward.f_add(fixed)?),
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
