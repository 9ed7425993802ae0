//! `Vibrotactile`: which of two vibrations, one remembered, was the faster?
//!
//! Hernández, Salinas, García & Romo, "Discrimination in the sense of flutter" (1997), as Rombouts, Bohte & Roelfsema (2015)
//! pose it. A vibration of f Hz is felt by 20 units, ten whose activity grows with f and ten whose activity falls:
//!
//! ```text
//! x⁺ = 1 / (1 + exp(5 (θ − f))),   x⁻ = 1 / (1 + exp(5 (f − θ))),   θ = 9.5, 13.5, …, 45.5 Hz
//! ```
//!
//! Actions, phases and pay stand in [`fixation`](super::fixation), where the contact of the probe stands for the fixation
//! point; *held* is
//!
//! | Step | Felt |
//! |---|---|
//! | 1 | contact and first vibration |
//! | the next `delay` (2) | contact |
//!
//! and the signal to answer is the second vibration, which goes on until the answer.
//!
//! | Action | Is right when |
//! |---|---|
//! | 1, left | the first vibration was the faster |
//! | 2, right | the second is the faster |
//!
//! | Observation | Least | Greatest | Meaning |
//! |---|---|---|---|
//! | 0 | 0 | 1 | 1 while the probe is in contact |
//! | 1, 3, …, 19 | 0 | 1 | activity of the falling unit with θ = 9.5, 13.5, …, 45.5 Hz |
//! | 2, 4, …, 20 | 0 | 1 | activity of the growing unit with the same θ |
//!
//! **Start:** both frequencies uniform in 5 to 50 Hz, drawn again until they are at least 2 Hz apart.
//!
//! Departures, where the paper is silent or its public port (Ranxi/AuGMEnT_repro, from which range, distance and answers are)
//! differs:
//! 1. The trial begins with a blank step, which the port leaves out.
//! 2. Losing contact between the two steps of fixation ends the trial; in the port the count begins again.

use super::fixation::{
    FixationTask, Paradigm, Scene, Side, Verdict, Wages, usual_delay, usual_fixation_reward, usual_reward,
};
use super::{LONGEST_DELAY, TaskError, within};
use crate::array::ArraySpec;
use crate::numpy::Generator;
use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

/// Units that feel the vibration: two for each threshold.
const UNITS: usize = 20;
/// The lowest threshold and the distance to the next, in Hz.
const THRESHOLDS: (f64, f64) = (9.5, 4.0);
/// Steepness of the units, per Hz.
const SLOPE: f64 = 5.0;
/// Frequencies that are drawn, in Hz.
const FREQUENCIES: std::ops::RangeInclusive<f64> = 5.0..=50.0;
/// Least distance between the two, in Hz.
const APART: f64 = 2.0;

/// Options of `Vibrotactile`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct VibrotactileOptions {
    /// Reward for holding still twice in succession.
    #[serde(default = "usual_fixation_reward")]
    pub fixation_reward: f64,
    /// Reward for the right answer.
    #[serde(default = "usual_reward")]
    pub reward: f64,
    /// Steps between the two vibrations, 0 to 1000.
    #[serde(default = "usual_delay")]
    pub delay: u32,
}

impl Default for VibrotactileOptions {
    fn default() -> Self {
        Self { fixation_reward: usual_fixation_reward(), reward: usual_reward(), delay: usual_delay() }
    }
}

/// The vibrotactile discrimination task.
pub struct Vibrotactile {
    delay: u32,
}

/// One trial: the frequencies in Hz.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct VibrotactileTrial {
    /// That of the first vibration.
    pub first: f64,
    /// That of the second.
    pub second: f64,
}

impl Vibrotactile {
    /// The environment `Vibrotactile`.
    ///
    /// # Errors
    /// A reward that is not a finite number, or a delay of more than 1,000 steps.
    pub fn env(options: VibrotactileOptions) -> Result<FixationTask<Self>, TaskError> {
        let VibrotactileOptions { fixation_reward, reward, delay } = options;
        let delay = within("delay", delay, 0, LONGEST_DELAY)?;
        FixationTask::new("Vibrotactile", Self { delay }, Wages { fixation_reward, reward })
    }
}

impl Paradigm for Vibrotactile {
    type Trial = VibrotactileTrial;
    type Memory = ();

    fn observation(&self) -> ArraySpec {
        ArraySpec::f32("observation", &[1 + UNITS], 0.0, 1.0)
    }

    fn draw(&self, (): &(), random: &mut Generator) -> VibrotactileTrial {
        let mut draw = || random.uniform(*FREQUENCIES.start(), *FREQUENCIES.end());
        loop {
            let trial = VibrotactileTrial { first: draw(), second: draw() };
            if (trial.first - trial.second).abs() >= APART {
                return trial;
            }
        }
    }

    fn held(&self, _trial: &VibrotactileTrial) -> u32 {
        1 + self.delay
    }

    fn show(&self, trial: &VibrotactileTrial, scene: Scene, seen: &mut [f32]) {
        let (contact, units) = seen.split_at_mut(1);
        contact[0] = 1.0;
        match scene {
            Scene::Held(0) => feel(trial.first, units),
            Scene::Go => feel(trial.second, units),
            Scene::Fixation | Scene::Held(_) => {}
        }
    }

    fn judge(&self, trial: &VibrotactileTrial, side: Side, _random: &mut Generator) -> Verdict {
        let correct = (trial.first > trial.second) == (side == Side::Left);
        Verdict { correct, rewarded: correct }
    }

    fn is_possible(&self, trial: Option<&VibrotactileTrial>, (): &()) -> bool {
        trial.is_none_or(|trial| FREQUENCIES.contains(&trial.first) && FREQUENCIES.contains(&trial.second))
    }
}

/// Writes the activity of each unit under a vibration of `frequency` Hz: falling and growing units in turn.
fn feel(frequency: f64, units: &mut [f32]) {
    let (lowest, spacing) = THRESHOLDS;
    for (i, pair) in units.chunks_exact_mut(2).enumerate() {
        let above = SLOPE * (frequency - (lowest + spacing * i as f64));
        pair[0] = (1.0 / (1.0 + above.exp())) as f32;
        pair[1] = (1.0 / (1.0 + (-above).exp())) as f32;
    }
}
