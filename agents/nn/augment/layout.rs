//! Where the weights of [`Augment`](super::Augment) lie in one flat vector.

use super::AugmentSpec;
use crate::credit::Reciprocity;
use std::ops::Range;

/// The sizes, and the place of each part. The Tags have the same places; feedback weights, which come last, have none.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) inputs: usize,
    pub(super) regular: usize,
    pub(super) memory: usize,
    pub(super) actions: usize,
    /// V^R, `[regular, inputs]`.
    pub(super) regular_weights: Range<usize>,
    /// b, `[regular]`.
    pub(super) regular_biases: Range<usize>,
    /// V^M, `[memory, 2 · inputs]`.
    pub(super) memory_weights: Range<usize>,
    /// c, `[actions]`.
    pub(super) output_biases: Range<usize>,
    /// W^R, `[actions, regular]`, and W^M, `[actions, memory]`, right after it.
    pub(super) output_weights: Range<usize>,
    /// The weights w′ of their own, laid out as these; empty where feedback is tied.
    pub(super) feedback: Range<usize>,
}

impl Layout {
    pub(super) fn new(spec: &AugmentSpec, inputs: usize, actions: usize) -> Self {
        let (regular, memory) = (spec.regular, spec.memory);
        let mut end = 0;
        let mut part = |elements: usize| {
            end += elements;
            end - elements..end
        };
        let outputs = actions * (regular + memory);
        Self {
            inputs,
            regular,
            memory,
            actions,
            regular_weights: part(regular * inputs),
            regular_biases: part(regular),
            memory_weights: part(memory * 2 * inputs),
            output_biases: part(actions),
            output_weights: part(outputs),
            feedback: part(if spec.feedback == Reciprocity::Tied { 0 } else { outputs }),
        }
    }

    /// Number of weights.
    pub(super) fn parameters(&self) -> usize {
        self.feedback.end
    }

    /// Number of weights with a Tag.
    pub(super) fn tagged(&self) -> usize {
        self.output_weights.end
    }

    /// The weights to output `action` from regular and from memory units.
    pub(super) fn output_rows(&self, action: usize) -> (Range<usize>, Range<usize>) {
        self.rows(self.output_weights.start, action)
    }

    /// The weights w′ that carry feedback from output `action` to regular and to memory units.
    pub(super) fn feedback_rows(&self, action: usize) -> (Range<usize>, Range<usize>) {
        let of_its_own = !self.feedback.is_empty();
        self.rows(if of_its_own { self.feedback.start } else { self.output_weights.start }, action)
    }

    fn rows(&self, start: usize, action: usize) -> (Range<usize>, Range<usize>) {
        let regular = start + action * self.regular;
        let memory = start + self.actions * self.regular + action * self.memory;
        (regular..regular + self.regular, memory..memory + self.memory)
    }

    /// Name, shape and place of each part, in order.
    pub(super) fn tensors(&self) -> impl Iterator<Item = (&'static str, Vec<usize>, Range<usize>)> {
        let Self { inputs, regular, memory, actions, .. } = *self;
        let outputs = |range: &Range<usize>| {
            let middle = (range.start + actions * regular).min(range.end);
            (range.start..middle, middle..range.end)
        };
        let (from_regular, from_memory) = outputs(&self.output_weights);
        let (to_regular, to_memory) = outputs(&self.feedback);
        let own = if self.feedback.is_empty() { 6 } else { 8 };
        [
            ("regular.weight", vec![regular, inputs], self.regular_weights.clone()),
            ("regular.bias", vec![regular], self.regular_biases.clone()),
            ("memory.weight", vec![memory, 2 * inputs], self.memory_weights.clone()),
            ("output.bias", vec![actions], self.output_biases.clone()),
            ("output.regular.weight", vec![actions, regular], from_regular),
            ("output.memory.weight", vec![actions, memory], from_memory),
            ("feedback.regular.weight", vec![actions, regular], to_regular),
            ("feedback.memory.weight", vec![actions, memory], to_memory),
        ]
        .into_iter()
        .take(own)
    }
}
