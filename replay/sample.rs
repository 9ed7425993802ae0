//! Sampling: uniformly with replacement, from all that is stored.
//!
//! ```text
//! P(transition) = 1 / Σ over lanes of their rows
//! ```
//!
//! One number u is drawn from lanes · rows of the longest lane; lane u div longest, row u mod longest. A row which that
//! lane does not have is drawn again, so lanes of different length are right as well, and lanes of one length, as in
//! training, cost one draw per transition.

use crate::batch::{Batch, Place};
use crate::column::{Role, Schema};
use crate::error::ReplayError;
use crate::lane::wrap;
use crate::replay::Replay;
use rand::Rng;

/// Which observations of a transition are copied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Observed {
    pub(crate) before: bool,
    pub(crate) after: bool,
}

impl Observed {
    const ALL: Self = Self { before: true, after: true };
}

impl Replay {
    /// Fills `batch` with transitions drawn by `rng`, each stored one equally likely each time.
    ///
    /// # Errors
    /// Nothing is stored yet, or the batch has other columns.
    pub fn sample<R: Rng + ?Sized>(&self, rng: &mut R, batch: &mut Batch) -> Result<(), ReplayError> {
        Schema::check_same(&self.schema, &batch.schema)?;
        let mut places = std::mem::take(&mut batch.places);
        let drawn = self.draw(rng, &mut places);
        batch.places = places;
        drawn?;
        self.fill(batch, Observed::ALL);
        Ok(())
    }

    /// Draws `places` by `rng`, each stored transition equally likely each time.
    ///
    /// # Errors
    /// Nothing is stored yet.
    pub fn draw<R: Rng + ?Sized>(&self, rng: &mut R, places: &mut [Place]) -> Result<(), ReplayError> {
        if self.is_empty() {
            return Err(ReplayError::Empty);
        }
        let all = self.lanes.len() * self.longest;
        for place in places {
            *place = loop {
                let drawn = rng.random_range(0..all);
                let (lane, row) = (drawn / self.longest, drawn % self.longest);
                if row < self.lanes[lane].len {
                    break Place { lane, row };
                }
            };
        }
        Ok(())
    }

    /// Tells the system that the windows of `steps` transitions at `places` will be gathered soon: it reads what of them is on disk while
    /// something else is computed. Changes nothing but the time that gathering takes.
    pub fn announce(&self, places: &[Place], steps: usize) {
        let Some(segments) = &self.segments else { return };
        let tail = self.schema.tail();
        for &Place { lane, row } in places {
            let Some(ring) = self.lanes.get(lane) else { continue };
            let (first, rows) = (ring.slot(row, self.slots) + self.slots - tail, tail + steps + 1);
            segments.announce(lane, first % self.slots, rows);
        }
    }

    /// Fills `batch` with the transitions at `places`.
    ///
    /// # Errors
    /// The batch has another size or other columns, or there is nothing at a place.
    pub fn gather(&self, places: &[Place], batch: &mut Batch) -> Result<(), ReplayError> {
        self.check_places(places, batch)?;
        batch.places.copy_from_slice(places);
        self.fill(batch, Observed::ALL);
        Ok(())
    }

    /// That there is a transition at each of `places`, and that `batch` has room for them.
    pub(crate) fn check_places(&self, places: &[Place], batch: &Batch) -> Result<(), ReplayError> {
        Schema::check_same(&self.schema, &batch.schema)?;
        if places.len() != batch.size() {
            return Err(ReplayError::BatchSize { places: places.len(), size: batch.size() });
        }
        for &Place { lane, row } in places {
            let rows = self.lane_len(lane)?;
            if row >= rows {
                return Err(ReplayError::Row { row, rows });
            }
        }
        Ok(())
    }

