//! Batches: sampled transitions in memory that is allocated once.
//!
//! An observation with a history is shown as `[size, history, …]`, oldest first.

use crate::column::{ColumnId, Role, Schema};
use crate::data::{Data, Element};
use crate::error::ReplayError;
use std::sync::Arc;

/// Where a transition lies in a replay, until the next insertion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The lane.
    pub lane: usize,
    /// The row within the lane, counted from the oldest.
    pub row: usize,
}

/// A number of transitions, column by column: each `[size, …]` in row-major order.
#[derive(Clone, Debug)]
pub struct Batch {
    pub(crate) schema: Arc<Schema>,
    pub(crate) places: Vec<Place>,
    pub(crate) ordinals: Vec<u64>,
    /// By column: the values.
    pub(crate) values: Vec<Data>,
    /// By column: the values after the step; nothing for a column of the step.
    pub(crate) next: Vec<Data>,
    /// Where the rows lie in the columns of the replay, counted over all lanes, and where the rows after them do.
    pub(crate) slots: Vec<usize>,
    pub(crate) next_slots: Vec<usize>,
}

impl Batch {
    /// Memory for `size` transitions, all zero.
    pub fn new(schema: &Arc<Schema>, size: usize) -> Self {
        let specs = schema.specs().iter().enumerate();
        let values = specs.clone().map(|(column, spec)| Data::zeros(spec.kind, size * schema.shown(column)));
        let next = specs.map(|(column, spec)| match spec.role {
            Role::Observation => Data::zeros(spec.kind, size * schema.shown(column)),
            Role::Step => Data::zeros(spec.kind, 0),
        });
        Self {
            places: vec![Place::default(); size],
            ordinals: vec![0; size],
            values: values.collect(),
            next: next.collect(),
            slots: vec![0; size],
            next_slots: vec![0; size],
            schema: schema.clone(),
        }
    }

    /// Number of transitions.
    pub fn size(&self) -> usize {
        self.places.len()
    }

    /// Where each transition lay when it was gathered, `[size]`.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The ordinal of each transition in its lane, `[size]`: how many the lane had been given before it. Unlike a row's
    /// number it does not change when others are forgotten.
    pub fn ordinals(&self) -> &[u64] {
        &self.ordinals
    }

    /// Whether each transition reached a terminal state: 0 or 1, `[size]`.
    pub fn terminated(&self) -> &[u8] {
        self.values[self.schema.terminated()].bytes()
    }

    /// Whether the episode was cut off after each transition: 0 or 1, `[size]`.
    pub fn truncated(&self) -> &[u8] {
        self.values[self.schema.truncated()].bytes()
    }

    /// A column of bytes, `[size, …]`; of an observation, the value before the step.
    ///
    /// # Errors
    /// No such column, or it holds another type.
    pub fn u8(&self, column: ColumnId) -> Result<&[u8], ReplayError> {
        self.values(column)
    }

    /// A column of single-precision numbers, `[size, …]`; of an observation, the value before the step.
    ///
    /// # Errors
    /// No such column, or it holds another type.
    pub fn f32(&self, column: ColumnId) -> Result<&[f32], ReplayError> {
        self.values(column)
    }

    /// A column of whole numbers, `[size, …]`; of an observation, the value before the step.
    ///
    /// # Errors
    /// No such column, or it holds another type.
    pub fn i64(&self, column: ColumnId) -> Result<&[i64], ReplayError> {
        self.values(column)
    }

    /// An observation of bytes after the step, `[size, …]`: the final one of the episode if the step ended it.
    ///
    /// # Errors
    /// No such column, not an observation, or of another type.
    pub fn next_u8(&self, column: ColumnId) -> Result<&[u8], ReplayError> {
        self.next_values(column)
    }

    /// An observation of single-precision numbers after the step, `[size, …]`; see [`Batch::next_u8`].
    ///
    /// # Errors
    /// No such column, not an observation, or of another type.
    pub fn next_f32(&self, column: ColumnId) -> Result<&[f32], ReplayError> {
        self.next_values(column)
    }

    /// An observation of whole numbers after the step, `[size, …]`; see [`Batch::next_u8`].
    ///
    /// # Errors
    /// No such column, not an observation, or of another type.
    pub fn next_i64(&self, column: ColumnId) -> Result<&[i64], ReplayError> {
        self.next_values(column)
    }

    fn values<T: Element>(&self, column: ColumnId) -> Result<&[T], ReplayError> {
        let spec = self.schema.spec(column)?;
        let kind = || ReplayError::Kind { name: spec.name.clone(), kind: spec.kind, asked: T::KIND };
        T::of(&self.values[column.0]).ok_or_else(kind)
    }

    fn next_values<T: Element>(&self, column: ColumnId) -> Result<&[T], ReplayError> {
        self.schema.check_observation(column, T::KIND)?;
        Ok(T::of(&self.next[column.0]).unwrap_or_default())
    }
}
