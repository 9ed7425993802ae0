//! A hand of a palm, four fingers of two links and a thumb, seen from above.
//!
//! In its own plane the wrist is at the origin and the fingers point along u. Curl c bends the links of a finger out of the
//! plane by c · 75° and c · 150°; what is seen of a link of length l bent by φ is l · cos φ. A link is one part, so that the
//! flow of bending fingers is exact.

use super::looks::Looks;
use super::map::{Map, Point, heading, plus, scaled};
use super::paint::{Coat, Part};
use super::shape::Shape;
use crate::truth::{Class, Side};

/// Parts of one hand.
pub(super) const PARTS: usize = 11;
/// From the wrist to where a hand holds things, at the usual size.
pub(super) const GRIP: f32 = 10.0;
/// From the wrist to the middle of the palm.
pub(super) const PALM: f32 = 3.6;

/// Where the fingers begin, and how long they are.
const FINGERS: [(Point, f32); 4] = [([6.2, -2.75], 5.6), ([6.8, -0.95], 6.6), ([6.6, 0.9], 6.2), ([5.8, 2.65], 4.9)];
/// Share of a finger that is its first link.
const FIRST: f32 = 0.55;
/// How far a whole curl bends the first link and the second one, in radians.
const BEND: [f32; 2] = [1.3, 2.6];
/// The least length that is seen of a bent link, as a share of it.
const FORESHORTENED: f32 = 0.25;

/// A hand's place and pose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pose {
    pub(super) wrist: Point,
    /// Where it points, in radians.
    pub(super) angle: f32,
    pub(super) curl: f32,
    pub(super) side: Side,
}

impl Pose {
    /// The plane of a hand of this size.
    pub(super) fn map(&self, size: f32) -> Map {
        let mirror = if self.side == Side::Left { -size } else { size };
        Map::turned(self.wrist, self.angle).stretched(size, mirror)
    }
}

/// Adds the hand's parts, the same number in the same order whatever its pose.
pub(super) fn add(pose: &Pose, looks: &Looks, instance: u8, parts: &mut Vec<Part>) {
    let plane = pose.map(looks.hand_size);
    let mut add = |shape, inner: Map, coat: Coat| {
        parts.push(Part { class: Class::Hand, instance, shape, map: plane.then(inner), coat });
    };
    let skin = looks.hand;
    let thumb = -0.95 + 0.6 * pose.curl;
    let root = [2.2, -2.2];
    let knuckle = plus(root, scaled(heading(thumb), 3.4));
    add(limb(3.4, 1.25, 1.1), link(root, thumb, 3.4, 1.0), skin);
    add(Shape::Block { across: 3.7, down: 3.5, round: 1.9 }, Map::at([PALM - 0.2, 0.0]), skin);
    let tip = thumb + 0.35 + 0.5 * pose.curl;
    add(limb(2.6, 1.1, 0.9), link(knuckle, tip, 2.6, 1.0), skin);
    for (number, (root, length)) in FINGERS.into_iter().enumerate() {
        let length = length * looks.finger;
        let aside = looks.spread * (number as f32 - 1.5);
        let [first, second] = BEND.map(|bend| seen(bend * pose.curl));
        let (near, far) = (length * FIRST, length * (1.0 - FIRST));
        let middle = plus(root, scaled(heading(aside), near * first));
        add(limb(near, 0.95, 0.9), link(root, aside, near, first), skin.shaded(0.97));
        add(limb(far, 0.9, 0.72), link(middle, aside, far, second), skin);
    }
}

/// The share that is seen of a link bent by `angle`, negative where it points back.
fn seen(angle: f32) -> f32 {
    let cos = angle.cos();
    if cos < 0.0 { cos.min(-FORESHORTENED) } else { cos.max(FORESHORTENED) }
}

/// A limb of this length and thickness.
fn limb(length: f32, start: f32, end: f32) -> Shape {
    Shape::Limb { half: length / 2.0, start, end }
}

/// The plane of a link that starts at `root` and of which the share `seen` is seen along `angle`.
fn link(root: Point, angle: f32, length: f32, seen: f32) -> Map {
    let middle = plus(root, scaled(heading(angle), seen * length / 2.0));
    Map::turned(middle, angle).stretched(seen, 1.0)
}
