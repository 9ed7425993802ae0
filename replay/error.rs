//! What can go wrong, each as a sentence.

use crate::column::Kind;
use std::io;
use std::path::PathBuf;

/// Why something could not be remembered or recalled.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Two columns have one name.
    #[error("two columns are called `{name}`; each needs a name of its own")]
    DuplicateColumn {
        /// The name.
        name: String,
    },
    /// A column has a name that the replay uses itself.
    #[error("no column can be called `{name}`: the replay keeps a column of that name itself")]
    ReservedName {
        /// The name.
        name: String,
    },
    /// A shape is empty or too large to count.
    #[error(
        "column `{name}` has shape {shape:?}; each length must be at least 1 and the bytes of a row must fit into memory"
    )]
    Shape {
        /// The column.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// A priority is no number.
    #[error("a TD error or priority of {error} cannot be: it must be a finite number, and a priority 0 or more")]
    Priority {
        /// What it is.
        error: f32,
    },
    /// A priority was saved of no transition, or none of one that is there.
    #[error("the saved priorities are of another replay: the one at place {leaf} is {priority}, and there {}", if *priority > 0.0 { "is no transition" } else { "is one" })]
    MisplacedPriority {
        /// The priority.
        priority: f32,
        /// Its place.
        leaf: usize,
    },
    /// Priorities were saved of another replay.
    #[error("the saved priorities are of another replay: {found} numbers, expected {expected} with one for each row")]
    Priorities {
        /// Numbers found.
        found: usize,
        /// Numbers that this replay has.
        expected: usize,
    },
    /// There is no column of this name.
    #[error("there is no column `{name}`{hint} (columns: {known})", hint = hint.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    UnknownColumn {
        /// The name asked for.
        name: String,
        /// The nearest name.
        hint: Option<String>,
        /// All names.
        known: String,
    },
    /// There is no column of this number.
    #[error("there is no column number {column}: there are {columns}, counted from 0")]
    NoColumn {
        /// The number asked for.
        column: usize,
        /// How many there are.
        columns: usize,
    },
    /// A column holds another type of element.
    #[error("column `{name}` holds {kind}, not {asked}")]
    Kind {
        /// The column.
        name: String,
        /// What it holds.
        kind: Kind,
        /// What was asked for.
        asked: Kind,
    },
    /// A column has one value per transition, hence none after it.
    #[error("column `{name}` belongs to the step and has no value after it; only observations have")]
    NotObserved {
        /// The column.
        name: String,
    },
    /// There is no such row.
    #[error("there is no row {row}: there are {rows}, counted from 0")]
    Row {
        /// The row asked for.
        row: usize,
        /// How many there are.
        rows: usize,
    },
    /// More rows are asked for than there are.
    #[error("{asked} rows cannot leave a chunk of {rows}")]
    TooFewRows {
        /// How many were asked for.
        asked: usize,
        /// How many there are.
        rows: usize,
    },
    /// An episode cannot end here.
    #[error("no episode can end here: {reason}")]
    End {
        /// Why not.
        reason: &'static str,
    },
    /// The chunk holds no final observation to write to.
    #[error("no episode has ended in this chunk, so it has no final observation")]
    NoFinal,
    /// The observation after the last row is missing.
    #[error(
        "the observation `{name}` that follows the last of {rows} rows was not written; write the head, or end the episode"
    )]
    NoHead {
        /// The column.
        name: String,
        /// Rows in the chunk.
        rows: usize,
    },
    /// Chunk, batch and replay have different columns.
    #[error("the columns differ: [{found}] where [{expected}] is expected")]
    Schema {
        /// The columns of what was handed in.
        found: String,
        /// The columns of what it was handed to.
        expected: String,
    },
    /// There is no such lane.
    #[error("there is no lane {lane}: there are {lanes}, counted from 0")]
    Lane {
        /// The lane asked for.
        lane: usize,
        /// How many there are.
        lanes: usize,
    },
    /// A capacity that leaves a lane without a transition.
    #[error(
        "a capacity of {capacity} transitions is too small for {lanes} lanes; each needs at least one, and there must be a lane"
    )]
    Capacity {
        /// The capacity asked for.
        capacity: usize,
        /// The lanes asked for.
        lanes: usize,
    },
    /// Segments without a row.
    #[error("a segment of 0 rows holds nothing; give it at least one")]
    Segment,
    /// The memory cannot be had.
    #[error("the memory for a replay of {capacity} transitions cannot be had: {bytes} bytes in all")]
    Memory {
        /// The capacity in transitions.
        capacity: usize,
        /// Bytes that it takes.
        bytes: u128,
    },
    /// Nothing is stored yet.
    #[error("the replay is empty: there is nothing to sample yet")]
    Empty,
    /// A batch has another size than the places to gather.
    #[error("{places} places do not fill a batch of {size}")]
    BatchSize {
        /// Places handed in.
        places: usize,
        /// Size of the batch.
        size: usize,
    },
    /// A file cannot be written or read.
    #[error("{path}: {source}")]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is not what was written.
    #[error("the replay {path} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// A file is whole, but of another replay.
    #[error("the replay {path} does not fit: {reason}")]
    Unfit {
        /// The file.
        path: PathBuf,
        /// What differs.
        reason: String,
    },
}
