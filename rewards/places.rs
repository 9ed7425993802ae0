//! `places`: where in the frame it is worth asking what is there.
//!
//! Reads `frame` and `flow`; writes the stack `places` (`[most, 8, 8, 8]`, descriptors of 16×16 pixels, see [`crate::descriptor`]),
//! `places.count` and `places.at` (`[most, 2]`, x and y in pixels). Half of the places are those that move fastest, no two
//! nearer than 6 pixels; the others go over a lattice of 6 pixels, so that all of it is looked at every few
//! steps. Pays nothing.

use crate::descriptor::{self, FINE, SIDE};
use crate::flow::FLOW;
use crate::grid::{FRAME, frame_size};
use crate::liveliness::Liveliness;
use crate::signal::{Declaration, Reads, Signal, SignalError};
use crate::stack::count_name;
use crate::state;
use innate_envs::{Array, ArraySpec};
use serde::{Deserialize, Serialize};

/// The stack that it writes.
pub(crate) const PLACES: &str = "places";
/// Pixels between lines of the lattice.
const STEP: usize = 6;
/// Least distance of two places that move, in pixels along either axis.
const APART: f32 = 6.0;

/// Options of `places`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, documented::DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct PlacesOptions {
    /// Places in a step.
    pub most: usize,
    /// Speed, in pixels per step above the frame's median, from which a place counts as moving.
    pub threshold: f64,
}

impl Default for PlacesOptions {
    fn default() -> Self {
        Self { most: 48, threshold: 0.5 }
    }
}

/// Places to look at.
pub struct Places {
    options: PlacesOptions,
    width: usize,
    height: usize,
    lively: Liveliness,
    /// Cells, the fastest first.
    order: Vec<usize>,
    /// Where on the lattice the next step goes on.
    next: usize,
}

impl Places {
    /// Places with these options.
    ///
    /// # Errors
    /// A number out of range.
    pub fn new(options: PlacesOptions) -> Result<Self, SignalError> {
        if options.most == 0 || options.most > 4096 {
            return Err(SignalError::new(format!("most = {} must lie between 1 and 4096", options.most)));
        }
        if !options.threshold.is_finite() {
            return Err(SignalError::new(format!("threshold = {} must be a finite number", options.threshold)));
        }
        Ok(Self { options, width: 0, height: 0, lively: Liveliness::default(), order: Vec::new(), next: 0 })
    }

    /// Lattice points along a side.
    fn lattice(side: usize) -> usize {
        1 + side.saturating_sub(SIDE) / STEP
    }

    /// The lattice point `index`, row by row.
    fn lattice_point(&self, index: usize) -> (f32, f32) {
        let columns = Self::lattice(self.width);
        let along = |index: usize| (SIDE / 2 + index * STEP) as f32;
        (along(index % columns), along(index / columns))
    }
}

impl Signal for Places {
    fn declare(&self) -> Declaration {
        Declaration {
            reads: vec![FRAME.into(), FLOW.into()],
            writes: vec![PLACES.into(), count_name(PLACES), format!("{PLACES}.at")],
            ..Declaration::default()
        }
    }

    fn bind(&mut self, reads: &[ArraySpec]) -> Result<Vec<ArraySpec>, SignalError> {
        (self.height, self.width) = frame_size(&reads[0])?;
        self.lively = Liveliness::new(&reads[1])?;
        self.order = (0..self.lively.speeds().len()).collect();
        let (most, reach) = (self.options.most, self.width.max(self.height) as f32);
        Ok(vec![
            descriptor::stack(PLACES, most, FINE),
            ArraySpec::f32(&count_name(PLACES), &[1], 0.0, most as f32),
            ArraySpec::f32(&format!("{PLACES}.at"), &[most, 2], 0.0, reach),
        ])
    }

    fn begin_episode(&mut self) {
        self.lively.clear();
    }

    fn perceive(&mut self, reads: Reads<'_>, writes: &mut [Array]) -> Result<(), SignalError> {
        let (frame, flow) = (reads.u8(0)?, reads.f32(1)?);
        self.lively.update(flow);
        let [items, count, at] = writes else { return Err(SignalError::new("perceive before bind")) };
        let (Some(items), Some(count), Some(at)) = (items.as_f32_mut(), count.as_f32_mut(), at.as_f32_mut()) else {
            return Err(SignalError::new("perceive before bind"));
        };
        let found = self.fastest(at);
        let lattice = Self::lattice(self.width) * Self::lattice(self.height);
        let all = (self.options.most).min(found + lattice);
        for slot in found..all {
            let (x, y) = self.lattice_point(self.next);
            at[2 * slot..2 * slot + 2].copy_from_slice(&[x, y]);
            self.next = (self.next + 1) % lattice;
        }
        for (place, item) in at.chunks_exact(2).zip(items.chunks_exact_mut(descriptor::length(FINE))).take(all) {
            descriptor::describe::<FINE>(frame, self.width, place[0], place[1], item);
        }
        count[0] = all as f32;
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        state::save(&(self.next, self.lively.traces()))
    }

