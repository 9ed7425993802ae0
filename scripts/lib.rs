//! *innate*: a reinforcement-learning agent platform whose learners are paid by internal reward signals.
//!
//! This is the facade: one dependency for a crate that adds signals, environments or learners of its own and then runs the
//! same program.
//!
//! ```no_run
//! use innate::rewards::{Declaration, Moment, Pay, Purse, Signal, SignalError};
//!
//! /// Pays 1 for every step.
//! struct Alive;
//!
//! impl Signal for Alive {
//!     fn declare(&self) -> Declaration {
//!         Declaration { pay: Pay::Stored, ..Declaration::default() }
//!     }
//!     fn pay(&mut self, _: Moment<'_>, purse: &mut Purse) -> Result<(), SignalError> {
//!         purse.pay(1.0);
//!         Ok(())
//!     }
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     let mut registries = innate::standard();
//!     registries.signals.register("alive", "1 for every step", |_: innate::NoOptions| {
//!         Ok::<_, SignalError>(Box::new(Alive) as Box<dyn Signal>)
//!     });
//!     innate::main(registries)
//! }
//! ```

pub use innate_agents as agents;
pub use innate_agents::Registries;
pub use innate_envs as envs;
pub use innate_envs::options::NoOptions;
pub use innate_nn as nn;
pub use innate_replay as replay;
pub use innate_rewards as rewards;

/// The README's examples, compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

pub mod camera;
mod cli;
pub mod comparison;
pub mod curves;
pub mod drawing;
pub mod experiments;
mod familiar;
pub mod film;
pub mod judge;
mod observer;
pub mod overlay;
pub mod progress;
pub mod recorder;
pub mod report;
pub mod run_file;
mod seen;
pub mod statistics;

use std::process::ExitCode;

/// The environments, signals and learners that come with the platform.
pub fn standard() -> Registries {
    Registries { envs: envs::standard(), signals: rewards::standard(), learners: agents::standard() }
}

/// Runs the program `innate` with these registries, on the arguments of the process.
pub fn main(registries: Registries) -> ExitCode {
    cli::main(registries)
}
