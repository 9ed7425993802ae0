//! `MinAtar/Seaquest`: a submarine saves divers, shoots what swims, and comes up for air.
//!
//! | Channel | Shows |
//! |---|---|
//! | 0, 1 submarine | its front, the only part that is hit or picks up, and its back |
//! | 2 own bullet | |
//! | 3 trail | the cell behind a fish, an enemy submarine, a diver |
//! | 4, 5, 6 enemy | bullet, fish, submarine |
//! | 7 oxygen | row 9 from the left: a cell for each 20 of 200 |
//! | 8 divers on board | row 9 from the right, from column 8 |
//! | 9 diver | |
//!
//! Enemies appear at an edge of rows 1 to 8 every *spawn interval* (20) steps, divers every 30; enemies move every *move
//! interval* + 1 (6) steps, bullets in every one. Each enemy shot pays 1. Below row 0 oxygen falls by 1 a step. Coming up with
//! six divers pays a point for each 20 of oxygen and unloads them; coming up at all costs one diver and fills the oxygen.
//! So six divers leave −1 on board, with which one can come up again: a quirk of the game that is kept.
//!
//! Ramp: with each coming up the spawn interval falls by 1, down to 1, and with every other one the move interval, down to 2.
//!
//! Start: at row 0, column 5, facing left. End: the front meets an enemy or its bullet, oxygen runs out, or the submarine
//! comes up with no diver.

use super::action::{Action, LAST, beside, on_board};
use super::{Game, Ramping};
use crate::board::Board;
use crate::numpy::legacy::RandomState;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

const FULL: i32 = 200;
/// Divers that fit on board.
const CROWD: i32 = 6;
/// The lowest row that can be entered, and the last one in which things appear.
const BOTTOM: i8 = 8;
/// Rows in which things appear: 1 to 8.
const LANES: NonZeroU32 = NonZeroU32::new(BOTTOM as u32).unwrap();
const ENEMY_INTERVAL: i32 = 20;
const ENEMY_MOVE: i32 = 5;
const LEAST_ENEMY_MOVE: i32 = 2;
const ENEMY_SHOT: i32 = 10;
const DIVER_INTERVAL: i32 = 30;
const DIVER_MOVE: i32 = 5;
const FIRE_INTERVAL: i32 = 5;
/// More things than fit in any running episode: a damaged file may hold more.
const MANY: usize = 1000;

/// The state of the game. Things of a kind stand in the order in which they appeared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seaquest {
    front: Cell,
    right: bool,
    oxygen: i32,
    /// Divers on board; below 0 after coming up with six.
    aboard: i32,
    surfaced: bool,
    bullets: Vec<Mover>,
    enemy_bullets: Vec<Mover>,
    fish: Vec<Mover>,
    submarines: Vec<Mover>,
    divers: Vec<Mover>,
    spawn_interval: i32,
    spawn_timer: i32,
    diver_timer: i32,
    move_interval: i32,
    fire_timer: i32,
    level: u32,
}

/// Row and column.
type Cell = [i8; 2];

/// What moves along a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mover {
    at: Cell,
    right: bool,
    /// Steps until it moves; bullets move in every one.
    timer: i32,
    /// Steps until it shoots; only enemy submarines do.
    shot_timer: i32,
}

/// What became of something in a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Stays,
    Gone,
}

