//! A network whose every shape is known: its layers, and where its parameters lie in one flat vector.
//!
//! ```text
//! conv    y[f, i, j] = act( b[f] + Σ_{c, u, v} W[f, c, u, v] · x[c, i·stride + u, j·stride + v] )
//! local   y[f, i, j] = act( b[f, i, j] + Σ_{c, u, v} W[i, j, f, c, u, v] · x[c, i·stride + u, j·stride + v] )
//! dense   y[k]       = act( b[k] + Σ_i W[k, i] · x[i] )
//! ```
//!
//! All weights and biases are one vector: an optimiser is then one pass, a snapshot one copy, a checkpoint one list of
//! slices. Each layer's weights come first, then its biases, in PyTorch's layouts (`[units, inputs]`,
//! `[filters, channels, kernel, kernel]`) and under the names that a `torch.nn.Sequential` of
//! `Conv2d, act, …, Flatten, Linear, act, …, Linear` gives them (`0.weight`, `0.bias`, `2.weight`, …), so that PyTorch loads
//! a checkpoint as it is. (PyTorch has no locally connected layer; here its weights are
//! `[height, width, filters, channels, kernel, kernel]` and its biases `[filters, height, width]`.)

use crate::initialisation::Initialisation;
use crate::real::Real;
use crate::spec::LayerSpec;
use crate::{Activation, Input, InputSpec};
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
    /// The same with weights of its own at each place: a locally connected layer.
    Local(Conv),
    /// A fully connected layer.
    Dense(Dense),
}

/// What a layer of filters looks at, without padding.
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

impl Layer {
    /// What follows the sum.
    pub fn activation(&self) -> Activation {
        match self {
            Layer::Conv(conv) | Layer::Local(conv) => conv.activation,
            Layer::Dense(dense) => dense.activation,
        }
    }

    /// Number of elements that go in.
    pub fn inputs(&self) -> usize {
        match self {
            Layer::Conv(conv) | Layer::Local(conv) => conv.input.iter().product(),
            Layer::Dense(dense) => dense.inputs,
        }
    }

    /// Number of elements that come out.
    pub fn units(&self) -> usize {
        match self {
            Layer::Conv(conv) | Layer::Local(conv) => conv.output.iter().product(),
            Layer::Dense(dense) => dense.units,
        }
    }

    /// Multiplications of one sample's forward pass.
    pub fn multiplications(&self) -> usize {
        match self {
            Layer::Conv(conv) | Layer::Local(conv) => self.units() * conv.input[0] * conv.kernel * conv.kernel,
            Layer::Dense(dense) => dense.inputs * dense.units,
        }
    }
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
    pub(crate) fan_in: usize,
}

impl ParameterTensor {
    /// Whether these are a layer's biases, and not its weights.
    pub fn is_bias(&self) -> bool {
        self.name.ends_with(".bias")
    }
}

