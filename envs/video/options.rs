//! Options of the video environment, as they stand under `[env]` in a run file.

use crate::eye::{Grid, GridError, Moves};
use documented::DocumentedFields;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::path::PathBuf;

/// What film, how large, how it is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct VideoOptions {
    /// The film: a folder of PNG or JPEG pictures (shown in the order of their names), a GIF, a Y4M, or any file that the
    /// program `ffmpeg` reads. A relative path starts from the current directory; a run remembers the whole path.
    #[serde(deserialize_with = "crate::options::absolute")]
    pub path: PathBuf,
    /// Width of a frame in pixels, a multiple of `columns`. Frames are scaled by averaging; their aspect is not kept.
    #[serde(default = "default_width")]
    pub width: u32,
    /// Height of a frame in pixels, a multiple of `rows`.
    #[serde(default = "default_height")]
    pub height: u32,
    /// Cells of the fixation's grid from left to right.
    #[serde(default = "default_columns")]
    pub columns: u32,
    /// Cells of the fixation's grid from top to bottom.
    #[serde(default = "default_rows")]
    pub rows: u32,
    /// What an action does: "steps" (stay, left, right, up, down) or "saccades" (one action per cell: jump there).
    #[serde(default)]
    pub moves: Moves,
    /// What comes after the last frame: "loop" (the first one; the cut shows as a sudden motion), "swing" (the film runs
    /// backwards, then forwards again; no cut), or "end" (the episode is truncated there).
    #[serde(default)]
    pub at_end: AtEnd,
    /// The frame with which an episode starts: "random" or "first". The fixated cell is always drawn.
    #[serde(default)]
    pub start: Start,
    /// Frames of the film that are left out before the first one that is taken.
    #[serde(default)]
    pub from: u32,
    /// Takes every n-th frame of the film.
    #[serde(default = "default_every")]
    pub every: NonZeroU32,
    /// Frames that are taken at most, such as those of a film's first half.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<NonZeroU32>,
    /// Greatest memory for the film, in MiB (2²⁰ bytes); a film that needs more is refused.
    #[serde(default = "default_memory")]
    pub memory: u32,
    /// Steps after which an episode is truncated; at least 1.
    #[serde(default = "default_max_episode_steps")]
    pub max_episode_steps: NonZeroU32,
}

/// What comes after the last frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AtEnd {
    /// The first frame.
    #[default]
    Loop,
    /// The film backwards, then forwards again.
    Swing,
    /// Nothing: the episode is truncated.
    End,
}

/// The frame with which an episode starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// Any.
    #[default]
    Random,
    /// The first.
    First,
}

impl VideoOptions {
    /// The film at `path`, all else at its default.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            width: default_width(),
            height: default_height(),
            columns: default_columns(),
            rows: default_rows(),
            moves: Moves::default(),
            at_end: AtEnd::default(),
            start: Start::default(),
            from: 0,
            every: default_every(),
            frames: None,
            memory: default_memory(),
            max_episode_steps: default_max_episode_steps(),
        }
    }

    /// The grid of the fixation, if it divides the frame.
    pub(super) fn grid(&self) -> Result<Grid, GridError> {
        Grid::new([self.height, self.width], [self.rows, self.columns], self.moves)
    }
}

fn default_width() -> u32 {
    96
}

fn default_height() -> u32 {
    72
}

fn default_columns() -> u32 {
    8
}

fn default_rows() -> u32 {
    6
}

fn default_every() -> NonZeroU32 {
    NonZeroU32::MIN
}

fn default_memory() -> u32 {
    1024
}

fn default_max_episode_steps() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(127)
}
