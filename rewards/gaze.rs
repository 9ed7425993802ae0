//! `gaze`: mover events teach an area which way a face looks (Ullman, Harari & Dorfman 2012, stage 4).
//!
//! Who reaches for a thing looks at it. At an event, the direction from the face to the event is where that face looked when
//! motion entered:
//!
//! ```text
//! pay(trial) = exp(κ (cos(θ_chosen − θ) − 1))             θ = θ(face → event)
//! ```
//!
//! The area's actions stand for directions ([`crate::bearing`], where κ is); what it expects of all of them decodes into one.
//!
//! Not every event is of a hand, and not everybody looks at what their hand does, so some examples are far off. Each is drawn as
//! often as it is trusted (`lessons.rs`); the area agrees with one by what the decoded direction would have been paid. A place
//! nearer to the face than a head is large teaches nothing: what moved there is the head.
//!
//! Reads `frame`, `faces` and `mover.events`; writes the stacks `gaze.faces` (`[2, 8, 4, 4]`: the faces present, each the mean of
//! three descriptions by [`crate::descriptor`], to which skin and hair are much the same whether light or dark, of its middle, with
//! less and more around it) and `gaze.examples` (`[trials, 8, 4, 4]`: drawn from what it remembers, half of them mirrored,
//! direction and all).
//! Metrics: `examples`, their number; `cosine` of the decoded direction with that of the example, over those that are drawn.
//! For comparison the teacher may be "random": at each event, the direction to any place of the frame but the head.
//!
//! Departures from the paper's outline, which looks a face up among those that are remembered: 1. An area learns in place of that.
//! 2. Examples are trusted more or less, since events of the hard nursery are at times false.

use crate::bearing::Vector;
use crate::descriptor::{self, COARSE};
use crate::events::{EVENTS, Event, events};
use crate::face::{FACES, Face};
use crate::grid::{FRAME, frame_size};
use crate::lessons::Examples;
use crate::past::Past;
use crate::signal::{Declaration, Moment, Pay, Purse, Reads, Signal, SignalError};
use crate::stack::{count_name, decisions_name};
use crate::state;
use crate::summed_area::SummedArea;
use innate_envs::{Array, ArraySpec};
use innate_nn::Random;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// Numbers of a described face.
const LENGTH: usize = descriptor::length(COARSE);
/// The parts of the box around a head that are looked at: eyes, nose and mouth, with less and more around them. What lies at the
/// border of a cell in one lies within it in another.
const PARTS: [f32; 3] = [0.6, 0.7, 0.8];
/// A record of the past: a described face, x and y of its middle, and the side of the box around the head; all 0 where there was
/// none.
const SEEN: usize = LENGTH + 3;
/// An example: a described face, then x and y of a direction.
const EXAMPLE: usize = LENGTH + 2;
/// Examples that are remembered at most.
const REMEMBERED: usize = 1024;

/// Options of `gaze`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, documented::DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct GazeOptions {
    /// Who teaches: "movers" (the direction to the event) or "random" (to any place of the frame but the head).
    pub teacher: GazeTeacher,
    /// Examples of a slot after which no more are taken in; 0: no limit.
    pub most: usize,
    /// Trials in a step.
    pub trials: usize,
    /// Steps back to which an event may have begun.
    pub window: usize,
    /// The area that is taught.
    pub area: String,
    /// The name of the stack of trials.
    pub stack: String,
    /// The name of the stack of the faces that are present; "" writes none, for a teacher beside another one.
    pub present: String,
}

/// Where directions come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GazeTeacher {
    /// Mover events.
    #[default]
    Movers,
    /// Places drawn at random.
    Random,
}

impl Default for GazeOptions {
    fn default() -> Self {
        let [area, stack, present] = ["gaze", "gaze.examples", "gaze.faces"].map(String::from);
        Self { teacher: GazeTeacher::Movers, most: 0, trials: 8, window: 40, area, stack, present }
    }
}

/// The teacher of gaze.
pub struct Gaze {
    options: GazeOptions,
    table: SummedArea,
    /// Width and height of the frame in pixels.
    frame: (f32, f32),
    state: State,
    lessons: Vec<Lesson>,
}

/// What a slot of the stack of trials teaches.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Lesson {
    /// The place of its example.
    example: usize,
    /// The direction to be seen, mirrored if the face is.
    direction: (f32, f32),
}

/// All that changes.
#[derive(Serialize, Deserialize)]
struct State {
    random: Random,
    /// The best face of each step, as [`SEEN`] tells.
    faces: Past<f32>,
    examples: Examples<f32>,
    taken: usize,
    uncounted: usize,
}

