//! Prioritised sampling, the proportional variant (Schaul, Quan, Antonoglou & Silver 2016, *Prioritized Experience Replay*).
//!
//! ```text
//! p_i  = |δ_i| + ε                               section 3.3; of a transition not yet replayed, the greatest so far
//! P(i) = p_i^α / Σ_k p_k^α                       equation 1
//! w_i  = (N · P(i))^−β / max_j w_j               section 3.4; the maximum over the batch
//! ```
//!
//! A batch of k is drawn from k equal parts of the sum, one from each (appendix B.2.1). A transition's leaf follows from its lane
//! and its ordinal alone, not from where a ring happens to lie in memory: after a resume the same draws find the same
//! transitions.

use crate::batch::{Batch, Place};
use crate::column::Schema;
use crate::error::ReplayError;
use crate::replay::Replay;
use crate::sum_tree::SumTree;
use rand::Rng;
use std::ops::Range;

/// How priorities count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Proportional {
    /// How much: α, 0 (not at all, uniform) to 1.
    pub alpha: f64,
    /// What every error counts more: ε > 0.
    pub epsilon: f64,
}

/// The priorities of the transitions in a replay.
#[derive(Clone, Debug)]
pub struct Priorities {
    how: Proportional,
    tree: SumTree,
    /// Leaves of a lane.
    slots: usize,
    /// By lane, the ordinals of the rows that are known.
    known: Vec<Range<u64>>,
    /// The greatest p^α so far.
    greatest: f32,
}

impl Priorities {
    /// Priorities for `replay`, whose rows all get the first one, 1.
    ///
    /// # Errors
    /// No memory for the tree.
    pub fn new(replay: &Replay, how: Proportional) -> Result<Self, ReplayError> {
        let (slots, lanes) = (replay.slots, replay.lanes());
        let bytes = (slots as u128 * lanes as u128).saturating_mul(2 * size_of::<f64>() as u128);
        let tree = slots.checked_mul(lanes).and_then(SumTree::new);
        let tree = tree.ok_or(ReplayError::Memory { capacity: replay.capacity(), bytes })?;
        let mut priorities = Self { how, tree, slots, known: vec![0..0; lanes], greatest: 1.0 };
        priorities.follow(replay);
        Ok(priorities)
    }

    /// Takes note of the rows that came into `replay` and left it since the last call; it must be called after every insertion.
    /// What is new gets the greatest priority so far, so that it is soon replayed.
    pub fn follow(&mut self, replay: &Replay) {
        for (lane, ring) in replay.lanes.iter().enumerate() {
            let (known, there) = (self.known[lane].clone(), ring.first..ring.next_ordinal());
            for ordinal in known.start..known.end.min(there.start) {
                self.tree.set(self.leaf(lane, ordinal), 0.0);
            }
            for ordinal in known.end.max(there.start)..there.end {
                self.tree.set(self.leaf(lane, ordinal), f64::from(self.greatest));
            }
            self.known[lane] = there;
        }
    }

    /// Draws `places` of transitions in `replay` by `rng`, as likely as their priorities say, and fills `weights` with their
    /// importance-sampling weights for the exponent `beta`, of which the greatest is 1.
    ///
    /// # Errors
    /// Nothing is stored yet, or there is not one weight for each place.
    pub fn draw<R: Rng + ?Sized>(
        &self,
        replay: &Replay,
        rng: &mut R,
        beta: f64,
        places: &mut [Place],
        weights: &mut [f32],
    ) -> Result<(), ReplayError> {
        if replay.is_empty() || self.tree.total() <= 0.0 {
            return Err(ReplayError::Empty);
        }
        if places.len() != weights.len() {
            return Err(ReplayError::BatchSize { places: places.len(), size: weights.len() });
        }
        let (total, part) = (self.tree.total(), self.tree.total() / places.len() as f64);
        // (N · P)^−β over its maximum is (p / least p)^−β: N and the sum cancel out.
        let mut least = f64::INFINITY;
        for (stratum, (place, weight)) in places.iter_mut().zip(weights.iter_mut()).enumerate() {
            let drawn = (stratum as f64 + rng.random::<f64>()) * part;
            let leaf = self.tree.find(drawn.min(total));
            let (lane, remainder) = (leaf / self.slots, (leaf % self.slots) as u64);
            let (first, slots) = (replay.lanes[lane].first, self.slots as u64);
            *place = Place { lane, row: ((remainder + slots - first % slots) % slots) as usize };
            *weight = self.tree.get(leaf) as f32;
            least = least.min(f64::from(*weight));
        }
        weights.iter_mut().for_each(|weight| *weight = (f64::from(*weight) / least).powf(-beta) as f32);
        Ok(())
    }

