//! `dqn-credit`: what a deep Q-network still learns when credit reaches its layers in another way.
//!
//! The run `cartpole` (256-256 ReLU, Adam, 50,000 steps), unchanged but for `credit`, once for each rule and seed. After every
//! 5,000 steps 20 greedy episodes are played: the best mean return of these is what counts, as a user would keep the best
//! checkpoint, and the mean of the last three tells whether it stays. CartPole-v1 counts as solved from 475 on.
//!
//! No published numbers are compared with: the table shows, and judges back-propagation alone. Nothing is tuned to a rule; one
//! that fails here may learn at another learning rate or size of disturbance.

use super::{ExperimentError, Lab, Report, Row};
use crate::drawing::{Axis, Chart, Curve, Stroke};
use crate::run_file::RunFile;
use crate::statistics::{Interval, bootstrap, interquartile_mean};
use innate_agents::streams::Streams;
use innate_agents::trainer::Observer;
use innate_agents::{Plan, RunFolder, TrainError, Trainer};
use std::sync::Arc;

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

/// The returns of the evaluations of one training, and where they stood.
#[derive(Default)]
struct Returns {
    points: Vec<(f64, f64)>,
}

impl Observer for Returns {
    fn warn(&mut self, _: &str) {}

    fn points(&mut self, step: u64, points: &[(String, f64)]) {
        let returns = points.iter().filter(|(tag, _)| tag == "eval/mean_reward");
        self.points.extend(returns.map(|(_, value)| (step as f64, *value)));
    }
}

/// Runs it.
pub(super) fn run(lab: &Lab) -> Result<Report, ExperimentError> {
    let seeds = lab.seeds(5, 1);
    let trained = lab.map(RULES.len() * seeds, |job| train(lab, RULES[job / seeds].1, (job % seeds) as u64))?;
    let (trained, endings): (Vec<_>, Vec<_>) = trained.into_iter().unzip();
    let mut random = Streams::new(0).stream("dqn-credit", 0);
    let mut report = Report { notes: endings.into_iter().flatten().collect(), ..Report::default() };
    for (colour, ((name, _), runs)) in RULES.iter().zip(trained.chunks(seeds)).enumerate() {
        let best: Vec<f64> = runs.iter().map(|run| run.iter().map(|point| point.1).fold(0.0, f64::max)).collect();
        let late: Vec<f64> = runs.iter().map(|run| last(run)).collect();
        let source = "the run `cartpole`: solved from 475 on";
        let quantity = format!("{name}: best return");
        let row = match colour {
            0 => Row::expecting(quantity, source, Interval::at_least(475.0), interquartile_mean(&best)),
            _ => Row::shown(quantity, interquartile_mean(&best)),
        };
        report.rows.push(row.spread(bootstrap(&[&best], interquartile_mean, &mut random)));
        let row = Row::shown(format!("{name}: return at the end"), interquartile_mean(&late));
        report.rows.push(row.spread(bootstrap(&[&late], interquartile_mean, &mut random)));
        let longest = runs.iter().max_by_key(|run| run.len()).map_or(&[][..], |run| run);
        let points = longest.iter().enumerate().map(|(place, (step, _))| {
            let values: Vec<f64> = runs.iter().filter_map(|run| Some(run.get(place)?.1)).collect();
            (*step, interquartile_mean(&values))
        });
        let curve = Curve { label: (*name).into(), points: points.collect(), stroke: Stroke::Line, colour };
        report.chart.curves.push(curve);
    }
    let (x, y) = (Axis::linear("environment steps"), Axis::linear("greedy return"));
    report.chart = Chart { title: "DQN on CartPole, by rule of credit".into(), x, y, ..report.chart };
    Ok(report)
}

/// The mean of the last three returns; 0 for a training that had none.
fn last(points: &[(f64, f64)]) -> f64 {
    let late = &points[points.len().saturating_sub(3)..];
    late.iter().map(|point| point.1).sum::<f64>() / late.len().max(1) as f64
}

/// Step and return of each evaluation of a training, and a sentence if it ended before its time.
type Trained = (Vec<(f64, f64)>, Option<String>);

/// Trains with the rule `credit`. One that diverges is a result as well.
fn train(lab: &Lab, credit: &str, seed: u64) -> Result<Trained, ExperimentError> {
    let failed = |error: &dyn std::fmt::Display| ExperimentError::Other(format!("{credit}, seed {seed}: {error}"));
    let mut file = RunFile::find("cartpole").map_err(|error| failed(&error))?;
    let (seed, steps) = (seed.to_string(), lab.pick(50_000, 2_048).to_string());
    let every = lab.pick(5_000, 1_024).to_string();
    let changes = [
        ("area.body.credit", credit),
        ("seed", &seed),
        ("steps", &steps),
        ("evaluation.every", &every),
        ("checkpoint.every", "0"),
        ("actors", "0"),
    ];
    for (key, value) in changes {
        file.set(key, value).map_err(|error| failed(&error))?;
    }
    let config = file.config().map_err(|error| failed(&error))?;
    let plan = Plan::new(config, crate::standard()).map_err(|error| failed(&error))?;
    let home = tempfile::tempdir().map_err(|error| failed(&error))?;
    let mut trainer = Trainer::new(Arc::new(plan)).map_err(|error| failed(&error))?;
    let mut returns = Returns::default();
    let trained = trainer.train(&RunFolder::new(home.path()), &mut returns, &lab.stop);
    lab.go_on()?;
    match trained {
        Ok(_) => Ok((returns.points, None)),
        Err(error @ TrainError::Learner { .. }) => Ok((returns.points, Some(failed(&error).to_string()))),
        Err(error) => Err(failed(&error)),
    }
}
