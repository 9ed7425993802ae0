//! `mover`: something that moves comes to a still place, and leaves it changed (Ullman, Harari & Dorfman 2012, stage 1).
//!
//! Motion enters a still cell from beside, from where it has travelled already, it leaves again, and the cell looks different:
//!
//! ```text
//! changed(c) = mean over the pixels of c of |(I − Ī)(after) − (I − Ī)(before)|  >  change
//! ```
//!
//! where Ī is the cell's mean, so that light alone changes nothing. Something that merely passes changes nothing; something that
//! begins to move by itself comes from nowhere; something that comes and stays has not left. Cells that change within
//! 3 steps and 2 cells make one event; one of fewer than `cells` cells is none.
//!
//! Reads `frame`, `flow` and `fixation`; writes `mover.events` (`[4, 6]`, rows of: x, y of the motion one step after it entered;
//! x, y of the middle of the cells; steps since it entered; number of cells; unused rows 0; pixels) and `mover.map` (`[rows,
//! columns]`: events on the grid of fixations, fading). Pays 1 for each step, from the one in which motion entered, in which
//! the fixated cell was the event's or one beside it, back in time. Metric: `events`, their number.
//!
//! Departures from the paper's outline: 1. Motion is optical flow, not a difference of frames. 2. Motion must have travelled
//! through some cells: the edge of a thing that starts by itself is otherwise entered from its own middle. 3. What entered may
//! rest before it leaves.

mod automaton;
mod clusters;

use crate::events::EVENTS;
use crate::flow::FLOW;
use crate::grid::{FIXATION, FRAME, Grid, fixated};
use crate::liveliness::{CELL, Liveliness};
use crate::past::Past;
use crate::signal::{Declaration, Moment, Pay, Purse, Reads, Signal, SignalError};
use crate::state;
use automaton::{Cell, Notice, Outcome, Times};
use clusters::{Cluster, Clusters};
use innate_envs::{Array, ArraySpec};
use serde::{Deserialize, Serialize};

/// Steps within which cells change together.
const TOGETHER: usize = 3;
/// Cells between neighbours of an event at most.
const NEAR: usize = 2;
/// Events in a step at most.
const EVENTS_AT_ONCE: usize = 4;
/// Numbers of a row of events.
const ROW: usize = 6;
/// What is left of the map after a step.
const FADE: f32 = 0.9;
/// Steps before motion entered at which a place looked as it was: flow is seen around what moves.
const BEFORE: usize = 2;
/// Cells around an event in which the motion that entered is looked for.
const REACH: usize = 3;
/// Cells within which motion that left a place is looked for.
const FAR: usize = 4;
/// Pixels of a cell.
const PIXELS: usize = CELL * CELL;

/// Options of `mover`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, documented::DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct MoverOptions {
    /// Speed of a cell, in pixels per step above the frame's median, from which it moves.
    pub threshold: f64,
    /// Mean change of a pixel, in grey levels, from which a cell looks different.
    pub change: f64,
    /// Cells of 4x4 pixels that an event has at least.
    pub cells: usize,
    /// Cells that motion must have travelled through before it enters.
    pub travelled: usize,
    /// Quiet steps after which motion is over.
    pub quiet: usize,
    /// Steps within which motion must have entered and left; as far back is paid.
    pub window: usize,
}

impl Default for MoverOptions {
    fn default() -> Self {
        Self { threshold: 0.4, change: 18.0, cells: 2, travelled: 4, quiet: 4, window: 32 }
    }
}

/// Finds events of motion that enters, leaves and changes.
pub struct Mover {
    options: MoverOptions,
    grid: Grid,
    lively: Liveliness,
    state: State,
    events: Vec<Found>,
}

/// An event as it is told.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Found {
    mover: (f32, f32),
    changed: (f32, f32),
    age: usize,
    cells: usize,
}

/// All that changes from step to step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct State {
    cells: Vec<Cell>,
    /// By cell, through how many cells its motion has travelled, now and a step before; 0 where nothing moves.
    travelled: Vec<usize>,
    travelled_before: Vec<usize>,
    /// By cell, what it looked like before motion entered, its mean removed.
    before: Vec<f32>,
    frames: Option<Past<u8>>,
    speeds: Option<Past<f32>>,
    fixations: Option<Past<usize>>,
    clusters: Clusters,
    map: Vec<f32>,
}

