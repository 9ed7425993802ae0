//! The ground truth of a moment: masks, exact flow, places, contacts, gaze.
//!
//! A pixel of the frame before that showed part k at (u, v) went to `map_k(u, v)` of this frame; the flow is the difference,
//! in pixels. It is valid where part k is visible in one of the four pixels around that place. What is approximate:
//!
//! 1. A head's turn moves its features apart and shifts its outline; within one feature it is a translation and a change of
//!    breadth, as it is painted.
//! 2. Light has no flow: where only brightness changes the flow is 0, and valid.
//! 3. Lids that close cover the eye: both have the head's flow, and what is covered is not valid.
//! 4. Seams within one rigid thing (the fingers and the palm of a hand that carries) may lose a pixel of validity.

use super::hand::PALM;
use super::map::{Map, Point, length, minus, scaled};
use super::paint::{Canvas, Part};
use super::scene::{HANDS, HEAD, MARGIN, Scene, instance_of};
use super::script::{Contact, Mover, class_of};
use super::stage::{SIDES, UNITS};
use super::view::View;
use crate::truth::{Class, Event, Gaze, Hand, Region, Truth};

/// Classes whose places are listed.
const LISTED: [Class; 6] = [Class::Object, Class::Ball, Class::Hand, Class::Arm, Class::Face, Class::Eye];

/// One frame as numbers of parts: 0 is the background, `number + 1` a part.
struct Frame {
    canvas: Canvas,
    parts: Vec<Part>,
    shown: Vec<u16>,
}

impl Frame {
    fn new(scene: &Scene, view: &View, step: usize) -> Self {
        let moment = &scene.script.moments[step];
        let canvas = view.pixels(moment);
        let mut parts = Vec::new();
        scene.parts(moment, &mut parts);
        let mut shown = vec![0; canvas.size * canvas.size];
        for (number, part) in parts.iter().enumerate() {
            canvas.cover(part, |place, _, _, _| shown[place] = number as u16 + 1);
        }
        Self { canvas, parts, shown }
    }

    /// What pixel `place` shows, if it is not the background.
    fn part(&self, place: usize) -> Option<&Part> {
        usize::from(self.shown[place]).checked_sub(1).map(|number| &self.parts[number])
    }

    /// The map of the part with this number in `shown`, in pixels.
    fn map(&self, number: u16) -> Map {
        match usize::from(number).checked_sub(1) {
            Some(number) => self.canvas.map(&self.parts[number].map),
            None => self.canvas.map(&Map::at([UNITS / 2.0 + MARGIN, UNITS / 2.0 + MARGIN])),
        }
    }
}

/// What is true of `step`.
pub(super) fn record(scene: &Scene, view: &View, step: usize) -> Truth {
    let moment = &scene.script.moments[step];
    let now = Frame::new(scene, view, step);
    let pixels = now.shown.len();
    let (flow, valid) = match step.checked_sub(1) {
        Some(before) => flow(&Frame::new(scene, view, before), &now),
        None => (vec![0.0; 2 * pixels], vec![false; pixels]),
    };
    let size = now.canvas.size;
    Truth {
        size: [size, size],
        seed: scene.seed,
        scene: scene.script.kind.name().into(),
        step: step as u32,
        classes: (0..pixels).map(|place| now.part(place).map_or(Class::Background, |part| part.class)).collect(),
        instances: (0..pixels).map(|place| now.part(place).map_or(0, |part| part.instance)).collect(),
        flow,
        valid,
        regions: regions(&now),
        hands: (0..SIDES.len()).map(|number| hand(scene, &now.canvas, step, number)).collect(),
        gazes: vec![gaze(scene, &now.canvas, step)],
        events: contacts(scene, view, step),
        camera: scaled(moment.shake, size as f32 / UNITS).map(f32::round),
    }
}

/// Where each pixel of `before` went, and whether it can still be seen there.
fn flow(before: &Frame, now: &Frame) -> (Vec<f32>, Vec<bool>) {
    let (size, pixels) = (before.canvas.size, before.shown.len());
    let (mut flow, mut valid) = (vec![0.0; 2 * pixels], vec![false; pixels]);
    let maps: Vec<(Map, Map)> =
        (0..=before.parts.len() as u16).map(|number| (before.map(number), now.map(number))).collect();
    for (place, number) in before.shown.iter().copied().enumerate() {
        let from = [(place % size) as f32, (place / size) as f32];
        let (map, moved) = &maps[usize::from(number)];
        // What stands still must not be moved by rounding.
        let to = if map == moved { from } else { moved.apply(map.invert(from)) };
        let [dx, dy] = minus(to, from);
        (flow[place], flow[pixels + place]) = (dx, dy);
        valid[place] = around(to, size).any(|place| now.shown[place] == number);
    }
    (flow, valid)
}

