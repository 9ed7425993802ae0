//! The search for examples, step by step.

use super::examples::{Album, Example, Gallery, Judged, SIDE};
use crate::seen::Seen;
use innate_agents::Plan;
use innate_rewards::mover::SEEN;
use std::collections::VecDeque;

/// Frames back to which an event may have begun.
const PAST: usize = 64;
/// Elements of a row of `mover.events`: x, y, centre's x and y, age, cells.
const EVENT: usize = 6;
/// Half the side of a place that is judged, in pixels, and how much faster than the frame's median it must be to move.
const HALF: usize = 8;
const MOVING: f32 = 0.5;

/// Finds examples.
pub(super) struct Search {
    found: Album,
    /// The last frames, the newest first.
    past: VecDeque<Vec<u8>>,
    /// Speeds, to find the median of.
    speeds: Vec<f32>,
}

impl Search {
    /// A search in what the areas and signals of this run say.
    pub(super) fn new(plan: &Plan) -> Self {
        let has = |name: &str| plan.percepts.iter().any(|spec| spec.name == name);
        let areas = plan.areas.iter().map(|area| &area.name).filter(|name| has(&format!("{name}/places")));
        let judged = |area: &String| Judged { area: area.clone(), most: Gallery::default(), least: Gallery::default() };
        let events = has("mover.events").then(Gallery::default);
        let found = Album { events, places: areas.map(judged).collect() };
        Self { found, past: VecDeque::new(), speeds: Vec::new() }
    }

    /// Looks for examples in one step.
    pub(super) fn watch(&mut self, seen: &Seen<'_>) {
        let (Some(frame), Some(&[_, height, width])) = (seen.u8("frame"), seen.shape("frame")) else { return };
        let size = [height, width];
        let mut newest = if self.past.len() == PAST { self.past.pop_back() } else { None }.unwrap_or_default();
        newest.clear();
        newest.extend_from_slice(frame);
        self.past.push_front(newest);
        let episode = seen.scene.episode;
        for event in seen.f32("mover.events").unwrap_or_default().chunks_exact(EVENT).filter(|row| row[5] > 0.0) {
            // Some steps after motion came: the place of what moved it is told of that moment.
            let ago = (event[4] as usize).saturating_sub(SEEN);
            if let (Some(gallery), Some(frame)) = (&mut self.found.events, self.past.get(ago)) {
                let at = [event[0], event[1]];
                gallery.offer(Example { episode, at, score: event[5], patch: cut(frame, size, at) });
            }
        }
        self.watch_places(seen, frame, size);
        if seen.scene.ended {
            self.past.clear();
        }
    }

    fn watch_places(&mut self, seen: &Seen<'_>, frame: &[u8], size: [usize; 2]) {
        let (Some(at), Some(count)) = (seen.f32("places.at"), seen.f32("places.count")) else { return };
        let median = seen.f32("flow").map_or(0.0, |flow| median_speed(flow, &mut self.speeds));
        let episode = seen.scene.episode;
        for Judged { area, most, least } in &mut self.found.places {
            let Some(decisions) = seen.f32(&format!("{area}/places")) else { continue };
            let rows = decisions.chunks_exact((decisions.len() / (at.len() / 2).max(1)).max(1));
            for (place, row) in at.chunks_exact(2).zip(rows).take(count[0] as usize) {
                let (at, score) = ([place[0], place[1]], row[row.len() - 1] - row[1]);
                let example = || Example { episode, at, score, patch: cut(frame, size, at) };
                if score > most.floor() {
                    most.offer(example());
                }
                let moves = || seen.f32("flow").is_some_and(|flow| mean_speed(flow, size, at) - median >= MOVING);
                // The gallery of the least holds scores with their signs turned.
                if -score > least.floor() && moves() {
                    least.offer(Example { score: -score, ..example() });
                }
            }
        }
    }

    /// What was found.
    pub(super) fn end(self) -> Album {
        let mut found = self.found;
        for judged in &mut found.places {
            judged.least.examples.iter_mut().for_each(|example| example.score = -example.score);
        }
        found
    }
}

/// The square around a place, its edges repeated where it reaches beyond the frame.
fn cut(frame: &[u8], [height, width]: [usize; 2], at: [f32; 2]) -> Vec<u8> {
    let along = |centre: f32, side: usize| {
        let start = centre.round() as i64 - SIDE as i64 / 2;
        (start..start + SIDE as i64).map(move |place| place.clamp(0, side as i64 - 1) as usize)
    };
    along(at[1], height).flat_map(|y| along(at[0], width).map(move |x| frame[y * width + x])).collect()
}

/// The median over the frame of the length of flow.
fn median_speed(flow: &[f32], speeds: &mut Vec<f32>) -> f32 {
    let (dx, dy) = flow.split_at(flow.len() / 2);
    speeds.clear();
    speeds.extend(dx.iter().zip(dy).map(|(dx, dy)| dx.hypot(*dy)));
    let middle = speeds.len() / 2;
    if speeds.is_empty() { 0.0 } else { *speeds.select_nth_unstable_by(middle, f32::total_cmp).1 }
}

/// The mean length of flow around a place.
fn mean_speed(flow: &[f32], [height, width]: [usize; 2], at: [f32; 2]) -> f32 {
    let (dx, dy) = flow.split_at(height * width);
    let around = |centre: f32, side: usize| {
        let centre = centre.round().max(0.0) as usize;
        centre.saturating_sub(HALF).min(side)..(centre + HALF).min(side)
    };
    let columns = around(at[0], width);
    let places = around(at[1], height).flat_map(|y| columns.clone().map(move |x| y * width + x));
    let (mut sum, mut count) = (0.0, 0);
    for place in places {
        sum += dx[place].hypot(dy[place]);
        count += 1;
    }
    sum / count.max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_out_repeats_its_edges_beyond_the_frame() {
        let frame: Vec<u8> = (0..40 * 30).map(|place| (place % 40) as u8).collect();
        let patch = cut(&frame, [30, 40], [2.0, 15.0]);
        assert_eq!(patch.len(), SIDE * SIDE);
        assert_eq!(patch[..SIDE], [[0; 10].to_vec(), (0..14).collect()].concat());
    }

    #[test]
    fn speeds_are_means_around_a_place_and_the_frames_median() {
        let (size, mut flow) = ([20, 40], vec![0.0; 2 * 20 * 40]);
        for y in 0..20 {
            flow[y * 40..][..16].fill(3.0);
            flow[800 + y * 40..][..16].fill(4.0);
        }
        assert_eq!(mean_speed(&flow, size, [8.0, 10.0]), 5.0);
        assert_eq!(mean_speed(&flow, size, [16.0, 10.0]), 2.5);
        assert_eq!(median_speed(&flow, &mut Vec::new()), 0.0);
    }
}
