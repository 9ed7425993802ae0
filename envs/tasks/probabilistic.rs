//! `ProbabilisticClassification`: add up the evidence of up to four symbols, and look to the side that is more likely
//! rewarded.
//!
//! Yang & Shadlen, "Probabilistic reasoning by neurons" (2007), as Rombouts, Bohte & Roelfsema (2015) pose it. Each symbol s
//! has a weight w(s), and
//!
//! ```text
//! S = Σ w(s),   P(right is rewarded) = 10^S / (1 + 10^S),   P(left is rewarded) = 1 − P(right is rewarded)
//! ```
//!
//! | Symbol | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 |
//! |---|---|---|---|---|---|---|---|---|---|---|
//! | w | −99 | −0.9 | −0.7 | −0.5 | −0.3 | 99 | 0.9 | 0.7 | 0.5 | 0.3 |
//!
//! (±99 stands for certainty). The right answer is the side that is more likely rewarded; with S = 0 either is. Actions,
//! phases and pay stand in [`fixation`](super::fixation); *held* is
//!
//! | Step | Shown |
//! |---|---|
//! | i = 1 to n | fixation point and the first i symbols, each at a place of its own |
//! | the next `delay` (2) | fixation point |
//!
//! and the signal to answer is that the fixation point goes out.
//!
//! | Observation | 1 while |
//! |---|---|
//! | 0 | the fixation point is shown |
//! | 1 + 10 p + s | symbol s is shown at place p (0 to 3) |
//!
//! The **levels** of the curriculum, each left when 85 % of its last n trials were answered rightly:
//!
//! | `level` | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 |
//! |---|---|---|---|---|---|---|---|---|
//! | symbols of either side | 1 | 2 | 3 | 4 | 5 | 5 | 5 | 5 |
//! | symbols of a trial | 1 | 1 | 1 | 1 | 1 | 2 | 3 | 4 |
//! | n | 1000 | 1500 | 2000 | 2500 | 3000 | 10000 | 10000 | 20000 |
//!
//! where the symbols of a side are the first so many of 0 to 4, and of 5 to 9. **Start:** for each symbol its side with
//! probability ½, then one of that side's; places without repetition.
//!
//! Departures:
//! 1. `reward` is 1.5 as in the other tasks, and in the replication in ReScience; the authors' program says 1 for this one.
//! 2. The delay lasts `delay` steps as in the other tasks; in the authors' program it is one longer here.
//! 3. Waiting for fixation is bounded as in the other tasks; in the authors' program it is not here.
//! 4. Left and right stand for themselves (41 inputs); the replication has coloured targets that change sides (45 inputs).
//! 5. A level lasts at least n trials, even if 85 % of n are right before.

use super::curriculum::Curriculum;
use super::fixation::{
    FixationTask, Paradigm, Scene, Side, Verdict, Wages, usual_delay, usual_fixation_reward, usual_reward,
};
use super::{LONGEST_DELAY, TaskError, within};
use crate::array::ArraySpec;
use crate::numpy::Generator;
use documented::DocumentedFields;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::num::NonZeroU32;

/// Places at which symbols are shown.
const PLACES: usize = 4;
/// Kinds of symbols: the first half speaks for the left, the second for the right.
const SYMBOLS: usize = 10;
/// The weight of each symbol, in tenths, so that sums are exact.
const WEIGHTS: [i32; SYMBOLS] = [-990, -9, -7, -5, -3, 990, 9, 7, 5, 3];
/// Symbols of either side, and symbols of a trial, at each level.
const LEVELS: [(u32, usize); 8] = [(1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (5, 2), (5, 3), (5, 4)];
/// Least trials of each level.
const WINDOWS: [u32; LEVELS.len()] = [1_000, 1_500, 2_000, 2_500, 3_000, 10_000, 10_000, 20_000];

/// Options of `ProbabilisticClassification`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct ProbabilisticOptions {
    /// How hard it is: a level from 1 (one symbol, which is certain) to 8 (four symbols), or "shaped", which begins at 1 and
    /// goes on to the next level when 85 % of the last trials were answered rightly. A seed begins at 1 again, so evaluations, each of
    /// whose episodes has a seed, ask for level 1 unless `[evaluation] env` sets a level.
    #[serde(default)]
    pub level: Level,
    /// Reward for looking at the fixation point twice in succession.
    #[serde(default = "usual_fixation_reward")]
    pub fixation_reward: f64,
    /// Reward for the answer that is rewarded.
    #[serde(default = "usual_reward")]
    pub reward: f64,
    /// Steps between the last symbol and the answer, 0 to 1000.
    #[serde(default = "usual_delay")]
    pub delay: u32,
}

impl Default for ProbabilisticOptions {
    fn default() -> Self {
        let (fixation_reward, reward) = (usual_fixation_reward(), usual_reward());
        Self { level: Level::default(), fixation_reward, reward, delay: usual_delay() }
    }
}

/// How hard it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Always as hard as level `.0`, 1 to 8.
    Fixed(u8),
    /// Harder as the learner grows better.
    Shaped,
}

impl Default for Level {
    /// The task itself, four symbols.
    fn default() -> Self {
        Level::Fixed(LEVELS.len() as u8)
    }
}

