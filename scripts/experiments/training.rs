//! Whole trainings as experiments: a run that ships, changed in a few keys, and the returns of its evaluations.

use super::{ExperimentError, Lab};
use crate::run_file::RunFile;
use crate::statistics::interquartile_mean;
use innate_agents::trainer::Observer;
use innate_agents::{Plan, RunFolder, TrainError, Trainer};
use std::sync::Arc;

/// Step and mean return of each evaluation of a training.
pub(super) type Returns = Vec<(f64, f64)>;

/// Notes the evaluations of one training.
#[derive(Default)]
struct Watch {
    returns: Returns,
}

impl Observer for Watch {
    fn warn(&mut self, _: &str) {}

    fn points(&mut self, step: u64, points: &[(String, f64)]) {
        let returns = points.iter().filter(|(tag, _)| tag == "eval/mean_reward");
        self.returns.extend(returns.map(|(_, value)| (step as f64, *value)));
    }
}

/// Trains the run `run` with `changes` of its keys, and answers with its returns, and with a sentence if learning ended before
/// its time: a training that diverges is a result as well.
///
/// # Errors
/// The run cannot be built, its disk failed, or the user stopped it.
pub(super) fn train(
    lab: &Lab,
    run: &str,
    changes: &[(&str, &str)],
    seed: u64,
) -> Result<(Returns, Option<String>), ExperimentError> {
    let what = || changes.iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join(", ");
    let failed =
        |error: &dyn std::fmt::Display| ExperimentError::Other(format!("{run}, {}, seed {seed}: {error}", what()));
    let mut file = RunFile::find(run).map_err(|error| failed(&error))?;
    let seed_text = seed.to_string();
    let common = [("seed", seed_text.as_str()), ("checkpoint.every", "0"), ("actors", "0")];
    for (key, value) in changes.iter().chain(&common) {
        file.set(key, value).map_err(|error| failed(&error))?;
    }
    let config = file.config().map_err(|error| failed(&error))?;
    let plan = Plan::new(config, crate::standard()).map_err(|error| failed(&error))?;
    let home = tempfile::tempdir().map_err(|error| failed(&error))?;
    let mut trainer = Trainer::new(Arc::new(plan)).map_err(|error| failed(&error))?;
    let mut watch = Watch::default();
    let trained = trainer.train(&RunFolder::new(home.path()), &mut watch, &lab.stop);
    lab.go_on()?;
    match trained {
        Ok(_) => Ok((watch.returns, None)),
        Err(error @ TrainError::Learner { .. }) => Ok((watch.returns, Some(failed(&error).to_string()))),
        Err(error) => Err(failed(&error)),
    }
}

/// The best return; 0 for a training that had none.
pub(super) fn best(returns: &Returns) -> f64 {
    returns.iter().map(|point| point.1).reduce(f64::max).unwrap_or_default()
}

/// The mean of the last three returns; 0 for a training that had none.
pub(super) fn last(returns: &Returns) -> f64 {
    mean(&returns[returns.len().saturating_sub(3)..])
}

/// The mean of all returns: how soon and how well it learned; 0 for a training that had none.
pub(super) fn mean(returns: &[(f64, f64)]) -> f64 {
    returns.iter().map(|point| point.1).sum::<f64>() / returns.len().max(1) as f64
}

/// At each evaluation, the interquartile mean over the trainings that came so far.
pub(super) fn curve(runs: &[Returns]) -> Vec<(f64, f64)> {
    let longest = runs.iter().max_by_key(|run| run.len()).map_or(&[][..], |run| run);
    let at = |(place, (step, _)): (usize, &(f64, f64))| {
        let values: Vec<f64> = runs.iter().filter_map(|run| Some(run.get(place)?.1)).collect();
        (*step, interquartile_mean(&values))
    };
    longest.iter().enumerate().map(at).collect()
}
