//! The replay: the latest transitions of every lane.
//!
//! ```text
//! rows per lane = ⌊capacity / lanes⌋
//! memory        = lanes · (rows per lane + longest history) · bytes of a row  +  final observations of the episodes present
//! ```
//!
//! Each column is one block of memory (or those of observations are segments on disk, see `segments.rs`), `[lanes, slots, …]`, and each lane's part of it a ring. One slot more than there are rows is
//! the head: the observation after the newest row lies where that of the next row will. Where observations have a history of k, k − 1
//! more slots keep what the oldest rows still show: a stack of k observations costs no more memory than one. The slot of a row is its
//! ordinal modulo the slots of a lane.

use crate::chunk::Chunk;
use crate::column::{Role, Schema};
use crate::data::Data;
use crate::error::ReplayError;
use crate::finals::Finals;
use crate::lane::{Lane, write};
use crate::memory::Summary;
use crate::segments::Segments;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// The latest transitions of every lane.
#[derive(Clone, Debug)]
pub struct Replay {
    pub(crate) schema: Arc<Schema>,
    /// By column: the rows of all lanes; nothing of observations that are on disk.
    pub(crate) columns: Vec<Data>,
    /// The observations, if they are on disk.
    pub(crate) segments: Option<Segments>,
    pub(crate) lanes: Vec<Lane>,
    /// Slots of a lane: its tail, its rows and the head.
    pub(crate) slots: usize,
    /// Rows of the longest lane.
    pub(crate) longest: usize,
}

impl Replay {
    /// An empty replay that holds the latest `capacity` transitions over all `lanes`. If they cannot be shared out evenly,
    /// the capacity is rounded down; [`Replay::capacity`] tells what it is. The memory is reserved at once, and taken as it
    /// fills.
    ///
    /// # Errors
    /// No lane, less than one transition for each, or more memory than can be had.
    pub fn new(schema: Arc<Schema>, lanes: usize, capacity: usize) -> Result<Self, ReplayError> {
        Self::build(schema, lanes, capacity, None)
    }

    /// The same with observations on disk, in files of `segment` rows, but for the newest rows: for more than fits into memory. It
    /// holds and draws the same to the last bit. Files are written once [`Replay::keep_in`] has said where; until then all is in memory.
    ///
    /// # Errors
    /// As for [`Replay::new`], or segments without a row.
    pub fn on_disk(schema: Arc<Schema>, lanes: usize, capacity: usize, segment: usize) -> Result<Self, ReplayError> {
        if segment == 0 {
            return Err(ReplayError::Segment);
        }
        Self::build(schema, lanes, capacity, Some(segment))
    }

    fn build(schema: Arc<Schema>, lanes: usize, capacity: usize, segment: Option<usize>) -> Result<Self, ReplayError> {
        let rows = capacity.checked_div(lanes).unwrap_or(0);
        if rows == 0 {
            return Err(ReplayError::Capacity { capacity, lanes });
        }
        let slots = rows.saturating_add(1).saturating_add(schema.tail());
        let zeros = |(column, spec): (usize, &crate::column::ColumnSpec)| {
            let on_disk = segment.is_some() && spec.role == Role::Observation;
            let slots = if on_disk { 0 } else { slots };
            let elements = schema.elements(column).checked_mul(slots)?.checked_mul(lanes)?;
            Data::try_zeros(spec.kind, elements)
        };
        let columns = schema.specs().iter().enumerate().map(zeros).collect::<Option<Vec<_>>>();
        let width = |column: usize| if schema.observations().contains(&column) { schema.row_bytes(column) } else { 0 };
        let widths: Vec<usize> = (0..schema.specs().len()).map(width).collect();
        let segments = match segment {
            None => Some(None),
            Some(segment) => Segments::new(segment, lanes, slots, &widths).map(Some),
        };
        let (columns, segments) = columns.zip(segments).ok_or_else(|| {
            let row: u128 = (0..schema.specs().len()).map(|column| schema.row_bytes(column) as u128).sum();
            let bytes = row.saturating_mul(slots as u128).saturating_mul(lanes as u128);
            ReplayError::Memory { capacity, bytes }
        })?;
        let lanes = (0..lanes).map(|_| Lane::new(Finals::new(&schema))).collect();
        Ok(Self { schema, columns, segments, lanes, slots, longest: 0 })
    }

    /// The columns.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Transitions stored, over all lanes.
    pub fn len(&self) -> usize {
        self.lanes.iter().map(|lane| lane.len).sum()
    }

