//! What places look like: by long habit, before something came, and now.
//!
//! ```text
//! moved(c) = min over shifts s of at most SLACK pixels of
//!            mean over the square P around c of |(J − J̄)(now, P) − (J − J̄)(before, P + s)|
//! ```
//!
//! A place that only swayed a little looks the same somewhere near; one that lost or got a thing does not.

use super::light::Light;
use crate::liveliness::CELL;
use serde::{Deserialize, Serialize};

/// Steps from the beginning in which a place that moves is not settled yet.
const BEGINNING: usize = 3;
/// Share of the newest look in a usual one.
const NEWEST: f32 = 0.3;
/// Pixels of a cell.
const PIXELS: usize = CELL * CELL;
/// Pixels by which what is the same may have shifted.
const SLACK: usize = 2;
/// Half the side of the square that is compared.
const HALF: usize = 3;
/// Side and pixels of what is remembered of a place.
const SIDE: usize = 2 * (HALF + SLACK);
const WINDOW: usize = SIDE * SIDE;

/// What every cell looks like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Looks {
    width: usize,
    height: usize,
    columns: usize,
    /// By cell, its usual look, its mean removed, and whether it has one.
    usual: Vec<[f32; PIXELS]>,
    has: Vec<bool>,
    /// By cell, the square around it before something came.
    before: Vec<f32>,
    /// Steps of the episode.
    steps: usize,
    /// Quiet steps after which what a place looks like is what it usually looks like; 0: whatever it looks like is usual.
    settled: usize,
}

impl Looks {
    /// For frames of this size in pixels, in which places are settled after so many quiet steps.
    pub(super) fn new(width: usize, height: usize, settled: usize) -> Self {
        let columns = width / CELL;
        let cells = height / CELL * columns;
        let (usual, has) = (vec![[0.0; PIXELS]; cells], vec![false; cells]);
        Self { width, height, columns, usual, has, before: vec![0.0; cells * WINDOW], steps: 0, settled }
    }

    /// Whether these are of frames of the same size.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let sizes = |looks: &Self| {
            let lengths = (looks.usual.len(), looks.has.len(), looks.before.len());
            (looks.width, looks.height, looks.columns, looks.settled, lengths)
        };
        sizes(self) == sizes(other)
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.has.fill(false);
        self.steps = 0;
    }

    /// A step begins.
    pub(super) fn step(&mut self) {
        self.steps += 1;
    }

    /// Gets used to how `cell` looks, which has been quiet for `quiet` steps.
    pub(super) fn settle(&mut self, cell: usize, quiet: usize, light: &Light) {
        let (first, settled) = (self.steps == 1, self.settled);
        if self.steps <= BEGINNING && quiet == 0 {
            self.has[cell] = false;
        } else if first || quiet >= settled && self.steps > settled {
            let newest = if first || quiet == settled { 1.0 } else { NEWEST };
            let look = self.look(cell, light.ago(0));
            self.usual[cell].iter_mut().zip(look).for_each(|(usual, now)| *usual += newest * (now - *usual));
            self.has[cell] = true;
        }
    }

    /// Whether `cell` looked as usual `ago` steps before, within `tolerance` grey levels per pixel.
    pub(super) fn is_usual(&self, cell: usize, light: &Light, ago: usize, tolerance: f32) -> bool {
        self.settled == 0
            || self.has[cell] && difference(&self.look(cell, light.ago(ago)), &self.usual[cell]) < tolerance
    }

    /// Grey levels per pixel by which `cell` looks different from `ago` steps before: what moves too slowly to be seen moving.
    pub(super) fn stirring(&self, cell: usize, light: &Light, ago: usize) -> f32 {
        difference(&self.look(cell, light.ago(0)), &self.look(cell, light.ago(ago)))
    }

    /// Remembers what the place around `cell` looked like `ago` steps before.
    pub(super) fn remember(&mut self, cell: usize, light: &Light, ago: usize) {
        let (left, top) = self.corner(cell);
        let lines = self.before[cell * WINDOW..][..WINDOW].chunks_exact_mut(SIDE);
        for (y, line) in lines.enumerate() {
            line.copy_from_slice(&light.ago(ago)[(top + y) * self.width + left..][..SIDE]);
        }
    }

    /// Grey levels per pixel by which the place around `cell` looks different from before, wherever it may have shifted.
    pub(super) fn change(&self, cell: usize, light: &Light) -> f32 {
        let (left, top) = self.corner(cell);
        let now = patch(light.ago(0), self.width, (left + SLACK, top + SLACK));
        let before = &self.before[cell * WINDOW..][..WINDOW];
        let shifts = (0..=2 * SLACK).flat_map(|y| (0..=2 * SLACK).map(move |x| (x, y)));
        shifts.map(|shift| difference(&now, &patch(before, SIDE, shift))).fold(f32::INFINITY, f32::min)
    }

    /// The left upper corner of what is remembered of a cell, inside the frame.
    fn corner(&self, cell: usize) -> (usize, usize) {
        let along = |index: usize, length: usize| (index * CELL + CELL / 2).saturating_sub(SIDE / 2).min(length - SIDE);
        (along(cell % self.columns, self.width), along(cell / self.columns, self.height))
    }

    /// The pixels of a cell, their mean removed.
    fn look(&self, cell: usize, frame: &[f32]) -> [f32; PIXELS] {
        let corner = (cell % self.columns * CELL, cell / self.columns * CELL);
        square::<_, PIXELS, CELL>(frame, self.width, corner)
    }

    /// Pixels along each side that a frame must have.
    pub(super) const LEAST: usize = SIDE;
}

