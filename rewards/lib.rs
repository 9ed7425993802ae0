//! What agents are paid for: a bank of reward signals that the platform computes itself.
//!
//! Signals read percepts (what the agent perceives), write percepts that other signals and areas read, and emit scalars.
//! The [`bank`] runs them in topological order; the [`pay`] table says which area gets how much of which.
//!
//! *Architecture invariant:* a signal never sees a policy's weights or gradients, and an area is known here only as the
//! name of a percept.

pub mod bank;
pub mod extrinsic;
pub mod flow;
pub mod motion;
pub mod optical_flow;
pub mod pay;
pub mod signal;

pub use bank::{Bank, BankError, BankState, Ledger, Payment, SignalInfo};
pub use pay::{PayEntry, Schedule};
pub use signal::{Declaration, Moment, Pay, Purse, Reads, Sampled, Signal, SignalError, Slice};

use innate_envs::Registry;
use innate_envs::options::NoOptions;

/// The name of the signal that every run has: the environment's own reward.
pub const EXTRINSIC: &str = "extrinsic";

/// The signals that come with the platform.
pub fn standard() -> Registry<Box<dyn Signal>> {
    let mut registry = Registry::<Box<dyn Signal>>::new("signal");
    let never = |signal: Box<dyn Signal>| Ok::<_, SignalError>(signal);
    registry
        .register(EXTRINSIC, "the environment's own reward", move |_: NoOptions| never(Box::new(extrinsic::Extrinsic)))
        .register("flow", "dense optical flow of `frame`, as the percept `flow`", move |options| {
            never(Box::new(flow::Flow::new(options)))
        })
        .register("motion", "flow energy in the fixated cell minus the frame's median", move |options| {
            motion::Motion::new(options).map(|motion| Box::new(motion) as Box<dyn Signal>)
        });
    registry
}
