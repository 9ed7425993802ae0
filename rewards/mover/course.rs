//! How the course of what happened bears out that something came, did something and went.
//!
//! ```text
//! weight = e^{BACK · a·b + min(o, MUCH) / OVER − σ / PLAIN}
//! a = mean way, in 10 pixels, from the event's middle to what moved about it in the APPROACH steps before it was entered
//! b = the same in the LEAVE steps before now
//! o = mean difference of the middle's 3x3 cells, each its mean grey, between now and VISITED steps after it was entered
//! ```
//!
//! with σ the standard deviation of the grey levels of these cells now. What comes to fetch or to leave a thing goes back the way
//! it came: a·b > 0. What only passes goes on, and what starts or stops there comes or goes by one side alone. What was over the
//! place is not there any more (o): what came to stay still is. And the more contrast a place has, the less a difference tells,
//! since a small shift of it makes one as well. The weight multiplies what the event's cells tell together: the logarithms add,
//! as weights of evidence do (Good 1950, chapter 6).

use super::clusters::Cluster;
use super::light::Light;
use crate::liveliness::CELL;
use crate::past::Past;
use std::ops::{Range, RangeInclusive};

/// Steps before motion entered in which what comes is seen coming.
pub(super) const APPROACH: usize = 3;
/// Steps before now, the present one included, in which what went is seen going.
const LEAVE: usize = 7;
/// Pixels from an event's middle between which what moves is about it.
const ABOUT: [f32; 2] = [3.0, 20.0];
/// What a·b counts.
const BACK: f32 = 2.0;
/// Steps after it was entered at which something is over the place.
const VISITED: usize = 5;
/// Grey levels of what was over it that count e-fold, and those above which more say no more.
const OVER: f32 = 16.0;
const MUCH: f32 = 20.0;
/// Grey levels of contrast that make a difference tell an e-th.
const PLAIN: f32 = 20.0;
/// Pixels in which ways are measured.
const FAR: f32 = 10.0;

/// What was seen until now: by cell and step, how much the frame changed and its mean grey; and the frames without their light.
pub(super) struct Course<'a> {
    pub(super) changes: &'a Past<f32>,
    pub(super) greys: &'a Past<f32>,
    pub(super) light: &'a Light,
    /// Cells and pixels of a row.
    pub(super) columns: usize,
    pub(super) width: usize,
    /// Grey levels of change from which a cell moves.
    pub(super) threshold: f32,
}

impl Course<'_> {
    /// How many times as much the cells of an event tell.
    pub(super) fn weight(&self, cluster: &Cluster) -> f32 {
        let (middle, age) = (cluster.middle(), cluster.age());
        let came = self.way(middle, age + 1..=age + APPROACH);
        let went = self.way(middle, 0..=LEAVE - 1);
        let back = BACK * (came.0 * went.0 + came.1 * went.1);
        let over = self.difference(middle, age.saturating_sub(VISITED)).min(MUCH) / OVER;
        (back + over - self.contrast(middle) / PLAIN).exp()
    }

    /// The mean way (right, down) from a place (row, column) to the cells that moved about it in steps so long ago; no way if
    /// none did.
    fn way(&self, (row, column): (f32, f32), ago: RangeInclusive<usize>) -> (f32, f32) {
        let ways = ago.filter_map(|ago| self.changes.ago(ago)).flat_map(|changes| {
            let moving = changes.iter().enumerate().filter(|(_, change)| **change > self.threshold);
            moving.map(|(cell, _)| {
                let along = |index: usize, place: f32| (index as f32 - place) * CELL as f32;
                (along(cell % self.columns, column), along(cell / self.columns, row))
            })
        });
        let about = ways.filter(|way| (ABOUT[0]..ABOUT[1]).contains(&way.0.hypot(way.1)));
        let (right, down, count) =
            about.fold((0.0, 0.0, 0.0_f32), |sums, way| (sums.0 + way.0, sums.1 + way.1, sums.2 + FAR));
        (right / count.max(1.0), down / count.max(1.0))
    }

    /// Grey levels by which the cells at and around a place (row, column) differ in the mean from what they were so long ago.
    fn difference(&self, (row, column): (f32, f32), ago: usize) -> f32 {
        let (Some(now), Some(before)) = (self.greys.ago(0), self.greys.ago(ago)) else { return 0.0 };
        let cells = around(row, now.len() / self.columns)
            .flat_map(|row| around(column, self.columns).map(move |column| row * self.columns + column));
        let (sum, count) =
            cells.fold((0.0, 0.0), |(sum, count), cell| (sum + (now[cell] - before[cell]).abs(), count + 1.0));
        sum / count
    }

    /// The standard deviation of the pixels of the cells at and around a place (row, column).
    fn contrast(&self, (row, column): (f32, f32)) -> f32 {
        let frame = self.light.ago(0);
        let pixels = |cells: Range<usize>| cells.start * CELL..cells.end * CELL;
        let rows = pixels(around(row, frame.len() / self.width / CELL));
        let across = pixels(around(column, self.columns));
        let pixels = rows.flat_map(|y| &frame[y * self.width..][across.clone()]);
        let (sum, squares, count) =
            pixels.fold((0.0, 0.0, 0.0), |sums, grey| (sums.0 + grey, sums.1 + grey * grey, sums.2 + 1.0));
        let mean = sum / count;
        (squares / count - mean * mean).max(0.0).sqrt()
    }
}

