//! Windows: n successive transitions from each of some places, for n-step returns.
//!
//! ```text
//! m_i     = min(n, steps until an episode ends, steps until the newest row)
//! R_i     = Σ_{k<m} γ^k r_{i+k},    bootstrapped from x_{i+m} unless it is terminal
//! ```
//!
//! A window never reaches into the next episode, nor beyond the newest row: there it is shorter, and what is bootstrapped from is
//! the observation after its last transition, the final one of a truncated episode included.

use crate::batch::{Batch, Place};
use crate::column::Schema;
use crate::error::ReplayError;
use crate::replay::Replay;
use crate::sample::Observed;
use std::sync::Arc;

/// Successive transitions from the same number of places.
#[derive(Clone, Debug)]
pub struct Window {
    /// By step: the transition of each window that many steps on; of a window that is over, its last one again.
    steps: Vec<Batch>,
    /// The last transition of each window; unused where n = 1.
    last: Batch,
    /// Transitions of each window.
    lengths: Vec<usize>,
    /// Whether each step is wanted with what is observed before and after it.
    whole: bool,
}

impl Window {
    /// Memory for `size` windows of `steps` transitions, 1 or more. What was observed before the first and after the last
    /// transition is always there; `whole` asks for it with every one.
    pub fn new(schema: &Arc<Schema>, size: usize, steps: usize, whole: bool) -> Self {
        let batch = |_| Batch::new(schema, size);
        let last = Batch::new(schema, if steps > 1 { size } else { 0 });
        Self { steps: (0..steps.max(1)).map(batch).collect(), last, lengths: vec![1; size], whole }
    }

    /// Number of windows.
    pub fn size(&self) -> usize {
        self.lengths.len()
    }

    /// Transitions of each window, `[size]`.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// The transitions so many steps on, each step once: where a window is already over, its last transition again.
    pub fn steps(&self) -> &[Batch] {
        &self.steps
    }

    /// The first transition of each window.
    pub fn first(&self) -> &Batch {
        &self.steps[0]
    }

    /// The last transition of each window.
    pub fn last(&self) -> &Batch {
        if self.steps.len() > 1 { &self.last } else { &self.steps[0] }
    }

    /// Fills it from `places` of `replay`.
    ///
    /// # Errors
    /// As for [`Replay::gather`].
    pub fn gather(&mut self, replay: &Replay, places: &[Place]) -> Result<(), ReplayError> {
        replay.check_places(places, &self.steps[0])?;
        let several = self.steps.len() > 1;
        self.lengths.fill(1);
        self.steps[0].places.copy_from_slice(places);
        replay.fill(&mut self.steps[0], Observed { before: true, after: self.whole || !several });
        if !several {
            return Ok(());
        }
        for step in 1..self.steps.len() {
            let (earlier, later) = self.steps.split_at_mut(step);
            let (before, now) = (&earlier[step - 1], &mut later[0]);
            now.places.copy_from_slice(&before.places);
            for (window, place) in now.places.iter_mut().enumerate() {
                let over = self.lengths[window] < step
                    || before.terminated()[window] | before.truncated()[window] != 0
                    || place.row + 1 == replay.lanes[place.lane].len;
                if !over {
                    place.row += 1;
                    self.lengths[window] += 1;
                }
            }
            replay.fill(now, Observed { before: self.whole, after: self.whole });
        }
        self.last.places.copy_from_slice(&self.steps[self.steps.len() - 1].places);
        replay.fill(&mut self.last, Observed { before: false, after: true });
        Ok(())
    }
}
