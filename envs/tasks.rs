//! Cognitive tasks: what an animal, or a learner modelled on one, is asked in an experiment.
//!
//! One-step tasks show a pattern and pay for its class; one step is one trial ([`classification`]):
//!
//! | Environment | Observation | Actions | File |
//! |---|---|---|---|
//! | `XOR` | f32 `[2]` | 2 classes | [`boolean`] |
//! | `Parity` | f32 `[bits]` | 2 classes | [`boolean`] |
//! | `Counting` | f32 `[inputs]` | `inputs` + 1 classes | [`boolean`] |
//! | `Digits` | f32 `[1, 8, 8]` | 10 classes | [`digits`] |
//! | `MNIST` | u8 `[1, 28, 28]` | 10 classes | [`mnist`] |
//!
//! Time-step tasks ask for memory; one episode is one trial, one step a step of time (all but the last: [`fixation`]):
//!
//! | Environment | Observation | Actions | File |
//! |---|---|---|---|
//! | `Saccade` | f32 `[4]` | fixate, left, right | [`saccade`] |
//! | `ProbabilisticClassification` | f32 `[41]` | fixate, left, right | [`probabilistic`] |
//! | `DelayedMatchToCategory` | f32 `[21]` | fixate, left, right | [`category`] |
//! | `Vibrotactile` | f32 `[21]` | fixate, left, right | [`vibrotactile`] |
//! | `12AX` | f32 `[8]` | left, right | [`twelve_ax`] |

pub mod boolean;
pub mod category;
pub mod classification;
pub mod curriculum;
pub mod digits;
pub mod fixation;
pub mod idx;
pub mod labelled;
pub mod mnist;
pub mod probabilistic;
pub mod saccade;
pub mod twelve_ax;
pub mod vibrotactile;

pub use boolean::{ClassificationOptions, CountingOptions, ParityOptions};
pub use category::{Category, CategoryOptions, CategoryTrial};
pub use classification::Classification;
pub use curriculum::Curriculum;
pub use digits::DigitsOptions;
pub use fixation::{FixationTask, Side};
pub use idx::{Idx, IdxError};
pub use labelled::{Labelled, LabelledError, Split};
pub use mnist::{MnistOptions, Mnists};
pub use probabilistic::{Level, Probabilistic, ProbabilisticOptions, ProbabilisticTrial};
pub use saccade::{Saccade, SaccadeOptions, SaccadeTrial};
pub use twelve_ax::{TwelveAx, TwelveAxOptions};
pub use vibrotactile::{Vibrotactile, VibrotactileOptions, VibrotactileTrial};

use std::num::NonZeroU32;
use std::path::PathBuf;

/// Greatest value of the option `delay`.
const LONGEST_DELAY: u32 = 1000;

/// Why a task cannot be built from its options.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// A number out of range.
    #[error("`{key}` = {found} is out of range (allowed: {least} to {most})")]
    Range {
        /// The option.
        key: &'static str,
        /// Its value.
        found: f64,
        /// The least value.
        least: f64,
        /// The greatest value.
        most: f64,
    },
    /// A number that is none.
    #[error("`{key}` = {found} is not a finite number")]
    NotFinite {
        /// The option.
        key: &'static str,
        /// Its value.
        found: f64,
    },
    /// The data cannot be read.
    #[error(transparent)]
    Idx(#[from] IdxError),
    /// Patterns and labels that do not make a task.
    #[error(transparent)]
    Labelled(#[from] LabelledError),
    /// The same, of the pictures of a folder.
    #[error("the pictures in `{}` make no task: {error}", folder.display())]
    Pictures {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with them.
        error: LabelledError,
    },
}

/// `found`, the value of the option `key`, if it lies between `least` and `most`.
fn within<N: Copy + PartialOrd + Into<f64>>(key: &'static str, found: N, least: N, most: N) -> Result<N, TaskError> {
    let error = || TaskError::Range { key, found: found.into(), least: least.into(), most: most.into() };
    if (least..=most).contains(&found) { Ok(found) } else { Err(error()) }
}

/// `found`, the value of the option `key`, if it is a finite number.
fn finite(key: &'static str, found: f64) -> Result<f64, TaskError> {
    if found.is_finite() { Ok(found) } else { Err(TaskError::NotFinite { key, found }) }
}

/// The default of `episode_trials`.
fn one() -> NonZeroU32 {
    NonZeroU32::MIN
}
