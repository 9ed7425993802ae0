//! The video environment: a film, and a fixation that looks around in it.
//!
//! At time t the film shows frame F(t), whatever the agent does; its action moves the fixation c(t) over a grid of cells:
//!
//! ```text
//! c(t+1) = move(c(t), action),   observation(t+1) = (F(t+1), coarse(F(t+1)), patch(F(t+1), c(t+1)), c(t+1))
//! ```
//!
//! Fixation is covert: `frame` and `coarse` do not depend on it, only `patch` and `fixation` do.
//!
//! | Action | Meaning |
//! |---|---|
//! | `moves = "steps"`: 0 to 4 | stay, one cell to the left, right, up, down; at the border the fixation stays |
//! | `moves = "saccades"`: 0 to rows·columns − 1 | jump to that cell, counted row by row |
//!
//! | Observation | Kind, shape | Meaning |
//! |---|---|---|
//! | `frame` | u8 `[1, height, width]` | the whole frame, grey, 0 black to 255 white |
//! | `coarse` | u8 `[1, 2·rows, 2·columns]` | the frame averaged over quarter cells |
//! | `patch` | u8 `[1, height/rows, width/columns]` | the fixated cell |
//! | `fixation` | f32 `[rows, columns]` | 1 at the fixated cell, else 0 |
//!
//! **Reward:** always 0; what is worth looking at is for internal signals to say. **Start:** frame and cell drawn from the
//! seeded generator (`start`). **End:** never terminated; truncated after `max_episode_steps` (128), and at the last frame
//! if `at_end = "end"`.
//!
//! Films come from a folder of PNG and JPEG pictures, GIF, Y4M, or anything that the program `ffmpeg` reads. Every film is
//! held in memory, grey and at the configured size, once for all environments that show it.

mod ffmpeg;
mod film;
mod options;
mod pictures;
mod playback;
mod y4m;

pub use film::{Film, FilmError, Films};
pub use options::{AtEnd, Start, VideoOptions};

pub use crate::eye::{GridError, Moves};

use crate::env::{Discrete, Env, EnvError, EnvSpec, Observation, Step};
use crate::eye::Grid;
use crate::numpy::Generator;
use crate::picture::Picture;
use crate::wrappers::TimeLimit;
use playback::Playback;
use std::sync::Arc;

/// The environment of these options, its film taken from `films` or read into it.
///
/// # Errors
/// Options that contradict each other, or a film that cannot be read.
pub fn build(options: VideoOptions, films: &Films) -> Result<Box<dyn Env>, FilmError> {
    let grid = options.grid()?;
    let limit = options.max_episode_steps;
    let film = films.get(&options)?;
    Ok(Box::new(TimeLimit::new(Video::new(film, grid, &options), limit)))
}

/// A film with a fixation, without a limit of time.
pub struct Video {
    spec: EnvSpec,
    film: Arc<Film>,
    grid: Grid,
    playback: Playback,
    start: Start,
    random: Generator,
    /// Place of the playhead and fixated cell of the running episode, if one is running.
    state: Option<(u32, u32)>,
}

impl Video {
    fn new(film: Arc<Film>, grid: Grid, options: &VideoOptions) -> Self {
        let spec = EnvSpec {
            id: "video".into(),
            observation: grid.observation(),
            actions: Discrete::named(grid.action_names()),
            max_episode_steps: None,
            reward_threshold: None,
        };
        let playback = Playback::new(film.len(), options.at_end);
        Self { spec, film, grid, playback, start: options.start, random: Generator::new(0), state: None }
    }

    /// Writes what is seen with the playhead at `place` and the fixation on `cell`. Answers with whether the buffer fits.
    fn write(&self, place: u32, cell: u32, observation: &mut Observation) -> bool {
        let shown = self.playback.frame(place);
        self.grid.write(self.film.frame(shown), self.film.coarse(shown), cell, observation)
    }
}

impl Env for Video {
    fn spec(&self) -> &EnvSpec {
        &self.spec
    }

    fn reset(&mut self, seed: Option<u64>, observation: &mut Observation) -> Result<(), EnvError> {
        if let Some(seed) = seed {
            self.random = Generator::new(seed);
        }
        let place = match self.start {
            Start::First => 0,
            Start::Random => self.random.integers(self.playback.starts()),
        };
        let cell = self.random.integers(self.grid.draws());
        self.state = Some((place, cell));
        if self.write(place, cell, observation) { Ok(()) } else { Err(self.spec.no_fit()) }
    }

    fn step(&mut self, action: usize, observation: &mut Observation) -> Result<Step, EnvError> {
        let Some((place, cell)) = self.state else {
            return Err(self.spec.over());
        };
        let cell = self.grid.moved(cell, action).ok_or_else(|| self.spec.no_action(action))?;
        let place = self.playback.next(place);
        if !self.write(place, cell, observation) {
            return Err(self.spec.no_fit());
        }
        let truncated = self.playback.is_end(place);
        self.state = if truncated { None } else { Some((place, cell)) };
        Ok(Step { reward: 0.0, terminated: false, truncated })
    }

    fn save(&self) -> Option<Vec<u8>> {
        postcard::to_stdvec(&(self.film.digest(), &self.random, self.state)).ok()
    }

    fn load(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let (digest, random, state): (u64, Generator, Option<(u32, u32)>) =
            postcard::from_bytes(state).map_err(|error| self.spec.bad_state(error))?;
        if digest != self.film.digest() {
            return Err(self.spec.bad_state("it was saved with another film, or the same film at another size"));
        }
        if state.is_some_and(|(place, cell)| !self.playback.holds(place) || cell as usize >= self.grid.cells()) {
            return Err(self.spec.bad_state("its frame or its cell does not exist"));
        }
        (self.random, self.state) = (random, state);
        Ok(())
    }

    /// The frame, with a yellow box around the fixated cell.
    fn picture(&self) -> Option<Picture> {
        let (place, cell) = self.state?;
        let frame = self.film.frame(self.playback.frame(place));
        Some(self.grid.boxed(frame.iter().flat_map(|grey| [*grey; 3]).collect(), cell))
    }
}
