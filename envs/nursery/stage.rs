//! The stage of a scene: what stands where before anything happens.
//!
//! All lengths are in units of which a frame has 84 along each side, whatever its size in pixels.

use super::body::{outward, shoulder};
use super::draw::{below, chance, one, whole, within};
use super::looks::Looks;
use super::map::{Point, length, minus, plus};
use super::options::NurseryOptions;
use super::paint::Coat;
use super::texture::Texture;
use crate::numpy::Generator;
use crate::truth::Side;

/// Units along each side of a frame.
pub(super) const UNITS: f32 = 84.0;
/// Places for objects; some scenes leave one empty.
pub(super) const OBJECTS: usize = 4;
/// Objects and two balls.
pub(super) const THINGS: usize = OBJECTS + 2;
/// The sides, in the order in which hands are held.
pub(super) const SIDES: [Side; 2] = [Side::Right, Side::Left];
/// Tries to find a free place.
const TRIES: usize = 60;
/// Least distance between two things at rest.
const APART: f32 = 15.0;

/// What does not change in a scene.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    pub(super) wall: Coat,
    pub(super) table: Coat,
    /// The height of the table's far edge.
    pub(super) edge: f32,
    /// Shelves: left and right end, height of the upper side.
    pub(super) shelves: Vec<[f32; 3]>,
    pub(super) things: [Thing; THINGS],
    /// Where the objects are; none where a place is empty.
    pub(super) places: [Option<Point>; OBJECTS],
    pub(super) looks: Looks,
    /// Where the head is while nothing sways.
    pub(super) head: Point,
    /// Where the hands hold when they rest.
    pub(super) rests: [Point; 2],
    pub(super) curtain: Cloth,
    pub(super) lamp: Point,
    pub(super) fan: Point,
    pub(super) walker: Coat,
}

/// What a thing is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Thing {
    pub(super) form: Form,
    /// Half its breadth.
    pub(super) size: f32,
    pub(super) coat: Coat,
    pub(super) trim: Coat,
    /// How it is turned at rest, in radians.
    pub(super) turn: f32,
}

/// Forms of things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Box,
    Cup,
    Bottle,
    Tent,
    Cross,
    Ball,
}

/// A curtain: its left upper corner, its breadth and its height.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cloth {
    pub(super) corner: Point,
    pub(super) breadth: f32,
    pub(super) height: f32,
    pub(super) coat: Coat,
}

const PAINTS: [[f32; 3]; 8] = [
    [206.0, 60.0, 52.0],
    [58.0, 108.0, 186.0],
    [236.0, 204.0, 84.0],
    [70.0, 148.0, 92.0],
    [226.0, 226.0, 218.0],
    [52.0, 50.0, 62.0],
    [216.0, 132.0, 60.0],
    [146.0, 96.0, 160.0],
];
const WALLS: [[f32; 3]; 4] =
    [[176.0, 182.0, 170.0], [150.0, 168.0, 186.0], [196.0, 180.0, 160.0], [134.0, 138.0, 146.0]];
const WOODS: [[f32; 3]; 3] = [[164.0, 122.0, 84.0], [128.0, 92.0, 64.0], [190.0, 158.0, 118.0]];

impl Stage {
    /// Draws a stage.
    pub(super) fn draw(options: &NurseryOptions, random: &mut Generator) -> Self {
        let looks = Looks::draw(options.people, random);
        let head = [within(random, [30.0, 54.0]), within(random, [14.5, 24.0])];
        let edge = within(random, [57.0, 62.0]);
        let rests = SIDES.map(|side| {
            [head[0] + outward(side) * within(random, [9.0, 19.0]), within(random, [edge + 5.0, edge + 14.0])]
        });
        let shelf = |random: &mut Generator, x: [f32; 2], y: [f32; 2]| [x[0], x[1], within(random, y)];
        let shelves = vec![
            shelf(random, [0.0, 15.0], [17.0, 22.0]),
            shelf(random, [0.0, 16.0], [40.0, 46.0]),
            shelf(random, [69.0, 84.0], [17.0, 22.0]),
            shelf(random, [68.0, 84.0], [40.0, 46.0]),
        ];
        let texture = one(random, &[Texture::Coarse, Texture::Stripes, Texture::Dots, Texture::Weave]);
        let mut stage = Self {
            wall: coat(random, &WALLS, texture, 0.16),
            table: coat(random, &WOODS, Texture::Wood, 0.22),
            edge,
            shelves,
            things: std::array::from_fn(|number| Thing::draw(number >= OBJECTS, random)),
            places: [None; OBJECTS],
            looks,
            head,
            rests,
            curtain: Cloth::draw(random),
            lamp: [within(random, [20.0, 64.0]), 3.0],
            fan: [one(random, &[9.0, 75.0]), within(random, [50.0, 56.0])],
            walker: coat(random, &PAINTS, Texture::Stripes, 0.3),
        };
        for number in 0..whole(random, [3, OBJECTS]) {
            stage.places[number] = stage.spot(&stage.taken(&[]), random);
        }
        stage
    }