    /// Gives the transitions of `batch`, as they lie in `replay`, the priorities of their errors δ, `[batch]`.
    ///
    /// # Errors
    /// Other columns than the replay's, an error that is no number, or not one for each transition.
    pub fn update(&mut self, replay: &Replay, batch: &Batch, errors: &[f32]) -> Result<(), ReplayError> {
        Schema::check_same(&replay.schema, &batch.schema)?;
        if errors.len() != batch.size() {
            return Err(ReplayError::BatchSize { places: errors.len(), size: batch.size() });
        }
        if let Some(&error) = errors.iter().find(|error| !error.is_finite()) {
            return Err(ReplayError::Priority { error });
        }
        for ((place, &ordinal), &error) in batch.places().iter().zip(batch.ordinals()).zip(errors) {
            let priority = (f64::from(error.abs()) + self.how.epsilon).powf(self.how.alpha) as f32;
            self.greatest = self.greatest.max(priority);
            self.tree.set(self.leaf(place.lane, ordinal), f64::from(priority));
        }
        Ok(())
    }

    /// The priority p^α of the transition with ordinal `ordinal` of lane `lane`; 0 if it is not there.
    pub fn of(&self, lane: usize, ordinal: u64) -> f32 {
        self.tree.get(self.leaf(lane, ordinal)) as f32
    }

    /// Bytes allocated.
    pub fn memory(&self) -> usize {
        self.tree.memory()
    }

    /// All that must be saved: the leaves, lane by lane, then the greatest priority so far.
    pub fn save(&self) -> Vec<f32> {
        let leaves = (0..self.slots * self.known.len()).map(|leaf| self.tree.get(leaf) as f32);
        leaves.chain([self.greatest]).collect()
    }

    /// The priorities of `replay` that [`Priorities::save`] gave.
    ///
    /// # Errors
    /// They are of another replay, or not all numbers of 0 or more; or the memory cannot be had.
    pub fn load(replay: &Replay, how: Proportional, saved: &[f32]) -> Result<Self, ReplayError> {
        let mut priorities = Self::new(replay, how)?;
        let leaves = priorities.slots * priorities.known.len();
        if saved.len() != leaves + 1 {
            return Err(ReplayError::Priorities { found: saved.len(), expected: leaves + 1 });
        }
        if let Some(&error) = saved.iter().find(|priority| !(priority.is_finite() && **priority >= 0.0)) {
            return Err(ReplayError::Priority { error });
        }
        // A leaf has a weight if and only if it has a row.
        let there = |leaf: usize| priorities.tree.get(leaf) > 0.0;
        if let Some(leaf) = (0..leaves).find(|&leaf| there(leaf) != (saved[leaf] > 0.0)) {
            return Err(ReplayError::MisplacedPriority { priority: saved[leaf], leaf });
        }
        saved[..leaves].iter().enumerate().for_each(|(leaf, &priority)| priorities.tree.set(leaf, f64::from(priority)));
        priorities.greatest = saved[leaves];
        Ok(priorities)
    }

    fn leaf(&self, lane: usize, ordinal: u64) -> usize {
        lane * self.slots + (ordinal % self.slots as u64) as usize
    }
}
