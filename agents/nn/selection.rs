//! How one output is selected from all, and what its payment is worth to AGREL.
//!
//! ```text
//! softmax          P_k = exp(a_k) / Σ_l exp(a_l)
//! max-Boltzmann    the greatest q_k with probability 1 − ε, else k with probability exp(q_k) / Σ_l exp(q_l)
//! ```
//!
//! The latter is the controller of AuGMEnT and BrainProp (Wiering & Schmidhuber 1997). Every draw comes from the generator
//! given; nothing is allocated.

use crate::real::Real;
use rand::Rng;
use serde::{Deserialize, Serialize};

/// Writes P = softmax(`logits`) into `probabilities`. The greatest logit is subtracted first, so that no exponential is too
/// large for a number.
pub fn softmax<T: Real>(logits: &[T], probabilities: &mut [T]) {
    let greatest = logits.iter().copied().fold(T::neg_infinity(), T::max);
    let mut sum = T::zero();
    for (p, &a) in probabilities.iter_mut().zip(logits) {
        *p = (a - greatest).exp();
        sum += *p;
    }
    probabilities.iter_mut().for_each(|p| *p /= sum);
}

/// A draw from `probabilities`, whose sum is 1: place k with probability P_k. A place of probability 0 is never drawn.
pub fn sample<T: Real>(probabilities: &[T], random: &mut impl Rng) -> usize {
    let mut rest: f64 = random.random();
    // Where rounding has left the sum below the draw, it is the last possible place.
    let mut last = 0;
    for (place, p) in probabilities.iter().enumerate() {
        let p = p.double();
        if p > 0.0 {
            if rest < p {
                return place;
            }
            last = place;
        }
        rest -= p;
    }
    last
}

/// The first place of the greatest of `values`.
pub fn greedy<T: Real>(values: &[T]) -> usize {
    let mut best = 0;
    for (place, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = place;
        }
    }
    best
}

/// One of the places of the greatest of `values`, each with the same probability. Nothing is drawn where there is but one.
pub fn greedy_random_ties<T: Real>(values: &[T], random: &mut impl Rng) -> usize {
    let first = greedy(values);
    let ties = || values.iter().enumerate().skip(first).filter(|(_, value)| **value == values[first]);
    match ties().count() {
        0 | 1 => first,
        count => ties().nth(random.random_range(0..count)).map_or(first, |(place, _)| place),
    }
}

/// Max-Boltzmann: a greedy choice with ties at random, but with probability `epsilon` a draw from softmax(`q`), which is left
/// in `scratch`, as long as `q`.
pub fn max_boltzmann<T: Real>(q: &[T], epsilon: f64, scratch: &mut [T], random: &mut impl Rng) -> usize {
    if random.random::<f64>() < epsilon {
        softmax(q, scratch);
        sample(scratch, random)
    } else {
        greedy_random_ties(q, random)
    }
}

/// What AGREL makes of a reward r for selecting an output that was expected to be right with probability P: the amount
/// f(δ) by which [`Online`](crate::Online) learns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expansion {
    /// `r/P − 1`: δ/(1 − δ) for δ = 1 − P where r = 1, and −1 where r = 0 (Roelfsema & van Ooyen 2005). Divided by the
    /// probability of being seen at all, a rare success counts for all the trials without it.
    #[default]
    Expansive,
    /// δ itself, `r(2 − P) − 1`: 1 − P where r = 1, and −1 where r = 0. An ablation, which does not learn.
    Linear,
    /// `r − P`. An ablation, whose mean is no gradient of the cross-entropy.
    Plain,
}

impl Expansion {
    /// The amount for reward `reward`, where `expected` is P of the selected output.
    pub fn amount<T: Real>(self, reward: T, expected: T) -> T {
        let (one, two) = (T::one(), T::of(2.0));
        match self {
            Expansion::Expansive => reward / expected - one,
            Expansion::Linear => reward * (two - expected) - one,
            Expansion::Plain => reward - expected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Random;
    use rand::SeedableRng;

    #[test]
    fn softmax_is_stable_and_sums_to_one() {
        let mut p = [0.0; 3];
        softmax(&[1000.0, 1000.0 + 2.0_f64.ln(), -1000.0], &mut p);
        assert!((p[0] - 1.0 / 3.0).abs() < 1e-12 && (p[1] - 2.0 / 3.0).abs() < 1e-12 && p[2] == 0.0, "{p:?}");
    }

    #[test]
    fn draws_have_their_probabilities_and_an_impossible_place_is_never_drawn() {
        let mut random = Random::seed_from_u64(1);
        let mut counts = [0; 4];
        (0..100_000).for_each(|_| counts[sample(&[0.0_f32, 0.25, 0.75, 0.0], &mut random)] += 1);
        assert_eq!((counts[0], counts[3]), (0, 0));
        assert!((counts[1] as f64 - 25_000.0).abs() < 4.0 * (100_000.0_f64 * 0.25 * 0.75).sqrt(), "{counts:?}");
        assert_eq!(sample(&[0.0_f32, 0.0], &mut random), 0);
    }

    #[test]
    fn ties_are_broken_evenly_and_only_ties() {
        let mut random = Random::seed_from_u64(2);
        assert_eq!(greedy(&[1.0, 3.0, 3.0]), 1);
        let mut counts = [0; 4];
        (0..30_000).for_each(|_| counts[greedy_random_ties(&[2.0, 1.0, 2.0, 2.0], &mut random)] += 1);
        assert_eq!(counts[1], 0);
        assert!([0, 2, 3].iter().all(|&place| (counts[place] - 10_000_i32).abs() < 400), "{counts:?}");
    }

    #[test]
    fn max_boltzmann_explores_as_often_as_it_is_told() {
        let mut random = Random::seed_from_u64(3);
        let (q, mut scratch) = ([0.0_f64, 1.0], [0.0; 2]);
        assert!((0..1000).all(|_| max_boltzmann(&q, 0.0, &mut scratch, &mut random) == 1));
        let others = (0..100_000).filter(|_| max_boltzmann(&q, 0.5, &mut scratch, &mut random) == 0).count();
        let expected = 0.5 / (1.0 + 1.0_f64.exp());
        assert!((others as f64 / 1e5 - expected).abs() < 0.005, "{others}");
    }

    #[test]
    fn the_amounts_are_those_of_the_papers() {
        for p in [0.1, 0.5, 0.9_f64] {
            let delta = 1.0 - p;
            assert!((Expansion::Expansive.amount(1.0, p) - delta / (1.0 - delta)).abs() < 1e-12);
            assert!((Expansion::Linear.amount(1.0, p) - delta).abs() < 1e-12);
            assert!((Expansion::Plain.amount(1.0, p) - delta).abs() < 1e-12);
            assert_eq!(Expansion::Expansive.amount(0.0, p), -1.0);
            assert_eq!(Expansion::Linear.amount(0.0, p), -1.0);
            assert_eq!(Expansion::Plain.amount(0.0, p), -p);
        }
    }
}
