//! The native engine's forward pass: plain Rust on the CPU, for acting.
//!
//! An actor decides on one observation at a time. There the arithmetic of a small network takes less than a microsecond, and
//! what a tensor library does around it takes ten times as long. This pass reads the flat parameters of a published snapshot
//! as they are, allocates nothing, and takes every sample by itself, so a decision does not depend on what it is batched with.

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
    /// What a filter sees at one place, and what all filters answer there.
    patch: Vec<f32>,
    answers: Vec<f32>,
}

impl NativeForward {
    /// A forward pass of `network`.
    pub fn new(network: Arc<Network>) -> Self {
        let (mut widest, mut patch, mut answers) = (0, 0, 0);
        for layer in network.layers() {
            let (inputs, outputs) = match layer {
                Layer::Conv(Conv { input, output, kernel, .. }) => {
                    patch = patch.max(input[0] * kernel * kernel);
                    answers = answers.max(output[0]);
                    (input.iter().product(), output.iter().product())
                }
                Layer::Dense(Dense { inputs, units, .. }) => (*inputs, *units),
            };
            widest = widest.max(inputs).max(outputs);
        }
        let values = [(); 2].map(|()| vec![0.0; widest]);
        Self { network, values, patch: vec![0.0; patch], answers: vec![0.0; answers] }
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
                Layer::Conv(conv) => {
                    convolve(conv, weights, biases, current, next, &mut self.patch, &mut self.answers);
                }
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

/// One convolution of `input` into `output`: the patch that the filters see at each place, times all filters.
fn convolve(
    conv: &Conv,
    weights: &[f32],
    biases: &[f32],
    input: &[f32],
    output: &mut [f32],
    patch: &mut [f32],
    answers: &mut [f32],
) {
    let &Conv { input: [channels, height, width], output: [filters, out_height, out_width], kernel, stride, .. } = conv;
    let patch = &mut patch[..channels * kernel * kernel];
    let answers = &mut answers[..filters];
    let places = out_height * out_width;
    for place in 0..places {
        let (top, left) = (place / out_width * stride, place % out_width * stride);
        for (line, seen) in patch.chunks_exact_mut(kernel).enumerate() {
            let (channel, row) = (line / kernel, line % kernel);
            let start = (channel * height + top + row) * width + left;
            seen.copy_from_slice(&input[start..start + kernel]);
        }
        affine(weights, biases, patch, answers);
        for (filter, answer) in answers.iter().enumerate() {
            output[filter * places + place] = *answer;
        }
    }
    conv.activation.apply(&mut output[..filters * places]);
}
