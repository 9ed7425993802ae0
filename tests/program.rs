//! The program's face: what scripts rely on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use serde_json::Value;
use support::Home;

#[test]
fn a_run_folder_holds_what_the_readme_says() {
    let home = Home::new();
    home.succeed(&["train", "small.toml", "--steps", "1024", "--run-dir", "run", "--quiet"]);
    for name in ["config.toml", "versions.json", "metrics.csv", "latest/manifest.json", "best/weights.safetensors"] {
        assert!(home.path("run").join(name).exists(), "{name}");
    }
    for name in ["weights.safetensors", "optimiser.safetensors", "replay.safetensors", "state.bin"] {
        assert!(home.path("run/checkpoints/step-1024").join(name).exists(), "{name}");
    }
    assert_eq!(std::fs::read_dir(home.path("run/tensorboard")).unwrap().count(), 1);
    let steps = std::fs::read_dir(home.path("run/checkpoints")).unwrap().count();
    assert!(steps <= 3, "two checkpoints are kept, and the best");
}

#[test]
fn every_curve_is_in_the_readme() {
    let home = Home::new();
    let film = format!("env.path={}/scripts/clips/held_bottle.gif", env!("CARGO_MANIFEST_DIR"));
    home.succeed(&["train", "look", "--steps", "2048", "--set", &film, "--run-dir", "look", "--quiet"]);
    home.succeed(&["train", "small.toml", "--run-dir", "small", "--quiet"]);
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let curves = ["look", "small"].map(|run| std::fs::read_to_string(home.path(run).join("metrics.csv")).unwrap());
    assert!(curves[0].contains("signal/motion/moving"), "a signal's own metric is a curve");
    for line in curves.iter().flat_map(|curves| curves.lines().skip(1)) {
        let tag = line.split(',').nth(1).unwrap();
        let general = match tag.split('/').collect::<Vec<_>>()[..] {
            ["area", _, _] => "area/<area>/<metric>",
            ["reward", _] => "reward/<signal>",
            ["pay", _, _] => "pay/<area>/<signal>",
            ["signal", _, _] => "signal/<signal>/<metric>",
            _ => tag,
        };
        assert!(readme.contains(&format!("`{general}`")), "{tag} is not in the README's table of metrics");
    }
}

#[test]
fn runs_that_start_at_once_get_folders_of_their_own() {
    let home = Home::new();
    let start = |_| home.command(&["train", "small.toml", "--steps", "256", "--quiet"]).spawn().unwrap();
    let children: Vec<_> = (0..3).map(start).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(std::fs::read_dir(home.path("runs")).unwrap().count(), 3);
}

#[test]
fn the_readmes_equations_are_in_the_code() {
    let root = env!("CARGO_MANIFEST_DIR");
    let readme = std::fs::read_to_string(format!("{root}/README.md")).unwrap();
    let files = [
        "rewards/pay.rs",
        "rewards/motion.rs",
        "rewards/condition.rs",
        "rewards/bearing.rs",
        "rewards/lessons.rs",
        "rewards/mover/course.rs",
        "agents/dqn.rs",
        "agents/dqn/options.rs",
        "agents/dqn/head.rs",
        "agents/dqn/soft.rs",
        "agents/recall.rs",
        "replay/priorities.rs",
        "agents/exploration.rs",
        "agents/streams.rs",
        "agents/nn/noisy.rs",
        "agents/nn/dropout.rs",
        "agents/nn/selection.rs",
        "agents/nn/online.rs",
        "agents/nn/augment.rs",
        "agents/nn/feedback.rs",
        "agents/nn/engine.rs",
        "agents/nn/disturbed.rs",
    ];
    let code: String = files.map(|file| std::fs::read_to_string(format!("{root}/{file}")).unwrap()).concat();
    let table = readme.split("## Equations").nth(1).unwrap().split("## Metrics").next().unwrap();
    let mut found = 0;
    for place in table.lines().filter_map(|line| line.split('|').nth(3)) {
        for name in place.split('`').skip(1).step_by(2) {
            let (owner, function) = name.split_once("::").unwrap();
            let owners = ["impl ", "impl<T: Real> ", "impl<T: Copy + Default> ", "trait "]
                .map(|before| format!("{before}{owner}"));
            let functions = ["(", "<"].map(|after| format!("fn {function}{after}"));
            let there = |names: &[String]| names.iter().any(|name| code.contains(name));
            assert!(there(&owners) && there(&functions), "{name}");
            found += 1;
        }
    }
    assert!(found >= 8, "{found}");
}

