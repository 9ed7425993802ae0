//! `Digits`: 1,797 handwritten digits of 8x8 pixels, the small classification task that comes with the crate.
//!
//! Alpaydin & Kaynak, "Optical recognition of handwritten digits" (1998), in the order and form in which scikit-learn ships
//! the test set; source and licence stand in `data/README.md`.
//!
//! | Action | Meaning |
//! |---|---|
//! | 0 to 9 | the digit |
//!
//! | Observation | Kind, shape | Meaning |
//! |---|---|---|
//! | `observation` | f32 `[1, 8, 8]` | ink of each pixel, 0 to 1 (multiples of 1/16) |
//!
//! `split = "train"` shows the first 1,400 of them, `"test"` the last 397. Reward and end stand in
//! [`classification`](super::classification).

use super::classification::Classification;
use super::idx::Idx;
use super::labelled::{Labelled, Split};
use super::{TaskError, one};
use crate::array::{Array, ArraySpec};
use documented::DocumentedFields;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

/// The first patterns are for training.
const TRAINING: usize = 1400;
/// The ink of a black pixel.
const BLACK: f32 = 16.0;

/// Options of `Digits`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct DigitsOptions {
    /// Which digits are shown: "train" (the first 1,400), "test" (the last 397) or "all".
    #[serde(default)]
    pub split: Split,
    /// Trials of an episode, one step each; with 1 the mean return is the accuracy.
    #[serde(default = "one")]
    pub episode_trials: NonZeroU32,
}

/// The digits of `split`.
///
/// # Errors
/// The crate was built with damaged data.
pub fn digits(split: Split) -> Result<Labelled, TaskError> {
    let read = |name: &str, bytes: &[u8], dimensions| Idx::parse(Path::new(name), bytes, dimensions);
    let images = read("digits-images-idx3-ubyte", include_bytes!("../data/digits-images-idx3-ubyte"), 3)?;
    let labels = read("digits-labels-idx1-ubyte", include_bytes!("../data/digits-labels-idx1-ubyte"), 1)?;
    let count = labels.bytes.len();
    let shown = match split {
        Split::Train => 0..TRAINING.min(count),
        Split::Test => TRAINING.min(count)..count,
        Split::All => 0..count,
    };
    let input = ArraySpec::f32("observation", &[1, images.shape[1], images.shape[2]], 0.0, 1.0);
    let pixels = images.bytes.iter().skip(shown.start * input.len()).take(shown.len() * input.len());
    let pixels = pixels.map(|ink| f32::from(*ink) / BLACK).collect();
    let classes = (0..10).map(|digit| digit.to_string()).collect();
    Ok(Labelled::new(input, Array::F32(pixels), labels.bytes[shown].to_vec(), classes)?)
}

/// The environment `Digits`.
///
/// # Errors
/// As [`digits`].
pub fn env(options: DigitsOptions) -> Result<Classification, TaskError> {
    Ok(Classification::new("Digits", Arc::new(digits(options.split)?), options.episode_trials))
}
