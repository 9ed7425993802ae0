//! The promise that the platform exists for: what a signal returns is what the learner's TD target contains.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use innate::agents::dqn::{Dqn, DqnOptions};
use innate::agents::learner::NamedTensor;
use innate::agents::trainer::{Observer, Progress};
use innate::agents::{
    Checkpoint, Evaluation, Experience, Horizon, Learner, LearnerError, LearnerState, Outcome, Plan, Policy, RunConfig,
    RunFolder, Trainer,
};
use innate::rewards::{Declaration, Moment, Pay, Purse, Sampled, Signal, SignalError};
use innate::{NoOptions, Registries};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Pays a known sequence: the number of steps since the episode began, squared.
#[derive(Default)]
struct Squares {
    step: f64,
}

impl Signal for Squares {
    fn declare(&self) -> Declaration {
        Declaration { pay: Pay::Stored, ..Declaration::default() }
    }
    fn begin_episode(&mut self) {
        self.step = 0.0;
    }
    fn pay(&mut self, _: Moment<'_>, purse: &mut Purse) -> Result<(), SignalError> {
        self.step += 1.0;
        purse.pay(self.step * self.step);
        Ok(())
    }
    fn save(&self) -> Vec<u8> {
        self.step.to_le_bytes().to_vec()
    }
    fn load(&mut self, state: &[u8]) -> Result<(), SignalError> {
        let state = state.try_into().map_err(|_| SignalError::new("expected 8 bytes"))?;
        self.step = f64::from_le_bytes(state);
        Ok(())
    }
}

/// Pays, on the sampled batch, 100 · (cart position after) + action.
struct Relabels;

impl Signal for Relabels {
    fn declare(&self) -> Declaration {
        Declaration { reads: vec!["observation".into()], pay: Pay::Relabelled, ..Declaration::default() }
    }
    fn relabel(&mut self, batch: &Sampled<'_>, pay: &mut [f32]) -> Result<(), SignalError> {
        let after = batch.after[0].f32()?;
        for ((pay, state), action) in pay.iter_mut().zip(after.chunks(4)).zip(batch.actions) {
            *pay = 100.0 * state[0] + *action as f32;
        }
        Ok(())
    }
}

/// Pays at the fourth step of an episode for the step two before it.
#[derive(Default)]
struct Late {
    step: u8,
}

impl Signal for Late {
    fn declare(&self) -> Declaration {
        Declaration { pay: Pay::Stored, window: 2, ..Declaration::default() }
    }
    fn begin_episode(&mut self) {
        self.step = 0;
    }
    fn pay(&mut self, _: Moment<'_>, purse: &mut Purse) -> Result<(), SignalError> {
        self.step = self.step.saturating_add(1);
        if self.step == 4 {
            purse.pay_back(2, 1000.0);
        }
        Ok(())
    }
    fn save(&self) -> Vec<u8> {
        vec![self.step]
    }
    fn load(&mut self, state: &[u8]) -> Result<(), SignalError> {
        self.step = *state.first().ok_or_else(|| SignalError::new("expected 1 byte"))?;
        Ok(())
    }
}

/// Returns NaN at its tenth step.
#[derive(Default)]
struct Broken {
    step: u8,
}

impl Signal for Broken {
    fn declare(&self) -> Declaration {
        Declaration { pay: Pay::Stored, ..Declaration::default() }
    }
    fn pay(&mut self, _: Moment<'_>, purse: &mut Purse) -> Result<(), SignalError> {
        self.step += 1;
        purse.pay(if self.step == 10 { f64::NAN } else { 0.0 });
        Ok(())
    }
}

/// What one update saw.
#[derive(Clone, Default)]
struct Seen {
    before: Vec<f32>,
    after: Vec<f32>,
    actions: Vec<i64>,
    rewards: Vec<f32>,
    discounts: Vec<f32>,
    weights: Vec<f32>,
    targets: Vec<f32>,
}

