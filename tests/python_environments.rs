//! A run in Gymnasium's environments, whose workers are killed.
//!
//! Skipped with a sentence where Gymnasium is missing; `scripts/setup --dev` installs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::{Home, text};

const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/.venv/bin/python");
const TRAIN: [&str; 8] =
    ["train", "small.toml", "--set", "env.id=gym:CartPole-v1", "--set", "env.workers=2", "--python", PYTHON];

fn is_there() -> bool {
    let found = Command::new(PYTHON).args(["-I", "-c", "import gymnasium"]).output();
    let there = found.is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("skipped: gymnasium is missing in .venv (scripts/setup --dev installs it)");
    }
    there
}

/// The worker processes of a program.
fn workers(program: u32) -> Vec<u32> {
    let of = |entry: fs::DirEntry| {
        let process: u32 = entry.file_name().to_str()?.parse().ok()?;
        let status = fs::read_to_string(entry.path().join("status")).ok()?;
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse::<u32>().ok()?;
        (parent == program && status.starts_with("Name:\tpython")).then_some(process)
    };
    let mut found: Vec<u32> = fs::read_dir("/proc").unwrap().flatten().filter_map(of).collect();
    found.sort_unstable();
    found
}

/// Waits for the end of a program that must not hang.
fn wait(child: &mut Child) {
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("the program hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Starts the program, kills one of its workers some time after the second began, and waits for its end.
fn killed(home: &Home, args: &[&str], chance: &mut impl FnMut() -> u64) -> std::process::Output {
    let mut child = home.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (start, child_id) = (Instant::now(), child.id());
    // A run's folder has its configuration once the run can start.
    let started = || workers(child_id).len() == 2 && home.path("run/config.toml").exists();
    while !started() && child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(60), "no workers came");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(chance() % 900));
    let alive = workers(child.id());
    if let Some(worker) = alive.get(chance() as usize % alive.len().max(1)) {
        Command::new("kill").args(["-9", &worker.to_string()]).status().unwrap();
    }
    wait(&mut child);
    child.wait_with_output().unwrap()
}

/// Numbers that look random and are the same in every run of the test.
fn dice() -> impl FnMut() -> u64 {
    let mut state = 20_u64;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    }
}

#[test]
fn a_killed_worker_is_a_sentence_and_loses_no_checkpoint() {
    if !is_there() {
        return;
    }
    let home = Home::new();
    let mut chance = dice();
    let (mut sentences, mut saved) = (0, 0);
    for _ in 0..20 {
        let args = match home.path("run/config.toml").exists() {
            true => vec!["resume", "run"],
            false => {
                [&TRAIN[..], &["--steps", "1000000", "--set", "evaluation.every=2000", "--run-dir", "run"]].concat()
            }
        };
        let before = fs::read_link(home.path("run/latest")).ok();
        let output = killed(&home, &args, &mut chance);
        let said = text(&output.stderr);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{said}");
        assert!(said.contains("gym:CartPole-v1") && said.contains("was killed by signal 9"), "{said}");
        sentences += 1;
        if said.contains("and saved; go on with") {
            saved += 1;
            assert_ne!(fs::read_link(home.path("run/latest")).ok(), before, "{said}");
        }
    }
    assert_eq!(sentences, 20);
    assert!(saved >= 10, "only {saved} of the kills came while the run was running");
    // The last checkpoint is whole: the run goes on from it, and ends when it is asked to.
    let mut child = home.command(&["resume", "run"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(3));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    wait(&mut child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
    let said = [output.stdout, output.stderr].concat();
    assert!(text(&said).contains("4 environments cannot be restored and began a new episode"), "{}", text(&said));
}

#[test]
fn a_run_that_may_restart_its_environments_goes_on_to_its_end() {
    if !is_there() {
        return;
    }
    let home = Home::new();
    let mut chance = dice();
    let args = [
        &TRAIN[..],
        &["--steps", "40000", "--set", "evaluation.every=0", "--set", "env.on_failure=restart", "--run-dir", "run"],
    ]
    .concat();
    let output = killed(&home, &args, &mut chance);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("was killed by signal 9") && said.contains("the environment is made anew"), "{said}");
}

#[test]
fn threads_and_workers_change_nothing() {
    if !is_there() {
        return;
    }
    let home = Home::new();
    for (run, actors, workers) in [("one", "0", "1"), ("two", "2", "2"), ("three", "1", "3")] {
        let workers = format!("env.workers={workers}");
        home.succeed(
            &[&TRAIN[..6], &["--python", PYTHON, "--set", &workers, "--actors", actors, "--run-dir", run]].concat(),
        );
    }
    assert_eq!(support::trace(&home.path("one")), support::trace(&home.path("two")));
    assert_eq!(support::trace(&home.path("one")), support::trace(&home.path("three")));
}
