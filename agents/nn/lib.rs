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
mod angle;
mod augment;
mod choice;
mod credit;
mod device;
mod disturbed;
mod dropout;
mod engine;
mod feedback;
mod flat_optimiser;
mod initialisation;
mod input;
mod kernel;
mod lanes;
mod libtorch;
mod native;
mod network;
mod noisy;
mod online;
mod optimiser;
mod real;
mod selection;
mod spec;
mod text_or_table;

pub use activation::Activation;
pub use angle::{angle, cosine};
pub use augment::{Augment, AugmentSpec, MemoryTag, Trial};
pub use choice::EngineSpec;
pub use credit::{AttentionGated, CreditSpec, Form, Perturbation, Reciprocity};
pub use device::{Device, DeviceError, DeviceSpec, cuda_report, libtorch_version, prepare};
pub use disturbed::{Disturbed, DisturbedState, Site};
pub use dropout::{Dropout, DropoutSpec};
pub use engine::{
    Biases, CreditState, Engine, EngineError, LinearObjective, Objective, ParameterSet, Precision, Training,
};
pub use initialisation::Initialisation;
pub use input::{Input, InputError, InputSpec, Kind};
pub use libtorch::LibtorchEngine;
pub use native::{NativeEngine, NativeForward};
pub use network::{Conv, Dense, Layer, Network, NetworkError, ParameterTensor};
pub use noisy::{Noisy, NoisySpec};
pub use online::{Online, OnlineFeedback, OnlineRule};
pub use optimiser::{Adam, OptimiserError, OptimiserSpec, OptimiserState, Rmsprop, RmspropUncentred, Sgd};
pub use real::{Element, Random, Real};
pub use selection::{Expansion, greedy, greedy_random_ties, max_boltzmann, sample, softmax};
pub use spec::{LayerSpec, NetworkSpec, Preset};
