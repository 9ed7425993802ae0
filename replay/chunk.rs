//! Chunks: consecutive steps of one lane, on their way from an actor to the learner.
//!
//! ```text
//! rows    x_0 s_0 │ x_1 s_1 │ x_2 s_2 ▌ x_3 s_3 │ x_4 s_4      ▌ = an episode ended after the row
//! finals                              x'_3                     what was observed when it ended
//! head                                                  x_5    what follows the last row, unless that ended an episode
//! ```
//!
//! An actor writes rows in place; once a chunk has grown to its usual length nothing allocates. Rows stay writable until
//! they leave, so that an event which is recognised late can still change what an earlier step was paid:
//! [`Chunk::move_front`] lets the oldest rows go and holds the others back.

use crate::column::{ColumnId, Role, Schema};
use crate::data::{Data, Element};
use crate::error::ReplayError;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::ops::Range;
use std::sync::Arc;

/// How an episode ended. Both may hold: the last step allowed may reach a terminal state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// A terminal state was reached: nothing follows that could be of value.
    pub terminated: bool,
    /// The episode was cut off: what follows has a value, though it is not experienced.
    pub truncated: bool,
}

/// Consecutive steps of one lane.
// Serde's "remote" derives read and write the fields as they are; the implementations below let in only what fits together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct Chunk {
    schema: Arc<Schema>,
    len: usize,
    /// By column: the rows.
    rows: Vec<Data>,
    endings: usize,
    /// By column: the final observations; nothing for a column of the step.
    finals: Vec<Data>,
    /// By column: the observation after the last row; nothing for a column of the step.
    head: Vec<Data>,
    /// By column: whether the head was written since the last row began.
    head_written: Vec<bool>,
}

impl Chunk {
    /// No step yet.
    pub fn new(schema: Arc<Schema>) -> Self {
        let nothing = || schema.specs().iter().map(|spec| Data::zeros(spec.kind, 0)).collect::<Vec<_>>();
        let mut head = nothing();
        for &column in schema.observations() {
            head[column].append_zeros(schema.elements(column));
        }
        let head_written = vec![false; head.len()];
        Self { len: 0, rows: nothing(), endings: 0, finals: nothing(), head, head_written, schema }
    }

    /// The columns.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Begins a row, all zero, and gives its number. Rows are counted from the oldest in the chunk.
    pub fn push(&mut self) -> usize {
        for (column, rows) in self.rows.iter_mut().enumerate() {
            rows.append_zeros(self.schema.elements(column));
        }
        self.head_written.fill(false);
        self.len += 1;
        self.len - 1
    }

    /// Says that the newest row ended its episode, and makes room for the final observation, all zero.
    ///
    /// # Errors
    /// There is no row, its episode has ended already, or the ending is none.
    pub fn end_episode(&mut self, ending: Ending) -> Result<(), ReplayError> {
        let reason = match self.len.checked_sub(1) {
            None => "the chunk has no row",
            Some(newest) if self.ended(newest) => "the newest row has ended its episode already",
            Some(_) if !ending.terminated && !ending.truncated => "it is neither terminated nor truncated",
            Some(newest) => {
                let (terminated, truncated) = (self.schema.terminated(), self.schema.truncated());
                self.rows[terminated].bytes_mut()[newest] = ending.terminated.into();
                self.rows[truncated].bytes_mut()[newest] = ending.truncated.into();
                for &column in self.schema.observations() {
                    self.finals[column].append_zeros(self.schema.elements(column));
                }
                self.endings += 1;
                return Ok(());
            }
        };
        Err(ReplayError::End { reason })
    }

    /// Cuts the running episode off after the newest row, with the head as its final observation: for an environment that
    /// had to start anew, so that what it shows next is not taken for what followed. Does nothing between episodes.
    ///
    /// # Errors
    /// The head was not written.
    pub fn interrupt(&mut self) -> Result<(), ReplayError> {
        if !self.is_running() {
            return Ok(());
        }
        self.check_head()?;
        self.end_episode(Ending { terminated: false, truncated: true })?;
        for &column in self.schema.observations() {
            let kept = (self.endings - 1) * self.schema.row_bytes(column);
            self.finals[column].bytes_mut()[kept..].copy_from_slice(self.head[column].bytes());
        }
        Ok(())
    }

