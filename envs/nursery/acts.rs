//! What happens in a scene: hands that grab, touch and sweep, balls, things that move by themselves.

use super::distractions;
use super::draw::{below, chance, one, whole, within};
use super::map::{Point, angle, between, length, minus, plus, scaled};
use super::options::SceneKind;
use super::scene::hand_angle;
use super::script::{Contact, Mover, Script, eased};
use super::stage::{OBJECTS, SIDES, Stage, UNITS};
use crate::numpy::Generator;
use crate::truth::Phase;

/// The ball that acts; the other one is a distraction.
const BALL: usize = OBJECTS;
/// Chance that a grabbed object is carried; else it is only touched.
const CARRIED: f64 = 0.75;
/// Steps between contact and the start of the carrying, in which the fingers close.
const CLOSING: usize = 2;
/// Steps in which the fingers open again.
const OPENING: usize = 2;
/// Curl of a hand that reaches and of one that holds.
const OPEN: f32 = 0.08;
const CLOSED: f32 = 0.55;
/// Chance that a ball lies about.
const LYING: f64 = 0.5;

/// Writes what the kind of scene asks for.
pub(super) fn play(script: &mut Script, stage: &Stage, random: &mut Generator) {
    lay_ball(script, stage, random);
    match script.kind {
        SceneKind::Grab => {
            let carried = chance(random, CARRIED);
            grab(script, stage, carried, random);
        }
        SceneKind::Touch => grab(script, stage, false, random),
        SceneKind::Sweep => sweep(script, random),
        SceneKind::Ball => cross(script, stage, BALL, random),
        SceneKind::Push => push(script, stage, random),
        SceneKind::SelfMoving => wander(script, stage, random),
        SceneKind::Fall => fall(script, stage, random),
        SceneKind::Flicker => distractions::flicker(script, random),
        SceneKind::Nothing => {}
    }
}

/// A ball that lies still.
fn lay_ball(script: &mut Script, stage: &Stage, random: &mut Generator) {
    if !chance(random, LYING) {
        return;
    }
    let Some(spot) = stage.spot(&stage.taken(&[]), random) else { return };
    for (_, moment) in script.from(0) {
        let ball = &mut moment.things[BALL + 1];
        (ball.at, ball.there) = (spot, true);
    }
}

/// The steps of a way at about `speed` units per step.
fn steps(way: f32, speed: f32) -> usize {
    (way / speed).round().max(5.0) as usize
}

/// A hand goes to an object, carries it to a free place or only touches it, and goes back.
fn grab(script: &mut Script, stage: &Stage, carried: bool, random: &mut Generator) {
    let ball = script.moments[0].things[BALL + 1].at;
    let Some((number, hand, goal)) = taken(stage, ball, carried, random) else { return };
    let from = script.moments[0].things[number].at;
    let rest = stage.rests[hand];
    let pace = within(random, [2.2, 2.9]);
    let start = whole(random, [2, 6]);
    let contact = (start + steps(length(minus(from, rest)), pace)).max(9);
    let hold = if goal.is_some() { CLOSING } else { whole(random, [3, 6]) };
    let to = goal.unwrap_or(from);
    let carry = if goal.is_some() { steps(length(minus(to, from)), pace) } else { 0 };
    let release = contact + hold + carry;
    let leave = release + OPENING;
    let back = steps(length(minus(rest, to)), pace);
    let turn = |at: Point| hand_angle(stage, SIDES[hand], at);
    for (step, moment) in script.moments.iter_mut().enumerate() {
        let grip = &mut moment.hands[hand];
        let (usual, closed) = (grip.curl, if goal.is_some() { CLOSED } else { 0.6 * CLOSED });
        let blend = |a: f32, b: f32, since: usize, steps: usize| a + (b - a) * eased(since, steps);
        (grip.phase, grip.at, grip.curl) = match step {
            _ if step <= start => (Phase::Rest, rest, usual),
            _ if step < contact => {
                let since = step - start;
                (Phase::Reach, between(rest, from, eased(since, contact - start)), blend(usual, OPEN, since, 4))
            }
            _ if step <= contact + hold => (Phase::Hold, from, blend(OPEN, closed, step - contact, CLOSING)),
            _ if step < release => (Phase::Carry, between(from, to, eased(step - contact - hold, carry)), closed),
            _ if step < leave => (Phase::Release, to, blend(closed, OPEN, step - release, OPENING)),
            _ if step <= leave + back => {
                let since = step - leave;
                (Phase::Withdraw, between(to, rest, eased(since, back)), blend(OPEN, usual, since, back))
            }
            _ => (Phase::Rest, rest, usual),
        };
        grip.contact = (contact..leave).contains(&step).then_some(number);
        grip.holds = goal.is_some() && (contact + 1..release).contains(&step);
        if step >= contact && goal.is_some() {
            let thing = &mut moment.things[number];
            thing.at = if step < release { moment.hands[hand].at } else { to };
            thing.turn += turn(thing.at) - turn(from);
        }
    }
    let moves = goal.map(|_| contact + hold + 1);
    script.contacts.push(Contact { mover: Mover::Hand(hand), thing: number, start: contact, moves, end: leave });
}

