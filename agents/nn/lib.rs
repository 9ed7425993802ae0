//! What agents learn with: networks, engines and optimisers.
//!
//! A [`NetworkSpec`] (from the run file) and the inputs it will get make a [`Network`]: layers whose shapes are known, over one
//! flat vector of parameters. An [`Engine`] executes and trains it on a [`Device`]; [`NativeForward`] executes it alone, fast,
//! for actors. Both read the same flat vector, so a snapshot of it is all that passes between them.
//!
//! *Architecture invariants:*
//! - This is the only crate that names tch. It knows neither rewards nor replay nor environments.
//! - The [`Engine`] interface knows outputs and their errors, not how credit reaches a layer.
//! - Nothing here draws from a global random generator, and nothing depends on time, on threads or on the order of a hash.

mod activation;
mod device;
mod engine;
mod flat_optimiser;
mod input;
mod kernel;
mod libtorch;
mod native;
mod network;
mod optimiser;
mod spec;
mod text_or_table;

pub use activation::Activation;
pub use device::{Device, DeviceError, DeviceSpec, cuda_report, libtorch_version, prepare};
pub use engine::{Engine, EngineError, ParameterSet, Training};
pub use input::{Input, InputError, InputSpec, Kind};
pub use libtorch::LibtorchEngine;
pub use native::NativeForward;
pub use network::{Conv, Dense, Layer, Network, NetworkError, ParameterTensor};
pub use optimiser::{Adam, OptimiserError, OptimiserSpec, OptimiserState, Rmsprop, RmspropUncentred, Sgd};
pub use spec::{LayerSpec, NetworkSpec, Preset};
