//! `MinAtar/Breakout`: a paddle keeps a ball in play that breaks three rows of bricks.
//!
//! | Channel | Shows |
//! |---|---|
//! | 0 paddle | in row 9 |
//! | 1 ball | |
//! | 2 trail | where the ball was before the step |
//! | 3 brick | rows 1 to 3 at the start |
//!
//! The ball moves one cell diagonally in every step. At a side wall it turns back and keeps its column for the step; the top
//! wall, a brick and the paddle turn it up or down. A brick pays 1 and vanishes; then the ball passes through bricks until
//! its way has been free of them for a step. Bricks come back when all are gone and the ball comes down to row 9.
//!
//! Start: the ball in row 3 at the left or the right edge, moving down and inwards. End: the ball reaches row 9 and meets
//! no paddle.

use super::action::{Action, LAST, SIDE, beside, on_board};
use super::{Game, Ramping};
use crate::board::Board;
use crate::numpy::legacy::RandomState;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// Rows of bricks.
const ROWS: std::ops::RangeInclusive<i8> = 1..=3;
/// All bricks, one bit each, row by row.
const WALL: u32 = (1 << (3 * SIDE)) - 1;

/// The state of the game.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breakout {
    paddle: i8,
    /// Row and column of the ball, now and before the last step.
    ball: [i8; 2],
    trail: [i8; 2],
    down: bool,
    right: bool,
    bricks: u32,
    /// A brick was broken, and the ball has met one in every step since.
    struck: bool,
}

impl Game for Breakout {
    const NAME: &'static str = "Breakout";
    const CHANNELS: &'static [&'static str] = &["paddle", "ball", "trail", "brick"];
    const MINIMAL: &'static [Action] = &[Action::Nothing, Action::Left, Action::Right];

    fn start(random: &mut RandomState) -> Self {
        const SIDES: NonZeroU32 = NonZeroU32::new(2).unwrap();
        let from_left = random.randint(SIDES) == 0;
        let ball = [3, if from_left { 0 } else { LAST }];
        Self { paddle: 4, ball, trail: ball, down: true, right: from_left, bricks: WALL, struck: false }
    }

    #[inline]
    fn advance(&mut self, action: Action, _: Ramping, _: &mut RandomState) -> (u32, bool) {
        self.paddle = action.sideways(self.paddle);
        self.trail = self.ball;
        let [old_row, old_column] = self.ball;
        let mut row = beside(old_row, self.down);
        let mut column = beside(old_column, self.right);
        if !on_board(column) {
            column = old_column;
            self.right = !self.right;
        }
        let brick = Self::brick(row, column) & self.bricks;
        let (mut reward, mut over) = (0, false);
        if row < 0 {
            row = 0;
            self.down = !self.down;
        } else if brick != 0 && !self.struck {
            reward = 1;
            self.bricks &= !brick;
            row = old_row;
            self.down = !self.down;
        } else if row == LAST {
            if self.bricks == 0 {
                self.bricks = WALL;
            }
            if old_column == self.paddle || column == self.paddle {
                self.right ^= old_column != self.paddle;
                self.down = !self.down;
                row = old_row;
            } else {
                over = true;
            }
        }
        self.struck = brick != 0;
        self.ball = [row, column];
        (reward, over)
    }

    #[inline]
    fn paint(&self, board: &mut Board) {
        board.light(0, LAST, self.paddle);
        board.light(1, self.ball[0], self.ball[1]);
        board.light(2, self.trail[0], self.trail[1]);
        let mut left = self.bricks;
        while left != 0 {
            let brick = left.trailing_zeros() as usize;
            board.light(3, ROWS.start() + (brick / SIDE) as i8, (brick % SIDE) as i8);
            left &= left - 1;
        }
    }

    fn is_possible(&self) -> bool {
        let on = |[row, column]: [i8; 2]| (0..LAST).contains(&row) && on_board(column);
        on(self.ball) && on(self.trail) && on_board(self.paddle) && self.bricks <= WALL
    }
}

