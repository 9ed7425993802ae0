//! The forward pass for acting: one sample at a time, in plain Rust on the CPU.
//!
//! An actor decides on one observation at a time. There the arithmetic of a small network takes less than a microsecond, and
//! what a tensor library does around it takes ten times as long. This pass reads the flat parameters of a published snapshot
//! as they are, allocates nothing, and takes every sample by itself, so a decision does not depend on what it is batched with.

use super::activity::grow;
use super::filters::{Sizes, look};
use super::layers;
use super::product::Factor;
use crate::EngineError;
use crate::input::{Input, check_inputs, check_length};
use crate::kernel::affine;
use crate::network::{Conv, Dense, Layer, Network};
use std::sync::Arc;

/// The forward pass of one network, with the memory that it needs.
pub struct NativeForward {
    network: Arc<Network>,
    /// What goes into the current layer, and what comes out of it.
    values: [Vec<f32>; 2],
    sight: Sight,
}

/// The memory for what filters see.
#[derive(Default)]
struct Sight {
    /// At all places, or at one.
    patches: Vec<f32>,
    factor: Factor<f32>,
    /// The biases that all filters have at one place, and what they answer.
    biases: Vec<f32>,
    answers: Vec<f32>,
}

impl NativeForward {
    /// A forward pass of `network`.
    pub fn new(network: Arc<Network>) -> Self {
        let layers = network.layers().iter();
        let widest = layers.map(|layer| layer.inputs().max(layer.units())).max().unwrap_or_default();
        let values = [(); 2].map(|()| vec![0.0; widest]);
        Self { network, values, sight: Sight::default() }
    }

    /// Computes the outputs, `[batch, outputs]`, of `inputs`, `[batch, …]` each, with the flat `parameters`. The batch is
    /// the number of outputs that there is room for.
    ///
    /// # Errors
    /// The parameters, inputs or outputs do not fit the network.
    pub fn forward(
        &mut self,
        parameters: &[f32],
        inputs: &[Input<'_>],
        outputs: &mut [f32],
    ) -> Result<(), EngineError> {
        let width = self.network.outputs();
        let batch = outputs.len() / width;
        check_length("the outputs", outputs.len(), batch * width, batch)?;
        check_length("the flat parameters", parameters.len(), self.network.parameters(), batch)?;
        check_inputs(self.network.inputs(), inputs, batch)?;
        for (sample, out) in outputs.chunks_exact_mut(width).enumerate() {
            self.sample(parameters, inputs, sample, out);
        }
        Ok(())
    }

    fn sample(&mut self, parameters: &[f32], inputs: &[Input<'_>], sample: usize, out: &mut [f32]) {
        let network = &self.network;
        let [current, next] = &mut self.values;
        let gather = |places: &[usize], into: &mut [f32], mut start: usize| {
            for &place in places {
                let elements = network.inputs()[place].elements();
                inputs[place].copy_scaled(sample * elements, &mut into[start..start + elements]);
                start += elements;
            }
        };
        gather(network.pictures(), current, 0);
        let mut flattened = false;
        for (index, layer) in network.layers().iter().enumerate() {
            let (weights, biases) = network.layer_parameters(index, parameters);
            match layer {
                Layer::Conv(_) => self.sight.filter_shared(layer, (weights, biases), current, next),
                Layer::Local(conv) => self.sight.filter_local(conv, (weights, biases), current, next),
                Layer::Dense(Dense { inputs, units, activation }) => {
                    if !flattened {
                        let vectors: usize = network.vectors().iter().map(|&i| network.inputs()[i].elements()).sum();
                        gather(network.vectors(), current, inputs - vectors);
                        flattened = true;
                    }
                    affine(weights, biases, &current[..*inputs], &mut next[..*units]);
                    activation.apply(&mut next[..*units]);
                }
            }
            std::mem::swap(current, next);
        }
        out.copy_from_slice(&current[..out.len()]);
    }
}

impl Sight {
    /// A convolution: one product of what the filters see everywhere and all filters, as in learning.
    fn filter_shared(&mut self, layer: &Layer, (weights, biases): (&[f32], &[f32]), input: &[f32], output: &mut [f32]) {
        let (units, seen) = (layer.units(), layers::patches(layer));
        let (x, z) = (&input[..layer.inputs()], &mut output[..units]);
        grow(&mut self.patches, seen);
        layers::start_with_biases(layer, biases, z);
        layers::add_weighted_sums(layer, weights, x, &mut self.patches[..seen], z, units, &mut self.factor);
        layer.activation().apply(z);
    }

    /// A locally connected layer: what the filters see at each place, times the filters of that place.
    fn filter_local(&mut self, conv: &Conv, (weights, biases): (&[f32], &[f32]), input: &[f32], output: &mut [f32]) {
        let Sizes { filters, places, seen } = Sizes::of(conv);
        grow(&mut self.patches, seen);
        self.answers.resize(filters, 0.0);
        self.biases.resize(filters, 0.0);
        let patch = &mut self.patches[..seen];
        for (place, weights) in weights.chunks_exact(filters * seen).enumerate() {
            look(conv, input, place, patch);
            let here = biases.iter().skip(place).step_by(places);
            self.biases.iter_mut().zip(here).for_each(|(bias, &here)| *bias = here);
            affine(weights, &self.biases, patch, &mut self.answers);
            for (filter, answer) in self.answers.iter().enumerate() {
                output[filter * places + place] = *answer;
            }
        }
        conv.activation.apply(&mut output[..filters * places]);
    }
}
