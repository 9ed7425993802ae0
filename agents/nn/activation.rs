//! What follows a layer's sum: `y = f(z)`.
//!
//! Every one of them has a slope that can be told from its value alone, so that learning keeps `y` and not `z`.

use crate::real::Real;
use serde::{Deserialize, Serialize};

/// An activation function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// `max(0, z)`; slope `1` where `y > 0`, else `0`.
    #[default]
    Relu,
    /// `tanh z`; slope `1 − y²`.
    Tanh,
    /// `1 / (1 + e⁻ᶻ)`; slope `y (1 − y)`.
    Sigmoid,
    /// `z`; slope `1`.
    Linear,
}

impl Activation {
    /// Replaces every z by y = f(z).
    pub(crate) fn apply<T: Real>(self, values: &mut [T]) {
        let one = T::one();
        match self {
            // Not `max`, which would turn a NaN into 0 and hide it.
            Activation::Relu => values.iter_mut().for_each(|z| *z = if *z < T::zero() { T::zero() } else { *z }),
            Activation::Tanh => values.iter_mut().for_each(|z| *z = z.tanh()),
            Activation::Sigmoid => values.iter_mut().for_each(|z| *z = one / (one + (-*z).exp())),
            Activation::Linear => {}
        }
    }

    /// The slope f′(z) where f(z) = y.
    pub(crate) fn slope<T: Real>(self, y: T) -> T {
        let one = T::one();
        match self {
            Activation::Relu if y > T::zero() => one,
            Activation::Relu => T::zero(),
            Activation::Tanh => one - y * y,
            Activation::Sigmoid => y * (one - y),
            Activation::Linear => one,
        }
    }
}

impl std::fmt::Display for Activation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Activation::Relu => "relu",
            Activation::Tanh => "tanh",
            Activation::Sigmoid => "sigmoid",
            Activation::Linear => "linear",
        })
    }
}
