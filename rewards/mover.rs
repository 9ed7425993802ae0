//! `mover`: something that moves comes to a still place, and leaves it changed (Ullman, Harari & Dorfman 2012, stage 1).
//!
//! Motion that has come from afar comes to a cell, it goes away again, and the place looks different, wherever it may
//! have shifted a little (`looks.rs`). Something that merely passes changes nothing; something that begins to move by itself,
//! swings or turns comes from nowhere; something that comes and stays has not left; a place that never looked the same for
//! long tells nothing (`settled`); light alone is taken away; what fills most of the frame's height only passes in front (`vast`).
//! How much a cell tells (`evidence.rs`) grows with how far what came had come, how seldom the place had moved, how long
//! the visit took and how much it changed. Cells that change side by side within 3 steps make one event, if they are `cells` or
//! more and together tell enough (`change`). What they tell counts more if what came went back the way it came, or was over the
//! place and is not any more, and less if it went on, or the place has much contrast (`course.rs`). A cell that is free later
//! belongs to the event as well, if motion came to it at about the same time.
//!
//! Reads `frame`, `flow` and `fixation`; writes `mover.events` (`[4, 6]`, rows of: x, y of the motion 3 steps after it came;
//! x, y of the middle of the cells; steps since it came; number of cells; unused rows 0; pixels) and `mover.map` (`[rows,
//! columns]`: events on the grid of fixations, fading). Steps since motion came are the mean over the cells, which is a little
//! after first contact; each cell counts as much as it tells, in it and in the middle. Pays 1 for each step, from the one in
//! which motion came, in which the fixated cell was the event's or one beside it, back in time. Metric: `events`, their number.
//!
//! Departures from the paper's outline: 1. What moves is seen by the change of the frame, sharper than flow; flow tells where
//! it goes and how far it has come. 2. Motion must have come from afar: the edge of a thing that starts by itself is otherwise
//! entered from its own middle. 3. What entered may rest before it leaves. 4. Distance, stillness, stay, course and contrast are
//! weighed against one another instead of each having a threshold; a single cell may thus tell enough, where the outline wants two.

mod automaton;
mod clusters;
mod course;
mod evidence;
pub(crate) mod light;
pub(crate) mod looks;
mod motion;

pub use crate::events::SEEN;
use crate::events::{EVENTS, ROW};
use crate::flow::FLOW;
use crate::grid::{FIXATION, FRAME, Grid, fixated};
use crate::liveliness::{CELL, Liveliness};
use crate::past::Past;
use crate::signal::{Declaration, Moment, Pay, Purse, Reads, Signal, SignalError};
use crate::state;
use automaton::{Cell, Neighbourhood, Outcome, Times};
use clusters::{Cluster, Clusters};
use course::Course;
use evidence::Restless;
use innate_envs::{Array, ArraySpec};
use light::{Light, middle_of_change};
use looks::Looks;
use motion::Motion;
use serde::{Deserialize, Serialize};

/// Steps within which cells change together.
const TOGETHER: usize = 3;
/// Cells between neighbours of an event at most.
const NEAR: usize = 1;
/// Events in a step at most.
const EVENTS_AT_ONCE: usize = 4;
/// What is left of the map after a step.
const FADE: f32 = 0.9;
/// Steps before motion entered at which a place looked as it was.
const BEFORE: usize = 2;
/// How much more than its noise a look may differ from the usual one, as a share of the threshold of motion.
const USUAL: f32 = 0.75;
/// How much more than its noise a place may differ from two steps ago if nothing stirs, as a share of that threshold.
const STIRRING: f32 = 0.25;
/// Grey levels beyond the noise up to which a place may look different by chance.
const DOUBT: f32 = 4.0;

/// Options of `mover`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, documented::DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct MoverOptions {
    /// Mean change of a pixel from step to step, in grey levels above the frame's median, from which a cell moves.
    pub threshold: f64,
    /// Change of all cells of an event together, in grey levels of a mean pixel beyond doubt, from which it is one. A cell counts
    /// 15 at most, and less the less certain it is that something came from afar to a still place and did not only pass. The sum
    /// counts more if what came went back the way it came, or is over the place no more; less if it went on, or the place has
    /// much contrast.
    pub change: f64,
    /// Cells of 4x4 pixels that an event has at least.
    pub cells: usize,
    /// Pixels from which motion must have come before it enters; it counts in full from four times as many.
    pub travelled: f64,
    /// Quiet steps after which motion is over, 3 to 8.
    pub quiet: usize,
    /// Quiet steps after which what a place looks like is how it usually looks; motion must enter a place that does. 0: any place
    /// that is quiet will do, however often it moved, for films in which nothing rests for long.
    pub settled: usize,
    /// Share of the frame's height beyond which what moves together only passes in front; 1: nothing is too large.
    pub vast: f64,
    /// Steps within which motion must have entered and left; as far back is paid.
    pub window: usize,
}

