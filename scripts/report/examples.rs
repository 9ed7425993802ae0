//! Examples: what a run took for events and for hands, cut out of frames.
//!
//! A place is shown once per episode, where it was most of what is shown: of two examples nearer than [`APART`] pixels the
//! one that says more stays.

use super::page::picture;
use crate::seen::Seen;
use innate_agents::Plan;
use maud::{Markup, html};
use serde::Serialize;
use std::collections::VecDeque;

/// Side of what is cut out, in pixels.
const SIDE: usize = 24;
/// Examples of a kind.
const MOST: usize = 24;
/// Least distance of two examples of one episode, in pixels.
const APART: f32 = 16.0;
/// Frames back to which an event may have begun.
const PAST: usize = 64;
/// Elements of a row of `mover.events`: x, y, centre's x and y, age, cells.
const EVENT: usize = 6;
/// Half the side of a place that is judged, in pixels, and how much faster than the frame's median it must be to move.
const HALF: usize = 8;
const MOVING: f32 = 0.5;

/// What was found.
#[derive(Debug, Serialize)]
pub struct Album {
    /// Where mover events were; `None` if the run has none.
    pub events: Option<Gallery>,
    /// By area that judges places: where it saw most of a hand, and where something moved in which it saw least.
    pub places: Vec<Judged>,
    /// The last frames, the newest first.
    #[serde(skip)]
    past: VecDeque<Vec<u8>>,
    /// Speeds, to find the median of.
    #[serde(skip)]
    speeds: Vec<f32>,
}

/// What an area saw at the places that it judged.
#[derive(Debug, Serialize)]
pub struct Judged {
    /// The area.
    pub area: String,
    /// Where it saw most of a hand.
    pub most: Gallery,
    /// Where something moved in which it saw least.
    pub least: Gallery,
}

/// Examples, the best first.
#[derive(Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Gallery {
    /// The examples.
    pub examples: Vec<Example>,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Example {
    /// The episode.
    pub episode: u64,
    /// Where, in pixels of the frame.
    pub at: [f32; 2],
    /// What the area said of it; of an event, its number of cells.
    pub score: f32,
    /// What is seen there, grey, `[SIDE, SIDE]`.
    #[serde(skip)]
    pub patch: Vec<u8>,
}

impl Album {
    pub(super) fn new(plan: &Plan) -> Self {
        let has = |name: &str| plan.percepts.iter().any(|spec| spec.name == name);
        let areas = plan.areas.iter().map(|area| &area.name).filter(|name| has(&format!("{name}/places")));
        let judged = |area: &String| Judged { area: area.clone(), most: Gallery::default(), least: Gallery::default() };
        let events = has("mover.events").then(Gallery::default);
        Self { events, places: areas.map(judged).collect(), past: VecDeque::new(), speeds: Vec::new() }
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
            // One step after motion entered: that is where what moved it is seen.
            let ago = (event[4].max(1.0) - 1.0) as usize;
            if let (Some(gallery), Some(frame)) = (&mut self.events, self.past.get(ago)) {
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
        for Judged { area, most, least } in &mut self.places {
            let Some(decisions) = seen.f32(&format!("{area}/places")) else { continue };
            let rows = decisions.chunks_exact(decisions.len() / (at.len() / 2));
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

    /// Gives the least their own scores again.
    pub(super) fn end(mut self) -> Self {
        for judged in &mut self.places {
            judged.least.examples.iter_mut().for_each(|example| example.score = -example.score);
        }
        self
    }

    /// Everything that was found, with a sentence where there is nothing.
    pub(super) fn html(&self) -> Markup {
        html! {
            @match &self.events {
                Some(events) => (events.html(
                    "Mover events",
                    "What was where motion entered, one step later. This is what teaches hands. Beneath: cells of the event.",
                    "No event was recognised in these episodes.",
                )),
                None => p { "This run looks for no events: the signal " code { "mover" } " does." },
            }
            @for judged in &self.places {
                (judged.most.html(
                    &format!("Hands, says the area {}", judged.area),
                    "The places in which it saw most of a hand.",
                    "It judged no place in these episodes.",
                ))
                (judged.least.html(
                    &format!("No hands, says the area {}, though it moves", judged.area),
                    "The moving places in which it saw least of a hand.",
                    "Nothing moved where it judged.",
                ))
            }
            @if self.places.is_empty() {
                p { "No area judges places: the signal " code { "places" } " offers them, and an area that views " code { "places" } " does." }
            }
        }
    }
}

impl Gallery {
    /// The score that an example must beat to be let in.
    fn floor(&self) -> f32 {
        match self.examples.last() {
            Some(last) if self.examples.len() == MOST => last.score,
            _ => f32::NEG_INFINITY,
        }
    }

    /// Lets an example in, if it says more than what is there.
    fn offer(&mut self, example: Example) {
        let near = |other: &Example| {
            let apart = (other.at[0] - example.at[0]).hypot(other.at[1] - example.at[1]);
            other.episode == example.episode && apart < APART
        };
        if example.score <= self.floor()
            || self.examples.iter().any(|other| near(other) && other.score >= example.score)
        {
            return;
        }
        self.examples.retain(|other| !near(other));
        let place = self.examples.partition_point(|other| other.score >= example.score);
        self.examples.insert(place, example);
        self.examples.truncate(MOST);
    }

    fn html(&self, title: &str, caption: &str, nothing: &str) -> Markup {
        html! {
            h3 { (title) }
            @if self.examples.is_empty() {
                p { (nothing) }
            } @else {
                p.muted { (caption) }
                div.gallery {
                    @for example in &self.examples {
                        figure {
                            (picture(&example.patch, SIDE, &format!("episode {}", example.episode)))
                            figcaption { (format!("{:.2}", example.score).trim_end_matches(".00")) }
                        }
                    }
                }
            }
        }
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

    fn example(episode: u64, x: f32, score: f32) -> Example {
        Example { episode, at: [x, 0.0], score, patch: Vec::new() }
    }

    #[test]
    fn a_place_is_shown_once_per_episode_where_it_says_most() {
        let mut gallery = Gallery::default();
        for offered in [example(0, 0.0, 1.0), example(0, 5.0, 2.0), example(0, 9.0, 1.5), example(1, 5.0, 0.5)] {
            gallery.offer(offered);
        }
        assert_eq!(gallery.examples, [example(0, 5.0, 2.0), example(1, 5.0, 0.5)]);
    }

    #[test]
    fn a_full_gallery_keeps_the_best() {
        let mut gallery = Gallery::default();
        for episode in 0..100 {
            gallery.offer(example(episode, 0.0, ((episode * 37) % 100) as f32));
        }
        let scores: Vec<f32> = gallery.examples.iter().map(|example| example.score).collect();
        assert_eq!(scores, (0..MOST).map(|place| 99.0 - place as f32).collect::<Vec<_>>());
    }

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
