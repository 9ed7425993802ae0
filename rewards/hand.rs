//! `hand`: mover events teach an area what a hand looks like (Ullman, Harari & Dorfman 2012, stage 2).
//!
//! What was at the place of an event, 3 steps after motion entered it, is called a hand, and so is what is seen while it is
//! followed (`track`). Something else is called what is at places where nothing moves, what lay at the place of a mover
//! event before anything came there (`before`), and what passed through a place and left it as it was (`passing`). Nothing is said of
//! all other places: that no event happened there means nothing.
//!
//! ```text
//! pay(trial) = 1 if the area decides 1 on an event patch, or 0 on a patch of something else;  else 0
//! ```
//!
//! Reads `frame`, `flow` and the percepts `events` and `passing`; writes the stack `hand.examples` (`[trials + 2, 8, 8, 8]`), trials
//! drawn from what it remembers: every other one an event patch, of the others three in four what passed, and of the rest as many quiet
//! patches as those of before; each of them is seen otherwise each time (`variation.rs`).
//! The last two slots are never paid: an event patch of those that are held out (every `held_out`-th), as it was, and a place
//! drawn from the present frame. Metrics: `examples`, the number of event patches so far; `separation`, how often the area sees
//! more of a hand in the held-out one of these two.
//!
//! For comparison the teacher may be another one, at the same number of examples: for each event one place that moves
//! ("motion"), or one anywhere ("random"). What is called something else stays the same.
//!
//! Departures from the paper's outline, whose negatives are random patches alone. 1. What lay there before differs from an event patch
//! in just what came, so that the thing which is taken, and cloth that moves by itself, are not learned with the hand. 2. What passes
//! moves as hands do, and is rarely one: people who walk by and balls are much of what an area that was only shown quiet places
//! takes for a hand.

use crate::descriptor::{self, FINE, SIDE};
use crate::events::{EVENTS, Event, SEEN, events};
use crate::flow::FLOW;
use crate::grid::{FRAME, frame_size};
use crate::lessons::Examples;
use crate::liveliness::Liveliness;
use crate::past::Past;
use crate::signal::{Declaration, Moment, Pay, Purse, Reads, Signal, SignalError};
use crate::stack::{count_name, decisions_name};
use crate::state;
use crate::variation;
use crate::verdict::{self, Verdict};
use crate::zoom::Zoom;
use innate_envs::{Array, ArraySpec};
use innate_nn::Random;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// Patches that are remembered at most, of each kind.
const REMEMBERED: usize = 512;
/// Steps before motion came at which nothing of it was there yet.
const BEFORE: usize = 4;
/// One in so many lessons of something else is not of what passed, if anything did.
const STANDING: usize = 4;
/// Held-out event patches that are remembered at most.
const HELD_OUT: usize = 128;

/// Options of `hand`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, documented::DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct HandOptions {
    /// Who teaches: "movers" (places of mover events), "motion" (for each event a place that moves) or "random" (any place).
    pub teacher: Teacher,
    /// Event patches of a slot after which no more are taken in; 0: no limit.
    pub most: usize,
    /// Trials in a step.
    pub trials: usize,
    /// Every how many event patches one is held out, to measure separation; 0: none.
    pub held_out: usize,
    /// Speed, in pixels per step above the frame's median, below which a place is quiet, and above which it moves.
    pub threshold: f64,
    /// Steps back to which an event may have begun.
    pub window: usize,
    /// Whether examples are learned from as they might have been seen: turned any way, nearer or farther, beside, mirrored.
    pub varied: bool,
    /// Whether what lay at the place of a mover event before anything came is taught to be something else, in every other of those
    /// lessons of something else that are not of what passed; with 4 trials or more.
    pub before: bool,
    /// How many times as far as a patch of 16 pixels an example reaches, 1 to 8: with more than 1 the area learns what surrounds a
    /// hand, as `context` shows it.
    pub scale: usize,
    /// The percepts that tell of events.
    pub events: Vec<String>,
    /// The percepts that tell of what passed and left a place as it was, as `passing.events` does; none: nothing is learned from it.
    pub passing: Vec<String>,
    /// The area that is taught.
    pub area: String,
    /// The name of the stack.
    pub stack: String,
}

