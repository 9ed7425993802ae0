//! Locally connected layers: at each place one small matrix product, all of them as one batched product.
//!
//! ```text
//! X[p] = what the filters see at place p, [batch, channels·kernel²]
//! forward   Z[p] = X[p] W[p]ᵀ + b        backward   ∂L/∂W[p] = δ[p]ᵀ X[p]      ∂L/∂X[p] = δ[p] W[p]
//! ```

use super::memory::{LayerParameters, sizes};
use crate::network::Conv;
use tch::{TchError, Tensor};

/// z, `[batch, filters, height, width]`.
pub(super) fn forward(conv: &Conv, weight: &Tensor, bias: &Tensor, x: &Tensor) -> Result<Tensor, TchError> {
    let products = seen(conv, x)?.f_bmm(&weights(conv, weight)?.f_transpose(1, 2)?)?;
    let [filters, height, width] = sizes(conv.output);
    products.f_permute([1, 2, 0])?.f_reshape([-1, filters, height, width])?.f_add(bias)
}

/// Writes ∂L/∂W and ∂L/∂b into `gradient`.
pub(super) fn gradient(conv: &Conv, gradient: &LayerParameters, x: &Tensor, delta: &Tensor) -> Result<(), TchError> {
    let products = by_place(conv, delta)?.f_transpose(1, 2)?.f_bmm(&seen(conv, x)?)?;
    weights(conv, &gradient.weight)?.f_copy_(&products)?;
    delta.f_sum_intlist_out(&gradient.bias, [0_i64].as_slice(), false, gradient.bias.kind()).map(drop)
}

/// ∂L/∂x, `[batch, channels, height, width]`.
pub(super) fn input_error(conv: &Conv, weight: &Tensor, delta: &Tensor) -> Result<Tensor, TchError> {
    let patches = by_place(conv, delta)?.f_bmm(&weights(conv, weight)?)?.f_permute([1, 2, 0])?;
    let [_, height, width] = sizes(conv.input);
    let (kernel, stride) = (conv.kernel as i64, conv.stride as i64);
    patches.f_contiguous()?.f_col2im([height, width], [kernel, kernel], [1, 1], [0, 0], [stride, stride])
}

/// What the filters see at each place, `[places, batch, channels·kernel²]`.
fn seen(conv: &Conv, x: &Tensor) -> Result<Tensor, TchError> {
    let (kernel, stride) = (conv.kernel as i64, conv.stride as i64);
    x.f_im2col([kernel, kernel], [1, 1], [0, 0], [stride, stride])?.f_permute([2, 0, 1])
}

/// The weights of each place, `[places, filters, channels·kernel²]`.
fn weights(conv: &Conv, weight: &Tensor) -> Result<Tensor, TchError> {
    let [filters, height, width] = sizes(conv.output);
    weight.f_view([height * width, filters, -1])
}

/// δ by place, `[places, batch, filters]`.
fn by_place(conv: &Conv, delta: &Tensor) -> Result<Tensor, TchError> {
    let [filters, height, width] = sizes(conv.output);
    delta.f_reshape([-1, filters, height * width])?.f_permute([2, 0, 1])
}