#[test]
fn play_shows_boards_numbers_and_films() {
    let home = Home::new();
    let board = home.succeed(&["play", "key-door", "--steps", "2", "--set", "size=6"]);
    assert_eq!(board.lines().filter(|line| *line == "bbbbbb").count(), 2 * 3, "{board}");
    assert!(board.ends_with("key-door: 2 random steps, 0 whole episodes\n"), "{board}");
    let numbers = home.succeed(&["play", "CartPole-v1", "--steps", "60"]);
    assert!(numbers.contains("reward 1, terminated") && numbers.contains("mean return"), "{numbers}");
    assert_eq!(numbers, home.succeed(&["play", "CartPole-v1", "--steps", "60"]), "the same seed plays the same");
    home.succeed(&["play", "MinAtar/Breakout-v1", "--steps", "20", "--out", "b.gif"]);
    assert!(std::fs::read(home.path("b.gif")).unwrap().starts_with(b"GIF89a"));
    home.succeed(&["play", "CartPole-v1", "--steps", "20", "--out", "c.gif"]);
    assert!(home.fail(2, &["play", "XOR", "--out", "c.gif"]).contains("XOR cannot draw itself"));
    assert!(home.fail(2, &["play", "key-door", "--out", "k.png"]).contains("ends in .gif or .mp4"));
    assert!(
        home.fail(2, &["play", "key-door", "--set", "size=4"]).contains("size = 4 is out of range (allowed: 5 to 50)")
    );
    assert!(home.fail(2, &["play", "key-dor"]).contains("did you mean `key-door`?"));
}

#[test]
fn what_a_run_remembers_is_a_file_for_numpy() {
    let home = Home::new();
    home.succeed(&[
        "train",
        "small.toml",
        "--steps",
        "1024",
        "--set",
        "area.body.frames=2",
        "--run-dir",
        "run",
        "--quiet",
    ]);
    let said = home.succeed(&["export", "run", "run.npz"]);
    assert!(said.starts_with("1024 transitions up to step 1024"), "{said}");
    assert!(home.fail(2, &["export", "run", "run.csv"]).contains("ends in .npz"));
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/.venv/bin/python");
    let check = "
import numpy, sys
data = numpy.load('run.npz')
names = ['action/body', 'lane', 'next/observation', 'observation', 'reward/extrinsic', 'terminated', 'truncated']
assert sorted(data) == names, sorted(data)
x, next_x, ended = data['observation'], data['next/observation'], data['terminated'] | data['truncated']
assert x.shape == next_x.shape == (1024, 8) and x.dtype == numpy.float32, (x.shape, x.dtype)
assert (data['reward/extrinsic'] == 1).all() and set(data['action/body']) == {0, 1} and ended.any()
goes_on = (data['lane'][1:] == data['lane'][:-1]) & (ended[:-1] == 0)
assert (next_x[:-1][goes_on] == x[1:][goes_on]).all()
assert (x[1:][goes_on][:, :4] == x[:-1][goes_on][:, 4:]).all()
";
    match std::process::Command::new(python).args(["-c", check]).current_dir(home.path(".")).output() {
        Ok(output) => assert!(output.status.success(), "{}", support::text(&output.stderr)),
        Err(_) => eprintln!("skipped: .venv is missing (scripts/setup --dev makes it)"),
    }
}

