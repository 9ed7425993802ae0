//! Drives the program `innate` from outside.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A folder of its own for one test, with a small run file.
pub struct Home {
    pub folder: TempDir,
}

/// A small CartPole run: seconds, but with replay, target copies, evaluations and checkpoints.
pub const SMALL: &str = r#"# a small run
steps = 4096
steps_per_round = 128

[env]
id = "CartPole-v1"
slots = 4

[replay]
capacity = 2_000

[area.body]
network = { hidden = [32, 32] }
batch = 32
learning_starts = 500
updates_per_round = 16
target_every = 50
exploration = { from = 1.0, to = 0.1, steps = 2_000 }

[log]
every = 256

[evaluation]
every = 1_000
episodes = 3
final_episodes = 5

[checkpoint]
every = 512
"#;

impl Home {
    pub fn new() -> Self {
        Self::with(SMALL)
    }

    /// A home whose run file is `text`.
    pub fn with(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("small.toml"), text).unwrap();
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program, ready to be started in this home.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_innate"));
        command.args(args).current_dir(self.folder.path());
        command
    }

    pub fn innate(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs the program, which must succeed; its standard output.
    pub fn succeed(&self, args: &[&str]) -> String {
        let output = self.innate(args);
        assert!(output.status.success(), "innate {args:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Runs the program, which must fail with `code`; its standard error.
    pub fn fail(&self, code: i32, args: &[&str]) -> String {
        let output = self.innate(args);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "innate {args:?}: {said}");
        assert!(!said.contains("panicked"), "{said}");
        said
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The sums of weights, moments and replay in the latest checkpoint of a run, and its curves without those of time.
#[derive(Debug, PartialEq)]
pub struct Trace {
    pub sums: Vec<(String, String)>,
    pub curves: Vec<String>,
}

pub fn trace(run: &Path) -> Trace {
    let manifest = std::fs::read_to_string(run.join("latest/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let files = manifest["files"].as_object().unwrap().iter();
    let stable = files.filter(|(name, _)| name.ends_with(".safetensors"));
    let sums = stable.map(|(name, file)| (name.clone(), file["blake3"].as_str().unwrap().to_string())).collect();
    let curves = std::fs::read_to_string(run.join("metrics.csv")).unwrap();
    let curves = curves.lines().filter(|line| !line.contains(",time/")).map(str::to_string).collect();
    Trace { sums, curves }
}
