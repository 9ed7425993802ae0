//! `noisy-tv`: a goal at one end of a room, and at the other a screen full of noise.
//!
//! | | |
//! |---|---|
//! | Actions | left, up, right, down, switch |
//! | Observation | u8 `board` `[4, size, size]`: walker, wall, goal, screen |
//! | Reward | 1 at the goal, nothing else |
//! | Start | the walker in the middle |
//! | End | terminated at the goal, in the last corner; truncated after `max_episode_steps` (8 · size) |
//!
//! The screen fills the first column of the room and, while the walker is in the left half, shows a random picture: each
//! cell lit with probability ½. With `channels = "always"` the picture changes in every step; with `"switch"` it does when the
//! walker takes that action and stays otherwise, so that the walker makes its own news. Seen from the right half the screen is
//! dark.
//!
//! A reward for what cannot be predicted holds an agent in front of the screen for ever; that is what the world is there to
//! show (Burda, Edwards, Pathak, Storkey, Darrell & Efros, "Large-scale study of curiosity-driven learning", 2019, section 5).

use super::{Cell, RangeError, World, light_walls, within};
use crate::board::Board;
use crate::numpy::Generator;
use documented::DocumentedFields;
use serde::{Deserialize, Serialize};
use std::num::{NonZeroU8, NonZeroU32};

/// The number of the action `switch`.
const SWITCH: usize = 4;

/// Options of `noisy-tv`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct NoisyTvOptions {
    /// Rows and columns, walls included: 5 to 50.
    #[serde(default = "eleven")]
    pub size: u32,
    /// When the picture changes: "always", "switch" (at that action) or "never" (there is no picture: the screen stays dark).
    #[serde(default)]
    pub channels: Channels,
    /// Pixels of a cell in the array `frame`, at most 25; without it there is no such array.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<NonZeroU8>,
    /// Steps after which an episode is truncated [default: 8 · size].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_episode_steps: Option<NonZeroU32>,
}

/// When the screen's picture changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// In every step.
    #[default]
    Always,
    /// At the action `switch`.
    Switch,
    /// There is no picture.
    Never,
}

/// The world.
pub struct NoisyTv {
    size: usize,
    channels: Channels,
    limit: u32,
}

/// A running episode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoisyTvState {
    walker: Cell,
    /// A bit for each cell of the screen, from the top.
    picture: u64,
}

impl NoisyTv {
    /// The world of these options.
    ///
    /// # Errors
    /// An option is out of range.
    pub fn new(options: &NoisyTvOptions) -> Result<Self, RangeError> {
        let size = within("size", options.size, 5, 50)?;
        let limit = options.max_episode_steps.map_or(8 * options.size, u32::from);
        Ok(Self { size, channels: options.channels, limit })
    }

    /// A random picture.
    fn tune(&self, random: &mut Generator) -> u64 {
        (0..self.size - 2).fold(0, |picture, _| picture << 1 | u64::from(random.random() < 0.5))
    }
}

impl World for NoisyTv {
    type State = NoisyTvState;

    const ID: &'static str = "noisy-tv";
    const CHANNELS: &'static [&'static str] = &["walker", "wall", "goal", "screen"];
    const ACTIONS: &'static [&'static str] = &["left", "up", "right", "down", "switch"];

    fn side(&self) -> usize {
        self.size
    }

    fn limit(&self) -> Option<u32> {
        Some(self.limit)
    }

    fn start(&self, random: &mut Generator) -> Self::State {
        let picture = if self.channels == Channels::Never { 0 } else { self.tune(random) };
        NoisyTvState { walker: Cell::new(self.size / 2, self.size / 2), picture }
    }

    fn advance(&self, state: &mut Self::State, action: usize, random: &mut Generator) -> (f64, bool) {
        if action != SWITCH {
            let cell = state.walker.after(action);
            // The screen's column is solid.
            if cell.is_inside(self.size) && cell.column > 1 {
                state.walker = cell;
            }
        }
        if self.channels == Channels::Always || (self.channels == Channels::Switch && action == SWITCH) {
            state.picture = self.tune(random);
        }
        let arrived = state.walker == Cell::new(self.size - 2, self.size - 2);
        (f64::from(u8::from(arrived)), arrived)
    }

    fn paint(&self, state: &Self::State, board: &mut Board) {
        state.walker.light(0, board);
        light_walls(1, self.size, board);
        Cell::new(self.size - 2, self.size - 2).light(2, board);
        if usize::from(state.walker.column) <= self.size / 2 {
            let lit = (0..self.size - 2).filter(|cell| state.picture >> cell & 1 == 1);
            lit.for_each(|cell| Cell::new(1 + cell, 1).light(3, board));
        }
    }

    fn is_possible(&self, state: &Self::State) -> bool {
        state.walker.is_inside(self.size) && state.walker.column > 1 && state.picture >> (self.size - 2) == 0
    }
}

fn eleven() -> u32 {
    11
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn world(channels: Channels) -> NoisyTv {
        NoisyTv::new(&NoisyTvOptions { size: 11, channels, frame: None, max_episode_steps: None }).unwrap()
    }

    /// Whether the picture changed, step by step, under these actions.
    fn changes(channels: Channels, actions: &[usize]) -> Vec<bool> {
        let (world, mut random) = (world(channels), Generator::new(2));
        let mut state = world.start(&mut random);
        let changed = |&action: &usize| {
            let before = state.picture;
            world.advance(&mut state, action, &mut random);
            state.picture != before
        };
        actions.iter().map(changed).collect()
    }

    #[test]
    fn the_picture_changes_when_it_should() {
        assert_eq!(changes(Channels::Always, &[0, 1, 4]), [true; 3]);
        assert_eq!(changes(Channels::Switch, &[0, 4, 1, 4]), [false, true, false, true]);
        assert_eq!(changes(Channels::Never, &[0, 4]), [false; 2]);
    }

    #[test]
    fn the_screen_is_seen_from_the_left_half_alone() {
        let world = world(Channels::Always);
        let lit = |column: usize| {
            let state = NoisyTvState { walker: Cell::new(5, column), picture: 0b101 };
            let mut cells = vec![0; 4 * 121];
            world.paint(&state, &mut Board::dark(&mut cells, 11));
            cells[3 * 121..].iter().filter(|cell| **cell != 0).count()
        };
        assert_eq!((lit(2), lit(5), lit(6), lit(9)), (2, 2, 0, 0));
    }

    #[test]
    fn the_goal_pays_and_ends() {
        let (world, mut random) = (world(Channels::Always), Generator::new(0));
        let mut state = world.start(&mut random);
        let rewards: Vec<_> =
            [2, 2, 2, 2, 3, 3, 3, 3].map(|action| world.advance(&mut state, action, &mut random)).into();
        assert_eq!(rewards.iter().filter(|(reward, over)| *reward == 0.0 && !over).count(), 7);
        assert_eq!(rewards.last(), Some(&(1.0, true)));
    }
}
