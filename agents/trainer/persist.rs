//! How a training is saved and found again: nothing that decides what happens next is left out.

use super::{Best, Counters, Observer, Trainer};
use crate::actor::ActorSlotState;
use crate::checkpoint::{Checkpoint, Extent, OPTIMISER, REPLAY, RunFolder, STATE, WEIGHTS, write_file, write_tensors};
use crate::development::Development;
use crate::error::{StartError, TrainError};
use crate::learner::{self, LearnerState, NamedTensor};
use crate::meters::Meters;
use crate::plan::Plan;
use crate::streams::Random;
use innate_envs::Loaded;
use innate_replay::Replay;
use innate_rewards::BankState;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// `state.bin`: all state that is neither weights, moments nor replay.
#[derive(Serialize, Deserialize)]
struct State {
    counters: Counters,
    meters: Meters,
    development: Development,
    areas: Vec<AreaState>,
    bank: BankState,
    slots: Vec<ActorSlotState>,
    mark: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct AreaState {
    learner: Vec<u8>,
    sample: Random,
    updates: u64,
    unread: Vec<usize>,
}

/// The name of an area's priorities in their file.
const PRIORITIES: &str = "priorities";

/// The file of what the perceptual area `area` remembers.
fn trials_file(area: &str) -> String {
    format!("trials-{area}.safetensors")
}

/// The file of the priorities of area `area`.
fn priorities_file(area: &str) -> String {
    format!("priorities-{area}.safetensors")
}

/// What the learners hold, as it goes into a checkpoint.
#[derive(Default)]
struct SavedLearners {
    weights: Vec<NamedTensor>,
    moments: Vec<NamedTensor>,
    areas: Vec<AreaState>,
}

impl Trainer {
    /// A training that goes on from `checkpoint` of the run in `folder`; with it comes the mark that the observer had given.
    ///
    /// # Errors
    /// The checkpoint is damaged, holds weights alone or is of another run.
    pub fn resume(plan: Arc<Plan>, folder: &RunFolder, checkpoint: &Checkpoint) -> Result<(Self, Vec<u8>), TrainError> {
        let replay = checkpoint.replay(&plan)?;
        let unfit = |error: postcard::Error| TrainError::State(format!("{STATE}: {error}"));
        let state: State = postcard::from_bytes(&checkpoint.read(STATE)?).map_err(unfit)?;
        let mut trainer = Self::remembering(plan, replay)?;
        let plan = trainer.plan.clone();
        if state.areas.len() != plan.areas.len() || state.slots.len() != plan.slots {
            return Err(TrainError::State("it has other areas, or another number of slots".into()));
        }
        if !state.development.fits(&plan) {
            return Err(TrainError::State("it has other signals, or other pay".into()));
        }
        trainer.load_learners(checkpoint, &state.areas)?;
        (trainer.counters, trainer.meters) = (state.counters, state.meters);
        trainer.development = state.development;
        trainer.publish()?;
        trainer.bank.load(state.bank).map_err(|error| TrainError::Bank(error, trainer.counters.step))?;
        for (lane, (mut slot, saved)) in trainer.crew.slots().zip(state.slots).enumerate() {
            if slot.load(saved, &trainer.published, trainer.counters.step)? == Loaded::EpisodeRestarted {
                trainer.restarted += 1;
                if !slot.holds_steps() {
                    trainer.replay.interrupt(lane)?;
                    // Who has steps left to read comes to the cut in reading.
                    let done = trainer.areas.iter_mut().filter(|area| area.unread[lane] == 0);
                    done.for_each(|area| area.learner.interrupt(lane));
                }
            }
        }
        let files = checkpoint.manifest.files.iter().filter(|(name, _)| Replay::is_segment(name));
        trainer.shared = files.map(|(name, sum)| (name.clone(), sum.clone())).collect();
        // Its segments are linked before checkpoints go that may hold the last link to them.
        trainer.replay.keep_in(&folder.replay())?;
        trainer.forget_later(folder)?;
        (trainer.saved, trainer.saved_best) = (Some(trainer.step()), trainer.best_step());
        Ok((trainer, state.mark))
    }

    /// Writes what is due: a full checkpoint, or the weights of a new best. What cannot be written is not the best.
    pub(super) fn keep(
        &mut self,
        folder: &RunFolder,
        observer: &mut dyn Observer,
        full: bool,
        best: Option<Best>,
    ) -> Result<(), TrainError> {
        let before = self.counters.best;
        self.counters.best = best.or(before);
        let kept = match (full, best) {
            (true, _) => self.save(folder, observer),
            (false, Some(best)) => self.save_weights(folder, best.step),
            (false, None) => Ok(()),
        };
        if kept.is_err() {
            self.counters.best = before;
        }
        kept
    }

    /// Writes a checkpoint of the weights alone.
    fn save_weights(&mut self, folder: &RunFolder, step: u64) -> Result<(), TrainError> {
        let weights = self.save_learners()?.weights;
        folder.write(step, Extent::Weights, &BTreeMap::new(), |to| write_tensors(&to.join(WEIGHTS), &weights))?;
        self.point_best(folder)
    }