impl Mover {
    /// A finder with these options.
    ///
    /// # Errors
    /// A number out of range.
    pub fn new(options: MoverOptions) -> Result<Self, SignalError> {
        let counts = [("cells", options.cells, 1), ("quiet", options.quiet, 1), ("window", options.window, 8)];
        if let Some((key, value, least)) = counts.iter().find(|(_, value, least)| !(*least..=256).contains(value)) {
            return Err(SignalError::new(format!("{key} = {value} must lie between {least} and 256")));
        }
        let thresholds = [("threshold", options.threshold), ("change", options.change)];
        if let Some((key, value)) = thresholds.iter().find(|(_, value)| !(value.is_finite() && *value >= 0.0)) {
            return Err(SignalError::new(format!("{key} = {value} must be a finite number of 0 or more")));
        }
        let (grid, lively, state) = (Grid::default(), Liveliness::default(), State::default());
        Ok(Self { options, grid, lively, state, events: Vec::with_capacity(EVENTS_AT_ONCE) })
    }

    fn times(&self) -> Times {
        let MoverOptions { quiet, window, travelled, .. } = self.options;
        Times { quiet, window, travelled }
    }

    /// Lets every cell take a step; those that were left changed go into clusters.
    fn step_cells(&mut self, frame: &[u8]) {
        let (times, threshold) = (self.times(), self.options.threshold as f32);
        let (rows, columns) = (self.lively.rows, self.lively.columns);
        std::mem::swap(&mut self.state.travelled, &mut self.state.travelled_before);
        for cell in 0..rows * columns {
            let moves = self.lively.speeds()[cell] > threshold;
            let heading = neighbours(cell, rows, columns).filter(|&beside| self.lively.heads(beside, cell));
            let came = heading.map(|beside| self.state.travelled_before[beside]).max();
            let own = self.state.travelled_before[cell];
            let travelled = came.unwrap_or(0);
            self.state.travelled[cell] = match (moves, own) {
                (false, _) => 0,
                (true, 0) => travelled + 1,
                (true, own) => own,
            };
            let fast = |other: usize| self.lively.speeds()[other] > threshold;
            let leaves = |other: usize| fast(other) && !self.lively.heads(other, cell);
            let beside = neighbours(cell, rows, columns).any(leaves);
            let away = self.state.cells[cell].asks() && ring(cell, rows, columns).any(leaves);
            match self.state.cells[cell].step(Notice { moves, travelled, beside, away }, times) {
                Outcome::Nothing => {}
                Outcome::Entered => self.remember(cell),
                Outcome::Left { age } => {
                    let least = self.options.change as f32;
                    if self.change(cell, frame) > least && self.stirring(cell, frame) < least {
                        self.state.clusters.add((cell / columns, cell % columns), age);
                    }
                }
            }
        }
    }

    /// Remembers what `cell` looked like before motion entered.
    fn remember(&mut self, cell: usize) {
        let frames = self.state.frames.as_ref();
        let before = frames.and_then(|frames| frames.ago(BEFORE).or_else(|| frames.ago(BEFORE - 1)).or(frames.ago(0)));
        if let Some(frame) = before {
            let look = look(frame, self.grid.width, cell, self.lively.columns);
            self.state.before[cell * PIXELS..][..PIXELS].copy_from_slice(&look);
        }
    }

    /// How different `cell` looks from before, in grey levels per pixel.
    fn change(&self, cell: usize, frame: &[u8]) -> f32 {
        let now = look(frame, self.grid.width, cell, self.lively.columns);
        let before = &self.state.before[cell * PIXELS..][..PIXELS];
        now.iter().zip(before).map(|(now, before)| (now - before).abs()).sum::<f32>() / PIXELS as f32
    }

    /// How different `cell` looks from two steps ago, in grey levels per pixel: what moves too slowly to be seen moving.
    fn stirring(&self, cell: usize, frame: &[u8]) -> f32 {
        let Some(past) = self.state.frames.as_ref().and_then(|frames| frames.ago(1)) else { return 0.0 };
        let look = |frame: &[u8]| look(frame, self.grid.width, cell, self.lively.columns);
        look(frame).iter().zip(look(past)).map(|(now, past)| (now - past).abs()).sum::<f32>() / PIXELS as f32
    }

