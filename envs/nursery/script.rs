//! The script of a scene: where everything is at each step, drawn before the first frame.
//!
//! A scene is thus a function of its seed, and a moment of it of its step.

use super::acts;
use super::distractions;
use super::gaze;
use super::map::{Bend, Point, between};
use super::options::{NurseryOptions, SceneKind};
use super::stage::{OBJECTS, Stage, THINGS};
use crate::numpy::Generator;
use crate::truth::{Class, Phase};

/// Steps of a scene.
pub(super) const STEPS: usize = 48;

/// All moments of a scene.
#[derive(Clone, Debug)]
pub(super) struct Script {
    pub(super) kind: SceneKind,
    /// The moment of each step, the first one included.
    pub(super) moments: Vec<Moment>,
    pub(super) contacts: Vec<Contact>,
}

/// Where everything is at one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moment {
    pub(super) things: [Placed; THINGS],
    pub(super) hands: [Grip; 2],
    pub(super) look: Look,
    /// How far the body leans to the side.
    pub(super) sway: f32,
    /// The curtain, if there is one.
    pub(super) curtain: Option<Bend>,
    /// The angle of the fan, if there is one.
    pub(super) fan: Option<f32>,
    /// How far the walker has come, if there is one, and which way it goes (1 right, −1 left).
    pub(super) walker: Option<[f32; 2]>,
    /// Brightness of the light, times the usual one.
    pub(super) light: f32,
    /// Whether the lamp shines, if there is one.
    pub(super) lamp: Option<bool>,
    /// How far the camera is off, in units.
    pub(super) shake: Point,
}

/// A thing's place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Placed {
    pub(super) at: Point,
    pub(super) turn: f32,
    pub(super) there: bool,
}

/// What a hand does and where it holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Grip {
    pub(super) at: Point,
    pub(super) curl: f32,
    pub(super) phase: Phase,
    /// The thing it touches.
    pub(super) contact: Option<usize>,
    pub(super) holds: bool,
}

/// Where the person looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Look {
    pub(super) target: Point,
    /// The thing there, if it is one.
    pub(super) thing: Option<usize>,
    /// What the face shows: a vector of length 0 to 1.
    pub(super) shown: Point,
    pub(super) open: bool,
}

/// What came to what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Contact {
    pub(super) mover: Mover,
    pub(super) thing: usize,
    pub(super) start: usize,
    /// The first step in which the thing has moved.
    pub(super) moves: Option<usize>,
    /// The first step without contact.
    pub(super) end: usize,
}

/// What may come to a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mover {
    Hand(usize),
    Ball(usize),
}

impl Script {
    /// Draws what happens on `stage`.
    pub(super) fn draw(options: &NurseryOptions, stage: &Stage, random: &mut Generator) -> Self {
        let kind = draw_kind(options, random);
        let mut script = Self { kind, moments: vec![Moment::rest(stage); STEPS + 1], contacts: Vec::new() };
        acts::play(&mut script, stage, random);
        distractions::play(&mut script, options, stage, random);
        gaze::play(&mut script, options, stage, random);
        script
    }

    /// The moments from `start` on, with their steps since.
    pub(super) fn from(&mut self, start: usize) -> impl Iterator<Item = (usize, &mut Moment)> {
        self.moments.iter_mut().skip(start).enumerate()
    }

    /// Moves thing `number` to `to` in `steps` steps from `start` on; it stays there.
    pub(super) fn glide(&mut self, number: usize, to: Point, start: usize, steps: usize) {
        let from = self.moments[start].things[number].at;
        for (since, moment) in self.from(start) {
            moment.things[number].at = between(from, to, eased(since, steps));
        }
    }
}

/// The share of a way of `steps` steps that lies behind after `since`: 3s² − 2s³.
pub(super) fn eased(since: usize, steps: usize) -> f32 {
    let s = (since as f32 / steps.max(1) as f32).min(1.0);
    s * s * (3.0 - 2.0 * s)
}

fn draw_kind(options: &NurseryOptions, random: &mut Generator) -> SceneKind {
    let weights = options.weights();
    let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
    let mut left = random.random() * sum;
    let chosen = weights.iter().filter(|(_, weight)| *weight > 0.0).find(|(_, weight)| {
        left -= weight;
        left < 0.0
    });
    chosen.map_or(SceneKind::Nothing, |(kind, _)| *kind)
}

impl Moment {
    /// Everything at rest.
    fn rest(stage: &Stage) -> Self {
        let placed = |number: usize| Placed {
            at: stage.places.get(number).copied().flatten().unwrap_or([-40.0, -40.0]),
            turn: stage.things[number].turn,
            there: stage.places.get(number).is_some_and(Option::is_some),
        };
        let curl = stage.looks.rest_curl;
        let hand = |at| Grip { at, curl, phase: Phase::Rest, contact: None, holds: false };
        Self {
            things: std::array::from_fn(placed),
            hands: stage.rests.map(hand),
            look: Look { target: stage.head, thing: None, shown: [0.0, 0.0], open: true },
            sway: 0.0,
            curtain: None,
            fan: None,
            walker: None,
            light: 1.0,
            lamp: None,
            shake: [0.0, 0.0],
        }
    }
}

/// The class of thing `number`.
pub(super) fn class_of(number: usize) -> Class {
    if number < OBJECTS { Class::Object } else { Class::Ball }
}
