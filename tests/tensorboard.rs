//! The event files as the official `tensorboard` package reads them. `scripts/setup --dev` brings that package.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;
use support::{Home, text};

/// What `tests/read_tensorboard.py` says of a run; nothing where the package is not set up.
fn read(run: &Path) -> Option<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join(".venv/bin/python");
    if !python.exists() {
        eprintln!("skipped: there is no .venv; scripts/setup --dev makes it");
        return None;
    }
    let output = Command::new(python).arg(root.join("tests/read_tensorboard.py")).arg(run).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// The points of every curve, from what TensorBoard says.
fn curves(seen: &Value) -> BTreeMap<String, Vec<(u64, String)>> {
    let point = |point: &Value| {
        let value = point[1].as_f64().map_or_else(|| point[1].as_str().unwrap().parse().unwrap(), |value| value as f32);
        (point[0].as_u64().unwrap(), value.to_string())
    };
    let scalars = seen["scalars"].as_object().unwrap().iter();
    scalars.map(|(tag, points)| (tag.clone(), points.as_array().unwrap().iter().map(point).collect())).collect()
}

/// The points of every curve, from `metrics.csv`.
fn table(run: &Path) -> BTreeMap<String, Vec<(u64, String)>> {
    let rows = std::fs::read_to_string(run.join("metrics.csv")).unwrap();
    let mut curves = BTreeMap::<_, Vec<_>>::new();
    for row in rows.lines().skip(1) {
        let [step, tag, value] = row.split(',').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let value = value.parse::<f64>().unwrap() as f32;
        curves.entry(tag.to_string()).or_default().push((step.parse().unwrap(), value.to_string()));
    }
    curves
}

#[test]
fn tensorboard_shows_curves_hyper_parameters_and_the_run_file() {
    let home = Home::new();
    home.succeed(&["train", "small.toml", "--run-dir", "run", "--quiet"]);
    let Some(seen) = read(&home.path("run")) else { return };
    let curves = curves(&seen);
    assert_eq!(curves, table(&home.path("run")));
    let expected = "rollout/ep_rew_mean rollout/ep_len_mean rollout/exploration_rate time/fps time/total_timesteps train/loss \
        train/q_mean eval/mean_reward reward/extrinsic pay/body/extrinsic area/body/loss replay/size replay/ratio \
        time/learner_wait time/actor_wait";
    for tag in expected.split_whitespace() {
        assert!(curves.contains_key(tag), "{tag} is not among {:?}", curves.keys());
    }
    assert_eq!(seen["hparams"]["area.body.batch"], 32.0);
    assert_eq!(seen["hparams"]["env.id"], "CartPole-v1");
    let last = seen["scalars"]["eval/mean_reward"].as_array().unwrap().last().unwrap();
    assert_eq!(seen["metrics"]["eval/mean_reward"], last[1]);
    assert_eq!(seen["status"], "STATUS_SUCCESS");
    assert!(seen["texts"]["run file"][0].as_str().unwrap().contains("CartPole-v1"), "{}", seen["texts"]);
}

#[test]
fn the_curves_of_a_killed_and_resumed_run_have_no_gap_and_no_double() {
    let home = Home::new();
    let run = home.path("run");
    let mut child = home.command(&["train", "small.toml", "--set", "steps=12288", "--run-dir", "run", "--quiet"]);
    let mut child = child.stderr(Stdio::null()).spawn().unwrap();
    while std::fs::symlink_metadata(run.join("latest")).is_err() {
        assert!(child.try_wait().unwrap().is_none(), "it ended without a checkpoint");
        sleep(Duration::from_millis(5));
    }
    // Some rounds further, so that there is something after the checkpoint to be recorded again.
    sleep(Duration::from_millis(60));
    child.kill().unwrap();
    child.wait().unwrap();
    home.succeed(&["resume", "run", "--quiet"]);
    let Some(seen) = read(&run) else { return };
    let curves = curves(&seen);
    assert_eq!(curves, table(&run));
    let steps: Vec<u64> = curves["time/total_timesteps"].iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, (1..=48).map(|point| point * 256).collect::<Vec<_>>());
    assert_eq!(seen["texts"]["run file"].as_array().unwrap().len(), 1);
    assert_eq!(seen["status"], "STATUS_SUCCESS");
}

#[test]
fn what_the_eye_sees_is_under_images() {
    let home = Home::new();
    let film = format!("env.path={}/scripts/clips/held_bottle.gif", env!("CARGO_MANIFEST_DIR"));
    let short = ["evaluation.every=512", "evaluation.episodes=1", "evaluation.final_episodes=0"];
    let short = short.iter().flat_map(|setting| ["--set", setting]);
    let mut args = vec!["train", "look", "--steps", "1024", "--set", &film, "--run-dir", "run", "--quiet"];
    args.extend(short);
    home.succeed(&args);
    let Some(seen) = read(&home.path("run")) else { return };
    for tag in ["eval/view", "eval/film"] {
        let shown = seen["images"][tag].as_array().unwrap();
        assert_eq!(shown.iter().map(|picture| picture[0].as_u64().unwrap()).collect::<Vec<_>>(), [512, 1024], "{tag}");
        assert!(
            shown.iter().all(|picture| picture[1].as_u64().unwrap() > 0 && picture[2].as_u64().unwrap() > 0),
            "{tag}: {shown:?}"
        );
    }
    let film = &seen["images"]["eval/film"][0];
    assert!(film[3].as_u64().unwrap() < 4 << 20, "a film of an evaluation is small");
    assert_eq!(film[4], "image/gif");
}
