//! `MinAtar/Asterix`: gather gold and keep away from enemies, which cross the board on eight rows.
//!
//! | Channel | Shows |
//! |---|---|
//! | 0 player | |
//! | 1 enemy | |
//! | 2 trail | the cell behind each thing, which tells where it goes |
//! | 3 gold | |
//!
//! Each of rows 1 to 8 holds at most one thing. Every *spawn interval* (10) steps one appears at the left or right edge of a
//! free row, gold with probability ⅓; every *move interval* (5) steps all move one cell. Gold pays 1.
//!
//! Ramp: every 102 steps the spawn interval falls by 1, and at every other one of them the move interval too, down to 1 each.
//!
//! Start: the player at row 5, column 5, nothing else. End: the player meets an enemy.

use super::action::{Action, LAST, beside, on_board};
use super::{Game, Ramping};
use crate::board::Board;
use crate::numpy::legacy::RandomState;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// Rows on which things move; row 1 is the first.
const ROWS: usize = 8;
/// Steps between ramps.
const RAMP: i32 = 100;

/// The state of the game.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asterix {
    row: i8,
    column: i8,
    things: [Option<Thing>; ROWS],
    spawn_interval: i32,
    spawn_timer: i32,
    move_interval: i32,
    move_timer: i32,
    ramp_timer: i32,
    level: u32,
}

/// What crosses the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Thing {
    column: i8,
    right: bool,
    gold: bool,
}

impl Game for Asterix {
    const NAME: &'static str = "Asterix";
    const CHANNELS: &'static [&'static str] = &["player", "enemy", "trail", "gold"];
    const MINIMAL: &'static [Action] = &[Action::Nothing, Action::Left, Action::Up, Action::Right, Action::Down];

    fn start(_: &mut RandomState) -> Self {
        Self {
            row: 5,
            column: 5,
            things: [None; ROWS],
            spawn_interval: 10,
            spawn_timer: 10,
            move_interval: 5,
            move_timer: 5,
            ramp_timer: RAMP,
            level: 0,
        }
    }

    #[inline]
    fn advance(&mut self, action: Action, ramping: Ramping, random: &mut RandomState) -> (u32, bool) {
        if self.spawn_timer == 0 {
            self.spawn(random);
            self.spawn_timer = self.spawn_interval;
        }
        self.column = action.sideways(self.column);
        self.row = match action {
            Action::Up => (self.row - 1).max(1),
            Action::Down => (self.row + 1).min(ROWS as i8),
            _ => self.row,
        };
        let (mut reward, mut over) = self.meet();
        if self.move_timer == 0 {
            self.move_timer = self.move_interval;
            for slot in &mut self.things {
                let moved = slot.map(|thing| Thing { column: beside(thing.column, thing.right), ..thing });
                *slot = moved.filter(|thing| on_board(thing.column));
            }
            let (more, met) = self.meet();
            reward += more;
            over |= met;
        }
        self.spawn_timer -= 1;
        self.move_timer -= 1;
        if ramping == Ramping::On {
            self.ramp();
        }
        (reward, over)
    }

    #[inline]
    fn paint(&self, board: &mut Board) {
        board.light(0, self.row, self.column);
        for (row, thing) in (1..).zip(&self.things) {
            if let Some(Thing { column, right, gold }) = *thing {
                board.light(if gold { 3 } else { 1 }, row, column);
                board.light(2, row, beside(column, !right));
            }
        }
    }

    fn is_possible(&self) -> bool {
        let within = |interval: i32, timer: i32, most| (1..=most).contains(&interval) && (0..=most).contains(&timer);
        (1..=ROWS as i8).contains(&self.row)
            && on_board(self.column)
            && self.things.iter().flatten().all(|thing| on_board(thing.column))
            && within(self.spawn_interval, self.spawn_timer, 10)
            && within(self.move_interval, self.move_timer, 5)
            && (-1..=RAMP).contains(&self.ramp_timer)
            && self.level <= 9
    }
}

impl Asterix {
    /// Lets a thing appear in one of the free rows; what it is is drawn even if there is none.
    fn spawn(&mut self, random: &mut RandomState) {
        let right = random.rand() < 0.5;
        let gold = random.rand() < 1.0 / 3.0;
        let free = self.things.iter().filter(|thing| thing.is_none()).count();
        let Some(free) = NonZeroU32::new(free as u32) else { return };
        let chosen = random.randint(free) as usize;
        if let Some(slot) = self.things.iter_mut().filter(|thing| thing.is_none()).nth(chosen) {
            *slot = Some(Thing { column: if right { 0 } else { LAST }, right, gold });
        }
    }

    /// What the player meets in its cell: gold is taken, an enemy ends the episode.
    #[inline]
    fn meet(&mut self) -> (u32, bool) {
        let slot = &mut self.things[self.row as usize - 1];
        match slot.filter(|thing| thing.column == self.column) {
            Some(Thing { gold: true, .. }) => {
                *slot = None;
                (1, false)
            }
            Some(_) => (0, true),
            None => (0, false),
        }
    }

    #[inline]
    fn ramp(&mut self) {
        if self.spawn_interval <= 1 && self.move_interval <= 1 {
            return;
        }
        if self.ramp_timer >= 0 {
            self.ramp_timer -= 1;
            return;
        }
        if self.move_interval > 1 && self.level % 2 == 1 {
            self.move_interval -= 1;
        }
        if self.spawn_interval > 1 {
            self.spawn_interval -= 1;
        }
        self.level += 1;
        self.ramp_timer = RAMP;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Action::{Left, Nothing, Right};

    /// The player at row 5, column 5, and one thing in its row; the rewards, the end and the game after `action`.
    fn stepped(thing: Thing, move_timer: i32, action: Action) -> (u32, bool, Asterix) {
        let mut random = RandomState::new(0);
        let mut game = Asterix { move_timer, ..Asterix::start(&mut random) };
        game.things[4] = Some(thing);
        let (reward, over) = game.advance(action, Ramping::On, &mut random);
        (reward, over, game)
    }

    #[test]
    fn an_enemy_is_met_before_and_after_it_moves() {
        let enemy = Thing { column: 6, right: false, gold: false };
        assert!(stepped(enemy, 3, Right).1);
        let (_, over, game) = stepped(enemy, 0, Right);
        assert_eq!((over, game.things[4].map(|thing| thing.column), game.column), (true, Some(5), 6));
        assert!(stepped(enemy, 0, Nothing).1);
        let (_, over, game) = stepped(Thing { column: 3, right: true, gold: false }, 0, Left);
        assert_eq!((over, game.things[4].map(|thing| thing.column), game.column), (true, Some(4), 4));
    }

    #[test]
    fn gold_pays_1_and_is_gone() {
        for action in [Nothing, Right] {
            let (reward, over, game) = stepped(Thing { column: 6, right: false, gold: true }, 0, action);
            assert_eq!((reward, over, game.things[4]), (1, false, None));
        }
    }

    #[test]
    fn ramps_come_every_102_steps_and_end_at_1() {
        let mut random = RandomState::new(0);
        let mut game = Asterix::start(&mut random);
        let mut intervals = vec![];
        for step in 1..=2000 {
            let before = game.level;
            game.advance(Nothing, Ramping::On, &mut random);
            if game.level > before {
                assert_eq!(step, 102 * game.level);
                intervals.push((game.spawn_interval, game.move_interval));
            }
        }
        assert_eq!(intervals, [(9, 5), (8, 4), (7, 4), (6, 3), (5, 3), (4, 2), (3, 2), (2, 1), (1, 1)]);
    }
}
