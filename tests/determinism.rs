//! The same seed gives the same bits: for any number of actor threads, and over kill and resume.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;
use support::{Home, trace};

#[test]
fn thread_count_changes_nothing() {
    let home = Home::new();
    let traces: Vec<_> = ["0", "1", "2", "4"]
        .map(|actors| {
            home.succeed(&["train", "small.toml", "--seed", "3", "--run-dir", actors, "--actors", actors, "--quiet"]);
            trace(&home.path(actors))
        })
        .into();
    assert!(traces[0].sums.len() == 3 && traces[0].curves.len() > 50, "{:?}", traces[0].sums);
    for other in &traces[1..] {
        assert_eq!(traces[0], *other);
    }
}

#[test]
fn another_seed_gives_other_bits() {
    let home = Home::new();
    for seed in ["1", "2"] {
        home.succeed(&["train", "small.toml", "--steps", "1024", "--seed", seed, "--run-dir", seed, "--quiet"]);
    }
    assert_ne!(trace(&home.path("1")).sums, trace(&home.path("2")).sums);
}

#[test]
fn evaluation_and_logging_change_no_bit_of_training() {
    let home = Home::new();
    home.succeed(&["train", "small.toml", "--run-dir", "a", "--quiet"]);
    let changes = ["--set", "evaluation.every=300", "--set", "log.every=700", "--set", "checkpoint.every=0"];
    home.succeed(&[&["train", "small.toml", "--run-dir", "b", "--quiet"], &changes[..]].concat());
    assert_eq!(trace(&home.path("a")).sums, trace(&home.path("b")).sums);
}