    fn load(&mut self, saved: &[u8]) -> Result<(), SignalError> {
        let (next, traces): (usize, Vec<f32>) = state::load(saved)?;
        self.next = next % (Self::lattice(self.width) * Self::lattice(self.height));
        self.lively.set_traces(&traces)
    }
}

impl Places {
    /// Writes the places that move fastest into `at`, at most half of its slots, and tells how many they are.
    fn fastest(&mut self, at: &mut [f32]) -> usize {
        let speeds = self.lively.speeds();
        // Of equally fast cells the first comes first, so that the order is the same on every machine.
        let faster = |one: &usize, other: &usize| speeds[*other].total_cmp(&speeds[*one]).then(one.cmp(other));
        self.order.sort_unstable_by(faster);
        let (most, mut found) = (self.options.most / 2, 0);
        for &cell in &self.order {
            if found == most || f64::from(speeds[cell]) <= self.options.threshold {
                break;
            }
            let (x, y) = self.lively.centre(cell);
            let near = |place: &[f32]| (place[0] - x).abs() < APART && (place[1] - y).abs() < APART;
            if !at.chunks_exact(2).take(found).any(near) {
                at[2 * found..2 * found + 2].copy_from_slice(&[x, y]);
                found += 1;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::bank::Bank;
    use innate_envs::{Observation, Step};
    use std::collections::BTreeSet;

    const SIZE: usize = 64;

    fn bank() -> Bank {
        let places: Box<dyn Signal> = Box::new(Places::new(PlacesOptions { most: 20, threshold: 0.5 }).unwrap());
        let flow = ArraySpec::f32(FLOW, &[2, SIZE, SIZE], -9.0, 9.0);
        Bank::build(vec![("places".into(), places)], &[ArraySpec::u8(FRAME, &[1, SIZE, SIZE]), flow]).unwrap()
    }

    /// A frame in which a square of 8 pixels at (`x`, `y`) moves.
    fn scene(x: usize, y: usize) -> Observation {
        let frame = (0..SIZE * SIZE).map(|i| (i * 37 % 251) as u8).collect();
        let inside = |i: usize| (x..x + 8).contains(&(i % SIZE)) && (y..y + 8).contains(&(i / SIZE));
        let flow = (0..2 * SIZE * SIZE).map(|i| if i < SIZE * SIZE && inside(i) { 2.0 } else { 0.0 }).collect();
        Observation { arrays: vec![Array::U8(frame), Array::F32(flow)] }
    }

    fn places(percepts: &[Array]) -> Vec<(u32, u32)> {
        let count = percepts[3].as_f32().unwrap()[0] as usize;
        percepts[4].as_f32().unwrap().chunks(2).take(count).map(|place| (place[0] as u32, place[1] as u32)).collect()
    }

    #[test]
    fn what_moves_is_looked_at_and_all_else_in_turn() {
        let mut bank = bank();
        bank.begin_episode(&scene(24, 40), &mut ()).unwrap();
        let mut seen = BTreeSet::new();
        for _ in 0..6 {
            bank.step(&scene(24, 40), 0, Step::default(), &mut (), |_| {}).unwrap();
            let places = places(bank.following());
            assert!(places[0].0.abs_diff(28) <= 4 && places[0].1.abs_diff(44) <= 4, "{places:?}");
            seen.extend(places);
            bank.advance();
        }
        let lattice = (0..9).flat_map(|row| (0..9).map(move |column| (8 + 6 * column, 8 + 6 * row)));
        assert!(lattice.clone().all(|point| seen.contains(&point)));
    }

    #[test]
    fn a_saved_sweep_goes_on_where_it_was() {
        let (mut one, mut two) = (bank(), bank());
        one.begin_episode(&scene(0, 0), &mut ()).unwrap();
        two.load(one.save()).unwrap();
        for bank in [&mut one, &mut two] {
            bank.step(&scene(8, 8), 0, Step::default(), &mut (), |_| {}).unwrap();
        }
        assert_eq!(one.following(), two.following());
    }
}
