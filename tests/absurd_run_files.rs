//! Absurd run files end in a sentence, or in a training whose every number is a number. Never in a panic, never in a silent
//! NaN.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use innate::agents::trainer::Observer;
use innate::agents::{Plan, RunFolder, TrainError, Trainer};
use innate::run_file::RunFile;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::RngSeed;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Collects what a training tells.
#[derive(Default)]
struct Told {
    points: Vec<(u64, String, f64)>,
}

impl Observer for Told {
    fn warn(&mut self, _: &str) {}

    fn points(&mut self, step: u64, points: &[(String, f64)]) {
        self.points.extend(points.iter().map(|(tag, value)| (step, tag.clone(), *value)));
    }
}

/// Trains the run file `text`; what it told, or the sentence with which it was refused or stopped.
fn train(text: &str) -> Result<Vec<(u64, String, f64)>, String> {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("absurd.toml");
    std::fs::write(&path, text).unwrap();
    let config = RunFile::open(&path).and_then(|file| file.config());
    let config = config.map_err(|error| error.to_string())?;
    let plan = Arc::new(Plan::new(config, innate::standard()).map_err(|error| error.to_string())?);
    let mut trainer = Trainer::new(plan).map_err(|error| error.to_string())?;
    let mut told = Told::default();
    let trained = trainer.train(&RunFolder::new(home.path().join("run")), &mut told, &AtomicBool::new(false));
    trained.map_err(|error: TrainError| error.to_string())?;
    Ok(told.points)
}

fn run_file(env: &str, learner: &str, memory: &str, keys: &[(&str, String)]) -> String {
    let round = if memory == "online" { 1 } else { 16 };
    let keys: String = keys.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
    format!(
        "steps = 96\nsteps_per_round = {round}\nactors = 0\n[env]\nid = \"{env}\"\n[replay]\ncapacity = 200\n\
         [evaluation]\nevery = 48\nepisodes = 2\n[checkpoint]\nevery = 0\n[log]\nevery = 16\n\
         [area.body]\nlearner = \"{learner}\"\nmemory = \"{memory}\"\n{keys}"
    )
}

const NUMBERS: [&str; 12] =
    ["nan", "inf", "-inf", "0.0", "-0.0", "-1.0", "1e-300", "1e300", "1e30", "1e6", "3.5e38", "0.1"];
const COUNTS: [&str; 6] = ["0", "1", "2", "3", "-1", "9223372036854775807"];
const NETWORKS: [&str; 8] = [
    "{ hidden = [] }",
    "{ hidden = [0] }",
    "{ hidden = [1] }",
    "{ hidden = [4, 4] }",
    "{ hidden = [4000000000] }",
    "{ layers = [{ type = 'dense', units = 3, activation = 'sigmoid' }] }",
    "{ layers = [{ type = 'local', filters = 2, kernel = 3 }, { type = 'dense', units = 4 }] }",
    "'nature'",
];
/// Additions to DQN: # stands for a number, and @ for a count.
const ADDITIONS: [(&str, &str); 13] = [
    ("noisy", "{ sigma = # }"),
    ("frames", "@"),
    ("n_step", "@"),
    ("n_step", "3"),
    ("tau", "#"),
    ("double", "true"),
    ("dueling", "true"),
    ("distribution", "{ type = 'categorical', atoms = 5, low = #, high = 1.0 }"),
    ("distribution", "{ type = 'categorical', low = -1.0, high = # }"),
    ("distribution", "{ type = 'quantile', quantiles = @ }"),
    ("munchausen", "{ temperature = # }"),
    ("munchausen", "{ alpha = #, least = # }"),
    ("prioritised", "{ alpha = #, beta = #, epsilon = # }"),
];
const CREDITS: [&str; 9] = [
    "'backprop'",
    "'feedback-alignment'",
    "'direct-feedback-alignment'",
    "'sign-symmetric'",
    "'attention-gated'",
    "{ type = 'attention-gated', feedback = 'none' }",
    "{ type = 'node-perturbation', sigma = 1e-300 }",
    "{ type = 'weight-perturbation', sigma = nan }",
    "{ type = 'node-perturbation', form = 'serial' }",
];

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2_000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]
    #[test]
    fn an_absurd_run_ends_in_a_sentence_or_in_numbers(
        env in select(vec!["XOR", "CartPole-v1", "Digits", "Saccade", "12AX"]),
        learner in select(vec!["dqn", "agrel", "brainprop", "augment", "perturbation"]),
        memory in select(vec!["replay", "queue", "online"]),
        lr in select(NUMBERS.to_vec()),
        number in select(NUMBERS.to_vec()),
        count in select(COUNTS.to_vec()),
        network in select(NETWORKS.to_vec()),
        credit in select(CREDITS.to_vec()),
        engine in select(vec!["'auto'", "'native'", "'libtorch'"]),
        additions in subsequence(ADDITIONS.to_vec(), 0..4),
    ) {
        let mut keys = vec![("lr", lr.to_string()), ("pay.extrinsic", number.to_string())];
        if memory != "online" {
            keys.push(("batch", if learner == "augment" { "1".into() } else { count.to_string() }));
        }
        match learner {
            "augment" => keys.extend([("regular", count.to_string()), ("gamma", number.to_string())]),
            "perturbation" => keys.extend([("network", network.to_string()), ("sigma", number.to_string())]),
            _ => keys.extend([
                ("network", network.to_string()),
                ("credit", credit.to_string()),
                ("engine", engine.to_string()),
                ("clip_gradient", number.to_string()),
                ("angle_every", "2".to_string()),
            ]),
        }
        if learner == "dqn" {
            keys.extend([("learning_starts", "16".into()), ("updates_per_round", "2".into())]);
            keys.extend(additions.iter().map(|&(key, value)| (key, value.replace('#', number).replace('@', count))));
        }
        let text = run_file(env, learner, memory, &keys);
        match train(&text) {
            Ok(points) => {
                let silent = points.iter().find(|(_, _, value)| !value.is_finite());
                prop_assert!(silent.is_none(), "{text}\n{silent:?}");
            }
            Err(said) => {
                prop_assert!(said.len() > 20 && !said.contains("panicked"), "{text}\n{said}");
            }
        }
    }
}

#[test]
fn divergence_is_told_with_its_layer_and_step() {
    let keys = [("lr", "1e38".to_string()), ("optimiser", "'sgd'".into()), ("learning_starts", "16".into())];
    let said = train(&run_file("CartPole-v1", "dqn", "replay", &keys)).unwrap_err();
    assert!(said.contains("area `body`, step ") && said.contains("layer `") && said.contains("smaller lr"), "{said}");
    let keys = [("lr", "1e38".to_string())];
    let said = train(&run_file("XOR", "agrel", "online", &keys)).unwrap_err();
    assert!(said.contains("layer `") && said.contains("smaller lr"), "{said}");
}
