//! The learning half of a training: what is sampled, what it is paid, and who learns from it.

use super::Trainer;
use crate::error::{StartError, TrainError};
use crate::learner::{Experience, Learner, LearnerError, Memory};
use crate::memory;
use crate::plan::{AreaPlan, AreaRole, Plan, TrialPlan};
use crate::recall::Recall;
use crate::run::AreaConfig;
use crate::streams::{Random, Streams};
use innate_replay::Replay;

/// An area in the learner's thread.
pub(super) struct LearningArea {
    pub(super) learner: Box<dyn Learner>,
    /// What a perceptual area remembers; the body's transitions are in the replay of all.
    pub(super) trials: Option<Replay>,
    pub(super) recall: Recall,
    /// Room for the rewards of one step, `[parts, batch]`.
    pub(super) rewards: Vec<f32>,
    /// What each signal that pays weighs now.
    pub(super) weights: Vec<f32>,
    pub(super) sample: Random,
    pub(super) updates: u64,
    /// By slot, the newest transitions which a learner that takes each one once has not yet taken.
    pub(super) unread: Vec<usize>,
}

impl Trainer {
    /// The updates of one round, of every area that learns while the actors act.
    pub(super) fn learn(&mut self) -> Result<(), TrainError> {
        for place in 0..self.areas.len() {
            let (config, learning) = (&self.plan.areas[place].config, &mut self.areas[place]);
            if !self.development.learns(place, &self.plan.areas[place].gate, self.counters.step) {
                // What comes while an area is closed it will never learn from.
                learning.unread.fill(0);
                continue;
            }
            let remembered = learning.trials.as_ref().unwrap_or(&self.replay);
            match config.memory {
                Memory::Replay if !self.plan.config.replay.offline && self.counters.step < config.learning_starts => {}
                Memory::Replay if remembered.len() < config.batch => {}
                Memory::Replay => {
                    let (updates, done) =
                        (config.updates_per_round, self.counters.step as f64 / self.plan.config.steps as f64);
                    for update in 0..updates {
                        let learning = &mut self.areas[place];
                        let LearningArea { recall, sample, trials, .. } = learning;
                        let remembered = trials.as_ref().unwrap_or(&self.replay);
                        if update == 0 {
                            recall.draw(remembered, sample, done)?;
                        }
                        recall.fetch(remembered)?;
                        // The next batch is drawn before the priorities of this one are known, so that it could be fetched meanwhile.
                        if update + 1 < updates {
                            recall.draw(remembered, sample, done)?;
                        }
                        self.update(place, 0)?;
                    }
                }
                Memory::Queue => self.learn_in_order(place)?,
                Memory::Online => {}
            }
        }
        Ok(())
    }

    /// Tells every area that is open that the round is over.
    pub(super) fn end_round(&mut self) -> Result<(), TrainError> {
        let step = self.counters.step;
        for (place, area) in self.plan.areas.iter().enumerate() {
            if self.development.learns(place, &area.gate, step) {
                let ended = self.areas[place].learner.end_round();
                ended.map_err(|source| TrainError::Learner { area: area.name.clone(), step, source })?;
            }
        }
        Ok(())
    }

    /// The updates of every area that learns before the next action.
    pub(super) fn learn_online(&mut self) -> Result<(), TrainError> {
        for place in 0..self.areas.len() {
            if self.plan.areas[place].config.memory != Memory::Online {
                continue;
            }
            if self.development.learns(place, &self.plan.areas[place].gate, self.counters.step) {
                self.learn_in_order(place)?;
            } else {
                self.areas[place].unread.fill(0);
            }
        }
        Ok(())
    }

    /// Takes whole batches of the transitions that an area has not yet taken: slot by slot, each in its order.
    fn learn_in_order(&mut self, place: usize) -> Result<(), TrainError> {
        for slot in 0..self.plan.slots {
            loop {
                let learning = &mut self.areas[place];
                let remembered = learning.trials.as_ref().unwrap_or(&self.replay);
                let rows = remembered.lane_len(slot)?;
                let (unread, size) = (learning.unread[slot].min(rows), learning.recall.window.size());
                if unread < size {
                    break;
                }
                learning.recall.take(remembered, slot, rows - unread)?;
                learning.unread[slot] = unread - size;
                self.update(place, slot)?;
            }
        }
        Ok(())
    }

