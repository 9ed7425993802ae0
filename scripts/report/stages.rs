//! Stages: what was paid, and who learned, when. A bar over environment steps is as opaque as the weight is great.

use crate::curves::Curves;
use crate::drawing::short;
use innate_agents::Plan;
use innate_rewards::Gate;
use maud::{Markup, html};
use serde::Serialize;

/// The stages of one area.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stage {
    /// The area.
    pub area: String,
    /// When it learned, if it did not always, and what it was paid by.
    pub bars: Vec<Bar>,
}

/// A weight over environment steps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bar {
    /// The signal; or "learns".
    pub name: String,
    /// What opens it.
    pub opens: Option<String>,
    /// What closes it.
    pub closes: Option<String>,
    /// Environment step and weight.
    pub weights: Vec<(u64, f64)>,
}

/// The name of the bar that tells when an area learns.
const LEARNS: &str = "learns";

/// The stages of a run. The area that was paid first stands first.
pub(super) fn of(plan: &Plan, curves: &Curves) -> Vec<Stage> {
    let stages = plan.areas.iter().map(|area| {
        let learns = Bar::new(LEARNS, &area.gate, curves.points(&format!("area/{}/learns", area.name)));
        let pay = area.pay.iter().map(|(signal, entry)| {
            let name = &plan.signals[*signal].name;
            Bar::new(name, &entry.gate, curves.points(&format!("pay/{}/{name}", area.name)))
        });
        let mut bars: Vec<Bar> = [learns].into_iter().chain(pay).filter(Bar::tells).collect();
        bars.sort_by_key(|bar| (bar.name != LEARNS, bar.begins()));
        Stage { area: area.name.clone(), bars }
    });
    let mut stages: Vec<Stage> = stages.filter(|stage| !stage.bars.is_empty()).collect();
    stages.sort_by_key(|stage| stage.bars.iter().map(Bar::begins).min());
    stages
}

impl Bar {
    fn new(name: &str, gate: &Gate, weights: &[(u64, f64)]) -> Self {
        let text = |condition: &Option<_>| condition.as_ref().map(ToString::to_string);
        Self { name: name.into(), opens: text(&gate.opens), closes: text(&gate.closes), weights: weights.into() }
    }

    /// Whether there is anything to be seen: a weight, or something that could have opened.
    fn tells(&self) -> bool {
        !self.weights.is_empty() && (self.opens.is_some() || self.weights.iter().any(|&(_, weight)| weight != 0.0))
    }

    /// The first step of a weight other than 0; the end of time if there is none.
    fn begins(&self) -> u64 {
        self.weights.iter().find(|(_, weight)| *weight != 0.0).map_or(u64::MAX, |&(step, _)| step)
    }

    /// Stretches of equal weight: from, to, weight. A point stands for the steps since the one before.
    fn stretches(&self) -> Vec<(u64, u64, f64)> {
        let mut stretches: Vec<(u64, u64, f64)> = Vec::new();
        for &(step, weight) in &self.weights {
            let start = stretches.last().map_or(0, |last| last.1);
            match stretches.last_mut().filter(|last| last.2 == weight) {
                Some(last) => last.1 = step,
                None => stretches.push((start, step, weight)),
            }
        }
        stretches
    }
}

/// Where bars begin and end, in units of the drawing.
const LEFT: f64 = 150.0;
const RIGHT: f64 = 680.0;
const WIDTH: f64 = 960.0;
/// Height of a bar, of the room under it, of a line of a condition, and of an area's name.
const THICK: f64 = 20.0;
const ROOM: f64 = 10.0;
const LINE: f64 = 13.0;
const NAME: f64 = 26.0;
/// Ticks at most.
const TICKS: u64 = 6;

/// All bars over one axis of environment steps, which ends at `last`.
pub(super) fn drawing(stages: &[Stage], last: u64) -> Markup {
    let last = last.max(1);
    let x = |step: u64| LEFT + (RIGHT - LEFT) * step as f64 / last as f64;
    let mut bottom = 0.0;
    let mut below = |height: f64| {
        let top = bottom;
        bottom += height;
        top
    };
    let rows = stages.iter().map(|stage| {
        let name = below(NAME);
        (stage, name, stage.bars.iter().map(|bar| (bar, below(bar.height()))).collect::<Vec<_>>())
    });
    let rows: Vec<_> = rows.collect();
    html! {
        svg.chart viewBox=(format!("0 0 {WIDTH} {}", bottom + 30.0)) role="img" aria-label="What was paid when" {
            @for tick in ticks(last) {
                line.grid x1=(tenth(x(tick))) x2=(tenth(x(tick))) y1="0" y2=(bottom) {}
                text.tick x=(tenth(x(tick))) y=(bottom + 16.0) text-anchor="middle" { (short(tick as f64)) }
            }
            text.tick x=(RIGHT + 12.0) y=(bottom + 16.0) { "environment steps" }
            @for (stage, top, bars) in rows {
                text.area x="0" y=(top + 18.0) { (stage.area) }
                @for (bar, top) in bars { (bar.drawing(top, &x, last)) }
            }
        }
    }
}