/// The square that is compared, its mean removed.
fn patch(frame: &[f32], width: usize, corner: (usize, usize)) -> [f32; 4 * HALF * HALF] {
    square::<_, { 4 * HALF * HALF }, { 2 * HALF }>(frame, width, corner)
}

/// A square of `SIDE` by `SIDE` pixels of a frame, its mean removed.
pub(crate) fn square<Pixel: Copy + Into<f32>, const PIXELS: usize, const SIDE: usize>(
    frame: &[Pixel],
    width: usize,
    (left, top): (usize, usize),
) -> [f32; PIXELS] {
    let pixels: [f32; PIXELS] = std::array::from_fn(|i| frame[(top + i / SIDE) * width + left + i % SIDE].into());
    let mean = pixels.iter().sum::<f32>() / PIXELS as f32;
    pixels.map(|pixel| pixel - mean)
}

/// The mean difference of two looks, in grey levels per pixel.
pub(crate) fn difference<const PIXELS: usize>(a: &[f32; PIXELS], b: &[f32; PIXELS]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / PIXELS as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 32;
    /// The cell in the middle.
    const CELL_THERE: usize = 4 * (SIDE / CELL) + 4;

    fn light_of(grey: impl Fn(usize, usize) -> usize) -> Light {
        let mut light = Light::new(SIDE, SIDE);
        light.step(&(0..SIDE * SIDE).map(|i| grey(i % SIDE, i / SIDE) as u8).collect::<Vec<u8>>());
        light
    }

    fn texture(x: usize, y: usize) -> usize {
        (x * 37 + y * 101 + x * y * 13) % 150
    }

    #[test]
    fn a_place_that_shifted_a_little_has_not_changed_and_one_that_got_a_thing_has() {
        let mut looks = Looks::new(SIDE, SIDE, 16);
        looks.remember(CELL_THERE, &light_of(texture), 0);
        assert!(looks.change(CELL_THERE, &light_of(|x, y| texture(x + 2, y + 1))) < 1e-3);
        assert!(looks.change(CELL_THERE, &light_of(|x, y| 50 + texture(x, y))) < 1e-3);
        assert!(looks.change(CELL_THERE, &light_of(|x, y| texture(y, x + 5))) > 20.0);
    }

    #[test]
    fn a_look_is_usual_after_a_long_time_and_not_while_the_place_moves() {
        let (mut looks, first, other) = (Looks::new(SIDE, SIDE, 16), light_of(texture), light_of(|x, y| texture(y, x)));
        let wait = |looks: &mut Looks, quiet: usize, light: &Light| {
            looks.step();
            looks.settle(CELL_THERE, quiet, light);
        };
        wait(&mut looks, 3, &first);
        assert!(looks.is_usual(CELL_THERE, &first, 0, 1.0) && !looks.is_usual(CELL_THERE, &other, 0, 1.0));
        wait(&mut looks, 0, &first);
        assert!(!looks.is_usual(CELL_THERE, &first, 0, 1.0), "what moves from the beginning has no usual look");
        (0..=16).for_each(|quiet| wait(&mut looks, quiet, &other));
        assert!(looks.is_usual(CELL_THERE, &other, 0, 1.0));
    }
}
