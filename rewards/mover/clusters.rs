//! Cells that change together.

use super::{NEAR, TOGETHER};

/// Cells of a cluster that are compared with new ones at most; what is beyond counts all the same.
const COMPARED: usize = 64;

/// Changed cells that belong together.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Cluster {
    /// Their number, and sums of their rows and columns.
    pub(super) cells: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
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

    /// Adds the changed cell at `place` (row, column), which motion entered `age` steps ago.
    pub(super) fn add(&mut self, place: (usize, usize), age: usize) {
        let near = |other: &(usize, usize)| other.0.abs_diff(place.0) <= NEAR && other.1.abs_diff(place.1) <= NEAR;
        let known = self.growing.iter().position(|cluster| cluster.places.iter().any(near));
        let known = known.unwrap_or_else(|| {
            self.growing.push(Cluster::default());
            self.growing.len() - 1
        });
        let cluster = &mut self.growing[known];
        cluster.cells += 1;
        cluster.rows += place.0;
        cluster.columns += place.1;
        cluster.age = cluster.age.max(age);
        cluster.since = 0;
        if cluster.places.len() < COMPARED {
            cluster.places.push(place);
        }
    }

    /// Takes out a cluster that no longer grows, if it has at least `fewest` cells; smaller ones are dropped.
    pub(super) fn take_complete(&mut self, fewest: usize) -> Option<Cluster> {
        self.growing.retain(|cluster| cluster.since < TOGETHER || cluster.cells >= fewest);
        let complete = self.growing.iter().position(|cluster| cluster.since >= TOGETHER)?;
        Some(self.growing.remove(complete))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_in_time_and_place_are_one_event_and_a_lone_cell_is_none() {
        let mut clusters = Clusters::default();
        clusters.add((3, 3), 5);
        clusters.add((12, 12), 4);
        clusters.grow_older();
        clusters.add((4, 5), 7);
        for _ in 0..TOGETHER {
            assert_eq!(clusters.take_complete(2), None);
            clusters.grow_older();
        }
        let found = clusters.take_complete(2).unwrap_or_default();
        assert_eq!((found.cells, found.rows, found.columns, found.age), (2, 7, 8, 10));
        assert_eq!(clusters.take_complete(2), None);
        assert!(clusters.growing.is_empty());
    }
}
