//! Where agents live: environments.
//!
//! *Architecture invariant:* this crate builds and tests without libtorch and without Python, in seconds, and knows no
//! internal reward. What an environment knows beyond its observation (ground truth) is for the evaluator alone.
//!
//! An environment implements [`Env`]; [`standard()`] lists those that come with the crate, [`check_env`] tells whether one
//! of your own keeps the promises. [`Slot`] runs one with same-step autoreset, [`Slots`] several.

pub mod array;
pub mod board;
pub mod check;
pub mod classic;
pub mod env;
mod eye;
pub mod gym;
#[cfg(feature = "gymnasium-rs")]
pub mod gymnasium_rs;
pub mod minatar;
pub mod numpy;
pub mod nursery;
pub mod options;
pub mod picture;
pub mod registry;
mod sketch;
pub mod slot;
pub mod slots;
pub mod standard;
pub mod tasks;
pub mod truth;
pub mod video;
pub mod worlds;
pub mod wrappers;

pub use array::{Array, ArraySpec, Kind};
pub use check::{CheckError, check_env};
pub use env::{Discrete, Env, EnvError, EnvSpec, Observation, Step};
pub use picture::Picture;
pub use registry::{Registry, RegistryError};
pub use slot::{Loaded, Slot, SlotState};
pub use slots::{Slots, SlotsError};
pub use standard::standard;
pub use truth::Truth;
pub use wrappers::TimeLimit;