/// Probabilistic classification.
pub struct Probabilistic {
    level: Level,
    delay: u32,
}

/// One trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbabilisticTrial {
    length: u8,
    symbols: [u8; PLACES],
    places: [u8; PLACES],
}

impl ProbabilisticTrial {
    /// The symbols in the order in which they are shown, each with its place.
    pub fn shown(&self) -> impl Iterator<Item = (usize, usize)> {
        let pairs = self.symbols.into_iter().zip(self.places).take(self.length.into());
        pairs.map(|(symbol, place)| (symbol.into(), place.into()))
    }

    /// The summed weight S of its symbols: positive for the right, negative for the left.
    pub fn evidence(&self) -> f64 {
        f64::from(self.tenths()) / 10.0
    }

    /// The probability that looking to the right is rewarded.
    pub fn right_probability(&self) -> f64 {
        1.0 / (1.0 + 10_f64.powf(-self.evidence()))
    }

    fn tenths(&self) -> i32 {
        self.shown().map(|(symbol, _)| WEIGHTS[symbol]).sum()
    }
}

impl Probabilistic {
    /// The environment `ProbabilisticClassification`; its [`FixationTask::memory`] is the curriculum.
    ///
    /// # Errors
    /// A reward that is not a finite number, a level or a delay out of range.
    pub fn env(options: ProbabilisticOptions) -> Result<FixationTask<Self>, TaskError> {
        let ProbabilisticOptions { level, fixation_reward, reward, delay } = options;
        if let Level::Fixed(number) = level {
            within("level", number, 1, LEVELS.len() as u8)?;
        }
        let delay = within("delay", delay, 0, LONGEST_DELAY)?;
        let wages = Wages { fixation_reward, reward };
        FixationTask::new("ProbabilisticClassification", Self { level, delay }, wages)
    }

    /// The place in `LEVELS` of the present level.
    fn place(&self, curriculum: &Curriculum) -> usize {
        match self.level {
            Level::Fixed(number) => usize::from(number) - 1,
            Level::Shaped => curriculum.level(),
        }
    }
}

impl Paradigm for Probabilistic {
    type Trial = ProbabilisticTrial;
    type Memory = Curriculum;

    fn observation(&self) -> ArraySpec {
        ArraySpec::f32("observation", &[1 + PLACES * SYMBOLS], 0.0, 1.0)
    }

    fn draw(&self, curriculum: &Curriculum, random: &mut Generator) -> ProbabilisticTrial {
        let (kinds, length) = LEVELS[self.place(curriculum)];
        let mut below = |count| random.integers(NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN)) as usize;
        let (mut symbols, mut places) = ([0; PLACES], [0, 1, 2, 3]);
        for (i, symbol) in symbols.iter_mut().take(length).enumerate() {
            let first = below(2) * SYMBOLS / 2;
            *symbol = (first + below(kinds)) as u8;
            places.swap(i, i + below((PLACES - i) as u32));
        }
        ProbabilisticTrial { length: length as u8, symbols, places }
    }

    fn held(&self, trial: &ProbabilisticTrial) -> u32 {
        u32::from(trial.length) + self.delay
    }

    fn show(&self, trial: &ProbabilisticTrial, scene: Scene, seen: &mut [f32]) {
        if scene != Scene::Go {
            seen[0] = 1.0;
        }
        if let Scene::Held(step) = scene
            && step < trial.length.into()
        {
            for (symbol, place) in trial.shown().take(step as usize + 1) {
                seen[1 + SYMBOLS * place + symbol] = 1.0;
            }
        }
    }

    fn judge(&self, trial: &ProbabilisticTrial, side: Side, random: &mut Generator) -> Verdict {
        let (towards, probability) = match side {
            Side::Right => (trial.tenths(), trial.right_probability()),
            Side::Left => (-trial.tenths(), 1.0 - trial.right_probability()),
        };
        Verdict { correct: towards >= 0, rewarded: random.random() < probability }
    }

    fn remember(&self, curriculum: &mut Curriculum, correct: bool) {
        if self.level == Level::Shaped {
            curriculum.note(correct, &WINDOWS);
        }
    }

    fn is_possible(&self, trial: Option<&ProbabilisticTrial>, curriculum: &Curriculum) -> bool {
        let trial_is = |trial: &ProbabilisticTrial| {
            (1..=PLACES).contains(&trial.length.into())
                && trial.shown().all(|(symbol, place)| symbol < SYMBOLS && place < PLACES)
        };
        trial.is_none_or(trial_is) && curriculum.is_possible(&WINDOWS)
    }
}

impl Serialize for Level {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Level::Fixed(number) => serializer.serialize_u8(*number),
            Level::Shaped => serializer.serialize_str("shaped"),
        }
    }
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Levels;
        impl Visitor<'_> for Levels {
            type Value = Level;

            fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                write!(formatter, "a level from 1 to {}, or \"shaped\"", LEVELS.len())
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Level, E> {
                let level = u8::try_from(number).ok().filter(|number| (1..=LEVELS.len()).contains(&(*number).into()));
                level.map(Level::Fixed).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Signed(number), &self))
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Level, E> {
                match word {
                    "shaped" => Ok(Level::Shaped),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(word), &self)),
                }
            }
        }
        deserializer.deserialize_any(Levels)
    }
}