    /// One update of one area from its batch, whose transitions are of slot `slot` if they are successive:
    /// relabel and mix pay, step by step of the returns → learn → give the transitions their priorities.
    fn update(&mut self, place: usize, slot: usize) -> Result<(), TrainError> {
        let (plan, step) = (&self.plan, self.counters.step);
        let (area, learning) = (&plan.areas[place], &mut self.areas[place]);
        for ahead in 0..learning.recall.steps() {
            let batch = &learning.recall.window.steps()[ahead];
            learning.rewards.fill(0.0);
            let apart = learning.recall.is_apart();
            for (number, (signal, entry)) in area.pay.iter().enumerate() {
                let raw = match area.pay_column(plan, *signal) {
                    Some(column) => batch.f32(column)?,
                    None => {
                        let raw = &mut self.relabelled[..batch.size()];
                        memory::relabel(&mut self.bank, plan, *signal, batch, raw)
                            .map_err(|error| TrainError::Bank(error, step))?;
                        raw
                    }
                };
                // Pay that is kept apart is mixed by its learner, when it acts.
                let (part, weight) =
                    if apart { (number, 1.0) } else { (0, self.development.weight(place, number, entry, step)) };
                entry.mix(weight, raw, &mut learning.rewards[part * batch.size()..][..batch.size()]);
            }
            learning.recall.add_rewards(ahead, &learning.rewards);
        }
        let Recall { window, rewards, discounts, weights, .. } = &learning.recall;
        let (first, last) = (window.first(), window.last());
        let ((before, after), actions) = match &area.role {
            AreaRole::Body => (memory::views(first, last, plan, &area.view)?, plan.body_actions),
            AreaRole::Perceptual(trials) => (memory::items(first, trials)?, trials.action),
        };
        let experience = Experience {
            slot,
            size: window.size(),
            before: &before[..area.inputs.len()],
            after: &after[..area.inputs.len()],
            actions: first.i64(actions)?,
            rewards,
            discounts,
            weights,
            terminated: last.terminated(),
            truncated: last.truncated(),
        };
        let learned = learning.learner.learn(&experience);
        learning.updates += 1;
        learned.map_err(|source| TrainError::Learner { area: area.name.clone(), step, source })?;
        let remembered = learning.trials.as_ref().unwrap_or(&self.replay);
        Ok(learning.recall.prioritise(remembered, learning.learner.errors())?)
    }
}

impl LearningArea {
    pub(super) fn new(plan: &Plan, area: &AreaPlan, streams: Streams) -> Result<Self, TrainError> {
        let remembers = |trials: &TrialPlan| Replay::new(trials.schema.clone(), plan.slots, area.config.capacity);
        let schema = area.trials().map_or(&plan.schema, |trials| &trials.schema);
        let learner = plan.build_learner(area)?;
        let AreaConfig { batch, prioritised, .. } = area.config;
        if prioritised.is_some() && learner.errors().is_none() {
            let said = LearnerError::new("`prioritised` wants a learner with TD errors, such as \"dqn\"");
            return Err(StartError::Learner(area.name.clone(), said).into());
        }
        let relabelled = area.pay.iter().any(|(signal, _)| area.pay_column(plan, *signal).is_none());
        let horizon = learner.horizon();
        Ok(Self {
            rewards: vec![0.0; horizon.gammas.parts().len() * batch],
            recall: Recall::new(schema, batch, horizon, relabelled, prioritised),
            learner,
            trials: area.trials().map(remembers).transpose()?,
            weights: vec![0.0; area.pay.len()],
            sample: streams.stream(&format!("{}/replay", area.name), 0),
            updates: 0,
            unread: vec![0; plan.slots],
        })
    }
}
