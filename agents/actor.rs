//! An actor's slot: one environment, one bank, one policy per area, and the last W steps, which may still be paid.
//!
//! ```text
//! percepts(t) → decide → Env::step → percepts(t+1) → pay → row t of the chunk
//! ```
//!
//! A slot depends on nothing but its own state and the snapshot it is given, so it does not matter which thread steps it.

use crate::error::{ActorError, StartError};
use crate::learner::{Mode, Policy};
use crate::plan::{AreaPlan, MAX_VIEW, Plan};
use crate::streams::{Random, Streams};
use innate_envs::{Array, Loaded, Slot, SlotState};
use innate_nn::Input;
use innate_replay::{Chunk, ColumnId, Ending, ReplayError};
use innate_rewards::{Bank, BankError, BankState, Ledger};
use serde::{Deserialize, Serialize};

/// The published weights of every area, as of the end of a round.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Flat weights, by area.
    pub weights: Vec<Vec<f32>>,
}

/// An episode that ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Episode {
    /// Sum of the environment's rewards.
    pub reward: f64,
    /// Number of steps.
    pub length: u64,
}

/// What a slot hands over at the end of a round.
pub struct Report {
    /// The transitions that left, oldest first.
    pub chunk: Chunk,
    /// The episodes that ended.
    pub episodes: Vec<Episode>,
    /// What each signal paid and noted.
    pub ledgers: Vec<Ledger>,
}

/// One environment with all that acts in it.
pub struct ActorSlot {
    index: usize,
    slot: Slot,
    bank: Bank,
    areas: Vec<ActingArea>,
    columns: RowColumns,
    held: Chunk,
    window: usize,
    spare: Option<Report>,
}

/// The acting half of an area in one slot.
struct ActingArea {
    name: String,
    view: Vec<usize>,
    policy: Box<dyn Policy>,
    explore: Random,
}

/// Where the parts of a step go in a row of the replay.
#[derive(Clone)]
struct RowColumns {
    percepts: Vec<(usize, ColumnId)>,
    actions: Vec<ColumnId>,
    signals: Vec<Option<ColumnId>>,
}

/// The whole state of a slot.
#[derive(Serialize, Deserialize)]
pub struct ActorSlotState {
    slot: SlotState,
    bank: BankState,
    explore: Vec<Random>,
    policies: Vec<Vec<u8>>,
    held: Chunk,
}

impl ActorSlot {
    /// Slot `index` of a run: builds its environment and bank and starts the first episode.
    ///
    /// # Errors
    /// A part that cannot be built or cannot start.
    pub fn new(plan: &Plan, index: usize, policies: Vec<Box<dyn Policy>>) -> Result<Self, StartError> {
        let streams = Streams::new(plan.config.seed);
        let mut slot = Slot::new(plan.build_env()?);
        slot.reset(Some(streams.seed("environment", index as u64)))?;
        let mut bank = plan.build_bank()?;
        bank.begin_episode(slot.observation())?;
        let areas = plan.areas.iter().zip(policies);
        let areas = areas
            .map(|(area, policy)| {
                ActingArea::new(area, policy, streams.stream(&format!("{}/explore", area.name), index as u64))
            })
            .collect();
        let held = Chunk::new(plan.schema.clone());
        Ok(Self { index, slot, bank, areas, columns: RowColumns::new(plan), held, window: plan.window, spare: None })
    }

    /// Takes `steps` steps with the weights of `snapshot`. The first is step `first_step` of the run, the next one
    /// `stride` later, since the other slots step in between.
    ///
    /// # Errors
    /// The environment, a signal or a policy failed; the error names it.
    pub fn round(
        &mut self,
        snapshot: &Snapshot,
        steps: usize,
        first_step: u64,
        stride: u64,
    ) -> Result<Report, ActorError> {
        let mut report = self.spare.take().unwrap_or_else(|| Report::empty(&self.held));
        for step in 0..steps as u64 {
            self.step(snapshot, first_step + step * stride, &mut report.episodes)?;
        }
        self.columns.write_head(&mut self.held, self.bank.current())?;
        self.held.move_front(self.held.len().saturating_sub(self.window), &mut report.chunk)?;
        report.ledgers.extend(self.bank.take_ledgers());
        Ok(report)
    }

    /// Takes back a report whose contents have been used, so that the next round allocates nothing.
    pub fn recycle(&mut self, mut report: Report) {
        report.chunk.clear();
        report.episodes.clear();
        report.ledgers.clear();
        self.spare = Some(report);
    }

    fn step(&mut self, snapshot: &Snapshot, step: u64, episodes: &mut Vec<Episode>) -> Result<(), ActorError> {
        let row = self.columns.begin_row(&mut self.held, self.bank.current())?;
        let mut action = 0;
        for (place, area) in self.areas.iter_mut().enumerate() {
            let decided = area.decide(self.bank.current(), &snapshot.weights[place], Mode::Explore { step })?;
            self.held.i64_mut(self.columns.actions[place], row)?[0] = decided as i64;
            action = if place == 0 { decided } else { action };
        }
        let outcome = self.slot.step(action)?;
        let ended = outcome.terminated || outcome.truncated;
        let observation = if ended { self.slot.final_observation() } else { self.slot.observation() };
        let (held, columns) = (&mut self.held, &self.columns);
        let mut misfit = None;
        self.bank
            .step(observation, action, outcome, |payment| {
                if let Some(column) = columns.signals[payment.signal] {
                    match held.f32_mut(column, row - payment.steps_ago) {
                        Ok(raw) => raw[0] += payment.amount,
                        Err(error) => misfit = Some(error),
                    }
                }
            })
            .map_err(|error| ActorError::Bank(error, self.index, step))?;
        if let Some(error) = misfit {
            return Err(error.into());
        }
        if ended {
            let ending = Ending { terminated: outcome.terminated, truncated: outcome.truncated };
            self.columns.write_final(&mut self.held, ending, self.bank.following())?;
            let (reward, length) = self.slot.last_episode();
            episodes.push(Episode { reward, length });
            let begun = self.bank.begin_episode(self.slot.observation());
            begun.map_err(|error| ActorError::Bank(error, self.index, step))?;
            self.areas.iter_mut().for_each(|area| area.policy.begin_episode());
        } else {
            self.bank.advance();
        }
        Ok(())
    }

