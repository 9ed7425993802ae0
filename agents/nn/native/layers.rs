//! What each kind of layer does to a batch, forwards and backwards.

use super::filters::{self, Sizes};
use super::matrix::{Layout, Matrix, MatrixMut};
use super::product::{Factor, Into};
use crate::Activation;
use crate::network::{Dense, Layer};
use crate::real::Real;

/// Elements of what the filters of `layer` see, for one sample; none for a dense layer.
pub(super) fn patches(layer: &Layer) -> usize {
    match layer {
        Layer::Conv(conv) | Layer::Local(conv) => Sizes::of(conv).patches(),
        Layer::Dense(_) => 0,
    }
}

/// Writes the biases into the sums `z` of one sample, `[units]`.
pub(super) fn start_with_biases<T: Real>(layer: &Layer, biases: &[T], z: &mut [T]) {
    match layer {
        Layer::Conv(_) => {
            let places = z.len() / biases.len();
            z.chunks_exact_mut(places).zip(biases).for_each(|(z, &bias)| z.fill(bias));
        }
        Layer::Local(_) | Layer::Dense(_) => z.copy_from_slice(biases),
    }
}

/// Inputs of a dense layer from which on the packing of its weights costs more than the writing of its sums transposed.
const WORTH_PACKING: usize = 16;

/// Adds `x Wᵀ` to the sums `z`, of which samples lie `stride` apart; `x` is `[batch, inputs]`. What filters see is kept in
/// `patches`.
pub(super) fn add_weighted_sums<T: Real>(
    layer: &Layer,
    weights: &[T],
    x: &[T],
    patches: &mut [T],
    z: &mut [T],
    stride: usize,
    factor: &mut Factor<T>,
) {
    match layer {
        Layer::Conv(conv) => {
            filters::look_everywhere(conv, x, patches);
            filters::add_shared_sums(Sizes::of(conv), weights, patches, z, stride, factor);
        }
        Layer::Local(conv) => {
            filters::look_everywhere(conv, x, patches);
            filters::add_local_sums(Sizes::of(conv), weights, patches, z, stride, factor);
        }
        &Layer::Dense(Dense { inputs, units, .. }) => {
            let batch = x.len() / inputs;
            let x = Matrix::new(x, Layout::rows(batch, inputs));
            let weights = Matrix::new(weights, Layout::rows(units, inputs));
            let mut z = MatrixMut::new(z, Layout::rows_apart(batch, units, stride));
            // The smaller factor is packed. The sums are the same to the last bit.
            if batch < units && inputs >= WORTH_PACKING {
                factor.pack(x.transposed()).multiply(weights, &mut z.transposed(), Into::Add);
            } else {
                factor.pack(weights.transposed()).multiply(x, &mut z, Into::Add);
            }
        }
    }
}

/// Writes ∂L/∂W and ∂L/∂b from the layer's input `x`, or what its filters saw of it, and its `delta`, `[batch, units]`.
pub(super) fn gradient<T: Real>(
    layer: &Layer,
    x: &[T],
    patches: &[T],
    delta: &[T],
    (weights, biases): (&mut [T], &mut [T]),
    factor: &mut Factor<T>,
) {
    match layer {
        Layer::Conv(conv) => filters::shared_gradient(Sizes::of(conv), patches, delta, weights, factor),
        Layer::Local(conv) => filters::local_gradient(Sizes::of(conv), patches, delta, weights, factor),
        &Layer::Dense(Dense { inputs, units, .. }) => {
            let batch = x.len() / inputs;
            let x = Matrix::new(x, Layout::rows(batch, inputs));
            let delta = Matrix::new(delta, Layout::rows(batch, units));
            let mut weights = MatrixMut::new(weights, Layout::rows(units, inputs));
            factor.pack(x).multiply(delta.transposed(), &mut weights, Into::Set);
        }
    }
    sum_up(layer, delta, biases);
}

/// Writes the sum of `delta` over the batch, and over the places of shared filters, into `biases`.
fn sum_up<T: Real>(layer: &Layer, delta: &[T], biases: &mut [T]) {
    biases.fill(T::zero());
    for delta in delta.chunks_exact(layer.units()) {
        match layer {
            Layer::Conv(_) => {
                let places = delta.chunks_exact(layer.units() / biases.len());
                biases.iter_mut().zip(places).for_each(|(sum, delta)| *sum += delta.iter().copied().sum());
            }
            Layer::Local(_) | Layer::Dense(_) => {
                biases.iter_mut().zip(delta).for_each(|(sum, &delta)| *sum += delta);
            }
        }
    }
}

/// Writes ∂L/∂x into `error`, `[batch, below]`, for the first `below` of the inputs; `patches` is memory for it.
pub(super) fn input_error<T: Real>(
    layer: &Layer,
    weights: &[T],
    delta: &[T],
    patches: &mut [T],
    (error, below): (&mut [T], usize),
    factor: &mut Factor<T>,
) {
    match layer {
        Layer::Conv(conv) => filters::shared_input_error(conv, weights, delta, patches, error, factor),
        Layer::Local(conv) => filters::local_input_error(conv, weights, delta, patches, error, factor),
        &Layer::Dense(Dense { inputs, units, .. }) => {
            let batch = delta.len() / units;
            let delta = Matrix::new(delta, Layout::rows(batch, units));
            let weights = Matrix::new(weights, Layout::rows_apart(units, below, inputs));
            let mut error = MatrixMut::new(error, Layout::rows(batch, below));
            factor.pack(weights).multiply(delta, &mut error, Into::Set);
        }
    }
}

/// Turns `error` = ∂L/∂y into δ = ∂L/∂z, for one sample's values `y`.
pub(super) fn error_before_activation<T: Real>(activation: Activation, y: &[T], error: &mut [T]) {
    match activation {
        // Not a product with the slope: where a unit is silent, an infinite error stays without effect.
        Activation::Relu => {
            for (error, &y) in error.iter_mut().zip(y) {
                *error = if y > T::zero() { *error } else { T::zero() };
            }
        }
        Activation::Linear => {}
        activation => {
            for (error, &y) in error.iter_mut().zip(y) {
                *error *= activation.slope(y);
            }
        }
    }
}
