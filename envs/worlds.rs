//! Small worlds for internal rewards: where the environment's own reward is rare, or something worthless is always new.
//!
//! | Environment | What it asks | File |
//! |---|---|---|
//! | `deep-sea` | to explore deeply: random actions find the treasure once in 2^size episodes | [`deep_sea`] |
//! | `key-door` | to find a key, a door and a goal, one after the other | [`key_door`] |
//! | `noisy-tv` | not to be held by a screen whose noise nobody can predict | [`noisy_tv`] |
//!
//! All are square boards of cells: u8 `board` `[channels, size, size]`, 255 where a channel is lit, which networks read as 1.
//! With `frame = PIXELS` (of a cell) there is also u8 `frame` `[1, size·PIXELS, size·PIXELS]`, a grey picture for signals that
//! see.

pub mod deep_sea;
pub mod key_door;
pub mod noisy_tv;

pub use deep_sea::{DeepSea, DeepSeaOptions};
pub use key_door::{KeyDoor, KeyDoorOptions};
pub use noisy_tv::{NoisyTv, NoisyTvOptions};

use crate::board::{self, Board};
use crate::env::{Discrete, Env, EnvError, EnvSpec, Observation, Step};
use crate::numpy::Generator;
use crate::picture::Picture;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::num::{NonZeroU8, NonZeroU32};

/// Pixels in a row of a picture for people, about.
const PICTURE: usize = 240;

/// A world of square cells. `Self` is what does not change; `State` what does.
pub trait World: Send {
    /// A running episode.
    type State: Clone + Send + Serialize + DeserializeOwned;

    /// The name in the registry.
    const ID: &'static str;
    /// What the channels of the board show; who acts comes first.
    const CHANNELS: &'static [&'static str];
    /// The names of the actions.
    const ACTIONS: &'static [&'static str];

    /// Cells in a row, and rows.
    fn side(&self) -> usize;

    /// Steps after which an episode is truncated, if there is such a limit.
    fn limit(&self) -> Option<u32>;

    /// The state in which an episode starts.
    fn start(&self, random: &mut Generator) -> Self::State;

    /// One step. Answers with the reward and whether the task has ended.
    fn advance(&self, state: &mut Self::State, action: usize, random: &mut Generator) -> (f64, bool);

    /// Lights the cells of a state on a dark board.
    fn paint(&self, state: &Self::State, board: &mut Board);

    /// Whether an episode can come to the state; a damaged file may hold others.
    fn is_possible(&self, state: &Self::State) -> bool;
}

/// A world as an environment.
pub struct GridWorld<W: World> {
    world: W,
    spec: EnvSpec,
    pixels: Option<NonZeroU8>,
    random: Generator,
    /// The running episode and its steps, if one is running; else the last one.
    state: Option<(W::State, u32)>,
    over: bool,
}

/// An option out of range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{key} = {found} is out of range (allowed: {least} to {most})")]
pub struct RangeError {
    key: &'static str,
    found: u32,
    least: u32,
    most: u32,
}

impl<W: World> GridWorld<W> {
    /// The world, with a frame of so many pixels a cell if any.
    ///
    /// # Errors
    /// The frame is too large.
    pub fn new(world: W, pixels: Option<NonZeroU8>) -> Result<Self, RangeError> {
        let side = world.side();
        within("frame", pixels.map_or(1, |pixels| pixels.get().into()), 1, 25)?;
        let spec = EnvSpec {
            id: W::ID.into(),
            observation: board::arrays(W::CHANNELS.len(), side, pixels),
            actions: Discrete::named(W::ACTIONS.iter().copied()),
            max_episode_steps: world.limit(),
            reward_threshold: None,
        };
        Ok(Self { world, spec, pixels, random: Generator::new(0), state: None, over: true })
    }

    fn show(&self, observation: &mut Observation) -> Result<(), EnvError> {
        let Some((state, _)) = &self.state else { return Ok(()) };
        board::show(&self.spec, self.world.side(), self.pixels, observation, |board| self.world.paint(state, board))
    }
}

