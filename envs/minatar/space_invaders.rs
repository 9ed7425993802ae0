//! `MinAtar/SpaceInvaders`: a cannon shoots aliens that come down in a block and shoot back.
//!
//! | Channel | Shows |
//! |---|---|
//! | 0 cannon | in row 9 |
//! | 1 alien | |
//! | 2, 3 alien | again, in 2 while the block moves left, in 3 while it moves right |
//! | 4 own bullet | |
//! | 5 enemy bullet | |
//!
//! Bullets move one row a step. The cannon shoots at most every fifth step. The block moves one column every *base interval*
//! (12) steps, or as many as aliens are left if they are fewer; at an edge it turns and comes down one row instead. Every
//! tenth step the lowest alien of the column nearest to the cannon shoots. An alien shot pays 1.
//!
//! Ramp: each time that all aliens are gone a new block appears, and the base interval falls by 1, down to 6.
//!
//! Start: 24 aliens in rows 0 to 3, the cannon in column 5. End: an alien or an enemy bullet meets the cannon, or an alien
//! in row 9 is to come down.

use super::action::{Action, LAST, SIDE, on_board};
use super::{Game, Ramping};
use crate::board::Board;
use crate::numpy::legacy::RandomState;
use serde::{Deserialize, Serialize};

/// Cells of the board, one bit per column in each row.
type Cells = [u16; SIDE];

const LAST_ROW: usize = SIDE - 1;
const FIRST_COLUMN: u16 = 1;
const LAST_COLUMN: u16 = 1 << LAST;
const ALL_COLUMNS: u16 = (1 << SIDE) - 1;
/// Columns 2 to 7 in rows 0 to 3.
const WAVE: Cells = [0xfc, 0xfc, 0xfc, 0xfc, 0, 0, 0, 0, 0, 0];
const BASE_INTERVAL: u32 = 12;
const LEAST_INTERVAL: u32 = 6;
const ALIEN_SHOT_INTERVAL: u32 = 10;
const FIRE_INTERVAL: u32 = 5;

/// The state of the game.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpaceInvaders {
    cannon: i8,
    aliens: Cells,
    right: bool,
    bullets: Cells,
    enemy_bullets: Cells,
    interval: u32,
    move_timer: u32,
    shot_timer: u32,
    fire_timer: u32,
}

impl Game for SpaceInvaders {
    const NAME: &'static str = "SpaceInvaders";
    const CHANNELS: &'static [&'static str] =
        &["cannon", "alien", "alien moving left", "alien moving right", "own bullet", "enemy bullet"];
    const MINIMAL: &'static [Action] = &[Action::Nothing, Action::Left, Action::Right, Action::Fire];

    fn start(_: &mut RandomState) -> Self {
        Self {
            cannon: 5,
            aliens: WAVE,
            right: false,
            bullets: [0; SIDE],
            enemy_bullets: [0; SIDE],
            interval: BASE_INTERVAL,
            move_timer: BASE_INTERVAL,
            shot_timer: ALIEN_SHOT_INTERVAL,
            fire_timer: 0,
        }
    }

    #[inline]
    fn advance(&mut self, action: Action, ramping: Ramping, _: &mut RandomState) -> (u32, bool) {
        if action == Action::Fire && self.fire_timer == 0 {
            self.bullets[LAST_ROW] |= 1 << self.cannon;
            self.fire_timer = FIRE_INTERVAL;
        }
        self.cannon = action.sideways(self.cannon);
        let here = 1 << self.cannon;
        self.bullets.rotate_left(1);
        self.bullets[LAST_ROW] = 0;
        self.enemy_bullets.rotate_right(1);
        self.enemy_bullets[0] = 0;
        let mut over = (self.enemy_bullets[LAST_ROW] | self.aliens[LAST_ROW]) & here != 0;
        if self.move_timer == 0 {
            self.move_timer = self.interval.min(self.alive());
            over |= self.march();
            over |= self.aliens[LAST_ROW] & here != 0;
        }
        if self.shot_timer == 0 {
            self.shot_timer = ALIEN_SHOT_INTERVAL;
            self.shoot_back();
        }
        let mut reward = 0;
        for (aliens, bullets) in self.aliens.iter_mut().zip(&mut self.bullets) {
            let hit = *aliens & *bullets;
            reward += hit.count_ones();
            *aliens &= !hit;
            *bullets &= !hit;
        }
        self.fire_timer = self.fire_timer.saturating_sub(1);
        self.move_timer -= 1;
        self.shot_timer -= 1;
        if self.alive() == 0 {
            if ramping == Ramping::On && self.interval > LEAST_INTERVAL {
                self.interval -= 1;
            }
            self.aliens = WAVE;
        }
        (reward, over)
    }

    #[inline]
    fn paint(&self, board: &mut Board) {
        board.light(0, LAST, self.cannon);
        let moving = if self.right { 3 } else { 2 };
        light(board, &self.aliens, &[1, moving]);
        light(board, &self.bullets, &[4]);
        light(board, &self.enemy_bullets, &[5]);
    }

    fn is_possible(&self) -> bool {
        let on = |cells: &Cells| cells.iter().all(|row| *row <= ALL_COLUMNS);
        on_board(self.cannon)
            && on(&self.aliens)
            && on(&self.bullets)
            && on(&self.enemy_bullets)
            && self.alive() > 0
            && (LEAST_INTERVAL..=BASE_INTERVAL).contains(&self.interval)
            && self.move_timer <= BASE_INTERVAL
            && self.shot_timer <= ALIEN_SHOT_INTERVAL
            && self.fire_timer <= FIRE_INTERVAL
    }
}

