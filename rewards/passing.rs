//! `passing`: something moved through a place and left it as it was.
//!
//! ```text
//! STILL steps quiet ──▶ moves ──▶ STILL steps quiet,   and  mean over the cell of |(I − Ī)(now) − (I − Ī)(before)| ≤ change
//! ```
//!
//! with I the light of a cell's pixels, Ī their mean, and *before* STILL steps before the first motion. This is the other end of
//! `mover` (Ullman, Harari & Dorfman 2012, stage 1): a ball that rolls by, someone who walks past, cloth that swings back. That
//! no mover event happened somewhere says nothing, most places being of that kind; that motion came, went and changed nothing says
//! something: what moves things does so seldom.
//!
//! Reads `frame` and `flow`; writes `passing.events` (`[1, 6]`, a row like those of `mover.events`, whose place is the middle of
//! the cell and whose age that of an event that would be seen half-way through the motion). Of the cells that something has passed
//! in a step one is drawn, since what is large passes many. Pays nothing. Metric: `places`, their number.

use crate::events::{ROW, SEEN};
use crate::flow::FLOW;
use crate::grid::{FRAME, frame_size};
use crate::liveliness::{CELL, Liveliness};
use crate::mover::looks::{difference, square};
use crate::past::Past;
use crate::signal::{Declaration, Moment, Purse, Reads, Signal, SignalError};
use crate::state;
use innate_envs::{Array, ArraySpec};
use innate_nn::Random;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// Quiet steps after which a cell is still: motion that begins after them has come, and is over after them.
const STILL: usize = 4;
/// Pixels of a cell.
const PIXELS: usize = CELL * CELL;
/// Steps of motion beyond which it is no passing.
const LONGEST: usize = 64;

/// Options of `passing`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, documented::DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct PassingOptions {
    /// Speed, in pixels per step above the frame's median, above which a place moves.
    pub threshold: f64,
    /// Grey levels per pixel by which a place may look different and still be as it was.
    pub change: f64,
}

impl Default for PassingOptions {
    fn default() -> Self {
        Self { threshold: 0.3, change: 12.0 }
    }
}

/// Finds what passes.
pub struct Passing {
    options: PassingOptions,
    width: usize,
    /// Of which the speeds are read, which are of one step and thus no state.
    lively: Liveliness,
    state: State,
    /// Whether something passed in this step.
    found: bool,
}

/// All that changes from step to step.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    random: Random,
    frames: Past<u8>,
    cells: Vec<Cell>,
}

/// What a cell has been through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Cell {
    /// Steps since it last moved, or since the episode began.
    quiet: usize,
    /// Steps since motion came, if it came to a still cell and is not over.
    since: Option<usize>,
    /// What it looked like before, its mean removed.
    before: [f32; PIXELS],
}

impl Passing {
    /// A finder with these options.
    ///
    /// # Errors
    /// A number out of range.
    pub fn new(options: PassingOptions) -> Result<Self, SignalError> {
        let thresholds = [("threshold", options.threshold), ("change", options.change)];
        if let Some((key, value)) = thresholds.iter().find(|(_, value)| !(value.is_finite() && *value >= 0.0)) {
            return Err(SignalError::new(format!("{key} = {value} must be a finite number of 0 or more")));
        }
        let state = State { random: Random::seed_from_u64(0), frames: Past::default(), cells: Vec::new() };
        Ok(Self { options, width: 0, lively: Liveliness::default(), state, found: false })
    }

    /// Lets every cell take a step, and draws one of those that something has passed: the cell, and the steps since the middle of
    /// the motion.
    fn step_cells(&mut self) -> Option<(usize, usize)> {
        let State { random, frames, cells } = &mut self.state;
        let (mut drawn, mut passed) = (None, 0);
        for (index, (cell, speed)) in cells.iter_mut().zip(self.lively.speeds()).enumerate() {
            let look = |ago: usize| frames.ago(ago).map(|frame| look(frame, self.width, index));
            let moves = f64::from(*speed) > self.options.threshold;
            if let Some(since) = cell.step(moves, || look(STILL))
                && look(0).is_some_and(|now| f64::from(difference(&now, &cell.before)) <= self.options.change)
            {
                passed += 1;
                if random.random_range(0..passed) == 0 {
                    drawn = Some((index, (since + STILL) / 2));
                }
            }
        }
        drawn
    }
}

