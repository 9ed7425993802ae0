//! Persistence: a replay as a safetensors file, which Python reads with `safetensors.numpy.load_file`.
//!
//! ```text
//! lane/first    i64 [lanes]              ordinal of each lane's oldest transition
//! lane/length   i64 [lanes]              transitions of each lane
//! lane/tail     i64 [lanes]              rows before them that are kept for what is seen of them later
//! rows/NAME         [lanes, rows, …]     each column, the tail and then the oldest first, zero from the lane's end on
//! final/NAME        [episodes, …]        each observation at the end of the k-th transition with terminated or truncated,
//!                                        in the order of rows/terminated, those of tails left out
//! head/NAME         [lanes, …]           each observation after the newest transition, zero if that ended an episode
//! ```
//!
//! `rows` is the length of the longest lane with its tail, so that a young replay makes a small file. Equal contents make equal bytes,
//! whatever the rings' positions: rows are written from the oldest on. They go to the file and come from it piece by piece;
//! nothing is held twice.

use crate::archive::Archive;
use crate::column::{Kind, Schema};
use crate::error::ReplayError;
use crate::lane::{pieces, wrap};
use crate::replay::Replay;
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
pub(crate) const FORMAT: u32 = 2;

/// The entry of the file's metadata that holds the [`Extent`]. It is one entry, since the order of several is not fixed.
pub(crate) const ENTRY: &str = "innate.replay";

/// The sizes that a file says it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Extent {
    pub(crate) format: u32,
    /// Transitions that the replay holds at most.
    pub(crate) capacity: usize,
    pub(crate) lanes: usize,
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
    let &Extent { lanes, rows, episodes, .. } = extent;
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
        add(column, "rows", &[lanes, rows], Content::Rows { column });
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
    /// there is overwritten; who needs the old file until the new one is whole gives another path, and renames.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), ReplayError> {
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
        let mut replay = Self::new(schema, lanes, capacity)?;
        Archive::open(path)?.read(&mut replay)?;
        Ok(replay)
    }

    fn write(&self, file: &mut impl Write) -> io::Result<()> {
        let extent = Extent {
            format: FORMAT,
            capacity: self.capacity(),
            lanes: self.lanes.len(),
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
                    let begin = wrap(lane.start + self.slots - lane.tail, self.slots);
                    for piece in pieces(ring, begin * width, rows * width) {
                        file.write_all(piece)?;
                    }
                    write_zeros(file, (self.longest_with_tail() - rows) * width)?;
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
                    let head = self.bytes_of(index, column, lane.slot(lane.len, self.slots));
                    file.write_all(&self.columns[column].bytes()[head])?;
                }
            }
        }
        Ok(())
    }
}

fn write_zeros(file: &mut impl Write, bytes: usize) -> io::Result<()> {
    io::copy(&mut io::repeat(0).take(bytes as u64), file).map(|_| ())
}
