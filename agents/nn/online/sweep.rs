//! The arithmetic of [`Online`](super::Online): one sweep up and one down over the rows of each layer.
//!
//! A product with an input that is 0 adds nothing to a sum and changes no weight: blocks of inputs that are all 0 (the dark
//! parts of a picture) are left out.

use super::{OnlineFeedback, OnlineRule};
use crate::Activation;
use crate::engine::Biases;
use crate::lanes::{LANES, affine, change, list_nonzero};
use crate::network::{Layer, Network};
use crate::real::Real;
use multiversion::multiversion;
use std::ops::Range;

/// A dense layer, and where what belongs to it lies.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) inputs: usize,
    units: usize,
    activation: Activation,
    /// In the flat parameters.
    pub(super) weights: Range<usize>,
    /// In the flat parameters, right after the weights.
    biases: Range<usize>,
    /// What goes in, in the values; what comes out follows it.
    values: Range<usize>,
    /// In the weights that feed back.
    pub(super) feedback: Range<usize>,
}

/// The places of the layers of a dense network.
pub(super) fn places(network: &Network) -> Vec<Place> {
    let (mut value, mut carrier) = (0, 0);
    let place = |(index, layer): (usize, &Layer)| {
        let (inputs, units, activation) = (layer.inputs(), layer.units(), layer.activation());
        let Range { start, end } = network.layer_range(index);
        let (weights, biases) = (start..end - units, end - units..end);
        let (values, feedback) = (value..value + inputs, carrier..carrier + weights.len());
        value = values.end;
        carrier = if index > 0 { feedback.end } else { 0 };
        Place { inputs, units, activation, weights, biases, values, feedback }
    };
    network.layers().iter().enumerate().map(place).collect()
}

/// The blocks of the network's input that are not all 0.
#[derive(Clone)]
pub(super) struct Sparse {
    blocks: Vec<u32>,
    whole: usize,
}

impl Sparse {
    pub(super) fn new(inputs: usize) -> Self {
        let whole = inputs / LANES;
        Self { blocks: Vec::with_capacity(whole), whole }
    }

    pub(super) fn look_at<T: Real>(&mut self, input: &[T]) {
        self.blocks.clear();
        for (block, values) in (0..).zip(input.as_chunks::<LANES>().0) {
            if values.iter().any(|&x| x != T::zero()) {
                self.blocks.push(block);
            }
        }
    }

    /// Whether leaving blocks out is worth an indirect walk.
    fn pays(&self) -> bool {
        self.blocks.len() * 8 < self.whole * 7
    }

    fn walk(&self) -> impl Iterator<Item = usize> + Clone {
        self.blocks.iter().map(|&block| block as usize)
    }
}

/// Computes what comes out of each layer; `values` begins with the input.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn forward<T: Real>(layers: &[Place], parameters: &[T], sparse: &Sparse, values: &mut [T]) {
    for (index, layer) in layers.iter().enumerate() {
        let (below, above) = values.split_at_mut(layer.values.end);
        let (x, y) = (&below[layer.values.clone()], &mut above[..layer.units]);
        let (weights, biases) = (&parameters[layer.weights.clone()], &parameters[layer.biases.clone()]);
        if index == 0 && sparse.pays() {
            affine(weights, biases, x, y, sparse.walk());
        } else {
            affine(weights, biases, x, y, 0..x.len() / LANES);
        }
        layer.activation.apply(y);
    }
}

/// One trial: what is known when it is paid.
pub(super) struct Trial<'a, T> {
    pub(super) layers: &'a [Place],
    pub(super) values: &'a [T],
    pub(super) sparse: &'a Sparse,
    pub(super) selected: usize,
    /// β · amount.
    pub(super) step: T,
}

/// Memory for the sweep down, as long as the widest layer.
#[derive(Clone)]
pub(super) struct Scratch<T> {
    /// The gated feedback g of the current layer, and the feedback to the one below.
    gated: Vec<T>,
    below: Vec<T>,
    /// The units whose g is not 0.
    active: Vec<u32>,
}

impl<T: Real> Scratch<T> {
    pub(super) fn new(widest: usize) -> Self {
        Self { gated: vec![T::zero(); widest], below: vec![T::zero(); widest], active: vec![0; widest] }
    }
}