impl Cell {
    /// Takes a step, and tells, when motion that came to it is over, how many steps ago it came.
    fn step(&mut self, moves: bool, before: impl FnOnce() -> Option<[f32; PIXELS]>) -> Option<usize> {
        self.since = self.since.map(|since| since + 1);
        if !moves {
            self.quiet += 1;
            let over = if self.quiet >= STILL { self.since.take() } else { None };
            return over.filter(|since| *since <= LONGEST);
        }
        if self.since.is_none()
            && self.quiet >= STILL
            && let Some(before) = before()
        {
            (self.since, self.before) = (Some(0), before);
        }
        self.quiet = 0;
        None
    }
}

/// What a cell looks like, its mean removed.
fn look(frame: &[u8], width: usize, cell: usize) -> [f32; PIXELS] {
    let columns = width / CELL;
    square::<_, PIXELS, CELL>(frame, width, (cell % columns * CELL, cell / columns * CELL))
}

impl Signal for Passing {
    fn declare(&self) -> Declaration {
        Declaration {
            reads: vec![FRAME.into(), FLOW.into()],
            writes: vec!["passing.events".into()],
            metrics: vec!["places".into()],
            ..Declaration::default()
        }
    }

    fn bind(&mut self, reads: &[ArraySpec]) -> Result<Vec<ArraySpec>, SignalError> {
        let (height, width) = frame_size(&reads[0])?;
        self.width = width;
        self.lively = Liveliness::new(&reads[1])?;
        if (self.lively.rows, self.lively.columns) != (height / CELL, width / CELL) {
            return Err(SignalError::new(format!(
                "`{FLOW}` is not of the size of `{FRAME}`, {width} x {height} pixels"
            )));
        }
        self.state.frames = Past::new(STILL + 1, height * width);
        self.state.cells = vec![Cell::default(); self.lively.speeds().len()];
        let reach = height.max(width).max(LONGEST + SEEN) as f32;
        Ok(vec![ArraySpec::f32("passing.events", &[1, ROW], 0.0, reach)])
    }

    fn seed(&mut self, random: Random) {
        self.state.random = random;
    }

    fn begin_episode(&mut self) {
        self.state.frames.clear();
        self.state.cells.fill(Cell::default());
        self.found = false;
    }

    fn perceive(&mut self, reads: Reads<'_>, writes: &mut [Array]) -> Result<(), SignalError> {
        let (frame, flow) = (reads.u8(0)?, reads.f32(1)?);
        self.lively.update(flow);
        self.state.frames.push(frame);
        let passed = self.step_cells();
        let Some(row) = writes.first_mut().and_then(Array::as_f32_mut) else {
            return Err(SignalError::new("perceive before bind"));
        };
        row.fill(0.0);
        self.found = passed.is_some();
        if let Some((cell, ago)) = passed {
            let (x, y) = self.lively.centre(cell);
            row.copy_from_slice(&[x, y, x, y, (ago + SEEN) as f32, 1.0]);
        }
        Ok(())
    }

    fn pay(&mut self, _: Moment<'_>, purse: &mut Purse) -> Result<(), SignalError> {
        if self.found {
            purse.count("places", 1.0);
        }
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        state::save(&(&self.state, self.found))
    }

