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
        let learns = Bar::new(LEARNS, &area.gate(), curves.points(&format!("area/{}/learns", area.name)));
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
/// Height of a bar with the room around it, and of an area's name.
const ROW: f64 = 30.0;
const NAME: f64 = 26.0;
/// Ticks at most.
const TICKS: u64 = 6;

/// All bars over one axis of environment steps, which ends at `last`.
pub(super) fn drawing(stages: &[Stage], last: u64) -> Markup {
    let last = last.max(1);
    let x = |step: u64| LEFT + (RIGHT - LEFT) * step as f64 / last as f64;
    let heights = stages.iter().map(|stage| NAME + ROW * stage.bars.len() as f64);
    let bottom: f64 = heights.clone().sum();
    let tops = heights.scan(0.0, |top, height| Some(std::mem::replace(top, *top + height)));
    html! {
        svg.chart viewBox=(format!("0 0 {WIDTH} {}", bottom + 34.0)) role="img" aria-label="What was paid when" {
            @for tick in ticks(last) {
                line.grid x1=(x(tick)) x2=(x(tick)) y1="0" y2=(bottom + 4.0) {}
                text.tick x=(x(tick)) y=(bottom + 18.0) text-anchor="middle" { (short(tick as f64)) }
            }
            text.tick x=(RIGHT + 12.0) y=(bottom + 18.0) { "environment steps" }
            @for (stage, top) in stages.iter().zip(tops) {
                text.area x="0" y=(top + 18.0) { (stage.area) }
                @for (place, bar) in stage.bars.iter().enumerate() {
                    (bar_drawing(bar, top + NAME + ROW * place as f64, &x, last))
                }
            }
        }
    }
}

fn bar_drawing(bar: &Bar, top: f64, x: &impl Fn(u64) -> f64, last: u64) -> Markup {
    let most = bar.weights.iter().map(|(_, weight)| weight.abs()).fold(0.0, f64::max);
    let weighed = bar.stretches().into_iter().filter(|(_, _, weight)| *weight != 0.0);
    let conditions = [("opens", &bar.opens), ("closes", &bar.closes)];
    let conditions: Vec<String> =
        conditions.into_iter().filter_map(|(verb, text)| Some(format!("{verb} when {}", text.as_ref()?))).collect();
    let learns = bar.name == LEARNS;
    html! {
        text.label x=(LEFT - 10.0) y=(top + 14.0) text-anchor="end" { (bar.name) }
        rect.rail x=(x(0)) width=(x(last) - x(0)) y=(top) height="20" {}
        @for (from, to, weight) in weighed {
            rect.bar.learns[learns].against[weight < 0.0] x=(tenth(x(from))) width=(tenth(x(to) - x(from))) y=(top) height="20"
                fill-opacity=(format!("{:.2}", weight.abs() / most)) {
                title { (bar.name) ": weight " (short(weight)) " up to step " (to) }
            }
        }
        @for (line, condition) in conditions.iter().enumerate() {
            text.condition x=(RIGHT + 12.0) y=(top + if conditions.len() == 1 { 14.0 } else { 8.0 + 13.0 * line as f64 }) {
                (condition)
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
    fn ticks_are_round_and_few() {
        let found = |last| ticks(last).collect::<Vec<_>>();
        assert_eq!(found(100_000), [0, 20_000, 40_000, 60_000, 80_000, 100_000]);
        assert_eq!(found(7), [0, 2, 4, 6]);
        assert_eq!(found(1), [0, 1]);
    }
}