impl Game for Seaquest {
    const NAME: &'static str = "Seaquest";
    const CHANNELS: &'static [&'static str] = &[
        "submarine front",
        "submarine back",
        "own bullet",
        "trail",
        "enemy bullet",
        "enemy fish",
        "enemy submarine",
        "oxygen",
        "divers on board",
        "diver",
    ];
    const MINIMAL: &'static [Action] = &Action::ALL;

    fn start(_: &mut RandomState) -> Self {
        Self {
            front: [0, 5],
            right: false,
            oxygen: FULL,
            aboard: 0,
            surfaced: true,
            bullets: Vec::new(),
            enemy_bullets: Vec::new(),
            fish: Vec::new(),
            submarines: Vec::new(),
            divers: Vec::new(),
            spawn_interval: ENEMY_INTERVAL,
            spawn_timer: ENEMY_INTERVAL,
            diver_timer: DIVER_INTERVAL,
            move_interval: ENEMY_MOVE,
            fire_timer: 0,
            level: 0,
        }
    }

    #[inline]
    fn advance(&mut self, action: Action, ramping: Ramping, random: &mut RandomState) -> (u32, bool) {
        self.spawn(random);
        self.steer(action);
        let mut reward = self.fly_bullets();
        self.swim_divers();
        let mut over = false;
        let (shot, met) = self.swim_submarines();
        (reward, over) = (reward + shot, over | met);
        over |= self.fly_enemy_bullets();
        let (shot, met) = self.swim_fish();
        (reward, over) = (reward + shot, over | met);
        for timer in [&mut self.spawn_timer, &mut self.diver_timer, &mut self.fire_timer] {
            *timer -= i32::from(*timer > 0);
        }
        over |= self.oxygen <= 0;
        if self.front[0] > 0 {
            self.oxygen -= 1;
            self.surfaced = false;
        } else if !self.surfaced {
            if self.aboard == 0 {
                over = true;
            } else {
                reward += self.surface(ramping);
            }
        }
        (reward, over)
    }

    #[inline]
    fn paint(&self, board: &mut Board) {
        let [row, column] = self.front;
        board.light(0, row, column);
        board.light(1, row, beside(column, !self.right));
        let channels =
            [(2, &self.bullets), (4, &self.enemy_bullets), (5, &self.fish), (6, &self.submarines), (9, &self.divers)];
        for (channel, movers) in channels {
            for &Mover { at: [row, column], right, .. } in movers {
                board.light(channel, row, column);
                if channel >= 5 {
                    board.light(3, row, beside(column, !right));
                }
            }
        }
        (0..gauge(self.oxygen) as i8).for_each(|column| board.light(7, LAST, column));
        (0..self.aboard.max(0) as i8).for_each(|diver| board.light(8, LAST, LAST - 1 - diver));
    }

    fn is_possible(&self) -> bool {
        let kinds = [&self.bullets, &self.enemy_bullets, &self.fish, &self.submarines, &self.divers];
        let possible = |mover: &Mover| {
            let [row, column] = mover.at;
            on_board(row) && on_board(column) && mover.timer.min(mover.shot_timer) >= 0
        };
        (0..=BOTTOM).contains(&self.front[0])
            && on_board(self.front[1])
            && (0..=FULL).contains(&self.oxygen)
            && self.aboard <= CROWD
            && self.aboard > i32::MIN / 2
            && kinds.iter().all(|kind| kind.len() <= MANY && kind.iter().all(possible))
            && (1..=ENEMY_INTERVAL).contains(&self.spawn_interval)
            && (0..=ENEMY_INTERVAL).contains(&self.spawn_timer)
            && (0..=DIVER_INTERVAL).contains(&self.diver_timer)
            && (LEAST_ENEMY_MOVE..=ENEMY_MOVE).contains(&self.move_interval)
            && (0..=FIRE_INTERVAL).contains(&self.fire_timer)
            && self.level <= MANY as u32
    }
}