/// Where positive examples come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Teacher {
    /// Mover events.
    #[default]
    Movers,
    /// Any motion.
    Motion,
    /// Anything.
    Random,
}

impl Default for HandOptions {
    fn default() -> Self {
        Self {
            teacher: Teacher::Movers,
            most: 0,
            trials: 8,
            held_out: 5,
            threshold: 0.3,
            window: 48,
            varied: true,
            before: true,
            scale: 1,
            events: vec![EVENTS.into()],
            passing: Vec::new(),
            area: "hand".into(),
            stack: "hand.examples".into(),
        }
    }
}

/// The teacher of an area.
pub struct Hand {
    options: HandOptions,
    zoom: Zoom,
    lively: Liveliness,
    state: State,
    /// What each slot of the stack holds now.
    lessons: Vec<Lesson>,
}

/// All that changes.
#[derive(Serialize, Deserialize)]
struct State {
    random: Random,
    frames: Past<u8>,
    positive: Examples<u8>,
    negative: Examples<u8>,
    /// What lay at the places of events before.
    before: Examples<u8>,
    /// What passed.
    passed: Examples<u8>,
    held_out: Examples<u8>,
    /// Event patches so far.
    taken: usize,
    /// Those of them that have not been counted yet.
    uncounted: usize,
    /// Examples that are owed for events, since nothing moved when they were due.
    owed: usize,
}

/// What a slot is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Lesson {
    Yes,
    No,
    HeldOut,
    Anywhere,
}

impl Hand {
    /// A teacher with these options.
    ///
    /// # Errors
    /// A number out of range.
    pub fn new(options: HandOptions) -> Result<Self, SignalError> {
        let within = |key: &str, value: usize, least: usize, most: usize| match (least..=most).contains(&value) {
            true => Ok(()),
            false => Err(SignalError::new(format!("{key} = {value} must lie between {least} and {most}"))),
        };
        within("trials", options.trials, 1, 1024)?;
        within("window", options.window, 1, 1024)?;
        Zoom::check(options.scale)?;
        if !options.threshold.is_finite() {
            return Err(SignalError::new(format!("threshold = {} must be a finite number", options.threshold)));
        }
        let state = State {
            random: Random::seed_from_u64(0),
            frames: Past::new(options.window + BEFORE, 0),
            positive: Examples::new(REMEMBERED, variation::PIXELS),
            negative: Examples::new(REMEMBERED, variation::PIXELS),
            before: Examples::new(REMEMBERED, variation::PIXELS),
            passed: Examples::new(REMEMBERED, variation::PIXELS),
            held_out: Examples::new(HELD_OUT, variation::PIXELS),
            taken: 0,
            uncounted: 0,
            owed: 0,
        };
        let lessons = Vec::with_capacity(options.trials + 2);
        Ok(Self { options, zoom: Zoom::default(), lively: Liveliness::default(), state, lessons })
    }

    /// The percepts that tell of events, and those that tell of what passed.
    fn told(&self) -> impl Iterator<Item = &String> {
        self.options.events.iter().chain(&self.options.passing)
    }

    /// Takes in what the events of a percept look like, or owes as many other places.
    fn take_events(&mut self, percept: usize, happened: &[f32]) {
        for event in events(happened) {
            // What was followed came from beside, where it may have been before.
            let taken = self.options.events[percept] == EVENTS && !self.state.is_full(&self.options);
            if self.options.before && taken {
                self.take_before(event);
            }
            match self.options.teacher {
                Teacher::Movers => self.take_event(event),
                Teacher::Motion | Teacher::Random => self.state.owed += 1,
            }
        }
    }

