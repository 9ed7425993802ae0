//! `12AX`: answer to A-X while the last digit was 1, and to B-Y while it was 2: two memories, one inside the other.
//!
//! The 12-AX continuous performance task of O'Reilly & Frank, "Making working memory work: a computational model of learning
//! in the prefrontal cortex and basal ganglia" (2006). Symbols are shown one by one in outer loops, each a digit and then one
//! to four inner loops of two letters. Every symbol asks for an answer:
//!
//! | Action | Is right when |
//! |---|---|
//! | 0, left | otherwise |
//! | 1, right | the last digit was 1, the letter before was A and X is shown; or the last digit was 2, it was B and Y is shown |
//!
//! | Observation | Meaning |
//! |---|---|
//! | f32 `[8]` | 1 for the symbol shown, in the order 1 2 A B C X Y Z; all 0 after the end |
//! | f32 `[6]` | with `distractors = false`: 1 2 A B X Y |
//!
//! **Reward:** `reward` (1) for a right answer, `penalty` (−1) for a wrong one, at each step. **Start:** each outer loop draws
//! its digit, its number of inner loops and their letters: a pair is A-X or B-Y with probability ¼ each, whatever the digit
//! (so that half of the pairs might be targets and a quarter are), else one of the other pairs, all alike. **End:** terminated
//! after `outer_loops` outer loops (1); one with k inner loops has 2k + 1 steps.
//!
//! Departures, where the paper leaves it open:
//! 1. An episode is one outer loop, so that a learner whose memory is reset between episodes can learn it; `outer_loops`
//!    makes it longer.
//! 2. Right and wrong pay +1 and −1; the paper's learner was told the right answer.

use super::{TaskError, finite};
use crate::array::ArraySpec;
use crate::env::{Discrete, Env, EnvError, EnvSpec, Observation, Step};
use crate::numpy::Generator;
use documented::DocumentedFields;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// Most inner loops of an outer one.
const PAIRS: NonZeroU32 = NonZeroU32::MIN.saturating_add(3);
const DIGITS: [char; 2] = ['1', '2'];
/// The letters that begin a pair, and those that end it: the targets' first, in the order of their digits.
const FIRST: [char; 3] = ['A', 'B', 'C'];
const SECOND: [char; 3] = ['X', 'Y', 'Z'];

/// Options of `12AX`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct TwelveAxOptions {
    /// Outer loops of an episode: digits that are shown.
    #[serde(default = "super::one")]
    pub outer_loops: NonZeroU32,
    /// Whether the letters C and Z occur.
    #[serde(default = "usual_distractors")]
    pub distractors: bool,
    /// Reward of a right answer.
    #[serde(default = "usual_reward")]
    pub reward: f64,
    /// Reward of a wrong answer.
    #[serde(default = "usual_penalty")]
    pub penalty: f64,
}

impl Default for TwelveAxOptions {
    fn default() -> Self {
        let (reward, penalty) = (usual_reward(), usual_penalty());
        Self { outer_loops: super::one(), distractors: usual_distractors(), reward, penalty }
    }
}

/// The 12-AX task.
pub struct TwelveAx {
    spec: EnvSpec,
    options: TwelveAxOptions,
    random: Generator,
    /// What is shown in the running episode, if one is running.
    state: Option<Sequence>,
}

/// Which symbol of an outer loop is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Place {
    Digit,
    First,
    Second,
}

/// An outer loop and where it stands; symbols are numbered within their kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sequence {
    digit: u8,
    pair: [u8; 2],
    place: Place,
    /// Inner loops after the running one.
    pairs: u32,
    /// Outer loops after the running one.
    loops: u32,
}

impl TwelveAx {
    /// The environment `12AX`.
    ///
    /// # Errors
    /// A reward or penalty that is not a finite number.
    pub fn env(options: TwelveAxOptions) -> Result<Self, TaskError> {
        finite("reward", options.reward)?;
        finite("penalty", options.penalty)?;
        let symbols = DIGITS.len() + 2 * letters(options.distractors);
        let spec = EnvSpec {
            id: "12AX".into(),
            observation: vec![ArraySpec::f32("observation", &[symbols], 0.0, 1.0)],
            actions: Discrete::named(["left", "right"]),
            max_episode_steps: None,
            reward_threshold: None,
        };
        Ok(Self { spec, options, random: Generator::new(0), state: None })
    }

    /// The symbol that is shown, if an episode is running.
    pub fn shown(&self) -> Option<char> {
        self.state.map(|sequence| match sequence.place {
            Place::Digit => DIGITS[usize::from(sequence.digit)],
            Place::First => FIRST[usize::from(sequence.pair[0])],
            Place::Second => SECOND[usize::from(sequence.pair[1])],
        })
    }

