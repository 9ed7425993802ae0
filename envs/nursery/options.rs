//! Options of the nursery, as they stand under `[env]` in a run file.

use crate::eye::{Grid, GridError, Moves};
use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

/// Smallest and greatest side of a frame.
const SIZES: [u32; 2] = [64, 128];
/// Greatest noise of the sensor.
const NOISIEST: f64 = 0.1;

/// What world, how large, how it is looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct NurseryOptions {
    /// What happens how often: "balanced" (each kind of scene equally often), "hard" (few hands, much other motion),
    /// "no-movers" (hands sweep and touch, nothing moves anything) or "ball-movers" (balls push objects, hands do not).
    pub world: World,
    /// Weights of the kinds of scenes, such as `{ grab = 3, push = 1 }`, instead of those of the world.
    pub mix: Option<Mix>,
    /// Chances of each distraction in a scene, such as `{ curtain = 0.5 }`, instead of those of the world.
    pub distractors: Distractors,
    /// Whose hands and faces: "train" or "test" (skins, gloves, sleeves, shapes and poses that "train" never has).
    pub people: People,
    /// What people look at: "events" (mostly what they manipulate) or "free" (always something else).
    pub gaze: GazeSplit,
    /// Height and width of a frame in pixels, 64 to 128, a multiple of `cell`.
    pub size: u32,
    /// Height and width of a cell of the fixation's grid in pixels.
    pub cell: u32,
    /// What an action does: "saccades" (one action per cell: jump there) or "steps" (stay, left, right, up, down).
    pub moves: Moves,
    /// Whether each pixel is the mean of 2x2 samples instead of one.
    pub antialias: bool,
    /// Standard deviation of the sensor's noise, as a share of full scale (0 to 0.1).
    pub noise: f64,
}

/// Worlds: how often what happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum World {
    /// Grab, sweep, ball, self-moving object, flicker, nothing: one sixth each.
    #[default]
    Balanced,
    /// Few hands, much other motion, a restless background.
    Hard,
    /// Hands sweep and touch; nothing ever moves anything.
    NoMovers,
    /// Balls push objects; hands sweep and touch without moving anything.
    BallMovers,
}

/// Splits of people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum People {
    /// Those that are meant to be learned from.
    #[default]
    Train,
    /// Those that are kept back to test what was learned.
    Test,
}

/// Splits of gaze.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GazeSplit {
    /// People mostly look at what they manipulate.
    #[default]
    Events,
    /// People look at what nobody touches.
    Free,
}

/// What happens in a scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SceneKind {
    /// A hand reaches for an object, carries it (3 of 4) or only touches it, and withdraws.
    Grab,
    /// A hand touches an object and does not move it.
    Touch,
    /// A hand moves about and touches nothing.
    Sweep,
    /// A ball rolls through the picture, over what is there.
    Ball,
    /// A ball hits an object, which moves on with it; the ball rolls back.
    Push,
    /// An object moves by itself.
    SelfMoving,
    /// An object falls from its shelf.
    Fall,
    /// The light changes, or a lamp.
    Flicker,
    /// Nothing.
    Nothing,
}

/// How often each kind of scene comes, relative to the others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Mix {
    /// A hand grabs.
    pub grab: f64,
    /// A hand touches and moves nothing.
    pub touch: f64,
    /// A hand sweeps.
    pub sweep: f64,
    /// A ball crosses.
    pub ball: f64,
    /// A ball pushes an object.
    pub push: f64,
    /// An object moves by itself.
    pub self_moving: f64,
    /// An object falls.
    pub fall: f64,
    /// The light flickers.
    pub flicker: f64,
    /// Nothing happens.
    pub nothing: f64,
}

/// Chances that a scene has each distraction, 0 to 1; where none is given the world's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct Distractors {
    /// A curtain that flaps and settles.
    pub curtain: Option<f64>,
    /// A fan that turns.
    pub fan: Option<f64>,
    /// Someone who passes in front.
    pub walker: Option<f64>,
    /// A ball that rolls over things.
    pub ball: Option<f64>,
    /// An object that falls.
    pub fall: Option<f64>,
    /// Steps of the lighting.
    pub lighting: Option<f64>,
    /// A lamp that blinks.
    pub lamp: Option<f64>,
    /// A camera that shakes.
    pub shake: Option<f64>,
    /// A body that sways.
    pub sway: Option<f64>,
}

/// Why there is no such nursery.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NurseryError {
    /// The cells do not divide the frame.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// The side of a frame is out of range.
    #[error("`size` = {found} is out of range (allowed: {least} to {most})", least = SIZES[0], most = SIZES[1])]
    Size {
        /// The side found.
        found: u32,
    },
    /// A number is out of range.
    #[error("`{key}` = {found} is out of range (allowed: 0 to {most})")]
    Number {
        /// The option.
        key: String,
        /// Its value.
        found: f64,
        /// The greatest value.
        most: f64,
    },
    /// No kind of scene may come.
    #[error("`mix` has no weight above 0; at least one kind of scene must come")]
    Empty,
}

impl Default for NurseryOptions {
    fn default() -> Self {
        Self {
            world: World::default(),
            mix: None,
            distractors: Distractors::default(),
            people: People::default(),
            gaze: GazeSplit::default(),
            size: 84,
            cell: 12,
            moves: Moves::Saccades,
            antialias: false,
            noise: 0.02,
        }
    }
}

impl NurseryOptions {
    /// The grid of the fixation.
    ///
    /// # Errors
    /// An option that is out of range.
    pub(super) fn grid(&self) -> Result<Grid, NurseryError> {
        if !(SIZES[0]..=SIZES[1]).contains(&self.size) {
            return Err(NurseryError::Size { found: self.size });
        }
        if self.cell == 0 || self.cell > self.size {
            return Err(GridError::Size { key: "cell", found: self.cell, most: self.size }.into());
        }
        if !self.size.is_multiple_of(self.cell) {
            let below = self.size - self.size % self.cell;
            let (length, cells, above) = (self.size, self.cell, below + self.cell);
            return Err(GridError::Uneven { key: "size", length, cells_key: "cell", cells, below, above }.into());
        }
        let cells = self.size / self.cell;
        Ok(Grid::new([self.size; 2], [cells; 2], self.moves)?)
    }

    /// What may happen, checked.
    ///
    /// # Errors
    /// A chance or a weight that is out of range, or no weight at all.
    pub(super) fn check(&self) -> Result<(), NurseryError> {
        let number = |key: String, found: f64, most: f64| {
            if (0.0..=most).contains(&found) { Ok(()) } else { Err(NurseryError::Number { key, found, most }) }
        };
        number("noise".into(), self.noise, NOISIEST)?;
        for (name, chance) in self.chances() {
            number(format!("distractors.{name}"), chance, 1.0)?;
        }
        let weights = self.weights();
        for (kind, weight) in weights {
            number(format!("mix.{}", kind.name()), weight, f64::MAX)?;
        }
        if weights.iter().all(|(_, weight)| *weight == 0.0) { Err(NurseryError::Empty) } else { Ok(()) }
    }
}
