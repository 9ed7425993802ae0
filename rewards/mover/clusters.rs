//! Cells that change together.

use super::{NEAR, TOGETHER};

/// Cells of a cluster that are compared with new ones at most; what is beyond counts all the same.
const COMPARED: usize = 64;

/// Changed cells that belong together.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Cluster {
    /// Their number.
    pub(super) cells: usize,
    /// By how many grey levels per pixel they look different, together.
    pub(super) change: f32,
    /// Sums of their rows and columns, each times its change.
    rows: f32,
    columns: f32,
    /// Steps since motion entered the first of them.
    pub(super) age: usize,
    /// Steps since the last one changed.
    since: usize,
    places: Vec<(usize, usize)>,
}

/// The clusters that are growing.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Clusters {
    growing: Vec<Cluster>,
}

impl Clusters {
    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.growing.clear();
    }

    /// A step passes.
    pub(super) fn grow_older(&mut self) {
        for cluster in &mut self.growing {
            cluster.age += 1;
            cluster.since += 1;
        }
    }

    /// Adds the cell at `place` (row, column), which motion entered `age` steps ago and which looks different by `change`.
    pub(super) fn add(&mut self, place: (usize, usize), age: usize, change: f32) {
        let near = |other: &(usize, usize)| other.0.abs_diff(place.0) <= NEAR && other.1.abs_diff(place.1) <= NEAR;
        let known = self.growing.iter().position(|cluster| cluster.places.iter().any(near));
        let known = known.unwrap_or_else(|| {
            self.growing.push(Cluster::default());
            self.growing.len() - 1
        });
        let cluster = &mut self.growing[known];
        cluster.cells += 1;
        cluster.change += change;
        cluster.rows += change * place.0 as f32;
        cluster.columns += change * place.1 as f32;
        cluster.age = cluster.age.max(age);
        cluster.since = 0;
        if cluster.places.len() < COMPARED {
            cluster.places.push(place);
        }
    }

    /// Takes out a cluster that no longer grows, if it has at least `fewest` cells that together look different by `least`;
    /// lesser ones are dropped.
    pub(super) fn take_complete(&mut self, fewest: usize, least: f32) -> Option<Cluster> {
        self.growing.retain(|cluster| cluster.since < TOGETHER || cluster.cells >= fewest && cluster.change >= least);
        let complete = self.growing.iter().position(|cluster| cluster.since >= TOGETHER)?;
        Some(self.growing.remove(complete))
    }
}

impl Cluster {
    /// Row and column of its middle, where most has changed.
    pub(super) fn middle(&self) -> (f32, f32) {
        let sum = self.change.max(f32::MIN_POSITIVE);
        (self.rows / sum, self.columns / sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_in_time_and_place_are_one_event_and_a_lone_cell_is_none() {
        let mut clusters = Clusters::default();
        clusters.add((3, 3), 5, 30.0);
        clusters.add((12, 12), 4, 60.0);
        clusters.grow_older();
        clusters.add((4, 4), 7, 10.0);
        for _ in 0..TOGETHER {
            assert_eq!(clusters.take_complete(2, 30.0), None);
            clusters.grow_older();
        }
        let found = clusters.take_complete(2, 30.0).unwrap_or_default();
        assert_eq!((found.cells, found.middle(), found.age), (2, (3.25, 3.25), 7 + TOGETHER));
        assert_eq!(clusters.take_complete(2, 30.0), None);
        assert!(clusters.growing.is_empty());
    }
}