    /// Forgets all steps and keeps the memory.
    pub fn clear(&mut self) {
        self.rows.iter_mut().chain(&mut self.finals).for_each(Data::clear);
        self.head_written.fill(false);
        (self.len, self.endings) = (0, 0);
    }

    /// Moves the oldest `rows` rows, with their final observations, to the end of `into`, whose head becomes what follows
    /// them.
    ///
    /// # Errors
    /// There are fewer rows, or `into` has other columns. Nothing has moved then.
    pub fn move_front(&mut self, rows: usize, into: &mut Chunk) -> Result<(), ReplayError> {
        Schema::check_same(&into.schema, &self.schema)?;
        if rows > self.len {
            return Err(ReplayError::TooFewRows { asked: rows, rows: self.len });
        }
        if rows == 0 {
            return Ok(());
        }
        let endings = self.endings_before(rows);
        for (column, kept) in self.rows.iter_mut().enumerate() {
            kept.move_front(rows * self.schema.elements(column), &mut into.rows[column]);
        }
        self.len -= rows;
        self.endings -= endings;
        into.len += rows;
        into.endings += endings;
        for &column in self.schema.observations() {
            self.finals[column].move_front(endings * self.schema.elements(column), &mut into.finals[column]);
            let follows = if self.len > 0 { &self.rows[column] } else { &self.head[column] };
            into.head[column].bytes_mut().copy_from_slice(&follows.bytes()[..self.schema.row_bytes(column)]);
            into.head_written[column] = self.len > 0 || self.head_written[column];
        }
        Ok(())
    }

    /// A column of bytes in row `row`.
    ///
    /// # Errors
    /// No such column or row, or the column holds another type.
    pub fn u8_mut(&mut self, column: ColumnId, row: usize) -> Result<&mut [u8], ReplayError> {
        self.row_mut(column, row)
    }

    /// A column of single-precision numbers in row `row`.
    ///
    /// # Errors
    /// No such column or row, or the column holds another type.
    pub fn f32_mut(&mut self, column: ColumnId, row: usize) -> Result<&mut [f32], ReplayError> {
        self.row_mut(column, row)
    }

    /// A column of whole numbers in row `row`.
    ///
    /// # Errors
    /// No such column or row, or the column holds another type.
    pub fn i64_mut(&mut self, column: ColumnId, row: usize) -> Result<&mut [i64], ReplayError> {
        self.row_mut(column, row)
    }

    /// An observation of bytes at the end of the episode that ended last.
    ///
    /// # Errors
    /// No episode has ended; or no such column, not an observation, or of another type.
    pub fn final_u8_mut(&mut self, column: ColumnId) -> Result<&mut [u8], ReplayError> {
        self.final_mut(column)
    }

    /// An observation of single-precision numbers at the end of the episode that ended last.
    ///
    /// # Errors
    /// No episode has ended; or no such column, not an observation, or of another type.
    pub fn final_f32_mut(&mut self, column: ColumnId) -> Result<&mut [f32], ReplayError> {
        self.final_mut(column)
    }

    /// An observation of whole numbers at the end of the episode that ended last.
    ///
    /// # Errors
    /// No episode has ended; or no such column, not an observation, or of another type.
    pub fn final_i64_mut(&mut self, column: ColumnId) -> Result<&mut [i64], ReplayError> {
        self.final_mut(column)
    }

    /// The observation of bytes that follows the last row. To be written anew after each row that ends no episode, before
    /// rows leave.
    ///
    /// # Errors
    /// No such column, not an observation, or of another type.
    pub fn head_u8_mut(&mut self, column: ColumnId) -> Result<&mut [u8], ReplayError> {
        self.head_mut(column)
    }

    /// The observation of single-precision numbers that follows the last row; see [`Chunk::head_u8_mut`].
    ///
    /// # Errors
    /// No such column, not an observation, or of another type.
    pub fn head_f32_mut(&mut self, column: ColumnId) -> Result<&mut [f32], ReplayError> {
        self.head_mut(column)
    }

    /// The observation of whole numbers that follows the last row; see [`Chunk::head_u8_mut`].
    ///
    /// # Errors
    /// No such column, not an observation, or of another type.
    pub fn head_i64_mut(&mut self, column: ColumnId) -> Result<&mut [i64], ReplayError> {
        self.head_mut(column)
    }

