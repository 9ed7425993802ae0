//! Things, cloth, lamp, fan and passer-by as parts.

use super::map::{Bend, Map, Point, heading, plus, scaled};
use super::paint::{Coat, Part};
use super::script::Placed;
use super::shape::Shape;
use super::stage::{Cloth, Form, Thing, UNITS};
use super::texture::Texture;
use crate::truth::Class;

/// Parts of a thing.
pub(super) const THING: usize = 3;
/// Parts of everything that is neither thing nor person.
pub(super) const OTHERS: usize = 1 + 5 + 2 + 5;
/// How far the light of a lamp reaches.
pub(super) const GLOW: f32 = 20.0;

const METAL: [f32; 3] = [168.0, 170.0, 176.0];
const LIT: [f32; 3] = [255.0, 246.0, 204.0];
const UNLIT: [f32; 3] = [112.0, 104.0, 92.0];
const BLADES: usize = 4;
const BLADE: f32 = 6.5;

/// Adds a thing: its body and what tells its form.
pub(super) fn add_thing(thing: &Thing, placed: &Placed, class: Class, instance: u8, parts: &mut Vec<Part>) {
    let size = thing.size;
    let plane = Map::turned(placed.at, placed.turn);
    let disc = |across, down| Shape::Disc { across, down };
    let block = |across, down, round| Shape::Block { across, down, round };
    let none = (Shape::Nothing, [0.0, 0.0], thing.coat);
    let pieces: [(Shape, Point, Coat); THING] = match thing.form {
        Form::Box => [
            (block(size, 0.85 * size, 0.4), [0.0, 0.0], thing.coat),
            (block(size, 0.2 * size, 0.0), [0.0, -0.1 * size], thing.trim),
            none,
        ],
        Form::Cup => [
            (Shape::Ring { radius: 0.5 * size, breadth: 0.17 * size }, [0.85 * size, 0.0], thing.trim),
            (block(0.75 * size, 0.95 * size, 0.25 * size), [-0.1 * size, 0.0], thing.coat),
            (disc(0.6 * size, 0.22 * size), [-0.1 * size, -0.65 * size], thing.trim.shaded(0.5)),
        ],
        Form::Bottle => [
            (block(0.28 * size, 0.6 * size, 0.1 * size), [0.0, -0.8 * size], thing.trim),
            (block(0.62 * size, 0.85 * size, 0.35 * size), [0.0, 0.35 * size], thing.coat),
            none,
        ],
        Form::Tent => [
            (Shape::Wedge { across: size, down: 0.9 * size }, [0.0, 0.0], thing.coat),
            (block(0.3 * size, 0.25 * size, 0.0), [0.0, 0.6 * size], thing.trim),
            none,
        ],
        Form::Cross => [
            (block(size, 0.36 * size, 0.2), [0.0, 0.0], thing.coat),
            (block(0.36 * size, size, 0.2), [0.0, 0.0], thing.trim),
            none,
        ],
        Form::Ball => [
            (disc(size, size), [0.0, 0.0], thing.coat),
            (block(0.98 * size, 0.22 * size, 0.0), [0.0, 0.0], thing.trim.rimmed(0.0)),
            none,
        ],
    };
    for (shape, place, coat) in pieces {
        let shape = if placed.there { shape } else { Shape::Nothing };
        parts.push(Part { class, instance, shape, map: plane.then(Map::at(place)), coat });
    }
}

/// Adds a curtain.
pub(super) fn add_curtain(cloth: &Cloth, bend: Option<Bend>, instance: u8, parts: &mut Vec<Part>) {
    let half = cloth.height / 2.0;
    // The plane of the cloth hangs from v = 0; the shape is centred on its origin.
    let bend = bend.map(|bend| Bend { top: -half, ..bend });
    let shape = match bend {
        Some(_) => Shape::Block { across: cloth.breadth / 2.0, down: half, round: 0.0 },
        None => Shape::Nothing,
    };
    let map = Map { bend, ..Map::at(plus(cloth.corner, [cloth.breadth / 2.0, half])) };
    parts.push(Part { class: Class::Curtain, instance, shape, map, coat: cloth.coat });
}

/// Adds a fan at this angle.
pub(super) fn add_fan(at: Point, angle: Option<f32>, instance: u8, parts: &mut Vec<Part>) {
    let seen = |shape| if angle.is_some() { shape } else { Shape::Nothing };
    let coat = Coat::plain(METAL).rimmed(0.4);
    let mut add = |shape, map, coat| parts.push(Part { class: Class::Fan, instance, shape: seen(shape), map, coat });
    for blade in 0..BLADES {
        let turn = angle.unwrap_or(0.0) + blade as f32 * std::f32::consts::TAU / BLADES as f32;
        let middle = plus(at, scaled(heading(turn), BLADE / 2.0));
        let shade = if blade % 2 == 0 { 1.1 } else { 0.7 };
        add(Shape::Limb { half: BLADE / 2.0, start: 0.8, end: 2.2 }, Map::turned(middle, turn), coat.shaded(shade));
    }
    add(Shape::Disc { across: 1.5, down: 1.5 }, Map::at(at), coat.shaded(0.4));
}

/// Adds a lamp, lit or not.
pub(super) fn add_lamp(at: Point, lit: Option<bool>, instance: u8, parts: &mut Vec<Part>) {
    let seen = |shape| if lit.is_some() { shape } else { Shape::Nothing };
    let mut add = |shape, place, coat| {
        parts.push(Part { class: Class::Lamp, instance, shape: seen(shape), map: Map::at(plus(at, place)), coat });
    };
    let bulb = if lit == Some(true) { LIT } else { UNLIT };
    add(Shape::Disc { across: 2.6, down: 2.6 }, [0.0, 2.6], Coat::plain(bulb));
    add(Shape::Wedge { across: 5.0, down: 2.6 }, [0.0, 0.0], Coat::plain(METAL).shaded(0.6).rimmed(0.4));
}

/// Adds someone who passes in front, seen from behind: legs that stride, a coat, a head of hair.
pub(super) fn add_walker(gone: Option<Point>, coat: Coat, instance: u8, parts: &mut Vec<Part>) {
    let [way, sense] = gone.unwrap_or([0.0, 1.0]);
    let x = UNITS / 2.0 + sense * (way - UNITS / 2.0 - 14.0);
    let seen = |shape| if gone.is_some() { shape } else { Shape::Nothing };
    let mut add = |shape, map, coat| parts.push(Part { class: Class::Walker, instance, shape: seen(shape), map, coat });
    let stride = 0.5 * (way * 0.28).sin();
    for (swing, shade) in [(stride, 0.5), (-stride, 0.6)] {
        let hip = [x, 62.0];
        let leg = Map::turned(
            plus(hip, scaled(heading(std::f32::consts::FRAC_PI_2 + swing), 12.0)),
            std::f32::consts::FRAC_PI_2 + swing,
        );
        add(Shape::Limb { half: 12.0, start: 3.6, end: 2.6 }, leg, coat.shaded(shade));
    }
    add(Shape::Block { across: 7.5, down: 16.0, round: 5.0 }, Map::at([x, 50.0]), coat.rimmed(0.3));
    let hair = Coat { texture: Texture::Fine, contrast: 0.3, ..coat.shaded(0.45) };
    add(Shape::Disc { across: 5.6, down: 6.6 }, Map::at([x, 28.5]), hair);
    let sleeve = Map::turned([x, 48.0], std::f32::consts::FRAC_PI_2 + 0.6 * stride);
    add(Shape::Limb { half: 8.0, start: 2.8, end: 2.4 }, sleeve, coat.shaded(1.1).rimmed(0.4));
}
