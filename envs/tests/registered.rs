//! The promises of [`innate_envs::Env`], checked for every environment that comes with the crate, and for broken ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod idx_files;

use innate_envs::registry::EntryKind;
use innate_envs::{Env, EnvError, EnvSpec, Observation, Registry, Step, check_env, standard};
use proptest::prelude::*;
use std::sync::LazyLock;
use tempfile::TempDir;

/// Options without which an environment cannot be built.
fn options(id: &str) -> toml::Table {
    match id {
        "video" => {
            let clip = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/clips/held_bottle.gif");
            toml::Table::from_iter([("path".to_string(), clip.into())])
        }
        "MNIST" => {
            static FOLDER: LazyLock<TempDir> = LazyLock::new(|| idx_files::folder(20));
            toml::Table::from_iter([("path".to_string(), FOLDER.path().to_str().unwrap().into())])
        }
        _ => toml::Table::new(),
    }
}

fn built(id: &str) -> Box<dyn Env> {
    // One registry, so that the film is read once.
    static REGISTRY: LazyLock<Registry<Box<dyn Env>>> = LazyLock::new(standard);
    REGISTRY.build(id, &options(id), "env").unwrap().0
}

#[test]
fn every_registered_environment_keeps_the_promises() {
    let registry = standard();
    assert_eq!(registry.entries().len(), 30 + usize::from(cfg!(feature = "gymnasium-rs")));
    for entry in registry.entries().iter().filter(|entry| entry.kind == EntryKind::Single) {
        let (mut env, _) = registry.build(&entry.name, &options(&entry.name), "env").unwrap();
        assert_eq!(env.spec().id, entry.name);
        check_env(&mut *env).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn the_time_limit_of_the_run_file_replaces_the_usual_one() {
    let table: toml::Table = "max_episode_steps = 7".parse().unwrap();
    let (mut env, resolved) = standard().build("MountainCar-v0", &table, "env").unwrap();
    assert_eq!(resolved, table);
    assert_eq!(env.spec().max_episode_steps, Some(7));
    check_env(&mut *env).unwrap();
    let (_, resolved) = standard().build("MountainCar-v0", &toml::Table::new(), "env").unwrap();
    assert_eq!(resolved.to_string().trim(), "max_episode_steps = 200");
}

#[test]
fn a_faulty_option_or_name_is_refused_with_a_sentence() {
    let refused = |id: &str, text: &str| standard().build(id, &text.parse().unwrap(), "env").err().unwrap().to_string();
    assert_eq!(
        refused("CartPole-v1", "max_episode_step = 7"),
        "env.max_episode_step: unknown key; did you mean `max_episode_steps`? (allowed: max_episode_steps)"
    );
    assert!(
        refused("CartPole-v1", "max_episode_steps = 0")
            .starts_with("env.max_episode_steps: invalid value: integer `0`")
    );
    assert!(
        refused("Cartpole-v1", "").starts_with("there is no environment `Cartpole-v1`; did you mean `CartPole-v1`?")
    );
}

/// An environment with one promise broken.
struct Broken {
    env: Box<dyn Env>,
    spec: EnvSpec,
    fault: Fault,
    steps: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    DrawsFromElsewhere,
    LeavesNumbersUnwritten,
    LeavesItsBounds,
    TakesAnyAction,
    StepsWithoutReset,
    ForgetsWhatWasSaved,
    OutlastsItsLimit,
}

impl Env for Broken {
    fn spec(&self) -> &EnvSpec {
        &self.spec
    }

    fn reset(&mut self, seed: Option<u64>, observation: &mut Observation) -> Result<(), EnvError> {
        let seed = if self.fault == Fault::DrawsFromElsewhere { Some(self.steps.into()) } else { seed };
        self.env.reset(seed, observation)
    }

    fn step(&mut self, action: usize, observation: &mut Observation) -> Result<Step, EnvError> {
        self.steps += 1;
        let kept = observation.clone();
        let action = if self.fault == Fault::TakesAnyAction { action % 2 } else { action };
        let mut result = self.env.step(action, observation);
        match self.fault {
            Fault::LeavesNumbersUnwritten => *observation = kept,
            Fault::LeavesItsBounds => observation.arrays.iter_mut().for_each(|a| a.as_f32_mut().unwrap()[0] = 5.0),
            Fault::StepsWithoutReset if result.is_err() => result = Ok(Step::default()),
            Fault::OutlastsItsLimit => result.iter_mut().for_each(|step| step.truncated = false),
            _ => {}
        }
        result
    }

    fn save(&self) -> Option<Vec<u8>> {
        self.env.save()
    }

    fn load(&mut self, state: &[u8]) -> Result<(), EnvError> {
        if self.fault == Fault::ForgetsWhatWasSaved && state.len() > 40 { Ok(()) } else { self.env.load(state) }
    }
}

#[test]
fn the_checker_finds_each_broken_promise() {
    let found = |fault| {
        let env = standard().build("CartPole-v1", &"max_episode_steps = 3".parse().unwrap(), "env").unwrap().0;
        let spec = env.spec().clone();
        check_env(&mut Broken { env, spec, fault, steps: 0 }).expect_err("a fault").to_string()
    };
    let sentences = [
        (Fault::DrawsFromElsewhere, "CartPole-v1: two trajectories of one seed differ at step 0"),
        (Fault::LeavesNumbersUnwritten, "element 0 of `observation` is NaN (allowed: -4.8 to 4.8), or was not written"),
        (Fault::LeavesItsBounds, "element 0 of `observation` is 5 (allowed: -4.8 to 4.8), or was not written"),
        (Fault::TakesAnyAction, "an action out of range must be an error of the kind Action, but it was accepted"),
        (Fault::StepsWithoutReset, "step before reset must be an error of the kind Over, but it was accepted"),
        (Fault::ForgetsWhatWasSaved, "truncated state must be an error of the kind State, but it was accepted"),
        (Fault::OutlastsItsLimit, "call reset before step"),
    ];
    for (fault, sentence) in sentences {
        let message = found(fault);
        assert!(message.contains(sentence), "{message}");
    }
}

#[test]
fn a_specification_that_contradicts_itself_is_found() {
    let found = |spoil: fn(&mut EnvSpec)| {
        let env = built("CartPole-v1");
        let mut spec = env.spec().clone();
        spoil(&mut spec);
        let fault = Fault::TakesAnyAction;
        check_env(&mut Broken { env, spec, fault, steps: 0 }).expect_err("a fault").to_string()
    };
    assert!(
        found(|spec| spec.actions.names.clear()).ends_with("there must be at least one action and one observed array")
    );
    assert!(found(|spec| spec.observation[0].name.clear()).ends_with("the name `` of array 0 is empty or taken"));
    assert!(found(|spec| spec.observation[0].low[1] = f32::NAN).contains("a lower bound of `observation` lies above"));
    assert!(found(|spec| spec.max_episode_steps = Some(0)).ends_with("an episode has at least one step"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_damaged_state_is_refused_or_played_on_from_but_never_a_panic(
        id in prop::sample::select(vec![
            "CartPole-v1", "Acrobot-v1", "MountainCar-v0", "video", "Parity", "Digits", "MNIST", "Saccade",
            "ProbabilisticClassification", "DelayedMatchToCategory", "Vibrotactile", "12AX",
            "MinAtar/Breakout-v0", "MinAtar/Asterix-v0", "MinAtar/Freeway-v1", "MinAtar/Seaquest-v0",
            "MinAtar/SpaceInvaders-v1", "deep-sea", "key-door", "noisy-tv",
        ]),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut env = built(id);
        let mut seen = env.spec().buffer();
        env.reset(Some(1), &mut seen).unwrap();
        let mut state = env.save().unwrap();
        for (place, value) in flips {
            let place = place.index(state.len());
            state[place] = value;
        }
        if env.load(&state).is_ok() && env.step(0, &mut seen).is_err() {
            env.reset(None, &mut seen).unwrap();
        }
    }
}
