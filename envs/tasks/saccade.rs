//! `Saccade`: look to where the cue was, or to the other side, as the colour of the fixation point said.
//!
//! The delayed saccade/antisaccade task of Gottlieb & Goldberg, "Activity of neurons in the lateral intraparietal area of the
//! monkey during an antisaccade task" (1999), as Rombouts, Bohte & Roelfsema (2015) pose it. Cue and colour must both be
//! remembered, and neither alone tells the answer: it is their exclusive or. Actions, phases and pay stand in
//! [`fixation`](super::fixation); *held* is
//!
//! | Step | Shown |
//! |---|---|
//! | 1 | fixation point and cue |
//! | the next `delay` (2) | fixation point |
//!
//! and the signal to answer is that the fixation point goes out.
//!
//! | Observation | 1 while |
//! |---|---|
//! | 0 | the fixation point asks for a saccade (FixPro) |
//! | 1 | the fixation point asks for an antisaccade (FixAnti) |
//! | 2 | a cue is shown on the left (CueL) |
//! | 3 | a cue is shown on the right (CueR) |
//!
//! **Start:** colour and cue drawn independently, each with probability ½. The greatest return is `fixation_reward` +
//! `reward` = 1.7, in 5 + `delay` = 7 steps.

use super::fixation::{
    FixationTask, Paradigm, Scene, Side, Verdict, Wages, usual_delay, usual_fixation_reward, usual_reward,
};
use super::{LONGEST_DELAY, TaskError, within};
use crate::array::ArraySpec;
use crate::numpy::Generator;
use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

/// Options of `Saccade`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct SaccadeOptions {
    /// Reward for looking at the fixation point twice in succession; 0 leaves the task without shaping.
    #[serde(default = "usual_fixation_reward")]
    pub fixation_reward: f64,
    /// Reward for the right answer.
    #[serde(default = "usual_reward")]
    pub reward: f64,
    /// Steps between cue and answer, 0 to 1000.
    #[serde(default = "usual_delay")]
    pub delay: u32,
}

impl Default for SaccadeOptions {
    fn default() -> Self {
        Self { fixation_reward: usual_fixation_reward(), reward: usual_reward(), delay: usual_delay() }
    }
}

/// The saccade/antisaccade task.
pub struct Saccade {
    delay: u32,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Colour {
    /// A saccade: look to where the cue was.
    Pro,
    /// An antisaccade: look to the other side.
    Anti,
}

/// One trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaccadeTrial {
    /// The colour of the fixation point.
    pub colour: Colour,
    /// The side of the cue.
    pub cue: Side,
}

impl SaccadeTrial {
    /// The side to look to.
    pub fn target(&self) -> Side {
        match self.colour {
            Colour::Pro => self.cue,
            Colour::Anti => self.cue.other(),
        }
    }

    /// The number of its type: 0 and 1 are saccades with the cue on the left and on the right, 2 and 3 antisaccades.
    pub fn kind(&self) -> usize {
        2 * usize::from(self.colour == Colour::Anti) + usize::from(self.cue == Side::Right)
    }
}

impl Saccade {
    /// The environment `Saccade`.
    ///
    /// # Errors
    /// A reward that is not a finite number, or a delay of more than 1,000 steps.
    pub fn env(options: SaccadeOptions) -> Result<FixationTask<Self>, TaskError> {
        let SaccadeOptions { fixation_reward, reward, delay } = options;
        let delay = within("delay", delay, 0, LONGEST_DELAY)?;
        FixationTask::new("Saccade", Self { delay }, Wages { fixation_reward, reward })
    }
}

impl Paradigm for Saccade {
    type Trial = SaccadeTrial;
    type Memory = ();

    fn observation(&self) -> ArraySpec {
        ArraySpec::f32("observation", &[4], 0.0, 1.0)
    }

    fn draw(&self, (): &(), random: &mut Generator) -> SaccadeTrial {
        let colour = if random.random() < 0.5 { Colour::Pro } else { Colour::Anti };
        SaccadeTrial { colour, cue: Side::draw(random) }
    }

    fn held(&self, _trial: &SaccadeTrial) -> u32 {
        1 + self.delay
    }

    fn show(&self, trial: &SaccadeTrial, scene: Scene, seen: &mut [f32]) {
        if scene != Scene::Go {
            seen[usize::from(trial.colour == Colour::Anti)] = 1.0;
        }
        if scene == Scene::Held(0) {
            seen[2 + usize::from(trial.cue == Side::Right)] = 1.0;
        }
    }

    fn judge(&self, trial: &SaccadeTrial, side: Side, _random: &mut Generator) -> Verdict {
        let correct = side == trial.target();
        Verdict { correct, rewarded: correct }
    }

    fn is_possible(&self, _trial: Option<&SaccadeTrial>, (): &()) -> bool {
        true
    }
}
