//! `deep-sea`: a diver sinks one row a step, and finds a treasure only by going to the right in every one.
//!
//! | | |
//! |---|---|
//! | Actions | 0, 1: to the left, to the right; which is which differs from cell to cell |
//! | Observation | u8 `board` `[1, size, size]`: 255 where the diver is |
//! | Reward | −0.01 / size for each move to the right; +1 for the treasure, in the last column of the last row |
//! | Start | the first row, the first column |
//! | End | terminated after `size` steps |
//!
//! The best return is 0.99, that of always going left is 0, and random actions reach the treasure once in 2^size episodes: to
//! learn it takes exploration that is deep. It is the deterministic version of the task of Osband, Doron, Hessel, Aslanides,
//! Sezener, Saraiva, McKinney, Lattimore, Szepesvari, Singh, Van Roy, Sutton, Silver & van Hasselt, "Behaviour suite for
//! reinforcement learning", 2020 (section B.6), where the diver is at the last cell of its column when it goes on sinking.

use super::{RangeError, World, within};
use crate::board::Board;
use crate::numpy::Generator;
use documented::DocumentedFields;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU8;

/// What all moves to the right cost together.
const COST: f64 = 0.01;

/// Options of `deep-sea`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct DeepSeaOptions {
    /// Rows and columns, 2 to 100.
    #[serde(default = "ten")]
    pub size: u32,
    /// The seed by which it is drawn, once and for all, which action goes to the right in which cell; without it, it is action 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping_seed: Option<u32>,
    /// Pixels of a cell in the array `frame`, at most 25; without it there is no such array.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<NonZeroU8>,
}

/// The world.
pub struct DeepSea {
    size: usize,
    /// By cell, the action that goes to the right.
    right: Vec<usize>,
}

impl DeepSea {
    /// The world of these options.
    ///
    /// # Errors
    /// An option is out of range.
    pub fn new(options: &DeepSeaOptions) -> Result<Self, RangeError> {
        let size = within("size", options.size, 2, 100)?;
        let mut random = options.mapping_seed.map(|seed| Generator::new(seed.into()));
        let mut action = || random.as_mut().map_or(1, |random| usize::from(random.random() < 0.5));
        Ok(Self { size, right: (0..size * size).map(|_| action()).collect() })
    }
}

impl World for DeepSea {
    /// Row and column.
    type State = (usize, usize);

    const ID: &'static str = "deep-sea";
    const CHANNELS: &'static [&'static str] = &["diver"];
    const ACTIONS: &'static [&'static str] = &["0", "1"];

    fn side(&self) -> usize {
        self.size
    }

    fn limit(&self) -> Option<u32> {
        None
    }

    fn start(&self, _: &mut Generator) -> Self::State {
        (0, 0)
    }

    fn advance(&self, (row, column): &mut Self::State, action: usize, _: &mut Generator) -> (f64, bool) {
        let right = action == self.right[*row * self.size + *column];
        let treasure = right && *row == self.size - 1 && *column == self.size - 1;
        *column = if right { (*column + 1).min(self.size - 1) } else { column.saturating_sub(1) };
        let over = *row == self.size - 1;
        *row = (*row + 1).min(self.size - 1);
        let cost = if right { COST / self.size as f64 } else { 0.0 };
        (f64::from(u8::from(treasure)) - cost, over)
    }

    fn paint(&self, (row, column): &Self::State, board: &mut Board) {
        board.light(0, *row as i8, *column as i8);
    }

    fn is_possible(&self, (row, column): &Self::State) -> bool {
        *row < self.size && *column <= *row
    }
}

fn ten() -> u32 {
    10
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn played(sea: &DeepSea, choose: impl Fn(usize) -> usize) -> (f64, usize) {
        let mut random = Generator::new(0);
        let mut state = sea.start(&mut random);
        let (mut total, mut steps) = (0.0, 0);
        loop {
            let right = sea.right[state.0 * sea.size + state.1];
            let (reward, over) = sea.advance(&mut state, choose(right), &mut random);
            total += reward;
            steps += 1;
            if over {
                return (total, steps);
            }
        }
    }

    #[test]
    fn the_treasure_is_found_by_going_right_all_the_way_and_not_otherwise() {
        for mapping_seed in [None, Some(3)] {
            let sea = DeepSea::new(&DeepSeaOptions { size: 7, mapping_seed, frame: None }).unwrap();
            let (total, steps) = played(&sea, |right| right);
            assert!((total - 0.99).abs() < 1e-12 && steps == 7, "{total}");
            assert_eq!(played(&sea, |right| 1 - right), (0.0, 7));
            let found = (0..1 << 7).filter(|ways| {
                let step = std::cell::Cell::new(0);
                let choose = |right: usize| {
                    step.set(step.get() + 1);
                    if ways >> (step.get() - 1) & 1 == 1 { right } else { 1 - right }
                };
                played(&sea, choose).0 > 0.5
            });
            assert_eq!(found.count(), 1);
        }
    }

    #[test]
    fn a_mapping_is_drawn_by_its_seed() {
        let drawn = |mapping_seed| DeepSea::new(&DeepSeaOptions { size: 9, mapping_seed, frame: None }).unwrap().right;
        assert_eq!(drawn(Some(1)), drawn(Some(1)));
        assert_ne!(drawn(Some(1)), drawn(Some(2)));
        assert!(drawn(None).iter().all(|action| *action == 1));
    }
}