/// A DQN that notes every batch and the TD targets that it computed from it.
struct Watched {
    dqn: Dqn,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Learner for Watched {
    fn describe(&self) -> String {
        self.dqn.describe()
    }
    fn horizon(&self) -> Horizon {
        self.dqn.horizon()
    }
    fn errors(&self) -> Option<&[f32]> {
        self.dqn.errors()
    }
    fn learn(&mut self, experience: &Experience<'_>) -> Result<(), LearnerError> {
        self.dqn.learn(experience)?;
        let numbers = |inputs: &[innate::nn::Input<'_>]| match inputs[0] {
            innate::nn::Input::F32(values) => values.to_vec(),
            innate::nn::Input::U8(_) => panic!("CartPole shows numbers"),
        };
        self.seen.lock().unwrap().push(Seen {
            before: numbers(experience.before),
            after: numbers(experience.after),
            actions: experience.actions.to_vec(),
            rewards: experience.rewards.to_vec(),
            discounts: experience.discounts.to_vec(),
            weights: experience.weights.to_vec(),
            targets: self.dqn.targets().to_vec(),
        });
        Ok(())
    }
    fn policy(&self) -> Box<dyn Policy> {
        self.dqn.policy()
    }
    fn publish(&mut self, weights: &mut Vec<f32>) -> Result<(), LearnerError> {
        self.dqn.publish(weights)
    }
    fn report(&mut self, metric: &mut dyn FnMut(&str, f64)) {
        self.dqn.report(metric)
    }
    fn save(&mut self) -> Result<LearnerState, LearnerError> {
        self.dqn.save()
    }
    fn load_weights(&mut self, weights: &[NamedTensor]) -> Result<(), LearnerError> {
        self.dqn.load_weights(weights)
    }
    fn load(&mut self, state: &LearnerState) -> Result<(), LearnerError> {
        self.dqn.load(state)
    }
}

/// Nobody watches.
struct Silent;

impl Observer for Silent {
    fn warn(&mut self, message: &str) {
        panic!("{message}");
    }
}

fn registries(seen: Arc<Mutex<Vec<Seen>>>) -> Registries {
    fn boxed<S: Signal + Default + 'static>(_: NoOptions) -> Result<Box<dyn Signal>, SignalError> {
        Ok(Box::new(S::default()))
    }
    let mut registries = innate::standard();
    registries
        .signals
        .register("squares", "1, 4, 9, …", boxed::<Squares>)
        .register("late", "pays two steps back", boxed::<Late>)
        .register("broken", "NaN at step 10", boxed::<Broken>)
        .register("relabels", "recomputed", |_: NoOptions| Ok::<_, SignalError>(Box::new(Relabels) as Box<dyn Signal>));
    registries.learners.register("watched", "a DQN that notes what it sees", move |options: DqnOptions| {
        let seen = seen.clone();
        let plan: innate::agents::LearnerPlan = Box::new(move |context| {
            let dqn = Dqn::new(options.clone(), context)?;
            Ok(Box::new(Watched { dqn, seen: seen.clone() }) as Box<dyn Learner>)
        });
        Ok::<_, LearnerError>(plan)
    });
    registries
}

/// A run of 6 rounds with a learning rate too small to matter, in which the body is paid `pay`.
fn run_file(pay: &str, actors: usize) -> String {
    let broken = if pay.contains("broken") { ", broken = {}" } else { "" };
    format!(
        r#"
        steps = 384
        steps_per_round = 64
        actors = {actors}
        env = {{ id = "CartPole-v1", slots = 2 }}
        replay = {{ capacity = 256 }}
        evaluation = {{ every = 128, episodes = 2 }}
        checkpoint = {{ every = 128 }}
        signals = {{ squares = {{}}, relabels = {{}}, late = {{}}{broken} }}
        [area.body]
        learner = "watched"
        network = {{ hidden = [8] }}
        optimiser = "sgd"
        lr = 1e-30
        batch = 16
        learning_starts = 64
        updates_per_round = 4
        pay = {pay}
        "#
    )
}

fn plan(text: &str, seen: &Arc<Mutex<Vec<Seen>>>) -> Result<Arc<Plan>, String> {
    let config: RunConfig = toml::from_str(text).unwrap();
    Plan::new(config, registries(seen.clone())).map(Arc::new).map_err(|error| error.to_string())
}

