//! The two halves of whoever learns: the [`Learner`], which changes weights in the learner thread, and its [`Policy`],
//! which decides in the actor threads with a published snapshot of those weights.
//!
//! *Architecture invariant:* neither knows where a reward comes from. A learner receives one scalar per transition, already
//! mixed by the pay table.

use crate::streams::{Random, Streams};
use innate_nn::{Device, Input, InputSpec};
use serde::{Deserialize, Serialize};
use std::fmt::Display;

/// What learns: one per area.
pub trait Learner: Send {
    /// One line: the network, its parameters, where it runs.
    fn describe(&self) -> String;

    /// Makes one update from a batch of experience.
    ///
    /// # Errors
    /// The engine failed, or the weights diverged.
    fn learn(&mut self, experience: &Experience<'_>) -> Result<(), LearnerError>;

    /// How far ahead its returns sum rewards, and how these are discounted.
    fn horizon(&self) -> Horizon {
        Horizon::default()
    }

    /// The errors of the last batch, `[batch]`, by which its transitions may be replayed again; nothing from a learner that
    /// has none.
    fn errors(&self) -> Option<&[f32]> {
        None
    }

    /// What each signal weighs in the pay table from now on, in the order of [`LearnerContext::pays`]: for a learner whose pay comes
    /// apart, which mixes it when acting.
    fn weigh(&mut self, weights: &[f32]) {
        let _ = weights;
    }

    /// The episode of slot `slot` was cut off between two transitions: a learner that follows it must begin anew.
    fn interrupt(&mut self, slot: usize) {
        let _ = slot;
    }

    /// A round of acting is over, and the next will begin with fresh weights: a learner that explores by noise draws it anew.
    ///
    /// # Errors
    /// The engine failed.
    fn end_round(&mut self) -> Result<(), LearnerError> {
        Ok(())
    }

    /// The deciding half, for one environment slot.
    fn policy(&self) -> Box<dyn Policy>;

    /// Copies into `weights` the flat weights that [`Policy::act`] takes.
    ///
    /// # Errors
    /// The engine failed.
    fn publish(&mut self, weights: &mut Vec<f32>) -> Result<(), LearnerError>;

    /// The exploration rate ε at environment step `step`, for the curves; 0 for a learner that has none.
    fn exploration_rate(&self, step: u64) -> f64 {
        let _ = step;
        0.0
    }

    /// Reports each metric (mean since the last report) and starts anew.
    fn report(&mut self, metric: &mut dyn FnMut(&str, f64));

    /// Reports for each layer, by its name, the angle between its change and the back-propagated gradient, in degrees, if it
    /// was measured since the last report.
    fn report_angles(&mut self, angle: &mut dyn FnMut(&str, f64)) {
        let _ = angle;
    }

    /// The whole state.
    ///
    /// # Errors
    /// The engine failed.
    fn save(&mut self) -> Result<LearnerState, LearnerError>;

    /// Takes the weights of a state, and leaves the rest as it is: enough to act.
    ///
    /// # Errors
    /// The weights are of another network.
    fn load_weights(&mut self, weights: &[NamedTensor]) -> Result<(), LearnerError>;

    /// Takes back what [`Learner::save`] gave.
    ///
    /// # Errors
    /// The state is of another learner, or of another network.
    fn load(&mut self, state: &LearnerState) -> Result<(), LearnerError>;
}

/// What decides: one per area and environment slot.
pub trait Policy: Send {
    /// Chooses an action from the area's view (one input per percept of the view, batch 1) with `weights`.
    ///
    /// # Errors
    /// The inputs or the weights do not fit the network.
    fn act(
        &mut self,
        weights: &[f32],
        view: &[Input<'_>],
        mode: Mode,
        random: &mut Random,
    ) -> Result<usize, LearnerError>;

    /// The same, and fills `expected` with what is expected of each action (values, or probabilities), `[actions]`, whether or
    /// not the choice followed it. Zeros for a policy that expects nothing.
    ///
    /// # Errors
    /// As for [`Policy::act`].
    fn consider(
        &mut self,
        weights: &[f32],
        view: &[Input<'_>],
        mode: Mode,
        random: &mut Random,
        expected: &mut [f32],
    ) -> Result<usize, LearnerError> {
        expected.fill(0.0);
        self.act(weights, view, mode, random)
    }

    /// An episode begins: a policy with a memory empties it.
    fn begin_episode(&mut self) {}

    /// The memory of the running episode; nothing for a policy that has none.
    fn save(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Takes back what [`Policy::save`] gave.
    ///
    /// # Errors
    /// The memory is of another policy.
    fn load(&mut self, memory: &[u8]) -> Result<(), LearnerError> {
        match memory {
            [] => Ok(()),
            found => Err(LearnerError::new(format!("a policy without memory was saved with {} bytes", found.len()))),
        }
    }
}

/// How to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To learn: explore as the schedule says at this environment step.
    Explore {
        /// Environment steps taken so far in the run.
        step: u64,
    },
    /// As well as it can.
    Greedy,
    /// Without looking, every action as likely as any other: the baseline.
    Random,
}

/// A batch of transitions, paid. From a replay they are drawn at random; from a queue, or online, they are successive
/// ones of one environment slot.
#[derive(Clone, Copy)]
pub struct Experience<'a> {
    /// The slot that they come from, where they are successive; else 0.
    pub slot: usize,
    /// Number of transitions.
    pub size: usize,
    /// The view at time t: one input per percept, each `[batch, …]`.
    pub before: &'a [Input<'a>],
    /// The view at time t+m (m = 1 without a longer [`Horizon`]).
    pub after: &'a [Input<'a>],
    /// Actions a(t), `[batch]`.
    pub actions: &'a [i64],
    /// Rewards, `[parts, batch]`: one part, mixed by the pay table, or one for each signal that pays if the learner's [`Horizon`] wants
    /// them apart. Each is r(t+1), or over m steps the sum Σ_{k<m} γ^k r(t+1+k).
    pub rewards: &'a [f32],
    /// γ^m: what a value at t+m is worth at t, `[parts, batch]`.
    pub discounts: &'a [f32],
    /// How much each transition counts, `[batch]`: 1, or the importance-sampling weight of one that was drawn by priority.
    pub weights: &'a [f32],
    /// 1 where the episode reached a terminal state at t+m, `[batch]`. Truncation does not show here: it bootstraps.
    pub terminated: &'a [u8],
    /// 1 where the episode was cut short, `[batch]`.
    pub truncated: &'a [u8],
}

