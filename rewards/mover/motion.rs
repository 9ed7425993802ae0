//! What moves, and how far it has come.
//!
//! A cell moves where the light-free frame changes by more than the sensor's noise; the flow tells which way. What moves
//! carries along how far it has come,
//!
//! ```text
//! d_t(c) = v + the longest d_{t−1} of the cells in which c − v lies
//! ```
//!
//! with v the flow of cell c (where it lies between cells the longest counts, since a thing's rim is slowed by what is still
//! beside it): what starts by itself, swings or turns on the spot has not come from anywhere, and a hand that paused on its way
//! still has. What travels comes to cells, and goes away from others:
//!
//! ```text
//! comes(c)  = the longest d of what travelled, in the last CAME steps, within COMING cells of c with cos(v, way to c) > ALONG
//! leaves(c) = whether something travelled, in the last WENT steps, beside c with cos(v, way to c) < −ALONG
//! ```

use super::light::Light;
use crate::liveliness::{CELL, Liveliness};
use crate::past::Past;
use serde::{Deserialize, Serialize};

/// Steps for which what rests is known to have come from afar.
const PAUSE: u32 = 8;
/// Pixels per step from which motion has a direction.
const SPEED: f32 = 0.3;
/// Cells within which motion that has left a place is looked for.
const AROUND: usize = 4;
/// Cells over which what travels comes to a place.
const COMING: usize = 2;
/// Steps, the present one included, within which what came to a place is seen coming.
const CAME: usize = 4;
/// Steps, the present one included, within which what went away from a place is seen going.
const WENT: usize = 3;
/// Cosine with the way to or from a place above which what travels goes that way.
const ALONG: f32 = 0.5;
/// Share of a cell that must have been in another a step before for that one to count.
const SHARE: f32 = 0.1;

/// A displacement in pixels.
type Way = (f32, f32);

/// The motion of all cells, and what is remembered of their last steps.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Motion {
    rows: usize,
    columns: usize,
    /// Share of the frame's height beyond which what travels together is vast.
    vast: f32,
    moves: Vec<bool>,
    velocity: Vec<Way>,
    /// How far what is, or came to rest, in a cell has come: d, and that of the step before.
    come: Vec<Way>,
    come_before: Vec<Way>,
    /// Whether a cell travels: it moves along, has come from afar, and is not of something vast.
    travels: Vec<bool>,
    /// How far what came to each cell had come, 0 if nothing did, in each of the last steps.
    coming: Past<f32>,
    /// Whether something went away from each cell.
    going: Past<bool>,
    /// Steps since each cell moved.
    quiet: Vec<u32>,
    #[serde(skip)]
    unseen: Vec<bool>,
    #[serde(skip)]
    region: Vec<usize>,
    #[serde(skip)]
    scratch: (Vec<f32>, Vec<bool>),
}

impl Motion {
    /// Nothing moves in `rows` x `columns` cells; what covers more than the share `vast` of the rows will be vast.
    pub(super) fn new(rows: usize, columns: usize, vast: f32) -> Self {
        let count = rows * columns;
        Self {
            rows,
            columns,
            vast,
            moves: vec![false; count],
            velocity: vec![(0.0, 0.0); count],
            come: vec![(0.0, 0.0); count],
            come_before: vec![(0.0, 0.0); count],
            travels: vec![false; count],
            coming: Past::new(CAME, count),
            going: Past::new(WENT, count),
            quiet: vec![u32::MAX; count],
            ..Self::default()
        }
    }

