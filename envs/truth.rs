//! Ground truth: what an environment knows beyond its observation, for evaluators and never for the agent.
//!
//! Places are in pixels of the frame, (x, y), with the centre of the upper left pixel at (0, 0). An instance is one thing
//! of a scene (a ball, a left hand, a face); its number is the same in each frame of an episode, and 0 is the background.

use serde::{Deserialize, Serialize};

/// What is known of the frame that was observed last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// Height and width of the frame in pixels.
    pub size: [usize; 2],
    /// The seed that the scene was drawn from.
    pub seed: u64,
    /// The name of the kind of scene.
    pub scene: String,
    /// Steps since the episode began.
    pub step: u32,
    /// The class that each pixel shows, `[height, width]`.
    pub classes: Vec<Class>,
    /// The instance that each pixel shows, `[height, width]`.
    pub instances: Vec<u8>,
    /// Where each pixel *of the frame before* went: `[2, height, width]`, dx then dy, in pixels. 0 in the first frame.
    pub flow: Vec<f32>,
    /// Whether what that pixel of the frame before showed is still visible where the flow points, `[height, width]`; where
    /// it is not (covered, out of the frame, first frame) the flow tells where it would be.
    pub valid: Vec<bool>,
    /// Hands, arms, faces, eyes, objects and balls that lie in the frame at least in part.
    pub regions: Vec<Region>,
    /// Every hand of the scene.
    pub hands: Vec<Hand>,
    /// Where every face of the scene looks.
    pub gazes: Vec<Gaze>,
    /// Every contact of the episode so far, in the order of their starts.
    pub events: Vec<Event>,
    /// How far the camera has moved the picture, in pixels.
    pub camera: [f32; 2],
}

/// Kinds of things that a pixel may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Wall, table, shelves.
    Background,
    /// A thing that can be moved.
    Object,
    /// A ball.
    Ball,
    /// From the wrist to the fingertips.
    Hand,
    /// From the shoulder to the wrist, sleeve included.
    Arm,
    /// The trunk and the neck.
    Torso,
    /// A head's front, with nose, mouth and eyelids.
    Face,
    /// Hair and eyebrows.
    Hair,
    /// The open eye: its white and its pupil.
    Eye,
    /// A curtain.
    Curtain,
    /// A lamp.
    Lamp,
    /// A fan.
    Fan,
    /// Someone who passes in front.
    Walker,
}

/// The place of one instance, or of one class of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// What it is.
    pub class: Class,
    /// Whose it is.
    pub instance: u8,
    /// Left, top, right and bottom pixel of all of it that lies in the frame, hidden parts included.
    pub bounds: [u32; 4],
    /// Pixels of it that are visible, as a share of those that lie in the frame.
    pub visible: f32,
}

/// Left or right, as its owner would say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Left.
    Left,
    /// Right.
    Right,
}

/// What a hand does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// It lies still.
    Rest,
    /// It goes to an object.
    Reach,
    /// It is on an object that does not move.
    Hold,
    /// It carries an object.
    Carry,
    /// It lets go of an object.
    Release,
    /// It goes back to rest.
    Withdraw,
    /// It moves without touching anything.
    Sweep,
}

/// One hand.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hand {
    /// Its instance.
    pub instance: u8,
    /// Left or right.
    pub side: Side,
    /// What it does.
    pub phase: Phase,
    /// How far the fingers are bent: 0 stretched, 1 a fist.
    pub curl: f32,
    /// The centre of the palm.
    pub palm: [f32; 2],
    /// The instance it touches.
    pub contact: Option<u8>,
    /// The instance it holds.
    pub held: Option<u8>,
}

/// Where a face looks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gaze {
    /// The instance of the face.
    pub face: u8,
    /// Its centre.
    pub origin: [f32; 2],
    /// The point it looks at.
    pub target: [f32; 2],
    /// The instance there; none where it looks at a place and not at a thing.
    pub instance: Option<u8>,
    /// The unit vector that the face shows in the plane of the picture; it errs from the target by the noise of gaze.
    pub direction: [f32; 2],
    /// How far the head is turned, in radians, positive to the right of the picture.
    pub yaw: f32,
    /// Whether the lids are open.
    pub open: bool,
}

/// One contact: something moving comes to something still.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The step of first contact.
    pub start: u32,
    /// The first step in which the touched thing has moved, if that came already.
    pub moves: Option<u32>,
    /// The step in which contact is lost, if that came already.
    pub end: Option<u32>,
    /// The instance that came.
    pub mover: u8,
    /// Its class.
    pub class: Class,
    /// The instance that was touched.
    pub moved: u8,
    /// Where the touched thing was at first contact.
    pub from: [f32; 2],
    /// Where contact was lost, if that came already.
    pub to: Option<[f32; 2]>,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 13] = [
        Self::Background,
        Self::Object,
        Self::Ball,
        Self::Hand,
        Self::Arm,
        Self::Torso,
        Self::Face,
        Self::Hair,
        Self::Eye,
        Self::Curtain,
        Self::Lamp,
        Self::Fan,
        Self::Walker,
    ];
}

impl Event {
    /// Whether the mover is a hand.
    pub fn is_hand(&self) -> bool {
        self.class == Class::Hand
    }

    /// Whether the touched thing was moved.
    pub fn is_move(&self) -> bool {
        self.moves.is_some()
    }
}
