//! The folders that commands are given: what they hold, or why they hold no run.

use super::{Failure, train::program};
use crate::run_file::RunFile;
use innate_agents::{Checkpoint, RunFolder};
use std::fs;
use std::path::{Path, PathBuf};

/// The run file as resolved; its presence makes a folder a run.
pub(super) const CONFIG: &str = "config.toml";
/// Runs that are named to somebody who asks for one that is not there.
const NAMED: usize = 6;

/// The run file of the run in the folder `run`.
pub(super) fn run_file(run: &Path) -> Result<RunFile, Failure> {
    check(run)?;
    RunFile::open(&run.join(CONFIG)).map_err(Failure::usage)
}

/// Refuses a folder that holds no run, and names runs near by.
pub(super) fn check(run: &Path) -> Result<(), Failure> {
    if run.join(CONFIG).exists() {
        return Ok(());
    }
    let near =
        [run, run.parent().unwrap_or(run), Path::new("runs")].map(runs_in).into_iter().find(|runs| !runs.is_empty());
    let known = near.map_or(String::new(), |runs| {
        let more = if runs.len() > NAMED { ", …" } else { "" };
        let named: Vec<_> = runs.iter().take(NAMED).map(|run| run.display().to_string()).collect();
        format!("; runs: {}{more}", named.join(", "))
    });
    Err(Failure::usage(format!("there is no run in {}{known}", run.display())))
}

/// The runs in a folder, by name.
fn runs_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut runs: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|run| run.join(CONFIG).exists()).collect();
    runs.sort();
    runs
}

/// Refuses a folder that is given twice: one run would count as two.
pub(super) fn check_distinct<'a>(runs: impl Iterator<Item = &'a Path>) -> Result<(), Failure> {
    let mut seen: Vec<PathBuf> = Vec::new();
    for run in runs {
        let place = run.canonicalize().unwrap_or_else(|_| run.to_path_buf());
        if seen.contains(&place) {
            return Err(Failure::usage(format!("{} is given twice and would count as two runs", run.display())));
        }
        seen.push(place);
    }
    Ok(())
}

/// The name of the checkpoint of a run that is looked at: `best`, or `latest` where that is wanted or there is no best.
pub(super) fn looked_at(run: &Path, latest: bool) -> &'static str {
    if latest || !run.join("best").exists() { "latest" } else { "best" }
}

/// This checkpoint.
pub(super) fn checkpoint(run: &Path, latest: bool) -> Result<Checkpoint, Failure> {
    let place = run.join(looked_at(run, latest));
    if fs::symlink_metadata(&place).is_err() {
        let (path, resume) = (run.display(), format!("{} resume {}", program(), quoted(run)));
        return Err(Failure::usage(format!("{path} has no checkpoint yet; go on with it: {resume}")));
    }
    Checkpoint::open(&place).map_err(Failure::failed)
}

/// The place of the checkpoint of a run that `asked` names: `step-N`, `N`, `latest`, `best`, or the path of one of these.
pub(super) fn named_checkpoint(folder: &RunFolder, asked: &str) -> Result<PathBuf, Failure> {
    let path = Path::new(asked);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let place = match &*name {
        "latest" | "best" => folder.path.join(&*name),
        name => folder.checkpoints().join(format!("step-{}", name.strip_prefix("step-").unwrap_or(name))),
    };
    // A path must lead where the name does: another run has checkpoints of the same names.
    let is_path = path.components().count() > 1;
    let elsewhere = is_path && (path.canonicalize().ok() != place.canonicalize().ok());
    if place.exists() && !elsewhere {
        return Ok(place);
    }
    let full = folder.steps().unwrap_or_default().into_iter().filter(|&step| folder.is_full(step));
    let full: Vec<_> = full.map(|step| format!("step-{step}")).collect();
    let known = if full.is_empty() { "it has none".into() } else { format!("it has: {}", full.join(", ")) };
    Err(Failure::usage(format!("--from {asked}: {} has no such checkpoint ({known})", folder.path.display())))
}

/// A path as it is pasted into a shell.
pub(super) fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+=:,@%".contains(c);
    if path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_can_be_pasted() {
        assert_eq!(quoted(Path::new("runs/cartpole-1")), "runs/cartpole-1");
        assert_eq!(quoted(Path::new("my runs/it's")), r"'my runs/it'\''s'");
    }
}