    /// Whether this is the motion of as many cells.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let counts = |motion: &Self| {
            let Self { moves, velocity, come, come_before, travels, quiet, .. } = motion;
            let displacements = [velocity.len(), come.len(), come_before.len()];
            (motion.rows, motion.columns, displacements, [moves.len(), travels.len(), quiet.len()])
        };
        let pasts = [self.coming.check(&other.coming), self.going.check(&other.going)];
        counts(self) == counts(other) && pasts.iter().all(Result::is_ok)
    }

    /// Takes in a step: how much every cell changed, and the flow. What moves by more than `threshold` grey levels and has
    /// come `far` pixels travels.
    pub(super) fn step(&mut self, light: &Light, flow: &Liveliness, threshold: f32, far: f32) {
        std::mem::swap(&mut self.come, &mut self.come_before);
        for cell in 0..self.quiet.len() {
            let velocity = flow.velocities()[cell];
            let moves = light.changes()[cell] > threshold;
            self.moves[cell] = moves;
            self.velocity[cell] = velocity;
            self.come[cell] =
                if moves { plus(self.upstream(cell, velocity), velocity) } else { self.come_before[cell] };
        }
        for (quiet, moves) in self.quiet.iter_mut().zip(&self.moves) {
            *quiet = if *moves { 0 } else { quiet.saturating_add(1) };
        }
        let Self { moves, velocity, come, travels, .. } = self;
        for (cell, travels) in travels.iter_mut().enumerate() {
            *travels = moves[cell] && length(velocity[cell]) > SPEED && length(come[cell]) > far;
        }
        self.forget_the_vast();
        self.follow();
    }

    /// Notes where what travels comes to, and what it goes away from.
    fn follow(&mut self) {
        let (mut coming, mut going) = std::mem::take(&mut self.scratch);
        coming.clear();
        coming.resize(self.quiet.len(), 0.0);
        going.clear();
        going.resize(self.quiet.len(), false);
        for from in (0..self.quiet.len()).filter(|&cell| self.travels[cell]) {
            let come = length(self.come[from]);
            for cell in self.around(from, COMING) {
                let cosine = self.cosine(from, cell);
                if cosine > ALONG {
                    coming[cell] = come.max(coming[cell]);
                }
                going[cell] |= cosine < -ALONG && self.beside(from, cell);
            }
        }
        self.coming.push(&coming);
        self.going.push(&going);
        self.scratch = (coming, going);
    }

    /// Takes regions of cells that travel together and fill much of the frame for the passing of something near, or of the
    /// camera: they go by in front, and what has changed behind them has not changed by them.
    fn forget_the_vast(&mut self) {
        let most = (self.vast * self.rows as f32) as usize;
        self.unseen.clear();
        self.unseen.extend_from_slice(&self.travels);
        for first in 0..self.quiet.len() {
            if !std::mem::take(&mut self.unseen[first]) {
                continue;
            }
            self.region.clear();
            self.region.push(first);
            let mut next = 0;
            while let Some(&cell) = self.region.get(next) {
                for beside in around(cell, 1, self.rows, self.columns) {
                    if std::mem::take(&mut self.unseen[beside]) {
                        self.region.push(beside);
                    }
                }
                next += 1;
            }
            let rows = |cell: &usize| cell / self.columns;
            let bottom = self.region.iter().map(rows).max().unwrap_or_default();
            if bottom - first / self.columns + 1 > most {
                self.region.iter().for_each(|&cell| self.travels[cell] = false);
            }
        }
    }

    /// How far what is in `cell` now had come a step before, when it was where its velocity tells.
    fn upstream(&self, cell: usize, velocity: Way) -> Way {
        let back = |index: usize, velocity: f32, count: usize| {
            let place = (index as f32 - velocity / CELL as f32).clamp(0.0, (count - 1) as f32);
            let low = place as usize;
            [(low, 1.0 - place.fract()), ((low + 1).min(count - 1), place.fract())]
        };
        let mut farthest = (0.0, 0.0);
        for (row, down) in back(cell / self.columns, velocity.1, self.rows) {
            for (column, across) in back(cell % self.columns, velocity.0, self.columns) {
                let from = row * self.columns + column;
                let come = self.come_before[from];
                if self.quiet[from] < PAUSE && down * across > SHARE && length(come) > length(farthest) {
                    farthest = come;
                }
            }
        }
        farthest
    }

    /// Whether `cell` moves.
    pub(super) fn moves(&self, cell: usize) -> bool {
        self.moves[cell]
    }

    /// How far what lately came to `cell` had come, in pixels; 0 if nothing did.
    pub(super) fn comes(&self, cell: usize) -> f32 {
        (0..CAME).filter_map(|ago| self.coming.ago(ago)).map(|coming| coming[cell]).fold(0.0, f32::max)
    }

    /// Whether something beside `cell` lately went away from it.
    pub(super) fn leaves(&self, cell: usize) -> bool {
        (0..WENT).filter_map(|ago| self.going.ago(ago)).any(|going| going[cell])
    }

    /// Whether something travels near `cell`.
    pub(super) fn goes_on(&self, cell: usize) -> bool {
        self.around(cell, AROUND).any(|near| self.travels[near])
    }

    /// The cosine between the motion of cell `from` and the way to cell `to`.
    fn cosine(&self, from: usize, to: usize) -> f32 {
        let (down, across) = self.way(from, to);
        let (dx, dy) = self.velocity[from];
        (across as f32 * dx + down as f32 * dy)
            / ((across as f32).hypot(down as f32) * length((dx, dy))).max(f32::MIN_POSITIVE)
    }

    /// Rows and columns from one cell to another.
    fn way(&self, from: usize, to: usize) -> (isize, isize) {
        let apart = |from: usize, to: usize| to as isize - from as isize;
        (apart(from / self.columns, to / self.columns), apart(from % self.columns, to % self.columns))
    }

    /// Whether two cells touch.
    fn beside(&self, one: usize, other: usize) -> bool {
        let (down, across) = self.way(one, other);
        down.abs().max(across.abs()) == 1
    }

    fn around(&self, cell: usize, reach: usize) -> impl Iterator<Item = usize> + use<> {
        around(cell, reach, self.rows, self.columns)
    }
}