/// A number that is another one in every run of the tests.
fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[test]
fn resume_after_kill_is_bit_identical() {
    let home = Home::new();
    let whole = ["train", "small.toml", "--set", "steps=49152", "--quiet"];
    home.succeed(&[&whole[..], &["--run-dir", "whole"]].concat());
    let mut resumed_from = Vec::new();
    for kill in 0..6 {
        let args = match home.path("killed/config.toml").exists() {
            true => vec!["resume", "killed", "--quiet"],
            false => [&whole[..], &["--run-dir", "killed"]].concat(),
        };
        resumed_from.push(std::fs::read_link(home.path("killed/latest")).unwrap_or_default());
        let mut child = home.command(&args).stderr(Stdio::null()).spawn().unwrap();
        // Every other run gets as far as a checkpoint of its own, however slow the machine, so that the next has one to go on from.
        let latest = || std::fs::read_link(home.path("killed/latest")).unwrap_or_default();
        while kill % 2 == 0 && Some(&latest()) == resumed_from.last() && child.try_wait().unwrap().is_none() {
            sleep(Duration::from_millis(5));
        }
        // Moments that have nothing to do with rounds: set-up, the middle of a round, of a checkpoint, of an evaluation.
        let pause = if kill % 2 == 0 { chance() % 60 } else { 150 + chance() % 400 };
        println!("kill {kill} after {pause} ms, resumed from {:?}", resumed_from.last());
        sleep(Duration::from_millis(pause));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    home.succeed(&["resume", "killed", "--quiet"]);
    resumed_from.dedup();
    assert!(resumed_from.len() > 2, "the kills came before the first checkpoints: {resumed_from:?}");
    assert_eq!(trace(&home.path("whole")), trace(&home.path("killed")));
}

#[test]
fn a_run_whose_links_got_lost_resumes_from_its_newest_checkpoint() {
    let home = Home::new();
    home.succeed(&["train", "small.toml", "--run-dir", "whole", "--quiet"]);
    home.succeed(&["train", "small.toml", "--run-dir", "copied", "--quiet"]);
    for link in ["latest", "best"] {
        std::fs::remove_file(home.path("copied").join(link)).unwrap();
    }
    home.succeed(&["resume", "copied", "--quiet"]);
    assert_eq!(trace(&home.path("whole")), trace(&home.path("copied")));
}

#[test]
fn a_finished_run_goes_on_as_if_it_had_been_meant_to_be_longer() {
    let home = Home::new();
    home.succeed(&["train", "small.toml", "--run-dir", "whole", "--quiet"]);
    home.succeed(&["train", "small.toml", "--run-dir", "grown", "--steps", "2048", "--quiet"]);
    let file = home.path("grown/config.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, config.replace("steps = 2048", "steps = 4096")).unwrap();
    home.succeed(&["resume", "grown", "--quiet"]);
    assert_eq!(trace(&home.path("whole")).sums, trace(&home.path("grown")).sums);
}

#[test]
fn an_interrupted_run_saves_itself_and_goes_on() {
    let home = Home::new();
    home.succeed(&["train", "small.toml", "--run-dir", "whole", "--steps", "40960", "--quiet"]);
    let mut child = home.command(&["train", "small.toml", "--run-dir", "cut", "--steps", "40960"]);
    let child = child.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    while !home.path("cut/metrics.csv").exists() {
        sleep(Duration::from_millis(10));
    }
    sleep(Duration::from_millis(200));
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", support::text(&output.stderr));
    assert!(support::text(&output.stderr).contains("resume cut"), "{}", support::text(&output.stderr));
    home.succeed(&["resume", "cut", "--quiet"]);
    assert_eq!(trace(&home.path("whole")), trace(&home.path("cut")));
}

#[test]
fn a_replay_on_disk_is_the_same_to_the_bit_and_resumes_and_leaves_by_itself() {
    let home = Home::new();
    let keys = ["--set", "area.body.frames=3", "--set", "area.body.n_step=2", "--quiet"];
    let on_disk = ["--set", "replay.storage=disk", "--set", "replay.segment=64"];
    home.succeed(&[&["train", "small.toml", "--run-dir", "memory"], &keys[..]].concat());
    home.succeed(&[&["train", "small.toml", "--run-dir", "whole"], &keys[..], &on_disk].concat());
    home.succeed(&[&["train", "small.toml", "--run-dir", "again"], &keys[..], &on_disk].concat());
    let learned = |run: &str| {
        let mut found = trace(&home.path(run));
        found.sums.retain(|(name, _)| name != "replay.safetensors");
        found
    };
    assert_eq!(learned("memory"), learned("whole"));
    let latest = home.path("whole/latest");
    let segments = |folder: &std::path::Path| {
        let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        names.filter(|path| path.to_string_lossy().ends_with(".rows")).collect::<Vec<_>>()
    };
    let linked = segments(&latest);
    // 500 rows of each of four slots: seven segments of 64 that are full, at most one more that is being forgotten.
    assert!((28..=36).contains(&linked.len()), "{}", linked.len());
    let links = std::os::unix::fs::MetadataExt::nlink(&std::fs::metadata(&linked[0]).unwrap());
    assert!(links >= 2, "{links}: a copy");
    // The folder of the run's own segments may be lost: a checkpoint is whole by itself, and so is a copy of it.
    std::fs::remove_dir_all(home.path("again/replay")).unwrap();
    home.succeed(&["resume", "again", "--from", "step-3584", "--quiet"]);
    assert_eq!(trace(&home.path("whole")), trace(&home.path("again")));
    for run in ["memory", "whole"] {
        home.succeed(&["export", run, &format!("{run}.npz")]);
    }
    assert!(std::fs::read(home.path("memory.npz")).unwrap() == std::fs::read(home.path("whole.npz")).unwrap());
    let file = &segments(&home.path("whole/latest"))[0];
    let mut bytes = std::fs::read(file).unwrap();
    bytes[0] ^= 1;
    std::fs::remove_file(file).unwrap();
    std::fs::write(file, bytes).unwrap();
    let said = home.fail(1, &["export", "whole", "damaged.npz"]);
    assert!(said.contains(".rows do not have the checksum"), "{said}");
}

/// A DQN with every addition, and a replay that is drawn from by priority.
const EVERYTHING: &str = "
    learning_starts = 64
    updates_per_round = 4
    frames = 3
    n_step = 3
    double = true
    dueling = true
    distribution = { type = 'categorical', atoms = 11, low = 0.0, high = 50.0 }
    munchausen = {}
    noisy = {}
    prioritised = {}
    tau = 0.1
    target_every = 3
";

/// A Q-function of the signal that pays, whose weight changes all the time.
const PER_SIGNAL: &str = "
    learning_starts = 64
    updates_per_round = 4
    n_step = 3
    double = true
    dueling = true
    noisy = {}
    prioritised = {}
    heads = 'per-signal'
    gammas = { extrinsic = 0.9 }
    pay = { extrinsic = { from = 1.0, to = 0.2, start = 0, end = 900 } }
";

/// One run for each way in which experience reaches a learner, and for each learner and rule with a state of its own.
const RUNS: [(&str, &str, &str); 11] = [
    ("agrel", "XOR", "memory = 'online'\ncredit = { type = 'attention-gated', feedback = 'learned' }"),
    ("augment", "Saccade", "memory = 'online'"),
    ("augment", "Saccade", "memory = 'queue'\nbatch = 1"),
    ("brainprop", "Digits", "memory = 'queue'\nbatch = 8\nnetwork = { hidden = [16] }"),
    ("brainprop", "Digits", "memory = 'queue'\nbatch = 8\ndropout = 0.5\nnetwork = { hidden = [16, 16] }"),
    ("brainprop", "Digits", "memory = 'replay'\nbatch = 8\nupdates_per_round = 4\nlearning_starts = 64"),
    ("perturbation", "XOR", "memory = 'online'"),
    ("dqn", "CartPole-v1", EVERYTHING),
    ("dqn", "CartPole-v1", PER_SIGNAL),
    ("dqn", "CartPole-v1", "credit = 'node-perturbation'\nlearning_starts = 64\nupdates_per_round = 4"),
    ("dqn", "CartPole-v1", "credit = 'sign-symmetric'\nangle_every = 7\nlearning_starts = 64\nupdates_per_round = 4"),
];

#[test]
fn every_learner_resumes_bit_for_bit() {
    for (learner, env, keys) in RUNS {
        let (slots, round) = match (keys.contains("'online'"), learner) {
            (true, "perturbation") => (1, 1),
            (true, _) => (2, 2),
            _ => (2, 32),
        };
        let text = format!(
            "steps = 1024\nsteps_per_round = {round}\n[env]\nid = '{env}'\nslots = {slots}\n[replay]\ncapacity = 400\n\
             [log]\nevery = 200\n[evaluation]\nevery = 500\nepisodes = 2\nfinal_episodes = 1\n\
             [checkpoint]\nevery = 256\nkeep = 8\n[area.body]\nlearner = '{learner}'\n{keys}\n"
        );
        let home = Home::with(&text);
        home.succeed(&["train", "small.toml", "--run-dir", "whole", "--quiet"]);
        home.succeed(&["train", "small.toml", "--run-dir", "again", "--quiet"]);
        home.succeed(&["resume", "again", "--from", "step-512", "--quiet"]);
        let (whole, again) = (trace(&home.path("whole")), trace(&home.path("again")));
        assert_eq!(whole, again, "{learner} on {env}: {keys}");
        home.succeed(&["train", "small.toml", "--run-dir", "threads", "--actors", "2", "--quiet"]);
        assert_eq!(whole, trace(&home.path("threads")), "{learner} on {env}: {keys}");
    }
}
