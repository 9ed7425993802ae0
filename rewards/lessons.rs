//! Examples that a teacher remembers, and from which it draws what an area is to decide on.
//!
//! Some of them are false, and what is false has less in common: a learner comes round to it later (Arpit et al. 2017, *A closer
//! look at memorization in deep networks*), if ever. So each example may be trusted as far as the area, which learns from all of
//! them, agrees with it:
//!
//! ```text
//! trust ← trust + η (agreement − trust)            η = 0.1; trust = 1 at first
//! ```
//!
//! and drawn as often as it is trusted (where all have lost it, evenly). Trust changes with what is drawn: an example that has lost
//! it is hardly asked about again.

use crate::signal::SignalError;
use innate_nn::Random;
use rand::Rng;
use serde::{Deserialize, Serialize};

/// η: how far each trial moves the trust of its example.
const RATE: f32 = 0.1;
/// Examples that are drawn until one is trusted, at most.
const DRAWS: usize = 16;

/// Examples, each of one length: the last ones, or a fair sample of all that there ever were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Examples<T> {
    elements: Vec<T>,
    /// How far each is trusted, 0 to 1.
    trust: Vec<f32>,
    length: usize,
    capacity: usize,
    /// Where the next one goes, once there is no more room.
    next: usize,
    /// How many were offered to a fair sample.
    offered: usize,
}

impl<T: Copy + Default> Examples<T> {
    /// Room for `capacity` examples of `length` elements.
    pub(crate) fn new(capacity: usize, length: usize) -> Self {
        let (elements, trust) = (Vec::with_capacity(capacity * length), Vec::with_capacity(capacity));
        Self { elements, trust, length, capacity, next: 0, offered: 0 }
    }

    /// Number of examples.
    pub(crate) fn len(&self) -> usize {
        self.elements.len() / self.length
    }

    /// Remembers one, and forgets the oldest if there is no more room. `write` fills its elements.
    pub(crate) fn remember(&mut self, write: impl FnOnce(&mut [T])) {
        if self.len() < self.capacity {
            self.append(write);
        } else {
            self.replace(self.next, write);
            self.next = (self.next + 1) % self.capacity;
        }
    }

    /// Remembers one or not, such that each of all that were ever offered is as likely to be remembered (Vitter 1985, algorithm R).
    pub(crate) fn sample(&mut self, random: &mut Random, write: impl FnOnce(&mut [T])) {
        self.offered += 1;
        if self.len() < self.capacity {
            self.append(write);
        } else {
            let place = random.random_range(0..self.offered);
            if place < self.capacity {
                self.replace(place, write);
            }
        }
    }

    fn append(&mut self, write: impl FnOnce(&mut [T])) {
        let begin = self.elements.len();
        self.elements.resize(begin + self.length, T::default());
        self.trust.push(1.0);
        write(&mut self.elements[begin..]);
    }

    fn replace(&mut self, place: usize, write: impl FnOnce(&mut [T])) {
        self.trust[place] = 1.0;
        write(&mut self.elements[place * self.length..][..self.length]);
    }

    /// Draws one, if there is any.
    pub(crate) fn draw(&self, random: &mut Random) -> Option<&[T]> {
        self.draw_place(random).map(|place| self.at(place))
    }

    /// Draws the place of one, if there is any, each as often as it is trusted.
    pub(crate) fn draw_trusted_place(&self, random: &mut Random) -> Option<usize> {
        let mut place = self.draw_place(random)?;
        for _ in 1..DRAWS {
            if random.random::<f32>() < self.trust[place] {
                break;
            }
            place = self.draw_place(random)?;
        }
        Some(place)
    }

    fn draw_place(&self, random: &mut Random) -> Option<usize> {
        (self.len() > 0).then(|| random.random_range(0..self.len()))
    }

    /// The one at a place below [`Self::len`].
    pub(crate) fn at(&self, place: usize) -> &[T] {
        &self.elements[place * self.length..][..self.length]
    }

    /// The area agrees, 0 to 1, with the one at a place below [`Self::len`].
    pub(crate) fn agree(&mut self, place: usize, agreement: f32) {
        self.trust[place] += RATE * (agreement - self.trust[place]);
    }

    /// Refuses examples that are not of the size of these.
    ///
    /// # Errors
    /// They are of another size.
    pub(crate) fn check(&self, other: &Self) -> Result<(), SignalError> {
        let fits = (self.length, self.capacity) == (other.length, other.capacity);
        if fits
            && other.elements.len() == other.trust.len() * self.length
            && other.len() <= self.capacity
            && other.next < self.capacity
        {
            Ok(())
        } else {
            Err(SignalError::new("its saved state holds examples of another size"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn every_example_of_the_last_is_drawn_and_none_before() {
        let (mut examples, mut random) = (Examples::new(3, 1), Random::seed_from_u64(1));
        assert_eq!(examples.draw(&mut random), None);
        (0..5).for_each(|number| examples.remember(|out| out[0] = number as f32));
        let mut drawn: Vec<f32> =
            (0..200).filter_map(|_| examples.draw(&mut random)).map(|example| example[0]).collect();
        drawn.sort_by(f32::total_cmp);
        drawn.dedup();
        assert_eq!(drawn, [2.0, 3.0, 4.0]);
    }

    #[test]
    fn one_is_drawn_as_often_as_it_is_trusted() {
        let (mut examples, mut random) = (Examples::new(2, 1), Random::seed_from_u64(5));
        (0..2).for_each(|number| examples.remember(|out| out[0] = number));
        // 0.9¹¹ = 0.31.
        (0..11).for_each(|_| examples.agree(1, 0.0));
        let trusted = (0..4000).filter(|_| examples.draw_trusted_place(&mut random) == Some(0)).count();
        // 1 / 1.31 of them, within five standard deviations.
        assert!(trusted.abs_diff(3045) < 140, "{trusted}");
        examples.remember(|out| out[0] = 2);
        examples.remember(|out| out[0] = 3);
        assert_eq!(examples.trust, [1.0; 2], "what is new is trusted");
    }

    #[test]
    fn a_fair_sample_holds_the_first_as_often_as_the_last() {
        let mut random = Random::seed_from_u64(1);
        let mut held = [0; 20];
        for _ in 0..2_000 {
            let mut examples = Examples::new(5, 1);
            (0..20_usize).for_each(|number| examples.sample(&mut random, |out| out[0] = number));
            examples.elements.iter().for_each(|&number| held[number] += 1);
        }
        // A quarter of 2,000, and more than five standard deviations of it.
        assert!(held.iter().all(|times| (400..600).contains(times)), "{held:?}");
    }
}