impl Seaquest {
    /// Lets an enemy and a diver appear when it is time. No enemy does where one swims the other way.
    #[inline]
    fn spawn(&mut self, random: &mut RandomState) {
        let edge = |right: bool| if right { 0 } else { LAST };
        if self.spawn_timer == 0 {
            let right = random.rand() < 0.5;
            let shoots = random.rand() < 1.0 / 3.0;
            let row = 1 + random.randint(LANES) as i8;
            let against = |other: &Mover| other.at[0] == row && other.right != right;
            if !self.fish.iter().chain(&self.submarines).any(against) {
                let kind = if shoots { &mut self.submarines } else { &mut self.fish };
                kind.push(Mover { at: [row, edge(right)], right, timer: self.move_interval, shot_timer: ENEMY_SHOT });
            }
            self.spawn_timer = self.spawn_interval;
        }
        if self.diver_timer == 0 {
            let right = random.rand() < 0.5;
            let row = 1 + random.randint(LANES) as i8;
            self.divers.push(Mover { at: [row, edge(right)], right, timer: DIVER_MOVE, shot_timer: 0 });
            self.diver_timer = DIVER_INTERVAL;
        }
    }

    #[inline]
    fn steer(&mut self, action: Action) {
        let [row, column] = self.front;
        match action {
            Action::Fire if self.fire_timer == 0 => {
                self.bullets.push(Mover { at: self.front, right: self.right, timer: 0, shot_timer: 0 });
                self.fire_timer = FIRE_INTERVAL;
            }
            Action::Left | Action::Right => {
                self.right = action == Action::Right;
                self.front = [row, action.sideways(column)];
            }
            Action::Up => self.front = [(row - 1).max(0), column],
            Action::Down => self.front = [(row + 1).min(BOTTOM), column],
            Action::Fire | Action::Nothing => {}
        }
    }

    /// Own bullets fly and hit the oldest fish, or else the oldest submarine, in their cell. Answers with the number hit.
    #[inline]
    fn fly_bullets(&mut self) -> u32 {
        let mut hits = 0;
        let (fish, submarines) = (&mut self.fish, &mut self.submarines);
        newest_first(&mut self.bullets, |bullet| {
            if bullet.advance() == Fate::Gone {
                return Fate::Gone;
            }
            let hit = remove_oldest(fish, bullet.at) || remove_oldest(submarines, bullet.at);
            hits += u32::from(hit);
            if hit { Fate::Gone } else { Fate::Stays }
        });
        hits
    }

    /// Divers are taken aboard where they meet the front, and swim.
    #[inline]
    fn swim_divers(&mut self) {
        let (front, aboard) = (self.front, &mut self.aboard);
        newest_first(&mut self.divers, |diver| {
            let mut boards = |diver: &Mover| {
                let boards = diver.at == front && *aboard < CROWD;
                *aboard += i32::from(boards);
                boards
            };
            if boards(diver) {
                return Fate::Gone;
            }
            if !diver.is_due(DIVER_MOVE) {
                return Fate::Stays;
            }
            if diver.advance() == Fate::Gone || boards(diver) { Fate::Gone } else { Fate::Stays }
        });
    }

    /// Enemy submarines swim and shoot, one that was just hit or left the board included.
    #[inline]
    fn swim_submarines(&mut self) -> (u32, bool) {
        let (mut hits, mut over) = (0, false);
        let Self { front, bullets, enemy_bullets, move_interval, .. } = self;
        newest_first(&mut self.submarines, |submarine| {
            let (fate, hit, met) = submarine.swim(*front, *move_interval, bullets);
            hits += u32::from(hit);
            over |= met;
            if submarine.shot_timer == 0 {
                submarine.shot_timer = ENEMY_SHOT;
                enemy_bullets.push(Mover { timer: 0, shot_timer: 0, ..*submarine });
            } else {
                submarine.shot_timer -= 1;
            }
            fate
        });
        (hits, over)
    }

    /// Fish swim. Answers with the number that met a bullet, and whether one met the front.
    #[inline]
    fn swim_fish(&mut self) -> (u32, bool) {
        let (mut hits, mut over) = (0, false);
        let Self { front, bullets, move_interval, .. } = self;
        newest_first(&mut self.fish, |fish| {
            let (fate, hit, met) = fish.swim(*front, *move_interval, bullets);
            hits += u32::from(hit);
            over |= met;
            fate
        });
        (hits, over)
    }

