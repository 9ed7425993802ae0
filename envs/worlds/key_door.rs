//! `key-door`: fetch a key, open a door with it, and reach the goal behind.
//!
//! | | |
//! |---|---|
//! | Actions | left, up, right, down |
//! | Observation | u8 `board` `[5, size, size]`: walker, wall, door, key, goal; an open door and a key that was taken are dark |
//! | Reward | 1 at the goal, nothing before; with `subgoals` also 0.1 for the key and 0.1 for the door |
//! | Start | a wall with a locked door divides the room, the walker and the key on its left, the goal in the last corner on its right; all but the goal are drawn anew in every episode |
//! | End | terminated at the goal; truncated after `max_episode_steps` (4 · size²) |
//!
//! A walker that holds the key opens the door by walking into it. Walking into anything else that is solid changes nothing.
//! The task is of the kind of MiniGrid's DoorKey (Chevalier-Boisvert et al. 2023), without turning, and with a key that is
//! taken by walking over it.

use super::{Cell, MOVES, RangeError, World, draw, light_walls, within};
use crate::board::Board;
use crate::numpy::Generator;
use documented::DocumentedFields;
use serde::{Deserialize, Serialize};
use std::num::{NonZeroU8, NonZeroU32};

/// What the key and the door pay with `subgoals`.
const SUBGOAL: f64 = 0.1;

/// Options of `key-door`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct KeyDoorOptions {
    /// Rows and columns, walls included: 5 to 50.
    #[serde(default = "eight")]
    pub size: u32,
    /// Whether key and door pay as well.
    #[serde(default)]
    pub subgoals: bool,
    /// Pixels of a cell in the array `frame`, at most 25; without it there is no such array.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<NonZeroU8>,
    /// Steps after which an episode is truncated [default: 4 · size²].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_episode_steps: Option<NonZeroU32>,
}

/// The world.
pub struct KeyDoor {
    size: usize,
    subgoals: bool,
    limit: u32,
}

/// A running episode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyDoorState {
    walker: Cell,
    door: Cell,
    key: Cell,
    holds_key: bool,
    open: bool,
}

impl KeyDoor {
    /// The world of these options.
    ///
    /// # Errors
    /// An option is out of range.
    pub fn new(options: &KeyDoorOptions) -> Result<Self, RangeError> {
        let size = within("size", options.size, 5, 50)?;
        let limit = options.max_episode_steps.map_or(4 * options.size * options.size, u32::from);
        Ok(Self { size, subgoals: options.subgoals, limit })
    }

    fn goal(&self) -> Cell {
        Cell::new(self.size - 2, self.size - 2)
    }
}

impl World for KeyDoor {
    type State = KeyDoorState;

    const ID: &'static str = "key-door";
    const CHANNELS: &'static [&'static str] = &["walker", "wall", "door", "key", "goal"];
    const ACTIONS: &'static [&'static str] = &MOVES;

    fn side(&self) -> usize {
        self.size
    }

    fn limit(&self) -> Option<u32> {
        Some(self.limit)
    }

    fn start(&self, random: &mut Generator) -> Self::State {
        let last = self.size - 2;
        let wall = draw(random, 2, last - 1);
        let door = Cell::new(draw(random, 1, last), wall);
        let left = |random: &mut Generator| Cell::new(draw(random, 1, last), draw(random, 1, wall - 1));
        let walker = left(random);
        let mut key = left(random);
        while key == walker {
            key = left(random);
        }
        KeyDoorState { walker, door, key, holds_key: false, open: false }
    }

    fn advance(&self, state: &mut Self::State, action: usize, _: &mut Generator) -> (f64, bool) {
        let subgoal = if self.subgoals { SUBGOAL } else { 0.0 };
        let cell = state.walker.after(action);
        if !cell.is_inside(self.size) || (cell.column == state.door.column && cell != state.door) {
            return (0.0, false);
        }
        if cell == state.door && !state.open {
            state.open = state.holds_key;
            return (if state.open { subgoal } else { 0.0 }, false);
        }
        state.walker = cell;
        if cell == state.key && !state.holds_key {
            state.holds_key = true;
            return (subgoal, false);
        }
        let arrived = cell == self.goal();
        (f64::from(u8::from(arrived)), arrived)
    }

    fn paint(&self, state: &Self::State, board: &mut Board) {
        state.walker.light(0, board);
        light_walls(1, self.size, board);
        let wall = (1..self.size - 1).map(|row| Cell { row: row as u8, ..state.door });
        wall.filter(|cell| *cell != state.door).for_each(|cell| cell.light(1, board));
        if !state.open {
            state.door.light(2, board);
        }
        if !state.holds_key {
            state.key.light(3, board);
        }
        self.goal().light(4, board);
    }

    fn is_possible(&self, state: &Self::State) -> bool {
        let inside = [state.walker, state.door, state.key].iter().all(|cell| cell.is_inside(self.size));
        inside && (2..self.size - 2).contains(&usize::from(state.door.column))
    }
}

fn eight() -> u32 {
    8
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::{HashMap, VecDeque};

    fn world(subgoals: bool) -> KeyDoor {
        KeyDoor::new(&KeyDoorOptions { size: 8, subgoals, frame: None, max_episode_steps: None }).unwrap()
    }

    /// Steps of the shortest way to the goal, and its return.
    fn shortest(world: &KeyDoor, start: KeyDoorState) -> Option<(usize, f64)> {
        let mut random = Generator::new(0);
        let number = |state: &KeyDoorState| (state.walker.row, state.walker.column, state.holds_key, state.open);
        let mut seen = HashMap::from([(number(&start), ())]);
        let mut open = VecDeque::from([(start, 0, 0.0)]);
        while let Some((state, steps, total)) = open.pop_front() {
            for action in 0..4 {
                let mut next = state.clone();
                let (reward, arrived) = world.advance(&mut next, action, &mut random);
                if arrived {
                    return Some((steps + 1, total + reward));
                }
                if seen.insert(number(&next), ()).is_none() {
                    open.push_back((next, steps + 1, total + reward));
                }
            }
        }
        None
    }

    #[test]
    fn every_episode_can_be_solved_and_only_by_way_of_the_key() {
        let (world, mut random) = (world(true), Generator::new(5));
        for _ in 0..300 {
            let state = world.start(&mut random);
            assert!(world.is_possible(&state));
            let (steps, total) = shortest(&world, state.clone()).unwrap();
            assert!(steps < 60 && (total - 1.2).abs() < 1e-12, "{steps} {total}");
            let without = KeyDoorState { key: Cell::new(1, 7), ..state };
            assert_eq!(shortest(&world, without), None);
        }
    }

    #[test]
    fn without_subgoals_the_goal_alone_pays() {
        let world = world(false);
        assert_eq!(shortest(&world, world.start(&mut Generator::new(1))).unwrap().1, 1.0);
    }
}
