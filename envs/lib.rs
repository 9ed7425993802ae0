//! Where agents live: environments.
//!
//! *Architecture invariant:* this crate builds and tests without libtorch and without Python, in seconds, and knows no
//! internal reward. What an environment knows beyond its observation (ground truth) is for the evaluator alone.

pub mod array;
pub mod env;
pub mod options;
pub mod registry;

pub use array::{Array, ArraySpec, Kind};
pub use env::{Discrete, Env, EnvError, EnvSpec, Observation, Step};
pub use registry::{Registry, RegistryError};
