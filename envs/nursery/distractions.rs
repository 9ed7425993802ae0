//! What else moves: cloth, a fan, a passer-by, balls, falling things, light, the camera, the body.

use super::acts;
use super::draw::{chance, one, whole, within};
use super::map::Bend;
use super::options::NurseryOptions;
use super::script::{STEPS, Script};
use super::stage::{OBJECTS, Stage, UNITS};
use super::worlds::Distraction;
use crate::numpy::Generator;
use std::f32::consts::TAU;

/// The ball of the distractions.
const BALL: usize = OBJECTS + 1;

/// Writes each distraction that comes.
pub(super) fn play(script: &mut Script, options: &NurseryOptions, stage: &Stage, random: &mut Generator) {
    let comes = |of, random: &mut Generator| chance(random, options.chance(of));
    if comes(Distraction::Curtain, random) {
        curtain(script, stage, random);
    }
    if comes(Distraction::Fan, random) {
        fan(script, random);
    }
    if comes(Distraction::Walker, random) {
        walker(script, random);
    }
    if comes(Distraction::Ball, random) {
        acts::cross(script, stage, BALL, random);
    }
    if comes(Distraction::Fall, random) {
        acts::fall(script, stage, random);
    }
    if comes(Distraction::Lighting, random) {
        lighting(script, random);
    }
    if comes(Distraction::Lamp, random) {
        lamp(script, random);
    }
    if comes(Distraction::Shake, random) {
        shake(script, random);
    }
    if comes(Distraction::Sway, random) {
        sway(script, random);
    }
}

/// The scene in which the light is all that changes.
pub(super) fn flicker(script: &mut Script, random: &mut Generator) {
    if chance(random, 0.5) { lighting(script, random) } else { lamp(script, random) }
}

/// A curtain that flaps in gusts and settles, each time a little elsewhere.
fn curtain(script: &mut Script, stage: &Stage, random: &mut Generator) {
    let rate = within(random, [0.35, 0.7]);
    let mut bend = Bend {
        top: 0.0,
        height: stage.curtain.height,
        drift: within(random, [-2.0, 2.0]),
        swing: 0.0,
        length: within(random, [24.0, 40.0]),
        phase: within(random, [0.0, TAU]),
    };
    let mut gust = whole(random, [0, 14]);
    let (mut wind, mut drift) = (0.0, bend.drift);
    for (step, moment) in script.from(0) {
        if step == gust {
            (wind, drift) = (within(random, [2.5, 4.5]), within(random, [-3.0, 3.0]));
            gust += whole(random, [16, 30]);
        }
        moment.curtain = Some(bend);
        bend.swing += 0.3 * (wind - bend.swing);
        bend.drift += 0.15 * (drift - bend.drift);
        bend.phase += rate;
        wind *= 0.86;
        if wind < 0.3 && bend.swing < 0.5 {
            // Still, until the next gust.
            (wind, bend.swing, drift) = (0.0, 0.0, bend.drift);
            bend.phase -= rate;
        }
    }
}

fn fan(script: &mut Script, random: &mut Generator) {
    let (start, rate) = (within(random, [0.0, TAU]), within(random, [0.2, 0.45]));
    for (step, moment) in script.from(0) {
        moment.fan = Some(start + rate * step as f32);
    }
}

/// Someone passes in front of everything, from one side to the other.
fn walker(script: &mut Script, random: &mut Generator) {
    let (start, pace) = (whole(random, [0, 18]) as f32, within(random, [2.6, 3.6]));
    let sense = one(random, &[-1.0, 1.0]);
    for (step, moment) in script.from(0) {
        let gone = ((step as f32 - start) * pace).clamp(0.0, UNITS + 28.0);
        moment.walker = Some([gone, sense]);
    }
}

/// The light of the whole room changes in steps.
fn lighting(script: &mut Script, random: &mut Generator) {
    for _ in 0..whole(random, [2, 4]) {
        let light = within(random, [0.7, 1.25]);
        let start = whole(random, [2, STEPS - 2]);
        script.from(start).for_each(|(_, moment)| moment.light = light);
    }
}

/// A lamp that goes on and off.
fn lamp(script: &mut Script, random: &mut Generator) {
    let shines = chance(random, 0.5);
    script.from(0).for_each(|(_, moment)| moment.lamp = Some(shines));
    for _ in 0..whole(random, [3, 6]) {
        let start = whole(random, [1, STEPS - 1]);
        script.from(start).for_each(|(_, moment)| moment.lamp = moment.lamp.map(|shines| !shines));
    }
}

/// The camera is knocked, and comes back in a few steps.
fn shake(script: &mut Script, random: &mut Generator) {
    for _ in 0..whole(random, [1, 2]) {
        let start = whole(random, [2, STEPS - 8]);
        for (since, moment) in script.from(start).take(6) {
            let strength = 2.0 * (1.0 - since as f32 / 6.0);
            moment.shake = [strength * within(random, [-1.0, 1.0]), strength * within(random, [-1.0, 1.0])];
        }
    }
}

fn sway(script: &mut Script, random: &mut Generator) {
    let (far, rate) = (within(random, [0.8, 1.8]), within(random, [0.15, 0.4]));
    let start = within(random, [0.0, TAU]);
    for (step, moment) in script.from(0) {
        moment.sway = far * (start + rate * step as f32).sin();
    }
}