impl Gaze {
    /// A teacher with these options.
    ///
    /// # Errors
    /// A number out of range.
    pub fn new(options: GazeOptions) -> Result<Self, SignalError> {
        for (key, value) in [("trials", options.trials), ("window", options.window)] {
            if !(1..=1024).contains(&value) {
                return Err(SignalError::new(format!("{key} = {value} must lie between 1 and 1024")));
            }
        }
        let state = State {
            random: Random::seed_from_u64(0),
            faces: Past::new(options.window, SEEN),
            examples: Examples::new(REMEMBERED, EXAMPLE),
            taken: 0,
            uncounted: 0,
        };
        Ok(Self {
            lessons: Vec::with_capacity(options.trials),
            table: SummedArea::default(),
            frame: (0.0, 0.0),
            options,
            state,
        })
    }

    /// Writes the faces that are present, and tells how many they are; the best one goes into the past.
    fn look(&mut self, frame: &[u8], faces: &[f32], items: &mut [f32]) -> usize {
        self.table.compute(frame);
        let mut record = [0.0; SEEN];
        let mut present = 0;
        for (face, item) in Face::all(faces).flatten().zip(items.chunks_exact_mut(LENGTH)) {
            describe_face(&mut self.table, &face, item);
            if present == 0 {
                record[..LENGTH].copy_from_slice(item);
                record[LENGTH..].copy_from_slice(&[face.x, face.y, face.size]);
            }
            present += 1;
        }
        self.state.faces.push(&record);
        present
    }

    /// Takes in the face that was there when motion entered, with the direction from it to the event.
    fn take_in(&mut self, event: Event) {
        let full = self.options.most > 0 && self.state.taken >= self.options.most;
        let State { random, faces, examples, taken, uncounted } = &mut self.state;
        let Some(face) = faces.ago(event.age).filter(|_| !full) else { return };
        let place = match self.options.teacher {
            GazeTeacher::Movers => event.changed,
            GazeTeacher::Random => (random.random_range(0.0..self.frame.0), random.random_range(0.0..self.frame.1)),
        };
        let [x, y, size] = [0, 1, 2].map(|i| face[LENGTH + i]);
        let to_place = Vector::between((x, y), place);
        let Some(direction) = to_place.unit().filter(|_| size > 0.0 && to_place.length() >= size) else { return };
        *taken += 1;
        *uncounted += 1;
        examples.remember(|out| {
            out[..LENGTH].copy_from_slice(&face[..LENGTH]);
            out[LENGTH..].copy_from_slice(&[direction.x, direction.y]);
        });
    }

    /// Fills the stack of trials, and tells how many there are.
    fn teach(&mut self, items: &mut [f32]) -> usize {
        self.lessons.clear();
        for item in items.chunks_exact_mut(LENGTH) {
            let State { random, examples, .. } = &mut self.state;
            let mirrored = random.random::<bool>();
            let Some(place) = examples.draw_trusted_place(random) else { break };
            let example = examples.at(place);
            item.copy_from_slice(&example[..LENGTH]);
            let (mut x, y) = (example[LENGTH], example[LENGTH + 1]);
            if mirrored {
                descriptor::mirror::<COARSE>(item);
                x = -x;
            }
            self.lessons.push(Lesson { example: place, direction: (x, y) });
        }
        self.lessons.len()
    }
}

impl Signal for Gaze {
    fn declare(&self) -> Declaration {
        let GazeOptions { area, stack, present, .. } = &self.options;
        let mut writes = vec![stack.clone(), count_name(stack)];
        if !present.is_empty() {
            writes.extend([present.clone(), count_name(present)]);
        }
        Declaration {
            reads: vec![FRAME.into(), FACES.into(), EVENTS.into()],
            writes,
            awaits: vec![decisions_name(area, stack)],
            pay: Pay::Trials,
            trials: vec![stack.clone()],
            metrics: vec!["examples".into(), "cosine".into()],
            ..Declaration::default()
        }
    }

    fn bind(&mut self, reads: &[ArraySpec]) -> Result<Vec<ArraySpec>, SignalError> {
        let (height, width) = frame_size(&reads[0])?;
        Face::check(&reads[1])?;
        Event::check(&reads[2])?;
        self.table = SummedArea::new(height, width);
        self.frame = (width as f32, height as f32);
        let stack = |name: &str, slots: usize| {
            [descriptor::stack(name, slots, COARSE), ArraySpec::f32(&count_name(name), &[1], 0.0, slots as f32)]
        };
        let mut specs = stack(&self.options.stack, self.options.trials).to_vec();
        if !self.options.present.is_empty() {
            specs.extend(stack(&self.options.present, Face::MOST));
        }
        Ok(specs)
    }