/// The pixels around `at` that lie in the frame.
fn around([x, y]: Point, size: usize) -> impl Iterator<Item = usize> {
    let corners = [(x.floor(), y.floor()), (x.ceil(), y.floor()), (x.floor(), y.ceil()), (x.ceil(), y.ceil())];
    let inside = move |at: f32| (0.0..size as f32).contains(&at);
    corners.into_iter().filter(move |(x, y)| inside(*x) && inside(*y)).map(move |(x, y)| y as usize * size + x as usize)
}

/// Where the listed instances are.
fn regions(now: &Frame) -> Vec<Region> {
    let mut kinds: Vec<(Class, u8)> = now.parts.iter().map(|part| (part.class, part.instance)).collect();
    kinds.dedup();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.retain(|(class, _)| LISTED.contains(class));
    kinds.into_iter().filter_map(|(class, instance)| region(now, class, instance)).collect()
}

/// Where the parts of one class of one instance are, if any lies in the frame.
fn region(now: &Frame, class: Class, instance: u8) -> Option<Region> {
    let size = now.canvas.size;
    let mut whole = vec![false; size * size];
    let own = |part: &Part| part.class == class && part.instance == instance;
    for part in now.parts.iter().filter(|part| own(part)) {
        now.canvas.cover(part, |place, _, _, _| whole[place] = true);
    }
    let covered = || (0..size * size).filter(|place| whole[*place]);
    let seen = (0..size * size).filter(|place| now.part(*place).is_some_and(own)).count();
    let (left, right) = (covered().map(|place| place % size).min()?, covered().map(|place| place % size).max()?);
    let (top, bottom) = (covered().min()? / size, covered().max()? / size);
    let bounds = [left, top, right, bottom].map(|side| side as u32);
    Some(Region { class, instance, bounds, visible: seen as f32 / covered().count() as f32 })
}

fn hand(scene: &Scene, canvas: &Canvas, step: usize, number: usize) -> Hand {
    let moment = &scene.script.moments[step];
    let (grip, pose) = (moment.hands[number], scene.hand(moment, number));
    let contact = grip.contact.map(instance_of);
    Hand {
        instance: HANDS[number],
        side: SIDES[number],
        phase: grip.phase,
        curl: grip.curl,
        palm: canvas.pixel(pose.map(scene.stage.looks.hand_size).apply([PALM, 0.0])),
        contact,
        held: contact.filter(|_| grip.holds),
    }
}

fn gaze(scene: &Scene, canvas: &Canvas, step: usize) -> Gaze {
    let moment = &scene.script.moments[step];
    let (look, face) = (moment.look, scene.face(moment));
    Gaze {
        face: HEAD,
        origin: canvas.pixel(face.centre),
        target: canvas.pixel(look.target),
        instance: look.thing.map(instance_of),
        direction: scaled(look.shown, 1.0 / length(look.shown).max(f32::MIN_POSITIVE)),
        yaw: face.yaw(),
        open: look.open,
    }
}

/// The contacts up to `step`, in the order of their starts.
fn contacts(scene: &Scene, view: &View, step: usize) -> Vec<Event> {
    let mut events: Vec<Event> =
        scene.script.contacts.iter().filter_map(|contact| event(scene, view, contact, step)).collect();
    events.sort_by_key(|event| event.start);
    events
}

fn event(scene: &Scene, view: &View, contact: &Contact, step: usize) -> Option<Event> {
    let place = |step: usize| {
        let moment = &scene.script.moments[step];
        view.pixels(moment).pixel(moment.things[contact.thing].at)
    };
    let past = |at: usize| at <= step;
    let (mover, class) = match contact.mover {
        Mover::Hand(number) => (HANDS[number], Class::Hand),
        Mover::Ball(number) => (instance_of(number), class_of(number)),
    };
    let end = Some(contact.end).filter(|end| past(*end));
    past(contact.start).then(|| Event {
        start: contact.start as u32,
        moves: contact.moves.filter(|moves| past(*moves)).map(|moves| moves as u32),
        end: end.map(|end| end as u32),
        mover,
        class,
        moved: instance_of(contact.thing),
        from: place(contact.start),
        to: end.map(place),
    })
}
