//! Time-step tasks: their course, what an observer with a perfect memory earns, and how trials are drawn.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod category;
mod probabilistic;
mod saccade;
mod twelve_ax;
mod vibrotactile;

use innate_envs::tasks::fixation::Paradigm;
use innate_envs::tasks::{FixationTask, Side};
use innate_envs::{Env, check_env, standard};
use proptest::prelude::*;

const FIXATE: usize = 0;
const LEFT: usize = 1;
const RIGHT: usize = 2;

/// What came of a trial.
#[derive(Debug, PartialEq)]
struct Played {
    /// The reward of each step.
    rewards: Vec<f64>,
    correct: bool,
}

impl Played {
    fn total(&self) -> f64 {
        self.rewards.iter().sum()
    }
}

/// Plays one trial with `policy`, which is given what is seen and answers with the action.
fn play<P: Paradigm>(env: &mut FixationTask<P>, seed: Option<u64>, mut policy: impl FnMut(&[f32]) -> usize) -> Played {
    let mut seen = env.spec().buffer();
    env.reset(seed, &mut seen).unwrap();
    let mut rewards = Vec::new();
    loop {
        let step = env.step(policy(seen.arrays[0].as_f32().unwrap()), &mut seen).unwrap();
        rewards.push(step.reward);
        assert!(!step.truncated);
        if step.terminated {
            assert!(seen.arrays[0].as_f32().unwrap().iter().all(|number| *number == 0.0));
            return Played { rewards, correct: env.correct() };
        }
    }
}

/// Plays the listed actions, then fixates on.
fn play_list<P: Paradigm>(env: &mut FixationTask<P>, actions: &[usize]) -> Played {
    let mut actions = actions.iter();
    play(env, None, |_| actions.next().copied().unwrap_or(FIXATE))
}

fn action(side: Side) -> usize {
    if side == Side::Left { LEFT } else { RIGHT }
}

/// Whether `count` of `trials` is within 5 standard deviations of a binomial: exceeded once in two million.
fn plausible(count: usize, trials: usize, probability: f64) -> bool {
    let trials = trials as f64;
    let deviation = (trials * probability * (1.0 - probability)).sqrt();
    (count as f64 - trials * probability).abs() <= 5.0 * deviation + 1e-9
}

fn refused(id: &str, options: &str) -> String {
    standard().build(id, &options.parse().unwrap(), "env").err().expect("an error").to_string()
}

#[test]
fn options_of_tasks_are_resolved_and_checked() {
    let resolved = |id: &str, options: &str| {
        let (mut env, resolved) = standard().build(id, &options.parse().unwrap(), "env").unwrap();
        check_env(&mut *env).unwrap_or_else(|error| panic!("{id}: {error}"));
        resolved.to_string().trim().replace('\n', ", ")
    };
    assert_eq!(resolved("Saccade", ""), "delay = 2, fixation_reward = 0.2, reward = 1.5");
    assert_eq!(
        resolved("ProbabilisticClassification", ""),
        "delay = 2, fixation_reward = 0.2, level = 8, reward = 1.5"
    );
    let shaped = resolved("ProbabilisticClassification", "level = 'shaped'\ndelay = 0");
    assert_eq!(shaped, "delay = 0, fixation_reward = 0.2, level = \"shaped\", reward = 1.5");
    let category = "delay = 2, fixation_reward = 0.2, noise = 5.0, reward = 1.5";
    assert_eq!(resolved("DelayedMatchToCategory", ""), category);
    assert_eq!(resolved("Vibrotactile", ""), "delay = 2, fixation_reward = 0.2, reward = 1.5");
    assert_eq!(resolved("12AX", ""), "distractors = true, outer_loops = 1, penalty = -1.0, reward = 1.0");
    assert_eq!(
        resolved("12AX", "distractors = false\nouter_loops = 4"),
        "distractors = false, outer_loops = 4, penalty = -1.0, reward = 1.0"
    );
    assert_eq!(
        refused("DelayedMatchToCategory", "noise = -1.0"),
        "DelayedMatchToCategory: `noise` = -1 is out of range (allowed: 0 to 180)"
    );
    assert_eq!(refused("12AX", "penalty = inf"), "12AX: `penalty` = inf is not a finite number");
    assert_eq!(refused("Saccade", "delay = 1001"), "Saccade: `delay` = 1001 is out of range (allowed: 0 to 1000)");
    assert_eq!(refused("Saccade", "reward = nan"), "Saccade: `reward` = NaN is not a finite number");
    assert_eq!(
        refused("ProbabilisticClassification", "level = 9"),
        "env.level: invalid value: integer `9`, expected a level from 1 to 8, or \"shaped\""
    );
    assert_eq!(
        refused("ProbabilisticClassification", "level = 'shape'"),
        "env.level: invalid value: string \"shape\", expected a level from 1 to 8, or \"shaped\""
    );
}

proptest! {
    #[test]
    fn any_options_build_a_task_that_plays_or_are_refused(
        id in prop::sample::select(vec![
            "Saccade", "ProbabilisticClassification", "DelayedMatchToCategory", "Vibrotactile",
        ]),
        fixation_reward in any::<f64>(),
        reward in any::<f64>(),
        delay in any::<u32>().prop_map(|n| n >> (n % 32)),
        actions in prop::collection::vec(0..3_usize, 1..60),
    ) {
        let mut table = toml::Table::new();
        table.insert("fixation_reward".into(), fixation_reward.into());
        table.insert("reward".into(), reward.into());
        table.insert("delay".into(), i64::from(delay).into());
        if let Ok((mut env, _)) = standard().build(id, &table, "env") {
            let mut seen = env.spec().buffer();
            env.reset(Some(0), &mut seen).unwrap();
            for action in actions {
                let step = env.step(action, &mut seen).unwrap();
                prop_assert!([0.0, fixation_reward, reward].contains(&step.reward));
                if step.ended() {
                    env.reset(None, &mut seen).unwrap();
                }
            }
        } else {
            prop_assert!(!fixation_reward.is_finite() || !reward.is_finite() || delay > 1000);
        }
    }
}
