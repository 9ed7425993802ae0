//! NumPy's random numbers, bit for bit, so that a seed means here what it means in Gymnasium.
//!
//! `numpy.random.Generator(PCG64(SeedSequence(seed)))`: a seed is hashed into a pool of four words (M. O'Neill,
//! "Developing a seed_seq alternative", 2015), the pool gives the 128-bit state and stream of a permuted congruential
//! generator (PCG XSL-RR 128/64, O'Neill 2014), and draws are made from its 64-bit outputs:
//!
//! - `random()`: the upper 53 bits times 2⁻⁵³,
//! - `uniform(low, high)`: `low + (high - low) · random()`,
//! - `integers(n)`: 32 bits times `n`, upper half, with rejection (D. Lemire, "Fast random integer generation in an
//!   interval", 2019); the unused half of a 64-bit output serves the next such draw.

pub mod legacy;

use rand_pcg::Pcg64;
use rand_pcg::rand_core::RngCore;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// NumPy's default generator; its serialised form continues the stream exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generator {
    source: Pcg64,
    /// The upper half of the last output that was drawn for a 32-bit number, if not used yet.
    half: Option<u32>,
}

impl Generator {
    /// `numpy.random.default_rng(seed)`.
    pub fn new(seed: u64) -> Self {
        let words = Pool::new([low_word(seed), high_word(seed), 0, 0]).words::<8>();
        let wide = |at: usize| (0..4).fold(0, |sum, i| sum | u128::from(words[at + (i ^ 2)]) << (32 * i));
        Self { source: Pcg64::new(wide(0), wide(4)), half: None }
    }

    /// A number between 0 (included) and 1 (excluded): `Generator.random()`.
    #[inline]
    pub fn random(&mut self) -> f64 {
        const SCALE: f64 = 1.0 / (1_u64 << 53) as f64;
        (self.source.next_u64() >> 11) as f64 * SCALE
    }

    /// A number between `low` (included) and `high` (excluded but for rounding): `Generator.uniform(low, high)`.
    #[inline]
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.random()
    }

    /// A whole number from 0 to `count - 1`: `Generator.integers(count)`.
    pub fn integers(&mut self, count: NonZeroU32) -> u32 {
        let count = count.get();
        if count == 1 {
            return 0; // NumPy draws nothing here.
        }
        let rejected = count.wrapping_neg() % count;
        loop {
            let product = u64::from(self.next_u32()) * u64::from(count);
            if product as u32 >= rejected {
                return (product >> 32) as u32;
            }
        }
    }

    /// 32 bits: first the lower half of an output, then its upper half.
    fn next_u32(&mut self) -> u32 {
        self.half.take().unwrap_or_else(|| {
            let output = self.source.next_u64();
            self.half = Some(high_word(output));
            low_word(output)
        })
    }
}

/// A seed that belongs to `seed` and `number` together: equal pairs give equal seeds, others unrelated ones.
pub fn child_seed(seed: u64, number: u64) -> u64 {
    let [low, high] =
        Pool::new([low_word(seed), high_word(seed), low_word(number), high_word(number)]).words().map(u64::from);
    low | high << 32
}

/// `numpy.random.SeedSequence` of at most four words of entropy.
struct Pool([u32; 4]);

impl Pool {
    fn new(entropy: [u32; 4]) -> Self {
        let mut multiplier: u32 = 0x43b0_d7e5;
        let mut hash = |word: u32| {
            let keyed = word ^ multiplier;
            multiplier = multiplier.wrapping_mul(0x931e_8875);
            fold(keyed.wrapping_mul(multiplier))
        };
        let mut pool = entropy.map(&mut hash);
        for from in 0..4 {
            for into in (0..4).filter(|into| *into != from) {
                let (kept, added) = (pool[into].wrapping_mul(0xca01_f9dd), hash(pool[from]).wrapping_mul(0x4973_f715));
                pool[into] = fold(kept.wrapping_sub(added));
            }
        }
        Self(pool)
    }

    fn words<const N: usize>(&self) -> [u32; N] {
        let mut multiplier: u32 = 0x8b51_f9dd;
        std::array::from_fn(|i| {
            let keyed = self.0[i % 4] ^ multiplier;
            multiplier = multiplier.wrapping_mul(0x58f3_8ded);
            fold(keyed.wrapping_mul(multiplier))
        })
    }
}

fn fold(word: u32) -> u32 {
    word ^ (word >> 16)
}

fn low_word(wide: u64) -> u32 {
    wide as u32
}

fn high_word(wide: u64) -> u32 {
    (wide >> 32) as u32
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    /// Draws as `scripts/golden/classic_control.py` recorded them, in the order in which they stand.
    #[test]
    fn every_draw_equals_numpys_bit_for_bit() {
        let recorded = include_str!("golden/numpy.txt");
        let mut draws = 0;
        for line in recorded.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split(' ');
            let mut generator = Generator::new(words.next().unwrap().parse().unwrap());
            for (place, word) in words.enumerate() {
                draws += 1;
                if let Some((count, drawn)) = word.split_once(':') {
                    assert_eq!(generator.integers(count.parse().unwrap()).to_string(), drawn, "draw {place} of {line}");
                } else {
                    let drawn =
                        if (4..6).contains(&place) { generator.uniform(-0.6, -0.4) } else { generator.random() };
                    assert_eq!(format!("{:016x}", drawn.to_bits()), word, "draw {place} of {line}");
                }
            }
        }
        assert_eq!(draws, 5 * 20);
    }

    #[test]
    fn a_saved_generator_goes_on_with_the_same_draws() {
        let mut generator = Generator::new(7);
        generator.integers(NonZeroU32::new(10).unwrap());
        let mut copy: Generator = postcard::from_bytes(&postcard::to_stdvec(&generator).unwrap()).unwrap();
        for _ in 0..5 {
            let count = NonZeroU32::new(1000).unwrap();
            assert_eq!(generator.integers(count), copy.integers(count));
            assert_eq!(generator.random().to_bits(), copy.random().to_bits());
        }
    }

    #[test]
    fn child_seeds_differ_in_seed_and_in_number() {
        let seeds =
            [child_seed(0, 0), child_seed(0, 1), child_seed(1, 0), child_seed(1 << 32, 0), child_seed(0, 1 << 32)];
        for (i, seed) in seeds.iter().enumerate() {
            assert!(!seeds[..i].contains(seed), "{seeds:?}");
        }
    }
}
