//! One development: the run `nursery` with some keys changed, trained, and judged in environments of one's choice.

use super::super::{ExperimentError, Lab, Row};
use crate::judge::{Judge, JudgeError, Judgement};
use crate::run_file::RunFile;
use crate::statistics::{bootstrap, interquartile_mean};
use innate_agents::evaluation::Scene;
use innate_agents::trainer::Observer;
use innate_agents::{Checkpoint, Mode, Plan, RunFolder, Trainer, evaluate};
use innate_envs::truth::Class;
use rand::Rng;
use std::ops::ControlFlow;
use std::sync::Arc;
use tempfile::TempDir;

/// A key of the run file and its value.
pub(super) type Change = (String, String);

/// A development that has come to its end.
pub(super) struct Upbringing {
    file: RunFile,
    home: TempDir,
    /// Of the training, and of the episodes that a judge is shown.
    seed: u64,
}

/// What a judge is shown.
#[derive(Clone, Copy)]
pub(super) struct Test<'a> {
    /// Options of the environment, as TOML.
    pub(super) env: &'a str,
    /// Keys of the run that differ from those of the training.
    pub(super) changes: &'a [Change],
    /// What counts as a hand there.
    pub(super) target: Class,
    pub(super) episodes: usize,
    pub(super) mode: Mode,
}

/// A change of the run file.
pub(super) fn change(key: &str, value: impl std::fmt::Display) -> Change {
    (key.into(), value.to_string())
}

/// Nobody watches the training.
struct Alone;

impl Observer for Alone {
    fn warn(&mut self, _: &str) {}
}

impl Upbringing {
    /// Trains the run `nursery` with `changes` and `seed`, in the world "hard" unless they say otherwise.
    ///
    /// # Errors
    /// The run cannot be made or failed; or the user stopped.
    pub(super) fn new(lab: &Lab, changes: &[Change], seed: u64) -> Result<Self, ExperimentError> {
        let mut file = RunFile::find("nursery").map_err(other)?;
        let usual =
            [change("seed", seed), change("evaluation.every", 0), change("checkpoint.every", 0), change("actors", 0)];
        for (key, value) in usual.iter().chain(changes) {
            file.set(key, value).map_err(other)?;
        }
        let home = tempfile::tempdir().map_err(other)?;
        let mut trainer = Trainer::new(plan(&file)?).map_err(other)?;
        trainer.train(&RunFolder::new(home.path()), &mut Alone, &lab.stop).map_err(other)?;
        lab.go_on()?;
        Ok(Self { file, home, seed })
    }

    /// What a judge says of it.
    ///
    /// # Errors
    /// The environment cannot be made, or tells no truth.
    pub(super) fn judge(&self, lab: &Lab, test: Test<'_>) -> Result<Judgement, ExperimentError> {
        let mut file = self.file.clone();
        for (key, value) in test.changes.iter().chain([&change("evaluation.env", test.env)]) {
            file.set(key, value).map_err(other)?;
        }
        let plan = plan(&file)?;
        let checkpoint = Checkpoint::open(&self.home.path().join("latest")).map_err(other)?;
        let (mut judge, mut trouble) = (Judge::new(test.target), None::<JudgeError>);
        let mut watch = |scene: &Scene<'_>| match judge.watch(&plan, scene) {
            Ok(()) if lab.go_on().is_ok() => ControlFlow::Continue(()),
            found => {
                trouble = found.err();
                ControlFlow::Break(())
            }
        };
        evaluate(&plan, &checkpoint, test.mode, test.episodes, self.seed, &mut watch).map_err(other)?;
        lab.go_on()?;
        match trouble {
            None => Ok(judge.judgement()),
            Some(error) => Err(other(error)),
        }
    }
}

fn plan(file: &RunFile) -> Result<Arc<Plan>, ExperimentError> {
    let config = file.config().map_err(other)?;
    Ok(Arc::new(Plan::new(config, crate::standard()).map_err(other)?))
}

fn other(error: impl std::fmt::Display) -> ExperimentError {
    ExperimentError::Other(error.to_string())
}

/// A row of interquartile mean and interval over the seeds' `values`; those that are no numbers are left out.
pub(super) fn over_seeds(row: impl FnOnce(f64) -> Row, values: &[f64], random: &mut impl Rng) -> Row {
    let known: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let row = row(interquartile_mean(&known));
    if known.len() < 2 { row } else { row.spread(bootstrap(&[&known], interquartile_mean, random)) }
}
