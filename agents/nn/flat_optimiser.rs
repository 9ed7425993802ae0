//! The optimisers over flat slices in memory: one pass over parameters, gradient and moments.
//!
//! The equations are those of [`OptimiserSpec`]. Numbers that do not depend on the parameter (bias corrections, the step
//! size) are computed in `f64` and rounded once. Every parameter is computed by itself, without fused multiply-add, so the
//! bits depend neither on the width of the vectors nor on the CPU.

use crate::optimiser::{Adam, OptimiserError, OptimiserSpec, OptimiserState, Rmsprop, RmspropUncentred, Sgd};
use crate::real::Real;
use multiversion::multiversion;

/// An optimiser of parameters in memory.
pub(crate) struct FlatOptimiser<T> {
    spec: OptimiserSpec,
    learning_rate: f64,
    steps: u64,
    /// The vectors that [`OptimiserSpec::moments`] names, in that order; the second one is empty where there is but one.
    moments: [Vec<T>; 2],
}

impl<T: Real> FlatOptimiser<T> {
    pub(crate) fn new(spec: OptimiserSpec, learning_rate: f64, parameters: usize) -> Self {
        let moments = [0, 1].map(|place| vec![T::zero(); if place < spec.moments().len() { parameters } else { 0 }]);
        Self { spec, learning_rate, steps: 0, moments }
    }

    /// One update of `parameters` by `scale` times `gradient`; both as long as the optimiser was made for.
    pub(crate) fn step(&mut self, parameters: &mut [T], gradient: &[T], scale: T) {
        self.steps += 1;
        let lr = self.learning_rate;
        let [first, second] = &mut self.moments;
        match &self.spec {
            OptimiserSpec::Adam(adam) => {
                adam_step(parameters, gradient, scale, first, second, &AdamStep::new(adam, lr, self.steps));
            }
            OptimiserSpec::Rmsprop(Rmsprop { decay, eps }) => {
                rmsprop_step(parameters, gradient, scale, first, second, &RmspropStep::new(*decay, *eps, lr));
            }
            OptimiserSpec::RmspropUncentred(RmspropUncentred { decay, eps }) => {
                rmsprop_uncentred_step(parameters, gradient, scale, first, &RmspropStep::new(*decay, *eps, lr));
            }
            OptimiserSpec::Sgd(Sgd { momentum }) => {
                sgd_step(parameters, gradient, scale, first, T::of(*momentum), T::of(lr));
            }
        }
    }

    pub(crate) fn state(&self) -> OptimiserState<T> {
        let names = self.spec.moments().iter().map(|name| name.to_string());
        OptimiserState { steps: self.steps, moments: names.zip(self.moments.iter().cloned()).collect() }
    }

    pub(crate) fn restore(&mut self, state: OptimiserState<T>, parameters: usize) -> Result<(), OptimiserError> {
        let steps = state.steps;
        self.moments = self.spec.take_moments(state, parameters)?;
        self.steps = steps;
        Ok(())
    }
}

/// What Adam's update number t has in common for all parameters.
pub(crate) struct AdamStep {
    pub(crate) beta1: f64,
    pub(crate) beta2: f64,
    pub(crate) eps: f64,
    /// lr / (1 − β₁ᵗ)
    pub(crate) step_size: f64,
    /// √(1 − β₂ᵗ)
    pub(crate) root_correction: f64,
}

impl AdamStep {
    pub(crate) fn new(&Adam { beta1, beta2, eps }: &Adam, learning_rate: f64, steps: u64) -> Self {
        let t = steps as f64;
        let step_size = learning_rate / (1.0 - beta1.powf(t));
        Self { beta1, beta2, eps, step_size, root_correction: (1.0 - beta2.powf(t)).sqrt() }
    }
}

struct RmspropStep<T> {
    decay: T,
    gain: T,
    eps: T,
    learning_rate: T,
}

impl<T: Real> RmspropStep<T> {
    fn new(decay: f64, eps: f64, learning_rate: f64) -> Self {
        Self { decay: T::of(decay), gain: T::of(1.0 - decay), eps: T::of(eps), learning_rate: T::of(learning_rate) }
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn adam_step<T: Real>(
    parameters: &mut [T],
    gradient: &[T],
    scale: T,
    mean: &mut [T],
    mean_square: &mut [T],
    step: &AdamStep,
) {
    let (gain1, beta2, gain2) = (T::of(1.0 - step.beta1), T::of(step.beta2), T::of(1.0 - step.beta2));
    // What is divided by the same number everywhere is multiplied by its inverse: divisions take most of the time.
    let (step_size, root_factor, eps) = (T::of(step.step_size), T::of(1.0 / step.root_correction), T::of(step.eps));
    for (((p, &g), m), v) in parameters.iter_mut().zip(gradient).zip(mean).zip(mean_square) {
        let g = g * scale;
        *m += (g - *m) * gain1;
        *v = *v * beta2 + g * g * gain2;
        *p -= step_size * *m / (v.sqrt() * root_factor + eps);
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn rmsprop_step<T: Real>(
    parameters: &mut [T],
    gradient: &[T],
    scale: T,
    mean: &mut [T],
    mean_square: &mut [T],
    step: &RmspropStep<T>,
) {
    let RmspropStep { decay, gain, eps, learning_rate } = *step;
    for (((p, &g), m), n) in parameters.iter_mut().zip(gradient).zip(mean).zip(mean_square) {
        let g = g * scale;
        *m = *m * decay + g * gain;
        *n = *n * decay + g * g * gain;
        // n ≥ m² (Jensen), but rounding may say otherwise.
        *p -= learning_rate * g / ((*n - *m * *m).max(T::zero()) + eps).sqrt();
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn rmsprop_uncentred_step<T: Real>(
    parameters: &mut [T],
    gradient: &[T],
    scale: T,
    mean_square: &mut [T],
    step: &RmspropStep<T>,
) {
    let RmspropStep { decay, gain, eps, learning_rate } = *step;
    for ((p, &g), n) in parameters.iter_mut().zip(gradient).zip(mean_square) {
        let g = g * scale;
        *n = *n * decay + g * g * gain;
        *p -= learning_rate * g / (n.sqrt() + eps);
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn sgd_step<T: Real>(
    parameters: &mut [T],
    gradient: &[T],
    scale: T,
    velocity: &mut [T],
    momentum: T,
    learning_rate: T,
) {
    for ((p, &g), b) in parameters.iter_mut().zip(gradient).zip(velocity) {
        *b = *b * momentum + g * scale;
        *p -= learning_rate * *b;
    }
}

/// Σ g²: eight sums in `f64`, added in a fixed order.
#[multiversion(targets("x86_64+avx2"))]
fn square_sum<T: Real>(gradient: &[T]) -> f64 {
    let mut sums = [0.0_f64; 8];
    let (chunks, rest) = gradient.as_chunks::<8>();
    for chunk in chunks {
        for (sum, &g) in sums.iter_mut().zip(chunk) {
            *sum += g.double() * g.double();
        }
    }
    let rest: f64 = rest.iter().map(|&g| g.double() * g.double()).sum();
    sums.iter().sum::<f64>() + rest
}

/// √(Σ g²).
pub(crate) fn norm<T: Real>(gradient: &[T]) -> T {
    T::of(square_sum(gradient).sqrt())
}

/// The factor that shortens a gradient of norm `norm` to `clip` (PyTorch's `clip_grad_norm_`); 1 when it is short enough.
pub(crate) fn clip_factor<T: Real>(norm: T, clip: Option<f64>) -> T {
    clip.map_or(T::one(), |clip| T::of((clip / (norm.double() + 1e-6)).min(1.0)))
}