#[test]
fn runs_are_compared_over_their_seeds() {
    let home = Home::new();
    for (seed, run) in [("1", "small-1"), ("2", "small-2"), ("3", "small-3")] {
        home.succeed(&["train", "small.toml", "--steps", "2048", "--seed", seed, "--run-dir", run, "--quiet"]);
    }
    let args = ["compare", "small-1", "small-2", "other=small-3", "--json", "--out", "compared"];
    let found: Value = serde_json::from_str(&home.succeed(&args)).unwrap();
    let groups = found["groups"].as_array().unwrap();
    assert_eq!((groups[0]["label"].as_str(), groups[1]["label"].as_str()), (Some("small"), Some("other")));
    assert_eq!(groups[0]["finals"].as_array().unwrap().len(), 2);
    let share = found["improvements"][0]["probability"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&share));
    for file in ["comparison.json", "points.csv", "sample_efficiency.csv", "performance_profile.csv"] {
        assert!(home.path("compared").join(file).exists(), "{file}");
    }
    for picture in ["sample_efficiency.svg", "performance_profile.svg"] {
        assert!(std::fs::read_to_string(home.path("compared").join(picture)).unwrap().contains("</svg>"));
    }
    let both: Value =
        serde_json::from_str(&home.succeed(&["eval", "small-1", "small-2", "--episodes", "5", "--json"])).unwrap();
    let alone: Value = serde_json::from_str(&home.succeed(&["eval", "small-2", "--episodes", "5", "--json"])).unwrap();
    assert_eq!(both["runs"][1]["run"], "small-2");
    assert_eq!(both["runs"][1]["returns"], alone["returns"]);
    let means = [0, 1].map(|run| both["runs"][run]["mean_return"].as_f64().unwrap());
    // Of two values the quartiles cut nothing off.
    assert!((both["iqm"].as_f64().unwrap() - (means[0] + means[1]) / 2.0).abs() < 1e-9, "{both}");
    let said = home.succeed(&["eval", "small-1", "small-2", "--episodes", "5"]);
    assert!(said.contains("small-2: 5 episodes") && said.contains("2 runs: interquartile mean"), "{said}");
    assert!(home.fail(2, &["eval", "small-1", "small-2", "--record", "a.gif"]).contains("--record films one run"));
    let table = home.succeed(&["compare", "small-1", "small-2"]);
    assert!(table.contains("interquartile mean") && table.contains("small "), "{table}");
    assert!(
        !home.succeed(&["compare", "small-1"]).lines().skip(1).any(|line| line.contains('[')),
        "one run has no interval"
    );
    let said = home.fail(2, &["compare", "small-1", "--tag", "eval/nothing"]);
    assert!(said.contains("has no curve eval/nothing (curves: ") && said.contains("eval/mean_reward"), "{said}");
}

#[test]
fn lists_and_keys_name_everything() {
    let home = Home::new();
    let list: Value = serde_json::from_str(&home.succeed(&["list", "--json"])).unwrap();
    let names = |section: &str| -> Vec<String> {
        list[section].as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap().into()).collect()
    };
    assert!(names("environments").contains(&"CartPole-v1".into()) && names("environments").contains(&"gym:ID".into()));
    let chain = [
        "mover",
        "passing",
        "track",
        "places",
        "hand",
        "context",
        "agreement",
        "map",
        "face",
        "gaze",
        "joint-attention",
    ];
    assert_eq!(names("signals"), [&["extrinsic", "flow"], &chain[..], &["motion"]].concat());
    assert_eq!(names("learners"), ["dqn", "agrel", "brainprop", "augment", "perturbation"]);
    assert_eq!(
        names("runs"),
        [
            "acrobot",
            "atari-dqn2013",
            "atari-nature",
            "atari-pong",
            "cartpole",
            "digits",
            "look",
            "minatar-breakout",
            "mountaincar",
            "nursery",
            "rainbow",
            "saccade",
            "xor"
        ]
    );
    let keys = home.succeed(&["keys"]);
    for key in [
        "steps_per_round",
        "target_every",
        "clip_gradient",
        "final_episodes",
        "capacity",
        "slots",
        "at_end",
        "smoothness",
        "travelled",
        "distractors",
        "atoms",
    ] {
        assert!(keys.contains(key), "{key}");
    }
    let doctor: Value = serde_json::from_str(&home.succeed(&["doctor", "--json"])).unwrap();
    for finding in ["libtorch", "cuda", "threads", "disk", "python"] {
        assert!(doctor[finding].is_string(), "{finding}");
    }
}

#[test]
fn settings_reach_the_resolved_run_file() {
    let home = Home::new();
    let args = ["train", "small.toml", "--steps", "256", "--seed", "9", "--actors", "0", "--run-dir", "run", "--quiet"];
    home.succeed(&[&args[..], &["--set", "area.body.lr=1e-4", "--set", "area.body.pay.extrinsic=0.5"]].concat());
    let config: toml::Table = std::fs::read_to_string(home.path("run/config.toml")).unwrap().parse().unwrap();
    assert_eq!((config["seed"].as_integer(), config["steps"].as_integer()), (Some(9), Some(256)));
    assert_eq!(config["area"]["body"]["lr"].as_float(), Some(1e-4));
    assert_eq!(config["area"]["body"]["gamma"].as_float(), Some(0.99), "defaults are filled in");
    assert_eq!(config["area"]["body"]["pay"]["extrinsic"]["weight"].as_float(), Some(0.5));
}

#[test]
fn quiet_is_quiet_and_folders_are_numbered() {
    let home = Home::new();
    for number in ["1", "2"] {
        let output = home.innate(&["train", "small.toml", "--steps", "256", "--quiet"]);
        assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty());
        assert!(home.path(&format!("runs/small-{number}/config.toml")).exists());
    }
}

