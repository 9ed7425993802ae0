//! Where the person looks, step by step: a row of fixations, each at a thing or a place, and blinks.
//!
//! Toward a target at direction θ and distance d the face shows a vector g that nears
//! `g* = clamp(d / FAR, NEAR, 1) · (cos(θ + ε), sin(θ + ε))` by TURN of the way each step; ε is drawn once for each fixation.

use super::draw::{below, chance, normal, whole, within};
use super::map::{Point, angle, heading, length, minus, plus, scaled};
use super::options::{GazeSplit, NurseryOptions};
use super::script::{Contact, Mover, STEPS, Script};
use super::stage::{OBJECTS, Stage};
use crate::numpy::Generator;

/// Chance to look at what is manipulated.
const ATTENDS: f64 = 0.85;
/// Steps by which the look comes before the hand.
const LEAD: [usize; 2] = [6, 10];
/// Steps for which it stays after the release.
const LAG: [usize; 2] = [1, 5];
/// Standard deviation of ε in radians.
const NOISE: f32 = 0.17;
/// Distance from which on a head is turned wholly.
const FAR: f32 = 26.0;
/// The least strength of a gaze.
const NEAR: f32 = 0.65;
const TURN: f32 = 0.55;
/// Chance of a blink at a step, and the steps it takes at most.
const BLINK: (f64, usize) = (0.035, 2);

/// A fixation that lasts until the next one.
#[derive(Clone, Copy)]
struct Fixation {
    start: usize,
    target: Target,
    error: f32,
}

#[derive(Clone, Copy)]
enum Target {
    Thing(usize),
    Place(Point),
}

/// Writes where the person looks.
pub(super) fn play(script: &mut Script, options: &NurseryOptions, stage: &Stage, random: &mut Generator) {
    let fixations = plan(script, options, stage, random);
    let mut shown = [0.0, 0.0];
    let mut shut = 0;
    for (step, moment) in script.moments.iter_mut().enumerate() {
        let Some(now) = fixations.iter().rev().find(|fixation| fixation.start <= step) else { continue };
        let (target, thing) = match now.target {
            Target::Thing(number) => (moment.things[number].at, Some(number)),
            Target::Place(place) => (place, None),
        };
        let way = minus(target, plus(stage.head, [moment.sway, 0.0]));
        let aim = scaled(heading(angle(way) + now.error), (length(way) / FAR).clamp(NEAR, 1.0));
        shown = if step == 0 { aim } else { plus(shown, scaled(minus(aim, shown), TURN)) };
        if shut == 0 && chance(random, BLINK.0) {
            shut = whole(random, [1, BLINK.1]);
        }
        (moment.look.target, moment.look.thing, moment.look.shown) = (target, thing, shown);
        moment.look.open = shut == 0;
        shut = shut.saturating_sub(1);
    }
}

/// The fixations of the scene: idle ones, and in between the one that attends to a hand's deed.
fn plan(script: &Script, options: &NurseryOptions, stage: &Stage, random: &mut Generator) -> Vec<Fixation> {
    let by_hand = |contact: &&Contact| matches!(contact.mover, Mover::Hand(_));
    let deed = script.contacts.iter().find(by_hand).copied();
    let touched = deed.map(|contact| contact.thing);
    let attends = options.gaze == GazeSplit::Events && chance(random, ATTENDS);
    let (lead, lag) = (whole(random, LEAD), whole(random, LAG));
    let span = deed.map(|contact| (contact.start.saturating_sub(lead), contact.end + lag));
    let mut fixations = Vec::new();
    let mut start = 0;
    while start <= STEPS {
        let inside = span.is_some_and(|(first, last)| (first..last).contains(&start));
        let target = match touched {
            Some(thing) if inside && attends => Target::Thing(thing),
            _ => idle(script, stage, touched.filter(|_| options.gaze == GazeSplit::Free || inside), random),
        };
        fixations.push(Fixation { start, target, error: NOISE * normal(random) });
        let next = start + whole(random, [6, 14]);
        start = match span {
            Some((first, _)) if start < first => next.min(first),
            Some((_, last)) if start < last => last,
            _ => next,
        };
    }
    fixations
}

/// Some thing other than `not`, or some place.
fn idle(script: &Script, stage: &Stage, not: Option<usize>, random: &mut Generator) -> Target {
    let number = below(random, OBJECTS);
    if chance(random, 0.6) && stage.places[number].is_some() && not != Some(number) {
        return Target::Thing(number);
    }
    let avoided = not.map(|number| script.moments[0].things[number].at);
    let mut place = [0.0, 0.0];
    for _ in 0..20 {
        place = [within(random, [4.0, 80.0]), within(random, [4.0, 80.0])];
        let far = |from: Point, apart: f32| length(minus(place, from)) > apart;
        if far(stage.head, 16.0) && avoided.is_none_or(|avoided| far(avoided, 16.0)) {
            break;
        }
    }
    Target::Place(place)
}
