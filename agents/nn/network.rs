//! A network whose every shape is known: its layers, and where its parameters lie in one flat vector.
//!
//! ```text
//! conv    y[f, i, j] = act( b[f] + Σ_{c, u, v} W[f, c, u, v] · x[c, i·stride + u, j·stride + v] )
//! dense   y[k]       = act( b[k] + Σ_i W[k, i] · x[i] )
//! ```
//!
//! All weights and biases are one `f32` vector: an optimiser is then one pass, a snapshot one copy, a checkpoint one list of
//! slices. Each layer's weights come first, then its biases, in PyTorch's layouts (`[units, inputs]`,
//! `[filters, channels, kernel, kernel]`) and under the names that a `torch.nn.Sequential` of
//! `Conv2d, act, …, Flatten, Linear, act, …, Linear` gives them (`0.weight`, `0.bias`, `2.weight`, …), so that PyTorch loads
//! a checkpoint as it is.

use crate::spec::LayerSpec;
use crate::{Activation, InputSpec};
use rand::Rng;
use std::fmt;
use std::ops::Range;

/// The most parameters a network may have (4 GiB of them).
const MAX_PARAMETERS: usize = 1 << 30;

/// A network's layers and the layout of its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    inputs: Vec<InputSpec>,
    pictures: Vec<usize>,
    vectors: Vec<usize>,
    layers: Vec<Layer>,
    tensors: Vec<ParameterTensor>,
    parameters: usize,
    outputs: usize,
}

/// One layer.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// A convolution.
    Conv(Conv),
    /// A fully connected layer.
    Dense(Dense),
}

/// A convolution without padding.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv {
    /// Shape of what goes in: `[channels, height, width]`.
    pub input: [usize; 3],
    /// Shape of what comes out: `[filters, height, width]`.
    pub output: [usize; 3],
    /// Height and width of a filter, in pixels.
    pub kernel: usize,
    /// Pixels from one place of the filter to the next.
    pub stride: usize,
    /// What follows the sum.
    pub activation: Activation,
}

/// A fully connected layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Dense {
    /// Number of inputs.
    pub inputs: usize,
    /// Number of units.
    pub units: usize,
    /// What follows the sum.
    pub activation: Activation,
}

/// A named part of the flat parameter vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterTensor {
    /// Its name in a `torch.nn.Sequential`.
    pub name: String,
    /// Its shape, row-major.
    pub shape: Vec<usize>,
    /// Its place in the flat vector.
    pub range: Range<usize>,
    /// Number of inputs that each unit of its layer sums.
    fan_in: usize,
}

impl Network {
    pub(crate) fn new(inputs: &[InputSpec], hidden: &[LayerSpec], outputs: usize) -> Result<Self, NetworkError> {
        if outputs == 0 {
            return Err(NetworkError::NoOutputs);
        }
        if let Some(empty) = inputs.iter().find(|input| input.elements() == 0) {
            return Err(NetworkError::EmptyInput { input: shape_of(empty) });
        }
        let convolutional = hidden.iter().any(|layer| matches!(layer, LayerSpec::Conv { .. }));
        let is_picture = |place: &usize| convolutional && inputs[*place].shape.len() == 3;
        let (pictures, vectors): (Vec<_>, Vec<_>) = (0..inputs.len()).partition(is_picture);
        let mut picture = stacked(inputs, &pictures)?;
        let rest = vectors.iter().map(|&place| inputs[place].elements()).sum::<usize>();
        let mut features = if convolutional { None } else { Some(rest) };
        let mut layers = Vec::with_capacity(hidden.len() + 1);
        for (index, spec) in hidden.iter().enumerate() {
            let layer = index + 1;
            check_positive(spec, layer)?;
            match *spec {
                LayerSpec::Conv { filters, kernel, stride, activation } => {
                    if features.is_some() {
                        return Err(NetworkError::ConvAfterDense { layer });
                    }
                    let Some(input) = picture else {
                        return Err(NetworkError::NoPicture { layer, inputs: shapes_of(inputs) });
                    };
                    let output = convolved(input, filters, kernel, stride, layer)?;
                    layers.push(Layer::Conv(Conv { input, output, kernel, stride, activation }));
                    picture = Some(output);
                }
                LayerSpec::Dense { units, activation } => {
                    let flat = picture.map_or(0, |shape| shape.iter().product());
                    let inputs = features.unwrap_or(flat + rest);
                    layers.push(Layer::Dense(Dense { inputs, units, activation }));
                    features = Some(units);
                }
            }
        }
        let flat: usize = picture.map_or(0, |shape| shape.iter().product());
        let last = features.unwrap_or(flat + rest);
        if last == 0 {
            return Err(NetworkError::NoInputs);
        }
        layers.push(Layer::Dense(Dense { inputs: last, units: outputs, activation: Activation::Linear }));
        let tensors = lay_out(&layers)?;
        let parameters = tensors.last().map_or(0, |tensor| tensor.range.end);
        Ok(Self { inputs: inputs.to_vec(), pictures, vectors, layers, tensors, parameters, outputs })
    }

