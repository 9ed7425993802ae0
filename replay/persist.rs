//! Persistence: a replay as a safetensors file, which Python reads with `safetensors.numpy.load_file`.
//!
//! ```text
//! lane/first    i64 [lanes]              ordinal of each lane's oldest transition
//! lane/length   i64 [lanes]              transitions of each lane
//! lane/tail     i64 [lanes]              rows before them that are kept for what is seen of them later
//! rows/NAME         [lanes, rows, …]     each column, the tail and then the oldest first, zero from the lane's end on
//! open/NAME         [lanes, segment, …]  in its place, of an observation that is on disk: the rows of the segment that is not yet full
//! final/NAME        [episodes, …]        each observation at the end of the k-th transition with terminated or truncated,
//!                                        in the order of rows/terminated, those of tails left out
//! head/NAME         [lanes, …]           each observation after the newest transition, zero if that ended an episode
//! ```
//!
//! `rows` is the length of the longest lane with its tail, so that a young replay makes a small file. Equal contents make equal bytes,
//! whatever the rings' positions: rows are written from the oldest on. They go to the file and come from it piece by piece;
//! nothing is held twice. Segments that are full already lie beside the file, as links to those that the replay goes on to read.

use crate::archive::Archive;
use crate::column::{Kind, Schema};
use crate::error::ReplayError;
use crate::lane::{pieces, wrap};
use crate::replay::Replay;
use crate::segments::Segments;
use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;
use std::sync::Arc;

// Safetensors files are little-endian, and so is the memory that is copied to and from them.
#[cfg(target_endian = "big")]
compile_error!("replays are saved as they lie in memory, which must be little-endian");

/// The version of the layout; another one is refused.
pub(crate) const FORMAT: u32 = 3;

/// The entry of the file's metadata that holds the [`Extent`]. It is one entry, since the order of several is not fixed.
pub(crate) const ENTRY: &str = "innate.replay";

/// The sizes that a file says it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Extent {
    pub(crate) format: u32,
    /// Transitions that the replay holds at most.
    pub(crate) capacity: usize,
    pub(crate) lanes: usize,
    /// Rows of a segment on disk; 0 if all is in the file.
    pub(crate) segment: usize,
    /// Transitions of the longest lane, its tail included.
    pub(crate) rows: usize,
    /// Ends of episodes among all transitions.
    pub(crate) episodes: usize,
}

/// What an array of the file holds.
#[derive(Clone, Copy)]
pub(crate) enum Content {
    First,
    Length,
    Tail,
    Rows { column: usize },
    Open { column: usize },
    Finals { column: usize },
    Heads { column: usize },
}

/// One array of the file.
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) shape: Vec<usize>,
    pub(crate) content: Content,
}

/// The arrays of a file, in its order: wide elements first, so that each is aligned.
pub(crate) fn parts(schema: &Schema, extent: &Extent) -> Vec<Part> {
    let &Extent { lanes, segment, rows, episodes, .. } = extent;
    let lane = |name: &str, content| Part { name: name.into(), kind: Kind::I64, shape: vec![lanes], content };
    let mut parts = vec![
        lane("lane/first", Content::First),
        lane("lane/length", Content::Length),
        lane("lane/tail", Content::Tail),
    ];
    let mut add = |column: usize, what: &str, sizes: &[usize], content| {
        let spec = &schema.specs()[column];
        let shape = sizes.iter().chain(&spec.shape).copied().collect();
        parts.push(Part { name: format!("{what}/{}", spec.name), kind: spec.kind, shape, content });
    };
    for column in 0..schema.specs().len() {
        if segment > 0 && schema.observations().contains(&column) {
            add(column, "open", &[lanes, segment], Content::Open { column });
        } else {
            add(column, "rows", &[lanes, rows], Content::Rows { column });
        }
    }
    for &column in schema.observations() {
        add(column, "final", &[episodes], Content::Finals { column });
        add(column, "head", &[lanes], Content::Heads { column });
    }
    parts.sort_by_key(|part| Reverse(part.kind.size()));
    parts
}

pub(crate) fn dtype(kind: Kind) -> Dtype {
    match kind {
        Kind::U8 => Dtype::U8,
        Kind::F32 => Dtype::F32,
        Kind::I64 => Dtype::I64,
    }
}

