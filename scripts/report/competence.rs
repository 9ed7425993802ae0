//! Competence: what a run measured of itself, without ground truth, and the bounds that opened and closed its stages.

use crate::curves::Curves;
use crate::drawing::short;
use innate_agents::Plan;
use innate_rewards::Quantity;
use innate_rewards::condition::{Condition, Relation};
use maud::{Markup, html};
use serde::Serialize;

/// One metric of one signal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Competence {
    /// The signal.
    pub signal: String,
    /// Its metric.
    pub metric: String,
    /// What it has to reach.
    pub thresholds: Vec<Threshold>,
    /// Environment step and value.
    pub points: Vec<(u64, f64)>,
}

/// A bound that a condition sets.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Threshold {
    /// The bound.
    pub bound: f64,
    /// Whether the metric must be at least, and not at most, as great.
    pub at_least: bool,
    /// What then happens.
    pub consequence: String,
}

/// The metrics of a run: first those that its conditions ask for.
pub(super) fn of(plan: &Plan, curves: &Curves) -> Vec<Competence> {
    let asked = thresholds(plan);
    let measured = curves.tags().filter_map(|tag| tag.strip_prefix("signal/")?.rsplit_once('/'));
    let mut names: Vec<(&str, &str)> =
        asked.iter().map(|((signal, metric), _)| (signal.as_str(), metric.as_str())).chain(measured).collect();
    names.sort();
    names.dedup();
    let found = names.into_iter().map(|(signal, metric)| {
        let here = asked.iter().filter(|((s, m), _)| s == signal && m == metric);
        Competence {
            signal: signal.into(),
            metric: metric.into(),
            thresholds: here.map(|(_, threshold)| threshold.clone()).collect(),
            points: curves.points(&format!("signal/{signal}/{metric}")).into(),
        }
    });
    let mut found: Vec<Competence> = found.collect();
    found.sort_by_key(|competence| competence.thresholds.is_empty());
    found
}

/// The bounds that the conditions of a run set, by signal and metric.
fn thresholds(plan: &Plan) -> Vec<((String, String), Threshold)> {
    let mut found = Vec::new();
    let mut add = |condition: &Option<Condition>, consequence: String| {
        for comparison in condition.iter().flat_map(|condition| &condition.all) {
            if let Quantity::Metric { signal, metric } = &comparison.quantity {
                let at_least = comparison.relation == Relation::AtLeast;
                let threshold = Threshold { bound: comparison.bound, at_least, consequence: consequence.clone() };
                found.push(((signal.clone(), metric.clone()), threshold));
            }
        }
    };
    for area in &plan.areas {
        add(&area.gate.opens, format!("{} learns", area.name));
        add(&area.gate.closes, format!("{} learns no more", area.name));
        for (signal, entry) in &area.pay {
            let signal = &plan.signals[*signal].name;
            add(&entry.gate.opens, format!("{signal} pays {}", area.name));
            add(&entry.gate.closes, format!("{signal} pays {} no more", area.name));
        }
    }
    found
}

/// Sides of a drawing, and the room in it for words.
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 120.0;
const LEFT: f64 = 40.0;
const BOTTOM: f64 = 104.0;
const TOP: f64 = 10.0;
/// Points that are drawn at most.
const POINTS: usize = 150;

/// The curve with its bounds, over steps up to `last`.
pub(super) fn drawing(competence: &Competence, last: u64) -> Markup {
    let Competence { signal, metric, thresholds, points } = competence;
    let line = thinned(points);
    let bounds = || thresholds.iter().map(|threshold| threshold.bound);
    let values = || line.iter().map(|point| point.1).chain(bounds());
    let (low, high) = (values().fold(0.0, f64::min), values().fold(0.0, f64::max));
    let high = if high > low { high } else { low + 1.0 };
    let x = |step: f64| LEFT + (WIDTH - LEFT) * step / last.max(1) as f64;
    let y = |value: f64| BOTTOM - (BOTTOM - TOP) * (value - low) / (high - low);
    let path: Vec<String> = line.iter().map(|&(step, value)| format!("{:.1},{:.1}", x(step), y(value))).collect();
    html! {
        figure.curve {
            figcaption {
                strong { (signal) "." (metric) }
                @for threshold in thresholds {
                    br; span.muted { (sentence(threshold)) }
                }
            }
            svg.chart viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(format!("{signal}.{metric}")) {
                line.axis x1=(LEFT) x2=(WIDTH) y1=(BOTTOM) y2=(BOTTOM) {}
                text.tick x=(LEFT - 5.0) y=(y(high) + 4.0) text-anchor="end" { (short(high)) }
                text.tick x=(LEFT - 5.0) y=(y(low) + 4.0) text-anchor="end" { (short(low)) }
                text.tick x=(LEFT) y=(HEIGHT - 2.0) { "0" }
                text.tick x=(WIDTH) y=(HEIGHT - 2.0) text-anchor="end" { (short(last as f64)) }
                @for bound in bounds() {
                    line.threshold x1=(LEFT) x2=(WIDTH) y1=(format!("{:.1}", y(bound))) y2=(format!("{:.1}", y(bound))) {}
                }
                @if path.is_empty() {
                    text.tick x=((LEFT + WIDTH) / 2.0) y="60" text-anchor="middle" { "nothing measured" }
                } @else {
                    polyline.line points=(path.join(" ")) {}
                }
            }
        }
    }
}

fn sentence(threshold: &Threshold) -> String {
    let sign = if threshold.at_least { "≥" } else { "≤" };
    format!("{sign} {}: {}", short(threshold.bound), threshold.consequence)
}

/// Means of successive finite points, so many that no more than [`POINTS`] are left.
fn thinned(points: &[(u64, f64)]) -> Vec<(f64, f64)> {
    let finite: Vec<(u64, f64)> = points.iter().copied().filter(|(_, value)| value.is_finite()).collect();
    let mean = |chunk: &[(u64, f64)]| {
        let count = chunk.len() as f64;
        let step: f64 = chunk.iter().map(|&(step, _)| step as f64).sum();
        let value: f64 = chunk.iter().map(|&(_, value)| value).sum();
        (step / count, value / count)
    };
    finite.chunks(finite.len().div_ceil(POINTS).max(1)).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_curve_is_drawn_with_few_points_and_keeps_its_mean() {
        let points: Vec<(u64, f64)> = (0..1_500).map(|step| (step, step as f64)).chain([(2_000, f64::NAN)]).collect();
        let thin = thinned(&points);
        assert_eq!((thin.len(), thin[0]), (POINTS, (4.5, 4.5)));
        assert!(thinned(&[]).is_empty());
    }
}