impl Bar {
    /// What opens and closes it, line by line.
    fn conditions(&self) -> Vec<String> {
        let conditions = [("opens", &self.opens), ("closes", &self.closes)];
        let conditions = conditions.into_iter().filter_map(|(verb, text)| Some((verb, text.as_ref()?)));
        let lines = conditions.flat_map(|(verb, text)| {
            let text = text.replace(">=", "≥").replace("<=", "≤");
            let line = |(place, part)| if place == 0 { format!("{verb} when {part}") } else { format!("and {part}") };
            text.split(" and ").enumerate().map(line).collect::<Vec<_>>()
        });
        lines.collect()
    }

    fn height(&self) -> f64 {
        (LINE * self.conditions().len() as f64).max(THICK) + ROOM
    }

    fn drawing(&self, top: f64, x: &impl Fn(u64) -> f64, last: u64) -> Markup {
        let most = self.weights.iter().map(|(_, weight)| weight.abs()).fold(0.0, f64::max);
        let weighed = self.stretches().into_iter().filter(|(_, _, weight)| *weight != 0.0);
        let conditions = self.conditions();
        let first = top + if conditions.len() == 1 { 14.0 } else { 9.0 };
        html! {
            text.label x=(LEFT - 10.0) y=(top + 14.0) text-anchor="end" { (self.name) }
            rect.rail x=(LEFT) width=(tenth(x(last) - LEFT)) y=(top) height=(THICK) {}
            @for (from, to, weight) in weighed {
                rect.bar.learns[self.name == LEARNS].against[weight < 0.0] x=(tenth(x(from))) width=(tenth(x(to) - x(from)))
                    y=(top) height=(THICK) fill-opacity=(format!("{:.2}", weight.abs() / most)) {
                    title { (self.name) ": weight " (short(weight)) " up to step " (to) }
                }
            }
            @for (line, condition) in conditions.iter().enumerate() {
                text.condition x=(RIGHT + 12.0) y=(first + LINE * line as f64) { (condition) }
            }
        }
    }
}

/// Round numbers from 0 to `last`.
fn ticks(last: u64) -> impl Iterator<Item = u64> {
    let mut decades = (0..18).flat_map(|decade| [1, 2, 5].map(|digit| digit * 10_u64.pow(decade)));
    let every = decades.find(|every| last / every < TICKS).unwrap_or(last);
    (0..=last / every).map(move |tick| tick * every)
}

/// Rounded to a tenth: more is not seen.
fn tenth(value: f64) -> f64 {
    (10.0 * value).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_cover_every_step_once() {
        let weights = vec![(10, 0.0), (20, 0.0), (30, 0.5), (40, 1.0), (50, 1.0)];
        let bar = Bar { name: "mover".into(), opens: None, closes: None, weights };
        assert_eq!(bar.stretches(), [(0, 20, 0.0), (20, 30, 0.5), (30, 50, 1.0)]);
        assert_eq!(bar.begins(), 30);
    }

    #[test]
    fn a_condition_stands_in_as_many_lines_as_it_has_parts() {
        let (opens, closes) = (Some("a.b >= 3 and step >= 10".into()), Some("c.d <= 0.5".into()));
        let bar = Bar { name: "gaze".into(), opens, closes, weights: Vec::new() };
        assert_eq!(bar.conditions(), ["opens when a.b ≥ 3", "and step ≥ 10", "closes when c.d ≤ 0.5"]);
        assert_eq!(bar.height(), 3.0 * LINE + ROOM);
    }

    #[test]
    fn ticks_are_round_and_few() {
        let found = |last| ticks(last).collect::<Vec<_>>();
        assert_eq!(found(100_000), [0, 20_000, 40_000, 60_000, 80_000, 100_000]);
        assert_eq!(found(7), [0, 2, 4, 6]);
        assert_eq!(found(1), [0, 1]);
    }
}