impl Default for MoverOptions {
    fn default() -> Self {
        Self { threshold: 6.0, change: 20.0, cells: 1, travelled: 4.0, quiet: 3, settled: 16, vast: 0.6, window: 36 }
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
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct State {
    cells: Vec<Cell>,
    light: Light,
    motion: Motion,
    looks: Looks,
    /// By cell, how much the frame changed.
    changes: Past<f32>,
    /// By cell, its mean grey without the light.
    greys: Past<f32>,
    fixations: Past<usize>,
    clusters: Clusters,
    /// By cell, how often it moved.
    restless: Restless,
    map: Vec<f32>,
}

/// A cell and what surrounds it.
struct Place<'a> {
    state: &'a State,
    options: &'a MoverOptions,
    cell: usize,
}

impl Neighbourhood for Place<'_> {
    fn moves(&self) -> bool {
        self.state.motion.moves(self.cell)
    }

    fn enters(&self) -> f32 {
        let tolerance = self.state.light.noise() + USUAL * self.options.threshold as f32;
        if !self.state.looks.is_usual(self.cell, &self.state.light, BEFORE, tolerance) {
            return 0.0;
        }
        // Where nothing rests for long, that a place moved before says nothing.
        let rests = if self.options.settled == 0 { 1.0 } else { self.state.restless.rests(self.cell) };
        rests * evidence::from_afar(self.state.motion.comes(self.cell), self.options.travelled as f32)
    }

    fn leaves(&self) -> bool {
        self.state.motion.leaves(self.cell)
    }

    fn goes_on(&self) -> bool {
        self.state.motion.goes_on(self.cell)
    }
}

impl Mover {
    /// A finder with these options.
    ///
    /// # Errors
    /// A number out of range.
    pub fn new(options: MoverOptions) -> Result<Self, SignalError> {
        let counts = [
            ("cells", options.cells, 1..=256),
            ("quiet", options.quiet, 3..=automaton::RESTING),
            ("window", options.window, 8..=256),
            ("settled", options.settled, 0..=256),
        ];
        if let Some((key, value, range)) = counts.iter().find(|(_, value, range)| !range.contains(value)) {
            let (least, most) = (range.start(), range.end());
            return Err(SignalError::new(format!("{key} = {value} must lie between {least} and {most}")));
        }
        let thresholds = [
            ("threshold", options.threshold),
            ("change", options.change),
            ("travelled", options.travelled),
            ("vast", options.vast),
        ];
        if let Some((key, value)) = thresholds.iter().find(|(_, value)| !(value.is_finite() && *value >= 0.0)) {
            return Err(SignalError::new(format!("{key} = {value} must be a finite number of 0 or more")));
        }
        let (grid, lively, state) = (Grid::default(), Liveliness::default(), State::default());
        Ok(Self { options, grid, lively, state, events: Vec::with_capacity(EVENTS_AT_ONCE) })
    }

    /// Lets every cell take a step; those that were left changed go into clusters.
    fn step_cells(&mut self) {
        let MoverOptions { quiet, window, .. } = self.options;
        let columns = self.lively.columns;
        for cell in 0..self.state.cells.len() {
            self.state.restless.step(cell, self.state.motion.moves(cell));
            let mut automaton = self.state.cells[cell];
            let place = Place { state: &self.state, options: &self.options, cell };
            let outcome = automaton.step(&place, Times { quiet, window });
            self.state.cells[cell] = automaton;
            match outcome {
                Outcome::Nothing => {}
                Outcome::Entered => self.state.looks.remember(cell, &self.state.light, BEFORE),
                Outcome::Left { age, certain } => {
                    if let Some(change) = self.change(cell) {
                        // The quiet steps in which one waits to see are no part of the stay.
                        let evidence = evidence::evidence(change, age.saturating_sub(quiet), certain);
                        if evidence > 0.0 {
                            self.state.clusters.add((cell / columns, cell % columns), age, evidence);
                        }
                    }
                }
            }
            self.state.looks.settle(cell, automaton.quiet(), &self.state.light);
        }
    }

