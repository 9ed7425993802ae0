//! Who learns: areas, the actors that live for them, and the learner.
//!
//! ```text
//! actor thread:   perceive → decide → act → pay ──chunks──▶ learner thread: insert → sample → mix pay → learn
//!        ▲                                                                                             │
//!        └──────────────────────────────── snapshot of the weights ────────────────────────────────────┘
//! ```
//!
//! *Architecture invariant:* this crate names no concrete signal but `extrinsic`, and reaches networks through `innate-nn`
//! alone. Everything that a run does is a function of its file and its seed: never of time, threads or hash order.

pub mod actor;
pub mod agrel;
pub mod augment;
pub mod brainprop;
pub mod checkpoint;
pub mod crew;
pub mod development;
pub mod dqn;
pub mod error;
pub mod evaluation;
pub mod exploration;
pub mod learner;
mod memory;
pub mod meters;
mod minds;
pub mod model;
pub mod npz;
pub mod perturbation;
pub mod plan;
mod recall;
mod recent;
mod reinforced;
pub mod run;
pub mod streams;
pub mod trainer;
mod trials;

pub use checkpoint::{Checkpoint, CheckpointError, Extent, RunFolder};
pub use error::{ActorError, StartError, TrainError};
pub use evaluation::{Evaluation, evaluate};
pub use learner::{
    Experience, Gammas, Horizon, Learner, LearnerContext, LearnerError, LearnerPlan, LearnerState, Memory, Mode, Policy,
};
pub use plan::Plan;
pub use run::{ConfigError, Registries, RunConfig};
pub use trainer::{Observer, Outcome, Progress, Trainer};

use innate_envs::Registry;

/// The learners that come with the platform.
pub fn standard() -> Registry<LearnerPlan> {
    let mut registry = Registry::new("learner");
    registry.register("dqn", "deep Q-learning with experience replay and a target network", dqn::DqnOptions::plan);
    registry.register(
        "agrel",
        "attention-gated learning of a stochastic choice from one scalar",
        agrel::AgrelOptions::plan,
    );
    registry.register(
        "brainprop",
        "Q-AGREL: attention-gated learning of values, in deep networks",
        brainprop::BrainpropOptions::plan,
    );
    registry.register(
        "augment",
        "attention-gated memory tagging: SARSA with traces and memory units",
        augment::AugmentOptions::plan,
    );
    registry.register(
        "perturbation",
        "node or weight perturbation, from a reward that cannot be asked twice",
        perturbation::PerturbationOptions::plan,
    );
    registry
}