    fn seed(&mut self, random: Random) {
        self.state.random = random;
    }

    fn begin_episode(&mut self) {
        self.state.faces.clear();
    }

    fn perceive(&mut self, reads: Reads<'_>, writes: &mut [Array]) -> Result<(), SignalError> {
        let (frame, faces) = (reads.u8(0)?, reads.f32(1)?);
        let mut unseen = [0.0; LENGTH * Face::MOST];
        let (trials, present) = writes.split_at_mut(2);
        let seen = match present.first_mut().and_then(Array::as_f32_mut) {
            Some(items) => self.look(frame, faces, items),
            None => self.look(frame, faces, &mut unseen),
        };
        if let Some(count) = present.get_mut(1).and_then(Array::as_f32_mut) {
            count[0] = seen as f32;
        }
        events(reads.f32(2)?).for_each(|event| self.take_in(event));
        let [items, count] = trials else { return Err(SignalError::new("perceive before bind")) };
        let (Some(items), Some(count)) = (items.as_f32_mut(), count.as_f32_mut()) else {
            return Err(SignalError::new("perceive before bind"));
        };
        count[0] = self.teach(items) as f32;
        Ok(())
    }

    fn pay(&mut self, moment: Moment<'_>, purse: &mut Purse) -> Result<(), SignalError> {
        let decided = moment.after.f32(3)?;
        let row = decided.len() / self.options.trials;
        for (slot, (lesson, row)) in self.lessons.iter().zip(decided.chunks_exact(row)).enumerate() {
            let direction = Vector { x: lesson.direction.0, y: lesson.direction.1 };
            let (chosen, decoded) = (Vector::of_action(row[0] as usize, row.len() - 1), Vector::decode(&row[1..]));
            // Without a direction the area has said nothing.
            if decoded.length() > 0.0 {
                self.state.examples.agree(lesson.example, decoded.pay(direction));
            }
            purse.pay_trial(0, slot, f64::from(chosen.pay(direction)));
            purse.note("cosine", f64::from(decoded.cosine(direction)));
        }
        if self.state.uncounted > 0 {
            purse.count("examples", std::mem::take(&mut self.state.uncounted) as f64);
        }
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        state::save(&(&self.state, &self.lessons))
    }

    fn load(&mut self, saved: &[u8]) -> Result<(), SignalError> {
        let (state, lessons): (State, Vec<Lesson>) = state::load(saved)?;
        self.state.faces.check(&state.faces)?;
        self.state.examples.check(&state.examples)?;
        if lessons.iter().any(|lesson| lesson.example >= state.examples.len()) {
            return Err(SignalError::new("its saved state teaches examples that it does not hold"));
        }
        (self.state, self.lessons) = (state, lessons);
        Ok(())
    }
}

