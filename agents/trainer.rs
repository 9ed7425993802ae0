//! The trainer: rounds of acting and learning.
//!
//! ```text
//! round r:   actors step every slot with the weights of the end of round r−1
//!            meanwhile the learner makes its updates on what the replay held at the end of round r−1
//!            then chunks go into the replay in slot order, and the new weights are published
//! ```
//!
//! A learner with `memory = "online"` learns between a round's last step and the next round, which is then one step long.
//! Otherwise the policy lag is one round, always; the replay ratio is exact; and the number of actor threads is no hyper-parameter.

mod learn;
mod persist;

use crate::actor::{ActorSlot, Snapshot};
use crate::checkpoint::{FileSum, RunFolder};
use crate::crew::{Crew, Round};
use crate::development::Development;
use crate::error::{StartError, TrainError};
use crate::evaluation::{Evaluation, Exam, Examiner, Scene};
use crate::learner::{Memory, Mode};
use crate::meters::{Clock, Meters};
use crate::npz::read_npz;
use crate::plan::{AreaPlan, Plan};
use crate::streams::Streams;
use innate_envs::{EnvError, Picture};
use innate_replay::Replay;
use innate_rewards::Bank;
use learn::LearningArea;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// What follows a training: curves, a progress bar, messages.
pub trait Observer {
    /// Something went wrong that does not stop the training.
    fn warn(&mut self, message: &str);

    /// Points of curves, tag and value, at environment step `step`.
    fn points(&mut self, step: u64, points: &[(String, f64)]) {
        let _ = (step, points);
    }

    /// A round ended.
    fn round(&mut self, progress: &Progress) {
        let _ = progress;
    }

    /// An evaluation ended; `best` if none before was better.
    fn evaluated(&mut self, step: u64, evaluation: &Evaluation, best: bool) {
        let _ = (step, evaluation, best);
    }

    /// What happens in the first episode of an evaluation, step by step.
    fn scene(&mut self, plan: &Plan, scene: &Scene<'_>) {
        let _ = (plan, scene);
    }

    /// What a person would see at the end of an evaluation.
    fn picture(&mut self, step: u64, tag: &str, picture: &Picture) {
        let _ = (step, tag, picture);
    }

    /// Flushes the curves and tells where they stand, for the checkpoint: bytes that only the observer understands.
    fn mark(&mut self) -> Vec<u8> {
        Vec::new()
    }
}

/// How far a training is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Environment steps so far.
    pub step: u64,
    /// Environment steps in all.
    pub steps: u64,
    /// Mean return of the last episodes.
    pub mean_return: Option<f64>,
    /// The exploration rate ε.
    pub exploration_rate: f64,
}

/// How a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It took all its steps.
    Done,
    /// It was asked to stop, and has saved itself.
    Interrupted,
}

/// The number of the learner's own bank among the streams of a run's banks; the others are those of slots.
const LEARNERS_BANK: u64 = u64::MAX;

/// A training.
pub struct Trainer {
    plan: Arc<Plan>,
    streams: Streams,
    replay: Replay,
    areas: Vec<LearningArea>,
    /// The learner's own bank: it relabels what is sampled.
    bank: Bank,
    relabelled: Vec<f32>,
    crew: Crew,
    examiner: Examiner,
    published: Arc<Snapshot>,
    /// The snapshot before, which no actor reads any more: its memory serves for the next.
    spare: Arc<Snapshot>,
    meters: Meters,
    development: Development,
    clock: Clock,
    counters: Counters,
    /// The best step as the latest full checkpoint knows it: a resume will look for it.
    saved_best: Option<u64>,
    /// The step of the latest full checkpoint.
    saved: Option<u64>,
    /// The files that full checkpoints share, with the sums that the latest one told of them.
    shared: BTreeMap<String, FileSum>,
    /// Slots whose environment could not tell its state, and began a new episode when the training was resumed.
    restarted: usize,
    /// What environments had to say to a person, until it is said.
    notices: Vec<String>,
}

/// Where a training stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Counters {
    step: u64,
    evaluations: u64,
    best: Option<Best>,
}

/// The best evaluation so far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Best {
    score: f64,
    step: u64,
}

impl Trainer {
    /// A fresh training of `plan`.
    ///
    /// # Errors
    /// A part that cannot be built or cannot start.
    pub fn new(plan: Arc<Plan>) -> Result<Self, TrainError> {
        let replay = match &plan.config.replay.import {
            Some(file) => read_npz(file, &plan).map_err(StartError::Import)?,
            None => plan.build_replay()?,
        };
        Self::remembering(plan, replay)
    }