    /// What goes in, in order.
    pub fn inputs(&self) -> &[InputSpec] {
        &self.inputs
    }

    /// Number of output units.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Number of weights and biases.
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// The layers, from input to output; the last one is dense and linear.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The parts of the flat parameter vector: weights and biases of each layer in turn.
    pub fn parameter_tensors(&self) -> &[ParameterTensor] {
        &self.tensors
    }

    /// Places of the inputs that go through the convolutions, stacked along the channels.
    pub(crate) fn pictures(&self) -> &[usize] {
        &self.pictures
    }

    /// Places of the inputs that go, flattened, to the first dense layer.
    pub(crate) fn vectors(&self) -> &[usize] {
        &self.vectors
    }

    /// The weights and biases of layer `layer` in a flat parameter vector.
    pub(crate) fn layer_parameters<'a>(&self, layer: usize, flat: &'a [f32]) -> (&'a [f32], &'a [f32]) {
        let [weight, bias] = [2 * layer, 2 * layer + 1].map(|place| self.tensors[place].range.clone());
        (&flat[weight], &flat[bias])
    }

    /// Fresh parameters: weights and biases uniform in `±1/√fan_in`, the default of PyTorch's `Linear` and `Conv2d`
    /// (He et al. 2015 with a = √5), drawn in the order of the flat vector.
    pub fn initialise(&self, random: &mut impl Rng) -> Vec<f32> {
        let mut flat = Vec::with_capacity(self.parameters);
        for tensor in &self.tensors {
            let bound = 1.0 / (tensor.fan_in as f32).sqrt();
            flat.extend(tensor.range.clone().map(|_| bound * (2.0 * random.random::<f32>() - 1.0)));
        }
        flat
    }

    /// The named parts of a flat vector of [`Network::parameters`] numbers: name, shape, values.
    ///
    /// A shorter vector gives only the parts that it holds whole.
    pub fn tensors<'a>(&'a self, flat: &'a [f32]) -> impl Iterator<Item = (&'a str, &'a [usize], &'a [f32])> {
        self.tensors.iter().filter_map(|tensor| {
            flat.get(tensor.range.clone()).map(|values| (tensor.name.as_str(), tensor.shape.as_slice(), values))
        })
    }

    /// The flat vector of named parts: the inverse of [`Network::tensors`]. `find` answers with the shape and the values of
    /// a name.
    ///
    /// # Errors
    /// A part is missing or has another shape; the error names it.
    pub fn flatten<'a>(
        &self,
        find: impl Fn(&str) -> Option<(&'a [usize], &'a [f32])>,
    ) -> Result<Vec<f32>, NetworkError> {
        let mut flat = Vec::with_capacity(self.parameters);
        for tensor in &self.tensors {
            let Some((shape, values)) = find(&tensor.name) else {
                return Err(NetworkError::MissingTensor { name: tensor.name.clone(), expected: tensor.shape.clone() });
            };
            if shape != tensor.shape || values.len() != tensor.range.len() {
                let (name, expected) = (tensor.name.clone(), tensor.shape.clone());
                return Err(NetworkError::Misshapen { name, expected, found: shape.to_vec(), values: values.len() });
            }
            flat.extend_from_slice(values);
        }
        Ok(flat)
    }
}

