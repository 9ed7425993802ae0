//! Environments of Python, hosted by workers: against Gymnasium in a process of its own, and when they fail.
//!
//! Skipped with a sentence where the Python packages are missing; `scripts/setup --dev` installs them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use innate_envs::gym::PREFIX;
use innate_envs::{Array, Env, EnvError, Kind, Observation, Registry, Slot, Slots, Step, check_env, standard};
use std::process::Command;
use std::time::Instant;

const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../.venv/bin/python");
const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gym_files");

/// Whether the packages are there.
fn is_there() -> bool {
    let found = Command::new(PYTHON).args(["-I", "-c", "import gymnasium, ale_py, cv2"]).output();
    let there = found.is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("skipped: gymnasium, ale-py or opencv is missing in .venv (scripts/setup --dev installs them)");
    }
    there
}

fn options(text: &str) -> toml::Table {
    let mut table: toml::Table = text.parse().unwrap();
    table.entry("python").or_insert(PYTHON.into());
    table
}

fn build(registry: &Registry<Box<dyn Env>>, name: &str, text: &str) -> Box<dyn Env> {
    registry.build(&format!("{PREFIX}{name}"), &options(text), "env").unwrap_or_else(|error| panic!("{error}")).0
}

/// The test environment, failing as it is told.
fn faulty(registry: &Registry<Box<dyn Env>>, fault: &str, more: &str) -> Result<Box<dyn Env>, String> {
    let mut table = options(&format!("imports = ['faulty']\nkwargs = {{ fault = '{fault}' }}\n{more}"));
    table.insert("python".into(), with_folder().into());
    registry.build("gym:Faulty-v0", &table, "env").map(|built| built.0).map_err(|error| error.to_string())
}

/// An interpreter that finds the test's own modules.
fn with_folder() -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-with-folder");
    let script = format!("#!/bin/sh\nPYTHONPATH={FILES} exec {PYTHON} \"$@\"\n");
    if std::fs::read_to_string(&path).ok().as_deref() != Some(&script) {
        // Written beside and renamed, as tests run side by side.
        let fresh = path.with_extension(format!("{:?}", std::thread::current().id()).replace(['(', ')'], ""));
        std::fs::write(&fresh, script).unwrap();
        std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::rename(fresh, &path).unwrap();
    }
    path.to_str().unwrap().into()
}

/// CRC32 of all arrays, as tests/gym_files/oracle.py computes it.
fn checksum(arrays: &[Array]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    for array in arrays {
        match array {
            Array::U8(bytes) => crc.update(bytes),
            Array::F32(numbers) => numbers.iter().for_each(|number| crc.update(&number.to_le_bytes())),
        }
    }
    crc.finalize()
}