    /// A training of `plan` that remembers `replay`, and has learned nothing of it yet.
    fn remembering(plan: Arc<Plan>, replay: Replay) -> Result<Self, TrainError> {
        let streams = Streams::new(plan.config.seed);
        let areas = plan.areas.iter().map(|area| LearningArea::new(&plan, area, streams));
        let mut areas = areas.collect::<Result<Vec<_>, TrainError>>()?;
        for learning in &mut areas {
            learning.recall.follow(learning.trials.as_ref().unwrap_or(&replay))?;
        }
        let development = Development::new(&plan);
        let published = Arc::new(snapshot(&plan, &mut areas, (&development, 0), Snapshot::default())?);
        let policies = || areas.iter().map(|area| area.learner.policy()).collect::<Vec<_>>();
        let slots = (0..plan.slots).map(|index| ActorSlot::new(&plan, index, policies(), &published));
        let slots = slots.collect::<Result<Vec<_>, StartError>>()?;
        let examiner = Examiner::new(&plan, policies())?;
        let bank = plan.build_bank(streams, LEARNERS_BANK).map_err(StartError::Config)?;
        let threads = plan.actor_threads();
        let crew = Crew::new(slots, threads).map_err(StartError::Thread)?;
        let batch = plan.areas.iter().map(|area| area.config.batch).max().unwrap_or(0);
        Ok(Self {
            meters: Meters::new(plan.signals.len()),
            development,
            relabelled: vec![0.0; batch],
            published,
            spare: Arc::new(Snapshot::default()),
            saved_best: None,
            saved: None,
            shared: BTreeMap::new(),
            restarted: 0,
            notices: Vec::new(),
            clock: Clock::default(),
            counters: Counters::default(),
            plan,
            streams,
            replay,
            areas,
            bank,
            crew,
            examiner,
        })
    }

    /// Environment steps so far.
    pub fn step(&self) -> u64 {
        self.counters.step
    }

    /// The step of the best checkpoint so far.
    fn best_step(&self) -> Option<u64> {
        self.counters.best.map(|best| best.step)
    }

    /// Lines that say what will be trained, for the user.
    pub fn describe(&self) -> Vec<String> {
        let areas = self.plan.areas.iter().zip(&self.areas);
        let mut lines: Vec<String> =
            areas.map(|(area, learning)| format!("{}: {}", area.name, learning.learner.describe())).collect();
        lines.push(format!("replay: {}", self.replay.summary()));
        if let (0, Some(file)) = (self.counters.step, &self.plan.config.replay.import) {
            lines.push(format!("remembered from the start: {} transitions of {}", self.replay.len(), file.display()));
        }
        let own = self
            .plan
            .areas
            .iter()
            .zip(&self.areas)
            .filter_map(|(area, learning)| Some((area, learning.trials.as_ref()?)));
        lines.extend(own.map(|(area, trials)| format!("trials of {}: {}", area.name, trials.summary())));
        for (area, learning) in self.plan.areas.iter().zip(&self.areas) {
            if let Some(bytes) = learning.recall.memory() {
                lines.push(format!("priorities of {}: {:.1} MiB", area.name, bytes as f64 / f64::from(1 << 20)));
            }
        }
        let (slots, threads) = (self.plan.slots, self.crew.threads());
        lines.push(format!("threads: 1 learner, {threads} actor{} for {slots} slot{}", plural(threads), plural(slots)));
        lines.push(format!("device: {}", self.plan.device_reason));
        let waits = |area: &&AreaPlan| {
            let starts = area.config.learning_starts >= self.plan.config.steps;
            area.config.memory == Memory::Replay && !self.plan.config.replay.offline && starts
        };
        for area in self.plan.areas.iter().filter(waits) {
            let (name, starts) = (&area.name, area.config.learning_starts);
            lines.push(format!("{name}: learns nothing, as learning_starts = {starts} is not before the last step"));
        }
        if self.restarted > 0 {
            let count = self.restarted;
            lines.push(format!("{count} environment{} cannot be restored and began a new episode", plural(count)));
        }
        lines
    }