/// Changes the parameters, and the weights that feed back where they learn.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn learn<T: Real>(
    trial: &Trial<'_, T>,
    rule: &OnlineRule,
    parameters: &mut [T],
    feedback: &mut [T],
    scratch: &mut Scratch<T>,
) {
    let Scratch { gated, below, active } = scratch;
    // At the top only the selected unit's row takes part, with g = 1.
    let mut units = trial.selected..trial.selected + 1;
    gated[0] = T::one();
    for (index, layer) in trial.layers.iter().enumerate().rev() {
        let x = &trial.values[layer.values.clone()];
        let (width, step) = (x.len(), trial.step);
        let rows = units.start * width..units.end * width;
        let (weights, biases) = parameters[layer.weights.start..layer.biases.end].split_at_mut(layer.weights.len());
        let (weights, biases) = (&mut weights[rows.clone()], &mut biases[units.clone()]);
        let gates = &gated[..units.len()];
        let count = list_nonzero(gates, active);
        let active = &active[..count];
        if rule.biases == Biases::Learned {
            biases.iter_mut().zip(gates).for_each(|(bias, &g)| *bias += step * g);
        }
        if index == 0 {
            if trial.sparse.pays() {
                change(weights, gates, active, step, x, trial.sparse.walk());
            } else {
                change(weights, gates, active, step, x, 0..width / LANES);
            }
            break;
        }
        let fed = &mut below[..width];
        fed.fill(T::zero());
        match rule.feedback {
            OnlineFeedback::Tied => change_tied(weights, gates, active, step, x, fed),
            OnlineFeedback::Learned => {
                let carriers = &mut feedback[layer.feedback.clone()][rows];
                change_learned(weights, carriers, gates, active, step, x, fed);
            }
            OnlineFeedback::Random => {
                send(&feedback[layer.feedback.clone()][rows], gates, active, fed);
                change(weights, gates, active, step, x, 0..width / LANES);
            }
            OnlineFeedback::Ungated => {
                fed.fill(T::one());
                change(weights, gates, active, step, x, 0..width / LANES);
            }
        }
        gate(trial.layers[index - 1].activation, x, fed);
        units = 0..width;
        std::mem::swap(gated, below);
    }
}

/// `fb ⊙= f′`, the slope where the activation is `y`.
#[inline(always)]
fn gate<T: Real>(activation: Activation, y: &[T], fb: &mut [T]) {
    // One loop for each, without a question inside.
    match activation {
        Activation::Relu => scale(fb, y, |y| Activation::Relu.slope(y)),
        Activation::Tanh => scale(fb, y, |y| Activation::Tanh.slope(y)),
        Activation::Sigmoid => scale(fb, y, |y| Activation::Sigmoid.slope(y)),
        Activation::Linear => {}
    }
}

#[inline(always)]
fn scale<T: Real>(fb: &mut [T], y: &[T], slope: impl Fn(T) -> T) {
    fb.iter_mut().zip(y).for_each(|(fb, &y)| *fb *= slope(y));
}

/// `below += Wᵀ g`, then `W += step · g xᵀ`, in one sweep over the rows of the units that are `active`.
#[inline(always)]
fn change_tied<T: Real>(weights: &mut [T], gates: &[T], active: &[u32], step: T, x: &[T], below: &mut [T]) {
    for unit in active.iter().map(|&unit| unit as usize) {
        let (row, g) = (&mut weights[unit * x.len()..][..x.len()], gates[unit]);
        let step = step * g;
        for ((w, &x), fb) in row.iter_mut().zip(x).zip(below.iter_mut()) {
            *fb += g * *w;
            *w += step * x;
        }
    }
}

/// `below += W′ᵀ g`, then `W += step · g xᵀ` and `W′ += step · g xᵀ`, in one sweep over the rows of the units that are
/// `active`.
#[inline(always)]
fn change_learned<T: Real>(
    weights: &mut [T],
    carriers: &mut [T],
    gates: &[T],
    active: &[u32],
    step: T,
    x: &[T],
    below: &mut [T],
) {
    for unit in active.iter().map(|&unit| unit as usize) {
        let (row, carriers) = (&mut weights[unit * x.len()..][..x.len()], &mut carriers[unit * x.len()..][..x.len()]);
        let g = gates[unit];
        let step = step * g;
        for (((w, b), &x), fb) in row.iter_mut().zip(carriers).zip(x).zip(below.iter_mut()) {
            *fb += g * *b;
            let change = step * x;
            *w += change;
            *b += change;
        }
    }
}

/// `below += W′ᵀ g`.
#[inline(always)]
fn send<T: Real>(carriers: &[T], gates: &[T], active: &[u32], below: &mut [T]) {
    for unit in active.iter().map(|&unit| unit as usize) {
        let (row, g) = (&carriers[unit * below.len()..][..below.len()], gates[unit]);
        below.iter_mut().zip(row).for_each(|(fb, &b)| *fb += g * b);
    }
}
