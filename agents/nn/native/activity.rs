//! The values of all layers for one batch.

use super::layers;
use super::product::Factor;
use crate::input::Input;
use crate::network::{Layer, Network};
use crate::real::Real;

/// What one forward pass leaves.
///
/// Its memory grows with the greatest batch that it meets, and is used again.
#[derive(Default)]
pub(super) struct Activity<T> {
    /// What goes into each layer, `[batch, inputs]`, and then what comes out of the last one. A layer's values are the first
    /// ones of each row; where the dense layers begin, other inputs follow them.
    values: Vec<Vec<T>>,
    /// What the filters of each layer saw, `[batch, places, seen]`; empty for a dense layer.
    patches: Vec<Vec<T>>,
    pub(super) batch: usize,
    factor: Factor<T>,
}

impl<T: Real> Activity<T> {
    pub(super) fn new(network: &Network) -> Self {
        let layers = network.layers().len();
        Self {
            values: vec![Vec::new(); layers + 1],
            patches: vec![Vec::new(); layers],
            batch: 0,
            factor: Factor::default(),
        }
    }

    /// Makes room for a batch.
    fn fit(&mut self, network: &Network, batch: usize) {
        self.batch = batch;
        for (index, values) in self.values.iter_mut().enumerate() {
            grow(values, batch * width(network, index));
        }
        for (patches, layer) in self.patches.iter_mut().zip(network.layers()) {
            grow(patches, batch * layers::patches(layer));
        }
    }

    /// Takes in what the network sees.
    pub(super) fn perceive(&mut self, network: &Network, inputs: &[Input<'_>], batch: usize) {
        self.fit(network, batch);
        self.gather(network, inputs, network.pictures(), 0, 0);
        let vectors: usize = network.vectors().iter().map(|&place| network.inputs()[place].elements()).sum();
        let joined = network.layers().iter().position(|layer| matches!(layer, Layer::Dense(_))).unwrap_or_default();
        self.gather(network, inputs, network.vectors(), joined, width(network, joined) - vectors);
    }

    /// Writes the inputs at `places` side by side into what goes into layer `layer`, from column `start` on.
    fn gather(&mut self, network: &Network, inputs: &[Input<'_>], places: &[usize], layer: usize, mut start: usize) {
        let width = width(network, layer);
        for &place in places {
            let elements = network.inputs()[place].elements();
            for (sample, row) in self.values[layer].chunks_exact_mut(width).take(self.batch).enumerate() {
                inputs[place].copy_scaled(sample * elements, &mut row[start..start + elements]);
            }
            start += elements;
        }
    }

    /// Becomes equal to `other`, but for what filters saw.
    pub(super) fn copy(&mut self, network: &Network, other: &Self) {
        self.fit(network, other.batch);
        for (index, (values, others)) in self.values.iter_mut().zip(&other.values).enumerate() {
            let length = other.batch * width(network, index);
            values[..length].copy_from_slice(&others[..length]);
        }
    }

    /// Computes layer `from` and all layers above it from what goes into it. `disturb` is shown the layer, the sample and
    /// that sample's biases where its sums z begin, and may change them.
    pub(super) fn propagate(
        &mut self,
        network: &Network,
        parameters: &[T],
        from: usize,
        disturb: impl Fn(usize, usize, &mut [T]),
    ) {
        for (index, layer) in network.layers().iter().enumerate().skip(from) {
            let (weights, biases) = network.layer_parameters(index, parameters);
            let (units, stride) = (layer.units(), width(network, index + 1));
            let (below, above) = self.values.split_at_mut(index + 1);
            let x = &below[index][..self.batch * layer.inputs()];
            let z = &mut above[0][..self.batch * stride];
            for (sample, row) in z.chunks_exact_mut(stride).enumerate() {
                layers::start_with_biases(layer, biases, &mut row[..units]);
                disturb(index, sample, &mut row[..units]);
            }
            let patches = &mut self.patches[index][..self.batch * layers::patches(layer)];
            layers::add_weighted_sums(layer, weights, x, patches, z, stride, &mut self.factor);
            z.chunks_exact_mut(stride).for_each(|row| layer.activation().apply(&mut row[..units]));
        }
    }

    /// What goes into layer `layer`, `[batch, inputs]`; after the last one, the outputs.
    pub(super) fn entering(&self, network: &Network, layer: usize) -> &[T] {
        &self.values[layer][..self.batch * width(network, layer)]
    }

    /// What the filters of layer `layer` saw.
    pub(super) fn patches(&self, network: &Network, layer: usize) -> &[T] {
        &self.patches[layer][..self.batch * layers::patches(&network.layers()[layer])]
    }

    /// The outputs, `[batch, outputs]`.
    pub(super) fn outputs(&self, network: &Network) -> &[T] {
        self.entering(network, network.layers().len())
    }
}

/// Elements that go into layer `layer`, for one sample; after the last one, outputs.
fn width(network: &Network, layer: usize) -> usize {
    network.layers().get(layer).map_or(network.outputs(), Layer::inputs)
}

/// Makes `values` at least `length` long.
pub(super) fn grow<T: Real>(values: &mut Vec<T>, length: usize) {
    if values.len() < length {
        values.resize(length, T::zero());
    }
}