    /// The event that a cluster is.
    fn found(&self, cluster: &Cluster) -> Found {
        let middle = |sum: usize| (sum as f32 / cluster.cells as f32 + 0.5) * CELL as f32;
        let changed = (middle(cluster.columns), middle(cluster.rows));
        let speeds = self.state.speeds.as_ref().and_then(|speeds| speeds.ago(cluster.age.saturating_sub(1)));
        let mover = speeds.and_then(|speeds| self.middle_of_motion(speeds, changed)).unwrap_or(changed);
        Found { mover, changed, age: cluster.age, cells: cluster.cells }
    }

    /// The middle of the motion within [`REACH`] cells of a place, if there is any.
    fn middle_of_motion(&self, speeds: &[f32], (x, y): (f32, f32)) -> Option<(f32, f32)> {
        let reach = ((REACH * CELL) as f32, self.lively.columns);
        let (mut sum, mut sum_x, mut sum_y) = (0.0, 0.0, 0.0);
        for (cell, &speed) in speeds.iter().enumerate().filter(|(_, speed)| f64::from(**speed) > self.options.threshold)
        {
            let (at_x, at_y) = self.lively.centre(cell);
            if (at_x - x).abs() <= reach.0 && (at_y - y).abs() <= reach.0 {
                sum += speed;
                sum_x += speed * at_x;
                sum_y += speed * at_y;
            }
        }
        (sum > 0.0).then(|| (sum_x / sum, sum_y / sum))
    }

    /// Writes the events of this step and the fading map.
    fn write(&mut self, rows: &mut [f32], map: &mut [f32]) {
        rows.fill(0.0);
        for (row, event) in rows.chunks_exact_mut(ROW).zip(&self.events) {
            let (age, cells) = (event.age as f32, event.cells as f32);
            row.copy_from_slice(&[event.mover.0, event.mover.1, event.changed.0, event.changed.1, age, cells]);
        }
        self.state.map.iter_mut().for_each(|trace| *trace *= FADE);
        for event in &self.events {
            self.state.map[self.grid.cell_at(event.changed.0, event.changed.1)] = 1.0;
        }
        map.copy_from_slice(&self.state.map);
    }
}

/// The pixels of a cell, their mean removed.
fn look(frame: &[u8], width: usize, cell: usize, columns: usize) -> [f32; PIXELS] {
    let (top, left) = (cell / columns * CELL, cell % columns * CELL);
    let pixels: [f32; PIXELS] = std::array::from_fn(|i| f32::from(frame[(top + i / CELL) * width + left + i % CELL]));
    let mean = pixels.iter().sum::<f32>() / PIXELS as f32;
    pixels.map(|pixel| pixel - mean)
}

/// The cells around `cell`.
fn neighbours(cell: usize, rows: usize, columns: usize) -> impl Iterator<Item = usize> {
    let (row, column) = (cell / columns, cell % columns);
    let around = |index: usize, count: usize| index.saturating_sub(1)..(index + 2).min(count);
    let all = around(row, rows).flat_map(move |row| around(column, columns).map(move |column| row * columns + column));
    all.filter(move |&other| other != cell)
}

/// The cells 2 to [`FAR`] cells away from `cell`.
fn ring(cell: usize, rows: usize, columns: usize) -> impl Iterator<Item = usize> {
    let (row, column) = (cell / columns, cell % columns);
    let around = |index: usize, count: usize| index.saturating_sub(FAR)..(index + FAR + 1).min(count);
    let all = around(row, rows).flat_map(move |row| around(column, columns).map(move |column| (row, column)));
    let far = move |&(other, beside): &(usize, usize)| other.abs_diff(row) > 1 || beside.abs_diff(column) > 1;
    all.filter(far).map(move |(row, column)| row * columns + column)
}

impl Signal for Mover {
    fn declare(&self) -> Declaration {
        Declaration {
            reads: vec![FRAME.into(), FLOW.into(), FIXATION.into()],
            writes: vec![EVENTS.into(), "mover.map".into()],
            pay: Pay::Stored,
            window: self.options.window,
            metrics: vec!["events".into()],
            ..Declaration::default()
        }
    }

