//! Minds: the deciding halves of areas, in one stream of experience.
//!
//! The body's mind decides once per step; the perceptual ones decide on what is in their stacks while the bank computes
//! percepts, since their decisions are percepts too.

use crate::actor::{Snapshot, inputs_of};
use crate::error::StartError;
use crate::learner::{LearnerError, Mode, Policy};
use crate::plan::{MAX_VIEW, Plan};
use crate::recent::Recent;
use crate::streams::Random;
use innate_envs::Array;
use innate_nn::Input;
use innate_rewards::{Decide, SignalError};

/// The deciding half of one area.
pub(crate) struct Mind {
    pub(crate) name: String,
    /// The area's place in the plan, and so its weights' in a snapshot.
    place: usize,
    view: Vec<usize>,
    pub(crate) policy: Box<dyn Policy>,
    /// What it saw lately, if it sees more than one observation at once.
    pub(crate) recent: Recent,
    pub(crate) explore: Random,
}

/// The perceptual minds, as the bank asks them.
pub(crate) struct Minds<'a> {
    pub(crate) minds: &'a mut [Mind],
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) mode: Mode,
    /// Where they draw from, if not each from its own.
    pub(crate) random: Option<&'a mut Random>,
}

impl Mind {
    /// The body's mind, and those of the perceptual areas; `explore` gives each area's stream by its name.
    ///
    /// # Errors
    /// There are not as many policies as areas.
    pub(crate) fn of_areas(
        plan: &Plan,
        policies: Vec<Box<dyn Policy>>,
        explore: impl Fn(&str) -> Random,
    ) -> Result<(Self, Vec<Self>), StartError> {
        let minds = plan.areas.iter().zip(policies).enumerate().map(|(place, (area, policy))| Self {
            name: area.name.clone(),
            place,
            view: area.view.clone(),
            policy,
            recent: Recent::new(area.config.frames),
            explore: explore(&area.name),
        });
        let mut minds: Vec<Self> = minds.collect();
        if minds.len() != plan.areas.len() || minds.is_empty() {
            let error = LearnerError::new("there are not as many policies as areas");
            return Err(StartError::Learner(plan.body().name.clone(), error));
        }
        let body = minds.remove(0);
        Ok((body, minds))
    }

    /// What belongs to the episode that ended leaves its memory.
    pub(crate) fn begin_episode(&mut self) {
        self.policy.begin_episode();
        self.recent.begin_episode();
    }

    /// What the body does, given `percepts`; it draws from `random`, if not from its own stream.
    ///
    /// # Errors
    /// As for [`Policy::act`].
    pub(crate) fn act(
        &mut self,
        percepts: &[Array],
        snapshot: &Snapshot,
        mode: Mode,
        random: Option<&mut Random>,
    ) -> Result<usize, LearnerError> {
        self.recent.see(percepts, &self.view);
        let mut inputs = [Input::F32(&[]); MAX_VIEW];
        let view = match self.recent.stacks() {
            None => inputs_of(self.view.iter().map(|&place| &percepts[place]), &mut inputs),
            Some(stacks) => inputs_of(stacks.iter(), &mut inputs),
        };
        let random = random.unwrap_or(&mut self.explore);
        self.policy.act(&snapshot.weights[self.place], view, mode, random)
    }
}

impl Decide for Minds<'_> {
    fn decide(&mut self, area: usize, item: &[f32], row: &mut [f32]) -> Result<(), SignalError> {
        let mind = &mut self.minds[area];
        let random = self.random.as_deref_mut().unwrap_or(&mut mind.explore);
        let weights = &self.snapshot.weights[mind.place];
        // An item is a trial of its own, in acting as in learning: nothing is remembered from one to the next.
        mind.policy.begin_episode();
        let (decision, expected) = row.split_at_mut(1);
        let decided = mind.policy.consider(weights, &[Input::F32(item)], self.mode, random, expected);
        decision[0] = decided.map_err(|error| SignalError::new(error.to_string()))? as f32;
        Ok(())
    }
}
