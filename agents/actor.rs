//! An actor's slot: one environment, one bank, one policy per area, and the last W steps, which may still be paid.
//!
//! ```text
//! percepts(t) → decide → Env::step → percepts(t+1) → pay → row t of the chunk
//! ```
//!
//! Perceptual areas decide while percepts are computed (`minds`); what they are paid for makes rows of their own.
//!
//! A slot depends on nothing but its own state and the snapshot it is given, so it does not matter which thread steps it.

use crate::error::{ActorError, StartError};
use crate::learner::{Mode, Policy};
use crate::minds::{Mind, Minds};
use crate::plan::{MAX_VIEW, Plan};
use crate::recent::Recent;
use crate::streams::{Random, Streams};
use crate::trials::Trials;
use innate_envs::{Array, EnvError, Loaded, Slot, SlotState};
use innate_nn::Input;
use innate_replay::{Chunk, ColumnId, Ending, ReplayError};
use innate_rewards::{Bank, BankError, BankState, Ledger, Service};
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
    /// The trials of each perceptual area, oldest first.
    pub trials: Vec<Chunk>,
    /// The episodes that ended.
    pub episodes: Vec<Episode>,
    /// What the environment had to say to a person.
    pub notices: Vec<String>,
    /// Why the environment could not go on, if it could not. The slot's steps before that are all there.
    pub failure: Option<EnvError>,
    /// What each signal paid and noted.
    pub ledgers: Vec<Ledger>,
}

/// One environment with all that acts in it.
pub struct ActorSlot {
    index: usize,
    slot: Slot,
    bank: Bank,
    body: Mind,
    minds: Vec<Mind>,
    trials: Vec<Trials>,
    columns: RowColumns,
    held: Chunk,
    window: usize,
    spare: Option<Report>,
}

/// Where the parts of a step go in a row of the replay.
#[derive(Clone)]
struct RowColumns {
    percepts: Vec<(usize, ColumnId)>,
    action: ColumnId,
    signals: Vec<Option<ColumnId>>,
}

/// The whole state of a slot.
#[derive(Serialize, Deserialize)]
pub struct ActorSlotState {
    slot: SlotState,
    bank: BankState,
    explore: Vec<Random>,
    policies: Vec<Vec<u8>>,
    recent: Recent,
    held: Chunk,
}

impl ActorSlot {
    /// Slot `index` of a run: builds its environment and bank and starts the first episode, in which perceptual areas decide
    /// with the weights of `snapshot`. `policies` are the areas' deciding halves.
    ///
    /// # Errors
    /// A part that cannot be built or cannot start.
    pub fn new(
        plan: &Plan,
        index: usize,
        policies: Vec<Box<dyn Policy>>,
        snapshot: &Snapshot,
    ) -> Result<Self, StartError> {
        let streams = Streams::new(plan.config.seed);
        let mut slot = Slot::new(plan.build_env()?);
        slot.reset(Some(streams.seed("environment", index as u64)))?;
        let bank = plan.build_bank(streams, index as u64)?;
        let explore = |area: &str| streams.stream(&format!("{area}/explore"), index as u64);
        let (body, minds) = Mind::of_areas(plan, policies, explore)?;
        let held = Chunk::new(plan.schema.clone());
        let columns = RowColumns::new(plan);
        let trials =
            plan.areas.iter().filter_map(|area| area.trials()).map(|trials| Trials::new(trials.clone())).collect();
        let window = plan.window;
        let mut slot = Self { index, slot, bank, body, minds, trials, columns, held, window, spare: None };
        slot.begin_episode(snapshot, 0)?;
        Ok(slot)
    }

    fn begin_episode(&mut self, snapshot: &Snapshot, step: u64) -> Result<(), BankError> {
        let mut minds = Minds { minds: &mut self.minds, snapshot, mode: Mode::Explore { step }, random: None };
        self.bank.begin_episode(self.slot.observation(), &mut minds)
    }

    /// An empty report, to be filled by the steps of a round.
    pub fn begin_round(&mut self) -> Report {
        self.spare.take().unwrap_or_else(|| Report::empty(&self.held, &self.trials))
    }

    /// Puts what the round's steps have brought into `report`. After a step that failed that is what came before it.
    ///
    /// # Errors
    /// What was seen cannot be written down.
    pub fn end_round(&mut self, report: &mut Report) -> Result<(), ActorError> {
        self.columns.write_head(&mut self.held, self.bank.current())?;
        self.held.move_front(self.held.len().saturating_sub(self.window), &mut report.chunk)?;
        report.ledgers.extend(self.bank.take_ledgers());
        report.notices.extend(self.slot.take_notice());
        Ok(())
    }

    /// Takes back a report whose contents have been used, so that the next round allocates nothing.
    pub fn recycle(&mut self, mut report: Report) {
        report.chunk.clear();
        report.trials.iter_mut().for_each(Chunk::clear);
        report.episodes.clear();
        report.notices.clear();
        report.failure = None;
        report.ledgers.clear();
        self.spare = Some(report);
    }

    /// Decides with the weights of `snapshot` on the action of step `step` of the run, and has the environment begin it.
    ///
    /// # Errors
    /// A policy failed.
    pub fn decide(&mut self, snapshot: &Snapshot, step: u64) -> Result<usize, ActorError> {
        let decided = self.body.act(self.bank.current(), snapshot, Mode::Explore { step }, None);
        let action = decided.map_err(|source| ActorError::Policy { area: self.body.name.clone(), source })?;
        self.slot.begin_step(action);
        Ok(action)
    }

