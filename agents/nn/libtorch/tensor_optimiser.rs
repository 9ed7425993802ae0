//! The optimisers over flat tensors, for devices whose memory Rust cannot reach: the equations of
//! [`crate::OptimiserSpec`] in libtorch's operations.

use crate::engine::EngineError;
use crate::flat_optimiser::AdamStep;
use crate::optimiser::{OptimiserSpec, OptimiserState, Rmsprop, RmspropUncentred, Sgd};
use crate::real::Real;
use std::marker::PhantomData;
use tch::{Device, TchError, Tensor};

/// An optimiser of parameters on a device.
pub(super) struct TensorOptimiser<T> {
    spec: OptimiserSpec,
    learning_rate: f64,
    steps: u64,
    device: Device,
    /// The vectors that [`OptimiserSpec::moments`] names, in that order; the second one is empty where there is but one.
    moments: [Tensor; 2],
    of: PhantomData<T>,
}

impl<T: Real> TensorOptimiser<T> {
    pub(super) fn new(
        spec: OptimiserSpec,
        learning_rate: f64,
        parameters: usize,
        device: Device,
    ) -> Result<Self, TchError> {
        let zeros = |place| {
            let length = if place < spec.moments().len() { parameters } else { 0 };
            Tensor::f_zeros([length as i64], (T::KIND, device))
        };
        let moments = [zeros(0)?, zeros(1)?];
        Ok(Self { spec, learning_rate, steps: 0, device, moments, of: PhantomData })
    }

    /// One update of `parameters` by `scale` times `gradient`.
    pub(super) fn step(&mut self, parameters: &mut Tensor, gradient: &Tensor, scale: T) -> Result<(), TchError> {
        self.steps += 1;
        let lr = self.learning_rate;
        let g = gradient.f_mul_scalar(scale.double())?;
        let [first, second] = &mut self.moments;
        let change = match &self.spec {
            OptimiserSpec::Adam(adam) => {
                let step = AdamStep::new(adam, lr, self.steps);
                blend(first, &g, step.beta1)?;
                blend(second, &g.f_square()?, step.beta2)?;
                let mut root = second.f_sqrt()?.f_div_scalar_(step.root_correction)?.f_add_scalar_(step.eps)?;
                root.f_reciprocal_()?.f_mul_(first)?.f_mul_scalar_(step.step_size)?
            }
            OptimiserSpec::Rmsprop(Rmsprop { decay, eps }) => {
                blend(first, &g, *decay)?;
                blend(second, &g.f_square()?, *decay)?;
                let variance = second.f_sub(&first.f_square()?)?.f_clamp_min_(0.0)?;
                g.f_div(&variance.f_add_scalar(*eps)?.f_sqrt_()?)?.f_mul_scalar_(lr)?
            }
            OptimiserSpec::RmspropUncentred(RmspropUncentred { decay, eps }) => {
                blend(first, &g.f_square()?, *decay)?;
                g.f_div(&first.f_sqrt()?.f_add_scalar_(*eps)?)?.f_mul_scalar_(lr)?
            }
            OptimiserSpec::Sgd(Sgd { momentum }) => first.f_mul_scalar_(*momentum)?.f_add_(&g)?.f_mul_scalar(lr)?,
        };
        parameters.f_sub_(&change).map(drop)
    }

    pub(super) fn state(&self) -> Result<OptimiserState<T>, TchError> {
        let read = |(name, tensor): (&&str, &Tensor)| {
            let mut values = vec![T::zero(); tensor.numel()];
            tensor.f_copy_data(&mut values, tensor.numel())?;
            Ok((name.to_string(), values))
        };
        let moments = self.spec.moments().iter().zip(&self.moments).map(read).collect::<Result<_, TchError>>()?;
        Ok(OptimiserState { steps: self.steps, moments })
    }

    pub(super) fn restore(&mut self, state: OptimiserState<T>, parameters: usize) -> Result<(), EngineError> {
        let steps = state.steps;
        let [first, second] = self.spec.take_moments(state, parameters)?;
        let write = |values: Vec<T>| Tensor::f_from_slice(&values)?.f_to_device(self.device);
        self.moments = [write(first)?, write(second)?];
        self.steps = steps;
        Ok(())
    }
}

/// `mean ← decay · mean + (1 − decay) · value`
fn blend(mean: &mut Tensor, value: &Tensor, decay: f64) -> Result<(), TchError> {
    mean.f_lerp_(value, 1.0 - decay).map(drop)
}
