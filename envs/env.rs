//! The environment: Gymnasium's API version 1 in Rust, written so that a step allocates nothing.

use crate::array::{Array, ArraySpec};
use crate::picture::Picture;
use crate::truth::Truth;
use serde::{Deserialize, Serialize};

/// What an environment is: its name, what it shows, what it takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnvSpec {
    /// The name in the registry, such as `CartPole-v1`.
    pub id: String,
    /// The observation: one or more named arrays.
    pub observation: Vec<ArraySpec>,
    /// The actions.
    pub actions: Discrete,
    /// Steps after which an episode is truncated, if there is such a limit.
    pub max_episode_steps: Option<u32>,
    /// The mean return from which on the task counts as solved.
    pub reward_threshold: Option<f64>,
}

/// A finite set of actions: `0..names.len()`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Discrete {
    /// A short name of each action.
    pub names: Vec<String>,
}

/// The observation buffer that the caller owns: one array for each [`EnvSpec::observation`], in that order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The arrays.
    pub arrays: Vec<Array>,
}

impl Discrete {
    /// Actions of these names, in the order of their numbers.
    pub fn named<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Self { names: names.into_iter().map(Into::into).collect() }
    }

    /// Number of actions.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no action at all.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// What came of one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The environment's own ("extrinsic") reward.
    pub reward: f64,
    /// The episode reached a terminal state: nothing follows, so a TD target does not bootstrap.
    pub terminated: bool,
    /// The episode was cut short (time limit, end of a film): a TD target bootstraps from the final observation.
    pub truncated: bool,
}

/// A world with a finite set of actions.
///
/// After a step that ended the episode the caller resets before stepping again.
pub trait Env: Send {
    /// What this environment is.
    fn spec(&self) -> &EnvSpec;

    /// Starts an episode and writes its first observation. A seed re-seeds the environment's generator, `None` goes on with it.
    fn reset(&mut self, seed: Option<u64>, observation: &mut Observation) -> Result<(), EnvError>;

    /// Takes `action` (`0..spec().actions.len()`) and writes the observation that follows, the final one included.
    fn step(&mut self, action: usize, observation: &mut Observation) -> Result<Step, EnvError>;

    /// Whether it computes elsewhere, so that it is worth the while to have [`Env::begin_step`] called for several at once.
    fn is_elsewhere(&self) -> bool {
        false
    }

    /// Says that the next call is [`Env::step`] with `action`, so that an environment which lives elsewhere can begin. It
    /// answers nothing: what goes wrong shows in the step.
    fn begin_step(&mut self, action: usize) {
        let _ = action;
    }

    /// What happened since the last call that a person should know and that stopped nothing.
    fn take_notice(&mut self) -> Option<String> {
        None
    }

    /// The whole state as bytes, for an exact resume; `None` if the environment cannot tell it.
    fn save(&self) -> Option<Vec<u8>>;

    /// Takes back what [`Env::save`] gave.
    fn load(&mut self, state: &[u8]) -> Result<(), EnvError>;

    /// What a person would see now, if the environment can draw itself.
    fn picture(&self) -> Option<Picture> {
        None
    }

    /// What is true of the frame that was observed last, if the environment can tell: for evaluators, never for the agent.
    /// It is computed when asked for and changes nothing.
    fn truth(&self) -> Option<Truth> {
        None
    }
}

impl<E: Env + ?Sized> Env for Box<E> {
    fn spec(&self) -> &EnvSpec {
        (**self).spec()
    }

    fn reset(&mut self, seed: Option<u64>, observation: &mut Observation) -> Result<(), EnvError> {
        (**self).reset(seed, observation)
    }

    fn step(&mut self, action: usize, observation: &mut Observation) -> Result<Step, EnvError> {
        (**self).step(action, observation)
    }

    fn is_elsewhere(&self) -> bool {
        (**self).is_elsewhere()
    }

    fn begin_step(&mut self, action: usize) {
        (**self).begin_step(action);
    }

    fn take_notice(&mut self) -> Option<String> {
        (**self).take_notice()
    }

    fn save(&self) -> Option<Vec<u8>> {
        (**self).save()
    }

    fn load(&mut self, state: &[u8]) -> Result<(), EnvError> {
        (**self).load(state)
    }

    fn picture(&self) -> Option<Picture> {
        (**self).picture()
    }

    fn truth(&self) -> Option<Truth> {
        (**self).truth()
    }
}

/// Why an environment could not go on.
#[derive(Debug, thiserror::Error)]
pub enum EnvError {
    /// The action does not exist.
    #[error("{env}: there is no action {action} (allowed: 0 to {last})")]
    Action {
        /// The environment.
        env: String,
        /// The action found.
        action: usize,
        /// The greatest action.
        last: usize,
    },
    /// The observation buffer does not have the environment's arrays.
    #[error("{env}: the observation buffer does not fit; make it with EnvSpec::buffer()")]
    Buffer {
        /// The environment.
        env: String,
    },
    /// `step` before `reset`, or after the end of an episode.
    #[error("{env}: the episode is over; call reset before step")]
    Over {
        /// The environment.
        env: String,
    },
    /// The saved state is not one of this environment.
    #[error("{env}: the saved state does not fit: {reason}")]
    State {
        /// The environment.
        env: String,
        /// A sentence.
        reason: String,
    },
    /// Something outside: a file, a program.
    #[error("{env}: {reason}")]
    Outside {
        /// The environment.
        env: String,
        /// A sentence.
        reason: String,
    },
}

impl Step {
    /// Whether the episode ended here, in either way.
    pub fn ended(&self) -> bool {
        self.terminated || self.truncated
    }
}

impl EnvSpec {
    /// An observation buffer of the right shape, all zero.
    pub fn buffer(&self) -> Observation {
        Observation { arrays: self.observation.iter().map(ArraySpec::zeros).collect() }
    }

    /// That `action` does not exist here.
    #[cold]
    pub fn no_action(&self, action: usize) -> EnvError {
        EnvError::Action { env: self.id.clone(), action, last: self.actions.len().saturating_sub(1) }
    }

    /// That the observation buffer does not have these arrays.
    #[cold]
    pub fn no_fit(&self) -> EnvError {
        EnvError::Buffer { env: self.id.clone() }
    }

    /// That `step` came before `reset`, or after the end of an episode.
    #[cold]
    pub fn over(&self) -> EnvError {
        EnvError::Over { env: self.id.clone() }
    }

    /// That a saved state is not one of this environment; `reason` is a sentence.
    #[cold]
    pub fn bad_state(&self, reason: impl std::fmt::Display) -> EnvError {
        EnvError::State { env: self.id.clone(), reason: reason.to_string() }
    }
}
