//! `MinAtar/Freeway`: a chicken crosses a road of eight lanes, again and again.
//!
//! | Channel | Shows |
//! |---|---|
//! | 0 chicken | in column 4 |
//! | 1 car | |
//! | 2 to 6 trail of slowness 1 to 5 | the cell behind a car, which tells where and how fast it goes |
//!
//! A car of slowness s moves one cell every s + 1 steps and comes back at the other edge. The chicken moves up or down at
//! most every third step; a car sends it back to row 9. Row 0 pays 1: the chicken returns to row 9, and every car gets a
//! new slowness and direction, and stays where it is.
//!
//! Start: the chicken in row 9, all cars in column 0. End: after 2,501 steps.

use super::action::{Action, LAST, beside};
use super::{Game, Ramping};
use crate::board::Board;
use crate::numpy::legacy::RandomState;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// Lanes; lane 0 is row 1.
const LANES: usize = 8;
/// The chicken's column.
const COLUMN: i8 = 4;
/// Steps from one move of the chicken to the next.
const COOLDOWN: i8 = 3;
/// Steps after which time is up.
const TIME: i32 = 2500;
/// Kinds of slowness.
const SLOWNESSES: NonZeroU32 = NonZeroU32::new(5).unwrap();

/// The state of the game.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeway {
    row: i8,
    cooldown: i8,
    time: i32,
    cars: [Car; LANES],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Car {
    column: i8,
    right: bool,
    slowness: i8,
    timer: i8,
}

impl Game for Freeway {
    const NAME: &'static str = "Freeway";
    const CHANNELS: &'static [&'static str] =
        &["chicken", "car", "trail of slowness 1", "of 2", "of 3", "of 4", "of 5"];
    const MINIMAL: &'static [Action] = &[Action::Nothing, Action::Up, Action::Down];

    fn start(random: &mut RandomState) -> Self {
        let mut game = Self { row: LAST, cooldown: COOLDOWN, time: TIME, cars: [Car::default(); LANES] };
        game.draw_cars(random);
        game
    }

    #[inline]
    fn advance(&mut self, action: Action, _: Ramping, random: &mut RandomState) -> (u32, bool) {
        if self.cooldown == 0 && matches!(action, Action::Up | Action::Down) {
            self.cooldown = COOLDOWN;
            self.row = if action == Action::Up { (self.row - 1).max(0) } else { (self.row + 1).min(LAST) };
        }
        let mut reward = 0;
        if self.row == 0 {
            reward = 1;
            self.draw_cars(random);
            self.row = LAST;
        }
        for (lane, car) in (1..).zip(&mut self.cars) {
            let hits = |car: &Car, row: i8| car.column == COLUMN && row == lane;
            if hits(car, self.row) {
                self.row = LAST;
            }
            if car.timer > 0 {
                car.timer -= 1;
                continue;
            }
            car.timer = car.slowness;
            car.column = wrapped(beside(car.column, car.right));
            if hits(car, self.row) {
                self.row = LAST;
            }
        }
        self.cooldown -= i8::from(self.cooldown > 0);
        self.time -= 1;
        (reward, self.time < 0)
    }

    #[inline]
    fn paint(&self, board: &mut Board) {
        board.light(0, self.row, COLUMN);
        for (lane, car) in (1..).zip(&self.cars) {
            board.light(1, lane, car.column);
            board.light(1 + car.slowness as usize, lane, wrapped(beside(car.column, !car.right)));
        }
    }

    fn is_possible(&self) -> bool {
        (1..=LAST).contains(&self.row)
            && (0..=COOLDOWN).contains(&self.cooldown)
            && (0..=TIME).contains(&self.time)
            && self.cars.iter().all(Car::is_possible)
    }
}

impl Freeway {
    /// Draws slowness and direction of every car.
    fn draw_cars(&mut self, random: &mut RandomState) {
        for car in &mut self.cars {
            car.slowness = 1 + random.randint(SLOWNESSES) as i8;
            car.timer = car.slowness;
        }
        self.cars.iter_mut().for_each(|car| car.right = random.rand() > 0.5);
    }
}

impl Car {
    fn is_possible(&self) -> bool {
        (0..=LAST).contains(&self.column) && (1..=5).contains(&self.slowness) && (0..=5).contains(&self.timer)
    }
}

/// A column beyond one edge of the road is the first one at the other.
#[inline]
fn wrapped(column: i8) -> i8 {
    match column {
        -1 => LAST,
        column if column > LAST => 0,
        column => column,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Action::{Nothing, Up};

    /// A chicken in `row` that may move, and cars that stay far from it for now but for the given ones.
    fn game(row: i8, cars: &[(usize, Car)]) -> Freeway {
        let far = Car { column: 8, right: true, slowness: 5, timer: 5 };
        let mut game = Freeway { row, cooldown: 0, time: TIME, cars: [far; LANES] };
        cars.iter().for_each(|(row, car)| game.cars[row - 1] = *car);
        game
    }

    fn car(column: i8, right: bool, timer: i8) -> Car {
        Car { column, right, slowness: 2, timer }
    }

    #[test]
    fn a_car_hits_before_it_moves_after_it_moves_and_one_after_the_other() {
        let stepped = |mut game: Freeway, action| {
            game.advance(action, Ramping::On, &mut RandomState::new(0));
            game
        };
        let stands = stepped(game(6, &[(5, car(4, true, 2))]), Up);
        assert_eq!((stands.row, stands.cars[4].timer, stands.cars[4].column), (9, 1, 4));
        let leaves = stepped(game(6, &[(5, car(4, true, 0))]), Up);
        assert_eq!((leaves.row, leaves.cars[4].column), (9, 5));
        let comes = stepped(game(5, &[(5, car(3, true, 0))]), Nothing);
        assert_eq!((comes.row, comes.cars[4].column), (9, 4));
        let next = stepped(game(5, &[(5, car(5, false, 0)), (4, car(4, true, 1))]), Up);
        assert_eq!(next.row, 9);
    }

    #[test]
    fn the_other_side_pays_1_and_draws_the_cars_anew_before_they_move() {
        let mut game = game(1, &[]);
        let mut random = RandomState::new(0);
        let mut copy = random.clone();
        assert_eq!(game.advance(Up, Ramping::On, &mut random), (1, false));
        let slownesses: [i8; LANES] = std::array::from_fn(|_| 1 + copy.randint(SLOWNESSES) as i8);
        assert_eq!(slownesses, [5, 1, 4, 4, 4, 2, 4, 3]);
        assert_eq!((game.row, game.cars.map(|car| car.timer)), (9, slownesses.map(|slowness| slowness - 1)));
    }
}