impl Replay {
    /// Writes everything stored to the file at `path`, and has the system put it on the disk before it returns. What was
    /// there is overwritten; who needs the old file until the new one is whole gives another path, and renames. Observations on disk
    /// are linked beside it, in files that are written already; the system is not asked to have them on the disk.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), ReplayError> {
        if let Some(segments) = &self.segments {
            let folder = path.parent().unwrap_or(Path::new("."));
            (0..self.lanes.len()).try_for_each(|lane| segments.save(lane, self.ordinals(lane), folder))?;
        }
        let write = || {
            let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
            self.write(&mut file)?;
            file.into_inner()?.sync_all()
        };
        write().map_err(|source| ReplayError::Io { path: path.into(), source })
    }

    /// The replay that [`Replay::save`] wrote to the file at `path`: the same transitions at the same places, so that the
    /// same generator draws the same batches, and saved again it makes the same file.
    ///
    /// # Errors
    /// The file cannot be read, is damaged, or is of other columns, lanes or capacity; or the memory cannot be had.
    pub fn load(path: &Path, schema: Arc<Schema>, lanes: usize, capacity: usize) -> Result<Self, ReplayError> {
        Self::new(schema, lanes, capacity)?.restore(path)
    }

    /// The same, into a replay that holds nothing yet, and whose observations may be on disk. Segments are then those beside the file,
    /// until [`Replay::keep_in`] links them to where others are to be written.
    ///
    /// # Errors
    /// As for [`Replay::load`].
    pub fn restore(mut self, path: &Path) -> Result<Self, ReplayError> {
        Archive::open(path)?.read(&mut self)?;
        Ok(self)
    }

    /// The slot of the oldest row of lane `lane` that is still seen.
    pub(crate) fn oldest_slot(&self, lane: usize) -> usize {
        let lane = &self.lanes[lane];
        wrap(lane.start + self.slots - lane.tail, self.slots)
    }

    /// The ordinals of the oldest row of lane `lane` that is still seen, and of the one that comes next.
    pub(crate) fn ordinals(&self, lane: usize) -> (u64, u64) {
        let lane = &self.lanes[lane];
        (lane.first - lane.tail as u64, lane.next_ordinal())
    }

    fn write(&self, file: &mut impl Write) -> io::Result<()> {
        let extent = Extent {
            format: FORMAT,
            capacity: self.capacity(),
            lanes: self.lanes.len(),
            segment: self.segments.as_ref().map_or(0, Segments::rows),
            rows: self.longest_with_tail(),
            episodes: self.lanes.iter().map(|lane| lane.finals.len()).sum(),
        };
        let parts = parts(&self.schema, &extent);
        let mut end = 0;
        let info = parts.iter().map(|part| {
            let begin = end;
            end += part.shape.iter().product::<usize>() * part.kind.size();
            let info = TensorInfo { dtype: dtype(part.kind), shape: part.shape.clone(), data_offsets: (begin, end) };
            (part.name.clone(), info)
        });
        let entry = HashMap::from([(ENTRY.to_string(), serde_json::to_string(&extent)?)]);
        let metadata = Metadata::new(Some(entry), info.collect()).map_err(io::Error::other)?;
        let mut header = serde_json::to_vec(&metadata)?;
        header.resize(header.len().next_multiple_of(8), b' ');
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(&header)?;
        parts.iter().try_for_each(|part| self.write_part(file, part.content))
    }

    /// Rows of the longest lane, its tail included.
    pub(crate) fn longest_with_tail(&self) -> usize {
        self.lanes.iter().map(|lane| lane.tail + lane.len).max().unwrap_or(0)
    }

    fn write_part(&self, file: &mut impl Write, content: Content) -> io::Result<()> {
        for (index, lane) in self.lanes.iter().enumerate() {
            match content {
                Content::First => file.write_all(&lane.first.to_le_bytes())?,
                Content::Length => file.write_all(&(lane.len as u64).to_le_bytes())?,
                Content::Tail => file.write_all(&(lane.tail as u64).to_le_bytes())?,
                Content::Rows { column } => {
                    let (width, rows) = (self.schema.row_bytes(column), lane.tail + lane.len);
                    let ring = &self.columns[column].bytes()[self.bytes_of_lane(index, column)];
                    for piece in pieces(ring, self.oldest_slot(index) * width, rows * width) {
                        file.write_all(piece)?;
                    }
                    write_zeros(file, (self.longest_with_tail() - rows) * width)?;
                }
                Content::Open { column } => {
                    let Some(segments) = &self.segments else { continue };
                    let open = segments.open(index, column, lane.next_ordinal());
                    file.write_all(open)?;
                    write_zeros(file, segments.rows() * self.schema.row_bytes(column) - open.len())?;
                }
                Content::Finals { column } => {
                    let width = self.schema.row_bytes(column);
                    for place in 0..lane.finals.len() {
                        file.write_all(lane.finals.bytes(column, width, place))?;
                    }
                }
                // What an ended episode left in the head says nothing, and would make equal replays differ.
                Content::Heads { column } if !self.is_running(index) => {
                    write_zeros(file, self.schema.row_bytes(column))?;
                }
                Content::Heads { column } => {
                    file.write_all(self.observation(index, column, lane.slot(lane.len, self.slots)))?;
                }
            }
        }
        Ok(())
    }
}

fn write_zeros(file: &mut impl Write, bytes: usize) -> io::Result<()> {
    io::copy(&mut io::repeat(0).take(bytes as u64), file).map(|_| ())
}