    /// Writes what is shown. Answers with whether the buffer fits.
    fn write(&self, sequence: Option<Sequence>, observation: &mut Observation) -> bool {
        let [array] = observation.arrays.as_mut_slice() else {
            return false;
        };
        let Some(seen) = array.as_f32_mut().filter(|seen| seen.len() == self.spec.observation[0].len()) else {
            return false;
        };
        seen.fill(0.0);
        if let Some(sequence) = sequence {
            seen[sequence.input(letters(self.options.distractors))] = 1.0;
        }
        true
    }
}

impl Sequence {
    fn start(loops: u32, random: &mut Generator) -> Self {
        let digit = u8::from(random.random() < 0.5);
        Self { digit, pair: [0, 0], place: Place::Digit, pairs: random.integers(PAIRS), loops }
    }

    /// What is shown next, unless the last outer loop is over.
    fn next(mut self, letters: usize, random: &mut Generator) -> Option<Self> {
        match self.place {
            Place::Digit => (self.pair, self.place) = (draw_pair(letters, random), Place::First),
            Place::First => self.place = Place::Second,
            Place::Second if self.pairs > 0 => {
                self.pairs -= 1;
                (self.pair, self.place) = (draw_pair(letters, random), Place::First);
            }
            Place::Second if self.loops > 0 => self = Self::start(self.loops - 1, random),
            Place::Second => return None,
        }
        Some(self)
    }

    /// Whether the right answer to what is shown is "right".
    fn is_target(&self) -> bool {
        self.place == Place::Second && self.pair == [self.digit; 2]
    }

    /// The place of the shown symbol in the observation.
    fn input(&self, letters: usize) -> usize {
        match self.place {
            Place::Digit => usize::from(self.digit),
            Place::First => DIGITS.len() + usize::from(self.pair[0]),
            Place::Second => DIGITS.len() + letters + usize::from(self.pair[1]),
        }
    }
}

/// Letters that may begin a pair, and as many that may end it.
fn letters(distractors: bool) -> usize {
    if distractors { FIRST.len() } else { FIRST.len() - 1 }
}

/// A-X or B-Y with probability ¼ each, else one of the other pairs.
fn draw_pair(letters: usize, random: &mut Generator) -> [u8; 2] {
    let mut below = |count: usize| random.integers(NonZeroU32::new(count as u32).unwrap_or(NonZeroU32::MIN)) as u8;
    match below(4) {
        target @ 0..=1 => [target; 2],
        _ => {
            // Those that are no target, row by row.
            let row = |first| (0..letters as u8).map(move |second| [first, second]);
            let is_other = |pair: &[u8; 2]| pair[0] != pair[1] || usize::from(pair[0]) >= DIGITS.len();
            let place = below(letters * letters - DIGITS.len());
            (0..letters as u8).flat_map(row).filter(is_other).nth(place.into()).unwrap_or([0, 1])
        }
    }
}

impl Env for TwelveAx {
    fn spec(&self) -> &EnvSpec {
        &self.spec
    }

    fn reset(&mut self, seed: Option<u64>, observation: &mut Observation) -> Result<(), EnvError> {
        if let Some(seed) = seed {
            self.random = Generator::new(seed);
        }
        self.state = Some(Sequence::start(self.options.outer_loops.get() - 1, &mut self.random));
        if self.write(self.state, observation) { Ok(()) } else { Err(self.spec.no_fit()) }
    }

    fn step(&mut self, action: usize, observation: &mut Observation) -> Result<Step, EnvError> {
        if action >= self.spec.actions.len() {
            return Err(self.spec.no_action(action));
        }
        let Some(sequence) = self.state else {
            return Err(self.spec.over());
        };
        let next = sequence.next(letters(self.options.distractors), &mut self.random);
        if !self.write(next, observation) {
            return Err(self.spec.no_fit());
        }
        self.state = next;
        let right = (action == 1) == sequence.is_target();
        let reward = if right { self.options.reward } else { self.options.penalty };
        Ok(Step { reward, terminated: next.is_none(), truncated: false })
    }

    fn save(&self) -> Option<Vec<u8>> {
        postcard::to_stdvec(&(&self.random, self.state)).ok()
    }

    fn load(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let (random, state): (Generator, Option<Sequence>) =
            postcard::from_bytes(state).map_err(|error| self.spec.bad_state(error))?;
        let letters = letters(self.options.distractors);
        let is_possible = |sequence: Sequence| {
            usize::from(sequence.digit) < DIGITS.len()
                && sequence.pair.iter().all(|letter| usize::from(*letter) < letters)
                && sequence.pairs < PAIRS.get()
                && sequence.loops < self.options.outer_loops.get()
        };
        if !state.is_none_or(is_possible) {
            return Err(self.spec.bad_state("its symbols or its loops do not exist"));
        }
        (self.random, self.state) = (random, state);
        Ok(())
    }
}

fn usual_distractors() -> bool {
    true
}

fn usual_reward() -> f64 {
    1.0
}

fn usual_penalty() -> f64 {
    -1.0
}
