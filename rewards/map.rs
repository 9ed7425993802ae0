//! `map`: where an area sees its thing, cell by cell, as it judges one place after the other.
//!
//! ```text
//! seen(p)  = clip(v_yes(p) − v_no(p), 0, 1)                          what the area expects of its two actions at place p
//! map(c)   = max(fade · map(c), greatest seen(p) of the places p in c)
//! pay(t)   = map(t+1) at the cell that the eye fixates at t+1
//! ```
//!
//! Places are judged a few at a time, so a cell keeps what was seen in it for a while. Reads the places (`places.at`,
//! `[slots, 2]`: x, y in pixels), what the area decides on them (`hand/places`), `fixation`, and `frame` for its size; writes
//! `hand.map`, `[rows, columns]`. Plots `signal/map/fixated` and `signal/map/anywhere`: the mean of the map at the fixated cell
//! and over all cells.

use crate::grid::{FIXATION, FRAME, Grid, fixated};
use crate::signal::{Declaration, Moment, Pay, Purse, Reads, Signal, SignalError};
use crate::stack;
use crate::state;
use crate::verdict::Verdict;
use innate_envs::{Array, ArraySpec};
use serde::{Deserialize, Serialize};

/// Options of `map`.
#[derive(Clone, Debug, Serialize, Deserialize, documented::DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct MapOptions {
    /// The stack of places that are judged; where they lie is the percept of this name with `.at` after it.
    pub stack: String,
    /// The area that judges them: two actions, the second of which says yes.
    pub area: String,
    /// The map that it writes.
    pub map: String,
    /// What is left of a cell's value from one step to the next, 0 to 1.
    pub fade: f64,
    /// Whether fixating is paid.
    pub pays: bool,
}

impl Default for MapOptions {
    fn default() -> Self {
        let [stack, area, map] = ["places", "hand", "hand.map"].map(String::from);
        Self { stack, area, map, fade: 0.8, pays: true }
    }
}

/// What an area sees, on the grid of the eye.
pub struct Map {
    options: MapOptions,
    grid: Grid,
    /// `[rows, columns]`: the state.
    seen: Vec<f32>,
}

impl Map {
    /// A map with these options.
    ///
    /// # Errors
    /// `fade` is out of range.
    pub fn new(options: MapOptions) -> Result<Self, SignalError> {
        if !(0.0..=1.0).contains(&options.fade) {
            return Err(SignalError::new(format!("fade = {} must be between 0 and 1", options.fade)));
        }
        Ok(Self { options, grid: Grid::default(), seen: Vec::new() })
    }
}

impl Signal for Map {
    fn declare(&self) -> Declaration {
        let MapOptions { stack, area, map, pays, .. } = &self.options;
        let decisions = stack::decisions_name(area, stack);
        Declaration {
            reads: vec![FRAME.into(), FIXATION.into(), format!("{stack}.at"), decisions],
            writes: vec![map.clone()],
            pay: if *pays { Pay::Stored } else { Pay::None },
            metrics: vec!["fixated".into(), "anywhere".into()],
            ..Declaration::default()
        }
    }

    fn bind(&mut self, reads: &[ArraySpec]) -> Result<Vec<ArraySpec>, SignalError> {
        self.grid = Grid::new(&reads[0], &reads[1])?;
        let (&[slots, 2], &[judged, 3]) = (reads[2].shape.as_slice(), reads[3].shape.as_slice()) else {
            let said = format!("places at {:?} and decisions {:?}", reads[2].shape, reads[3].shape);
            return Err(SignalError::new(format!("found {said}; map wants [slots, 2] and [slots, 1 + 2 actions]")));
        };
        if slots != judged {
            return Err(SignalError::new(format!("there are {slots} places and {judged} decisions on them")));
        }
        self.seen = vec![0.0; self.grid.cells()];
        Ok(vec![ArraySpec::f32(&self.options.map, &[self.grid.rows, self.grid.columns], 0.0, 1.0)])
    }

    fn begin_episode(&mut self) {
        self.seen.fill(0.0);
    }

    fn perceive(&mut self, reads: Reads<'_>, writes: &mut [Array]) -> Result<(), SignalError> {
        let fade = self.options.fade as f32;
        self.seen.iter_mut().for_each(|seen| *seen *= fade);
        // A masked row expects as much of both actions: it sees nothing.
        for (place, row) in reads.f32(2)?.chunks_exact(2).zip(reads.f32(3)?.chunks_exact(3)) {
            let seen = &mut self.seen[self.grid.cell_at(place[0], place[1])];
            *seen = seen.max(Verdict::of(row).margin.clamp(0.0, 1.0));
        }
        if let Some(out) = writes[0].as_f32_mut() {
            out.copy_from_slice(&self.seen);
        }
        Ok(())
    }

    fn pay(&mut self, moment: Moment<'_>, purse: &mut Purse) -> Result<(), SignalError> {
        let seen = f64::from(self.seen[fixated(moment.after.f32(1)?)?]);
        purse.note("fixated", seen);
        purse.note("anywhere", self.seen.iter().copied().map(f64::from).sum::<f64>() / self.seen.len() as f64);
        if self.options.pays {
            purse.pay(seen);
        }
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        state::save(&self.seen)
    }

    fn load(&mut self, saved: &[u8]) -> Result<(), SignalError> {
        state::load_numbers(saved, &mut self.seen)
    }
}