    /// Takes in places of this frame that are owed, and what a quiet place looks like.
    fn take_places(&mut self) {
        let threshold = self.options.threshold as f32;
        while self.state.owed > 0 {
            let place = match self.options.teacher {
                Teacher::Random => Some(self.lively.anywhere(SIDE / 2, &mut self.state.random)),
                Teacher::Motion | Teacher::Movers => self.lively.moving(threshold, &mut self.state.random),
            };
            let Some(place) = place else { break };
            self.state.owed -= 1;
            self.state.take(&self.options, &self.zoom, self.zoom.small(), place);
        }
        if let Some(place) = self.lively.quiet(SIDE / 2, threshold, &mut self.state.random) {
            self.state.negative.remember(|patch| self.zoom.cut(self.zoom.small(), place, patch));
        }
    }

    /// Takes in what passed, as it was seen on its way: a sample of all that ever did, since something passes nearly always and the
    /// last of it would be of a few episodes.
    fn take_passed(&mut self, happened: &[f32]) {
        let State { random, frames, passed, .. } = &mut self.state;
        for event in events(happened) {
            if let Some(frame) = event.age.checked_sub(SEEN).and_then(|ago| frames.ago(ago)) {
                passed.sample(random, |patch| self.zoom.cut(frame, event.mover, patch));
            }
        }
    }

    /// Takes in what lay at the place of an event before motion came.
    fn take_before(&mut self, event: Event) {
        let State { frames, before, .. } = &mut self.state;
        if let Some(frame) = frames.ago(event.age.saturating_add(BEFORE)) {
            before.remember(|patch| self.zoom.cut(frame, event.mover, patch));
        }
    }

    /// Takes in what was at the place of an event when what moves was well in place.
    fn take_event(&mut self, event: Event) {
        // The frames leave the state for a moment, so that it may change while one of them is looked at.
        let frames = std::mem::take(&mut self.state.frames);
        if let Some(frame) = event.age.checked_sub(SEEN).and_then(|ago| frames.ago(ago)) {
            self.state.take(&self.options, &self.zoom, frame, event.mover);
        }
        self.state.frames = frames;
    }

    /// Fills the stack with lessons, and tells how many slots are present.
    fn teach(&mut self, items: &mut [f32]) -> usize {
        let State { random, positive, negative, before, passed, held_out, .. } = &mut self.state;
        self.lessons.clear();
        let mut slots = items.chunks_exact_mut(descriptor::length(FINE));
        if positive.len() > 0 && negative.len() > 0 {
            for (trial, slot) in slots.by_ref().take(self.options.trials).enumerate() {
                let (lesson, memory) = match trial % 4 {
                    0 | 2 => (Lesson::Yes, &*positive),
                    _ if passed.len() > 0 && random.random_range(0..STANDING) > 0 => (Lesson::No, &*passed),
                    3 if before.len() > 0 => (Lesson::No, &*before),
                    _ => (Lesson::No, &*negative),
                };
                let Some(patch) = memory.draw(random) else { break };
                match self.options.varied {
                    true => variation::describe_varied(patch, random, slot),
                    false => variation::describe(patch, slot),
                }
                self.lessons.push(lesson);
            }
        }
        if let Some(patch) = held_out.draw(random)
            && let (Some(asked), Some(other)) = (slots.next(), slots.next())
        {
            variation::describe(patch, asked);
            let place = self.lively.anywhere(SIDE / 2, random);
            self.zoom.describe(self.zoom.small(), place, other);
            self.lessons.extend([Lesson::HeldOut, Lesson::Anywhere]);
        }
        self.lessons.len()
    }
}

impl State {
    /// Whether no more event patches are taken in.
    fn is_full(&self, options: &HandOptions) -> bool {
        options.most > 0 && self.taken >= options.most
    }

    /// Takes in what lies at `place` as a positive example, from a frame that was made smaller.
    fn take(&mut self, options: &HandOptions, zoom: &Zoom, small: &[u8], place: (f32, f32)) {
        if self.is_full(options) {
            return;
        }
        self.taken += 1;
        self.uncounted += 1;
        let held_out = options.held_out > 0 && self.taken.is_multiple_of(options.held_out);
        let memory = if held_out { &mut self.held_out } else { &mut self.positive };
        memory.remember(|patch| zoom.cut(small, place, patch));
    }
}