/// Trains, and answers with every batch and its targets.
fn train(pay: &str, actors: usize) -> Result<Vec<Seen>, String> {
    train_file(&run_file(pay, actors))
}

fn train_file(text: &str) -> Result<Vec<Seen>, String> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let plan = plan(text, &seen)?;
    let folder = tempfile::tempdir().unwrap();
    let mut trainer = Trainer::new(plan).map_err(|error| error.to_string())?;
    trainer
        .train(&RunFolder::new(folder.path()), &mut Silent, &AtomicBool::new(false))
        .map_err(|error| error.to_string())?;
    drop(trainer);
    Ok(std::mem::take(&mut *seen.lock().unwrap()))
}

/// The same batches without and with a signal: targets differ by exactly what the signal returned, times its weight.
fn check(actors: usize) {
    let free = train("{ extrinsic = 0.0 }", actors).unwrap();
    let stored = train("{ extrinsic = 0.0, squares = 0.5 }", actors).unwrap();
    let relabelled = train("{ extrinsic = 0.0, relabels = 2.0 }", actors).unwrap();
    let both = train("{ extrinsic = 1.0, squares = 0.5, relabels = 2.0 }", actors).unwrap();
    assert_eq!(free.len(), 5 * 4, "every round but the first learns");
    let mut squares_seen = Vec::new();
    for (((free, stored), relabelled), both) in free.iter().zip(&stored).zip(&relabelled).zip(&both) {
        assert_eq!((&free.before, &free.actions), (&both.before, &both.actions), "pay changes no sample");
        for i in 0..free.actions.len() {
            assert_eq!(free.rewards[i], 0.0);
            let square = stored.rewards[i] / 0.5;
            squares_seen.push(square);
            assert_eq!(square.sqrt().fract(), 0.0, "a known sequence");
            let recomputed = 100.0 * free.after[4 * i] + free.actions[i] as f32;
            assert_eq!(relabelled.rewards[i], 2.0 * recomputed);
            let mixed = [(&stored.targets, 0.5 * square), (&relabelled.targets, 2.0 * recomputed)];
            for (targets, amount) in mixed {
                assert_eq!(targets[i], amount + free.targets[i], "r + γ max Q, and nothing else");
            }
            assert!((both.targets[i] - (free.targets[i] + 1.0 + 0.5 * square + 2.0 * recomputed)).abs() < 1e-3);
        }
    }
    let distinct: std::collections::BTreeSet<u32> = squares_seen.iter().map(|square| *square as u32).collect();
    assert!(distinct.len() > 5, "{distinct:?}");
}

#[test]
fn reward_reaches_the_td_target_in_a_serial_run() {
    check(0);
}

#[test]
fn reward_reaches_the_td_target_in_a_threaded_run() {
    check(2);
}

#[test]
fn a_late_reward_reaches_the_step_where_it_began() {
    for actors in [0, 2] {
        let seen = train("{ extrinsic = 0.0, squares = 1.0, late = 1.0 }", actors).unwrap();
        let rewards = seen.iter().flat_map(|seen| seen.rewards.iter().copied());
        let late: Vec<f32> = rewards.filter(|reward| reward.sqrt().fract() != 0.0).collect();
        assert!(!late.is_empty());
        assert!(late.iter().all(|reward| *reward == 4.0 + 1000.0), "paid to the second step alone: {late:?}");
    }
}

/// The first reward of a return of squares over `steps` steps.
fn first_square(sum: f32, steps: i32, gamma: f32) -> Option<u32> {
    let sum_from = |first: u32| (0..steps).map(|k| gamma.powi(k) * ((first + k as u32) as f32).powi(2)).sum::<f32>();
    (1..600).find(|&first| (sum_from(first) - sum).abs() < 1e-3 * sum)
}

