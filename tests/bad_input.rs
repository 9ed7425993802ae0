//! Bad input: a sentence, a non-zero exit, nothing damaged.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::process::Command;
use support::{Home, text, trace};

/// What the program says when it is asked to train the small run with one change.
fn refusal(change: &str) -> String {
    let home = Home::new();
    let said = home.fail(2, &["train", "small.toml", "--run-dir", "run", "--set", change]);
    assert!(!home.path("run").exists(), "a run that cannot start leaves no folder");
    said
}

#[test]
fn unknown_keys_and_names_are_answered_with_the_nearest_spelling() {
    assert!(refusal("area.body.bacth=3").contains("area.body.bacth: unknown key; did you mean `batch`?"));
    assert!(refusal("area.body.gama=0.9").contains("did you mean `gamma`?"));
    assert!(
        refusal("gamma=0.9").contains("gamma: unknown key")
            && refusal("gamma=0.9").contains("; there is the key area.body.gamma")
    );
    assert!(refusal("area.body.learning_rate=1e-3").contains("; there is the key area.body.lr"));
    assert!(refusal("replay.capcity=10").contains("replay.capcity: unknown key; did you mean `capacity`?"));
    assert!(refusal("env.id=CartPole-v2").contains("did you mean `CartPole-v1`?"));
    assert!(refusal("area.body.learner=dqm").contains("there is no learner `dqm`; did you mean `dqn`?"));
    assert!(refusal("area.body.pay.extrinsik=1").contains("did you mean `extrinsic`?"));
    assert!(refusal("area.body.view=['observatoin']").contains("did you mean `observation`?"));
    assert!(refusal("signals.moton={}").contains("did you mean `motion`?"));
}

#[test]
fn values_of_the_wrong_type_or_size_name_their_key() {
    assert!(refusal("steps=many").contains("steps: invalid type"));
    assert!(refusal("area.body.batch=0.5").contains("area.body.batch: invalid type"));
    assert!(refusal("replay.capacity=0").contains("replay.capacity: 0 transitions"));
    assert!(refusal("area.body.batch=4000").contains("must lie between 1 and replay.capacity = 2000"));
    assert!(refusal("steps_per_round=130").contains("must be 1 or more times env.slots = 4"));
    assert!(refusal("area.body.gamma=1.5").contains("gamma = 1.5 must be between 0 and 1"));
    assert!(refusal("device=gpu").contains("device"));
    assert!(refusal("actors=-1").contains("\"auto\" or a number"));
    assert!(refusal("area.body.network={ hidden = [0] }").contains("0"));
    assert!(refusal("area.body.distribution={}").contains("area.body.distribution.type: it must be given"));
    assert!(refusal("area.body.exploration=0.1").contains("expected a table"));
    assert!(refusal("area.body.optimiser={ type = 'adam', eps = 1e-50 }").contains("in single precision"));
}

#[test]
fn a_key_in_the_file_is_refused_with_its_line() {
    let home = Home::with(&support::SMALL.replace("batch = 32", "bach = 32"));
    assert!(home.fail(2, &["train", "small.toml"]).contains("small.toml, line 14: area.body.bach: unknown key"));
    let home = Home::with("steps = = 3");
    assert!(home.fail(2, &["train", "small.toml"]).contains("small.toml, line 1"));
    assert!(home.fail(2, &["train", "smal.toml"]).contains("no file `smal.toml`"));
    assert!(home.fail(2, &["resume", "nowhere"]).contains("there is no run in nowhere"));
    assert!(home.fail(2, &["train", "cartpole", "--set", "steps"]).contains("KEY=VALUE"));
}

#[test]
fn a_bank_that_cannot_run_is_refused() {
    let said = refusal("signals.motion={}");
    assert!(said.contains("signal `motion` reads the percept `flow`, which nothing writes"), "{said}");
}

#[test]
fn absent_cuda_is_one_line_with_its_reason() {
    let home = Home::new();
    let output = home.innate(&["train", "small.toml", "--steps", "128", "--device", "cuda", "--run-dir", "run"]);
    if !output.status.success() {
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
        assert!(said.contains("CUDA"), "{said}");
    }
}

