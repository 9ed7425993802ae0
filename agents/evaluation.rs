//! Evaluation: greedy episodes on an environment, a bank and random streams of their own, so that it changes no bit of
//! training.

use crate::actor::{Snapshot, StartError, view_of};
use crate::checkpoint::Checkpoint;
use crate::learner::{self, Mode, Policy};
use crate::plan::{MAX_VIEW, Plan};
use crate::streams::{Random, Streams};
use crate::trainer::TrainError;
use innate_envs::{Env, Observation, Picture};
use innate_nn::Input;
use innate_rewards::{Bank, Ledger};
use serde::Serialize;

/// Evaluates the weights of `checkpoint` over `episodes` episodes, the same for the same `seed`. `watch` sees the
/// environment after every step of the first episode.
///
/// # Errors
/// The checkpoint does not fit the run, or a part of the run failed.
pub fn evaluate(
    plan: &Plan,
    checkpoint: &Checkpoint,
    mode: Mode,
    episodes: usize,
    seed: u64,
    watch: &mut dyn FnMut(&dyn Env),
) -> Result<Evaluation, TrainError> {
    let tensors = checkpoint.tensors("weights.safetensors")?;
    let (mut snapshot, mut policies) = (Snapshot::default(), Vec::new());
    for area in &plan.areas {
        let mut learner = plan.build_learner(area)?;
        let mut weights = Vec::new();
        let loaded = learner.load_weights(&learner::of_area(&area.name, &tensors));
        let loaded = loaded.and_then(|()| learner.publish(&mut weights));
        loaded.map_err(|error| StartError::Learner(area.name.clone(), error))?;
        snapshot.weights.push(weights);
        policies.push(learner.policy());
    }
    let when = (Streams::new(seed), 0, checkpoint.manifest.step);
    Ok(Examiner::new(plan, policies)?.examine(plan, &snapshot, mode, episodes, when, watch)?)
}

/// Plays evaluation episodes.
pub struct Examiner {
    env: Box<dyn Env>,
    observation: Observation,
    bank: Bank,
    policies: Vec<Box<dyn Policy>>,
}

/// What came of an evaluation.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Evaluation {
    /// Sum of the environment's rewards of each episode.
    pub returns: Vec<f64>,
    /// Number of steps of each episode.
    pub lengths: Vec<u64>,
    /// Sum of what the body was paid in each episode by the signals that pay at once.
    pub pays: Vec<f64>,
    /// Each signal that pays at once or has metrics of its own: raw value per step, and these metrics.
    pub signals: Vec<SignalSummary>,
}

/// One signal over an evaluation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SignalSummary {
    /// Its name.
    pub name: String,
    /// Mean raw value per step.
    pub mean: f64,
    /// Its own metrics: means.
    pub metrics: Vec<(String, f64)>,
}

impl Evaluation {
    /// Mean of the environment's returns.
    pub fn mean_return(&self) -> f64 {
        mean(self.returns.iter().copied())
    }

    /// Mean length of an episode, in steps.
    pub fn mean_length(&self) -> f64 {
        mean(self.lengths.iter().map(|&length| length as f64))
    }

    /// Mean of what the body was paid per episode: the score by which the best checkpoint is chosen. For an area paid by
    /// `extrinsic` with weight 1 it is the mean return.
    pub fn mean_pay(&self) -> f64 {
        mean(self.pays.iter().copied())
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

impl Examiner {
    /// An examiner for `plan`; `policies` are the areas' deciding halves.
    ///
    /// # Errors
    /// A part of the run cannot be built.
    pub fn new(plan: &Plan, policies: Vec<Box<dyn Policy>>) -> Result<Self, StartError> {
        let env = plan.build_env()?;
        Ok(Self { observation: env.spec().buffer(), env, bank: plan.build_bank()?, policies })
    }

    /// Plays `episodes` episodes with the weights of `snapshot` and the pay table of environment step `step`. The same
    /// `streams` and `round` give the same episodes. `watch` sees the environment after every step of the first one.
    ///
    /// # Errors
    /// The environment, a signal or a policy failed.
    pub fn examine(
        &mut self,
        plan: &Plan,
        snapshot: &Snapshot,
        mode: Mode,
        episodes: usize,
        (streams, round, step): (Streams, u64, u64),
        watch: &mut dyn FnMut(&dyn Env),
    ) -> Result<Evaluation, StartError> {
        let mut evaluation = Evaluation::default();
        let mut ledgers: Vec<Ledger> = plan.signals.iter().map(|_| Ledger::default()).collect();
        for episode in 0..episodes as u64 {
            let draw = round << 32 | episode;
            let mut random = streams.stream("evaluation/act", draw);
            self.env.reset(Some(streams.seed("evaluation/environment", draw)), &mut self.observation)?;
            self.bank.begin_episode(&self.observation)?;
            let watch: &mut dyn FnMut(&dyn Env) = if episode == 0 { &mut *watch } else { &mut |_| {} };
            let (reward, length, pay) = self.play(plan, snapshot, mode, step, &mut random, watch)?;
            evaluation.returns.push(reward);
            evaluation.lengths.push(length);
            evaluation.pays.push(pay);
            for (total, ledger) in ledgers.iter_mut().zip(self.bank.take_ledgers()) {
                total.merge(&ledger);
            }
        }
        let told = plan.signals.iter().zip(&ledgers).filter(|(_, ledger)| ledger.steps > 0 || !ledger.notes.is_empty());
        evaluation.signals = told.map(|(signal, ledger)| summary(&signal.name, ledger)).collect();
        Ok(evaluation)
    }

    /// What a person would see now, if the environment can draw itself.
    pub fn picture(&self) -> Option<Picture> {
        self.env.picture()
    }

    /// Plays one episode to its end: return, length, pay.
    fn play(
        &mut self,
        plan: &Plan,
        snapshot: &Snapshot,
        mode: Mode,
        step: u64,
        random: &mut Random,
        watch: &mut dyn FnMut(&dyn Env),
    ) -> Result<(f64, u64, f64), StartError> {
        let body = &plan.areas[0];
        let (mut reward, mut length, mut pay) = (0.0, 0, 0.0);
        loop {
            let mut action = 0;
            for (place, policy) in self.policies.iter_mut().enumerate().rev() {
                let mut inputs = [Input::F32(&[]); MAX_VIEW];
                let view = view_of(self.bank.current(), &plan.areas[place].view, &mut inputs);
                let decided = policy.act(&snapshot.weights[place], view, mode, random);
                action = decided.map_err(|error| StartError::Learner(plan.areas[place].name.clone(), error))?;
            }
            let outcome = self.env.step(action, &mut self.observation)?;
            self.bank.step(&self.observation, action, outcome, |payment| {
                if let Some((_, entry)) = body.pay.iter().find(|(signal, _)| *signal == payment.signal) {
                    let mut paid = [0.0];
                    entry.mix(step, &[payment.amount], &mut paid);
                    pay += f64::from(paid[0]);
                }
            })?;
            watch(&*self.env);
            reward += outcome.reward;
            length += 1;
            if outcome.terminated || outcome.truncated {
                return Ok((reward, length, pay));
            }
            self.bank.advance();
        }
    }
}

/// The means of a ledger.
pub(crate) fn summary(name: &str, ledger: &Ledger) -> SignalSummary {
    let metrics = ledger.notes.iter().map(|note| (note.metric.clone(), note.sum / note.count as f64));
    let mean = if ledger.steps == 0 { 0.0 } else { ledger.paid / ledger.steps as f64 };
    SignalSummary { name: name.into(), mean, metrics: metrics.collect() }
}