    /// Whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.longest == 0
    }

    /// Transitions that fit, over all lanes.
    pub fn capacity(&self) -> usize {
        self.rows_per_lane() * self.lanes.len()
    }

    /// Has observations that are on disk lie in `folder` from now on, which is made if it is not there; segments of other replays that lie
    /// there are removed. Does nothing if all is in memory.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn keep_in(&mut self, folder: &Path) -> Result<(), ReplayError> {
        self.segments.as_mut().map_or(Ok(()), |segments| segments.keep_in(folder))
    }

    /// Whether a file of this name holds observations of a replay: written once, never changed, and shared by links.
    pub fn is_segment(name: &str) -> bool {
        Segments::is_file(name)
    }

    /// Number of lanes.
    pub fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// Transitions stored in lane `lane`: its rows are 0, the oldest, to this number less one.
    ///
    /// # Errors
    /// There is no such lane.
    pub fn lane_len(&self, lane: usize) -> Result<usize, ReplayError> {
        self.check_lane(lane)?;
        Ok(self.lanes[lane].len)
    }

    /// Bytes allocated for what is stored.
    pub fn memory(&self) -> usize {
        self.summary().total()
    }

    /// Capacity and memory, to be shown to the user.
    pub fn summary(&self) -> Summary {
        let of = |role: Role| {
            let columns = self.columns.iter().zip(self.schema.specs()).filter(|(_, spec)| spec.role == role);
            columns.map(|(data, _)| data.bytes().len()).sum()
        };
        let (open, on_disk) = self.segments.as_ref().map_or((0, 0), Segments::memory);
        Summary {
            capacity: self.capacity(),
            observations: of(Role::Observation) + open,
            on_disk,
            steps: of(Role::Step),
            finals: self.lanes.iter().map(|lane| lane.finals.memory()).sum(),
        }
    }

    /// Appends the steps of `chunk`, which follow on from what lane `lane` holds, and forgets the oldest if there is no
    /// more room.
    ///
    /// # Errors
    /// No such lane, other columns, or a chunk that lacks the observation after its last row; nothing has changed then. Or
    /// no memory for the final observations, or a disk that refuses observations; the replay is then not to be gone on with.
    pub fn insert(&mut self, lane: usize, chunk: &Chunk) -> Result<(), ReplayError> {
        self.check_lane(lane)?;
        Schema::check_same(&self.schema, chunk.schema())?;
        chunk.check_head()?;
        // Of a chunk longer than the lane, what would be forgotten at once is passed over, though it counts, and though the last
        // of it may be seen in the rows after it.
        let passed = chunk.len().saturating_sub(self.rows_per_lane());
        let unseen = passed.saturating_sub(self.schema.tail());
        let rows = passed..chunk.len();
        let endings = chunk.endings_before(chunk.len());
        let passed_endings = chunk.endings_before(passed);
        self.make_room(lane, rows.len(), endings - passed_endings)?;
        self.write_rows(lane, chunk, unseen)?;

        let (slots, tail) = (self.slots, self.schema.tail());
        let ring = &mut self.lanes[lane];
        if passed > 0 {
            // Nothing else is left of the lane then.
            ring.start = (ring.start + passed) % slots;
            ring.tail = if unseen > 0 { tail } else { (ring.tail + passed).min(tail) };
            ring.first += passed as u64;
        }
        let next_ordinal = ring.next_ordinal();
        for (row, ending) in rows.clone().filter(|&row| chunk.ended(row)).zip(passed_endings..) {
            ring.finals.push(next_ordinal + (row - passed) as u64);
            let newest = ring.finals.len() - 1;
            for &column in self.schema.observations() {
                let width = self.schema.row_bytes(column);
                ring.finals.bytes_mut(column, width, newest).copy_from_slice(chunk.final_bytes(column, ending));
            }
        }
        ring.len += rows.len();
        self.longest = self.longest.max(ring.len);
        if chunk.is_running() {
            for &column in self.schema.clone().observations() {
                self.head_mut(lane, column, |head| head.copy_from_slice(chunk.head_bytes(column)));
            }
        }
        Ok(())
    }

    /// Cuts the running episode of lane `lane` off after its newest transition, with the head as its final observation:
    /// for an environment that had to start anew. Does nothing between episodes. If a chunk still holds later steps of the
    /// lane, it is that chunk which is to be interrupted.
    ///
    /// # Errors
    /// No such lane, or no memory for the final observation.
    pub fn interrupt(&mut self, lane: usize) -> Result<(), ReplayError> {
        self.check_lane(lane)?;
        if !self.is_running(lane) {
            return Ok(());
        }
        self.make_room(lane, 0, 1)?;
        let ring = &mut self.lanes[lane];
        let (newest, head) = (ring.slot(ring.len - 1, self.slots), ring.slot(ring.len, self.slots));
        ring.finals.push(ring.next_ordinal() - 1);
        let place = ring.finals.len() - 1;
        for &column in self.schema.observations() {
            let width = self.schema.row_bytes(column);
            let head = match &self.segments {
                Some(segments) => segments.row(lane, column, head),
                None => &self.columns[column].bytes()[self.bytes_of(lane, column, head)],
            };
            self.lanes[lane].finals.bytes_mut(column, width, place).copy_from_slice(head);
        }
        let flag = self.bytes_of(lane, self.schema.truncated(), newest);
        self.columns[self.schema.truncated()].bytes_mut()[flag].fill(1);
        Ok(())
    }

    /// Rows that a lane holds at most.
    pub(crate) fn rows_per_lane(&self) -> usize {
        self.slots - 1 - self.schema.tail()
    }

    /// Whether lane `lane` holds rows and the newest ended no episode, so that its head is what follows.
    pub(crate) fn is_running(&self, lane: usize) -> bool {
        let ring = &self.lanes[lane];
        ring.len.checked_sub(1).is_some_and(|newest| !self.ended(lane, ring.slot(newest, self.slots)))
    }

    /// Where slot `slot` of lane `lane` lies in the bytes of column `column`.
    pub(crate) fn bytes_of(&self, lane: usize, column: usize, slot: usize) -> Range<usize> {
        let width = self.schema.row_bytes(column);
        let begin = (lane * self.slots + slot) * width;
        begin..begin + width
    }

    /// Where lane `lane` lies in the bytes of column `column`.
    pub(crate) fn bytes_of_lane(&self, lane: usize, column: usize) -> Range<usize> {
        let bytes = self.slots * self.schema.row_bytes(column);
        lane * bytes..(lane + 1) * bytes
    }

    pub(crate) fn check_lane(&self, lane: usize) -> Result<(), ReplayError> {
        if lane < self.lanes.len() { Ok(()) } else { Err(ReplayError::Lane { lane, lanes: self.lanes.len() }) }
    }

    /// Forgets as many of the oldest rows of lane `lane` as `rows` more need, and reserves memory for `endings` more final
    /// observations.
    pub(crate) fn make_room(&mut self, lane: usize, rows: usize, endings: usize) -> Result<(), ReplayError> {
        let (capacity, limit, tail) = (self.capacity(), self.rows_per_lane(), self.schema.tail());
        let ring = &mut self.lanes[lane];
        ring.forget((ring.len + rows).saturating_sub(limit), self.slots, tail);
        if ring.finals.reserve(&self.schema, endings, limit) {
            return Ok(());
        }
        let row: usize = self.schema.observations().iter().map(|&column| self.schema.row_bytes(column)).sum();
        let bytes = self.memory() as u128 + row as u128 * (self.lanes[lane].finals.len() + endings) as u128;
        Err(ReplayError::Memory { capacity, bytes })
    }

    /// What was observed at slot `slot` of lane `lane`.
    #[inline]
    pub(crate) fn observation(&self, lane: usize, column: usize, slot: usize) -> &[u8] {
        match &self.segments {
            None => &self.columns[column].bytes()[self.bytes_of(lane, column, slot)],
            Some(segments) => segments.row(lane, column, slot),
        }
    }

    /// Has `write` write the head of lane `lane`.
    pub(crate) fn head_mut<T>(&mut self, lane: usize, column: usize, write: impl FnOnce(&mut [u8]) -> T) -> T {
        let slot = self.lanes[lane].slot(self.lanes[lane].len, self.slots);
        let place = self.bytes_of(lane, column, slot);
        match &mut self.segments {
            None => write(&mut self.columns[column].bytes_mut()[place]),
            Some(segments) => write(segments.head_mut(lane, column, slot)),
        }
    }

    /// Copies the rows of `chunk` behind the newest row of lane `lane`; nobody will see those before row `unseen`.
    fn write_rows(&mut self, lane: usize, chunk: &Chunk, unseen: usize) -> Result<(), ReplayError> {
        let ring = &self.lanes[lane];
        let (slot, next) = ((ring.start + ring.len + unseen) % self.slots, ring.next_ordinal());
        for (column, spec) in self.schema.specs().iter().enumerate() {
            let width = self.schema.row_bytes(column);
            match &mut self.segments {
                Some(segments) if spec.role == Role::Observation => {
                    let rows = chunk.row_bytes(column, 0..chunk.len()).chunks_exact(width);
                    for (ordinal, row) in (next..).zip(rows) {
                        segments.write_row(lane, column, ordinal, row)?;
                    }
                }
                _ => {
                    let place = self.bytes_of_lane(lane, column);
                    let ring = &mut self.columns[column].bytes_mut()[place];
                    write(ring, slot * width, chunk.row_bytes(column, unseen..chunk.len()));
                }
            }
        }
        Ok(())
    }
}