    /// Copies the transitions at the places of `batch`, all of which exist.
    pub(crate) fn fill(&self, batch: &mut Batch, observed: Observed) {
        for (index, &Place { lane, row }) in batch.places.iter().enumerate() {
            let ring = &self.lanes[lane];
            let slot = ring.slot(row, self.slots);
            batch.slots[index] = lane * self.slots + slot;
            batch.next_slots[index] = lane * self.slots + wrap(slot + 1, self.slots);
            batch.ordinals[index] = ring.first + row as u64;
        }
        for (column, spec) in self.schema.specs().iter().enumerate() {
            if spec.history > 1 {
                if observed.before || observed.after {
                    self.fill_history(batch, column, observed);
                }
                continue;
            }
            if let (Some(segments), Role::Observation) = (&self.segments, spec.role) {
                let places = || batch.places.iter().map(|place| place.lane);
                let gather = |slots: &[usize], into: &mut [u8]| {
                    let rows = into.chunks_exact_mut(self.schema.row_bytes(column)).zip(slots).zip(places());
                    rows.for_each(|((row, slot), lane)| {
                        row.copy_from_slice(segments.row(lane, column, slot - lane * self.slots));
                    });
                };
                if observed.before {
                    gather(&batch.slots, batch.values[column].bytes_mut());
                }
                if observed.after {
                    gather(&batch.next_slots, batch.next[column].bytes_mut());
                }
                continue;
            }
            let (rows, width) = (self.columns[column].bytes(), self.schema.row_bytes(column));
            if spec.role == Role::Step || observed.before {
                gather_rows(rows, width, &batch.slots, batch.values[column].bytes_mut());
            }
            if spec.role == Role::Observation && observed.after {
                gather_rows(rows, width, &batch.next_slots, batch.next[column].bytes_mut());
            }
        }
        if observed.after {
            self.fill_finals(batch);
        }
    }

    /// Fills an observation with a history: the latest ones of the episode, and before its first one that one again.
    fn fill_history(&self, batch: &mut Batch, column: usize, observed: Observed) {
        let (history, width) = (self.schema.specs()[column].history, self.schema.row_bytes(column));
        let (before, after) = (batch.values[column].bytes_mut(), batch.next[column].bytes_mut());
        for (index, &Place { lane, row }) in batch.places.iter().enumerate() {
            // From the newest back; the stack after the step has one more at its end and one fewer at its beginning.
            let mut slot = batch.slots[index] - lane * self.slots;
            let mut back = 0;
            for place in (0..history).rev() {
                let from = self.observation(lane, column, slot);
                let stack = index * history * width;
                if observed.before {
                    before[stack + place * width..][..width].copy_from_slice(from);
                }
                if observed.after && place > 0 {
                    after[stack + (place - 1) * width..][..width].copy_from_slice(from);
                }
                let earlier = if slot == 0 { self.slots - 1 } else { slot - 1 };
                if back < row + self.lanes[lane].tail && !self.ended(lane, earlier) {
                    (slot, back) = (earlier, back + 1);
                }
            }
            if observed.after {
                let next = self.observation(lane, column, batch.next_slots[index] - lane * self.slots);
                after[(index + 1) * history * width - width..][..width].copy_from_slice(next);
            }
        }
    }

    /// Whether the row in slot `slot` of lane `lane` ended an episode.
    pub(crate) fn ended(&self, lane: usize, slot: usize) -> bool {
        let place = lane * self.slots + slot;
        let flag = |column: usize| self.columns[column].bytes()[place] != 0;
        flag(self.schema.terminated()) || flag(self.schema.truncated())
    }

    /// Puts final observations in the place of those that the next slot holds, where an episode ended.
    fn fill_finals(&self, batch: &mut Batch) {
        for index in 0..batch.size() {
            if batch.terminated()[index] | batch.truncated()[index] == 0 {
                continue;
            }
            let finals = &self.lanes[batch.places[index].lane].finals;
            let place = finals.find(batch.ordinals[index]);
            for &column in self.schema.observations() {
                let (width, history) = (self.schema.row_bytes(column), self.schema.specs()[column].history);
                let next = &mut batch.next[column].bytes_mut()[((index + 1) * history - 1) * width..][..width];
                next.copy_from_slice(finals.bytes(column, width, place));
            }
        }
    }
}

/// Copies the rows of `width` bytes at `slots` of `rows` one after another into `into`. A width that the compiler knows
/// makes of each copy one or two moves in place of a call.
fn gather_rows(rows: &[u8], width: usize, slots: &[usize], into: &mut [u8]) {
    match width {
        1 => gather_fixed::<1>(rows, slots, into),
        4 => gather_fixed::<4>(rows, slots, into),
        8 => gather_fixed::<8>(rows, slots, into),
        16 => gather_fixed::<16>(rows, slots, into),
        24 => gather_fixed::<24>(rows, slots, into),
        32 => gather_fixed::<32>(rows, slots, into),
        _ => {
            for (row, &slot) in into.chunks_exact_mut(width).zip(slots) {
                row.copy_from_slice(&rows[slot * width..][..width]);
            }
        }
    }
}

fn gather_fixed<const WIDTH: usize>(rows: &[u8], slots: &[usize], into: &mut [u8]) {
    let (rows, _) = rows.as_chunks::<WIDTH>();
    let (into, _) = into.as_chunks_mut::<WIDTH>();
    for (row, &slot) in into.iter_mut().zip(slots) {
        *row = rows[slot];
    }
}