impl Signal for Hand {
    fn declare(&self) -> Declaration {
        let HandOptions { area, stack, .. } = &self.options;
        Declaration {
            reads: [FRAME, FLOW].map(String::from).into_iter().chain(self.told().cloned()).collect(),
            writes: vec![stack.clone(), count_name(stack)],
            awaits: vec![decisions_name(area, stack)],
            pay: Pay::Trials,
            trials: vec![stack.clone()],
            metrics: vec!["examples".into(), "separation".into()],
            ..Declaration::default()
        }
    }

    fn bind(&mut self, reads: &[ArraySpec]) -> Result<Vec<ArraySpec>, SignalError> {
        self.zoom = Zoom::new(self.options.scale, frame_size(&reads[0])?)?;
        self.lively = Liveliness::new(&reads[1])?;
        reads[2..].iter().try_for_each(Event::check)?;
        self.state.frames = Past::new(self.options.window + BEFORE, self.zoom.small().len());
        let slots = self.options.trials + 2;
        Ok(vec![
            descriptor::stack(&self.options.stack, slots, FINE),
            ArraySpec::f32(&count_name(&self.options.stack), &[1], 0.0, slots as f32),
        ])
    }

    fn bind_awaited(&mut self, awaited: &[ArraySpec]) -> Result<(), SignalError> {
        awaited.iter().try_for_each(|decisions| verdict::check(decisions, &self.options.area))
    }

    fn seed(&mut self, random: Random) {
        self.state.random = random;
    }

    fn begin_episode(&mut self) {
        self.lively.clear();
        self.state.frames.clear();
    }

    fn perceive(&mut self, reads: Reads<'_>, writes: &mut [Array]) -> Result<(), SignalError> {
        let (frame, flow) = (reads.u8(0)?, reads.f32(1)?);
        self.lively.update(flow);
        self.zoom.shrink(frame);
        self.state.frames.push(self.zoom.small());
        let kinds = self.options.events.len();
        for percept in 0..kinds {
            self.take_events(percept, reads.f32(2 + percept)?);
        }
        for percept in 0..self.options.passing.len() {
            self.take_passed(reads.f32(2 + kinds + percept)?);
        }
        self.take_places();
        let [items, count] = writes else { return Err(SignalError::new("perceive before bind")) };
        let (Some(items), Some(count)) = (items.as_f32_mut(), count.as_f32_mut()) else {
            return Err(SignalError::new("perceive before bind"));
        };
        count[0] = self.teach(items) as f32;
        Ok(())
    }

    fn pay(&mut self, moment: Moment<'_>, purse: &mut Purse) -> Result<(), SignalError> {
        let decided = moment.after.f32(2 + self.told().count())?.chunks_exact(verdict::ROW).map(Verdict::of);
        let mut held_out = None;
        for (slot, (lesson, verdict)) in self.lessons.iter().zip(decided).enumerate() {
            match lesson {
                Lesson::Yes => purse.pay_trial(0, slot, f64::from(u8::from(verdict.yes))),
                Lesson::No => purse.pay_trial(0, slot, f64::from(u8::from(!verdict.yes))),
                Lesson::HeldOut => held_out = Some(verdict.margin),
                Lesson::Anywhere => {
                    if let Some(event) = held_out {
                        purse.note("separation", f64::from(u8::from(event > verdict.margin)));
                    }
                }
            }
        }
        if self.state.uncounted > 0 {
            purse.count("examples", std::mem::take(&mut self.state.uncounted) as f64);
        }
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        state::save(&(&self.state, self.lively.traces(), &self.lessons))
    }

    fn load(&mut self, saved: &[u8]) -> Result<(), SignalError> {
        let (state, traces, lessons): (State, Vec<f32>, Vec<Lesson>) = state::load(saved)?;
        self.state.frames.check(&state.frames)?;
        self.state.positive.check(&state.positive)?;
        self.state.negative.check(&state.negative)?;
        self.state.before.check(&state.before)?;
        self.state.passed.check(&state.passed)?;
        self.state.held_out.check(&state.held_out)?;
        self.lively.set_traces(&traces)?;
        (self.state, self.lessons) = (state, lessons);
        Ok(())
    }
}

#[cfg(test)]
#[path = "hand_tests.rs"]
mod tests;
