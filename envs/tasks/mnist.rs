//! `MNIST`: handwritten digits of 28x28 pixels, or any other set of labelled pictures in the same files.
//!
//! LeCun, Bottou, Bengio & Haffner, "Gradient-based learning applied to document recognition" (1998). Fashion-MNIST, EMNIST
//! and others come in the same four files, which lie in one folder, each as it is or gzipped (`.gz`):
//!
//! | Split | Pictures | Labels |
//! |---|---|---|
//! | `"train"` | `train-images-idx3-ubyte` | `train-labels-idx1-ubyte` |
//! | `"test"` | `t10k-images-idx3-ubyte` | `t10k-labels-idx1-ubyte` |
//!
//! | Action | Meaning |
//! |---|---|
//! | 0 to `classes` − 1 | the class (10) |
//!
//! | Observation | Kind, shape | Meaning |
//! |---|---|---|
//! | `frame` | u8 `[1, height, width]` | the picture (28x28), 0 background to 255 ink |
//!
//! Reward and end stand in [`classification`](super::classification). The pictures are held in memory once for all
//! environments that show them.

use super::classification::Classification;
use super::idx::{Idx, IdxError};
use super::labelled::{Labelled, Split};
use super::{TaskError, one, within};
use crate::array::{Array, ArraySpec};
use documented::DocumentedFields;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

const TRAIN: [&str; 2] = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"];
const TEST: [&str; 2] = ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// Options of `MNIST`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct MnistOptions {
    /// The folder of the IDX files `train-images-idx3-ubyte` and so on. A relative path starts from the current directory;
    /// a run remembers the whole path.
    #[serde(deserialize_with = "crate::options::absolute")]
    pub path: PathBuf,
    /// Which pictures are shown: "train", "test" or "all".
    #[serde(default)]
    pub split: Split,
    /// Number of classes, 1 to 256; a label beyond is refused.
    #[serde(default = "ten")]
    pub classes: u32,
    /// Trials of an episode, one step each; with 1 the mean return is the accuracy.
    #[serde(default = "one")]
    pub episode_trials: NonZeroU32,
}

impl MnistOptions {
    /// The training pictures in the folder `path`, all else at its default.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), split: Split::Train, classes: ten(), episode_trials: one() }
    }
}

/// The pictures of `split` in the folder `path`, in `classes` classes.
///
/// # Errors
/// A file is missing, damaged or of another format, the two files of a split do not belong together, or a label is no class.
pub fn mnist(path: &Path, split: Split, classes: u32) -> Result<Labelled, TaskError> {
    let classes = within("classes", classes, 1, 256)?;
    let names: &[[&'static str; 2]] = match split {
        Split::Train => &[TRAIN],
        Split::Test => &[TEST],
        Split::All => &[TRAIN, TEST],
    };
    let (mut pixels, mut labels, mut size) = (Vec::new(), Vec::new(), [0, 0]);
    for [images_name, labels_name] in names {
        let (images_path, mut these) = Idx::find(path, images_name, 3)?;
        let (labels_path, mut theirs) = Idx::find(path, labels_name, 1)?;
        if these.shape[0] != theirs.shape[0] {
            let (images, labels) = (these.shape[0], theirs.shape[0]);
            return Err(IdxError::Counts { images_path, images, labels_path, labels }.into());
        }
        size = [these.shape[1], these.shape[2]];
        pixels.append(&mut these.bytes);
        labels.append(&mut theirs.bytes);
    }
    let input = ArraySpec::u8("frame", &[1, size[0], size[1]]);
    let classes = (0..classes).map(|class| class.to_string()).collect();
    Labelled::new(input, Array::U8(pixels), labels, classes)
        .map_err(|error| TaskError::Pictures { folder: path.into(), error })
}

/// What decides which pictures are shown: folder, split, number of classes.
type Key = (PathBuf, Split, u32);

/// Sets of pictures that were read, so that environments of equal options share one.
#[derive(Default)]
pub struct Mnists {
    shelf: Mutex<Vec<(Key, Weak<Labelled>)>>,
}

impl Mnists {
    /// The environment `MNIST` of these options; its pictures are read unless another environment shows them.
    ///
    /// # Errors
    /// As [`mnist`].
    pub fn env(&self, options: MnistOptions) -> Result<Classification, TaskError> {
        let MnistOptions { path, split, classes, episode_trials } = options;
        let patterns = self.get((path, split, classes))?;
        Ok(Classification::new("MNIST", patterns, episode_trials))
    }

    fn get(&self, key: Key) -> Result<Arc<Labelled>, TaskError> {
        let mut shelf = self.shelf.lock();
        shelf.retain(|(_, patterns)| patterns.strong_count() > 0);
        if let Some(patterns) = shelf.iter().find(|(other, _)| *other == key).and_then(|(_, held)| held.upgrade()) {
            return Ok(patterns);
        }
        let patterns = Arc::new(mnist(&key.0, key.1, key.2)?);
        shelf.push((key, Arc::downgrade(&patterns)));
        Ok(patterns)
    }
}

fn ten() -> u32 {
    10
}