    /// Enemy bullets fly. Answers with whether one met the front.
    #[inline]
    fn fly_enemy_bullets(&mut self) -> bool {
        let (front, mut over) = (self.front, false);
        newest_first(&mut self.enemy_bullets, |bullet| {
            over |= bullet.at == front;
            let fate = bullet.advance();
            over |= fate == Fate::Stays && bullet.at == front;
            fate
        });
        over
    }

    /// Comes up with divers on board. Answers with the reward.
    fn surface(&mut self, ramping: Ramping) -> u32 {
        self.surfaced = true;
        let mut reward = 0;
        if self.aboard == CROWD {
            reward = gauge(self.oxygen);
            self.aboard = 0;
        }
        self.oxygen = FULL;
        self.aboard -= 1;
        if ramping == Ramping::On && (self.spawn_interval > 1 || self.move_interval > LEAST_ENEMY_MOVE) {
            if self.move_interval > LEAST_ENEMY_MOVE && self.level % 2 == 1 {
                self.move_interval -= 1;
            }
            if self.spawn_interval > 1 {
                self.spawn_interval -= 1;
            }
            self.level += 1;
        }
        reward
    }
}

impl Mover {
    /// Moves one column.
    #[inline]
    fn advance(&mut self) -> Fate {
        self.at[1] = beside(self.at[1], self.right);
        if on_board(self.at[1]) { Fate::Stays } else { Fate::Gone }
    }

    /// Whether it moves in this step; if it does, the next move is `interval` steps of waiting away.
    #[inline]
    fn is_due(&mut self, interval: i32) -> bool {
        let due = self.timer == 0;
        self.timer = if due { interval } else { self.timer - 1 };
        due
    }

    /// A step of an enemy: what becomes of it, whether it ran into an own bullet, and whether it met the front.
    #[inline]
    fn swim(&mut self, front: Cell, interval: i32, bullets: &mut Vec<Mover>) -> (Fate, bool, bool) {
        let met = self.at == front;
        if !self.is_due(interval) {
            return (Fate::Stays, false, met);
        }
        if self.advance() == Fate::Gone {
            return (Fate::Gone, false, met);
        }
        if self.at == front {
            return (Fate::Stays, false, true);
        }
        let hit = remove_oldest(bullets, self.at);
        (if hit { Fate::Gone } else { Fate::Stays }, hit, met)
    }
}

/// A step of each of `movers`, from the newest to the oldest; the others keep their order.
#[inline]
fn newest_first(movers: &mut Vec<Mover>, mut step: impl FnMut(&mut Mover) -> Fate) {
    for place in (0..movers.len()).rev() {
        if step(&mut movers[place]) == Fate::Gone {
            movers.remove(place);
        }
    }
}

/// Removes the oldest one in `cell`. Answers with whether there was one.
#[inline]
fn remove_oldest(movers: &mut Vec<Mover>, cell: Cell) -> bool {
    match movers.iter().position(|mover| mover.at == cell) {
        Some(place) => {
            movers.remove(place);
            true
        }
        None => false,
    }
}

