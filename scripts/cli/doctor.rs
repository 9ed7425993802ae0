//! `innate doctor`: what this machine offers.

use super::{Failure, say, say_json};
use serde_json::{Map, Value};
use std::path::Path;
use std::process::Command;

/// Python as `scripts/setup --dev` installs it, with TensorBoard and Gymnasium.
const OWN_PYTHON: &str = ".venv/bin/python";

/// Prints one finding per line.
pub(super) fn doctor(as_json: bool) -> Result<(), Failure> {
    let python = if Path::new(OWN_PYTHON).exists() { OWN_PYTHON } else { "python3" };
    let findings = [
        ("innate", env!("CARGO_PKG_VERSION").to_string()),
        ("libtorch", innate_nn::libtorch_version()),
        ("cuda", innate_nn::cuda_report()),
        ("threads", threads()),
        ("disk", disk()),
        ("python", format!("{} ({python})", version(python, &["--version"]))),
        ("tensorboard", package(python, "tensorboard")),
        ("gymnasium", package(python, "gymnasium")),
        ("ffmpeg", version("ffmpeg", &["-version"])),
    ];
    if as_json {
        let findings = findings.into_iter().map(|(name, found)| (name.to_string(), Value::String(found)));
        say_json(&findings.collect::<Map<_, _>>().into());
    } else {
        findings.iter().for_each(|(name, found)| say(&format!("{name:<12} {found}")));
    }
    Ok(())
}

fn threads() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{cores} cores: 1 for the learner, {} for actors; libtorch computes with 1", cores.saturating_sub(1).max(1))
}

fn disk() -> String {
    match fs4::available_space(".") {
        Ok(bytes) => format!("{:.1} GiB free here", bytes as f64 / f64::from(1 << 30)),
        Err(error) => format!("unknown: {error}"),
    }
}

/// The version of a package of Python.
fn package(python: &str, name: &str) -> String {
    version(python, &["-c", &format!("from importlib.metadata import version; print(version('{name}'))")])
}

/// The first line that a program says of itself, or that it is not there.
fn version(program: &str, args: &[&str]) -> String {
    match Command::new(program).args(args).output() {
        Ok(output) if output.status.success() => {
            let said = String::from_utf8_lossy(&output.stdout);
            said.lines().next().unwrap_or_default().trim().to_string()
        }
        Ok(_) => "not installed".into(),
        Err(error) => format!("not found: {error}"),
    }
}
