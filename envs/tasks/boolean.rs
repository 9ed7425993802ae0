//! `XOR`, `Parity`, `Counting`: classes that are functions of a few active or silent inputs.
//!
//! All 2ⁿ patterns x ∈ {0, 1}ⁿ of n inputs are shown, equally often.
//!
//! | Environment | n | Class |
//! |---|---|---|
//! | `XOR` | 2 | x₁ ⊕ x₂ |
//! | `Parity` | `bits` (3) | x₁ ⊕ … ⊕ xₙ: 1 if an odd number of inputs is active |
//! | `Counting` | `inputs` (2) | x₁ + … + xₙ: the number of active inputs, n + 1 classes |
//!
//! None but the trivial ones can be learned without hidden units. XOR and counting are tasks of Roelfsema & van Ooyen,
//! "Attention-gated reinforcement learning of internal representations for classification" (2005); actions, reward and end
//! stand in [`classification`](super::classification).

use super::classification::Classification;
use super::labelled::{Labelled, LabelledError};
use super::{TaskError, one, within};
use crate::array::{Array, ArraySpec};
use documented::DocumentedFields;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::sync::Arc;

/// Most inputs, so that the 2ⁿ patterns stay small in memory.
const MOST: u32 = 16;

/// Options of a classification task whose patterns are given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct ClassificationOptions {
    /// Trials of an episode, one step each; with 1 the mean return is the accuracy.
    #[serde(default = "one")]
    pub episode_trials: NonZeroU32,
}

/// Options of `Parity`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct ParityOptions {
    /// Number of inputs, 1 to 16.
    #[serde(default = "three")]
    pub bits: u32,
    /// Trials of an episode, one step each; with 1 the mean return is the accuracy.
    #[serde(default = "one")]
    pub episode_trials: NonZeroU32,
}

/// Options of `Counting`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct CountingOptions {
    /// Number of inputs, 1 to 16; there is one class more.
    #[serde(default = "two")]
    pub inputs: u32,
    /// Trials of an episode, one step each; with 1 the mean return is the accuracy.
    #[serde(default = "one")]
    pub episode_trials: NonZeroU32,
}

/// The patterns of `bits` inputs, labelled with their parity.
///
/// # Errors
/// `bits` is not 1 to 16.
pub fn parity(bits: u32) -> Result<Labelled, TaskError> {
    let bits = within("bits", bits, 1, MOST)?;
    Ok(patterns(bits, |active| active % 2, 2)?)
}

/// The patterns of `inputs` inputs, labelled with the number of active ones.
///
/// # Errors
/// `inputs` is not 1 to 16.
pub fn counting(inputs: u32) -> Result<Labelled, TaskError> {
    let inputs = within("inputs", inputs, 1, MOST)?;
    Ok(patterns(inputs, |active| active, inputs + 1)?)
}

/// The environment `XOR`.
///
/// # Errors
/// None; the signature is that of its siblings.
pub fn xor_env(options: ClassificationOptions) -> Result<Classification, TaskError> {
    Ok(Classification::new("XOR", Arc::new(parity(2)?), options.episode_trials))
}

/// The environment `Parity`.
///
/// # Errors
/// As [`parity`].
pub fn parity_env(options: ParityOptions) -> Result<Classification, TaskError> {
    Ok(Classification::new("Parity", Arc::new(parity(options.bits)?), options.episode_trials))
}

/// The environment `Counting`.
///
/// # Errors
/// As [`counting`].
pub fn counting_env(options: CountingOptions) -> Result<Classification, TaskError> {
    Ok(Classification::new("Counting", Arc::new(counting(options.inputs)?), options.episode_trials))
}

/// All patterns of `inputs` inputs, each in the class `class(number of active inputs)` of `classes`. Bit i of the pattern's
/// place is input i.
fn patterns(inputs: u32, class: impl Fn(u32) -> u32, classes: u32) -> Result<Labelled, LabelledError> {
    let places = 0..1_u32 << inputs;
    let numbers =
        places.clone().flat_map(|place| (0..inputs).map(move |input| ((place >> input) & 1) as f32)).collect();
    let labels = places.map(|place| class(place.count_ones()) as u8).collect();
    let input = ArraySpec::f32("observation", &[inputs as usize], 0.0, 1.0);
    Labelled::new(input, Array::F32(numbers), labels, (0..classes).map(|class| class.to_string()).collect())
}

fn two() -> u32 {
    2
}

fn three() -> u32 {
    3
}