#[test]
fn an_unreadable_film_is_named() {
    let home = Home::new();
    std::fs::write(home.path("film.gif"), b"GIF89a, but not really").unwrap();
    std::fs::create_dir(home.path("empty")).unwrap();
    for (film, expected) in [("film.gif", "film.gif"), ("none.gif", "none.gif"), ("empty", "empty")] {
        let said = home.fail(2, &["train", "look", "--set", &format!("env.path={film}")]);
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn missing_ffmpeg_is_said_in_a_sentence() {
    let home = Home::new();
    std::fs::write(home.path("film.mp4"), b"....").unwrap();
    let mut command = home.command(&["train", "look", "--set", "env.path=film.mp4"]);
    let output = command.env("PATH", "/nonexistent").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("ffmpeg"), "{}", text(&output.stderr));
}

/// A finished run, for tests that damage it.
fn finished() -> Home {
    let home = Home::new();
    home.succeed(&["train", "small.toml", "--steps", "1024", "--run-dir", "run", "--quiet"]);
    home
}

#[test]
fn a_run_is_not_overwritten() {
    let home = finished();
    let before = trace(&home.path("run"));
    assert!(home.fail(2, &["train", "small.toml", "--run-dir", "run"]).contains("already holds a run"));
    assert_eq!(trace(&home.path("run")), before);
}

#[test]
fn what_is_no_run_is_named_with_the_runs_that_are_there() {
    let home = finished();
    for command in
        [&["resume", "."][..], &["eval", "."], &["develop", "."], &["export", ".", "out.npz"], &["compare", "."]]
    {
        let said = home.fail(2, command);
        assert!(said.contains("there is no run in .") && said.contains("runs: ./run"), "{command:?}: {said}");
    }
    assert!(home.fail(2, &["train", "run"]).contains("run is a run; go on with it: "));
    for command in [&["eval", "run", "./run"][..], &["compare", "run", "a=run/"]] {
        assert!(home.fail(2, command).contains("is given twice"), "{command:?}");
    }
    std::fs::remove_file(home.path("run/latest")).unwrap();
    let said = home.fail(2, &["export", "run", "out.npz"]);
    assert!(said.contains("run has no checkpoint yet; go on with it: "), "{said}");
    assert!(home.fail(2, &["eval", "run", "--record", "none/film.gif"]).contains("there is no folder none"));
}

#[test]
fn a_run_goes_on_from_checkpoints_of_its_own_alone() {
    let home = finished();
    home.succeed(&["train", "small.toml", "--seed", "5", "--steps", "512", "--run-dir", "other", "--quiet"]);
    let before = trace(&home.path("run"));
    let (near, far) = ("../../other/checkpoints/step-512", home.path("other/checkpoints/step-512"));
    for from in [near, far.to_str().unwrap(), "step-9", "9", "nonsense", ".."] {
        let said = home.fail(2, &["resume", "run", "--from", from]);
        assert!(said.contains("no such checkpoint (it has: step-512, step-1024)"), "{from}: {said}");
    }
    assert_eq!(trace(&home.path("run")), before);
    for from in ["512", "run/checkpoints/step-512", "latest"] {
        home.succeed(&["resume", "run", "--from", from, "--quiet"]);
    }
    assert_eq!(trace(&home.path("run")), before);
}

#[test]
fn a_folder_with_other_curves_is_refused_and_left_as_it_is() {
    let home = Home::new();
    std::fs::create_dir(home.path("mine")).unwrap();
    std::fs::write(home.path("mine/metrics.csv"), "precious").unwrap();
    assert!(home.fail(2, &["train", "small.toml", "--run-dir", "mine"]).contains("mine/metrics.csv"));
    assert_eq!(std::fs::read_dir(home.path("mine")).unwrap().count(), 1);
}

#[test]
fn a_damaged_checkpoint_is_refused_and_an_earlier_one_offered() {
    let home = finished();
    let file = home.path("run/latest/replay.safetensors");
    let bytes = std::fs::read(&file).unwrap();
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 4;
    for (contents, reason) in [(&flipped[..], "checksum"), (&bytes[..bytes.len() - 3], "bytes, it was written with")] {
        std::fs::write(&file, contents).unwrap();
        let said = home.fail(1, &["resume", "run"]);
        assert!(
            said.contains("replay.safetensors") && said.contains(reason) && said.contains("--from step-512"),
            "{said}"
        );
    }
    home.succeed(&["resume", "run", "--from", "step-512", "--quiet"]);
    let again = finished();
    assert_eq!(trace(&home.path("run")), trace(&again.path("run")));
}

#[test]
fn a_checkpoint_of_another_version_is_refused() {
    let home = finished();
    let manifest = home.path("run/latest/manifest.json");
    let written = std::fs::read_to_string(&manifest).unwrap();
    let ours = innate::agents::checkpoint::FORMAT;
    std::fs::write(&manifest, written.replace(&format!("\"format\": {ours}"), "\"format\": 99")).unwrap();
    let said = home.fail(1, &["eval", "run", "--latest"]);
    assert!(said.contains(&format!("has format 99, this program reads format {ours}")), "{said}");
}

/// Runs the program where no file may grow beyond `blocks` blocks of 512 bytes: every write past that fails.
fn on_a_full_disk(home: &Home, blocks: u32, args: &str) -> std::process::Output {
    let program = env!("CARGO_BIN_EXE_innate");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec {program} {args}");
    Command::new("sh").args(["-c", &script]).current_dir(home.folder.path()).output().unwrap()
}

#[test]
fn a_full_disk_during_logging_stops_no_training() {
    let home = Home::new();
    let whole = "train small.toml --steps 16384 --set log.every=1 --set checkpoint.every=0 --set evaluation.every=0 --set evaluation.final_episodes=0";
    let args: Vec<&str> = whole.split(' ').collect();
    home.succeed(&[&args[..], &["--run-dir", "whole", "--quiet", "--set", "replay.capacity=64"]].concat());
    let output = on_a_full_disk(&home, 80, &format!("{whole} --set replay.capacity=64 --run-dir full"));
    let said = text(&output.stderr);
    assert!(!said.contains("panicked"), "{said}");
    assert!(said.contains("metrics") || said.contains("curves"), "{said}");
    assert_eq!(trace(&home.path("whole")).sums, trace(&home.path("full")).sums, "{said}");
}

#[test]
fn a_full_disk_during_a_checkpoint_leaves_the_last_one_whole() {
    let home = Home::new();
    // The replay grows with every checkpoint until one does not fit any more.
    let output = on_a_full_disk(&home, 90, "train small.toml --run-dir full --set log.every=100000");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("no checkpoint at step") && !said.contains("panicked"), "{said}");
    home.succeed(&["resume", "full", "--quiet"]);
    home.succeed(&["train", "small.toml", "--run-dir", "whole", "--set", "log.every=100000", "--quiet"]);
    assert_eq!(trace(&home.path("whole")).sums, trace(&home.path("full")).sums);
}
