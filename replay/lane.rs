//! Lanes: which rows of a ring are present.
//!
//! ```text
//! slot of row i = (start + i) mod slots,    slots = capacity of the lane + longest tail + 1
//! ```
//!
//! Row 0 is the oldest. Before it lies its tail: rows that are forgotten but for their observations, which the oldest rows may
//! still have to show. The one slot more than there are rows is the head: the observation after the newest row lies where
//! that of the next row will, so that "the next slot" is right for the newest row too.

use crate::finals::Finals;

/// One lane's part of a replay.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    /// The ordinal of the oldest row: how many left before it.
    pub(crate) first: u64,
    /// The slot of the oldest row.
    pub(crate) start: usize,
    /// Rows present.
    pub(crate) len: usize,
    /// Rows before them that are kept for their observations.
    pub(crate) tail: usize,
    /// The final observations of the rows that ended an episode.
    pub(crate) finals: Finals,
}

impl Lane {
    pub(crate) fn new(finals: Finals) -> Self {
        Self { first: 0, start: 0, len: 0, tail: 0, finals }
    }

    /// The slot of row `row`; row `len` is the head.
    pub(crate) fn slot(&self, row: usize, slots: usize) -> usize {
        wrap(self.start + row, slots)
    }

    /// The ordinal that the next row will have.
    pub(crate) fn next_ordinal(&self) -> u64 {
        self.first + self.len as u64
    }

    /// Forgets the oldest `rows` rows; of them and of what lies before, `tail` at most are kept for their observations.
    pub(crate) fn forget(&mut self, rows: usize, slots: usize, tail: usize) {
        self.start = self.slot(rows, slots);
        self.tail = (self.tail + rows).min(tail);
        self.first += rows as u64;
        self.len -= rows;
        self.finals.forget_before(self.first);
    }
}

/// `slot` mod `slots`, for slots less than twice around: no division.
pub(crate) fn wrap(slot: usize, slots: usize) -> usize {
    if slot >= slots { slot - slots } else { slot }
}

/// `ring[begin..begin + len]` where the end is followed by the beginning: two pieces, the second mostly empty.
pub(crate) fn pieces(ring: &[u8], begin: usize, len: usize) -> [&[u8]; 2] {
    let first = len.min(ring.len() - begin);
    [&ring[begin..begin + first], &ring[..len - first]]
}

/// Writes `source` into `ring` from `begin` on, where the end is followed by the beginning.
pub(crate) fn write(ring: &mut [u8], begin: usize, source: &[u8]) {
    let (first, second) = source.split_at(source.len().min(ring.len() - begin));
    ring[begin..begin + first.len()].copy_from_slice(first);
    ring[..second.len()].copy_from_slice(second);
}
