//! Why a run cannot start or cannot go on, for those who have to say it to the user.

use crate::checkpoint::CheckpointError;
use crate::learner::LearnerError;
use crate::npz::ImportError;
use crate::run::ConfigError;
use innate_envs::EnvError;
use innate_replay::ReplayError;
use innate_rewards::BankError;

/// Why a run, or a part of it, could not be made or restored.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A part cannot be built.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The environment failed.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// A signal failed.
    #[error(transparent)]
    Bank(#[from] BankError),
    /// A learner failed.
    #[error("area `{0}`: {1}")]
    Learner(String, LearnerError),
    /// The replay cannot be made.
    #[error("replay: {0}")]
    Replay(#[from] ReplayError),
    /// Transitions that it is to begin with cannot be read.
    #[error("replay.import: {0}")]
    Import(#[from] ImportError),
    /// A thread cannot be started.
    #[error("an actor thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// Why a slot could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ActorError {
    /// The environment failed.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// A signal failed.
    #[error("{0} (slot {1}, step {2} of the run)")]
    Bank(BankError, usize, u64),
    /// A policy failed.
    #[error("area `{area}`: {source}")]
    Policy {
        /// The area.
        area: String,
        /// What it said.
        source: LearnerError,
    },
    /// A transition could not be written down.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// An actor thread is gone.
    #[error("an actor thread ended without a word")]
    Gone,
    /// A part panicked.
    #[error("the actor of slot {slot} panicked: {message}")]
    Panic {
        /// The slot.
        slot: usize,
        /// The panic's message.
        message: String,
    },
}

/// Why a training stopped.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// It could not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Acting failed.
    #[error(transparent)]
    Actor(#[from] ActorError),
    /// It stopped, saved itself first, and can be resumed.
    #[error("{source}")]
    Saved {
        /// Why it stopped.
        source: Box<TrainError>,
        /// The step at which it is saved.
        step: u64,
    },
    /// A signal failed on a sampled batch.
    #[error("{0} (at step {1} of the run)")]
    Bank(BankError, u64),
    /// An evaluation failed.
    #[error("{source} (in the evaluation at step {step} of the run)")]
    Evaluation {
        /// The step.
        step: u64,
        /// What went wrong.
        source: StartError,
    },
    /// Learning failed.
    #[error("area `{area}`, step {step} of the run: {source}")]
    Learner {
        /// The area.
        area: String,
        /// The step.
        step: u64,
        /// What it said.
        source: LearnerError,
    },
    /// The replay failed.
    #[error("replay: {0}")]
    Replay(#[from] ReplayError),
    /// A checkpoint could not be read, or the last one not written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A checkpoint does not belong to this run.
    #[error("the checkpoint does not fit the run: {0}")]
    State(String),
}