/// The cells at and beside a place of `count`.
fn around(place: f32, count: usize) -> Range<usize> {
    let cell = place.round() as usize;
    cell.saturating_sub(1)..(cell + 2).min(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cells and pixels along each side.
    const CELLS: usize = 15;
    const SIDE: usize = CELLS * CELL;

    /// The weight of an event in the middle of a frame of these grey levels, after motion in the columns of each step, while
    /// what is where it moves is darker by so much.
    fn weight_over(over: f32, moving: &[usize], grey: impl Fn(usize) -> u8) -> f32 {
        let count = CELLS * CELLS;
        let (mut changes, mut greys, mut light) = (Past::new(64, count), Past::new(64, count), Light::new(SIDE, SIDE));
        for column in moving {
            let at = |cell: usize, there: f32| if cell == 7 * CELLS + column { there } else { 0.0 };
            changes.push(&(0..count).map(|cell| at(cell, 20.0)).collect::<Vec<f32>>());
            greys.push(&(0..count).map(|cell| 90.0 - at(cell, over)).collect::<Vec<f32>>());
        }
        light.step(&(0..SIDE * SIDE).map(grey).collect::<Vec<u8>>());
        let mut cluster = Cluster::default();
        cluster.add(7, 7, moving.len() - APPROACH - 1, 10.0);
        let (changes, greys, light) = (&changes, &greys, &light);
        Course { changes, greys, light, columns: CELLS, width: SIDE, threshold: 6.0 }.weight(&cluster)
    }

    fn weight(moving: &[usize], grey: impl Fn(usize) -> u8) -> f32 {
        weight_over(0.0, moving, grey)
    }

    #[test]
    fn what_goes_back_the_way_it_came_tells_more_and_what_goes_on_less() {
        let back = weight(&[4, 5, 6, 7, 7, 7, 7, 6, 5, 4, 3, 2], |_| 90);
        let on = weight(&[4, 5, 6, 7, 7, 7, 7, 8, 9, 10, 11, 12], |_| 90);
        let stays = weight(&[4, 5, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7], |_| 90);
        assert!(back > 2.0 && (back * on - 1.0).abs() < 1e-4, "{back}, {on}");
        assert_eq!(stays, 1.0);
    }

    #[test]
    fn what_was_over_the_place_and_is_gone_tells_more_and_what_is_still_there_nothing() {
        let moving = |last: usize| [5, 5, 6, 7, 7, 7, 7, 7, 7, last, last, last];
        let gone = weight_over(90.0, &moving(12), |_| 90) / weight(&moving(12), |_| 90);
        let there = weight_over(90.0, &moving(7), |_| 90) / weight(&moving(7), |_| 90);
        assert!((gone - (90.0_f32 / 9.0 / OVER).exp()).abs() < 1e-3, "{gone}");
        assert!((there - 1.0).abs() < 1e-4, "{there}");
    }

    #[test]
    fn the_more_contrast_a_place_has_the_less_a_difference_tells() {
        let stays = [7; 12];
        let striped = weight(&stays, |pixel| if pixel % 2 == 0 { 70 } else { 110 });
        assert!((striped - (-20.0 / PLAIN).exp()).abs() < 1e-3, "{striped}");
    }
}