impl<W: World> Env for GridWorld<W> {
    fn spec(&self) -> &EnvSpec {
        &self.spec
    }

    fn reset(&mut self, seed: Option<u64>, observation: &mut Observation) -> Result<(), EnvError> {
        if let Some(seed) = seed {
            self.random = Generator::new(seed);
        }
        self.state = Some((self.world.start(&mut self.random), 0));
        self.over = false;
        self.show(observation)
    }

    fn step(&mut self, action: usize, observation: &mut Observation) -> Result<Step, EnvError> {
        if action >= W::ACTIONS.len() {
            return Err(self.spec.no_action(action));
        }
        let Some((state, steps)) = self.state.as_mut().filter(|_| !self.over) else {
            return Err(self.spec.over());
        };
        let (reward, terminated) = self.world.advance(state, action, &mut self.random);
        *steps += 1;
        let truncated = self.world.limit().is_some_and(|limit| *steps >= limit);
        self.over = terminated || truncated;
        self.show(observation)?;
        Ok(Step { reward, terminated, truncated })
    }

    fn save(&self) -> Option<Vec<u8>> {
        postcard::to_stdvec(&(&self.random, self.state.as_ref().filter(|_| !self.over))).ok()
    }

    fn load(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let (random, state): (Generator, Option<(W::State, u32)>) =
            postcard::from_bytes(state).map_err(|error| self.spec.bad_state(error))?;
        let possible = |(state, steps): &(W::State, u32)| {
            self.world.is_possible(state) && self.world.limit().is_none_or(|limit| *steps < limit)
        };
        if !state.as_ref().is_none_or(possible) {
            return Err(self.spec.bad_state("no episode can come to such a board"));
        }
        self.over = state.is_none();
        (self.random, self.state) = (random, state);
        Ok(())
    }

    fn picture(&self) -> Option<Picture> {
        let (state, _) = self.state.as_ref()?;
        let side = self.world.side();
        let mut cells = vec![0; W::CHANNELS.len() * side * side];
        self.world.paint(state, &mut Board::dark(&mut cells, side));
        Some(board::picture(&cells, side, (PICTURE / side).max(1)))
    }
}

/// Row and column of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Cell {
    row: u8,
    column: u8,
}

/// The moves that most worlds have.
const MOVES: [&str; 4] = ["left", "up", "right", "down"];

impl Cell {
    fn new(row: usize, column: usize) -> Self {
        Self { row: row as u8, column: column as u8 }
    }

    /// The cell that one of [`MOVES`] leads to. Worlds have walls all around, so that none leads off the board.
    fn after(self, action: usize) -> Self {
        let Self { row, column } = self;
        match action {
            0 => Self { row, column: column.saturating_sub(1) },
            1 => Self { row: row.saturating_sub(1), column },
            2 => Self { row, column: column + 1 },
            _ => Self { row: row + 1, column },
        }
    }

    fn light(self, channel: usize, board: &mut Board) {
        board.light(channel, self.row as i8, self.column as i8);
    }

    /// Whether it lies within the walls around a board of `side` cells.
    fn is_inside(self, side: usize) -> bool {
        let inside = |number: u8| (1..side - 1).contains(&usize::from(number));
        inside(self.row) && inside(self.column)
    }
}

/// Lights the walls around a board of `side` cells.
fn light_walls(channel: usize, side: usize, board: &mut Board) {
    for place in 0..side {
        for cell in [(0, place), (side - 1, place), (place, 0), (place, side - 1)] {
            Cell::new(cell.0, cell.1).light(channel, board);
        }
    }
}

/// A number from `least` to `most`, both included.
fn draw(random: &mut Generator, least: usize, most: usize) -> usize {
    let count = NonZeroU32::new((most.saturating_sub(least) + 1) as u32).unwrap_or(NonZeroU32::MIN);
    least + random.integers(count) as usize
}

/// `found`, the value of the option `key`, if it lies between `least` and `most`.
fn within(key: &'static str, found: u32, least: u32, most: u32) -> Result<usize, RangeError> {
    if (least..=most).contains(&found) { Ok(found as usize) } else { Err(RangeError { key, found, least, most }) }
}
