//! Examples that a teacher remembers, and from which it draws what an area is to decide on.

use crate::signal::SignalError;
use innate_nn::Random;
use rand::Rng;
use serde::{Deserialize, Serialize};

/// The last examples, each of one length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Examples<T> {
    elements: Vec<T>,
    length: usize,
    capacity: usize,
    /// Where the next one goes, once there is no more room.
    next: usize,
}

impl<T: Copy + Default> Examples<T> {
    /// Room for `capacity` examples of `length` elements.
    pub(crate) fn new(capacity: usize, length: usize) -> Self {
        Self { elements: Vec::with_capacity(capacity * length), length, capacity, next: 0 }
    }

    /// Number of examples.
    pub(crate) fn len(&self) -> usize {
        self.elements.len() / self.length
    }

    /// Remembers one, and forgets the oldest if there is no more room. `write` fills its elements.
    pub(crate) fn remember(&mut self, write: impl FnOnce(&mut [T])) {
        if self.len() < self.capacity {
            self.elements.resize(self.elements.len() + self.length, T::default());
            let begin = self.elements.len() - self.length;
            write(&mut self.elements[begin..]);
        } else {
            write(&mut self.elements[self.next * self.length..][..self.length]);
            self.next = (self.next + 1) % self.capacity;
        }
    }

    /// Draws one, if there is any.
    pub(crate) fn draw(&self, random: &mut Random) -> Option<&[T]> {
        let place = (self.len() > 0).then(|| random.random_range(0..self.len()))?;
        Some(&self.elements[place * self.length..][..self.length])
    }

    /// Refuses examples that are not of the size of these.
    ///
    /// # Errors
    /// They are of another size.
    pub(crate) fn check(&self, other: &Self) -> Result<(), SignalError> {
        let fits = (self.length, self.capacity) == (other.length, other.capacity);
        if fits
            && other.elements.len().is_multiple_of(self.length)
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
}
