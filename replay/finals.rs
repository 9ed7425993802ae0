//! Final observations: what was observed when episodes ended, in a queue per lane.
//!
//! Rows enter and leave a lane in order, hence so do final observations: a queue that grows by doubling holds exactly those
//! of the rows present, found by the ordinal of the row they belong to.

use crate::column::Schema;
use crate::data::Data;
use std::collections::VecDeque;

/// Room for final observations that a lane gets when its first episode ends.
const FIRST_ROOM: usize = 16;

/// The final observations of one lane.
#[derive(Clone, Debug)]
pub(crate) struct Finals {
    /// The ordinals of the rows that ended an episode, ascending.
    ordinals: VecDeque<u64>,
    /// By column: a ring of observations; nothing for a column of the step.
    columns: Vec<Data>,
    /// Place of the oldest in the rings.
    start: usize,
    /// Places in the rings.
    room: usize,
}

impl Finals {
    pub(crate) fn new(schema: &Schema) -> Self {
        let columns = schema.specs().iter().map(|spec| Data::zeros(spec.kind, 0)).collect();
        Self { ordinals: VecDeque::new(), columns, start: 0, room: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.ordinals.len()
    }

    /// Bytes allocated.
    pub(crate) fn memory(&self) -> usize {
        let columns: usize = self.columns.iter().map(|data| data.bytes().len()).sum();
        columns + self.ordinals.capacity() * size_of::<u64>()
    }

    /// Makes room for `more` beyond those present, of which there are never more than `limit`. False if the memory cannot
    /// be had; nothing has changed then.
    pub(crate) fn reserve(&mut self, schema: &Schema, more: usize, limit: usize) -> bool {
        let needed = self.len() + more;
        if needed <= self.room {
            return true;
        }
        let room = needed.max(self.room * 2).max(FIRST_ROOM).min(limit.max(needed));
        let mut columns = Vec::with_capacity(self.columns.len());
        for (column, old) in self.columns.iter().enumerate() {
            let elements = if schema.observations().contains(&column) { schema.elements(column) } else { 0 };
            let fresh = room.checked_mul(elements).and_then(|elements| Data::try_zeros(old.kind(), elements));
            let Some(fresh) = fresh else { return false };
            columns.push(fresh);
        }
        if self.ordinals.try_reserve_exact(room - self.len()).is_err() {
            return false;
        }
        for &column in schema.observations() {
            let width = schema.row_bytes(column);
            let old = (0..self.len()).map(|place| self.bytes(column, width, place));
            for (fresh, old) in columns[column].bytes_mut().chunks_exact_mut(width).zip(old) {
                fresh.copy_from_slice(old);
            }
        }
        (self.columns, self.start, self.room) = (columns, 0, room);
        true
    }

    /// Appends the final observation of row `ordinal`, for which room was reserved. Its bytes are still to be written.
    pub(crate) fn push(&mut self, ordinal: u64) {
        self.ordinals.push_back(ordinal);
    }

    /// Forgets those of rows before row `ordinal`.
    pub(crate) fn forget_before(&mut self, ordinal: u64) {
        while self.ordinals.front().is_some_and(|&oldest| oldest < ordinal) {
            self.ordinals.pop_front();
            self.start = self.place(1);
        }
    }

    /// The place in the queue of the final observation of row `ordinal`, which ended an episode.
    pub(crate) fn find(&self, ordinal: u64) -> usize {
        self.ordinals.partition_point(|&other| other < ordinal)
    }

    /// The bytes of observation `column`, `width` of them, at place `place` in the queue.
    pub(crate) fn bytes(&self, column: usize, width: usize, place: usize) -> &[u8] {
        &self.columns[column].bytes()[self.place(place) * width..][..width]
    }

    /// The same, to be written.
    pub(crate) fn bytes_mut(&mut self, column: usize, width: usize, place: usize) -> &mut [u8] {
        let begin = self.place(place) * width;
        &mut self.columns[column].bytes_mut()[begin..][..width]
    }

    /// The place in the rings of place `place` in the queue.
    fn place(&self, place: usize) -> usize {
        let place = self.start + place;
        if place >= self.room { place - self.room } else { place }
    }
}
