//! Trunk, neck and arms of two links. The elbow follows from shoulder and wrist; where the wrist is farther than the arm is
//! long the links are seen longer, as if the person leant forward.

use super::looks::Looks;
use super::map::{Map, Point, angle, between, length, minus, plus, scaled};
use super::paint::{Coat, Part};
use super::shape::Shape;
use crate::truth::{Class, Side};

/// Parts of an arm.
pub(super) const ARM: usize = 3;
/// Parts of a trunk.
pub(super) const TRUNK: usize = 3;
/// Length of the upper arm and of the forearm.
const LINK: f32 = 19.0;
/// Share of the forearm that the sleeve covers.
const SLEEVE: f32 = 0.8;
/// From the middle of the head to the shoulders, sideways and down.
const SHOULDER: Point = [13.0, 18.0];

/// Where the shoulder of this side is when the head is at `head`. Who faces us has the right hand on our left.
pub(super) fn shoulder(head: Point, side: Side) -> Point {
    plus(head, [outward(side) * SHOULDER[0], SHOULDER[1]])
}

/// The direction along x in which this side lies.
pub(super) fn outward(side: Side) -> f32 {
    match side {
        Side::Left => 1.0,
        Side::Right => -1.0,
    }
}

/// Adds the trunk of a person whose head is at `head` and who sits behind a table with its edge at `edge`.
pub(super) fn add_trunk(head: Point, edge: f32, looks: &Looks, instance: u8, parts: &mut Vec<Part>) {
    let mut add = |shape, origin, coat: Coat| {
        parts.push(Part { class: Class::Torso, instance, shape, map: Map::at(origin), coat });
    };
    let [_, top] = plus(head, [0.0, 12.5]);
    add(Shape::Block { across: 3.4, down: 5.0, round: 1.5 }, plus(head, [0.0, 12.0]), looks.skin.shaded(0.8));
    let half = ((edge - top) / 2.0).max(1.0);
    let body = Shape::Block { across: SHOULDER[0] + 1.2, down: half, round: 5.0_f32.min(half) };
    add(body, [head[0], top + half], looks.shirt);
    // Below the shoulders' rounding the trunk goes straight down to the edge of the table.
    let skirt = (half - 3.0).max(0.5);
    let skirt = Shape::Block { across: SHOULDER[0] - 0.6, down: skirt, round: 0.0 };
    add(skirt, [head[0], edge - (half - 3.0).max(0.5)], looks.shirt.rimmed(0.0));
}

/// Adds an arm from the shoulder to the wrist.
pub(super) fn add_arm(from: Point, wrist: Point, side: Side, looks: &Looks, instance: u8, parts: &mut Vec<Part>) {
    let elbow = elbow(from, wrist, side);
    let cuff = between(elbow, wrist, SLEEVE);
    let mut add = |from: Point, to: Point, whole: f32, thick: [f32; 2], coat: Coat| {
        let way = minus(to, from);
        let shape = Shape::Limb { half: whole / 2.0, start: thick[0], end: thick[1] };
        let seen = (length(way) / whole).max(0.1);
        let map = Map::turned(between(from, to, 0.5), angle(way)).stretched(seen, 1.0);
        parts.push(Part { class: Class::Arm, instance, shape, map, coat });
    };
    add(from, elbow, LINK, [3.9, 3.3], looks.sleeve);
    add(cuff, wrist, LINK * (1.0 - SLEEVE), [2.0, 1.9], looks.hand);
    add(elbow, cuff, LINK * SLEEVE, [3.3, 2.8], looks.sleeve.shaded(1.06));
}

/// The elbow of an arm of two equal links, bent outwards.
fn elbow(from: Point, wrist: Point, side: Side) -> Point {
    let way = minus(wrist, from);
    let distance = length(way).max(1.0);
    let link = LINK.max(0.51 * distance);
    let height = (link * link - distance * distance / 4.0).max(0.0).sqrt();
    let normal = scaled([-way[1], way[0]], 1.0 / distance);
    // The elbow swings outwards and low, and through the picture's plane where it changes sides.
    let swing = (2.5 * (normal[0] * outward(side) + 0.6 * normal[1])).clamp(-1.0, 1.0);
    plus(between(from, wrist, 0.5), scaled(normal, swing * height))
}
