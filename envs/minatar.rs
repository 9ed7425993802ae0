//! MinAtar: five Atari games reduced to boards of 10 by 10 cells (K. Young and T. Tian, "MinAtar: An Atari-inspired testbed
//! for thorough and reproducible reinforcement learning experiments", 2019, arXiv 1903.03176).
//!
//! Written from a description of the rules, and equal to the authors' Python package, version 1.0.15, step for step: the
//! same seed and actions give the same boards, rewards and ends, drawn from the same random words
//! (`tests/minatar.rs`: with what `scripts/golden/minatar_games.py` recorded, and with the package itself where it is there).
//!
//! | | |
//! |---|---|
//! | Ids | `MinAtar/<Game>-v0` with all six actions, `-v1` with those that the game has a use for; games `Breakout`, `Asterix`, `Freeway`, `Seaquest`, `SpaceInvaders` |
//! | Actions of v0 | 0 nothing, 1 left, 2 up, 3 right, 4 down, 5 fire; what a game has no use for acts like 0 |
//! | Observation | u8 `board` `[channels, 10, 10]`: 255 where a channel is lit, which networks read as 1; 0 elsewhere. With `frame`, also u8 `frame` `[1, 10·frame, 10·frame]` for signals that see |
//! | Reward | of the game, a whole number; see each game's file |
//! | Start | of the game; the random stream goes on from episode to episode |
//! | End | *terminated* as the game says; never truncated, unless `max_episode_steps` is given |
//!
//! **Sticky actions.** Before each step one number is drawn; below `sticky_action_prob` the action taken before is repeated
//! in place of the one asked for. The action taken before is remembered over the end of an episode.
//!
//! Departures from the package:
//! 1. Seeding forgets the action taken before, so that a seed and a list of actions have one future here.
//! 2. An environment that was never seeded starts from seed 0; a seed from 2³² on, which the package refuses, is folded.
//! 3. A step after the end of an episode is an error, and draws nothing.

mod action;
mod asterix;
mod breakout;
mod freeway;
mod seaquest;
mod space_invaders;

pub use crate::board::Board;
pub use action::{Action, SIDE};
pub use asterix::Asterix;
pub use breakout::Breakout;
pub use freeway::Freeway;
pub use seaquest::Seaquest;
pub use space_invaders::SpaceInvaders;

use crate::board;
use crate::env::{Discrete, Env, EnvError, EnvSpec, Observation, Step};
use crate::numpy::legacy::RandomState;
use crate::picture::Picture;
use documented::DocumentedFields;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::num::{NonZeroU8, NonZeroU32};

/// Pixels of a cell in a picture for people.
const CELL: usize = 16;

/// The rules of a game.
pub trait Game: Clone + Send + Serialize + DeserializeOwned {
    /// Its name in ids.
    const NAME: &'static str;
    /// What the channels of the board show, in order.
    const CHANNELS: &'static [&'static str];
    /// The actions that it has a use for.
    const MINIMAL: &'static [Action];

    /// The state in which an episode starts.
    fn start(random: &mut RandomState) -> Self;

    /// One step. Answers with the reward and whether the episode is over; `ramping`: the game grows harder as it goes on.
    fn advance(&mut self, action: Action, ramping: Ramping, random: &mut RandomState) -> (u32, bool);

    /// Lights the cells of the present state on a dark board.
    fn paint(&self, board: &mut Board);

    /// Whether the state is such as a running episode can have; a damaged file may hold others.
    fn is_possible(&self) -> bool;
}

/// Whether a game grows harder as it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ramping {
    /// It does.
    On,
    /// It stays as it starts.
    Off,
}

/// Which actions are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionSet {
    /// All six, in every game: ids that end in `-v0`.
    Full,
    /// Those that the game has a use for: ids that end in `-v1`.
    Minimal,
}

/// Options of MinAtar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct MinAtarOptions {
    /// Probability that an action is replaced by the one taken before; 0 to 1.
    #[serde(default = "a_tenth")]
    pub sticky_action_prob: f64,
    /// Whether the game grows harder as it goes on (Breakout and Freeway never do).
    #[serde(default = "yes")]
    pub difficulty_ramping: bool,
    /// Pixels of a cell in the array `frame`, a grey picture for signals that see; without it there is no such array. At most 25.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<NonZeroU8>,
    /// Steps after which an episode is truncated; without it there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_episode_steps: Option<NonZeroU32>,
}

/// Options that no game can have.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MinAtarError {
    /// The probability is none.
    #[error("sticky_action_prob = {0} is not a probability (allowed: 0 to 1)")]
    Sticky(f64),
    /// Frames beyond 250 pixels.
    #[error("frame = {0} pixels a cell are too many (allowed: 1 to 25)")]
    Frame(u8),
}

