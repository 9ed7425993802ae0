//! How much a cell tells of something that was done there.
//!
//! ```text
//! evidence(c) = min(change, MUCH) · certain · min(stay / LASTING, 1)
//! certain     = min(d / max(FAR · travelled, 1), 1) · e^{−m / RESTLESS}
//! m_t(c)      = CALM · m_{t−1}(c) + [c moves]
//! ```
//!
//! with change the grey levels per pixel, beyond doubt, by which the place looks different; d how far what came had come; stay the
//! steps from when it came until motion was over; and m how often the cell has moved, up to the step in which something came to it
//! (left out where nothing rests, `settled = 0`). None of these tells a hand that takes a thing from cloth in the
//! wind, a passing ball or a thing that goes by itself for certain; their product does better than a threshold on each.

use serde::{Deserialize, Serialize};

/// Grey levels beyond doubt above which a change says no more.
const MUCH: f32 = 15.0;
/// How many times as far as what travels something must have come for its coming to be certain.
const FAR: f32 = 4.0;
/// Steps of motion before that make it an e-th as certain that the place was still.
const RESTLESS: f32 = 10.0;
/// What is left of a step of motion after another step.
const CALM: f32 = 0.98;
/// Steps of a stay that certainly was no passing.
const LASTING: f32 = 10.0;

/// By cell, how often it moved, what is long ago counting less: m.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Restless(Vec<f32>);

impl Restless {
    /// So many cells that never moved.
    pub(super) fn new(cells: usize) -> Self {
        Self(vec![0.0; cells])
    }

    /// Whether these are as many cells.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.0.len() == other.0.len()
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.0.fill(0.0);
    }

    /// A step passes, in which `cell` moved or not.
    pub(super) fn step(&mut self, cell: usize, moves: bool) {
        self.0[cell] = CALM * self.0[cell] + f32::from(u8::from(moves));
    }

    /// How certain it is, from 0 to 1, that `cell` is a place that rests.
    pub(super) fn rests(&self, cell: usize) -> f32 {
        (-self.0[cell] / RESTLESS).exp()
    }
}

/// How certain it is, from 0 to 1, that what has come `pixels` came from afar, where `travelled` is what it must have come at least.
pub(super) fn from_afar(pixels: f32, travelled: f32) -> f32 {
    (pixels / (FAR * travelled).max(1.0)).min(1.0)
}

/// What a change of so many grey levels tells, after a stay of so many steps of something of which it was so `certain` that it came.
pub(super) fn evidence(change: f32, stay: usize, certain: f32) -> f32 {
    change.min(MUCH) * certain * (stay as f32 / LASTING).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_moved_often_tells_less_and_in_time_more_again() {
        let mut restless = Restless::new(2);
        (0..10).for_each(|_| restless.step(1, true));
        let after = restless.rests(1);
        assert_eq!(restless.rests(0), 1.0);
        assert!((0.3..0.5).contains(&after), "{after}");
        (0..100).for_each(|_| restless.step(1, false));
        assert!(restless.rests(1) > 0.85);
        restless.clear();
        assert_eq!(restless, Restless::new(2));
    }

    #[test]
    fn what_comes_from_afar_stays_and_changes_much_tells_most() {
        assert_eq!(evidence(MUCH, 10, from_afar(16.0, 4.0)), MUCH);
        assert_eq!(evidence(100.0, 40, 1.0), MUCH);
        assert_eq!(evidence(MUCH, 0, 1.0), 0.0, "it only passed");
        assert_eq!(from_afar(8.0, 4.0), 0.5);
        assert_eq!(from_afar(2.0, 0.0), 1.0);
    }
}