    fn row_mut<T: Element>(&mut self, column: ColumnId, row: usize) -> Result<&mut [T], ReplayError> {
        let spec = self.schema.spec(column)?;
        if row >= self.len {
            return Err(ReplayError::Row { row, rows: self.len });
        }
        let elements = self.schema.elements(column.0);
        let rows = T::of_mut(&mut self.rows[column.0]);
        let rows =
            rows.ok_or_else(|| ReplayError::Kind { name: spec.name.clone(), kind: spec.kind, asked: T::KIND })?;
        Ok(&mut rows[row * elements..][..elements])
    }

    fn final_mut<T: Element>(&mut self, column: ColumnId) -> Result<&mut [T], ReplayError> {
        self.schema.check_observation(column, T::KIND)?;
        let begin = self.endings.checked_sub(1).ok_or(ReplayError::NoFinal)? * self.schema.elements(column.0);
        T::of_mut(&mut self.finals[column.0]).and_then(|finals| finals.get_mut(begin..)).ok_or(ReplayError::NoFinal)
    }

    fn head_mut<T: Element>(&mut self, column: ColumnId) -> Result<&mut [T], ReplayError> {
        self.schema.check_observation(column, T::KIND)?;
        self.head_written[column.0] = true;
        Ok(T::of_mut(&mut self.head[column.0]).unwrap_or_default())
    }

    /// Whether row `row` ended an episode.
    pub(crate) fn ended(&self, row: usize) -> bool {
        let flag = |column: usize| self.rows[column].bytes()[row] != 0;
        flag(self.schema.terminated()) || flag(self.schema.truncated())
    }

    /// Whether there are rows and the newest ended no episode.
    pub(crate) fn is_running(&self) -> bool {
        self.len.checked_sub(1).is_some_and(|newest| !self.ended(newest))
    }

    /// How many of the oldest `rows` rows ended an episode.
    pub(crate) fn endings_before(&self, rows: usize) -> usize {
        (0..rows).filter(|&row| self.ended(row)).count()
    }

    /// What follows the last row was written, if it is needed.
    pub(crate) fn check_head(&self) -> Result<(), ReplayError> {
        let mut unwritten = self.schema.observations().iter().filter(|&&column| !self.head_written[column]);
        match unwritten.next().filter(|_| self.is_running()) {
            Some(&column) => {
                Err(ReplayError::NoHead { name: self.schema.specs()[column].name.clone(), rows: self.len })
            }
            None => Ok(()),
        }
    }

    /// The bytes of the rows `rows` of column `column`.
    pub(crate) fn row_bytes(&self, column: usize, rows: Range<usize>) -> &[u8] {
        let width = self.schema.row_bytes(column);
        &self.rows[column].bytes()[rows.start * width..rows.end * width]
    }

    /// The bytes of observation `column` at the end of the `ending`-th episode that ended.
    pub(crate) fn final_bytes(&self, column: usize, ending: usize) -> &[u8] {
        let width = self.schema.row_bytes(column);
        &self.finals[column].bytes()[ending * width..][..width]
    }

    /// The bytes of observation `column` after the last row.
    pub(crate) fn head_bytes(&self, column: usize) -> &[u8] {
        self.head[column].bytes()
    }

    /// Whether the parts fit together, as they must whatever a file says.
    fn check_whole(&self) -> Result<(), String> {
        let specs = self.schema.specs();
        let holds = |data: &[Data], column: usize, rows: usize| {
            data[column].kind() == specs[column].kind
                && rows.checked_mul(self.schema.elements(column)) == Some(data[column].len())
        };
        if [self.rows.len(), self.finals.len(), self.head.len(), self.head_written.len()] != [specs.len(); 4] {
            return Err("the chunk has another number of columns than its schema".into());
        }
        for (column, spec) in specs.iter().enumerate() {
            let observed = usize::from(spec.role == Role::Observation);
            let (finals, head) = (self.endings.saturating_mul(observed), observed);
            if !holds(&self.rows, column, self.len)
                || !holds(&self.finals, column, finals)
                || !holds(&self.head, column, head)
            {
                return Err(format!("column `{}` of the chunk has another length than its rows", spec.name));
            }
        }
        let endings = self.endings_before(self.len);
        if endings != self.endings {
            return Err(format!("the chunk has {endings} ends of episodes and {} final observations", self.endings));
        }
        Ok(())
    }
}

impl Serialize for Chunk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Chunk::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Chunk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let chunk = Chunk::deserialize(deserializer)?;
        chunk.check_whole().map_err(de::Error::custom)?;
        Ok(chunk)
    }
}
