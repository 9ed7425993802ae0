//! `DelayedMatchToCategory`: do two directions of motion, one remembered, belong to the same category?
//!
//! Freedman & Assad, "Experience-dependent representation of visual categories in parietal cortex" (2006), as Rombouts,
//! Bohte & Roelfsema (2015) pose it. There are twelve directions, 0° to 330°; those from 135° to 315° are one category, the
//! others the other. What is shown is a direction with an error, θ = direction + N(0, `noise`), in the activity of 20 units
//! with preferred directions cᵢ = 18° i:
//!
//! ```text
//! xᵢ = exp(−d(θ, cᵢ)² / 2σ²),   d the angle between the two,   σ = 12°
//! ```
//!
//! Actions, phases and pay stand in [`fixation`](super::fixation); *held* is
//!
//! | Step | Shown |
//! |---|---|
//! | 1 | fixation point and sample |
//! | the next `delay` (2) | fixation point |
//!
//! and the signal to answer is that the fixation point goes out and the test is shown, until the answer.
//!
//! | Action | Is right when |
//! |---|---|
//! | 1, left | sample and test are of one category |
//! | 2, right | they are not |
//!
//! | Observation | Least | Greatest | Meaning |
//! |---|---|---|---|
//! | 0 | 0 | 1 | 1 while the fixation point is shown |
//! | 1 to 20 | 0 | 1 | activity of the unit with preferred direction 0° to 342° |
//!
//! **Start:** sample and test drawn independently from the twelve directions, so that half of the trials match, each with an
//! error of its own. With the usual noise of 5° a direction is nearer to the other category in 0.13 % of the showings of the
//! four directions beside the boundary; no observer can do better than that.
//!
//! Departures, where the public descriptions leave it open:
//! 1. The test comes together with the signal to answer and stays until the answer.
//! 2. The category is that of the direction drawn, not of the one shown, and the error is drawn anew for sample and test.

use super::fixation::{
    FixationTask, Paradigm, Scene, Side, Verdict, Wages, usual_delay, usual_fixation_reward, usual_reward,
};
use super::{LONGEST_DELAY, TaskError, within};
use crate::array::ArraySpec;
use crate::numpy::Generator;
use documented::DocumentedFields;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;
use std::num::NonZeroU32;

/// Directions that are drawn.
const DIRECTIONS: u8 = 12;
/// Units that are tuned to directions.
const UNITS: usize = 20;
/// Width of their tuning, in degrees.
const SIGMA: f64 = 12.0;
/// The directions of the second category, in degrees.
const SECOND: std::ops::RangeInclusive<f64> = 135.0..=315.0;

/// Greatest value of `noise`, in degrees.
const MOST_NOISE: f64 = 180.0;

/// Options of `DelayedMatchToCategory`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct CategoryOptions {
    /// Standard deviation of the error with which a direction is shown, in degrees, 0 to 180.
    #[serde(default = "usual_noise")]
    pub noise: f64,
    /// Reward for looking at the fixation point twice in succession.
    #[serde(default = "usual_fixation_reward")]
    pub fixation_reward: f64,
    /// Reward for the right answer.
    #[serde(default = "usual_reward")]
    pub reward: f64,
    /// Steps between sample and test, 0 to 1000.
    #[serde(default = "usual_delay")]
    pub delay: u32,
}

impl Default for CategoryOptions {
    fn default() -> Self {
        let (fixation_reward, reward) = (usual_fixation_reward(), usual_reward());
        Self { noise: usual_noise(), fixation_reward, reward, delay: usual_delay() }
    }
}

/// The delayed match-to-category task.
pub struct Category {
    noise: f64,
    delay: u32,
}

/// A direction of motion, and what is shown of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Motion {
    direction: u8,
    shown: f64,
}

/// One trial.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoryTrial {
    /// What is to be remembered.
    pub sample: Motion,
    /// What it is compared with.
    pub test: Motion,
}

