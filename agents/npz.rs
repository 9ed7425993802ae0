//! Transitions as files for NumPy: `numpy.load(FILE)` gives an array for each name.
//!
//! | name | array | what |
//! |---|---|---|
//! | the name of a percept, such as `observation` | `[n, …]` | what was seen before the step; the latest `frames` of it, along the first axis |
//! | `next/` and that name | `[n, …]` | what was seen after it; of the step that ended an episode, its last observation |
//! | `action/AREA` | i64 `[n]` | what the area that moves the body did |
//! | `reward/SIGNAL` | f32 `[n]` | what the signal paid, raw |
//! | `terminated`, `truncated` | u8 `[n]` | how the episode ended with the step, if it did |
//! | `lane` | u32 `[n]` | the copy of the environment; the steps of each are in their order |
//!
//! What is written can be read back. A file from elsewhere may have numbers of any type that holds whole numbers, truth values or
//! single or double precision, and may leave out `truncated` and `lane`. Transitions need not follow one another: where the next one does
//! not begin with what was seen last, the episode counts as cut off there.

mod read;
mod write;

pub use read::{ImportError, read_npz};
pub use write::{ExportError, write_npz};

/// The prefix of what was seen after a step.
const NEXT: &str = "next/";
const TERMINATED: &str = "terminated";
const TRUNCATED: &str = "truncated";
const LANE: &str = "lane";
