//! Credit that is sent down: δ of each layer from δ of the layer above it, or from the output.
//!
//! ```text
//! δ_l = (δ_{l+1} B_{l+1}) ⊙ f′(y_l)     or     (δ_L B_l) ⊙ f′(y_l)        ∂L/∂W_l = δ_lᵀ x_l
//! ```

use super::activity::{Activity, grow};
use super::layers;
use super::matrix::{Layout, Matrix, MatrixMut};
use super::product::{Factor, Into};
use crate::feedback::Feedback;
use crate::network::{Layer, Network};
use crate::real::Real;

/// What carries an error down.
#[derive(Clone, Copy)]
pub(super) enum Carriers<'a, T> {
    /// Weights B, laid out as the parameters are.
    Layers(&'a [T]),
    /// For each layer but the last, a matrix B_l from the output.
    Direct(&'a Feedback<T>),
}

/// The memory for errors on their way down.
#[derive(Default)]
pub(super) struct Descent<T> {
    /// δ of the layer that the error has come to, `[batch, units]`.
    delta: Vec<T>,
    /// The error at what comes out of the layer below it.
    below: Vec<T>,
    /// Errors at what filters saw.
    patches: Vec<T>,
    factor: Factor<T>,
}

impl<T: Real> Descent<T> {
    /// Sends `output_error`, `[batch, outputs]`, down through what the pass `kept` left, and writes the gradient.
    pub(super) fn send_down(
        &mut self,
        network: &Network,
        kept: &Activity<T>,
        output_error: &[T],
        carriers: Carriers<'_, T>,
        gradient: &mut [T],
    ) {
        let batch = kept.batch;
        let widest = network.layers().iter().map(Layer::units).max().unwrap_or_default();
        grow(&mut self.delta, batch * widest);
        grow(&mut self.below, batch * widest);
        // The last layer is linear: what is sent is its δ.
        self.delta[..output_error.len()].copy_from_slice(output_error);
        for (index, layer) in network.layers().iter().enumerate().rev() {
            let delta = &self.delta[..batch * layer.units()];
            let (x, patches) = (kept.entering(network, index), kept.patches(network, index));
            layers::gradient(layer, x, patches, delta, network.layer_parameters_mut(index, gradient), &mut self.factor);
            let Some((below, lower)) = index.checked_sub(1).map(|below| (below, &network.layers()[below])) else {
                break;
            };
            let error = &mut self.below[..batch * lower.units()];
            match carriers {
                Carriers::Layers(flat) => {
                    let (weights, _) = network.layer_parameters(index, flat);
                    grow(&mut self.patches, patches.len());
                    let patches = &mut self.patches[..patches.len()];
                    layers::input_error(layer, weights, delta, patches, (error, lower.units()), &mut self.factor);
                }
                Carriers::Direct(feedback) => {
                    send_directly(network, feedback, below, output_error, error, &mut self.factor)
                }
            }
            let values = x.chunks_exact(layer.inputs()).map(|row| &row[..lower.units()]);
            for (error, y) in error.chunks_exact_mut(lower.units()).zip(values) {
                layers::error_before_activation(lower.activation(), y, error);
            }
            std::mem::swap(&mut self.delta, &mut self.below);
        }
    }
}

/// Writes `δ_L B_l` for layer `layer` into `error`, `[batch, units]`.
fn send_directly<T: Real>(
    network: &Network,
    feedback: &Feedback<T>,
    layer: usize,
    output_error: &[T],
    error: &mut [T],
    factor: &mut Factor<T>,
) {
    if let Some((matrix, units)) = feedback.matrices(network).nth(layer) {
        let outputs = network.outputs();
        let batch = output_error.len() / outputs;
        let sent = Matrix::new(output_error, Layout::rows(batch, outputs));
        let matrix = Matrix::new(matrix, Layout::rows(outputs, units));
        factor.pack(matrix).multiply(sent, &mut MatrixMut::new(error, Layout::rows(batch, units)), Into::Set);
    }
}