/// Plays an environment beside Gymnasium itself and compares every line; the episodes that ended.
fn compare(name: &str, steps: usize, kwargs: &str, atari: Option<&str>, stack: usize) -> u32 {
    let preprocessing = atari.map_or(String::new(), |given| format!("atari = {given}\n"));
    let registry = standard();
    let mut env = build(&registry, name, &format!("kwargs = {kwargs}\n{preprocessing}"));
    let json = |text: &str| {
        let value: toml::Table = format!("value = {text}").parse().unwrap();
        serde_json::to_string(&value["value"]).unwrap()
    };
    let arguments =
        [name, "7", &steps.to_string(), &json(kwargs), &atari.map_or("null".into(), json), &stack.to_string()]
            .map(str::to_string);
    let output = Command::new(PYTHON).arg(format!("{FILES}/oracle.py")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = String::from_utf8(output.stdout).unwrap();
    let mut lines = output.lines();
    assert_eq!(lines.next().unwrap(), format!("actions {}", env.spec().actions.len()));

    let mut seen = env.spec().buffer();
    let mut recent: Vec<Array> = Vec::new();
    let mut ends = 0;
    let mut line_is = |seen: &Observation, step: Step, first: bool, what: String| {
        if first {
            recent.clear();
        }
        let checksum = if stack == 0 {
            checksum(&seen.arrays)
        } else {
            let newest = &seen.arrays[0];
            recent.resize(stack.max(recent.len() + 1), newest.clone());
            recent.drain(..recent.len() - stack);
            checksum(&recent)
        };
        let reward = format!("{:?}", step.reward);
        let found = format!("{checksum:08x} {reward} {} {}", u8::from(step.terminated), u8::from(step.truncated));
        assert_eq!(Some(found.as_str()), lines.next(), "{name}: {what}");
    };
    env.reset(Some(7), &mut seen).unwrap();
    line_is(&seen, Step::default(), true, "the first observation".into());
    for number in 0..steps {
        let action = (number * 7 / 3) % env.spec().actions.len();
        let step = env.step(action, &mut seen).unwrap();
        line_is(&seen, step, false, format!("step {number}"));
        if step.ended() {
            ends += 1;
            env.reset(None, &mut seen).unwrap();
            line_is(&seen, Step::default(), true, format!("the observation after step {number}"));
        }
    }
    ends
}

#[test]
fn trajectories_are_gymnasiums_own() {
    if !is_there() {
        return;
    }
    for (name, kwargs) in [
        ("CartPole-v1", "{}"),
        ("Acrobot-v1", "{}"),
        ("MountainCar-v0", "{}"),
        ("FrozenLake-v1", "{ is_slippery = true, map_name = '8x8' }"),
        ("Taxi-v4", "{}"),
        ("Blackjack-v1", "{ natural = true }"),
        ("CliffWalking-v1", "{ max_episode_steps = 60 }"),
    ] {
        assert!(compare(name, 700, kwargs, None, 0) > 0, "{name}");
    }
    compare("ALE/Pong-v5", 50, "{}", None, 0);
}

#[test]
fn native_worlds_and_gymnasiums_are_one() {
    if !is_there() {
        return;
    }
    let registry = standard();
    for id in ["CartPole-v1", "Acrobot-v1", "MountainCar-v0"] {
        let mut native = registry.build(id, &toml::Table::new(), "env").unwrap().0;
        let mut hosted = build(&registry, id, "");
        let (mut one, mut other) = (native.spec().buffer(), hosted.spec().buffer());
        assert_eq!(hosted.spec().max_episode_steps, native.spec().max_episode_steps);
        assert_eq!(hosted.spec().observation, native.spec().observation);
        native.reset(Some(3), &mut one).unwrap();
        hosted.reset(Some(3), &mut other).unwrap();
        assert_eq!(one, other);
        for step in 0..600 {
            let stepped = native.step(step % 2, &mut one).unwrap();
            assert_eq!((stepped, &one), (hosted.step(step % 2, &mut other).unwrap(), &other));
            if stepped.ended() {
                native.reset(None, &mut one).unwrap();
                hosted.reset(None, &mut other).unwrap();
                assert_eq!(one, other);
            }
        }
    }
}

#[test]
fn atari_is_preprocessed_and_stacked_as_gymnasium_does_it() {
    if !is_there() {
        return;
    }
    for (game, atari) in
        [("Pong", "{}"), ("Breakout", "{ terminal_on_life_loss = true }"), ("Seaquest", "{ noop_max = 10 }")]
    {
        compare(&format!("ALE/{game}-v5"), 2000, "{ frameskip = 1 }", Some(atari), 4);
    }
}

#[test]
fn a_life_is_an_episode_of_the_same_game() {
    if !is_there() {
        return;
    }
    let kwargs = "{ frameskip = 1, repeat_action_probability = 0.0 }";
    let ends = compare("ALE/Breakout-v5", 1500, kwargs, Some("{ episodic_life = true }"), 0);
    let games = compare("ALE/Breakout-v5", 1500, kwargs, Some("{}"), 0);
    assert!(games > 0 && ends > 3 * games, "{ends} lives of {games} games");
}

#[test]
fn a_seed_begins_a_new_game_in_the_middle_of_one() {
    if !is_there() {
        return;
    }
    let mut env = build(&standard(), "ALE/Breakout-v5", "atari = { episodic_life = true, noop_max = 0 }");
    let (mut first, mut seen) = (env.spec().buffer(), env.spec().buffer());
    env.reset(Some(5), &mut first).unwrap();
    let life = (0..2000).find(|step| env.step([1, 2][step % 2], &mut seen).unwrap().terminated);
    assert!(life.is_some(), "no life was lost");
    env.reset(None, &mut seen).unwrap();
    assert_ne!(seen, first, "the game goes on");
    env.reset(Some(5), &mut seen).unwrap();
    assert_eq!(seen, first);
}

#[test]
fn an_environment_is_found_by_the_module_that_registers_it() {
    if !is_there() {
        return;
    }
    let mut table = options("kwargs = { fault = 'none' }");
    table.insert("python".into(), with_folder().into());
    let registry = standard();
    let (env, _) = registry.build("gym:faulty:Faulty-v0", &table, "env").unwrap();
    assert_eq!(env.spec().actions.len(), 2);
    let said = registry.build("gym:no_such_module:Faulty-v0", &table, "env").err().unwrap().to_string();
    assert!(said.contains("no_such_module"), "{said}");
}

#[test]
fn the_promises_are_kept() {
    if !is_there() {
        return;
    }
    let registry = standard();
    check_env(&mut *build(&registry, "CartPole-v1", "max_episode_steps = 30")).unwrap();
    check_env(&mut *faulty(&registry, "none", "frame = { width = 6, height = 4 }").unwrap()).unwrap();
}

#[test]
fn spaces_become_named_arrays_and_what_is_rendered_a_frame() {
    if !is_there() {
        return;
    }
    let mut env = faulty(&standard(), "none", "frame = { width = 6, height = 4 }").unwrap();
    let spec = env.spec().clone();
    let told: Vec<_> =
        spec.observation.iter().map(|array| (array.name.as_str(), array.kind, array.shape.as_slice())).collect();
    let expected: [(&str, Kind, &[usize]); 4] = [
        ("colour", Kind::U8, &[3, 4, 6]),
        ("inner.0", Kind::U8, &[3]),
        ("numbers", Kind::F32, &[2]),
        ("frame", Kind::U8, &[1, 4, 6]),
    ];
    assert_eq!(told, expected);
    assert_eq!(spec.actions.names, ["5", "6"]);
    let mut seen = spec.buffer();
    env.reset(Some(0), &mut seen).unwrap();
    env.step(1, &mut seen).unwrap();
    assert_eq!(seen.arrays[0].as_u8().unwrap()[..3], [0, 3, 6], "red comes first");
    assert_eq!(seen.arrays[1].as_u8().unwrap(), [0, 255, 0]);
    assert_eq!(seen.arrays[2].as_f32().unwrap(), [1.0, 0.5]);
    assert_eq!(seen.arrays[3].as_u8().unwrap(), [20; 24]);
    let picture = env.picture().unwrap();
    assert_eq!((picture.width, picture.height, picture.rgb[0]), (12, 8, 20));
}

#[test]
fn what_cannot_be_used_is_refused_with_a_sentence() {
    if !is_there() {
        return;
    }
    let registry = standard();
    let refused = |name: &str, text: &str| {
        registry.build(&format!("gym:{name}"), &options(text), "env").err().expect("refused").to_string()
    };
    let said = refused("Pendulum-v1", "");
    assert!(said.starts_with("gym:Pendulum-v1: its actions are Box(-2.0, 2.0, (1,), float32); the learners"), "{said}");
    let said = refused("CartPoll-v1", "");
    assert!(said.contains("Gymnasium does not have it") && said.contains("imports"), "{said}");
    let said = refused("CartPole-v1", "imports = ['no_such_module']");
    assert!(said.contains("has no module `no_such_module`: install it with"), "{said}");
    let said = refused("CartPole-v1", "python = '/no/such/python'");
    assert!(said.contains("cannot start /no/such/python"), "{said}");
    let said = refused("CartPole-v1", "python = '/bin/false'");
    assert!(said.contains("ended with exit code 1"), "{said}");
    let said = refused("CartPole-v1", "kwargs = { colour = 'red' }");
    assert!(said.contains("colour"), "{said}");
    let said = refused("CartPole-v1", "frame = { width = 0, height = 4 }");
    assert!(said.contains("allowed: 1 to 1024"), "{said}");
    let said = refused("ALE/Pong-v5", "atari = { terminal_on_life_loss = true, episodic_life = true }");
    assert!(said.contains("choose one"), "{said}");
    let said = faulty(&registry, "make", "").err().unwrap();
    assert!(said.contains("there is no bottom in this barrel") && said.contains("faulty.py"), "{said}");
    let said = faulty(&registry, "text", "").err().unwrap();
    assert!(said.contains("its observation `observation` is Text("), "{said}");
    assert_eq!(
        registry.build("gym:", &toml::Table::new(), "env").err().unwrap().to_string().split(" (").next().unwrap(),
        "there is no environment `gym:`; did you mean `gym:ID`?"
    );
}

#[test]
fn every_failure_is_a_sentence_that_names_environment_and_cause() {
    if !is_there() {
        return;
    }
    let registry = standard();
    for (fault, expected) in [
        ("raise", "ValueError: the wheel came off"),
        ("die", "ended with exit code 7; it printed:\n  last words"),
        ("hang", "gave no answer in time and counts as hung"),
        ("nan", "element 1 of array 2 of its observation is NaN"),
        ("reward", "the reward is inf"),
    ] {
        let mut env = faulty(&registry, fault, "timeout = 2").unwrap();
        let mut seen = env.spec().buffer();
        env.reset(Some(0), &mut seen).unwrap();
        (0..2).for_each(|_| assert!(env.step(0, &mut seen).is_ok()));
        let start = Instant::now();
        let said = env.step(0, &mut seen).unwrap_err().to_string();
        assert!(said.starts_with("gym:Faulty-v0: ") && said.contains(expected), "{said}");
        assert!(start.elapsed().as_secs() < 10, "{fault} took {:?}", start.elapsed());
    }
    // Printing harms nothing.
    let mut env = faulty(&registry, "print", "").unwrap();
    let mut seen = env.spec().buffer();
    env.reset(Some(0), &mut seen).unwrap();
    (0..5).for_each(|_| assert!(env.step(0, &mut seen).is_ok()));
}

#[test]
fn an_environment_that_may_restart_cuts_its_episode_off_and_goes_on() {
    if !is_there() {
        return;
    }
    let registry = standard();
    let env = faulty(&registry, "die", "on_failure = 'restart'").unwrap();
    let mut slot = Slot::new(env);
    slot.reset(Some(0)).unwrap();
    for _ in 0..2 {
        (0..2).for_each(|_| assert!(!slot.step(0).unwrap().ended()));
        let before = slot.observation().clone();
        let cut = slot.step(0).unwrap();
        assert_eq!(cut, Step { reward: 0.0, terminated: false, truncated: true });
        assert_eq!(slot.final_observation(), &before);
        assert_eq!(slot.observation().arrays[2].as_f32().unwrap()[0], 0.0);
        let said = slot.take_notice().unwrap();
        assert!(said.contains("ended with exit code 7") && said.ends_with("is made anew"), "{said}");
        assert_eq!(slot.take_notice(), None);
    }
}

#[test]
fn whatever_fails_the_episode_is_cut_off_at_what_was_seen_last() {
    if !is_there() {
        return;
    }
    let registry = standard();
    for fault in ["nan", "raise", "reward"] {
        let mut slot = Slot::new(faulty(&registry, fault, "on_failure = 'restart'").unwrap());
        slot.reset(Some(0)).unwrap();
        (0..2).for_each(|_| assert!(!slot.step(0).unwrap().ended()));
        let before = slot.observation().clone();
        assert!(slot.step(0).unwrap().truncated, "{fault}");
        if fault != "reward" {
            assert_eq!(slot.final_observation(), &before, "{fault}");
        }
        assert!(slot.take_notice().is_some(), "{fault}");
        slot.step(0).unwrap();
    }
    // A reset that fails is tried once more, in an environment made anew.
    let mut env = faulty(&registry, "second reset", "on_failure = 'restart'").unwrap();
    let mut seen = env.spec().buffer();
    env.reset(Some(0), &mut seen).unwrap();
    env.reset(None, &mut seen).unwrap();
    let said = env.take_notice().unwrap();
    assert!(said.contains("the cellar is flooded"), "{said}");
    env.step(0, &mut seen).unwrap();
}

#[test]
fn many_failures_in_a_round_are_told_up_to_a_limit() {
    if !is_there() {
        return;
    }
    let mut env = faulty(&standard(), "raise", "on_failure = 'restart'").unwrap();
    let mut seen = env.spec().buffer();
    let mut fail = |times: usize| {
        for _ in 0..times {
            env.reset(None, &mut seen).unwrap();
            while !env.step(0, &mut seen).unwrap().truncated {}
        }
        let said = env.take_notice().unwrap();
        (said.matches("is made anew").count(), said.matches("not told each time").count())
    };
    assert_eq!([fail(2), fail(12), fail(1)], [(2, 0), (8, 1), (1, 0)]);
}

#[test]
fn after_a_failed_step_comes_a_reset() {
    if !is_there() {
        return;
    }
    let mut env = faulty(&standard(), "raise", "").unwrap();
    let mut seen = env.spec().buffer();
    env.reset(Some(0), &mut seen).unwrap();
    while env.step(0, &mut seen).is_ok() {}
    assert!(matches!(env.step(0, &mut seen), Err(EnvError::Over { .. })));
    env.reset(None, &mut seen).unwrap();
    env.step(0, &mut seen).unwrap();
}

#[test]
fn seeds_of_64_bits_reach_environments_that_take_32() {
    if !is_there() {
        return;
    }
    let mut env = build(&standard(), "MinAtar/Breakout-v1", "");
    let mut native = standard().build("MinAtar/Breakout-v1", &toml::Table::new(), "env").unwrap().0;
    let (mut one, mut other) = (env.spec().buffer(), native.spec().buffer());
    env.reset(Some((1 << 40) + 3), &mut one).unwrap();
    native.reset(Some((1 << 40) + 3), &mut other).unwrap();
    for step in 0..200 {
        let (hosted, ours) = (env.step(step % 3, &mut one).unwrap(), native.step(step % 3, &mut other).unwrap());
        assert_eq!(hosted, ours);
        let lit = |seen: &Observation| match &seen.arrays[0] {
            Array::U8(cells) => cells.iter().filter(|cell| **cell != 0).count(),
            Array::F32(cells) => cells.iter().filter(|cell| **cell != 0.0).count(),
        };
        assert_eq!(lit(&one), lit(&other));
        if hosted.ended() {
            env.reset(None, &mut one).unwrap();
            native.reset(None, &mut other).unwrap();
        }
    }
}

#[test]
fn a_limit_counts_actions_with_the_preprocessing_of_atari_too() {
    if !is_there() {
        return;
    }
    let mut env = build(&standard(), "ALE/Pong-v5", "atari = {}\nmax_episode_steps = 40");
    assert_eq!(env.spec().max_episode_steps, Some(40));
    let mut seen = env.spec().buffer();
    env.reset(Some(0), &mut seen).unwrap();
    let steps = (1..=100).find(|_| env.step(0, &mut seen).unwrap().truncated);
    assert_eq!(steps, Some(40));
    assert_eq!(env.picture().map(|picture| (picture.width, picture.height)), Some((160, 210)), "the last picture");
}

#[test]
fn environments_side_by_side_are_those_one_after_the_other() {
    if !is_there() {
        return;
    }
    let registry = standard();
    let envs = |workers: u32| {
        let text = format!("workers = {workers}");
        let mut slots = Slots::new((0..5).map(|_| build(&registry, "CartPole-v1", &text)).collect()).unwrap();
        slots.reset(Some(1)).unwrap();
        slots
    };
    let (mut one, mut three) = (envs(1), envs(3));
    for step in 0..100 {
        let actions: Vec<usize> = (0..5).map(|slot| (slot + step) / 2 % 2).collect();
        assert_eq!(one.step(&actions).unwrap(), three.step(&actions).unwrap());
    }
    assert!(one.iter().zip(three.iter()).all(|(one, three)| one.observation() == three.observation()));
}

#[test]
fn a_step_is_that_which_was_begun() {
    if !is_there() {
        return;
    }
    let mut env = build(&standard(), "CartPole-v1", "");
    let mut seen = env.spec().buffer();
    env.reset(Some(0), &mut seen).unwrap();
    env.begin_step(0);
    assert!(matches!(env.step(1, &mut seen), Err(EnvError::Outside { .. })));
    // A reset drops what was begun, and begins the episode that it would have begun.
    env.reset(Some(4), &mut seen).unwrap();
    let first = seen.clone();
    env.reset(Some(4), &mut seen).unwrap();
    assert_eq!(seen, first);
}
