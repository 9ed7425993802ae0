//! A head that turns: hair, face, eyes with pupils and lids, brows, nose, mouth.
//!
//! A gaze of strength g along θ turns the head by yaw = g · YAW · cos θ and pitch = g · PITCH · sin θ. Features at depth d on
//! the head move by d · (sin yaw, sin pitch), the face's outline less than the nose, and the pupils further, within the eyes.

use super::looks::Looks;
use super::map::{Map, Point, plus};
use super::paint::{Coat, Part};
use super::shape::Shape;
use crate::truth::Class;

/// Parts of a head.
pub(super) const PARTS: usize = 15;
/// Greatest turn to the side, in radians.
const YAW: f32 = 0.75;
/// Greatest turn up or down, in radians.
const PITCH: f32 = 0.55;
/// Half the height of a face.
pub(super) const HEIGHT: f32 = 10.2;
/// How far the features lie from the head's axis.
const DEPTH: f32 = 5.2;
/// How far the pupils move within the eyes.
const PUPIL: Point = [1.35, 0.85];
const DARK: [f32; 3] = [22.0, 20.0, 22.0];
const WHITE: [f32; 3] = [246.0, 244.0, 240.0];
const LIPS: [f32; 3] = [150.0, 62.0, 58.0];

/// A head's place and pose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pose {
    pub(super) centre: Point,
    /// Where it looks: a vector of length 0 (straight ahead) to 1.
    pub(super) gaze: Point,
    pub(super) open: bool,
}

impl Pose {
    /// How far the head is turned, in radians.
    pub(super) fn yaw(&self) -> f32 {
        YAW * self.gaze[0]
    }
}

/// Adds the head's parts, the same number in the same order whatever its pose.
pub(super) fn add(pose: &Pose, looks: &Looks, instance: u8, parts: &mut Vec<Part>) {
    let turn = [pose.yaw().sin(), (PITCH * pose.gaze[1]).sin()];
    let at = |[x, y]: Point, depth: f32| plus(pose.centre, [x + depth * turn[0], y + depth * turn[1]]);
    let mut add = |class, shape, place: Point, breadth: f32, coat: Coat| {
        let map = Map::at(place).stretched(breadth, 1.0);
        parts.push(Part { class, instance, shape, map, coat });
    };
    let disc = |across, down| Shape::Disc { across, down };
    let hidden = |shape: Shape, there: bool| if there { shape } else { Shape::Nothing };
    let skin = looks.skin.rimmed(0.25);
    let (dark, white) = (Coat::plain(DARK), Coat::plain(WHITE).rimmed(0.25));

    add(Class::Hair, disc(looks.face + 1.3, HEIGHT + 0.6), at([0.0, -1.2], -1.0), 1.0, looks.hair);
    add(Class::Face, disc(looks.face, HEIGHT), at([0.0, 0.6], 1.2), 1.0, skin);
    add(Class::Hair, disc(looks.face - 0.4, looks.fringe), at([0.0, -8.2], 1.6), 1.0, looks.hair);
    for side in [-1.0, 1.0] {
        // The eye that turns away is seen narrower.
        let breadth = 1.0 - 0.45 * (side * turn[0]).max(0.0);
        let eye = at([side * looks.face * 0.42, -1.4], DEPTH * 0.8);
        let pupil = plus(eye, [PUPIL[0] * pose.gaze[0] * breadth, PUPIL[1] * pose.gaze[1]]);
        add(Class::Eye, hidden(disc(2.6, 1.95), pose.open), eye, breadth, white);
        add(Class::Eye, hidden(disc(1.25, 1.25), pose.open), pupil, breadth, dark);
        add(Class::Face, hidden(disc(2.6, 1.9), !pose.open), eye, breadth, looks.skin.shaded(0.84));
        add(Class::Face, hidden(disc(2.4, 0.5), !pose.open), plus(eye, [0.0, 1.0]), breadth, dark);
        let brow = Shape::Block { across: 2.4, down: 0.5, round: 0.4 };
        add(Class::Hair, brow, plus(eye, [0.0, -3.1]), breadth, looks.hair.shaded(0.8));
    }
    let nose = at([0.0, 2.0], DEPTH * 1.25);
    add(Class::Face, Shape::Wedge { across: 1.4, down: 2.1 }, nose, 1.0, looks.skin.shaded(0.78));
    add(
        Class::Face,
        Shape::Block { across: 2.7, down: 0.8, round: 0.6 },
        at([0.0, 6.2], DEPTH),
        1.0,
        Coat::plain(LIPS),
    );
}