    /// The whole state.
    pub fn save(&self) -> ActorSlotState {
        ActorSlotState {
            slot: self.slot.save(),
            bank: self.bank.save(),
            explore: self.areas.iter().map(|area| area.explore.clone()).collect(),
            policies: self.areas.iter().map(|area| area.policy.save()).collect(),
            held: self.held.clone(),
        }
    }

    /// Takes back what [`ActorSlot::save`] gave. An environment that cannot tell its state begins a new episode, and the
    /// transition before it is cut off.
    ///
    /// # Errors
    /// The state is of another run.
    pub fn load(&mut self, state: ActorSlotState) -> Result<Loaded, StartError> {
        let areas = self.areas.len();
        let same_areas = state.explore.len() == areas && state.policies.len() == areas;
        if state.held.schema() != self.held.schema() || !same_areas {
            return Err(BankError::State("its steps have other columns".into()).into());
        }
        let loaded = self.slot.load(state.slot)?;
        self.bank.load(state.bank)?;
        self.held = state.held;
        for ((area, explore), memory) in self.areas.iter_mut().zip(state.explore).zip(state.policies) {
            area.explore = explore;
            let loaded = area.policy.load(&memory);
            loaded.map_err(|error| StartError::Learner(area.name.clone(), error))?;
        }
        if loaded == Loaded::EpisodeRestarted {
            self.held.interrupt()?;
            self.bank.begin_episode(self.slot.observation())?;
            self.areas.iter_mut().for_each(|area| area.policy.begin_episode());
        }
        Ok(loaded)
    }

    /// Whether steps are held back that have not reached the replay yet.
    pub fn holds_steps(&self) -> bool {
        !self.held.is_empty()
    }
}

impl Report {
    fn empty(like: &Chunk) -> Self {
        Self { chunk: Chunk::new(like.schema().clone()), episodes: Vec::new(), ledgers: Vec::new() }
    }
}

impl ActingArea {
    fn new(area: &AreaPlan, policy: Box<dyn Policy>, explore: Random) -> Self {
        Self { name: area.name.clone(), view: area.view.clone(), policy, explore }
    }

    fn decide(&mut self, percepts: &[Array], weights: &[f32], mode: Mode) -> Result<usize, ActorError> {
        let mut inputs = [Input::F32(&[]); MAX_VIEW];
        let view = view_of(percepts, &self.view, &mut inputs);
        let decided = self.policy.act(weights, view, mode, &mut self.explore);
        decided.map_err(|source| ActorError::Policy { area: self.name.clone(), source })
    }
}

/// The percepts of a view, as a network takes them, batch 1.
pub(crate) fn view_of<'a, 'b>(
    percepts: &'a [Array],
    view: &[usize],
    inputs: &'b mut [Input<'a>; MAX_VIEW],
) -> &'b [Input<'a>] {
    for (input, &place) in inputs.iter_mut().zip(view) {
        *input = match &percepts[place] {
            Array::U8(values) => Input::U8(values),
            Array::F32(values) => Input::F32(values),
        };
    }
    &inputs[..view.len()]
}

impl RowColumns {
    fn new(plan: &Plan) -> Self {
        let percepts = plan.percept_columns.iter().enumerate();
        Self {
            percepts: percepts.filter_map(|(place, column)| column.map(|column| (place, column))).collect(),
            actions: plan.areas.iter().map(|area| area.action_column).collect(),
            signals: plan.signals.iter().map(|signal| signal.column).collect(),
        }
    }

    fn begin_row(&self, chunk: &mut Chunk, percepts: &[Array]) -> Result<usize, ReplayError> {
        let row = chunk.push();
        for &(place, column) in &self.percepts {
            match &percepts[place] {
                Array::U8(values) => chunk.u8_mut(column, row)?.copy_from_slice(values),
                Array::F32(values) => chunk.f32_mut(column, row)?.copy_from_slice(values),
            }
        }
        Ok(row)
    }

    fn write_final(&self, chunk: &mut Chunk, ending: Ending, percepts: &[Array]) -> Result<(), ReplayError> {
        chunk.end_episode(ending)?;
        for &(place, column) in &self.percepts {
            match &percepts[place] {
                Array::U8(values) => chunk.final_u8_mut(column)?.copy_from_slice(values),
                Array::F32(values) => chunk.final_f32_mut(column)?.copy_from_slice(values),
            }
        }
        Ok(())
    }

    fn write_head(&self, chunk: &mut Chunk, percepts: &[Array]) -> Result<(), ReplayError> {
        for &(place, column) in &self.percepts {
            match &percepts[place] {
                Array::U8(values) => chunk.head_u8_mut(column)?.copy_from_slice(values),
                Array::F32(values) => chunk.head_f32_mut(column)?.copy_from_slice(values),
            }
        }
        Ok(())
    }
}
