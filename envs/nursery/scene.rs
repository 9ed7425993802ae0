//! A scene as parts: what stands still, once, and what may move, for each moment.
//!
//! The parts of a scene are the same in number and order at every moment, so that a part's number tells it from frame to
//! frame: what is not there is a part without a shape.

use super::body::{self, outward, shoulder};
use super::face;
use super::hand;
use super::map::{Map, Point, angle, heading, minus, plus, scaled};
use super::options::NurseryOptions;
use super::paint::{Coat, Part};
use super::props;
use super::script::{Moment, Script, class_of};
use super::shape::Shape;
use super::stage::{SIDES, Stage, THINGS, UNITS};
use crate::numpy::Generator;
use crate::truth::{Class, Side};

/// Instances, beside the things: thing `number` is instance `number + 1`.
pub(super) const HANDS: [u8; 2] = [THINGS as u8 + 1, THINGS as u8 + 2];
pub(super) const ARMS: [u8; 2] = [THINGS as u8 + 3, THINGS as u8 + 4];
pub(super) const TRUNK: u8 = THINGS as u8 + 5;
pub(super) const HEAD: u8 = THINGS as u8 + 6;
pub(super) const CURTAIN: u8 = THINGS as u8 + 7;
pub(super) const LAMP: u8 = THINGS as u8 + 8;
pub(super) const FAN: u8 = THINGS as u8 + 9;
pub(super) const WALKER: u8 = THINGS as u8 + 10;
/// The instance of thing `number`.
pub(super) fn instance_of(number: usize) -> u8 {
    number as u8 + 1
}

/// The most parts that a moment has.
pub(super) const MOST: usize =
    THINGS * props::THING + 2 * (hand::PARTS + body::ARM) + body::TRUNK + face::PARTS + props::OTHERS;

/// How far the background reaches beyond the frame, for a camera that shakes.
pub(super) const MARGIN: f32 = 3.0;

/// A stage and its script.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) seed: u64,
    pub(super) stage: Stage,
    pub(super) script: Script,
}

impl Scene {
    /// The scene of this seed.
    pub(super) fn new(options: &NurseryOptions, seed: u64) -> Self {
        let mut random = Generator::new(seed);
        let stage = Stage::draw(options, &mut random);
        let script = Script::draw(options, &stage, &mut random);
        Self { seed, stage, script }
    }

    /// What never moves.
    pub(super) fn backdrop(&self) -> Vec<Part> {
        let Stage { wall, table, edge, shelves, .. } = &self.stage;
        let block = |[left, right]: Point, [top, bottom]: Point, coat: Coat| Part {
            class: Class::Background,
            instance: 0,
            shape: Shape::Block { across: (right - left) / 2.0, down: (bottom - top) / 2.0, round: 0.0 },
            map: Map::at([(left + right) / 2.0, (top + bottom) / 2.0]),
            coat,
        };
        let whole = [-MARGIN, UNITS + MARGIN];
        let mut parts = vec![block(whole, whole, *wall)];
        for [left, right, top] in shelves.iter().copied() {
            let (left, right) =
                (if left <= 0.0 { whole[0] } else { left }, if right >= UNITS { whole[1] } else { right });
            parts.push(block([left, right], [top, top + 2.4], table.shaded(0.7)));
            parts.push(block([left, right], [top + 2.4, top + 3.4], wall.shaded(0.6)));
        }
        parts.push(block(whole, [*edge, whole[1]], *table));
        parts.push(block(whole, [*edge, *edge + 1.2], table.shaded(1.25)));
        parts
    }

    /// The head's middle at `moment`.
    pub(super) fn head(&self, moment: &Moment) -> Point {
        plus(self.stage.head, [moment.sway, 0.0])
    }

    /// The head's pose at `moment`.
    pub(super) fn face(&self, moment: &Moment) -> face::Pose {
        face::Pose { centre: self.head(moment), gaze: moment.look.shown, open: moment.look.open }
    }

    /// The pose of the hand of this place in [`SIDES`] at `moment`.
    pub(super) fn hand(&self, moment: &Moment, number: usize) -> hand::Pose {
        let (side, grip) = (SIDES[number], moment.hands[number]);
        let angle = hand_angle(&self.stage, side, grip.at);
        let reach = hand::GRIP * self.stage.looks.hand_size;
        hand::Pose { wrist: minus(grip.at, scaled(heading(angle), reach)), angle, curl: grip.curl, side }
    }

    /// Writes the parts of `moment`, from the back to the front.
    pub(super) fn parts(&self, moment: &Moment, parts: &mut Vec<Part>) {
        let (stage, looks) = (&self.stage, &self.stage.looks);
        parts.clear();
        props::add_curtain(&stage.curtain, moment.curtain, CURTAIN, parts);
        props::add_fan(stage.fan, moment.fan, FAN, parts);
        props::add_lamp(stage.lamp, moment.lamp, LAMP, parts);
        let head = self.head(moment);
        body::add_trunk(head, stage.edge, looks, TRUNK, parts);
        face::add(&self.face(moment), looks, HEAD, parts);
        for (number, placed) in moment.things.iter().enumerate() {
            props::add_thing(&stage.things[number], placed, class_of(number), instance_of(number), parts);
        }
        for (number, side) in SIDES.into_iter().enumerate() {
            let pose = self.hand(moment, number);
            body::add_arm(shoulder(head, side), pose.wrist, side, looks, ARMS[number], parts);
            hand::add(&pose, looks, HANDS[number], parts);
        }
        props::add_walker(moment.walker, stage.walker, WALKER, parts);
    }
}

/// Where a hand that holds at `grip` points: away from the chest, and tilted as the person's hands are.
pub(super) fn hand_angle(stage: &Stage, side: Side, grip: Point) -> f32 {
    let chest = plus(stage.head, [3.0 * outward(side), 10.0]);
    angle(minus(grip, chest)) + outward(side) * stage.looks.tilt
}
