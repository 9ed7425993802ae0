//! Examples: what a run took for events and for hands, cut out of frames ([`Search`](super::search::Search) finds them).
//!
//! A place is shown once per episode, where it was most of what is shown: of two examples nearer than `APART` pixels the one
//! that says more stays, and so it is with two that look the same to the bit, as in episodes of one film.

use super::page::picture;
use maud::{Markup, html};
use serde::Serialize;

/// Side of what is cut out, in pixels.
pub(super) const SIDE: usize = 24;
/// Examples of a kind.
const MOST: usize = 24;
/// Least distance of two examples of one episode, in pixels.
const APART: f32 = 16.0;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Album {
    /// Where mover events were; `None` if the run has none.
    pub events: Option<Gallery>,
    /// By area that judges places: where it saw most of a hand, and where something moved in which it saw least.
    pub places: Vec<Judged>,
}

/// What an area saw at the places that it judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Judged {
    /// The area.
    pub area: String,
    /// Where it saw most of a hand.
    pub most: Gallery,
    /// Where something moved in which it saw least.
    pub least: Gallery,
}

/// Examples, the best first.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
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
    /// Everything that was found, with a sentence where there is nothing.
    pub(super) fn html(&self) -> Markup {
        html! {
            @match &self.events {
                Some(events) => (events.html(
                    "Mover events",
                    "What was where motion came, three steps later. This is what teaches hands. Beneath: cells of the event.",
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
    pub(super) fn floor(&self) -> f32 {
        match self.examples.last() {
            Some(last) if self.examples.len() == MOST => last.score,
            _ => f32::NEG_INFINITY,
        }
    }

    /// Lets an example in, if it says more than what is there.
    pub(super) fn offer(&mut self, example: Example) {
        let near = |other: &Example| {
            let apart = (other.at[0] - example.at[0]).hypot(other.at[1] - example.at[1]);
            other.episode == example.episode && apart < APART || other.patch == example.patch
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
                            figcaption { (format!("{:.2}", example.score).trim_end_matches(".00").replace('-', "−")) }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(episode: u64, x: f32, score: f32) -> Example {
        Example { episode, at: [x, 0.0], score, patch: vec![episode as u8, x as u8] }
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
    fn what_looks_the_same_is_shown_once() {
        let mut gallery = Gallery::default();
        let again = Example { episode: 3, ..example(0, 0.0, 2.0) };
        [example(0, 0.0, 1.0), again.clone()].into_iter().for_each(|offered| gallery.offer(offered));
        assert_eq!(gallery.examples, [again]);
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
}