impl fmt::Display for Network {
    /// One line: `4 → 256 relu → 256 relu → 2 (67586 parameters)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inputs = self.inputs.iter().map(|input| join(&input.shape, "×"));
        write!(f, "{}", inputs.collect::<Vec<_>>().join(" + "))?;
        for (index, layer) in self.layers.iter().enumerate() {
            let activation = match layer {
                Layer::Conv(Conv { output: [filters, ..], kernel, stride, activation, .. }) => {
                    write!(f, " → conv {filters}@{kernel}×{kernel}/{stride}")?;
                    activation
                }
                Layer::Dense(Dense { units, activation, .. }) => {
                    write!(f, " → {units}")?;
                    activation
                }
            };
            if index + 1 < self.layers.len() {
                write!(f, " {activation}")?;
            }
        }
        write!(f, " ({} parameters)", self.parameters)
    }
}

/// Why a network cannot be built, or its parameters not be taken. Layers are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// No output units.
    #[error("a network has 0 outputs, allowed: 1 or more")]
    NoOutputs,
    /// No inputs.
    #[error("a network has no inputs, allowed: 1 or more")]
    NoInputs,
    /// An input without elements.
    #[error("the input {input} is empty, allowed: 1 element or more")]
    EmptyInput {
        /// Its name and shape.
        input: String,
    },
    /// A layer's size is 0.
    #[error("layer {layer}: `{key}` is 0, allowed: 1 or more")]
    Zero {
        /// The layer.
        layer: usize,
        /// The key in the run file.
        key: &'static str,
    },
    /// A filter larger than what it looks at.
    #[error("layer {layer}: `kernel` is {kernel}, allowed: 1 to {allowed}, for its input is {height}×{width} pixels")]
    KernelTooLarge {
        /// The layer.
        layer: usize,
        /// The filter's size.
        kernel: usize,
        /// The greatest size that fits.
        allowed: usize,
        /// Height of the layer's input.
        height: usize,
        /// Width of the layer's input.
        width: usize,
    },
    /// A convolution of something that is no picture.
    #[error(
        "layer {layer} is a conv layer, which needs an input of shape [channels, height, width]; the inputs are {inputs}"
    )]
    NoPicture {
        /// The layer.
        layer: usize,
        /// Names and shapes of the inputs.
        inputs: String,
    },
    /// A convolution after a dense layer.
    #[error("layer {layer} is a conv layer after a dense one; all conv layers come before the dense ones")]
    ConvAfterDense {
        /// The layer.
        layer: usize,
    },
    /// Pictures that cannot be stacked.
    #[error(
        "the conv layers see {first} and {second} stacked along the channels; their heights and widths must be equal"
    )]
    PicturesDisagree {
        /// The first picture.
        first: String,
        /// The one that differs.
        second: String,
    },
    /// Too many parameters.
    #[error("layer {layer}: with its weights the network has more than {allowed} parameters")]
    TooLarge {
        /// The layer.
        layer: usize,
        /// The most parameters allowed.
        allowed: usize,
    },
    /// A named part is not there.
    #[error("the weights `{name}` (shape {expected:?}) are missing")]
    MissingTensor {
        /// The part's name.
        name: String,
        /// Its shape.
        expected: Vec<usize>,
    },
    /// A named part has another shape.
    #[error("the weights `{name}` have shape {found:?} ({values} values), allowed: {expected:?}")]
    Misshapen {
        /// The part's name.
        name: String,
        /// The shape that the network has.
        expected: Vec<usize>,
        /// The shape found.
        found: Vec<usize>,
        /// The number of values found.
        values: usize,
    },
}

