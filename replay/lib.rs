//! What agents remember: columns of transitions.
//!
//! ```text
//! transition t of a lane = (x_t, step_t, x_{t+1}, terminated_t, truncated_t)
//! x_{t+1} = the observation stored with row t+1 of the lane, in general
//!         = the final observation kept beside the rows, if row t ended an episode
//!         = the lane's head, if row t is the newest
//! ```
//!
//! So a next observation costs no memory of its own, and one of an episode that was cut off is still there to bootstrap from.
//!
//! A *lane* is one environment slot. Actors write consecutive steps into a [`Chunk`]; the learner inserts it into the
//! lane of its slot in a [`Replay`], which forgets the oldest transitions, and samples transitions into a [`Batch`].
//!
//! *Architecture invariant:* this crate knows no tensor and no reward's meaning. It stores named columns of numbers,
//! described by a [`Schema`]; what a column is for, only those who write and read it know. It draws from no generator but
//! the one it is handed.
//!
//! ```
//! use innate_replay::{Batch, Chunk, ColumnSpec, Ending, Kind, Replay, Schema};
//! use rand_xoshiro::rand_core::SeedableRng;
//! use std::sync::Arc;
//!
//! let schema = Arc::new(Schema::new(vec![
//!     ColumnSpec::observation("position", Kind::F32, &[2]),
//!     ColumnSpec::step("action", Kind::I64, &[]),
//! ])?);
//! let (position, action) = (schema.column("position")?, schema.column("action")?);
//!
//! let mut chunk = Chunk::new(schema.clone());
//! for t in 0..3 {
//!     let row = chunk.push();
//!     chunk.f32_mut(position, row)?.copy_from_slice(&[t as f32, 0.5]);
//!     chunk.i64_mut(action, row)?[0] = t;
//! }
//! chunk.end_episode(Ending { terminated: false, truncated: true })?;
//! chunk.final_f32_mut(position)?.copy_from_slice(&[3.0, 0.5]);
//!
//! let mut replay = Replay::new(schema.clone(), 1, 1_000)?;
//! replay.insert(0, &chunk)?;
//! let mut batch = Batch::new(&schema, 32);
//! replay.sample(&mut rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(1), &mut batch)?;
//! for (place, next) in batch.places().iter().zip(batch.next_f32(position)?.chunks_exact(2)) {
//!     assert_eq!(next[0], place.row as f32 + 1.0);
//! }
//! # Ok::<(), innate_replay::ReplayError>(())
//! ```

mod archive;
pub mod batch;
pub mod chunk;
pub mod column;
mod data;
pub mod error;
mod finals;
mod lane;
mod mapped;
pub mod memory;
mod persist;
pub mod priorities;
pub mod replay;
mod sample;
mod segments;
mod sum_tree;
pub mod window;

pub use batch::{Batch, Place};
pub use chunk::{Chunk, Ending};
pub use column::{ColumnId, ColumnSpec, Kind, Role, Schema};
pub use error::ReplayError;
pub use memory::Summary;
pub use priorities::{Priorities, Proportional};
pub use replay::Replay;
pub use window::Window;