impl Motion {
    /// The direction in degrees, a multiple of 30.
    pub fn direction(&self) -> f64 {
        f64::from(self.direction) * 360.0 / f64::from(DIRECTIONS)
    }

    /// The direction shown, in degrees, error included; it may lie outside 0 to 360.
    pub fn shown(&self) -> f64 {
        self.shown
    }

    /// The category, 0 or 1.
    pub fn category(&self) -> usize {
        usize::from(SECOND.contains(&self.direction()))
    }

    fn draw(random: &mut Generator, noise: f64) -> Self {
        let count = NonZeroU32::new(DIRECTIONS.into()).unwrap_or(NonZeroU32::MIN);
        let direction = random.integers(count) as u8;
        let mut motion = Self { direction, shown: 0.0 };
        motion.shown = motion.direction() + noise * normal(random);
        motion
    }
}

impl CategoryTrial {
    /// Whether sample and test are of one category.
    pub fn is_match(&self) -> bool {
        self.sample.category() == self.test.category()
    }
}

impl Category {
    /// The environment `DelayedMatchToCategory`.
    ///
    /// # Errors
    /// A reward that is not a finite number, a noise or a delay out of range.
    pub fn env(options: CategoryOptions) -> Result<FixationTask<Self>, TaskError> {
        let CategoryOptions { noise, fixation_reward, reward, delay } = options;
        let noise = within("noise", noise, 0.0, MOST_NOISE)?;
        let delay = within("delay", delay, 0, LONGEST_DELAY)?;
        let wages = Wages { fixation_reward, reward };
        FixationTask::new("DelayedMatchToCategory", Self { noise, delay }, wages)
    }
}

impl Paradigm for Category {
    type Trial = CategoryTrial;
    type Memory = ();

    fn observation(&self) -> ArraySpec {
        ArraySpec::f32("observation", &[1 + UNITS], 0.0, 1.0)
    }

    fn draw(&self, (): &(), random: &mut Generator) -> CategoryTrial {
        CategoryTrial { sample: Motion::draw(random, self.noise), test: Motion::draw(random, self.noise) }
    }

    fn held(&self, _trial: &CategoryTrial) -> u32 {
        1 + self.delay
    }

    fn show(&self, trial: &CategoryTrial, scene: Scene, seen: &mut [f32]) {
        let (point, units) = seen.split_at_mut(1);
        point[0] = if scene == Scene::Go { 0.0 } else { 1.0 };
        match scene {
            Scene::Held(0) => tune(trial.sample.shown, units),
            Scene::Go => tune(trial.test.shown, units),
            Scene::Fixation | Scene::Held(_) => {}
        }
    }

    fn judge(&self, trial: &CategoryTrial, side: Side, _random: &mut Generator) -> Verdict {
        let correct = trial.is_match() == (side == Side::Left);
        Verdict { correct, rewarded: correct }
    }

    fn is_possible(&self, trial: Option<&CategoryTrial>, (): &()) -> bool {
        let motion_is = |motion: &Motion| motion.direction < DIRECTIONS && motion.shown.is_finite();
        trial.is_none_or(|trial| motion_is(&trial.sample) && motion_is(&trial.test))
    }
}

/// Writes the activity of each unit while `direction` is shown.
fn tune(direction: f64, units: &mut [f32]) {
    let spacing = 360.0 / units.len() as f64;
    for (i, unit) in units.iter_mut().enumerate() {
        let turn = (direction - spacing * i as f64).rem_euclid(360.0);
        let angle = turn.min(360.0 - turn);
        *unit = (-angle * angle / (2.0 * SIGMA * SIGMA)).exp() as f32;
    }
}

/// A draw from the standard normal distribution (Box & Muller 1958).
fn normal(random: &mut Generator) -> f64 {
    let radius = (-2.0 * (1.0 - random.random()).ln()).sqrt();
    radius * (TAU * random.random()).cos()
}

fn usual_noise() -> f64 {
    5.0
}
