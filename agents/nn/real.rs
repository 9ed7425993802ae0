//! The numbers that networks are made of: `f32`, and `f64` where an identity is to be checked to the last digits.

use num_traits::{Float, NumAssign};
use rand_distr::{Distribution, StandardNormal};
use std::fmt::{Debug, Display};
use std::iter::Sum;

/// Single or double precision.
pub trait Real: Float + NumAssign + Sum + Default + Debug + Display + Send + Sync + Element + 'static {}

impl Real for f32 {}
impl Real for f64 {}

/// What engines need of a number beyond its arithmetic.
pub trait Element: tch::kind::Element + Sized {
    /// The nearest one to `x`.
    fn of(x: f64) -> Self;

    /// The same as an `f64`.
    fn double(self) -> f64;

    /// The nearest `f32`.
    fn single(self) -> f32;

    /// A draw from the normal distribution with mean 0 and variance 1.
    fn normal(random: &mut Random) -> Self;
}

/// The generator behind the draws of engines: small, fast, serialisable.
pub type Random = rand_xoshiro::Xoshiro256PlusPlus;

impl Element for f32 {
    fn of(x: f64) -> Self {
        x as f32
    }

    fn double(self) -> f64 {
        self.into()
    }

    fn single(self) -> f32 {
        self
    }

    fn normal(random: &mut Random) -> Self {
        StandardNormal.sample(random)
    }
}

impl Element for f64 {
    fn of(x: f64) -> Self {
        x
    }

    fn double(self) -> f64 {
        self
    }

    fn single(self) -> f32 {
        self as f32
    }

    fn normal(random: &mut Random) -> Self {
        StandardNormal.sample(random)
    }
}
