//! Evaluation: greedy episodes on an environment, a bank and random streams of their own, so that it changes no bit of
//! training.

use crate::actor::Snapshot;
use crate::checkpoint::Checkpoint;
use crate::error::{StartError, TrainError};
use crate::learner::{self, Mode, Policy};
use crate::minds::{Mind, Minds};
use crate::plan::Plan;
use crate::streams::{Random, Streams};
use innate_envs::{Array, Env, Observation, Picture};
use innate_rewards::signal::Note;
use innate_rewards::{Bank, Ledger, Service, Tally};
use rand::Rng;
use serde::Serialize;
use std::ops::ControlFlow;

/// Which episodes an evaluation plays, and how. The same exam gives the same episodes.
#[derive(Clone, Copy, Debug)]
pub struct Exam {
    /// How to act; where that is greedily, `[evaluation]` may say that some actions are random.
    pub mode: Mode,
    /// Number of episodes.
    pub episodes: usize,
    /// Where seeds and random streams come from.
    pub streams: Streams,
    /// Number of the exam among those of these streams.
    pub round: u64,
}

/// What is seen after every step of an evaluation.
pub struct Scene<'a> {
    /// The number of the episode.
    pub episode: u64,
    /// The environment, ground truth included.
    pub env: &'a dyn Env,
    /// The percepts, in the order of [`Plan::percepts`].
    pub percepts: &'a [Array],
    /// The body's action.
    pub action: usize,
    /// Whether the episode ended with it.
    pub ended: bool,
}

/// Sees every step of an evaluation; may end it, and it then tells of the episodes played to their end.
pub type Watcher<'a> = dyn FnMut(&Scene<'_>) -> ControlFlow<()> + 'a;

/// Evaluates the weights of `checkpoint` over `episodes` episodes, the same for the same `seed`.
///
/// # Errors
/// The checkpoint does not fit the run, or a part of the run failed.
pub fn evaluate(
    plan: &Plan,
    checkpoint: &Checkpoint,
    mode: Mode,
    episodes: usize,
    seed: u64,
    watch: &mut Watcher<'_>,
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
    let exam = Exam { mode, episodes, streams: Streams::new(seed), round: 0 };
    Ok(Examiner::new(plan, policies)?.examine(plan, &snapshot, exam, watch)?)
}

/// Plays evaluation episodes.
pub struct Examiner {
    env: Box<dyn Env>,
    observation: Observation,
    body: Mind,
    minds: Vec<Mind>,
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
    /// What the environment had to say to a person.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
}

/// One signal over an evaluation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SignalSummary {
    /// Its name.
    pub name: String,
    /// Mean raw value per step.
    pub mean: f64,
    /// Its own metrics: means, and totals.
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

    /// Mean of what the body was paid per episode by signals that pay at once, with the weights of the end of the run: the
    /// score by which the best checkpoint is chosen. For an area paid by `extrinsic` with weight 1 it is the mean return.
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
        let env = plan.build_exam_env()?;
        // Every draw comes from the exam's own stream.
        let (body, minds) = Mind::of_areas(plan, policies, |area| Streams::new(0).stream(area, 0))?;
        Ok(Self { observation: env.spec().buffer(), env, body, minds })
    }

    /// Plays the episodes of `exam` with the weights of `snapshot`.
    ///
    /// The bank is made anew, so that what a signal learns in one evaluation is in no other. Pay is what the pay table
    /// gives at the end of the run, so that evaluations under a schedule can be compared.
    ///
    /// # Errors
    /// The environment, a signal or a policy failed.
    pub fn examine(
        &mut self,
        plan: &Plan,
        snapshot: &Snapshot,
        exam: Exam,
        watch: &mut Watcher<'_>,
    ) -> Result<Evaluation, StartError> {
        let mut bank = plan.build_bank(exam.streams, exam.round)?;
        let mut evaluation = Evaluation::default();
        let mut ledgers: Vec<Ledger> = plan.signals.iter().map(|_| Ledger::default()).collect();
        for episode in 0..exam.episodes as u64 {
            let draw = exam.round << 32 | episode;
            let mut random = exam.streams.stream("evaluation/act", draw);
            self.env.reset(Some(exam.streams.seed("evaluation/environment", draw)), &mut self.observation)?;
            let minds = std::iter::once(&mut self.body).chain(&mut self.minds);
            minds.for_each(Mind::begin_episode);
            let minds = &mut self.minds;
            bank.begin_episode(
                &self.observation,
                &mut Minds { minds, snapshot, mode: exam.mode, random: Some(&mut random) },
            )?;
            let stage = Stage { plan, snapshot, mode: exam.mode, episode };
            let Some(played) = self.play(&stage, (&mut bank, &mut random), watch)? else {
                break;
            };
            evaluation.returns.push(played.reward);
            evaluation.lengths.push(played.length);
            evaluation.pays.push(played.pay);
            evaluation.notices.extend(self.env.take_notice());
            for (total, ledger) in ledgers.iter_mut().zip(bank.take_ledgers()) {
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

    /// Plays one episode; nothing if the watcher ended it.
    fn play(
        &mut self,
        stage: &Stage<'_>,
        (bank, random): (&mut Bank, &mut Random),
        watch: &mut Watcher<'_>,
    ) -> Result<Option<Played>, StartError> {
        let &Stage { plan, snapshot, mode: usual, episode } = stage;
        let (body, epsilon) = (plan.body(), plan.config.evaluation.exploration_rate);
        let mut played = Played::default();
        loop {
            let random_now = usual == Mode::Greedy && epsilon > 0.0 && random.random_bool(epsilon);
            let mode = if random_now { Mode::Random } else { usual };
            let decided = self.body.act(bank.current(), snapshot, mode, Some(random));
            let action = decided.map_err(|error| StartError::Learner(body.name.clone(), error))?;
            let outcome = self.env.step(action, &mut self.observation)?;
            let mut minds = Minds { minds: &mut self.minds, snapshot, mode: usual, random: Some(random) };
            bank.step(&self.observation, action, outcome, &mut minds, |payment| {
                let entry = body.pay.iter().find(|(signal, _)| *signal == payment.signal);
                if let (Some((_, entry)), Service::Step { .. }) = (entry, payment.service) {
                    let mut paid = [0.0];
                    entry.mix(entry.final_weight(plan.config.steps), &[payment.amount], &mut paid);
                    played.pay += f64::from(paid[0]);
                }
            })?;
            played.reward += outcome.reward;
            played.length += 1;
            let ended = outcome.ended();
            if watch(&Scene { episode, env: &*self.env, percepts: bank.following(), action, ended }).is_break() {
                return Ok(None);
            }
            if ended {
                return Ok(Some(played));
            }
            bank.advance();
        }
    }
}

/// What an episode is played with.
#[derive(Clone, Copy)]
struct Stage<'a> {
    plan: &'a Plan,
    snapshot: &'a Snapshot,
    mode: Mode,
    episode: u64,
}

/// One episode of an evaluation.
#[derive(Clone, Copy, Default)]
struct Played {
    reward: f64,
    length: u64,
    pay: f64,
}

/// The means and totals of a ledger.
pub(crate) fn summary(name: &str, ledger: &Ledger) -> SignalSummary {
    let value = |note: &Note| match note.tally {
        Tally::Mean => note.sum / note.count as f64,
        Tally::Total => note.sum,
    };
    let metrics = ledger.notes.iter().map(|note| (note.metric.clone(), value(note)));
    let mean = if ledger.steps == 0 { 0.0 } else { ledger.paid / ledger.steps as f64 };
    SignalSummary { name: name.into(), mean, metrics: metrics.collect() }
}
