//! NumPy's legacy generator, `numpy.random.RandomState`, word for word: NumPy has frozen what it draws.
//!
//! The words are those of MT19937 (M. Matsumoto and T. Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed
//! uniform pseudo-random number generator", 1998), seeded by their initialisation of 2002. Draws are made from them so:
//!
//! - `rand()`: two words a and b give (⌊a / 2⁵⌋ · 2²⁶ + ⌊b / 2⁶⌋) / 2⁵³,
//! - `randint(n)`: the low bits of a word, as many as n − 1 needs, until they hold at most n − 1; nothing is drawn for n = 1.

use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// Words of the state.
const WORDS: usize = 624;
/// How far apart the words lie that are mixed.
const SHIFT: usize = 397;

/// `RandomState(seed)`; its serialised form continues the stream exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Saved")]
pub struct RandomState {
    words: Vec<u32>,
    /// Words of the present state that have been given out.
    used: usize,
}

/// A state as a file may hold it.
#[derive(Deserialize)]
struct Saved {
    words: Vec<u32>,
    used: usize,
}

impl TryFrom<Saved> for RandomState {
    type Error = &'static str;

    fn try_from(saved: Saved) -> Result<Self, Self::Error> {
        let Saved { words, used } = saved;
        if words.len() == WORDS && used <= WORDS {
            Ok(Self { words, used })
        } else {
            Err("a Mersenne Twister has 624 words")
        }
    }
}

impl RandomState {
    /// `numpy.random.RandomState(seed)`.
    pub fn new(seed: u32) -> Self {
        let next = |word: &mut u32, place: u32| {
            let given = *word;
            *word = 1_812_433_253_u32.wrapping_mul(given ^ (given >> 30)).wrapping_add(place + 1);
            Some(given)
        };
        let mut word = seed;
        let words = (0..WORDS as u32).filter_map(|place| next(&mut word, place)).collect();
        Self { words, used: WORDS }
    }

    /// A number between 0 (included) and 1 (excluded): `rand()`.
    #[inline]
    pub fn rand(&mut self) -> f64 {
        const SCALE: f64 = 1.0 / (1_u64 << 53) as f64;
        let (high, low) = (self.next_u32() >> 5, self.next_u32() >> 6);
        (u64::from(high) << 26 | u64::from(low)) as f64 * SCALE
    }

    /// A whole number from 0 to `count - 1`: `randint(count)`.
    #[inline]
    pub fn randint(&mut self, count: NonZeroU32) -> u32 {
        let greatest = count.get() - 1;
        if greatest == 0 {
            return 0;
        }
        let mask = u32::MAX >> greatest.leading_zeros();
        loop {
            let drawn = self.next_u32() & mask;
            if drawn <= greatest {
                return drawn;
            }
        }
    }

    /// The next 32 bits.
    #[inline]
    pub fn next_u32(&mut self) -> u32 {
        if self.used >= WORDS {
            self.regenerate();
        }
        let mut word = self.words[self.used];
        self.used += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn regenerate(&mut self) {
        let words = self.words.as_mut_slice();
        for place in 0..WORDS {
            let (next, far) = (words[(place + 1) % WORDS], words[(place + SHIFT) % WORDS]);
            let joined = (words[place] & 0x8000_0000) | (next & 0x7fff_ffff);
            words[place] = far ^ (joined >> 1) ^ if joined & 1 == 1 { 0x9908_b0df } else { 0 };
        }
        self.used = 0;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn words_and_draws_are_numpys() {
        // Written down from NumPy 2.4.6: seed, first four words, first three of rand(), ten each of randint(2) and randint(8),
        // the thousandth word.
        type Known = (u32, [u32; 4], [f64; 3], [u32; 10], [u32; 10], u32);
        let known: [Known; 3] = [
            (
                0,
                [0x8c7f_0aac, 0x97c4_aa2f, 0xb716_a675, 0xd821_ccc0],
                [0.548_813_503_927_324_8, 0.715_189_366_372_419_5, 0.602_763_376_071_643_9],
                [0, 1, 1, 0, 1, 1, 1, 1, 1, 1],
                [4, 7, 5, 0, 3, 3, 3, 7, 1, 3],
                0xb567_6398,
            ),
            (
                1,
                [0x6ac1_f425, 0xff47_80eb, 0xb867_2f8c, 0xeebc_1448],
                [0.417_022_004_702_574, 0.720_324_493_442_158_1, 0.000_114_374_817_344_886_64],
                [1, 1, 0, 0, 1, 1, 1, 1, 1, 0],
                [5, 3, 4, 0, 7, 1, 3, 5, 7, 0],
                0x20b7_f5b2,
            ),
            (
                2,
                [0x6f9d_5ca8, 0x2f61_8a0f, 0x06a3_19ed, 0xee79_7648],
                [0.435_994_902_142_003_76, 0.025_926_231_827_891_333, 0.549_662_477_878_709_1],
                [0, 1, 1, 0, 0, 1, 0, 1, 0, 1],
                [0, 7, 5, 0, 6, 3, 2, 3, 0, 7],
                0x5530_9dd5,
            ),
        ];
        for (seed, words, rands, twos, eights, thousandth) in known {
            let fresh = || RandomState::new(seed);
            let mut state = fresh();
            assert_eq!(words, std::array::from_fn(|_| state.next_u32()));
            let mut state = fresh();
            assert_eq!(rands.map(f64::to_bits), std::array::from_fn(|_| state.rand().to_bits()));
            for (count, expected) in [(2, twos), (8, eights)] {
                let mut state = fresh();
                assert_eq!(expected, std::array::from_fn(|_| state.randint(NonZeroU32::new(count).unwrap())));
            }
            let mut state = fresh();
            assert_eq!(std::iter::repeat_with(|| state.next_u32()).nth(999), Some(thousandth));
        }
    }

    #[test]
    fn a_saved_generator_goes_on_with_the_same_words_and_a_short_one_is_refused() {
        let mut state = RandomState::new(7);
        state.rand();
        let bytes = postcard::to_stdvec(&state).unwrap();
        let mut copy: RandomState = postcard::from_bytes(&bytes).unwrap();
        (0..2000).for_each(|_| assert_eq!(state.next_u32(), copy.next_u32()));
        state.words.pop();
        assert!(postcard::from_bytes::<RandomState>(&postcard::to_stdvec(&state).unwrap()).is_err());
    }
}