/// An object, the hand that takes it and, if it is to be carried, a free place for it; where nothing can be carried something
/// is only touched.
fn taken(stage: &Stage, ball: Point, carried: bool, random: &mut Generator) -> Option<(usize, usize, Option<Point>)> {
    let place = |number: usize| stage.places[number].map(|place| (number, stage.hand_for(place), place));
    let mut pairs: Vec<_> =
        (0..OBJECTS).filter_map(place).filter(|&(_, hand, place)| stage.reaches(hand, place)).collect();
    let mut touched = None;
    while !pairs.is_empty() {
        let (number, hand, from) = pairs.swap_remove(below(random, pairs.len()));
        let goal = carried.then(|| goal(stage, hand, from, ball, random)).flatten();
        if goal.is_some() {
            return Some((number, hand, goal));
        }
        touched = touched.or(Some((number, hand, None)));
        if !carried {
            break;
        }
    }
    touched
}

/// A free place to which `hand` carries what lies at `from`.
fn goal(stage: &Stage, hand: usize, from: Point, ball: Point, random: &mut Generator) -> Option<Point> {
    let taken = stage.taken(&[ball]);
    (0..40).filter_map(|_| stage.spot(&taken, random)).find(|spot| {
        let way = length(minus(*spot, from));
        stage.reaches(hand, *spot) && (16.0..42.0).contains(&way)
    })
}

/// A hand moves about in the air and goes back.
fn sweep(script: &mut Script, random: &mut Generator) {
    let hand = below(random, 2);
    let rest = script.moments[0].hands[hand].at;
    let mut way = vec![rest];
    for _ in 0..whole(random, [2, 3]) {
        way.push([within(random, [12.0, 72.0]), within(random, [34.0, 76.0])]);
    }
    way.push(rest);
    let (pace, curl) = (within(random, [2.2, 3.2]), within(random, [0.0, 0.5]));
    let mut start = whole(random, [1, 6]);
    for leg in way.windows(2) {
        let steps = steps(length(minus(leg[1], leg[0])), pace);
        for (since, moment) in script.from(start) {
            let grip = &mut moment.hands[hand];
            grip.at = between(leg[0], leg[1], eased(since, steps));
            grip.phase = if since > steps { Phase::Rest } else { Phase::Sweep };
            grip.curl += (curl - grip.curl) * 0.3;
        }
        start += steps;
        if start >= script.moments.len() {
            break;
        }
    }
}

/// Ball `number` rolls through the picture.
pub(super) fn cross(script: &mut Script, stage: &Stage, number: usize, random: &mut Generator) {
    let (start, pace) = (whole(random, [0, 10]), within(random, [2.2, 3.6]));
    let heights = [within(random, [10.0, 78.0]), within(random, [10.0, 78.0])];
    let ends = if chance(random, 0.5) { [-8.0, UNITS + 8.0] } else { [UNITS + 8.0, -8.0] };
    let (from, to) = ([ends[0], heights[0]], [ends[1], heights[1]]);
    let way = minus(to, from);
    let radius = stage.things[number].size;
    for (since, moment) in script.from(0) {
        let gone = (since.saturating_sub(start) as f32 * pace).min(length(way));
        let ball = &mut moment.things[number];
        (ball.at, ball.there) = (plus(from, scaled(way, gone / length(way))), true);
        ball.turn = gone / radius * way[0].signum();
    }
}

/// The ball rolls against an object on the table, moves it on, and rolls back.
fn push(script: &mut Script, stage: &Stage, random: &mut Generator) {
    let onward = within(random, [14.0, 20.0]);
    let free = |number: usize, from: Point, sense: f32| {
        let end = plus(from, [sense * onward, 0.0]);
        let clear = |other: &Point| length(minus(end, *other)) >= 11.0;
        let others = script.moments[0].things.iter().enumerate().filter(|(other, _)| *other != number);
        (8.0..=76.0).contains(&end[0]) && others.map(|(_, thing)| thing.at).all(|other| clear(&other))
    };
    let on_table = |place: &Point| place[1] > stage.edge;
    let mut choices = Vec::new();
    for (number, place) in stage.places.iter().enumerate() {
        for sense in [-1.0, 1.0] {
            if let Some(from) = place.filter(|place| on_table(place) && free(number, *place, sense)) {
                choices.push((number, from, sense));
            }
        }
    }
    if choices.is_empty() {
        return cross(script, stage, BALL, random);
    }
    let (number, from, sense) = one(random, &choices);
    let radius = stage.things[BALL].size;
    let gap = radius + 0.85 * stage.things[number].size;
    let touch = plus(from, [-sense * gap, 0.0]);
    let run = within(random, [26.0, 46.0]);
    let (start, pace) = (whole(random, [1, 8]), within(random, [2.4, 3.2]));
    let contact = start + steps(run, pace);
    let pushed = steps(onward, 0.75 * pace);
    let apart = contact + pushed;
    for (step, moment) in script.moments.iter_mut().enumerate() {
        let shift = match step {
            _ if step < contact => -run * (1.0 - (step.saturating_sub(start)) as f32 / (contact - start) as f32),
            // Slower and slower, then back.
            _ if step <= apart => onward * slowing(step - contact, pushed),
            _ => onward - (0.8 * pace * (step - apart) as f32),
        };
        let ball = &mut moment.things[BALL];
        (ball.at, ball.there) = (plus(touch, [sense * shift, 0.0]), true);
        ball.turn = sense * shift / radius;
        if step >= contact {
            moment.things[number].at = plus(from, [sense * onward * slowing(step - contact, pushed), 0.0]);
        }
    }
    let contact =
        Contact { mover: Mover::Ball(BALL), thing: number, start: contact, moves: Some(contact + 1), end: apart + 1 };
    script.contacts.push(contact);
}

