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

mod cuda_optimiser;
mod layers;
mod memory;

use crate::device::{Device, prepare};
use crate::engine::{Engine, EngineError, ParameterSet, Training};
use crate::flat_optimiser::{FlatOptimiser, clip_factor, norm};
use crate::input::{Input, check_inputs, check_length};
use crate::network::Network;
use crate::optimiser::OptimiserState;
use cuda_optimiser::CudaOptimiser;
use layers::Parameters;
use std::sync::Arc;
use tch::Tensor;

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
    Cuda(CudaOptimiser),
}

/// What one forward pass leaves for the backward pass.
struct Kept {
    batch: usize,
    /// What went into each layer, and at last what came out.
    values: Vec<Tensor>,
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
            Device::Cuda(_) => Optimiser::Cuda(CudaOptimiser::new(spec, rate, parameters, device.into())?),
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

    /// What goes into the first layer, and what joins the output of the last convolution.
    fn upload(&self, inputs: &[Input<'_>], batch: usize) -> Result<(Option<Tensor>, Option<Tensor>), EngineError> {
        let gather = |places: &[usize], rank: Rank| {
            let tensors = places.iter().map(|&place| {
                let shape = &self.network.inputs()[place].shape;
                memory::upload(&inputs[place], batch, shape, rank, self.device.into())
            });
            let mut tensors = tensors.collect::<Result<Vec<_>, EngineError>>()?;
            Ok::<_, EngineError>(if tensors.len() > 1 { Some(Tensor::f_cat(&tensors, 1)?) } else { tensors.pop() })
        };
        Ok((gather(self.network.pictures(), Rank::Picture)?, gather(self.network.vectors(), Rank::Vector)?))
    }

    /// The values between all layers, inputs and outputs included.
    fn propagate(
        &self,
        parameters: &Parameters,
        inputs: &[Input<'_>],
        batch: usize,
        mut visit: impl FnMut(Tensor),
    ) -> Result<Tensor, EngineError> {
        let (picture, mut vectors) = self.upload(inputs, batch)?;
        let mut value = picture;
        for (layer, weights) in self.network.layers().iter().zip(&parameters.layers) {
            let input = layers::join(layer, value.take(), &mut vectors)?;
            value = Some(layers::forward(layer, weights, &input)?);
            visit(input);
        }
        value.ok_or(EngineError::NothingKept)
    }
}

/// How an input is laid out.
#[derive(Clone, Copy)]
enum Rank {
    /// `[batch, channels, height, width]`
    Picture,
    /// `[batch, elements]`
    Vector,
}