impl Network {
    pub(crate) fn new(inputs: &[InputSpec], hidden: &[LayerSpec], outputs: usize) -> Result<Self, NetworkError> {
        if outputs == 0 {
            return Err(NetworkError::NoOutputs);
        }
        if let Some(empty) = inputs.iter().find(|input| input.elements() == 0) {
            return Err(NetworkError::EmptyInput { input: shape_of(empty) });
        }
        let convolutional = hidden.iter().any(|layer| !matches!(layer, LayerSpec::Dense { .. }));
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
                LayerSpec::Conv { filters, kernel, stride, activation }
                | LayerSpec::Local { filters, kernel, stride, activation } => {
                    if features.is_some() {
                        return Err(NetworkError::ConvAfterDense { layer });
                    }
                    let Some(input) = picture else {
                        return Err(NetworkError::NoPicture { layer, inputs: shapes_of(inputs) });
                    };
                    let output = convolved(input, filters, kernel, stride, layer)?;
                    let conv = Conv { input, output, kernel, stride, activation };
                    let shared = matches!(spec, LayerSpec::Conv { .. });
                    layers.push(if shared { Layer::Conv(conv) } else { Layer::Local(conv) });
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

    /// Writes what sample `sample` of `inputs` gives to the first layer into `into`, for a network of dense layers alone: all
    /// inputs, flattened and joined.
    pub fn gather<T: Real>(&self, inputs: &[Input<'_>], sample: usize, into: &mut [T]) {
        let mut rest = into;
        for (spec, input) in self.inputs.iter().zip(inputs) {
            let elements = spec.elements();
            let (part, after) = rest.split_at_mut(elements);
            input.copy_scaled(sample * elements, part);
            rest = after;
        }
    }

    /// The weights and biases of layer `layer` in a flat parameter vector.
    pub(crate) fn layer_parameters<'a, T>(&self, layer: usize, flat: &'a [T]) -> (&'a [T], &'a [T]) {
        flat[self.layer_range(layer)].split_at(self.tensors[2 * layer].range.len())
    }

    /// The same, to be written.
    pub(crate) fn layer_parameters_mut<'a, T>(&self, layer: usize, flat: &'a mut [T]) -> (&'a mut [T], &'a mut [T]) {
        flat[self.layer_range(layer)].split_at_mut(self.tensors[2 * layer].range.len())
    }

    /// The place of layer `layer`, weights and then biases, in a flat parameter vector.
    pub(crate) fn layer_range(&self, layer: usize) -> Range<usize> {
        self.tensors[2 * layer].range.start..self.tensors[2 * layer + 1].range.end
    }

    /// The name of layer `layer`: the number that it has in a `torch.nn.Sequential`.
    pub fn layer_name(&self, layer: usize) -> &str {
        self.tensors[2 * layer].name.trim_end_matches(".weight")
    }

    /// The name of the first layer that holds a parameter which is no finite number, if there is one.
    pub fn diverged_layer<T: Real>(&self, flat: &[T]) -> Option<&str> {
        // By blocks, each to its end: a loop that may stop at any number is no vector code.
        let infinite = |block: &[T]| block.iter().fold(false, |found, value| found | !value.is_finite());
        let diverged = |layer: &usize| flat[self.layer_range(*layer)].chunks(1024).any(infinite);
        (0..self.layers.len()).find(diverged).map(|layer| self.layer_name(layer))
    }

    /// The largest parameter by size, and the name of its layer.
    pub fn largest<T: Real>(&self, flat: &[T]) -> (&str, T) {
        let largest = |layer: usize| {
            flat[self.layer_range(layer)].iter().fold(T::zero(), |most, &w| if w.abs() > most.abs() { w } else { most })
        };
        let layers = (0..self.layers.len()).map(|layer| (self.layer_name(layer), largest(layer)));
        layers.fold(("", T::zero()), |most, layer| if layer.1.abs() > most.1.abs() { layer } else { most })
    }

    /// Fresh parameters by the default of PyTorch's `Linear` and `Conv2d`.
    pub fn initialise(&self, random: &mut impl Rng) -> Vec<f32> {
        self.initialise_as(Initialisation::Default, random)
    }

    /// Fresh parameters, drawn in the order of the flat vector.
    pub fn initialise_as<T: Real>(&self, how: Initialisation, random: &mut impl Rng) -> Vec<T> {
        let mut flat = Vec::with_capacity(self.parameters);
        for tensor in &self.tensors {
            flat.extend(tensor.range.clone().map(|_| how.draw::<T>(tensor, random)));
        }
        flat
    }

    /// The named parts of a flat vector of [`Network::parameters`] numbers: name, shape, values.
    ///
    /// A shorter vector gives only the parts that it holds whole.
    pub fn tensors<'a, T>(&'a self, flat: &'a [T]) -> impl Iterator<Item = (&'a str, &'a [usize], &'a [T])> {
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
                Layer::Conv(Conv { output: [filters, ..], kernel, stride, activation, .. })
                | Layer::Local(Conv { output: [filters, ..], kernel, stride, activation, .. }) => {
                    let kind = if matches!(layer, Layer::Conv(_)) { "conv" } else { "local" };
                    write!(f, " → {kind} {filters}@{kernel}×{kernel}/{stride}")?;
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
    /// Filters over something that is no picture.
    #[error(
        "layer {layer} is a conv or local layer, which needs an input of shape [channels, height, width]; the inputs are {inputs}"
    )]
    NoPicture {
        /// The layer.
        layer: usize,
        /// Names and shapes of the inputs.
        inputs: String,
    },
    /// Filters after a dense layer.
    #[error("layer {layer} is a conv or local layer after a dense one; all of these come before the dense ones")]
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
        LayerSpec::Conv { filters, kernel, stride, .. } | LayerSpec::Local { filters, kernel, stride, .. } => {
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
    let (mut offset, mut module, mut flattened) = (0_usize, 0, matches!(layers.first(), Some(Layer::Dense(_))));
    for (index, layer) in layers.iter().enumerate() {
        let too_large = NetworkError::TooLarge { layer: index + 1, allowed: MAX_PARAMETERS };
        // The first dense layer after filters follows a `Flatten`.
        let dense = matches!(layer, Layer::Dense(_));
        module += usize::from(dense && !flattened);
        flattened |= dense;
        let (weight_shape, bias_shape, seen) = parameter_shapes(layer);
        let fan_in = product(&seen);
        let end_of_weights = product(&weight_shape).and_then(|weights| offset.checked_add(weights));
        let end = end_of_weights.zip(product(&bias_shape)).and_then(|(end, biases)| end.checked_add(biases));
        let (Some(fan_in), Some(middle), Some(end)) =
            (fan_in, end_of_weights, end.filter(|&end| end <= MAX_PARAMETERS))
        else {
            return Err(too_large);
        };
        let (weights, biases) = (format!("{module}.weight"), format!("{module}.bias"));
        tensors.push(ParameterTensor { name: weights, shape: weight_shape, range: offset..middle, fan_in });
        tensors.push(ParameterTensor { name: biases, shape: bias_shape, range: middle..end, fan_in });
        offset = end;
        module += 1 + usize::from(layer.activation() != Activation::Linear);
    }
    Ok(tensors)
}

/// The shapes of a layer's weights, of its biases, and of what one of its units sums.
fn parameter_shapes(layer: &Layer) -> (Vec<usize>, Vec<usize>, Vec<usize>) {
    match layer {
        Layer::Conv(Conv { input: [channels, ..], output: [filters, ..], kernel, .. }) => {
            let seen = vec![*channels, *kernel, *kernel];
            ([&[*filters][..], &seen].concat(), vec![*filters], seen)
        }
        Layer::Local(Conv { input: [channels, ..], output: [filters, height, width], kernel, .. }) => {
            let seen = vec![*channels, *kernel, *kernel];
            ([&[*height, *width, *filters][..], &seen].concat(), vec![*filters, *height, *width], seen)
        }
        Layer::Dense(Dense { inputs, units, .. }) => (vec![*units, *inputs], vec![*units], vec![*inputs]),
    }
}

fn product(sizes: &[usize]) -> Option<usize> {
    sizes.iter().try_fold(1_usize, |product, &size| product.checked_mul(size))
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