    /// Where things are at rest, and `more`.
    pub(super) fn taken(&self, more: &[Point]) -> Vec<Point> {
        self.places.iter().flatten().chain(more).copied().collect()
    }

    /// A free place on the table or a shelf, if one is found.
    pub(super) fn spot(&self, taken: &[Point], random: &mut Generator) -> Option<Point> {
        (0..TRIES).map(|_| self.candidate(random)).find(|spot| {
            let clear = |point: &Point, apart: f32| length(minus(*spot, *point)) >= apart;
            let hands = self.rests.iter().all(|rest| clear(rest, 12.0) && clear(&plus(*rest, [0.0, -6.0]), 9.0));
            hands && clear(&self.head, 20.0) && taken.iter().all(|point| clear(point, APART))
        })
    }

    fn candidate(&self, random: &mut Generator) -> Point {
        if chance(random, 0.55) {
            return [within(random, [8.0, 76.0]), within(random, [self.edge + 3.0, 77.0])];
        }
        let [left, right, top] = self.shelves[below(random, self.shelves.len())];
        [within(random, [left.max(1.0) + 6.0, right.min(83.0) - 6.0]), top - 5.0]
    }

    /// The side whose hand takes what lies at `spot`.
    pub(super) fn hand_for(&self, spot: Point) -> usize {
        usize::from(spot[0] > self.head[0])
    }

    /// Whether the hand of this place in [`SIDES`] can go to `spot`.
    pub(super) fn reaches(&self, hand: usize, spot: Point) -> bool {
        let from = shoulder(self.head, SIDES[hand]);
        length(minus(spot, from)) < 44.0 && (spot[0] - self.head[0]) * outward(SIDES[hand]) > -14.0
    }
}

impl Thing {
    fn draw(is_ball: bool, random: &mut Generator) -> Self {
        let form = if is_ball {
            Form::Ball
        } else {
            one(random, &[Form::Box, Form::Cup, Form::Bottle, Form::Tent, Form::Cross])
        };
        let texture = one(random, &[Texture::Checks, Texture::Stripes, Texture::Dots, Texture::Weave, Texture::Coarse]);
        Self {
            form,
            size: if is_ball { within(random, [4.6, 5.8]) } else { within(random, [4.6, 5.6]) },
            coat: coat(random, &PAINTS, texture, 0.4).rimmed(0.35),
            trim: coat(random, &PAINTS, Texture::Fine, 0.2).rimmed(0.35),
            turn: if form == Form::Cross { within(random, [0.0, 1.5]) } else { within(random, [-0.2, 0.2]) },
        }
    }
}

impl Cloth {
    fn draw(random: &mut Generator) -> Self {
        let breadth = within(random, [12.0, 16.0]);
        let left = one(random, &[2.0, UNITS - 2.0 - breadth]);
        let coat = coat(random, &PAINTS, Texture::Stripes, 0.3);
        Self { corner: [left, -1.0], breadth, height: within(random, [44.0, 56.0]), coat }
    }
}

/// A surface of one of these colours, a little lighter or darker.
fn coat(random: &mut Generator, of: &[[f32; 3]], texture: Texture, contrast: f32) -> Coat {
    let offset = [within(random, [0.0, 42.0]), within(random, [0.0, 42.0])];
    Coat { rgb: one(random, of), texture, offset, contrast, rim: 0.0 }.shaded(within(random, [0.85, 1.1]))
}