    fn bind(&mut self, reads: &[ArraySpec]) -> Result<Vec<ArraySpec>, SignalError> {
        self.grid = Grid::new(&reads[0], &reads[2])?;
        self.lively = Liveliness::new(&reads[1])?;
        let (cells, window) = (self.lively.speeds().len(), self.options.window);
        let pixels = self.grid.width * self.grid.height;
        self.state = State {
            cells: vec![Cell::default(); cells],
            travelled: vec![0; cells],
            travelled_before: vec![0; cells],
            before: vec![0.0; cells * PIXELS],
            frames: Some(Past::new(BEFORE + 1, pixels)),
            speeds: Some(Past::new(window + TOGETHER + 1, cells)),
            fixations: Some(Past::new(window + 1, 1)),
            clusters: Clusters::default(),
            map: vec![0.0; self.grid.cells()],
        };
        let reach = self.grid.width.max(self.grid.height) as f32;
        Ok(vec![
            ArraySpec::f32(EVENTS, &[EVENTS_AT_ONCE, ROW], 0.0, reach.max(256.0)),
            ArraySpec::f32("mover.map", &[self.grid.rows, self.grid.columns], 0.0, 1.0),
        ])
    }

    fn begin_episode(&mut self) {
        self.lively.clear();
        self.events.clear();
        let state = &mut self.state;
        state.cells.fill(Cell::default());
        state.travelled.fill(0);
        state.travelled_before.fill(0);
        state.map.fill(0.0);
        state.clusters.clear();
        state.frames.iter_mut().for_each(Past::clear);
        state.speeds.iter_mut().for_each(Past::clear);
        state.fixations.iter_mut().for_each(Past::clear);
    }

    fn perceive(&mut self, reads: Reads<'_>, writes: &mut [Array]) -> Result<(), SignalError> {
        let (frame, flow, fixation) = (reads.u8(0)?, reads.f32(1)?, reads.f32(2)?);
        self.lively.update(flow);
        let cell = fixated(fixation)?;
        self.state.fixations.iter_mut().for_each(|fixations| fixations.push(&[cell]));
        self.state.clusters.grow_older();
        self.step_cells(frame);
        self.state.frames.iter_mut().for_each(|frames| frames.push(frame));
        let speeds = self.lively.speeds();
        self.state.speeds.iter_mut().for_each(|past| past.push(speeds));
        self.events.clear();
        while let Some(cluster) = self.state.clusters.take_complete(self.options.cells) {
            if self.events.len() < EVENTS_AT_ONCE {
                let found = self.found(&cluster);
                self.events.push(found);
            }
        }
        let [rows, map] = writes else { return Err(SignalError::new("perceive before bind")) };
        match (rows.as_f32_mut(), map.as_f32_mut()) {
            (Some(rows), Some(map)) => self.write(rows, map),
            _ => return Err(SignalError::new("perceive before bind")),
        }
        Ok(())
    }

    fn pay(&mut self, _: Moment<'_>, purse: &mut Purse) -> Result<(), SignalError> {
        let Some(fixations) = &self.state.fixations else { return Ok(()) };
        for event in &self.events {
            let place = self.grid.cell_at(event.changed.0, event.changed.1);
            for ago in 0..=event.age.min(self.options.window) {
                // What is fixated after a step is what the step is paid for.
                if fixations.ago(ago).is_some_and(|cell| self.grid.beside(cell[0], place)) {
                    purse.pay_back(ago, 1.0);
                }
            }
        }
        if !self.events.is_empty() {
            purse.count("events", self.events.len() as f64);
        }
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        state::save(&(&self.state, &self.events, self.lively.traces()))
    }

    fn load(&mut self, saved: &[u8]) -> Result<(), SignalError> {
        let (state, events, traces): (State, Vec<Found>, Vec<f32>) = state::load(saved)?;
        let lengths = |state: &State| {
            (
                state.cells.len(),
                state.travelled.len(),
                state.travelled_before.len(),
                state.before.len(),
                state.map.len(),
            )
        };
        if lengths(&state) != lengths(&self.state) {
            return Err(SignalError::new("its saved state is of a frame of another size"));
        }
        self.lively.set_traces(&traces)?;
        (self.state, self.events) = (state, events);
        Ok(())
    }
}

#[cfg(test)]
#[path = "mover_tests.rs"]
mod tests;
