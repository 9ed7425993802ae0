//! What an area sees at the places that it judges, against what is there.

use crate::seen::Seen;
use innate_agents::Plan;
use innate_agents::evaluation::Scene;
use innate_envs::truth::{Class, Truth};

/// Half the side of the square around a place that must show the class, in pixels, and the share of it that must.
const CENTRE: i32 = 4;
const SHOWN: f32 = 0.5;
/// Half the side of the square around a place that must not show it, and the share of it that may.
const AROUND: i32 = 8;
const SPARED: f32 = 0.02;

/// Scores of one area, each with whether the class was there.
#[derive(Debug, Default)]
pub(super) struct Hands {
    scores: Vec<(f32, bool)>,
}

impl Hands {
    /// Takes in what the area decided on places.
    pub(super) fn look(&mut self, judged: impl Iterator<Item = Judged>, truth: &Truth, target: Class) {
        for Judged { place, score } in judged {
            if shown(truth, target, place, CENTRE) >= SHOWN {
                self.scores.push((score, true));
            } else if shown(truth, target, place, AROUND) <= SPARED {
                self.scores.push((score, false));
            }
        }
    }

    /// Average precision, and the share of places that show the class.
    pub(super) fn result(&self) -> (f64, f64) {
        let there = self.scores.iter().filter(|(_, there)| *there).count();
        (average_precision(&self.scores), there as f64 / self.scores.len() as f64)
    }
}

/// A place of the stack `places` that an area has judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Its x and y, in pixels.
    pub place: [f32; 2],
    /// By how much the area expects more of calling it what it looks for, from −1 to 1.
    pub score: f32,
}

/// The places that `area` has judged in this step; none if it judges no places.
pub fn judged<'a>(plan: &'a Plan, scene: &'a Scene<'a>, area: &str) -> impl Iterator<Item = Judged> + 'a {
    let seen = Seen { plan, scene };
    let of = |name: &str| seen.f32(name).unwrap_or_default();
    let (at, rows) = (of("places.at").as_chunks::<2>().0, of(&format!("{area}/places")));
    let present = of("places.count").first().map_or(0, |&count| count as usize);
    // A row is the decision and what is expected of each choice, the last of which is yes.
    let rows = rows.chunks_exact((rows.len() / at.len().max(1)).max(1));
    at.iter().zip(rows).take(present).map(|(&place, row)| Judged { place, score: row[row.len() - 1] - row[1] })
}

/// The share of the pixels of the square around `place` (of those that lie in the frame) that show `class`.
fn shown(truth: &Truth, class: Class, place: [f32; 2], half: i32) -> f32 {
    let [height, width] = truth.size.map(|side| side as i32);
    let (x, y) = (place[0].round() as i32, place[1].round() as i32);
    let (mut shown, mut all) = (0, 0);
    for row in (y - half).max(0)..(y + half).min(height) {
        for column in (x - half).max(0)..(x + half).min(width) {
            all += 1;
            shown += i32::from(truth.classes[(row * width + column) as usize] == class);
        }
    }
    shown as f32 / all.max(1) as f32
}

/// Average precision of scores, each with whether it should be high: the mean, over those that should, of the precision
/// among all scores at least as high. Equal scores count together, so that a constant score has the precision of chance.
pub fn average_precision(scores: &[(f32, bool)]) -> f64 {
    let mut sorted: Vec<&(f32, bool)> = scores.iter().collect();
    sorted.sort_by(|one, other| other.0.total_cmp(&one.0));
    let (mut seen, mut found, mut sum) = (0.0, 0.0, 0.0);
    for equal in sorted.chunk_by(|one, other| one.0 == other.0) {
        let right = equal.iter().filter(|(_, right)| *right).count() as f64;
        seen += equal.len() as f64;
        found += right;
        sum += right * found / seen;
    }
    sum / found
}

#[cfg(test)]
mod tests {
    use super::average_precision;

    #[test]
    fn average_precision_is_that_of_the_textbook() {
        let scores = [(0.9, true), (0.8, false), (0.7, true), (0.1, false)];
        assert!((average_precision(&scores) - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
        assert_eq!(average_precision(&[(0.5, true), (0.5, false), (0.5, false), (0.5, false)]), 0.25);
        assert!(average_precision(&[(1.0, false)]).is_nan());
    }
}