    /// Trains to the end, or until `stop` is set, which is looked at after every round. Checkpoints go into `folder`.
    ///
    /// # Errors
    /// A part of the run failed, or the last checkpoint could not be written.
    pub fn train(
        &mut self,
        folder: &RunFolder,
        observer: &mut dyn Observer,
        stop: &AtomicBool,
    ) -> Result<Outcome, TrainError> {
        self.replay.keep_in(&folder.replay())?;
        while self.counters.step < self.plan.config.steps {
            if stop.load(Ordering::Relaxed) {
                self.save(folder, observer)?;
                return Ok(Outcome::Interrupted);
            }
            let failure = self.round()?;
            std::mem::take(&mut self.notices).iter().for_each(|notice| observer.warn(notice));
            if let Some(failure) = failure {
                return Err(self.saved_for(TrainError::Actor(failure.into()), folder, observer));
            }
            observer.round(&self.progress());
            if self.due(self.plan.config.log.every) {
                self.log(observer);
            }
            let due = self.due(self.plan.config.evaluation.every);
            let evaluated = if due { self.evaluate(observer) } else { Ok(None) };
            let best = match evaluated {
                Ok(best) => best,
                Err(error) => return Err(self.saved_for(error, folder, observer)),
            };
            let last = self.counters.step >= self.plan.config.steps;
            let full = last || self.due(self.plan.config.checkpoint.every);
            match self.keep(folder, observer, full, best) {
                Err(error) if last => return Err(error),
                Err(error) => {
                    observer.warn(&format!("no checkpoint at step {}: {error}; training goes on", self.counters.step))
                }
                Ok(()) => {}
            }
        }
        Ok(Outcome::Done)
    }

    /// Saves the training, which can go on later though it stops now because of `error`.
    fn saved_for(&mut self, error: TrainError, folder: &RunFolder, observer: &mut dyn Observer) -> TrainError {
        match self.save(folder, observer) {
            Ok(()) => TrainError::Saved { source: Box::new(error), step: self.counters.step },
            Err(unsaved) => {
                observer.warn(&format!("no checkpoint at step {}: {unsaved}", self.counters.step));
                error
            }
        }
    }

    /// One round of acting and learning. Answers with why an environment could not go on, if one could not; the round is
    /// whole all the same, only shorter in its slot.
    fn round(&mut self) -> Result<Option<EnvError>, TrainError> {
        let failure = if self.plan.config.replay.offline { self.learn().map(|()| None)? } else { self.live()? };
        self.meters.add_ledgers(self.bank.take_ledgers());
        self.counters.step += self.plan.config.steps_per_round;
        self.development.pass_gates(&self.plan, self.counters.step);
        self.learn_online()?;
        self.end_round()?;
        self.publish()?;
        self.clock.steps += self.plan.config.steps_per_round;
        Ok(failure)
    }

    /// Acting and learning side by side.
    fn live(&mut self) -> Result<Option<EnvError>, TrainError> {
        let (steps, first_step) = (self.plan.steps_per_slot(), self.counters.step);
        self.crew.begin(Round { steps, first_step, snapshot: self.published.clone() });
        let learned = self.learn();
        let wait = Instant::now();
        let reports = self.crew.finish();
        self.clock.learner_wait += if self.crew.threads() == 0 { Default::default() } else { wait.elapsed() };
        learned?;
        let mut reports = reports?;
        self.notices.extend(reports.iter_mut().flat_map(|report| report.notices.drain(..)));
        let failure = reports.iter_mut().find_map(|report| report.failure.take());
        for (lane, report) in reports.iter().enumerate() {
            self.replay.insert(lane, &report.chunk)?;
            let mut chunks = report.trials.iter();
            for (place, (area, learning)) in self.plan.areas.iter().zip(&mut self.areas).enumerate() {
                let chunk = match &mut learning.trials {
                    None => &report.chunk,
                    Some(trials) => {
                        let Some(chunk) = chunks.next() else { continue };
                        trials.insert(lane, chunk)?;
                        chunk
                    }
                };
                // What comes while an area is closed it will never learn from.
                let learns = self.development.learns(place, &area.gate, self.counters.step);
                if area.config.memory != Memory::Replay && learns {
                    learning.unread[lane] += chunk.len();
                }
            }
            self.meters.add_episodes(&report.episodes);
            self.meters.add_ledgers(&report.ledgers);
            self.development.add_ledgers(&report.ledgers);
        }
        for learning in &mut self.areas {
            learning.recall.follow(learning.trials.as_ref().unwrap_or(&self.replay))?;
        }
        self.crew.recycle(reports);
        Ok(failure)
    }