/// Describes a face: the mean of the descriptors of [`PARTS`].
fn describe_face(table: &mut SummedArea, face: &Face, item: &mut [f32]) {
    item.fill(0.0);
    let mut edges = [0.0; LENGTH];
    for part in PARTS {
        descriptor::describe_square::<COARSE>(table, face.x, face.y, part * face.size, &mut edges);
        item.iter_mut().zip(&edges).for_each(|(mean, edge)| *mean += edge / PARTS.len() as f32);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::bank::Bank;
    use crate::stack::{Decide, Perceiver};
    use innate_envs::{Observation, Step};
    use std::collections::BTreeSet;

    const SIZE: usize = 48;

    /// A face at (12, 12), lighter on the left, and an event to its right, or none.
    fn scene(event: bool) -> Observation {
        let frame = (0..SIZE * SIZE).map(|i| if i % SIZE < 12 { 200 } else { 100 }).collect();
        let faces = vec![12.0, 12.0, 16.0, 0.9, 0.0, 0.0, 0.0, 0.0];
        let mut happened = vec![0.0; 24];
        if event {
            happened[..6].copy_from_slice(&[40.0, 12.0, 40.0, 12.0, 1.0, 3.0]);
        }
        Observation { arrays: vec![Array::U8(frame), Array::F32(faces), Array::F32(happened)] }
    }

    /// Chooses right where the left is light, else left.
    struct Lit;

    impl Decide for Lit {
        fn decide(&mut self, _: usize, item: &[f32], row: &mut [f32]) -> Result<(), SignalError> {
            // Light grows to the left.
            let along = |direction: usize| item[direction * LENGTH / 8..][..LENGTH / 8].iter().sum::<f32>();
            let right = along(4) > along(0);
            row.copy_from_slice(&[
                if right { 0.0 } else { 2.0 },
                f32::from(u8::from(right)),
                0.0,
                f32::from(u8::from(!right)),
                0.0,
            ]);
            Ok(())
        }
    }

    fn bank() -> Bank {
        let gaze: Box<dyn Signal> = Box::new(Gaze::new(GazeOptions::default()).unwrap());
        let seen = [
            ArraySpec::u8(FRAME, &[1, SIZE, SIZE]),
            ArraySpec::f32(FACES, &[2, 4], 0.0, 99.0),
            ArraySpec::f32(EVENTS, &[4, 6], 0.0, 99.0),
        ];
        let stacks = vec!["gaze.examples".into(), "gaze.faces".into()];
        let area = Perceiver { name: "gaze".into(), stacks, actions: 4 };
        let mut bank = Bank::with_areas(vec![("gaze".into(), gaze)], &[area], &seen).unwrap();
        bank.seed(|_| Random::seed_from_u64(3));
        bank
    }

    #[test]
    fn the_direction_to_the_event_is_paid_mirrored_or_not() {
        let mut bank = bank();
        bank.begin_episode(&scene(false), &mut Lit).unwrap();
        let (mut paid, mut learned_from) = (Vec::new(), BTreeSet::new());
        for step in 0..40 {
            bank.step(&scene(step == 3), 0, Step::default(), &mut Lit, |payment| paid.push(payment.amount)).unwrap();
            bank.advance();
            let examples = bank.current()[3].as_f32().unwrap().chunks_exact(LENGTH);
            learned_from.extend(examples.map(|item| item.iter().map(|edge| edge.to_bits()).collect::<Vec<_>>()));
        }
        // One face, mirrored or not; and the slots before the event.
        assert_eq!(learned_from.len(), 2 + 1);
        assert!(paid.len() > 200 && paid.iter().all(|&amount| (amount - 1.0).abs() < 1e-5), "{paid:?}");
        let notes = bank.take_ledgers().next().unwrap().notes;
        assert!(notes.iter().any(|note| note.metric == "examples" && note.sum == 1.0));
    }

    /// A face that is dark on the left, and an event to its right, or none: [`Lit`] sees it look left.
    fn misleading(event: bool) -> Observation {
        let mut observation = scene(event);
        let Array::U8(frame) = &mut observation.arrays[0] else { unreachable!() };
        frame.iter_mut().for_each(|grey| *grey = 255 - *grey);
        observation
    }

    /// Lives through one event that teaches what `Lit` sees, one that does not, and what follows; what was paid.
    fn live(bank: &mut Bank, steps: usize) -> Vec<f32> {
        let mut paid = Vec::new();
        bank.begin_episode(&scene(false), &mut Lit).unwrap();
        for step in 0..steps {
            let seen = if step < 10 { scene(step == 3) } else { misleading(step == 13) };
            bank.step(&seen, 0, Step::default(), &mut Lit, |payment| paid.push(payment.amount)).unwrap();
            bank.advance();
        }
        paid
    }

    #[test]
    fn what_is_not_agreed_to_is_hardly_drawn_any_more() {
        let mut bank = bank();
        let paid = live(&mut bank, 400);
        let refused = |paid: &[f32]| paid.iter().filter(|&&amount| amount < 0.5).count();
        let (early, late) = (refused(&paid[80..160]), refused(&paid[paid.len() - 1600..]));
        assert!(early >= 12 && late < 40, "{early} of 80, then {late} of 1600");
    }

    #[test]
    fn what_moves_within_the_head_teaches_nothing() {
        let mut bank = bank();
        let (quiet, mut beside) = (scene(false), scene(true));
        beside.arrays[2].as_f32_mut().unwrap()[2] = 24.0;
        let mut paid = Vec::new();
        bank.begin_episode(&quiet, &mut Lit).unwrap();
        for step in 0..20 {
            let seen = if step == 5 { &beside } else { &quiet };
            bank.step(seen, 0, Step::default(), &mut Lit, |payment| paid.push(payment.amount)).unwrap();
            bank.advance();
        }
        assert!(paid.is_empty(), "{paid:?}");
    }

    #[test]
    fn a_saved_teacher_goes_on_with_what_it_remembers_and_trusts() {
        let (mut one, mut two) = (bank(), bank());
        live(&mut one, 60);
        two.load(one.save()).unwrap();
        for _ in 0..20 {
            for bank in [&mut one, &mut two] {
                bank.step(&misleading(false), 0, Step::default(), &mut Lit, |_| {}).unwrap();
                bank.advance();
            }
            assert_eq!(one.current(), two.current());
        }
    }
}
