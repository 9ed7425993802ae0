//! The frame without its light, and how it changes.
//!
//! ```text
//! G_t = median over the cells c of Ī_t(c) / J̄_{t−1}(c),    J_t = I_t / G_t
//! change_t(c) = mean over c of |J_t − J_{t−1}|  −  its median over the frame
//! ```
//!
//! with Ī and J̄ the means of a cell. The first median is what the room's light does, the second one the sensor's noise.

use crate::liveliness::CELL;
use crate::past::Past;
use serde::{Deserialize, Serialize};

/// Frames that are remembered.
const KEPT: usize = 3;
/// Pixels around a place in which it is looked for what changes there.
const REACH: f32 = 10.0;
/// How far the light may drift from that of the first frame.
const LIGHTS: [f32; 2] = [0.25, 4.0];

/// The last frames without their light.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Light {
    width: usize,
    rows: usize,
    columns: usize,
    /// Brightness now, times that of the first frame: G.
    gain: f32,
    frames: Past<f32>,
    /// By cell: J̄, and the change.
    means: Vec<f32>,
    changes: Vec<f32>,
    /// What a cell changes by when nothing moves.
    noise: f32,
    #[serde(skip)]
    scratch: Scratch,
}

/// Room to work in.
#[derive(Clone, Debug, Default)]
struct Scratch {
    frame: Vec<f32>,
    cells: Vec<f32>,
    sorted: Vec<f32>,
}

impl Light {
    /// For frames of this size in pixels.
    pub(crate) fn new(width: usize, height: usize) -> Self {
        let (rows, columns) = (height / CELL, width / CELL);
        let cells = vec![0.0; rows * columns];
        let frames = Past::new(KEPT, width * height);
        Self { width, rows, columns, gain: 1.0, frames, means: cells.clone(), changes: cells, ..Self::default() }
    }

    /// Whether this is of frames of the same size.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let sizes = |light: &Self| (light.width, light.rows, light.columns, light.means.len(), light.changes.len());
        sizes(self) == sizes(other) && self.frames.check(&other.frames).is_ok()
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        (self.gain, self.noise) = (1.0, 0.0);
        self.frames.clear();
        self.changes.fill(0.0);
    }

    /// Takes in the next frame.
    pub(crate) fn step(&mut self, raw: &[u8]) {
        let Scratch { mut frame, mut cells, mut sorted } = std::mem::take(&mut self.scratch);
        let count = self.rows * self.columns;
        cells.clear();
        cells.extend((0..count).map(|cell| self.mean(cell, |pixel| f32::from(raw[pixel]))));
        if self.frames.ago(0).is_some() {
            // One grey level more, so that black does not divide by nothing.
            let ratios = cells.iter().zip(&self.means).map(|(now, before)| (now + 1.0) / (before + 1.0));
            self.gain = median(ratios, &mut sorted).clamp(LIGHTS[0], LIGHTS[1]);
        }
        let gain = self.gain;
        self.means.iter_mut().zip(&cells).for_each(|(mean, now)| *mean = now / gain);
        frame.clear();
        frame.extend(raw.iter().map(|&grey| f32::from(grey) / gain));
        if let Some(before) = self.frames.ago(0) {
            cells.clear();
            cells.extend((0..count).map(|cell| self.mean(cell, |pixel| (frame[pixel] - before[pixel]).abs())));
            self.noise = median(cells.iter().copied(), &mut sorted);
            self.changes.iter_mut().zip(&cells).for_each(|(change, now)| *change = now - self.noise);
        }
        self.frames.push(&frame);
        self.scratch = Scratch { frame, cells, sorted };
    }

    fn mean(&self, cell: usize, value: impl Fn(usize) -> f32) -> f32 {
        let corner = cell / self.columns * CELL * self.width + cell % self.columns * CELL;
        let pixels = (0..CELL * CELL).map(|i| corner + i / CELL * self.width + i % CELL);
        pixels.map(value).sum::<f32>() / (CELL * CELL) as f32
    }

    /// By cell, how much more than its noise the frame changed since the step before, in grey levels.
    pub(crate) fn changes(&self) -> &[f32] {
        &self.changes
    }

    /// By cell, its mean grey without the light: J̄.
    pub(crate) fn greys(&self) -> &[f32] {
        &self.means
    }

    /// By how many grey levels a cell changes when nothing moves.
    pub(crate) fn noise(&self) -> f32 {
        self.noise
    }

    /// The frame of `ago` steps before, or the oldest that is remembered.
    pub(crate) fn ago(&self, ago: usize) -> &[f32] {
        (0..=ago).rev().find_map(|ago| self.frames.ago(ago)).unwrap_or_default()
    }
}

/// The middle of the cells near a place that change by more than `threshold` grey levels, in pixels, if there are any;
/// `changes` are those of [`Light::changes`], in rows of `columns`.
pub(crate) fn middle_of_change(
    changes: &[f32],
    columns: usize,
    threshold: f32,
    (x, y): (f32, f32),
) -> Option<(f32, f32)> {
    let centre = |index: usize| (index as f32 + 0.5) * CELL as f32;
    let moving = changes.iter().enumerate().filter(|(_, change)| **change > threshold);
    let places = moving.map(|(cell, _)| (centre(cell % columns), centre(cell / columns)));
    let near = places.filter(|(at_x, at_y)| (at_x - x).abs() <= REACH && (at_y - y).abs() <= REACH);
    let sums = near.fold((0.0, 0.0, 0.0), |sums, (x, y)| (sums.0 + x, sums.1 + y, sums.2 + 1.0));
    (sums.2 > 0.0).then(|| (sums.0 / sums.2, sums.1 / sums.2))
}

/// The median; 0 of nothing.
fn median(values: impl Iterator<Item = f32>, sorted: &mut Vec<f32>) -> f32 {
    sorted.clear();
    sorted.extend(values);
    let middle = sorted.len() / 2;
    if sorted.is_empty() { 0.0 } else { *sorted.select_nth_unstable_by(middle, f32::total_cmp).1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_that_gets_darker_has_not_changed_and_a_thing_in_it_has() {
        let mut light = Light::new(16, 16);
        let frame: Vec<u8> = (0..256).map(|i| 60 + (i * 37 % 120) as u8).collect();
        light.step(&frame);
        let mut dark: Vec<u8> = frame.iter().map(|grey| grey / 2).collect();
        light.step(&dark);
        assert!(light.changes().iter().all(|change| change.abs() < 2.0), "{:?}", light.changes());
        for row in 0..4 {
            dark[row * 16..][..4].fill(0);
        }
        light.step(&dark);
        assert!(light.changes()[0] > 20.0 && light.changes()[1..].iter().all(|change| change.abs() < 2.0));
    }
}
