//! A signal: a node of the bank, and the one trait that a user writes to plug in a reward of their own.
//!
//! A signal reads percepts, may write percepts that later signals and areas read, and may emit one scalar per step. It
//! never sees a policy's weights, an environment's ground truth or another signal's state.

use innate_envs::{Array, ArraySpec};
use innate_nn::Random;

/// A node of the reward bank.
///
/// The bank makes one instance for each environment slot, and one more in the learner for what is computed on sampled
/// batches. An instance therefore belongs to one stream of experience and may keep state (the last frame, a trace).
pub trait Signal: Send {
    /// What it reads, writes and emits.
    fn declare(&self) -> Declaration;

    /// Receives the specification of each percept it reads, in the order of [`Declaration::reads`], and answers with the
    /// specification of each percept it writes, in the order of [`Declaration::writes`]. Buffers are allocated here.
    ///
    /// # Errors
    /// A percept whose kind or shape it cannot use, in a sentence.
    fn bind(&mut self, reads: &[ArraySpec]) -> Result<Vec<ArraySpec>, SignalError> {
        let _ = reads;
        Ok(Vec::new())
    }

    /// Receives the specification of each percept of [`Declaration::awaits`], in that order, once all percepts are known.
    ///
    /// # Errors
    /// A percept whose kind or shape it cannot use, in a sentence.
    fn bind_awaited(&mut self, awaited: &[ArraySpec]) -> Result<(), SignalError> {
        let _ = awaited;
        Ok(())
    }

    /// Receives a random stream of its own, before the first episode. It is part of the state that [`Signal::save`] gives.
    fn seed(&mut self, random: Random) {
        let _ = random;
    }

    /// A new episode begins: forget what belongs to the last one.
    fn begin_episode(&mut self) {}

    /// Computes the percepts it writes, which are filled with 0, from those it reads; called once for every observation.
    ///
    /// # Errors
    /// Whatever makes it impossible, in a sentence; the run stops and names this signal.
    fn perceive(&mut self, reads: Reads<'_>, writes: &mut [Array]) -> Result<(), SignalError> {
        let _ = (reads, writes);
        Ok(())
    }

    /// Pays for one step, now or back in time, or for trials of a stack, and notes metrics (see [`Purse`]); called after every
    /// step for signals that emit [`Pay::Stored`], [`Pay::Trials`] or, for their metrics alone, [`Pay::None`].
    ///
    /// # Errors
    /// As for [`Signal::perceive`].
    fn pay(&mut self, moment: Moment<'_>, purse: &mut Purse) -> Result<(), SignalError> {
        let _ = (moment, purse);
        Ok(())
    }

    /// Pays each transition of a sampled batch with what the signal knows today; called for [`Pay::Relabelled`].
    /// `pay` has one element per transition.
    ///
    /// # Errors
    /// As for [`Signal::perceive`].
    fn relabel(&mut self, batch: &Sampled<'_>, pay: &mut [f32]) -> Result<(), SignalError> {
        let _ = (batch, pay);
        Ok(())
    }

    /// The whole state of this instance.
    fn save(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Takes back what [`Signal::save`] gave.
    ///
    /// # Errors
    /// A state that is not of this signal.
    fn load(&mut self, state: &[u8]) -> Result<(), SignalError> {
        if state.is_empty() { Ok(()) } else { Err(SignalError::new("this signal keeps no state")) }
    }
}

/// What a signal reads, writes and emits.
#[derive(Clone, Debug, Default)]
pub struct Declaration {
    /// Percepts it reads, by name.
    pub reads: Vec<String>,
    /// Percepts it writes, by name.
    pub writes: Vec<String>,
    /// Percepts it reads when it pays, and not before: what an area decides on that which this signal writes, say. In
    /// [`Moment::after`] their places follow those of `reads`.
    pub awaits: Vec<String>,
    /// Whether and when it emits its scalar.
    pub pay: Pay,
    /// The stacks whose trials it pays, if it emits [`Pay::Trials`].
    pub trials: Vec<String>,
    /// The metrics (see [`Purse::note`] and [`Purse::count`]) that conditions of a run file may name.
    pub metrics: Vec<String>,
    /// The retroactive window W: how many steps back it may pay. 0: the present step alone.
    pub window: usize,
}

/// Whether a signal emits a scalar, and when that scalar is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pay {
    /// It emits none: it only writes percepts, and notes metrics.
    #[default]
    None,
    /// A stationary signal: computed once by the actor and stored with the transition.
    Stored,
    /// A drifting signal: recomputed on every sampled batch, so that an old transition gets today's value.
    Relabelled,
    /// It pays no step but single trials: what a perceptual area decided on one slot of a stack.
    Trials,
}

/// The percepts that a signal declared to read, addressed by their place in [`Declaration::reads`].
#[derive(Clone, Copy)]
pub struct Reads<'a> {
    percepts: &'a [Array],
    ids: &'a [usize],
}

impl<'a> Reads<'a> {
    pub(crate) fn new(percepts: &'a [Array], ids: &'a [usize]) -> Self {
        Self { percepts, ids }
    }

