//! How the course of what happened bears out that something came, did something and went.
//!
//! ```text
//! weight = e^{BACK · a·b + min(o, COVERED) / OVER − σ / PLAIN}
//! a = mean way, in UNITs, from the event's middle to the cells that moved about it in the APPROACH steps before it was entered
//! b = the same in the last steps, from when it was left until now
//! o = mean |difference| of the mean greys of the middle's 3x3 cells, between now and VISITED steps after it was entered
//! σ = standard deviation of the pixels of these cells, now
//! ```
//!
//! with ABOUT the distances within which what moves is about it, each cell counting once in each step, and entered when the
//! event's cells were in the mean. What comes to fetch or to leave a thing goes back the way it came: a·b > 0, up to 4. What only
//! passes goes on, and what starts or stops there comes or goes by one side alone. What was over the place is not there any more
//! (o): what came to stay still is. And the more contrast a place has, the less a difference tells, since a small shift of it
//! makes one as well. The weight multiplies what the event's cells tell together: the logarithms add, as weights of evidence do
//! (Good 1950, chapter 6). The constants are innate: they were searched on people of training in the four worlds of the nursery,
//! where whatever moved a thing counted as right, a ball as much as a hand. What is older than what is remembered counts nothing.

use super::TOGETHER;
use super::clusters::Cluster;
use crate::liveliness::CELL;
use crate::past::Past;
use std::ops::{Range, RangeInclusive};

/// Steps before motion entered in which what comes is seen coming.
pub(super) const APPROACH: usize = 3;
/// Pixels from an event's middle between which what moves is about it.
const ABOUT: [f32; 2] = [3.0, 20.0];
/// Pixels in which ways are measured.
const UNIT: f32 = 10.0;
/// Logarithm of the weight where a·b = 1.
const BACK: f32 = 2.0;
/// Steps after it was entered at which something is over the place.
const VISITED: usize = 5;
/// Grey levels by which what was over it differs that make its being gone count e-fold.
const OVER: f32 = 16.0;
/// Grey levels of that difference above which more say no more.
const COVERED: f32 = 20.0;
/// Grey levels of contrast that make a difference tell an e-th.
const PLAIN: f32 = 20.0;

/// What was seen until now.
pub(super) struct Course<'a> {
    /// By step and cell, how much the frame changed.
    pub(super) changes: &'a Past<f32>,
    /// By step and cell, its mean grey without the light.
    pub(super) greys: &'a Past<f32>,
    /// The frame without its light, `[height, width]`.
    pub(super) frame: &'a [f32],
    /// Cells of a row.
    pub(super) columns: usize,
    /// Pixels of a row.
    pub(super) width: usize,
    /// Grey levels of change from which a cell moves.
    pub(super) threshold: f32,
    /// Quiet steps after which motion is over.
    pub(super) quiet: usize,
}

impl Course<'_> {
    /// How many times as much the cells of an event that no longer grows tell.
    pub(super) fn weight(&self, cluster: &Cluster) -> f32 {
        let (middle, age) = (cluster.middle(), cluster.age());
        let came = self.way(middle, age + 1..=age + APPROACH);
        let went = self.way(middle, 0..=self.quiet + TOGETHER);
        let back = BACK * (came.0 * went.0 + came.1 * went.1);
        let over = self.difference(middle, age.saturating_sub(VISITED)).min(COVERED) / OVER;
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
        let (right, down, units) =
            about.fold((0.0, 0.0, 0.0_f32), |sums, way| (sums.0 + way.0, sums.1 + way.1, sums.2 + UNIT));
        (right / units.max(UNIT), down / units.max(UNIT))
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
        let inside = |cells: Range<usize>| cells.start * CELL..cells.end * CELL;
        let rows = inside(around(row, self.frame.len() / self.width / CELL));
        let across = inside(around(column, self.columns));
        let pixels = rows.flat_map(|y| &self.frame[y * self.width..][across.clone()]);
        let (sum, squares, count) =
            pixels.fold((0.0, 0.0, 0.0), |sums, grey| (sums.0 + grey, sums.1 + grey * grey, sums.2 + 1.0));
        let mean = sum / count;
        (squares / count - mean * mean).max(0.0).sqrt()
    }
}

/// The cells at and beside a place of `count`.
fn around(place: f32, count: usize) -> Range<usize> {
    let cell = (place.round() as usize).min(count - 1);
    cell.saturating_sub(1)..(cell + 2).min(count)
}

#[cfg(test)]
mod tests {
    use super::super::clusters::Clusters;
    use super::*;