/// A game as an environment.
pub struct MinAtar<G> {
    spec: EnvSpec,
    options: MinAtarOptions,
    actions: &'static [Action],
    play: Play<G>,
}

/// Everything that changes.
#[derive(Clone, Serialize, Deserialize)]
struct Play<G> {
    random: RandomState,
    /// The action taken last, over the ends of episodes.
    previous: Action,
    /// The running episode, if one is running; else the last one.
    game: Option<G>,
    over: bool,
}

impl<G: Game> MinAtar<G> {
    /// The game with the given actions.
    ///
    /// # Errors
    /// An option is out of range.
    pub fn new(set: ActionSet, options: MinAtarOptions) -> Result<Self, MinAtarError> {
        if !(0.0..=1.0).contains(&options.sticky_action_prob) {
            return Err(MinAtarError::Sticky(options.sticky_action_prob));
        }
        if let Some(pixels) = options.frame.filter(|pixels| pixels.get() > 25) {
            return Err(MinAtarError::Frame(pixels.get()));
        }
        let actions = match set {
            ActionSet::Full => &Action::ALL,
            ActionSet::Minimal => G::MINIMAL,
        };
        let spec = EnvSpec {
            id: Self::id(set),
            observation: board::arrays(G::CHANNELS.len(), SIDE, options.frame),
            actions: Discrete::named(actions.iter().map(|action| action.name())),
            max_episode_steps: None,
            reward_threshold: None,
        };
        let play = Play { random: RandomState::new(0), previous: Action::Nothing, game: None, over: true };
        Ok(Self { spec, options, actions, play })
    }

    /// The name in the registry, which is Gymnasium's.
    pub fn id(set: ActionSet) -> String {
        let version = match set {
            ActionSet::Full => 0,
            ActionSet::Minimal => 1,
        };
        format!("MinAtar/{}-v{version}", G::NAME)
    }

    /// The random stream, to look at.
    pub fn random(&self) -> &RandomState {
        &self.play.random
    }
}

impl<G: Game> Env for MinAtar<G> {
    fn spec(&self) -> &EnvSpec {
        &self.spec
    }

    fn reset(&mut self, seed: Option<u64>, observation: &mut Observation) -> Result<(), EnvError> {
        if let Some(seed) = seed {
            self.play.random = RandomState::new((seed ^ (seed >> 32)) as u32);
            self.play.previous = Action::Nothing;
        }
        let game = G::start(&mut self.play.random);
        self.play.over = false;
        let game = self.play.game.insert(game);
        board::show(&self.spec, SIDE, self.options.frame, observation, |board| game.paint(board))
    }

    #[inline]
    fn step(&mut self, action: usize, observation: &mut Observation) -> Result<Step, EnvError> {
        let asked = *self.actions.get(action).ok_or_else(|| self.spec.no_action(action))?;
        let Play { random, previous, game, over } = &mut self.play;
        let Some(game) = game.as_mut().filter(|_| !*over) else {
            return Err(self.spec.over());
        };
        let sticks = random.rand() < self.options.sticky_action_prob;
        let taken = if sticks { *previous } else { asked };
        *previous = taken;
        let ramping = if self.options.difficulty_ramping { Ramping::On } else { Ramping::Off };
        let (reward, terminated) = game.advance(taken, ramping, random);
        *over = terminated;
        board::show(&self.spec, SIDE, self.options.frame, observation, |board| game.paint(board))?;
        Ok(Step { reward: reward.into(), terminated, truncated: false })
    }

    fn save(&self) -> Option<Vec<u8>> {
        // What is seen of an episode that is over can be such as no running one comes to.
        let Play { random, previous, game, over } = &self.play;
        postcard::to_stdvec(&(random, previous, game.as_ref().filter(|_| !over), over)).ok()
    }

    fn load(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let play: Play<G> = postcard::from_bytes(state).map_err(|error| self.spec.bad_state(error))?;
        if play.game.as_ref().is_some_and(|game| !game.is_possible()) || (play.game.is_none() && !play.over) {
            return Err(self.spec.bad_state("no episode can come to such a board"));
        }
        self.play = play;
        Ok(())
    }

    fn picture(&self) -> Option<Picture> {
        let mut cells = vec![0; G::CHANNELS.len() * SIDE * SIDE];
        self.play.game.as_ref()?.paint(&mut Board::dark(&mut cells, SIDE));
        Some(board::picture(&cells, SIDE, CELL))
    }
}

fn a_tenth() -> f64 {
    0.1
}

fn yes() -> bool {
    true
}
