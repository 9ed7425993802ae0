//! `dqn-credit`: what a deep Q-network still learns when credit reaches its layers in another way.
//!
//! The run `cartpole` (256-256 ReLU, Adam, 50,000 steps), unchanged but for `credit`, once for each rule and seed. After every
//! 5,000 steps 20 greedy episodes are played: the best mean return of these is what counts, as a user would keep the best
//! checkpoint, and the mean of the last three tells whether it stays. CartPole-v1 counts as solved from 475 on.
//!
//! No published numbers are compared with: the table shows, and judges back-propagation alone. Nothing is tuned to a rule; one
//! that fails here may learn at another learning rate or size of disturbance.

use super::training::{self, best, last};
use super::{ExperimentError, Lab, Report, Row};
use crate::drawing::{Axis, Chart, Curve, Stroke};
use crate::statistics::{Interval, bootstrap, interquartile_mean};
use innate_agents::streams::Streams;

/// The rules, as the run file writes them. (Attention-gated credit with random feedback is feedback alignment here, as a TD
/// error is of one output.)
const RULES: [(&str, &str); 7] = [
    ("backprop", "backprop"),
    ("attention-gated, learned feedback", "{ type = 'attention-gated', feedback = 'learned' }"),
    ("sign-symmetric", "sign-symmetric"),
    ("feedback-alignment", "feedback-alignment"),
    ("direct-feedback-alignment", "direct-feedback-alignment"),
    ("node-perturbation", "node-perturbation"),
    ("weight-perturbation", "weight-perturbation"),
];

/// Runs it.
pub(super) fn run(lab: &Lab) -> Result<Report, ExperimentError> {
    let seeds = lab.seeds(5, 1);
    let trained = lab.map(RULES.len() * seeds, |job| {
        let (steps, every) = (lab.pick(50_000, 2_048).to_string(), lab.pick(5_000, 1_024).to_string());
        let changes = [("area.body.credit", RULES[job / seeds].1), ("steps", &steps), ("evaluation.every", &every)];
        training::train(lab, "cartpole", &changes, (job % seeds) as u64)
    })?;
    let (trained, endings): (Vec<_>, Vec<_>) = trained.into_iter().unzip();
    let mut random = Streams::new(0).stream("dqn-credit", 0);
    let mut report = Report { notes: endings.into_iter().flatten().collect(), ..Report::default() };
    for (colour, ((name, _), runs)) in RULES.iter().zip(trained.chunks(seeds)).enumerate() {
        let best: Vec<f64> = runs.iter().map(best).collect();
        let late: Vec<f64> = runs.iter().map(last).collect();
        let source = "the run `cartpole`: solved from 475 on";
        let quantity = format!("{name}: best return");
        let row = match colour {
            0 => Row::expecting(quantity, source, Interval::at_least(475.0), interquartile_mean(&best)),
            _ => Row::shown(quantity, interquartile_mean(&best)),
        };
        report.rows.push(row.spread(bootstrap(&[&best], interquartile_mean, &mut random)));
        let row = Row::shown(format!("{name}: return at the end"), interquartile_mean(&late));
        report.rows.push(row.spread(bootstrap(&[&late], interquartile_mean, &mut random)));
        let points = training::curve(runs);
        let curve = Curve { label: (*name).into(), points, stroke: Stroke::Line, colour };
        report.chart.curves.push(curve);
    }
    let (x, y) = (Axis::linear("environment steps"), Axis::linear("greedy return"));
    report.chart = Chart { title: "DQN on CartPole, by rule of credit".into(), x, y, ..report.chart };
    Ok(report)
}
