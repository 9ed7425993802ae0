//! Recall: how an area draws what it is to learn from, and what that was worth.
//!
//! ```text
//! rewards_i   = Σ_{k<m_i} γ^k r_{i+k}        over the window of transition i, each r mixed by the pay table of today, or apart
//! discounts_i = γ^{m_i}                      each part with a γ of its own
//! weights_i   = 1, or the importance of a transition that was drawn by priority
//! ```
//!
//! Within a round, batch u + 1 is drawn with the priorities known after update u − 1; the first batch of a round knows them all. What of
//! it lies on disk is read while update u is computed.

use crate::learner::{Gammas, Horizon};
use crate::run::Prioritised;
use innate_replay::{Place, Priorities, Proportional, Replay, ReplayError, Schema, Window};
use rand::Rng;
use std::sync::Arc;

/// What an area learns from next.
pub(crate) struct Recall {
    /// The transitions.
    pub(crate) window: Window,
    /// What they were worth, `[parts, batch]`.
    pub(crate) rewards: Vec<f32>,
    /// What a value after each is worth, `[parts, batch]`.
    pub(crate) discounts: Vec<f32>,
    /// How much each counts, `[batch]`.
    pub(crate) weights: Vec<f32>,
    horizon: Horizon,
    /// γ^k, `[parts, n + 1]`.
    powers: Vec<Vec<f32>>,
    places: Vec<Place>,
    /// The places of the next batch, and how much each will count.
    drawn: (Vec<Place>, Vec<f32>),
    prioritised: Option<Prioritised>,
    priorities: Option<Priorities>,
}

impl Recall {
    /// Memory for batches of `size`; `whole` if what is observed is wanted at every step of a return.
    pub(crate) fn new(
        schema: &Arc<Schema>,
        size: usize,
        horizon: Horizon,
        whole: bool,
        prioritised: Option<Prioritised>,
    ) -> Self {
        let powers = |gamma: &f32| {
            std::iter::successors(Some(1.0), |power| Some(power * gamma)).take(horizon.steps + 1).collect()
        };
        let powers: Vec<Vec<f32>> = horizon.gammas.parts().iter().map(powers).collect();
        Self {
            window: Window::new(schema, size, horizon.steps, whole),
            rewards: vec![0.0; powers.len() * size],
            discounts: vec![0.0; powers.len() * size],
            weights: vec![1.0; size],
            horizon,
            powers,
            places: vec![Place::default(); size],
            drawn: (vec![Place::default(); size], vec![1.0; size]),
            prioritised,
            priorities: None,
        }
    }

    /// Takes note of what came into `replay`; to be called after every insertion.
    pub(crate) fn follow(&mut self, replay: &Replay) -> Result<(), ReplayError> {
        match (&mut self.priorities, proportional(self.prioritised)) {
            (Some(priorities), _) => priorities.follow(replay),
            (None, Some(how)) => self.priorities = Some(Priorities::new(replay, how)?),
            (None, None) => {}
        }
        Ok(())
    }

    /// Draws the next transitions of `replay`; `done` is the share of the run that is over.
    pub(crate) fn draw<R: Rng>(&mut self, replay: &Replay, random: &mut R, done: f64) -> Result<(), ReplayError> {
        let Self { drawn: (places, weights), horizon, .. } = self;
        match (&self.priorities, &self.prioritised) {
            (Some(priorities), Some(how)) => priorities.draw(replay, random, how.beta_at(done), places, weights)?,
            _ => replay.draw(random, places)?,
        }
        replay.announce(places, horizon.steps);
        Ok(())
    }

    /// Fetches the transitions that were drawn last.
    pub(crate) fn fetch(&mut self, replay: &Replay) -> Result<(), ReplayError> {
        self.places.copy_from_slice(&self.drawn.0);
        self.weights.copy_from_slice(&self.drawn.1);
        self.gather(replay)
    }

    /// Takes the transitions of `replay` in lane `lane` from row `first` on.
    pub(crate) fn take(&mut self, replay: &Replay, lane: usize, first: usize) -> Result<(), ReplayError> {
        self.places.iter_mut().enumerate().for_each(|(index, place)| *place = Place { lane, row: first + index });
        self.gather(replay)
    }

    fn gather(&mut self, replay: &Replay) -> Result<(), ReplayError> {
        self.window.gather(replay, &self.places)?;
        let size = self.places.len();
        for (discounts, powers) in self.discounts.chunks_exact_mut(size).zip(&self.powers) {
            let lengths = self.window.lengths().iter();
            discounts.iter_mut().zip(lengths).for_each(|(discount, &length)| *discount = powers[length]);
        }
        self.rewards.fill(0.0);
        Ok(())
    }

    /// Adds the rewards of step `step` of each return, `[parts, batch]`, where it goes that far.
    pub(crate) fn add_rewards(&mut self, step: usize, rewards: &[f32]) {
        let size = self.places.len();
        let parts = self.rewards.chunks_exact_mut(size).zip(rewards.chunks_exact(size)).zip(&self.powers);
        for ((sums, rewards), powers) in parts {
            let own = sums.iter_mut().zip(rewards).zip(self.window.lengths());
            own.filter(|(_, length)| **length > step).for_each(|((sum, r), _)| *sum += powers[step] * r);
        }
    }

    /// Whether the pay of each signal is kept apart.
    pub(crate) fn is_apart(&self) -> bool {
        matches!(self.horizon.gammas, Gammas::Apart(_))
    }

    /// Steps of a return.
    pub(crate) fn steps(&self) -> usize {
        self.horizon.steps
    }

    /// Gives the transitions of the batch the priorities of their errors, if they are drawn by priority.
    pub(crate) fn prioritise(&mut self, replay: &Replay, errors: Option<&[f32]>) -> Result<(), ReplayError> {
        match (&mut self.priorities, errors) {
            (Some(priorities), Some(errors)) => priorities.update(replay, self.window.first(), errors),
            _ => Ok(()),
        }
    }

    /// The priorities, to be saved.
    pub(crate) fn save(&self) -> Option<Vec<f32>> {
        self.priorities.as_ref().map(Priorities::save)
    }

    /// Takes the priorities of `replay` back, if it is drawn from by priority.
    pub(crate) fn load(&mut self, replay: &Replay, saved: Option<&[f32]>) -> Result<(), ReplayError> {
        if let Some(how) = proportional(self.prioritised) {
            self.priorities = Some(Priorities::load(replay, how, saved.unwrap_or_default())?);
        }
        Ok(())
    }

    /// Bytes of the priorities.
    pub(crate) fn memory(&self) -> Option<usize> {
        self.priorities.as_ref().map(Priorities::memory)
    }
}

/// What of `prioritised` the priorities themselves depend on.
fn proportional(prioritised: Option<Prioritised>) -> Option<Proportional> {
    prioritised.map(|Prioritised { alpha, epsilon, .. }| Proportional { alpha, epsilon })
}