/// The share of a way of `steps` steps that lies behind after `since`, at a speed that falls to 0: 2s − s².
fn slowing(since: usize, steps: usize) -> f32 {
    let s = (since as f32 / steps.max(1) as f32).min(1.0);
    s * (2.0 - s)
}

/// An object goes to a free place by itself, and perhaps on to another.
fn wander(script: &mut Script, stage: &Stage, random: &mut Generator) {
    let numbers: Vec<usize> = (0..OBJECTS).filter(|number| stage.places[*number].is_some()).collect();
    if numbers.is_empty() {
        return;
    }
    let number = one(random, &numbers);
    let pace = within(random, [1.6, 3.0]);
    let mut start = whole(random, [2, 12]);
    for _ in 0..whole(random, [1, 2]) {
        let Some(spot) = stage.spot(&stage.taken(&[script.moments[0].things[BALL + 1].at]), random) else { return };
        let way = length(minus(spot, script.moments[start].things[number].at));
        let needed = steps(way, pace);
        script.glide(number, spot, start, needed);
        start += needed + whole(random, [2, 6]);
        if start + 8 > script.moments.len() {
            return;
        }
    }
}

/// An object falls from its shelf onto the table.
pub(super) fn fall(script: &mut Script, stage: &Stage, random: &mut Generator) {
    let touched = |number: usize| script.contacts.iter().any(|contact| contact.thing == number);
    let rests = |number: usize| {
        let at = script.moments.first().map(|moment| moment.things[number].at);
        script.moments.iter().all(|moment| Some(moment.things[number].at) == at)
    };
    let high = |place: &Point| place[1] < stage.edge;
    let falls =
        |number: &usize| stage.places[*number].is_some_and(|place| high(&place)) && rests(*number) && !touched(*number);
    let numbers: Vec<usize> = (0..OBJECTS).filter(falls).collect();
    if numbers.is_empty() {
        return;
    }
    let number = one(random, &numbers);
    let start = whole(random, [4, 24]);
    let floor = within(random, [stage.edge + 3.0, 76.0]);
    let turns = angle([1.0, within(random, [-0.6, 0.6])]);
    for (since, moment) in script.from(start) {
        let thing = &mut moment.things[number];
        let drop = 0.3 * (since * since) as f32;
        let deep = floor - thing.at[1];
        thing.turn += turns * (drop / deep).min(1.0);
        thing.at[1] += drop.min(deep);
    }
}

#[cfg(test)]
mod tests {
    use crate::nursery::options::{Distractors, Mix, NurseryOptions};
    use crate::nursery::scene::Scene;

    #[test]
    fn a_thing_falls_but_once_and_comes_to_rest() {
        let mix = Mix { fall: 1.0, self_moving: 1.0, ..Mix::default() };
        let distractors = Distractors { fall: Some(1.0), ..Distractors::default() };
        let options = NurseryOptions { mix: Some(mix), distractors, ..NurseryOptions::default() };
        let mut fallen = 0;
        for seed in 0..200 {
            let moments = Scene::new(&options, seed).script.moments;
            for thing in 0..moments[0].things.len() {
                let [first, last] = [&moments[0], &moments[moments.len() - 1]].map(|moment| moment.things[thing]);
                let turned = (last.turn - first.turn).abs();
                // A fall turns a thing by atan 0.6 at most.
                assert!(turned < 0.56, "seed {seed}, thing {thing}: turned by {turned}");
                if turned > 0.0 {
                    fallen += 1;
                    let down = moments.windows(2).all(|two| two[1].things[thing].at[1] >= two[0].things[thing].at[1]);
                    assert!(down, "seed {seed}, thing {thing}");
                }
            }
        }
        assert!(fallen > 100, "{fallen}");
    }
}
