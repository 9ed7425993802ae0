//! The recent past of one stream: what an event that is recognised late was about.

use crate::signal::SignalError;
use serde::{Deserialize, Serialize};

/// The last records of an episode, each of one length.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Past<T> {
    records: Vec<T>,
    length: usize,
    capacity: usize,
    /// Where the next one goes.
    next: usize,
    /// How many there are.
    held: usize,
}

impl<T: Copy + Default> Past<T> {
    /// Room for `capacity` records of `length` elements.
    pub(crate) fn new(capacity: usize, length: usize) -> Self {
        Self { records: vec![T::default(); capacity * length], length, capacity, next: 0, held: 0 }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        (self.next, self.held) = (0, 0);
    }

    /// Remembers `record`, and forgets the oldest if there is no more room.
    pub(crate) fn push(&mut self, record: &[T]) {
        let begin = self.next * self.length;
        self.records[begin..begin + self.length].copy_from_slice(record);
        self.next = (self.next + 1) % self.capacity;
        self.held = (self.held + 1).min(self.capacity);
    }

    /// The record `ago` steps before the newest, if it is still there.
    pub(crate) fn ago(&self, ago: usize) -> Option<&[T]> {
        let place = (ago < self.held).then(|| (self.next + self.capacity - 1 - ago) % self.capacity)?;
        Some(&self.records[place * self.length..][..self.length])
    }

    /// Refuses a past that is not of the size of this one.
    ///
    /// # Errors
    /// It is of another size.
    pub(crate) fn check(&self, other: &Self) -> Result<(), SignalError> {
        let fits =
            (self.records.len(), self.length, self.capacity) == (other.records.len(), other.length, other.capacity);
        if fits && other.next < other.capacity && other.held <= other.capacity {
            Ok(())
        } else {
            Err(SignalError::new("its saved state holds a past of another size"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_records_are_remembered_and_the_oldest_forgotten() {
        let mut past = Past::new(3, 2);
        for record in 0..5_u8 {
            past.push(&[record, 10 + record]);
        }
        assert_eq!(
            [0, 1, 2, 3].map(|ago| past.ago(ago).map(<[u8]>::to_vec)),
            [Some(vec![4, 14]), Some(vec![3, 13]), Some(vec![2, 12]), None]
        );
        past.clear();
        assert_eq!(past.ago(0), None);
    }
}
