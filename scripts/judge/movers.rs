//! Mover events against the contacts of the scene.

use super::{NEAR, Seen, distance, takings};
use innate_envs::truth::{Class, Truth};

/// Columns of a row of `mover.events`: centre of the cells, and their number.
const CENTRE: [usize; 2] = [2, 3];
const CELLS: usize = 5;
/// Elements of a row.
const ROW: usize = 6;

/// Clusters and contacts, counted.
#[derive(Debug, Default)]
pub(super) struct Movers {
    pub(super) episodes: u64,
    pub(super) clusters: u64,
    /// Clusters where something was taken or left.
    pub(super) right: u64,
    pub(super) grabs: u64,
    /// Takings that have a cluster.
    pub(super) found: u64,
    /// Episodes in which nothing was taken, and the clusters in them.
    pub(super) idle_episodes: u64,
    pub(super) idle_clusters: u64,
    /// Places of this episode's clusters.
    present: Vec<[f32; 2]>,
}

impl Movers {
    pub(super) fn watch(&mut self, seen: &Seen<'_>) {
        let rows = seen.f32("mover.events").unwrap_or_default().chunks_exact(ROW);
        self.present.extend(rows.filter(|row| row[CELLS] > 0.0).map(|row| CENTRE.map(|column| row[column])));
    }

    pub(super) fn end_episode(&mut self, truth: &Truth, target: Class) {
        let near = NEAR * truth.size[1] as f32 / 84.0;
        let clusters = std::mem::take(&mut self.present);
        let places: Vec<_> = takings(&truth.events, target).map(|event| (event.from, event.to)).collect();
        let at = |&(from, to): &([f32; 2], Option<[f32; 2]>), cluster: [f32; 2]| {
            distance(from, cluster) <= near || to.is_some_and(|to| distance(to, cluster) <= near)
        };
        let right = clusters.iter().filter(|&&cluster| places.iter().any(|place| at(place, cluster))).count();
        let found = places.iter().filter(|place| clusters.iter().any(|&cluster| at(place, cluster))).count();
        self.episodes += 1;
        self.clusters += clusters.len() as u64;
        self.right += right as u64;
        self.grabs += places.len() as u64;
        self.found += found as u64;
        if places.is_empty() {
            self.idle_episodes += 1;
            self.idle_clusters += clusters.len() as u64;
        }
    }
}