/// Cells of the gauge that `oxygen` lights, and the points that it is worth.
#[inline]
fn gauge(oxygen: i32) -> u32 {
    (oxygen.max(0) * 10 / FULL) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use Action::{Fire, Nothing, Up};

    fn mover(row: i8, column: i8, right: bool, timer: i32) -> Mover {
        Mover { at: [row, column], right, timer, shot_timer: ENEMY_SHOT }
    }

    /// A submarine under water at (2, 5), facing left.
    fn game() -> Seaquest {
        Seaquest { front: [2, 5], surfaced: false, ..Seaquest::start(&mut RandomState::new(0)) }
    }

    fn step(game: &mut Seaquest, action: Action) -> (u32, bool) {
        game.advance(action, Ramping::On, &mut RandomState::new(0))
    }

    #[test]
    fn an_enemy_submarine_shot_in_the_step_of_its_own_shot_leaves_the_shot_behind() {
        let due = Mover { shot_timer: 0, ..mover(6, 5, true, 0) };
        let mut shot = Seaquest { submarines: vec![due], bullets: vec![mover(6, 7, false, 0)], ..game() };
        // The bullet comes to column 6 and so does the submarine; its bullet then flies on to column 7.
        assert_eq!(step(&mut shot, Nothing), (1, false));
        assert!(shot.submarines.is_empty() && shot.bullets.is_empty());
        assert_eq!(shot.enemy_bullets.iter().map(|bullet| bullet.at).collect::<Vec<_>>(), [[6, 7]]);
        let mut before = Seaquest { submarines: vec![due], bullets: vec![mover(6, 6, false, 0)], ..game() };
        assert_eq!(step(&mut before, Nothing), (1, false));
        assert!(before.submarines.is_empty() && before.enemy_bullets.is_empty());
        let leaving = Mover { shot_timer: 0, ..mover(6, 9, true, 0) };
        let mut left = Seaquest { submarines: vec![leaving], ..game() };
        step(&mut left, Nothing);
        assert!(left.submarines.is_empty() && left.enemy_bullets.is_empty());
    }

    #[test]
    fn a_bullet_hits_the_oldest_fish_before_any_submarine() {
        let (older, newer) = (mover(2, 4, true, 3), mover(2, 4, true, 4));
        let mut crowd = Seaquest { fish: vec![older, newer], submarines: vec![older], ..game() };
        assert_eq!(step(&mut crowd, Fire), (1, false));
        assert_eq!((crowd.fish.len(), crowd.fish[0].timer, crowd.submarines.len()), (1, 3, 1));
    }

    #[test]
    fn a_fish_that_swims_into_two_bullets_takes_the_older_one_with_it() {
        let bullets = vec![mover(6, 3, true, 0), mover(6, 5, false, 0)];
        let mut meeting = Seaquest { bullets, fish: vec![mover(6, 3, true, 0)], ..game() };
        assert_eq!(step(&mut meeting, Nothing), (1, false));
        assert_eq!((meeting.bullets.len(), meeting.bullets[0].right, meeting.fish.len()), (1, false, 0));
    }

    #[test]
    fn bullets_pass_each_other_and_the_back_is_not_hit() {
        let crossing = mover(4, 2, true, 0);
        let mut passing = Seaquest { bullets: vec![mover(4, 4, false, 0)], enemy_bullets: vec![crossing], ..game() };
        assert_eq!(step(&mut passing, Nothing), (0, false));
        assert_eq!((passing.bullets[0].at, passing.enemy_bullets[0].at), ([4, 3], [4, 3]));
        assert_eq!(step(&mut Seaquest { fish: vec![mover(2, 6, true, 3)], ..game() }, Nothing), (0, false));
    }

    #[test]
    fn six_divers_fit_and_the_newest_is_taken_first() {
        let mut full = Seaquest { aboard: 5, divers: vec![mover(2, 5, true, 4), mover(2, 5, false, 4)], ..game() };
        step(&mut full, Nothing);
        assert_eq!((full.aboard, full.divers.len(), full.divers[0].right), (6, 1, true));
    }

    #[test]
    fn coming_up_pays_for_six_divers_and_kills_only_without_any() {
        let up = |aboard, oxygen| {
            let mut game = Seaquest { front: [1, 5], aboard, oxygen, ..game() };
            let (reward, over) = step(&mut game, Up);
            (reward, over, game.aboard, game.oxygen)
        };
        assert_eq!(up(0, 77), (0, true, 0, 77));
        assert_eq!(up(6, 199), (9, false, -1, 200));
        assert_eq!(up(-1, 50), (0, false, -2, 200));
        assert_eq!(up(1, 0), (0, true, 0, 200));
        assert_eq!([200, 199, 180, 179, 20, 19, 0, -1].map(gauge), [10, 9, 9, 8, 1, 0, 0, 0]);
    }
}
