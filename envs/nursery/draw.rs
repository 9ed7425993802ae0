//! Draws from the episode's generator.

use crate::numpy::Generator;
use std::num::NonZeroU32;

/// A number between `low` and `high`.
pub(super) fn within(random: &mut Generator, [low, high]: [f32; 2]) -> f32 {
    random.uniform(low.into(), high.into()) as f32
}

/// A whole number from `low` to `high`, both included.
pub(super) fn whole(random: &mut Generator, [low, high]: [usize; 2]) -> usize {
    low + below(random, high - low + 1)
}

/// A whole number from 0 to `count - 1`.
pub(super) fn below(random: &mut Generator, count: usize) -> usize {
    let count = u32::try_from(count).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
    random.integers(count) as usize
}

/// Yes with this probability.
pub(super) fn chance(random: &mut Generator, probability: f64) -> bool {
    random.random() < probability
}

/// One of them.
pub(super) fn one<T: Copy>(random: &mut Generator, of: &[T]) -> T {
    of[below(random, of.len())]
}

/// A normal number of mean 0 and variance 1 (Box and Muller).
pub(super) fn normal(random: &mut Generator) -> f32 {
    let radius = (-2.0 * (1.0 - random.random()).ln()).sqrt();
    (radius * (std::f64::consts::TAU * random.random()).cos()) as f32
}
