//! What each kind of layer does, forwards and backwards, in libtorch's operations.

use super::local;
use super::memory::{LayerParameters, sizes};
use crate::Activation;
use crate::engine::EngineError;
use crate::network::{Conv, Layer};
use tch::{TchError, Tensor};

/// What goes into `layer`: what came out below it and, where the dense layers begin, the other inputs beside it.
pub(super) fn join(layer: &Layer, below: Option<Tensor>, vectors: &mut Option<Tensor>) -> Result<Tensor, EngineError> {
    let missing = || EngineError::Libtorch("a layer has no input".into());
    Ok(match layer {
        Layer::Conv(_) | Layer::Local(_) => below.ok_or_else(missing)?,
        Layer::Dense(_) => match (below, vectors.take()) {
            (Some(below), None) if below.dim() == 2 => below,
            (Some(below), None) => below.f_flatten(1, -1)?,
            (Some(below), Some(vectors)) => Tensor::f_cat(&[below.f_flatten(1, -1)?, vectors], 1)?,
            (None, vectors) => vectors.ok_or_else(missing)?,
        },
    })
}

/// The part of the error at a layer's input that belongs to `below`, what came out of the layer below it: the inverse of
/// [`join`].
pub(super) fn part(error: Tensor, below: &Tensor) -> Result<Tensor, TchError> {
    if error.dim() == below.dim() {
        return Ok(error);
    }
    let shape = below.size();
    error.f_narrow(1, 0, shape[1..].iter().product())?.f_reshape(&shape[..])
}

/// y = f(z), z = x Wᵀ + b or the convolution of x with W, plus b.
pub(super) fn forward(layer: &Layer, parameters: &LayerParameters, x: &Tensor) -> Result<Tensor, TchError> {
    let LayerParameters { weight, bias } = parameters;
    let mut z = match layer {
        Layer::Conv(Conv { stride, .. }) => x.f_conv2d(weight, Some(bias), [*stride as i64], [0], [1], 1)?,
        Layer::Local(conv) => local::forward(conv, weight, bias, x)?,
        Layer::Dense(_) => x.f_linear(weight, Some(bias))?,
    };
    match layer.activation() {
        Activation::Relu => z.f_relu_(),
        Activation::Tanh => z.f_tanh_(),
        Activation::Sigmoid => z.f_sigmoid_(),
        Activation::Linear => Ok(z),
    }
}

/// Turns `error` = ∂L/∂y into δ = ∂L/∂z, in place.
pub(super) fn error_before_activation(layer: &Layer, y: &Tensor, error: &Tensor) -> Result<(), TchError> {
    match layer.activation() {
        Activation::Relu => y.f_threshold_backward_grad_input(error, error, 0.0).map(drop),
        Activation::Tanh => Tensor::f_tanh_backward_grad_input(error, error, y).map(drop),
        Activation::Sigmoid => Tensor::f_sigmoid_backward_grad_input(error, error, y).map(drop),
        Activation::Linear => Ok(()),
    }
}

/// Writes ∂L/∂W and ∂L/∂b into `gradient`, the layer's part of the flat gradient, from its input x and its δ.
pub(super) fn gradient(gradient: &LayerParameters, layer: &Layer, x: &Tensor, delta: &Tensor) -> Result<(), TchError> {
    match layer {
        Layer::Conv(Conv { output: [_, height, width], kernel, stride, .. }) => {
            // ∂L/∂W[f, c, u, v] = Σ_{n, i, j} δ[n, f, i, j] · x[n, c, i·s + u, j·s + v]: a convolution of x with δ in which
            // samples are summed and channels kept, and δ has holes of s − 1. Pixels that no filter saw are cut off.
            let seen = |places: usize| ((places - 1) * stride + kernel) as i64;
            let x = x.f_narrow(2, 0, seen(*height))?.f_narrow(3, 0, seen(*width))?.f_transpose(0, 1)?;
            let no_bias = None::<Tensor>;
            let sums = x.f_conv2d(&delta.f_transpose(0, 1)?, no_bias, [1], [0], [*stride as i64], 1)?;
            gradient.weight.shallow_clone().f_copy_(&sums.f_transpose(0, 1)?)?;
            delta.f_sum_intlist_out(&gradient.bias, [0_i64, 2, 3].as_slice(), false, gradient.bias.kind()).map(drop)
        }
        Layer::Local(conv) => local::gradient(conv, gradient, x, delta),
        Layer::Dense(_) => {
            delta.f_transpose(0, 1)?.f_mm_out(&gradient.weight, x).map(drop)?;
            delta.f_sum_intlist_out(&gradient.bias, [0_i64].as_slice(), false, gradient.bias.kind()).map(drop)
        }
    }
}

/// ∂L/∂x, from the layer's δ.
pub(super) fn input_error(layer: &Layer, parameters: &LayerParameters, delta: &Tensor) -> Result<Tensor, TchError> {
    let weight = &parameters.weight;
    match layer {
        Layer::Conv(Conv { input: [_, height, width], kernel, stride, .. }) => {
            let unseen = sizes([(height - kernel) % stride, (width - kernel) % stride]);
            delta.f_conv_transpose2d(weight, None::<Tensor>, [*stride as i64], [0], unseen, 1, [1])
        }
        Layer::Local(conv) => local::input_error(conv, weight, delta),
        Layer::Dense(_) => delta.f_mm(weight),
    }
}