    /// By how many grey levels per pixel `cell` looks different from before motion entered, beyond doubt; none if it does not,
    /// or if something stirs there.
    fn change(&self, cell: usize) -> Option<f32> {
        let State { light, looks, .. } = &self.state;
        if looks.stirring(cell, light, BEFORE) > light.noise() + STIRRING * self.options.threshold as f32 {
            return None;
        }
        let change = looks.change(cell, light) - light.noise() - DOUBT;
        (change > 0.0).then_some(change)
    }

    /// Takes out a cluster that no longer grows and is an event.
    fn take_event(&mut self) -> Option<Cluster> {
        let MoverOptions { cells, change, threshold, quiet, .. } = self.options;
        let State { clusters, changes, greys, light, .. } = &mut self.state;
        let course = Course {
            changes,
            greys,
            frame: light.ago(0),
            columns: self.lively.columns,
            width: self.grid.width,
            threshold: threshold as f32,
            quiet,
        };
        clusters.take_complete(|cluster| {
            cluster.cells >= cells && cluster.evidence * course.weight(cluster) >= change as f32
        })
    }

    /// The event that a cluster is.
    fn found(&self, cluster: &Cluster) -> Found {
        let (row, column) = cluster.middle();
        let changed = ((column + 0.5) * CELL as f32, (row + 0.5) * CELL as f32);
        let age = cluster.age();
        let changes = self.state.changes.ago(age.saturating_sub(SEEN));
        let threshold = self.options.threshold as f32;
        let mover = changes.and_then(|changes| middle_of_change(changes, self.lively.columns, threshold, changed));
        Found { mover: mover.unwrap_or(changed), changed, age, cells: cluster.cells }
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
        let (width, height) = (self.grid.width, self.grid.height);
        if width.min(height) < Looks::LEAST {
            let least = Looks::LEAST;
            return Err(SignalError::new(format!(
                "frames of {width} x {height} pixels are too small: it needs {least}"
            )));
        }
        let (cells, window) = (self.lively.rows * self.lively.columns, self.options.window);
        self.state = State {
            cells: vec![Cell::default(); cells],
            light: Light::new(width, height),
            motion: Motion::new(self.lively.rows, self.lively.columns, self.options.vast as f32),
            looks: Looks::new(width, height, self.options.settled),
            changes: Past::new(window + TOGETHER + course::APPROACH + 1, cells),
            greys: Past::new(window + TOGETHER + 1, cells),
            fixations: Past::new(window + 1, 1),
            clusters: Clusters::default(),
            restless: Restless::new(cells),
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
        state.light.clear();
        state.motion = Motion::new(self.lively.rows, self.lively.columns, self.options.vast as f32);
        state.looks.clear();
        state.map.fill(0.0);
        state.restless.clear();
        state.clusters.clear();
        state.changes.clear();
        state.greys.clear();
        state.fixations.clear();
    }

    fn perceive(&mut self, reads: Reads<'_>, writes: &mut [Array]) -> Result<(), SignalError> {
        let (frame, flow, fixation) = (reads.u8(0)?, reads.f32(1)?, reads.f32(2)?);
        self.lively.update(flow);
        let cell = fixated(fixation)?;
        let State { light, motion, looks, changes, greys, fixations, clusters, .. } = &mut self.state;
        fixations.push(&[cell]);
        light.step(frame);
        motion.step(light, &self.lively, self.options.threshold as f32, self.options.travelled as f32);
        looks.step();
        clusters.grow_older(self.options.window);
        changes.push(light.changes());
        greys.push(light.greys());
        self.step_cells();
        self.events.clear();
        while let Some(cluster) = self.take_event() {
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
        let fixations = &self.state.fixations;
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
        let own = &self.state;
        let fits = state.cells.len() == own.cells.len()
            && state.map.len() == own.map.len()
            && state.restless.is_like(&own.restless)
            && state.light.is_like(&own.light)
            && state.motion.is_like(&own.motion)
            && state.looks.is_like(&own.looks);
        if !fits {
            return Err(SignalError::new("its saved state is of a frame of another size"));
        }
        own.changes.check(&state.changes)?;
        own.greys.check(&state.greys)?;
        own.fixations.check(&state.fixations)?;
        self.lively.set_traces(&traces)?;
        (self.state, self.events) = (state, events);
        Ok(())
    }
}

#[cfg(test)]
#[path = "mover_tests.rs"]
mod tests;