#[test]
fn a_return_of_several_steps_sums_what_every_signal_paid_in_them() {
    let several = |pay: &str, keys: &str| train_file(&format!("{}\nn_step = 3\ngamma = 0.5\n{keys}", run_file(pay, 2)));
    let stored = several("{ extrinsic = 0.0, squares = 1.0 }", "").unwrap();
    let relabelled = several("{ extrinsic = 0.0, relabels = 2.0 }", "").unwrap();
    let both = several("{ extrinsic = 0.0, squares = 1.0, relabels = 2.0 }", "").unwrap();
    let mut lengths = std::collections::BTreeSet::new();
    for ((stored, relabelled), both) in stored.iter().zip(&relabelled).zip(&both) {
        for i in 0..stored.rewards.len() {
            let steps = stored.discounts[i].log(0.5).round() as i32;
            lengths.insert(steps);
            assert!(first_square(stored.rewards[i], steps, 0.5).is_some(), "{} over {steps}", stored.rewards[i]);
            if steps == 1 {
                let expected = 2.0 * (100.0 * relabelled.after[4 * i] + relabelled.actions[i] as f32);
                assert_eq!(relabelled.rewards[i], expected);
            }
            assert!((both.rewards[i] - stored.rewards[i] - relabelled.rewards[i]).abs() < 1e-2);
        }
    }
    assert_eq!(lengths.into_iter().collect::<Vec<_>>(), [1, 2, 3], "shorter at the ends of episodes");
}

#[test]
fn several_observations_are_seen_at_once_and_never_across_an_episodes_start() {
    let text = |frames: usize| format!("{}\nframes = {frames}", run_file("{ extrinsic = 1.0 }", 2));
    let alone = |frames: usize| text(frames).replace("relabels = {}, ", "");
    let (mut starts, mut others) = (0, 0);
    for seen in train_file(&alone(2)).unwrap() {
        for (before, after) in seen.before.chunks(8).zip(seen.after.chunks(8)) {
            assert_eq!(before[4..], after[..4], "the newest observation is the older one a step later");
            // CartPole moves by its velocity of the step before, unless an episode begins.
            if before[..4] == before[4..] {
                starts += 1;
            } else {
                others += 1;
                assert!((before[4] - before[0] - 0.02 * before[1]).abs() < 1e-6, "{before:?}");
            }
        }
    }
    assert!(starts > 5 && others > 100, "{starts} {others}");
    let said = train_file(&text(2)).err().unwrap();
    assert!(said.contains("area.body.frames") && said.contains("`relabels`"), "{said}");
    let said = train_file(&alone(17)).err().unwrap();
    assert!(said.contains("17 must lie between 1 and 16"), "{said}");
}

#[test]
fn what_is_drawn_by_priority_counts_by_its_importance() {
    let keys = "prioritised = { alpha = 1.0, beta = 1.0 }";
    // Errors grow with the squares, so that late steps are replayed more often and count less.
    let mean = |keys: &str| {
        let seen = train_file(&format!("{}\n{keys}", run_file("{ extrinsic = 0.0, squares = 1.0 }", 2))).unwrap();
        let late: Vec<&Seen> = seen.iter().skip(8).collect();
        let all = late.iter().flat_map(|seen| seen.rewards.iter().zip(&seen.weights));
        let (sum, weighted, weights, count) = all
            .fold((0.0, 0.0, 0.0, 0.0), |(sum, weighted, weights, count), (r, w)| {
                (sum + r, weighted + r * w, weights + w, count + 1.0)
            });
        (sum / count, weighted / weights)
    };
    let ((uniform, plain), (drawn, corrected)) = (mean(""), mean(keys));
    assert_eq!(uniform, plain);
    // The greatest weight of each batch is 1, which leaves a part of the bias.
    assert!(drawn > 1.5 * uniform && corrected < 0.95 * drawn, "{uniform} {drawn} {corrected}");
}

#[test]
fn a_learner_without_errors_is_not_drawn_for_by_priority() {
    let text = run_file("{ extrinsic = 1.0 }", 0).replace("\"watched\"", "\"agrel\"");
    let said = train_file(&format!("{text}\nprioritised = {{}}")).err().unwrap();
    assert!(said.contains("area `body`") && said.contains("TD errors"), "{said}");
    let said = train_file(&format!("{}\nprioritised = {{ beta = 2 }}", run_file("{ extrinsic = 1.0 }", 0)));
    let said = said.err().unwrap();
    assert!(said.contains("area.body.prioritised.beta") && said.contains("2 must lie between 0 and 1"), "{said}");
}