/// How far ahead returns sum rewards: n steps, where the episode and what is remembered go on for as long.
#[derive(Clone, Debug, PartialEq)]
pub struct Horizon {
    /// n, 1 or more.
    pub steps: usize,
    /// The discount factors.
    pub gammas: Gammas,
}

/// Discount factors γ.
#[derive(Clone, Debug, PartialEq)]
pub enum Gammas {
    /// One for all pay, which arrives mixed.
    Mixed(f32),
    /// One for each signal that pays, in the order of [`LearnerContext::pays`]; the pay of each arrives apart.
    Apart(Vec<f32>),
}

impl Gammas {
    /// One for each part in which pay arrives.
    pub fn parts(&self) -> &[f32] {
        match self {
            Gammas::Mixed(gamma) => std::slice::from_ref(gamma),
            Gammas::Apart(gammas) => gammas,
        }
    }
}

impl Default for Horizon {
    /// One step, which needs no discount.
    fn default() -> Self {
        Self { steps: 1, gammas: Gammas::Mixed(1.0) }
    }
}

/// What a learner needs to know of its area.
pub struct LearnerContext<'a> {
    /// The area's name.
    pub area: &'a str,
    /// The percepts of its view.
    pub inputs: &'a [InputSpec],
    /// Number of its actions.
    pub actions: usize,
    /// The signals that pay it.
    pub pays: &'a [&'a str],
    /// Transitions per batch.
    pub batch: usize,
    /// How experience reaches it.
    pub memory: Memory,
    /// Number of environment slots.
    pub slots: usize,
    /// Where to compute.
    pub device: Device,
    /// Source of its initial weights.
    pub streams: Streams,
}

/// How experience reaches a learner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Memory {
    /// Batches drawn at random from all that is remembered, while the actors act.
    #[default]
    Replay,
    /// Every transition once, in the order of each slot, while the actors take the next round's.
    Queue,
    /// Every transition once, one at a time, before the next action.
    Online,
}

/// Makes a learner once its area is known: what the registry of learners holds.
pub type LearnerPlan = Box<dyn Fn(&LearnerContext<'_>) -> Result<Box<dyn Learner>, LearnerError> + Send + Sync>;

/// The whole state of a learner.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LearnerState {
    /// Weights, by names that PyTorch can load.
    pub weights: Vec<NamedTensor>,
    /// The optimiser's moments.
    pub optimiser: Vec<NamedTensor>,
    /// Everything else.
    pub counters: Vec<u8>,
}

/// Numbers with a name and a shape.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// The name.
    pub name: String,
    /// The shape.
    pub shape: Vec<usize>,
    /// The numbers in row-major order.
    pub values: Vec<f32>,
}

/// Why a learner could not go on: a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LearnerError(String);

impl LearnerError {
    /// An error that says `sentence`.
    pub fn new(sentence: impl Display) -> Self {
        Self(sentence.to_string())
    }
}

/// The place of a remembered action among `actions` of them.
pub(crate) fn remembered_action(action: i64, actions: usize) -> Result<usize, LearnerError> {
    let place = usize::try_from(action).ok().filter(|&place| place < actions);
    place.ok_or_else(|| LearnerError::new(format!("an action {action} was remembered, allowed: 0 to {}", actions - 1)))
}

/// The tensors that belong to `area`, without its name.
pub(crate) fn of_area(area: &str, tensors: &[NamedTensor]) -> Vec<NamedTensor> {
    let mine = |tensor: &NamedTensor| {
        let name = tensor.name.strip_prefix(area)?.strip_prefix('.')?.to_string();
        Some(NamedTensor { name, ..tensor.clone() })
    };
    tensors.iter().filter_map(mine).collect()
}