    /// Takes the step that was decided on.
    ///
    /// # Errors
    /// The environment, a signal or a policy failed; the error names it.
    pub fn step(
        &mut self,
        action: usize,
        snapshot: &Snapshot,
        step: u64,
        report: &mut Report,
    ) -> Result<(), ActorError> {
        let mode = Mode::Explore { step };
        let outcome = self.slot.step(action)?;
        // Only now, so that a step that failed leaves no row.
        let row = self.columns.begin_row(&mut self.held, self.bank.current())?;
        self.held.i64_mut(self.columns.action, row)?[0] = action as i64;
        let ended = outcome.terminated || outcome.truncated;
        let observation = if ended { self.slot.final_observation() } else { self.slot.observation() };
        let (held, columns, trials) = (&mut self.held, &self.columns, &mut self.trials);
        let mut misfit = None;
        let mut minds = Minds { minds: &mut self.minds, snapshot, mode, random: None };
        self.bank
            .step(observation, action, outcome, &mut minds, |payment| match payment.service {
                Service::Step { ago } => {
                    if let Some(column) = columns.signals[payment.signal] {
                        match held.f32_mut(column, row - ago) {
                            Ok(raw) => raw[0] += payment.amount,
                            Err(error) => misfit = Some(error),
                        }
                    }
                }
                Service::Trial { stack, slot } => {
                    trials.iter_mut().for_each(|trials| trials.pay(payment.signal, stack, slot, payment.amount));
                }
            })
            .map_err(|error| ActorError::Bank(error, self.index, step))?;
        if let Some(error) = misfit {
            return Err(error.into());
        }
        for (trials, chunk) in self.trials.iter_mut().zip(&mut report.trials) {
            trials.write(self.bank.following(), chunk)?;
        }
        if ended {
            let ending = Ending { terminated: outcome.terminated, truncated: outcome.truncated };
            self.columns.write_final(&mut self.held, ending, self.bank.following())?;
            let (reward, length) = self.slot.last_episode();
            report.episodes.push(Episode { reward, length });
            self.forget_episode();
            self.begin_episode(snapshot, step).map_err(|error| ActorError::Bank(error, self.index, step))?;
        } else {
            self.bank.advance();
        }
        Ok(())
    }

    /// What belongs to the episode that ended leaves the policies' memory.
    fn forget_episode(&mut self) {
        self.body.begin_episode();
        self.minds.iter_mut().for_each(Mind::begin_episode);
    }

    /// The areas, the body's first.
    fn all_minds(&self) -> impl Iterator<Item = &Mind> {
        std::iter::once(&self.body).chain(&self.minds)
    }

    /// The whole state.
    pub fn save(&self) -> ActorSlotState {
        ActorSlotState {
            slot: self.slot.save(),
            bank: self.bank.save(),
            explore: self.all_minds().map(|mind| mind.explore.clone()).collect(),
            policies: self.all_minds().map(|mind| mind.policy.save()).collect(),
            recent: self.body.recent.clone(),
            held: self.held.clone(),
        }
    }

    /// Takes back what [`ActorSlot::save`] gave at step `step` of the run. An environment that cannot tell its state begins a
    /// new episode, and the transition before it is cut off.
    ///
    /// # Errors
    /// The state is of another run.
    pub fn load(&mut self, state: ActorSlotState, snapshot: &Snapshot, step: u64) -> Result<Loaded, StartError> {
        let areas = 1 + self.minds.len();
        let same_areas = state.explore.len() == areas && state.policies.len() == areas;
        if state.held.schema() != self.held.schema() || !same_areas {
            return Err(BankError::State("its steps have other columns".into()).into());
        }
        let loaded = self.slot.load(state.slot)?;
        self.bank.load(state.bank)?;
        self.held = state.held;
        self.body.recent.load(state.recent, &self.body.name)?;
        let minds = std::iter::once(&mut self.body).chain(&mut self.minds);
        for ((mind, explore), memory) in minds.zip(state.explore).zip(state.policies) {
            mind.explore = explore;
            let loaded = mind.policy.load(&memory);
            loaded.map_err(|error| StartError::Learner(mind.name.clone(), error))?;
        }
        if loaded == Loaded::EpisodeRestarted {
            self.held.interrupt()?;
            self.forget_episode();
            self.begin_episode(snapshot, step)?;
        }
        Ok(loaded)
    }

    /// Whether its environment computes elsewhere.
    pub fn is_elsewhere(&self) -> bool {
        self.slot.env().is_elsewhere()
    }

    /// Whether steps are held back that have not reached the replay yet.
    pub fn holds_steps(&self) -> bool {
        !self.held.is_empty()
    }
}

impl Report {
    fn empty(like: &Chunk, trials: &[Trials]) -> Self {
        let trials = trials.iter().map(|trials| Chunk::new(trials.schema().clone())).collect();
        Self {
            chunk: Chunk::new(like.schema().clone()),
            trials,
            episodes: Vec::new(),
            notices: Vec::new(),
            failure: None,
            ledgers: Vec::new(),
        }
    }
}

/// Arrays as a network takes them, batch 1.
pub(crate) fn inputs_of<'a, 'b>(
    arrays: impl Iterator<Item = &'a Array>,
    inputs: &'b mut [Input<'a>; MAX_VIEW],
) -> &'b [Input<'a>] {
    let mut count = 0;
    for (input, array) in inputs.iter_mut().zip(arrays) {
        *input = match array {
            Array::U8(values) => Input::U8(values),
            Array::F32(values) => Input::F32(values),
        };
        count += 1;
    }
    &inputs[..count]
}

impl RowColumns {
    fn new(plan: &Plan) -> Self {
        let percepts = plan.percept_columns.iter().enumerate();
        Self {
            percepts: percepts.filter_map(|(place, column)| column.map(|column| (place, column))).collect(),
            action: plan.body_actions,
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
