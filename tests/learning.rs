//! Agents learn what they are paid for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use serde_json::Value;
use support::Home;

fn evaluate(home: &Home, args: &[&str]) -> Value {
    serde_json::from_str(&home.succeed(&[&["eval", "run", "--json"], args].concat())).unwrap()
}

#[test]
fn cartpole_is_solved_within_50_000_steps() {
    let home = Home::new();
    home.succeed(&["train", "cartpole", "--seed", "1", "--run-dir", "run", "--quiet"]);
    let found = evaluate(&home, &["--episodes", "100", "--seed", "7"]);
    let mean = found["mean_return"].as_f64().unwrap();
    assert!(mean >= 475.0, "{mean}");
    assert_eq!((found["returns"].as_array().unwrap().len(), found["lengths"].as_array().unwrap().len()), (100, 100));
    assert!(found["steps_trained"].as_u64().unwrap() <= 50_176);
    let random = evaluate(&home, &["--policy", "random"])["mean_return"].as_f64().unwrap();
    assert!(random < 30.0, "{random}");
}

/// The share of steps on which the fixated cell moves, and the weight that the environment's reward has.
#[test]
fn an_eye_paid_by_flow_alone_looks_at_what_moves() {
    let home = Home::new();
    let film = format!("env.path={}/scripts/clips/held_bottle.gif", env!("CARGO_MANIFEST_DIR"));
    home.succeed(&["train", "look", "--steps", "20000", "--set", &film, "--run-dir", "run", "--quiet"]);
    let config = std::fs::read_to_string(home.path("run/config.toml")).unwrap();
    let config: toml::Table = config.parse().unwrap();
    assert_eq!(config["area"]["body"]["pay"]["extrinsic"]["weight"].as_float(), Some(0.0));
    let moving = |policy: &str| {
        let found = evaluate(&home, &["--episodes", "20", "--policy", policy]);
        found["signals"]["motion"]["metrics"]["moving"].as_f64().unwrap()
    };
    let (trained, random) = (moving("greedy"), moving("random"));
    assert!(trained >= 3.0 * random, "fixates moving cells on {trained} of the steps, a random eye on {random}");
}

/// The share of trials answered rightly, or the mean return, after a run that comes with the platform.
fn trained(run: &str, args: &[&str]) -> f64 {
    let home = Home::new();
    home.succeed(&[&["train", run, "--run-dir", "run", "--quiet"], args].concat());
    evaluate(&home, &["--episodes", "400", "--seed", "7"])["mean_return"].as_f64().unwrap()
}

#[test]
fn agrel_learns_exclusive_or_from_one_scalar() {
    assert_eq!(trained("xor", &[]), 1.0);
}

#[test]
fn agrel_learns_in_batches_from_a_queue_as_well() {
    let batches = ["area.body.memory=queue", "area.body.batch=4", "steps_per_round=16", "area.body.lr=0.05"];
    let settings: Vec<_> = batches.iter().flat_map(|setting| ["--set", setting]).collect();
    assert!(trained("xor", &[&settings[..], &["--steps", "200000"]].concat()) > 0.95);
}

#[test]
fn brainprop_reads_digits_that_it_was_never_trained_on() {
    let accuracy = trained("digits", &[]);
    assert!(accuracy > 0.9, "{accuracy}");
}

/// The greatest mean return of the saccade task is 1.7: 0.2 for fixating and 1.5 for the right saccade.
#[test]
fn augment_remembers_where_the_cue_was() {
    let reward = trained("saccade", &[]);
    assert!(reward > 1.6, "{reward}");
}
