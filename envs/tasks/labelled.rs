//! Labelled patterns: inputs of one shape, each with the number of its class.

use crate::array::{Array, ArraySpec};
use serde::{Deserialize, Serialize};

/// Patterns and their classes, the data of a [classification](super::Classification) task.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    input: ArraySpec,
    inputs: Array,
    labels: Vec<u8>,
    classes: Vec<String>,
    digest: u64,
}

/// Which patterns of a set are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Those that are meant to be learned from.
    #[default]
    Train,
    /// Those that are kept back to test what was learned.
    Test,
    /// All of them, in that order.
    All,
}

/// Why patterns and labels do not make a task.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelledError {
    /// There is no pattern.
    #[error("there is no pattern to show")]
    Empty,
    /// The inputs do not have one pattern for each label.
    #[error("{numbers} numbers do not make {labels} patterns of {each} numbers each (`{name}`)")]
    Length {
        /// The input's name.
        name: String,
        /// Elements found.
        numbers: usize,
        /// Labels found.
        labels: usize,
        /// Elements of one pattern.
        each: usize,
    },
    /// A label that is no class.
    #[error("pattern {place} has the label {label}, but there are {classes} classes (allowed: 0 to {last})", last = classes - 1)]
    Label {
        /// The pattern.
        place: usize,
        /// Its label.
        label: u8,
        /// Number of classes.
        classes: usize,
    },
}

impl Labelled {
    /// The patterns `inputs`, one after another, each as `input` says; `labels[i]` numbers the class of pattern `i` among
    /// `classes`.
    ///
    /// # Errors
    /// There is no pattern, the lengths or kinds do not agree, or a label is no class.
    pub fn new(input: ArraySpec, inputs: Array, labels: Vec<u8>, classes: Vec<String>) -> Result<Self, LabelledError> {
        if labels.is_empty() || input.is_empty() || classes.is_empty() {
            return Err(LabelledError::Empty);
        }
        let numbers = if inputs.kind() == input.kind { inputs.len() } else { 0 };
        if numbers != labels.len() * input.len() {
            let (name, each) = (input.name.clone(), input.len());
            return Err(LabelledError::Length { name, numbers, labels: labels.len(), each });
        }
        if let Some((place, label)) = labels.iter().enumerate().find(|(_, label)| usize::from(**label) >= classes.len())
        {
            return Err(LabelledError::Label { place, label: *label, classes: classes.len() });
        }
        let digest = digest(&inputs, &labels);
        Ok(Self { input, inputs, labels, classes, digest })
    }

    /// Number of patterns.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Never: there is at least one pattern.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Name, kind, shape and bounds of one pattern.
    pub fn input(&self) -> &ArraySpec {
        &self.input
    }

    /// All patterns, one after another.
    pub fn inputs(&self) -> &Array {
        &self.inputs
    }

    /// The class of each pattern.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The class of pattern `place`.
    pub fn label(&self, place: usize) -> usize {
        self.labels[place].into()
    }

    /// The names of the classes, in the order of their numbers.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Writes pattern `place` as it is. Answers with whether `array` has its kind and length.
    pub fn write(&self, place: usize, array: &mut Array) -> bool {
        let each = self.input.len();
        let range = place * each..(place + 1) * each;
        match (&self.inputs, array) {
            (Array::U8(all), Array::U8(one)) if one.len() == each => one.copy_from_slice(&all[range]),
            (Array::F32(all), Array::F32(one)) if one.len() == each => one.copy_from_slice(&all[range]),
            _ => return false,
        }
        true
    }

    /// Writes pattern `place` as networks take it: numbers as they are, bytes divided by 255. `numbers` has one element for
    /// each of the pattern's; what is beyond stays as it was.
    pub fn scaled(&self, place: usize, numbers: &mut [f32]) {
        let each = self.input.len();
        let range = place * each..(place + 1) * each;
        match &self.inputs {
            Array::U8(all) => numbers.iter_mut().zip(&all[range]).for_each(|(n, byte)| *n = f32::from(*byte) / 255.0),
            Array::F32(all) => numbers.iter_mut().zip(&all[range]).for_each(|(n, number)| *n = *number),
        }
    }

    /// A number that other patterns hardly have.
    pub fn digest(&self) -> u64 {
        self.digest
    }
}

/// The 64-bit FNV-1a hash of the patterns and the labels.
fn digest(inputs: &Array, labels: &[u8]) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = labels.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| step(hash, *byte));
    match inputs {
        Array::U8(bytes) => bytes.iter().fold(hash, |hash, byte| step(hash, *byte)),
        Array::F32(numbers) => numbers.iter().flat_map(|number| number.to_le_bytes()).fold(hash, step),
    }
}