    /// Cells and pixels along each side.
    const CELLS: usize = 15;
    const SIDE: usize = CELLS * CELL;
    /// Where something comes to: row and column.
    const THERE: (usize, usize) = (7, 7);
    /// Steps from when it enters until the event is told of.
    const AGE: usize = 12;

    /// What is remembered of each step, the oldest first: which cell moved, and by how much the event's place was darker.
    type Steps = Vec<((usize, usize), f32)>;

    /// The weight of an event in the middle of a frame of these grey levels.
    fn weight(steps: &Steps, grey: impl Fn(usize) -> f32) -> f32 {
        let count = CELLS * CELLS;
        let (mut changes, mut greys) = (Past::new(64, count), Past::new(64, count));
        for ((row, column), darker) in steps {
            let change = |cell: usize| if cell == row * CELLS + column { 20.0 } else { 0.0 };
            changes.push(&(0..count).map(change).collect::<Vec<f32>>());
            greys.push(&vec![90.0 - darker; count]);
        }
        let mut clusters = Clusters::default();
        clusters.add(THERE, AGE - TOGETHER, 10.0);
        (0..TOGETHER).for_each(|_| clusters.grow_older(36));
        let cluster = clusters.take_complete(|_| true).unwrap_or_default();
        let frame: Vec<f32> = (0..SIDE * SIDE).map(grey).collect();
        let (changes, greys) = (&changes, &greys);
        Course { changes, greys, frame: &frame, columns: CELLS, width: SIDE, threshold: 6.0, quiet: 3 }.weight(&cluster)
    }

    /// Something comes from `from`, stays, and goes to `to` in the steps from when the cell was left.
    fn visit(from: (usize, usize), to: (usize, usize)) -> Steps {
        let last = 3 + TOGETHER + 1;
        let at = |t: usize| match t {
            _ if t < APPROACH => from,
            _ if t <= APPROACH + AGE - last => THERE,
            _ => to,
        };
        (0..APPROACH + AGE + 1).map(|t| (at(t), 0.0)).collect()
    }

    #[test]
    fn what_goes_back_the_way_it_came_tells_more_and_what_goes_on_less() {
        // Three cells are 12 pixels, two 8.
        let back = weight(&visit((7, 4), (7, 5)), |_| 90.0);
        assert!((back.ln() - BACK * 1.2 * 0.8).abs() < 1e-4, "{back}");
        let on = weight(&visit((4, 7), (9, 7)), |_| 90.0);
        assert!((on.ln() + BACK * 1.2 * 0.8).abs() < 1e-4, "{on}");
        assert_eq!(weight(&visit((7, 4), THERE), |_| 90.0), 1.0, "it stays");
        assert_eq!(weight(&visit((7, 1), (7, 1)), |_| 90.0), 1.0, "that was not about it");
    }

    #[test]
    fn the_steps_of_coming_and_of_going_end_where_the_visit_begins_and_ends() {
        let still = visit(THERE, THERE);
        let moved = |moving: &[usize]| {
            let mut steps = still.clone();
            moving.iter().for_each(|&t| steps[t].0 = (7, 5));
            weight(&steps, |_| 90.0)
        };
        let (entered, left) = (APPROACH, APPROACH + AGE - 3 - TOGETHER);
        assert!(moved(&[entered - 1, left]) > 2.0 && moved(&[0, still.len() - 1]) > 2.0);
        assert_eq!(moved(&[entered, left]), 1.0);
        assert_eq!(moved(&[entered - 1, left - 1]), 1.0);
    }

    #[test]
    fn what_was_over_the_place_and_is_gone_tells_more() {
        let over = |at: usize, darker: f32| {
            let mut steps = visit(THERE, THERE);
            steps[APPROACH + at].1 = darker;
            weight(&steps, |_| 90.0).ln()
        };
        assert!((over(VISITED, 8.0) - 8.0 / OVER).abs() < 1e-4);
        assert!((over(VISITED, 80.0) - COVERED / OVER).abs() < 1e-4);
        assert_eq!((over(VISITED - 1, 80.0), over(VISITED + 1, 80.0)), (0.0, 0.0));
    }

    #[test]
    fn the_more_contrast_a_place_has_the_less_a_difference_tells() {
        let striped = weight(&visit(THERE, THERE), |pixel| if pixel % 2 == 0 { 70.0 } else { 110.0 });
        assert!((striped.ln() + 20.0 / PLAIN).abs() < 1e-3, "{striped}");
    }
}