/// The cells within `reach` of `cell`, without it.
fn around(cell: usize, reach: usize, rows: usize, columns: usize) -> impl Iterator<Item = usize> + use<> {
    let near = |index: usize, count: usize| index.saturating_sub(reach)..(index + reach + 1).min(count);
    let (down, across) = (near(cell / columns, rows), near(cell % columns, columns));
    down.flat_map(move |row| across.clone().map(move |column| row * columns + column)).filter(move |&near| near != cell)
}

fn plus(a: Way, b: Way) -> Way {
    (a.0 + b.0, a.1 + b.1)
}

fn length(way: Way) -> f32 {
    way.0.hypot(way.1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use innate_envs::ArraySpec;

    /// Sides of a frame, in cells and in pixels.
    const CELLS: usize = 12;
    const SIDE: usize = CELLS * CELL;

    /// The motion after a block of `high` cells, 2 cells wide and of changing grey, has gone right by 2 pixels per step.
    fn after(steps: usize, high: usize) -> Motion {
        let (mut motion, mut light) = (Motion::new(CELLS, CELLS, 0.6), Light::new(SIDE, SIDE));
        let mut flow = Liveliness::new(&ArraySpec::f32("flow", &[2, SIDE, SIDE], -9.0, 9.0)).unwrap();
        for t in 0..=steps {
            let inside = |i: usize| (2 * t..2 * t + 8).contains(&(i % SIDE)) && i / SIDE < high * CELL;
            let grey = |i: usize| if inside(i) { (i * 53 + t * 97) % 200 } else { 90 };
            light.step(&(0..SIDE * SIDE).map(|i| grey(i) as u8).collect::<Vec<u8>>());
            let across = (0..SIDE * SIDE).map(|i| if inside(i) && t > 0 { 2.0 } else { 0.0 });
            flow.update(&across.chain(std::iter::repeat_n(0.0, SIDE * SIDE)).collect::<Vec<f32>>());
            motion.step(&light, &flow, 6.0, 4.0);
        }
        motion
    }

    #[test]
    fn what_begins_to_move_enters_nothing_until_it_has_come_from_afar() {
        let beside = |steps: usize| (2 * steps + 8) / CELL;
        assert!((0..CELLS).all(|cell| after(2, 3).comes(cell) == 0.0));
        let motion = after(8, 3);
        assert!(motion.comes(CELLS + beside(7)) > 4.0 && motion.goes_on(CELLS + beside(7)));
        assert_eq!(motion.comes(8 * CELLS + beside(7)), 0.0);
    }

    #[test]
    fn what_travels_goes_away_from_what_is_behind_it_for_a_while() {
        // The block's hind edge has left the cells before 16.
        let (motion, row) = (after(8, 3), CELLS);
        assert!(motion.leaves(row + 3) && !motion.leaves(row + 7), "behind it, and before it");
        assert!(!motion.leaves(8 * CELLS + 3));
    }

    #[test]
    fn what_is_vast_passes_in_front_and_enters_nothing() {
        assert!((0..CELLS * CELLS).all(|cell| after(8, CELLS).comes(cell) == 0.0));
    }
}