    fn load(&mut self, saved: &[u8]) -> Result<(), SignalError> {
        let (state, found): (State, bool) = state::load(saved)?;
        if state.cells.len() != self.state.cells.len() {
            return Err(SignalError::new("its saved state is of a frame of another size"));
        }
        self.state.frames.check(&state.frames)?;
        (self.state, self.found) = (state, found);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::bank::Bank;
    use crate::events::{Event, events};
    use innate_envs::{Observation, Step};

    const SIZE: usize = 32;

    /// A square of 8 pixels that comes from the left at step 6, 2 pixels a step, along the line of pixel 12, over a textured ground;
    /// what it leaves behind is another texture if it takes the ground with it (`moved`).
    fn scene(t: usize, moved: bool) -> Observation {
        let left = 2 * t as isize - 20;
        let inside = |i: usize| (left..left + 8).contains(&((i % SIZE) as isize)) && (8..16).contains(&(i / SIZE));
        let grey = |i: usize| match (inside(i), moved && ((i % SIZE) as isize) < left) {
            (true, _) => 255,
            (false, false) => (i * 37 % 151) as u8,
            (false, true) => (i * 53 % 149) as u8,
        };
        let flow = (0..2 * SIZE * SIZE).map(|i| if i < SIZE * SIZE && inside(i) { 2.0 } else { 0.0 }).collect();
        Observation { arrays: vec![Array::U8((0..SIZE * SIZE).map(grey).collect()), Array::F32(flow)] }
    }

    fn bank() -> Bank {
        let passing: Box<dyn Signal> = Box::new(Passing::new(PassingOptions::default()).unwrap());
        let seen = [ArraySpec::u8(FRAME, &[1, SIZE, SIZE]), ArraySpec::f32(FLOW, &[2, SIZE, SIZE], -9.0, 9.0)];
        let mut bank = Bank::build(vec![("passing".into(), passing)], &seen).unwrap();
        bank.seed(|_| Random::seed_from_u64(3));
        bank
    }

    fn told(bank: &Bank) -> Option<Event> {
        events(bank.following()[2].as_f32().unwrap()).next()
    }

    /// What is told, and in which step.
    fn story(moved: bool) -> Vec<(usize, Event)> {
        let mut bank = bank();
        bank.begin_episode(&scene(0, moved), &mut ()).unwrap();
        let mut found = Vec::new();
        for t in 1..40 {
            bank.step(&scene(t, moved), 0, Step::default(), &mut (), |_| {}).unwrap();
            found.extend(told(&bank).map(|event| (t, event)));
            bank.advance();
        }
        found
    }

    #[test]
    fn what_passes_is_told_where_and_when_it_was_there() {
        let found = story(false);
        assert!(found.len() >= 6, "{found:?}");
        for (t, Event { mover: (x, y), age, .. }) in found {
            let then = (t - (age - SEEN)) as f32;
            let middle = 2.0 * then - 16.0;
            assert!((x - middle).abs() <= 4.0 && (8.0..16.0).contains(&y), "step {t}, {then}: {x}, {y}");
        }
    }

    #[test]
    fn where_something_was_changed_nothing_passed() {
        assert!(story(true).is_empty());
    }

    #[test]
    fn a_place_that_was_never_still_tells_nothing() {
        let mut cell = Cell::default();
        let mut told = |line: &str| -> Vec<usize> {
            cell = Cell::default();
            line.chars().filter_map(|letter| cell.step(letter == 'm', || Some([0.0; PIXELS]))).collect()
        };
        assert_eq!(told("....mmm...."), [6]);
        assert_eq!(told("mmm......"), [0; 0]);
        assert_eq!(told("..mmm....m...."), [4]);
        assert_eq!(told("....mmm..mm...."), [10]);
        assert_eq!(told(&format!("....{}....", "m".repeat(LONGEST))), [0; 0]);
    }

    #[test]
    fn a_saved_finder_goes_on() {
        let (mut one, mut two) = (bank(), bank());
        one.begin_episode(&scene(0, false), &mut ()).unwrap();
        for t in 1..16 {
            one.step(&scene(t, false), 0, Step::default(), &mut (), |_| {}).unwrap();
            one.advance();
        }
        two.load(one.save()).unwrap();
        for t in 16..30 {
            for bank in [&mut one, &mut two] {
                bank.step(&scene(t, false), 0, Step::default(), &mut (), |_| {}).unwrap();
            }
            assert_eq!(one.following(), two.following());
            [&mut one, &mut two].into_iter().for_each(Bank::advance);
        }
        assert_eq!(one.save(), two.save());
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        let said = |options| Passing::new(options).err().map(|error| error.to_string());
        let usual = PassingOptions::default;
        assert_eq!(
            said(PassingOptions { change: -1.0, ..usual() }).unwrap(),
            "change = -1 must be a finite number of 0 or more"
        );
        assert!(said(PassingOptions { threshold: f64::NAN, ..usual() }).is_some());
        assert!(said(usual()).is_none());
    }
}