    /// Makes the present weights the actors' next snapshot.
    fn publish(&mut self) -> Result<(), TrainError> {
        let spare = Arc::get_mut(&mut self.spare).map(std::mem::take).unwrap_or_default();
        let now = (&self.development, self.counters.step);
        let fresh = snapshot(&self.plan, &mut self.areas, now, spare)?;
        self.spare = std::mem::replace(&mut self.published, Arc::new(fresh));
        Ok(())
    }

    fn progress(&self) -> Progress {
        Progress {
            step: self.counters.step,
            steps: self.plan.config.steps,
            mean_return: self.meters.mean_return(),
            exploration_rate: self.exploration_rate(),
        }
    }

    fn exploration_rate(&self) -> f64 {
        self.areas.first().map_or(0.0, |area| area.learner.exploration_rate(self.counters.step))
    }

    /// Whether the last round crossed a multiple of `every` steps.
    fn due(&self, every: u64) -> bool {
        let step = self.counters.step;
        every > 0 && step / every > (step - self.plan.config.steps_per_round) / every
    }

    fn log(&mut self, observer: &mut dyn Observer) {
        let step = self.counters.step;
        let mut points = Vec::new();
        let mut point = |tag: String, value: f64| points.push((tag, value));
        self.meters.report(&self.plan, &self.development, step, &mut point);
        point("rollout/exploration_rate".into(), self.exploration_rate());
        point("replay/size".into(), self.replay.len() as f64);
        for (place, (area, learning)) in self.plan.areas.iter().zip(&mut self.areas).enumerate() {
            let mut metrics = Vec::new();
            learning.learner.report(&mut |metric, value| metrics.push((metric.to_string(), value)));
            for (metric, value) in metrics {
                // The body's metrics stand under the names that users' tools know, too.
                if place == 0 {
                    point(format!("train/{metric}"), value);
                }
                point(format!("area/{}/{metric}", area.name), value);
            }
            learning.learner.report_angles(&mut |layer, degrees| {
                point(format!("credit/{}.{layer}/angle", area.name), degrees);
            });
            if place == 0 {
                let sampled = learning.updates * area.config.batch as u64;
                point("replay/ratio".into(), sampled as f64 / step as f64);
            }
        }
        std::mem::take(&mut self.clock).report(step, self.crew.take_actor_wait(), &mut point);
        observer.points(step, &points);
    }

    /// Evaluates the present weights; answers if none before were better.
    fn evaluate(&mut self, observer: &mut dyn Observer) -> Result<Option<Best>, TrainError> {
        let step = self.counters.step;
        self.counters.evaluations += 1;
        let exam = Exam {
            mode: Mode::Greedy,
            episodes: self.plan.config.evaluation.episodes,
            streams: self.streams,
            round: self.counters.evaluations,
        };
        let plan = self.plan.clone();
        let mut watch = |scene: &Scene<'_>| {
            if scene.episode == 0 {
                observer.scene(&plan, scene);
            }
            ControlFlow::Continue(())
        };
        let examined = self.examiner.examine(&self.plan, &self.published, exam, &mut watch);
        let evaluation = examined.map_err(|source| TrainError::Evaluation { step, source })?;
        let score = evaluation.mean_pay();
        let best = self.counters.best.is_none_or(|best| score >= best.score).then_some(Best { score, step });
        observer.points(
            step,
            &[
                ("eval/mean_reward".into(), evaluation.mean_return()),
                ("eval/mean_ep_length".into(), evaluation.mean_length()),
                ("eval/mean_pay".into(), score),
            ],
        );
        if let Some(picture) = self.examiner.picture() {
            observer.picture(step, "eval/view", &picture);
        }
        evaluation.notices.iter().for_each(|notice| observer.warn(notice));
        observer.evaluated(step, &evaluation, best.is_some());
        Ok(best)
    }
}

/// The present weights of every area, in the memory of `old`, as the pay table of this step has its learner mix them.
fn snapshot(
    plan: &Plan,
    areas: &mut [LearningArea],
    (development, step): (&Development, u64),
    old: Snapshot,
) -> Result<Snapshot, StartError> {
    let mut fresh = old;
    fresh.weights.resize_with(areas.len(), Vec::new);
    for (place, (area, learning)) in plan.areas.iter().zip(areas).enumerate() {
        for (number, (weight, (_, entry))) in learning.weights.iter_mut().zip(&area.pay).enumerate() {
            *weight = development.weight(place, number, entry, step) as f32;
        }
        learning.learner.weigh(&learning.weights);
        let published = learning.learner.publish(&mut fresh.weights[place]);
        published.map_err(|source| StartError::Learner(area.name.clone(), source))?;
    }
    Ok(fresh)
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