    /// The percept at place `index` of [`Declaration::reads`], as bytes.
    ///
    /// # Errors
    /// There is no such place, or the percept is not made of bytes.
    pub fn u8(&self, index: usize) -> Result<&'a [u8], SignalError> {
        self.array(index).and_then(Array::as_u8).ok_or_else(|| SignalError::place(index, "bytes"))
    }

    /// The percept at place `index` of [`Declaration::reads`], as single-precision numbers.
    ///
    /// # Errors
    /// There is no such place, or the percept is not made of numbers.
    pub fn f32(&self, index: usize) -> Result<&'a [f32], SignalError> {
        self.array(index).and_then(Array::as_f32).ok_or_else(|| SignalError::place(index, "numbers"))
    }

    fn array(&self, index: usize) -> Option<&'a Array> {
        self.ids.get(index).and_then(|&id| self.percepts.get(id))
    }
}

/// One step as a signal sees it: percepts before (t) and after (t+1), the decision, and what came of it.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    /// Percepts when the decision was taken (time t).
    pub before: Reads<'a>,
    /// Percepts that followed (time t+1), the final ones of an episode included.
    pub after: Reads<'a>,
    /// The action that the body took.
    pub action: usize,
    /// The environment's own reward.
    pub extrinsic: f64,
    /// The episode reached a terminal state with this step.
    pub terminated: bool,
    /// The episode was cut short with this step.
    pub truncated: bool,
}

/// A sampled batch as a relabelling signal sees it.
pub struct Sampled<'a> {
    /// Number of transitions.
    pub size: usize,
    /// The percepts of [`Declaration::reads`] at time t, each `[batch, …]`.
    pub before: &'a [Slice<'a>],
    /// The same at time t+1.
    pub after: &'a [Slice<'a>],
    /// The body's actions, `[batch]`.
    pub actions: &'a [i64],
    /// 1 where the episode reached a terminal state, `[batch]`.
    pub terminated: &'a [u8],
}

/// The elements of one percept over a batch.
#[derive(Clone, Copy, Debug)]
pub enum Slice<'a> {
    /// Bytes.
    U8(&'a [u8]),
    /// Single-precision numbers.
    F32(&'a [f32]),
}

impl<'a> Slice<'a> {
    /// The numbers.
    ///
    /// # Errors
    /// The percept is made of bytes.
    pub fn f32(self) -> Result<&'a [f32], SignalError> {
        match self {
            Slice::F32(values) => Ok(values),
            Slice::U8(_) => Err(SignalError::new("expected a percept of numbers, found bytes")),
        }
    }

    /// The bytes.
    ///
    /// # Errors
    /// The percept is made of numbers.
    pub fn u8(self) -> Result<&'a [u8], SignalError> {
        match self {
            Slice::U8(values) => Ok(values),
            Slice::F32(_) => Err(SignalError::new("expected a percept of bytes, found numbers")),
        }
    }
}

/// Where a signal puts what it pays and what it wants plotted.
#[derive(Debug, Default)]
pub struct Purse {
    pub(crate) payments: Vec<(usize, f64)>,
    pub(crate) trials: Vec<(usize, usize, f64)>,
    pub(crate) notes: Vec<Note>,
}

/// A metric that a signal asked to be plotted as `signal/<signal>/<metric>`.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Note {
    /// The metric's name.
    pub metric: String,
    /// What is plotted.
    pub tally: Tally,
    /// Sum of the values since the last report.
    pub sum: f64,
    /// Their number.
    pub count: u64,
}

/// How the values of a metric add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Tally {
    /// Their mean since the last point of the curve.
    Mean,
    /// Their sum since the run began.
    Total,
}

impl Purse {
    /// Pays `amount` for the present step. Amounts for one step add up.
    pub fn pay(&mut self, amount: f64) {
        self.payments.push((0, amount));
    }

    /// Pays `amount` for the step that lies `steps_ago` steps back: 0 is the present one, and the greatest is
    /// [`Declaration::window`]. What would fall before the episode's first step is paid to that first step.
    pub fn pay_back(&mut self, steps_ago: usize, amount: f64) {
        self.payments.push((steps_ago, amount));
    }

    /// Pays `amount` for what was decided on slot `slot` of the stack at place `stack` of [`Declaration::trials`], as it
    /// stands at time t+1. Amounts for one trial add up; one that nobody pays is not learned from.
    pub fn pay_trial(&mut self, stack: usize, slot: usize, amount: f64) {
        self.trials.push((stack, slot, amount));
    }

    /// Adds `value` to the running mean of `metric`.
    pub fn note(&mut self, metric: &str, value: f64) {
        self.add(metric, Tally::Mean, value);
    }

    /// Adds `number` to the total of `metric` since the run began.
    pub fn count(&mut self, metric: &str, number: f64) {
        self.add(metric, Tally::Total, number);
    }

    fn add(&mut self, metric: &str, tally: Tally, value: f64) {
        match self.notes.iter_mut().find(|note| note.metric == metric) {
            Some(note) => {
                note.sum += value;
                note.count += 1;
            }
            None => self.notes.push(Note { metric: metric.into(), tally, sum: value, count: 1 }),
        }
    }
}

/// Why a signal could not go on: a sentence. The bank adds the signal's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SignalError(String);

impl SignalError {
    /// An error that says `sentence`.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }

    fn place(index: usize, expected: &str) -> Self {
        Self(format!("it reads no percept of {expected} at place {index} of its declaration"))
    }
}