impl Breakout {
    /// The bit of the brick that belongs in a cell; none if no brick does.
    #[inline]
    fn brick(row: i8, column: i8) -> u32 {
        if ROWS.contains(&row) { 1 << ((row - ROWS.start()) as usize * SIDE + column as usize) } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Action::{Left, Nothing};

    fn game(ball: [i8; 2], down: bool, right: bool, paddle: i8, bricks: u32) -> Breakout {
        Breakout { paddle, ball, trail: [0, 0], down, right, bricks, struck: false }
    }

    /// One step; the game after it, its reward and whether it is over.
    fn stepped(mut game: Breakout, action: Action) -> (Breakout, u32, bool) {
        let (reward, over) = game.advance(action, Ramping::On, &mut RandomState::new(0));
        (game, reward, over)
    }

    fn moves(game: &Breakout) -> ([i8; 2], &'static str) {
        let way = match (game.down, game.right) {
            (true, true) => "down right",
            (true, false) => "down left",
            (false, true) => "up right",
            (false, false) => "up left",
        };
        (game.ball, way)
    }

    #[test]
    fn the_paddle_turns_the_ball_where_it_was_and_where_it_goes_but_nowhere_else() {
        let falling = |paddle| game([8, 4], true, false, paddle, 1);
        assert_eq!(moves(&stepped(falling(4), Nothing).0), ([8, 3], "up left"));
        assert_eq!(moves(&stepped(falling(3), Nothing).0), ([8, 3], "up right"));
        let (lost, _, over) = stepped(falling(5), Nothing);
        assert_eq!((lost.ball, over), ([9, 3], true));
        let (kept, _, over) = stepped(falling(5), Left);
        assert_eq!((moves(&kept), kept.paddle, over), (([8, 3], "up left"), 4, false));
    }

    #[test]
    fn in_a_corner_wall_and_paddle_turn_the_ball_together() {
        let (turned, ..) = stepped(game([8, 0], true, false, 0, 1), Nothing);
        assert_eq!((moves(&turned), turned.trail), (([8, 0], "up right"), [8, 0]));
        let (lost, _, over) = stepped(game([8, 0], true, false, 1, 1), Nothing);
        assert_eq!((lost.ball, over), ([9, 0], true));
        assert_eq!(moves(&stepped(game([0, 0], false, false, 4, 1), Nothing).0), ([0, 0], "down right"));
    }

    #[test]
    fn a_brick_pays_once_and_the_ball_then_passes_through_the_next() {
        let brick = Breakout::brick(3, 6);
        let (mut hit, reward, _) = stepped(game([4, 5], false, true, 4, brick), Nothing);
        assert_eq!((moves(&hit), reward, hit.struck, hit.bricks), (([4, 6], "down right"), 1, true, 0));
        hit = game([4, 5], false, true, 4, brick);
        hit.struck = true;
        let (passed, reward, _) = stepped(hit, Nothing);
        assert_eq!((moves(&passed), reward, passed.struck, passed.bricks), (([3, 6], "up right"), 0, true, brick));
        let (side, reward, _) = stepped(game([4, 9], false, true, 4, Breakout::brick(3, 9)), Nothing);
        assert_eq!((moves(&side), reward), (([4, 9], "down left"), 1));
    }

    #[test]
    fn bricks_come_back_as_the_ball_comes_down_even_if_it_is_lost() {
        let (caught, _, over) = stepped(game([8, 4], true, false, 4, 0), Nothing);
        assert_eq!((caught.bricks, moves(&caught), over), (WALL, ([8, 3], "up left"), false));
        let (lost, _, over) = stepped(game([8, 4], true, false, 9, 0), Nothing);
        assert_eq!((lost.bricks, lost.ball, over), (WALL, [9, 3], true));
    }
}