impl SpaceInvaders {
    #[inline]
    fn alive(&self) -> u32 {
        self.aliens.iter().map(|row| row.count_ones()).sum()
    }

    /// Columns that hold an alien.
    #[inline]
    fn columns(&self) -> u16 {
        self.aliens.iter().fold(0, |columns, row| columns | row)
    }

    /// The block moves. Answers with whether an alien was to come down from the last row.
    #[inline]
    fn march(&mut self) -> bool {
        let edge = if self.right { LAST_COLUMN } else { FIRST_COLUMN };
        if self.columns() & edge == 0 {
            self.aliens.iter_mut().for_each(|row| *row = if self.right { *row << 1 } else { *row >> 1 });
            return false;
        }
        self.right = !self.right;
        self.aliens.rotate_right(1);
        self.aliens[0] != 0
    }

    /// The lowest alien of the column nearest to the cannon, the left one of two, shoots.
    #[inline]
    fn shoot_back(&mut self) {
        let columns = self.columns();
        let nearest = (0..=LAST)
            .flat_map(|distance| [self.cannon - distance, self.cannon + distance])
            .find(|&column| on_board(column) && columns & (1 << column) != 0);
        let Some(column) = nearest.map(|column| 1 << column) else { return };
        if let Some(lowest) = self.aliens.iter().rposition(|row| row & column != 0) {
            self.enemy_bullets[lowest] |= column;
        }
    }
}

/// Lights the cells in each of the channels.
#[inline]
fn light(board: &mut Board, cells: &Cells, channels: &[usize]) {
    for (row, columns) in (0..).zip(cells) {
        let mut left = *columns;
        while left != 0 {
            let column = left.trailing_zeros() as i8;
            channels.iter().for_each(|&channel| board.light(channel, row, column));
            left &= left - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Action::{Left, Nothing};

    fn cells(lit: &[(usize, u16)]) -> Cells {
        lit.iter().fold([0; SIDE], |mut cells, (row, column)| {
            cells[*row] |= 1 << column;
            cells
        })
    }

    fn game(aliens: &[(usize, u16)], bullets: &[(usize, u16)]) -> SpaceInvaders {
        let start = SpaceInvaders::start(&mut RandomState::new(0));
        SpaceInvaders { aliens: cells(aliens), bullets: cells(bullets), ..start }
    }

    fn step(game: &mut SpaceInvaders, action: Action) -> (u32, bool) {
        game.advance(action, Ramping::On, &mut RandomState::new(0))
    }

    #[test]
    fn an_alien_in_the_last_row_ends_the_episode_when_the_block_comes_down() {
        let mut low = SpaceInvaders { cannon: 9, move_timer: 0, ..game(&[(9, 5), (0, 0)], &[]) };
        assert_eq!(step(&mut low, Nothing), (0, true));
        assert_eq!((low.aliens, low.right), (cells(&[(0, 5), (1, 0)]), true));
    }

    #[test]
    fn the_nearest_column_shoots_and_of_two_the_left_one() {
        let mut between = SpaceInvaders { shot_timer: 0, ..game(&[(2, 4), (5, 6), (3, 6)], &[]) };
        step(&mut between, Nothing);
        assert_eq!(between.enemy_bullets, cells(&[(2, 4)]));
    }

    #[test]
    fn alien_and_bullet_that_change_places_do_not_meet() {
        let mut passing = SpaceInvaders { move_timer: 0, ..game(&[(4, 0)], &[(5, 0)]) };
        assert_eq!(step(&mut passing, Nothing).0, 0);
        assert_eq!((passing.aliens, passing.bullets), (cells(&[(5, 0)]), cells(&[(4, 0)])));
    }

    #[test]
    fn a_new_block_keeps_direction_timers_and_bullets() {
        let base = game(&[(4, 3), (4, 6)], &[(5, 3), (5, 6)]);
        let mut cleared = SpaceInvaders { right: true, move_timer: 4, ..base };
        assert_eq!(step(&mut cleared, Nothing).0, 2);
        assert_eq!((cleared.aliens, cleared.right, cleared.move_timer, cleared.interval), (WAVE, true, 3, 11));
        let mut last = SpaceInvaders { move_timer: 4, ..game(&[(8, 3)], &[(9, 3), (4, 5)]) };
        assert_eq!(step(&mut last, Nothing).0, 1);
        assert_eq!((last.aliens, last.bullets), (WAVE, cells(&[(3, 5)])));
    }

    #[test]
    fn a_bullet_is_met_where_it_falls_and_not_where_it_lies() {
        let under = |row| SpaceInvaders {
            cannon: 4,
            enemy_bullets: cells(&[(row, 3)]),
            ..SpaceInvaders::start(&mut RandomState::new(0))
        };
        assert!(step(&mut under(8), Left).1);
        assert!(!step(&mut under(9), Left).1);
    }
}