#[test]
fn an_evaluation_is_filmed_where_there_is_something_to_see() {
    let home = Home::new();
    let film = format!("env.path={}/scripts/clips/held_bottle.gif", env!("CARGO_MANIFEST_DIR"));
    let short = ["--set", "evaluation.every=0", "--set", "evaluation.final_episodes=0", "--quiet"];
    home.succeed(&[&["train", "look", "--steps", "256", "--set", &film, "--run-dir", "look"], &short[..]].concat());
    let filmed = |name: &str| {
        home.succeed(&["eval", "look", "--episodes", "2", "--seed", "3", "--record", name]);
        std::fs::read(home.path(name)).unwrap()
    };
    let film = filmed("eye.gif");
    assert!(film.starts_with(b"GIF89a") && film.ends_with(b";"));
    assert_eq!(film, filmed("again.gif"), "the same seed gives the same film");
    let said = home.fail(2, &["eval", "look", "--episodes", "1", "--record", "eye.png"]);
    assert!(said.contains("eye.png: films are written as GIF"), "{said}");
    home.succeed(&[&["train", "small.toml", "--steps", "256", "--run-dir", "small"], &short[..]].concat());
    home.succeed(&["eval", "small", "--episodes", "1", "--record", "cart.gif"]);
    assert!(std::fs::read(home.path("cart.gif")).unwrap().starts_with(b"GIF89a"));
    home.succeed(&[&["train", "xor", "--steps", "256", "--run-dir", "xor"], &short[..]].concat());
    let said = home.fail(2, &["eval", "xor", "--episodes", "1", "--record", "xor.gif"]);
    assert!(said.contains("no percept `frame`"), "{said}");
}

#[test]
fn a_development_is_a_page_that_needs_nothing_from_elsewhere() {
    let home = Home::new();
    let short = ["--set", "evaluation.every=0", "--set", "evaluation.final_episodes=0", "--quiet"];
    home.succeed(&[&["train", "nursery", "--steps", "1024", "--run-dir", "nursery"], &short[..]].concat());
    let said = home.succeed(&["develop", "nursery", "--episodes", "2"]);
    assert_eq!(said.lines().count(), 3, "{said}");
    let page = std::fs::read_to_string(home.path("nursery/development/report.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("data:image/"));
    for outside in ["src=\"http", "href=\"http", "<script", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let json = std::fs::read_to_string(home.path("nursery/development/report.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(json["truth"]["mover_precision"].is_number() || json["truth"]["mover_precision"].is_null());
    home.succeed(&[&["train", "xor", "--steps", "256", "--run-dir", "xor"], &short[..]].concat());
    home.succeed(&["develop", "xor", "--episodes", "1"]);
    let page = std::fs::read_to_string(home.path("xor/development/report.html")).unwrap();
    for missing in
        ["no percept <code>frame</code>", "tells no ground truth", "looks for no events", "judges places", "gaze"]
    {
        assert!(page.contains(missing), "{missing}");
    }
    assert!(!home.path("xor/development/film.gif").exists(), "there is nothing to be seen");
}

#[test]
fn a_development_is_the_same_for_the_same_seed() {
    let home = Home::new();
    let film = format!("env.path={}/scripts/clips/held_bottle.gif", env!("CARGO_MANIFEST_DIR"));
    let short = ["--set", "evaluation.every=0", "--set", "evaluation.final_episodes=0", "--quiet"];
    home.succeed(&[&["train", "look", "--steps", "1024", "--set", &film, "--run-dir", "look"], &short[..]].concat());
    let files = ["film.gif", "report.html", "report.json"];
    let shown = |out: &str, seed: &str| {
        let said = home.succeed(&["develop", "look", "--episodes", "1", "--seed", seed, "--out", out, "--json"]);
        let bytes = files.map(|file| std::fs::read(home.path(out).join(file)).unwrap());
        assert_eq!(said.trim_end().as_bytes(), bytes[2], "--json prints report.json");
        bytes
    };
    let first = shown("first", "3");
    assert!(first == shown("second", "3"));
    assert!(first != shown("third", "4"));
}

#[test]
fn a_development_that_cannot_be_shown_is_refused_in_a_sentence() {
    let home = Home::new();
    let said = home.fail(2, &["develop", "nowhere"]);
    assert!(said.contains("there is no run in nowhere"), "{said}");
    let said = home.fail(2, &["develop", "nowhere", "--episodes", "0"]);
    assert!(said.contains("--episodes 0 shows nothing; give 1 or more"), "{said}");
}
