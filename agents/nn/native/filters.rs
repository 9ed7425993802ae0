//! Layers of filters as matrix products of what the filters see.
//!
//! ```text
//! P[n, p] = the pixels that the filters see at place p of sample n, [channels·kernel²]
//!
//! conv    Z[n]ᵀ = P[n] Wᵀ           ∂L/∂W = Σ_n δ[n] P[n]              ∂L/∂P[n] = δ[n]ᵀ W
//! local   Z[:, p] = P[:, p] W[p]ᵀ   ∂L/∂W[p] = δ[:, p]ᵀ P[:, p]        ∂L/∂P[:, p] = δ[:, p] W[p]
//! ```
//!
//! So a convolution is one product for each sample, and a locally connected layer one for each place. Sums z lie as
//! PyTorch has them, `[filters, height, width]` for each sample.

use super::matrix::{Layout, Matrix, MatrixMut};
use super::product::{Factor, Into};
use crate::network::Conv;
use crate::real::Real;
use std::ops::Range;

/// Sizes that follow from a layer's shapes.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    pub(super) filters: usize,
    /// Places where the filters look.
    pub(super) places: usize,
    /// Pixels that a filter sees at one place.
    pub(super) seen: usize,
}

impl Sizes {
    pub(super) fn of(&Conv { input: [channels, ..], output: [filters, height, width], kernel, .. }: &Conv) -> Self {
        Self { filters, places: height * width, seen: channels * kernel * kernel }
    }

    /// Elements of P for one sample.
    pub(super) fn patches(&self) -> usize {
        self.places * self.seen
    }

    /// Sums of one sample.
    fn units(&self) -> usize {
        self.filters * self.places
    }

    /// δ of each sample.
    fn samples<'a, T>(&self, delta: &'a [T]) -> impl Iterator<Item = &'a [T]> {
        delta.chunks_exact(self.units())
    }

    /// P of one sample, `[places, seen]`.
    fn patches_of_sample(&self) -> Layout {
        Layout::rows(self.places, self.seen)
    }

    /// P at one place, `[batch, seen]`.
    fn patches_at_place(&self, batch: usize) -> Layout {
        Layout::rows_apart(batch, self.seen, self.patches())
    }

    /// z or δ at one place, `[batch, filters]`, where samples lie `stride` apart.
    fn sums_at_place(&self, batch: usize, stride: usize) -> Layout {
        Layout { shape: [batch, self.filters], strides: [stride, self.places] }
    }

    /// z or δ of one sample, `[filters, places]`.
    fn sums_of_sample(&self) -> Layout {
        Layout::rows(self.filters, self.places)
    }

    /// The weights of all filters, `[filters, seen]`.
    fn weights(&self) -> Layout {
        Layout::rows(self.filters, self.seen)
    }

    /// Elements of these weights.
    fn weights_at_place(&self) -> usize {
        self.filters * self.seen
    }
}

/// Writes what the filters see of the picture `x` at place `place` into `patch`.
pub(super) fn look<T: Copy>(conv: &Conv, x: &[T], place: usize, patch: &mut [T]) {
    // Lines of a length that the compiler knows are copied without a call.
    match conv.kernel {
        3 => copy_lines::<T, 3>(conv, x, place, patch),
        4 => copy_lines::<T, 4>(conv, x, place, patch),
        8 => copy_lines::<T, 8>(conv, x, place, patch),
        kernel => {
            let seen = patch.chunks_exact_mut(kernel);
            lines(conv, place).zip(seen).for_each(|(line, seen)| seen.copy_from_slice(&x[line]));
        }
    }
}

fn copy_lines<T: Copy, const KERNEL: usize>(conv: &Conv, x: &[T], place: usize, patch: &mut [T]) {
    let seen = patch.as_chunks_mut::<KERNEL>().0;
    lines(conv, place).zip(seen).for_each(|(line, seen)| seen.copy_from_slice(&x[line.start..][..KERNEL]));
}

/// Writes what the filters see of each picture of `x`, `[batch, inputs]`, into `patches`.
pub(super) fn look_everywhere<T: Real>(conv: &Conv, x: &[T], patches: &mut [T]) {
    let sizes = Sizes::of(conv);
    for (x, patches) in x.chunks_exact(conv.input.iter().product()).zip(patches.chunks_exact_mut(sizes.patches())) {
        for (place, patch) in patches.chunks_exact_mut(sizes.seen).enumerate() {
            look(conv, x, place, patch);
        }
    }
}

/// The inverse of [`look_everywhere`] for errors: `error`, `[batch, inputs]`, becomes the sum of what each place sends to
/// each pixel.
fn send_back<T: Real>(conv: &Conv, patches: &[T], error: &mut [T]) {
    let sizes = Sizes::of(conv);
    error.fill(T::zero());
    let pictures = error.chunks_exact_mut(conv.input.iter().product());
    for (error, patches) in pictures.zip(patches.chunks_exact(sizes.patches())) {
        for (place, patch) in patches.chunks_exact(sizes.seen).enumerate() {
            for (line, sent) in lines(conv, place).zip(patch.chunks_exact(conv.kernel)) {
                error[line].iter_mut().zip(sent).for_each(|(error, &sent)| *error += sent);
            }
        }
    }
}