#[test]
fn a_signal_that_returns_nan_is_named_with_its_step() {
    for actors in [0, 2] {
        let said = train("{ extrinsic = 0.0, broken = 1.0 }", actors).err().unwrap();
        assert!(said.contains("signal `broken` returned NaN") && said.contains("step 18"), "{said}");
    }
}

/// Asks the training to stop after a round.
struct StopAt<'a> {
    step: u64,
    stop: &'a AtomicBool,
}

impl Observer for StopAt<'_> {
    fn round(&mut self, progress: &Progress) {
        self.stop.store(progress.step >= self.step, Ordering::Relaxed);
    }
    fn warn(&mut self, message: &str) {
        panic!("{message}");
    }
}

#[test]
fn held_back_steps_and_signals_with_state_resume_exactly() {
    let text = run_file("{ extrinsic = 1.0, squares = 0.5, late = 1.0, relabels = 2.0 }", 2).replace("1e-30", "1e-5");
    let seen = Arc::default();
    let files = |folder: &std::path::Path| Checkpoint::open(&folder.join("latest")).unwrap().manifest.files;
    let whole = tempfile::tempdir().unwrap();
    let mut trainer = Trainer::new(plan(&text, &seen).unwrap()).unwrap();
    trainer.train(&RunFolder::new(whole.path()), &mut Silent, &AtomicBool::new(false)).unwrap();
    for step in [64, 192, 320] {
        let cut = tempfile::tempdir().unwrap();
        let folder = RunFolder::new(cut.path());
        let stop = AtomicBool::new(false);
        let mut trainer = Trainer::new(plan(&text, &seen).unwrap()).unwrap();
        let outcome = trainer.train(&folder, &mut StopAt { step, stop: &stop }, &stop).unwrap();
        assert_eq!((outcome, trainer.step()), (Outcome::Interrupted, step));
        drop(trainer);
        let checkpoint = Checkpoint::open(&cut.path().join("latest")).unwrap();
        let (mut trainer, _) = Trainer::resume(plan(&text, &seen).unwrap(), &folder, &checkpoint).unwrap();
        trainer.train(&folder, &mut Silent, &AtomicBool::new(false)).unwrap();
        assert_eq!(files(cut.path()), files(whole.path()), "cut at step {step}");
    }
}

/// Takes the folder of checkpoints away while the second evaluation's is to be written, and gives it back then.
struct NoPlace {
    folder: PathBuf,
    evaluations: u32,
    warnings: u32,
}

impl Observer for NoPlace {
    fn evaluated(&mut self, _: u64, _: &Evaluation, best: bool) {
        self.evaluations += 1;
        if best && self.evaluations > 1 && self.warnings == 0 {
            fs::rename(self.folder.join("checkpoints"), self.folder.join("away")).unwrap();
            fs::write(self.folder.join("checkpoints"), "in the way").unwrap();
        }
    }
    fn warn(&mut self, message: &str) {
        assert!(message.contains("no checkpoint at step"), "{message}");
        self.warnings += 1;
        fs::remove_file(self.folder.join("checkpoints")).unwrap();
        fs::rename(self.folder.join("away"), self.folder.join("checkpoints")).unwrap();
    }
}

#[test]
fn a_best_checkpoint_that_could_not_be_written_is_not_the_best() {
    // Every evaluation scores 0, so that each one is as good as the best before.
    let text = run_file("{ extrinsic = 0.0 }", 0);
    let home = tempfile::tempdir().unwrap();
    let mut trainer = Trainer::new(plan(&text, &Arc::default()).unwrap()).unwrap();
    let mut observer = NoPlace { folder: home.path().into(), evaluations: 0, warnings: 0 };
    let stop = AtomicBool::new(false);
    trainer.train(&RunFolder::new(home.path()), &mut observer, &stop).unwrap();
    assert_eq!((observer.evaluations, observer.warnings), (3, 1));
    for link in ["best", "latest"] {
        assert_eq!(Checkpoint::open(&home.path().join(link)).unwrap().manifest.step, 384);
    }
}