    /// Writes a full checkpoint of this moment.
    pub(super) fn save(&mut self, folder: &RunFolder, observer: &mut dyn Observer) -> Result<(), TrainError> {
        let step = self.counters.step;
        if self.saved == Some(step) {
            return Ok(());
        }
        let SavedLearners { weights, moments, areas } = self.save_learners()?;
        let state = State {
            counters: self.counters.clone(),
            meters: self.meters.clone(),
            development: self.development.clone(),
            areas,
            bank: self.bank.save(),
            slots: self.crew.slots().map(|slot| slot.save()).collect(),
            mark: observer.mark(),
        };
        let state = postcard::to_stdvec(&state).map_err(|error| TrainError::State(error.to_string()))?;
        let replay = &self.replay;
        let areas = self.plan.areas.iter().zip(&self.areas);
        let trials = areas.filter_map(|(area, learning)| Some((trials_file(&area.name), learning.trials.as_ref()?)));
        let trials: Vec<_> = trials.collect();
        let areas = self.plan.areas.iter().zip(&self.areas);
        let priorities = areas.filter_map(|(area, learning)| {
            let values = learning.recall.save()?;
            Some((
                priorities_file(&area.name),
                [NamedTensor { name: PRIORITIES.into(), shape: vec![values.len()], values }],
            ))
        });
        let priorities: Vec<_> = priorities.collect();
        let files = folder.write(step, Extent::Full, &self.shared, |to| {
            write_tensors(&to.join(WEIGHTS), &weights)?;
            write_tensors(&to.join(OPTIMISER), &moments)?;
            write_file(&to.join(STATE), &state)?;
            trials.iter().try_for_each(|(name, trials)| trials.save(&to.join(name)))?;
            priorities.iter().try_for_each(|(name, priorities)| write_tensors(&to.join(name), priorities))?;
            Ok(replay.save(&to.join(REPLAY))?)
        })?;
        self.shared = files.into_iter().filter(|(name, _)| Replay::is_segment(name)).collect();
        (self.saved, self.saved_best) = (Some(step), self.best_step());
        folder.point("latest", step)?;
        self.point_best(folder)
    }

    /// Points `best` at the best checkpoint and removes those that nobody wants any more.
    fn point_best(&self, folder: &RunFolder) -> Result<(), TrainError> {
        if let Some(best) = self.counters.best {
            folder.point("best", best.step)?;
        }
        let steps = folder.steps()?;
        let full: Vec<u64> = steps.into_iter().filter(|&step| folder.is_full(step)).collect();
        let kept = &full[full.len().saturating_sub(self.plan.config.checkpoint.keep)..];
        let best = [self.best_step(), self.saved_best];
        Ok(folder.prune(|step| kept.contains(&step) || best.contains(&Some(step)))?)
    }

    /// What the learners hold: tensors under names that begin with the area's, and what else each one keeps.
    fn save_learners(&mut self) -> Result<SavedLearners, TrainError> {
        let mut all = SavedLearners::default();
        for (area, learning) in self.plan.areas.iter().zip(&mut self.areas) {
            let saved = learning.learner.save();
            let saved = saved.map_err(|source| StartError::Learner(area.name.clone(), source))?;
            let owned = |tensor: NamedTensor| NamedTensor { name: format!("{}.{}", area.name, tensor.name), ..tensor };
            all.weights.extend(saved.weights.into_iter().map(owned));
            all.moments.extend(saved.optimiser.into_iter().map(owned));
            all.areas.push(AreaState {
                learner: saved.counters,
                sample: learning.sample.clone(),
                updates: learning.updates,
                unread: learning.unread.clone(),
            });
        }
        Ok(all)
    }

    fn load_learners(&mut self, checkpoint: &Checkpoint, states: &[AreaState]) -> Result<(), TrainError> {
        let weights = checkpoint.tensors(WEIGHTS)?;
        let moments = checkpoint.tensors(OPTIMISER)?;
        for ((area, learning), state) in self.plan.areas.iter().zip(&mut self.areas).zip(states) {
            let state_of = LearnerState {
                weights: learner::of_area(&area.name, &weights),
                optimiser: learner::of_area(&area.name, &moments),
                counters: state.learner.clone(),
            };
            let loaded = learning.learner.load(&state_of);
            loaded.map_err(|source| StartError::Learner(area.name.clone(), source))?;
            if let Some(trials) = area.trials() {
                let path = checkpoint.path.join(trials_file(&area.name));
                let capacity = area.config.capacity;
                learning.trials = Some(Replay::load(&path, trials.schema.clone(), self.plan.slots, capacity)?);
            }
            if area.config.prioritised.is_some() {
                let saved = checkpoint.tensors(&priorities_file(&area.name))?;
                let values = saved.first().map(|tensor| tensor.values.as_slice());
                learning.recall.load(learning.trials.as_ref().unwrap_or(&self.replay), values)?;
            }
            learning.sample = state.sample.clone();
            learning.updates = state.updates;
            if state.unread.len() != learning.unread.len() {
                return Err(TrainError::State("it has another number of slots".into()));
            }
            learning.unread.copy_from_slice(&state.unread);
        }
        Ok(())
    }

    /// After a resume: checkpoints later than this moment belong to a future that will be lived again. A best one that is
    /// gone (its run went on to a better) will be found again, too.
    fn forget_later(&mut self, folder: &RunFolder) -> Result<(), TrainError> {
        let step = self.counters.step;
        folder.prune(|kept| kept <= step)?;
        folder.point("latest", step)?;
        let there = folder.steps()?;
        self.counters.best = self.counters.best.filter(|best| there.contains(&best.step));
        match self.best_step() {
            Some(best) => folder.point("best", best)?,
            None => folder.unpoint("best")?,
        }
        Ok(())
    }
}
