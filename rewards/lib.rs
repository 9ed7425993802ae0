//! What agents are paid for: a bank of reward signals that the platform computes itself.
//!
//! Signals read percepts (what the agent perceives), write percepts that other signals and areas read, and emit scalars.
//! The [`bank`] runs them in topological order; the [`pay`] table says which area gets how much of which.
//!
//! *Architecture invariant:* a signal never sees a policy's weights or gradients, and an area is known here only as the
//! name of a percept.

pub mod agreement;
pub mod bank;
pub mod bearing;
pub mod condition;
pub mod context;
pub mod descriptor;
mod events;
pub mod extrinsic;
pub mod face;
pub mod flow;
pub mod gaze;
mod graph;
mod grid;
pub mod hand;
pub mod joint_attention;
mod lessons;
mod liveliness;
pub mod map;
pub mod motion;
pub mod mover;
pub mod optical_flow;
pub mod passing;
mod past;
pub mod pay;
pub mod places;
pub mod signal;
pub mod stack;
mod state;
mod summed_area;
pub mod track;
mod variation;
mod verdict;
mod zoom;

pub use bank::{Bank, BankError, BankState, Ledger, Payment, Service, SignalInfo};
pub use condition::{Condition, Gate, Passage, Quantity};
pub use pay::{PayEntry, Schedule};
pub use signal::{Declaration, Moment, Pay, Purse, Reads, Sampled, Signal, SignalError, Slice, Tally};
pub use stack::{Decide, Perceiver};

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
        .register("mover", "something that moves comes to a still place, and leaves it changed", move |options| {
            mover::Mover::new(options).map(|mover| Box::new(mover) as Box<dyn Signal>)
        })
        .register("passing", "something moved through a place and left it as it was", move |options| {
            passing::Passing::new(options).map(|passing| Box::new(passing) as Box<dyn Signal>)
        })
        .register("track", "what came to an event is followed back and forth", move |options| {
            track::Track::new(options).map(|track| Box::new(track) as Box<dyn Signal>)
        })
        .register("places", "where in the frame it is worth asking what is there", move |options| {
            places::Places::new(options).map(|places| Box::new(places) as Box<dyn Signal>)
        })
        .register("hand", "mover events teach an area what a hand looks like", move |options| {
            hand::Hand::new(options).map(|hand| Box::new(hand) as Box<dyn Signal>)
        })
        .register("context", "what surrounds the places that are judged", move |options| {
            context::Context::new(options).map(|context| Box::new(context) as Box<dyn Signal>)
        })
        .register("agreement", "one area teaches another what it is sure of", move |options| {
            agreement::Agreement::new(options).map(|agreement| Box::new(agreement) as Box<dyn Signal>)
        })
        .register("map", "where an area sees its thing, cell by cell", move |options| {
            map::Map::new(options).map(|map| Box::new(map) as Box<dyn Signal>)
        })
        .register("face", "where faces are, found by an innate template", move |options| {
            face::FaceSignal::new(options).map(|face| Box::new(face) as Box<dyn Signal>)
        })
        .register("gaze", "mover events teach an area which way a face looks", move |options| {
            gaze::Gaze::new(options).map(|gaze| Box::new(gaze) as Box<dyn Signal>)
        })
        .register("joint-attention", "looking where a face looks before anything happens there", move |options| {
            joint_attention::JointAttention::new(options).map(|it| Box::new(it) as Box<dyn Signal>)
        })
        .register("motion", "flow energy in the fixated cell minus the frame's median", move |options| {
            motion::Motion::new(options).map(|motion| Box::new(motion) as Box<dyn Signal>)
        });
    registry
}
