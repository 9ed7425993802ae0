//! Gaze: in which directions faces are seen to look, beside those in which they look.
//!
//! A rose is a polar histogram: the *area* of a petal is the number of looks in its direction.

use crate::seen::Seen;
use innate_agents::Plan;
use innate_rewards::bearing::Vector;
use maud::{Markup, html};
use serde::Serialize;
use std::f32::consts::TAU;

/// Petals of a rose.
const PETALS: usize = 24;
/// Elements of a row of `faces`: x, y, size, score.
const FACE: usize = 4;
/// Radius of the longest petal, and of the whole drawing.
const RADIUS: f32 = 86.0;
const EDGE: f32 = 110.0;

/// Two roses, from right over down.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Roses {
    /// Looks that were seen.
    pub seen: Vec<u64>,
    /// Looks that were shown; `None` where the environment tells no truth.
    pub shown: Option<Vec<u64>>,
}

impl Roses {
    /// Empty roses, for a run in which an area decides where faces look.
    pub(super) fn new(plan: &Plan) -> Option<Self> {
        let decided = plan.percepts.iter().any(|spec| spec.name == "gaze/gaze.faces");
        decided.then(|| Self { seen: vec![0; PETALS], shown: None })
    }

    /// Counts the looks of one step.
    pub(super) fn watch(&mut self, seen: &Seen<'_>) {
        let (Some(faces), Some(decisions)) = (seen.f32("faces"), seen.f32("gaze/gaze.faces")) else { return };
        let rows = decisions.chunks_exact((decisions.len() / (faces.len() / FACE).max(1)).max(1));
        for (_, row) in faces.chunks_exact(FACE).zip(rows).filter(|(face, _)| face[2] > 0.0) {
            count(&mut self.seen, Vector::decode(&row[1..]));
        }
        if let Some(truth) = seen.scene.env.truth() {
            let shown = self.shown.get_or_insert_with(|| vec![0; PETALS]);
            for gaze in truth.gazes.iter().filter(|gaze| gaze.open) {
                count(shown, Vector { x: gaze.direction[0], y: gaze.direction[1] });
            }
        }
    }

    pub(super) fn html(&self) -> Markup {
        html! {
            p.muted {
                "Directions in the picture, right is right and down is down. The area of a petal is the number of looks."
            }
            div.roses {
                (rose("as the area gaze sees it", &self.seen))
                @match &self.shown {
                    Some(shown) => (rose("as the faces show it", shown)),
                    None => p { "This environment does not tell where faces look; " code { "nursery" } " does." },
                }
            }
        }
    }
}

/// Counts a direction, if it is one.
fn count(petals: &mut [u64], direction: Vector) {
    if let Some(unit) = direction.unit() {
        let turn = unit.y.atan2(unit.x) / TAU * petals.len() as f32;
        let place = (turn.round() as i64).rem_euclid(petals.len() as i64);
        petals[place as usize] += 1;
    }
}

fn rose(caption: &str, petals: &[u64]) -> Markup {
    let most = petals.iter().copied().max().unwrap_or(0).max(1) as f32;
    let total: u64 = petals.iter().sum();
    let half = TAU / (2 * petals.len()) as f32;
    let petal = |(place, &looks): (usize, &u64)| {
        let (angle, radius) = (place as f32 * 2.0 * half, RADIUS * (looks as f32 / most).sqrt());
        let at = |angle: f32| format!("{:.1} {:.1}", radius * angle.cos(), radius * angle.sin());
        (looks, format!("M0 0 L{} A{radius:.1} {radius:.1} 0 0 1 {} Z", at(angle - half), at(angle + half)))
    };
    html! {
        figure.rose {
            svg.chart viewBox=(format!("-{EDGE} -{EDGE} {} {}", 2.0 * EDGE, 2.0 * EDGE)) role="img" aria-label=(caption) {
                circle.grid r=(RADIUS) {}
                circle.grid r=(RADIUS / 2.0_f32.sqrt()) {}
                line.grid x1=(-RADIUS) x2=(RADIUS) {}
                line.grid y1=(-RADIUS) y2=(RADIUS) {}
                @for (looks, path) in petals.iter().enumerate().map(petal).filter(|(looks, _)| *looks > 0) {
                    path.petal d=(path) { title { (looks) " looks" } }
                }
            }
            figcaption { (caption) br; span.muted { (total) " looks" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_fall_into_the_petal_that_they_point_along() {
        let mut petals = vec![0; 8];
        let directions = [(1.0, 0.05), (1.0, -0.05), (0.0, 2.0), (-1.0, 0.0), (0.7, -0.7), (0.0, 0.0)];
        directions.into_iter().for_each(|(x, y)| count(&mut petals, Vector { x, y }));
        assert_eq!(petals, [2, 0, 1, 0, 1, 0, 0, 1]);
    }
}
