//! Cells that change together.
//!
//! What a thing leaves is seen cell by cell: some of its cells are free early, others only when the arm has gone. A cell that is
//! late joins the event of its neighbour, even one that was told of already, if motion entered both at about the same time.

use super::{NEAR, TOGETHER};

/// Cells between a late one and another of its event at most: what lies between may not have changed for certain.
const LATE: usize = 2;
/// Steps between the entries of motion into these two at most.
const ENTERED: usize = 4;

/// Cells of a cluster that are compared with new ones at most; what is beyond counts all the same.
const COMPARED: usize = 64;

/// Changed cells that belong together.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Cluster {
    /// Their number.
    pub(super) cells: usize,
    /// What they tell, together, in grey levels.
    pub(super) evidence: f32,
    /// Sums of their rows and columns, each times what it tells.
    rows: f32,
    columns: f32,
    /// Sum of the steps since motion entered them, each times what it tells.
    ages: f32,
    /// Steps since motion entered the one that it entered last.
    latest: usize,
    /// Steps since the last one changed.
    since: usize,
    /// Steps since the first one changed.
    grown: usize,
    /// Whether it was taken out: it takes in those that are late, and is not told again.
    told: bool,
    places: Vec<Place>,
}

/// A cell of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Place {
    row: usize,
    column: usize,
    /// Steps from when motion entered it until the cluster's first cell changed.
    entered: isize,
}

impl Place {
    /// Whether the other is at most so many cells away.
    fn within(&self, cells: usize, other: &Self) -> bool {
        self.row.abs_diff(other.row) <= cells && self.column.abs_diff(other.column) <= cells
    }
}

/// The clusters that are growing, and those that were told of lately.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Clusters {
    known: Vec<Cluster>,
}

impl Clusters {
    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.known.clear();
    }

    /// A step passes; clusters that motion entered last so long ago that a cell which it left after `window` steps would be no
    /// neighbour in time are forgotten.
    pub(super) fn grow_older(&mut self, window: usize) {
        for cluster in &mut self.known {
            cluster.ages += cluster.evidence;
            cluster.latest += 1;
            cluster.since += 1;
            cluster.grown += 1;
        }
        self.known.retain(|cluster| !cluster.told || cluster.latest <= window + ENTERED);
    }

    /// Adds the cell at `place` (row, column), which motion entered `age` steps ago and which tells so much.
    pub(super) fn add(&mut self, (row, column): (usize, usize), age: usize, evidence: f32) {
        let known = self.known.iter().position(|cluster| cluster.takes(&cluster.place(row, column, age)));
        let known = known.unwrap_or_else(|| {
            self.known.push(Cluster::default());
            self.known.len() - 1
        });
        self.known[known].add(row, column, age, evidence);
    }

    /// Takes out a cluster that no longer grows and is an event; others that no longer grow are dropped.
    pub(super) fn take_complete(&mut self, is_event: impl Fn(&Cluster) -> bool) -> Option<Cluster> {
        while let Some(at) = self.known.iter().position(|cluster| !cluster.told && cluster.since >= TOGETHER) {
            if is_event(&self.known[at]) {
                self.known[at].told = true;
                return Some(self.known[at].clone());
            }
            self.known.remove(at);
        }
        None
    }
}

impl Cluster {
    /// The cell as one of this cluster.
    fn place(&self, row: usize, column: usize, age: usize) -> Place {
        Place { row, column, entered: age as isize - self.grown as isize }
    }

    /// Whether a cell belongs to it.
    fn takes(&self, place: &Place) -> bool {
        let late = |own: &Place| own.within(LATE, place) && own.entered.abs_diff(place.entered) <= ENTERED;
        self.places.iter().any(|own| if self.told { late(own) } else { own.within(NEAR, place) })
    }

    /// Takes a cell in.
    fn add(&mut self, row: usize, column: usize, age: usize, evidence: f32) {
        if self.places.len() < COMPARED {
            self.places.push(self.place(row, column, age));
        }
        self.latest = if self.cells == 0 { age } else { self.latest.min(age) };
        self.cells += 1;
        self.evidence += evidence;
        self.rows += evidence * row as f32;
        self.columns += evidence * column as f32;
        self.ages += evidence * age as f32;
        self.since = 0;
    }

    /// Row and column of its middle: the mean over its cells, each as much as it tells.
    pub(super) fn middle(&self) -> (f32, f32) {
        (self.mean(self.rows), self.mean(self.columns))
    }

    /// Steps since motion entered: the mean over its cells, each as much as it tells.
    pub(super) fn age(&self) -> usize {
        self.mean(self.ages).round() as usize
    }

    fn mean(&self, sum: f32) -> f32 {
        sum / self.evidence.max(f32::MIN_POSITIVE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(cluster: &Cluster) -> bool {
        cluster.cells >= 2
    }

    #[test]
    fn neighbours_in_time_and_place_are_one_event_and_what_is_none_is_dropped() {
        let mut clusters = Clusters::default();
        clusters.add((3, 3), 5, 30.0);
        clusters.add((12, 12), 4, 60.0);
        clusters.grow_older(36);
        clusters.add((4, 4), 14, 10.0);
        for _ in 0..TOGETHER {
            assert_eq!(clusters.take_complete(pair), None);
            clusters.grow_older(36);
        }
        let found = clusters.take_complete(pair).unwrap_or_default();
        assert_eq!((found.cells, found.middle(), found.age()), (2, (3.25, 3.25), 8 + TOGETHER));
        assert_eq!(clusters.take_complete(pair), None);
        assert_eq!(clusters.known.len(), 1);
    }

    #[test]
    fn a_late_neighbour_is_the_same_event_if_motion_entered_it_at_that_time_and_another_one_if_not() {
        for (age, events) in [(16, 0), (5, 1)] {
            let mut clusters = Clusters::default();
            clusters.add((3, 3), 6, 30.0);
            for _ in 0..TOGETHER {
                clusters.grow_older(36);
            }
            assert!(clusters.take_complete(|_| true).is_some());
            for _ in 0..7 {
                clusters.grow_older(36);
            }
            clusters.add((3, 4), age, 30.0);
            for _ in 0..TOGETHER {
                clusters.grow_older(36);
            }
            assert_eq!(clusters.take_complete(|_| true).iter().count(), events, "entered {age} steps ago");
        }
    }

    #[test]
    fn what_was_told_is_forgotten_when_nothing_can_be_late_any_more() {
        let mut clusters = Clusters::default();
        clusters.add((3, 3), 6, 30.0);
        (0..TOGETHER).for_each(|_| clusters.grow_older(36));
        assert!(clusters.take_complete(|_| true).is_some());
        (0..40).for_each(|_| clusters.grow_older(36));
        assert!(clusters.known.is_empty());
    }
}
