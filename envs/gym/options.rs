//! Options of environments of Python.

use crate::options::absolute_program;
use documented::DocumentedFields;
use serde::{Deserialize, Serialize};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

/// Options of `gym:…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct GymOptions {
    /// The Python interpreter, by path or by name [default: that of the active virtual environment, else `python3`].
    #[serde(default = "usual_python", deserialize_with = "absolute_program")]
    pub python: PathBuf,
    /// Arguments for `gymnasium.make`, such as `{ is_slippery = false }`.
    #[serde(default)]
    pub kwargs: toml::Table,
    /// Modules that register environments, imported first; `module:function` calls a function of it. (`ale_py` and `minatar` are known.)
    #[serde(default)]
    pub imports: Vec<String>,
    /// Gymnasium's standard preprocessing of Atari games: `{}` for the usual one. The game is then made with frameskip = 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub atari: Option<AtariOptions>,
    /// Adds the array `frame`, a grey picture of what the environment renders, for signals that see: `{ width, height }`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<FrameOptions>,
    /// Steps after which an episode (with `episodic_life`, a life) is truncated, instead of Gymnasium's own limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_episode_steps: Option<NonZeroU32>,
    /// Worker processes that environments are shared out to [default: one for each core].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<NonZeroUsize>,
    /// Seconds without an answer after which a worker counts as hung.
    #[serde(default = "two_minutes")]
    pub timeout: NonZeroU32,
    /// What happens when a worker dies or hangs or its environment fails: "stop" (the run saves itself and stops) or "restart" (the episode is cut off and the environment made anew).
    #[serde(default)]
    pub on_failure: OnFailure,
}

/// Gymnasium's `AtariPreprocessing`, argument by argument, and one key more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(default, deny_unknown_fields)]
pub struct AtariOptions {
    /// Most no-op actions at an episode's start; their number is drawn.
    pub noop_max: u32,
    /// Frames that an action lasts; what is seen is the maximum of the last two.
    pub frame_skip: u32,
    /// Height and width of what is seen.
    pub screen_size: u32,
    /// Whether the loss of a life counts as the end of an episode, after which a new game begins.
    pub terminal_on_life_loss: bool,
    /// Whether each life is an episode, and the next goes on in the same game, after a no-op (Mnih et al. 2015).
    pub episodic_life: bool,
    /// Whether colours become grey.
    pub grayscale_obs: bool,
}

/// Size of a rendered frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct FrameOptions {
    /// Pixels in a row, 1 to 1024.
    pub width: u16,
    /// Rows, 1 to 1024.
    pub height: u16,
}

/// What happens when an environment fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// The run saves itself and stops.
    #[default]
    Stop,
    /// The episode is cut off (truncated) and the environment made anew.
    Restart,
}

impl Default for AtariOptions {
    /// Those of Mnih et al. 2015, without their end at the loss of a life (Machado et al. 2018).
    fn default() -> Self {
        Self {
            noop_max: 30,
            frame_skip: 4,
            screen_size: 84,
            terminal_on_life_loss: false,
            episodic_life: false,
            grayscale_obs: true,
        }
    }
}

fn usual_python() -> PathBuf {
    let active = std::env::var_os("VIRTUAL_ENV").map(|folder| PathBuf::from(folder).join("bin/python"));
    active.filter(|python| python.exists()).unwrap_or_else(|| "python3".into())
}

fn two_minutes() -> NonZeroU32 {
    const { NonZeroU32::new(120).unwrap() }
}