/// The lines of pixels that a filter sees at `place`, within one picture.
fn lines(conv: &Conv, place: usize) -> impl Iterator<Item = Range<usize>> {
    let &Conv { input: [channels, height, width], output: [_, _, out_width], kernel, stride, .. } = conv;
    let (top, left) = (place / out_width * stride, place % out_width * stride);
    let starts = (0..channels).flat_map(move |c| (0..kernel).map(move |row| (c * height + top + row) * width + left));
    starts.map(move |start| start..start + kernel)
}

/// A convolution: adds the weighted sums to z, `[batch, filters, places]`, where samples lie `stride` apart.
pub(super) fn add_shared_sums<T: Real>(
    sizes: Sizes,
    weights: &[T],
    patches: &[T],
    z: &mut [T],
    stride: usize,
    factor: &mut Factor<T>,
) {
    let factor = factor.pack(Matrix::new(weights, sizes.weights()).transposed());
    for (z, patches) in z.chunks_mut(stride).zip(patches.chunks_exact(sizes.patches())) {
        let patches = Matrix::new(patches, sizes.patches_of_sample());
        factor.multiply(patches, &mut MatrixMut::new(z, sizes.sums_of_sample()).transposed(), Into::Add);
    }
}

/// A convolution: writes ∂L/∂W into `gradient`.
pub(super) fn shared_gradient<T: Real>(
    sizes: Sizes,
    patches: &[T],
    delta: &[T],
    gradient: &mut [T],
    factor: &mut Factor<T>,
) {
    gradient.fill(T::zero());
    let mut gradient = MatrixMut::new(gradient, sizes.weights());
    for (delta, patches) in sizes.samples(delta).zip(patches.chunks_exact(sizes.patches())) {
        factor.pack(Matrix::new(patches, sizes.patches_of_sample()));
        factor.multiply(Matrix::new(delta, sizes.sums_of_sample()), &mut gradient, Into::Add);
    }
}

/// A convolution: writes ∂L/∂x into `error`, by way of `patches`.
pub(super) fn shared_input_error<T: Real>(
    conv: &Conv,
    weights: &[T],
    delta: &[T],
    patches: &mut [T],
    error: &mut [T],
    factor: &mut Factor<T>,
) {
    let sizes = Sizes::of(conv);
    let factor = factor.pack(Matrix::new(weights, sizes.weights()));
    for (delta, patches) in sizes.samples(delta).zip(patches.chunks_exact_mut(sizes.patches())) {
        let delta = Matrix::new(delta, sizes.sums_of_sample());
        factor.multiply(delta.transposed(), &mut MatrixMut::new(patches, sizes.patches_of_sample()), Into::Set);
    }
    send_back(conv, patches, error);
}

/// A locally connected layer: adds the weighted sums to z, `[batch, filters, places]`, where samples lie `stride` apart.
pub(super) fn add_local_sums<T: Real>(
    sizes: Sizes,
    weights: &[T],
    patches: &[T],
    z: &mut [T],
    stride: usize,
    factor: &mut Factor<T>,
) {
    let batch = patches.len() / sizes.patches();
    for (place, weights) in weights.chunks_exact(sizes.weights_at_place()).enumerate() {
        let patches = Matrix::new(&patches[place * sizes.seen..], sizes.patches_at_place(batch));
        let mut z = MatrixMut::new(&mut z[place..], sizes.sums_at_place(batch, stride));
        factor.pack(Matrix::new(weights, sizes.weights()).transposed()).multiply(patches, &mut z, Into::Add);
    }
}

/// A locally connected layer: writes ∂L/∂W into `gradient`.
pub(super) fn local_gradient<T: Real>(
    sizes: Sizes,
    patches: &[T],
    delta: &[T],
    gradient: &mut [T],
    factor: &mut Factor<T>,
) {
    let batch = patches.len() / sizes.patches();
    for (place, gradient) in gradient.chunks_exact_mut(sizes.weights_at_place()).enumerate() {
        let delta = Matrix::new(&delta[place..], sizes.sums_at_place(batch, sizes.units()));
        factor.pack(Matrix::new(&patches[place * sizes.seen..], sizes.patches_at_place(batch)));
        factor.multiply(delta.transposed(), &mut MatrixMut::new(gradient, sizes.weights()), Into::Set);
    }
}

/// A locally connected layer: writes ∂L/∂x into `error`, by way of `patches`.
pub(super) fn local_input_error<T: Real>(
    conv: &Conv,
    weights: &[T],
    delta: &[T],
    patches: &mut [T],
    error: &mut [T],
    factor: &mut Factor<T>,
) {
    let sizes = Sizes::of(conv);
    let batch = patches.len() / sizes.patches();
    for (place, weights) in weights.chunks_exact(sizes.weights_at_place()).enumerate() {
        let delta = Matrix::new(&delta[place..], sizes.sums_at_place(batch, sizes.units()));
        let mut patches = MatrixMut::new(&mut patches[place * sizes.seen..], sizes.patches_at_place(batch));
        factor.pack(Matrix::new(weights, sizes.weights())).multiply(delta, &mut patches, Into::Set);
    }
    send_back(conv, patches, error);
}