/// The shape of the pictures stacked along the channels; none without pictures.
fn stacked(inputs: &[InputSpec], pictures: &[usize]) -> Result<Option<[usize; 3]>, NetworkError> {
    let mut stack: Option<[usize; 3]> = None;
    for &place in pictures {
        let [channels, height, width] = [0, 1, 2].map(|axis| inputs[place].shape[axis]);
        stack = Some(match stack {
            None => [channels, height, width],
            Some([sum, h, w]) if (h, w) == (height, width) => [sum + channels, h, w],
            Some(_) => {
                let [first, second] = [pictures[0], place].map(|place| shape_of(&inputs[place]));
                return Err(NetworkError::PicturesDisagree { first, second });
            }
        });
    }
    Ok(stack)
}

fn convolved(
    [_, height, width]: [usize; 3],
    filters: usize,
    kernel: usize,
    stride: usize,
    layer: usize,
) -> Result<[usize; 3], NetworkError> {
    let allowed = height.min(width);
    if kernel > allowed {
        return Err(NetworkError::KernelTooLarge { layer, kernel, allowed, height, width });
    }
    Ok([filters, (height - kernel) / stride + 1, (width - kernel) / stride + 1])
}

fn check_positive(spec: &LayerSpec, layer: usize) -> Result<(), NetworkError> {
    let sizes: &[(&'static str, usize)] = match *spec {
        LayerSpec::Conv { filters, kernel, stride, .. } => {
            &[("filters", filters), ("kernel", kernel), ("stride", stride)]
        }
        LayerSpec::Dense { units, .. } => &[("units", units)],
    };
    match sizes.iter().find(|(_, size)| *size == 0) {
        Some(&(key, _)) => Err(NetworkError::Zero { layer, key }),
        None => Ok(()),
    }
}

/// The places and names of all weights and biases.
fn lay_out(layers: &[Layer]) -> Result<Vec<ParameterTensor>, NetworkError> {
    let mut tensors = Vec::with_capacity(2 * layers.len());
    let (mut offset, mut module, mut flattened) = (0_usize, 0, !matches!(layers.first(), Some(Layer::Conv(_))));
    for (index, layer) in layers.iter().enumerate() {
        let too_large = NetworkError::TooLarge { layer: index + 1, allowed: MAX_PARAMETERS };
        let (shape, units, activation) = match layer {
            Layer::Conv(Conv { input: [channels, ..], output: [filters, ..], kernel, activation, .. }) => {
                (vec![*filters, *channels, *kernel, *kernel], *filters, *activation)
            }
            Layer::Dense(Dense { inputs, units, activation }) => {
                // The first dense layer after convolutions follows a `Flatten`.
                module += usize::from(!flattened);
                flattened = true;
                (vec![*units, *inputs], *units, *activation)
            }
        };
        let fan_in = shape.iter().skip(1).try_fold(1_usize, |product, &size| product.checked_mul(size));
        let weights = fan_in.and_then(|fan_in| fan_in.checked_mul(units));
        let end = weights.and_then(|weights| offset.checked_add(weights)?.checked_add(units));
        let (Some(fan_in), Some(weights), Some(end)) = (fan_in, weights, end.filter(|&end| end <= MAX_PARAMETERS))
        else {
            return Err(too_large);
        };
        let weight_range = offset..offset + weights;
        let bias_range = weight_range.end..end;
        tensors.push(ParameterTensor { name: format!("{module}.weight"), shape, range: weight_range, fan_in });
        tensors.push(ParameterTensor { name: format!("{module}.bias"), shape: vec![units], range: bias_range, fan_in });
        offset = end;
        module += 1 + usize::from(activation != Activation::Linear);
    }
    Ok(tensors)
}

fn join(shape: &[usize], between: &str) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join(between)
}

fn shape_of(input: &InputSpec) -> String {
    format!("`{}` [{}]", input.name, join(&input.shape, ", "))
}

fn shapes_of(inputs: &[InputSpec]) -> String {
    inputs.iter().map(shape_of).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
#[path = "network_tests.rs"]
mod tests;
