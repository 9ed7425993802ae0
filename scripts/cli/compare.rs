//! `innate compare`.

use super::{CompareArgs, Failure, folder, say, say_json, warn};
use crate::comparison::{Comparison, Estimate, usual_label};
use crate::statistics::Interval;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// Compares finished or running runs, several seeds of each.
pub(super) fn compare(args: &CompareArgs) -> Result<(), Failure> {
    let runs: Vec<_> = args.runs.iter().map(|run| labelled(run)).collect();
    folder::check_distinct(runs.iter().map(|(_, run)| run.as_path()))?;
    runs.iter().try_for_each(|(_, run)| folder::check(run))?;
    let comparison = Comparison::read(&args.tag, &runs).map_err(Failure::usage)?;
    if let Some((short, long)) = comparison.uneven() {
        let [one, other] = [short, long].map(|run| format!("{} at step {}", run.path.display(), run.last_step()));
        warn(&format!(
            "the curves end at different steps, {one} and {other}: \"at the end\" and \"best\" compare unlike lengths"
        ));
    }
    let (summaries, improvements) = (comparison.summaries(), comparison.improvements());
    let improvements_json = improvements
        .iter()
        .map(|(one, other, share)| json!({ "group": one, "over": other, "probability": share }))
        .collect::<Vec<_>>();
    let json = json!({ "tag": args.tag, "groups": summaries, "improvements": improvements_json });
    if let Some(folder) = &args.out {
        write(folder, &comparison, &json).map_err(Failure::Failed)?;
    }
    if args.json {
        say_json(&json);
        return Ok(());
    }
    say(&format!("{}, interquartile mean [95 % interval]\n", args.tag));
    say(&format!("{:<24} {:>5}  {:<26} {:<26} {:<26}", "", "runs", "at the end", "best", "mean of the curve"));
    for group in &summaries {
        let [last, best, mean] = [group.last, group.best, group.mean].map(|of| told(of, group.finals.len()));
        say(&format!("{:<24} {:>5}  {last:<26} {best:<26} {mean:<26}", group.label, group.finals.len()));
    }
    for (one, other, share) in improvements {
        say(&format!("\na run of {one} ends above one of {other} with probability {share:.2}"));
    }
    if let Some(folder) = &args.out {
        say(&format!(
            "\nwritten to {}: comparison.json, points.csv, sample_efficiency.csv and .svg, performance_profile.csv and .svg",
            folder.display()
        ));
    }
    Ok(())
}

/// `LABEL=FOLDER`, or a folder that names its group itself.
fn labelled(run: &str) -> (String, PathBuf) {
    match run.split_once('=').filter(|_| !Path::new(run).exists()) {
        Some((label, folder)) => (label.into(), folder.into()),
        None => (usual_label(Path::new(run)), run.into()),
    }
}

/// An estimate in words; one run has no interval.
fn told(Estimate { iqm, interval: Interval { low, high } }: Estimate, runs: usize) -> String {
    if runs == 1 {
        return format!("{iqm:.2}");
    }
    format!("{iqm:.2} [{low:.2}, {high:.2}]")
}

fn write(folder: &Path, comparison: &Comparison, json: &serde_json::Value) -> Result<(), String> {
    let io = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(io)?;
    let tables = [
        ("comparison.json", format!("{json:#}\n")),
        ("points.csv", comparison.points_csv()),
        ("sample_efficiency.csv", comparison.efficiency_csv()),
        ("performance_profile.csv", comparison.profile_csv()),
    ];
    for (name, text) in tables {
        fs::write(folder.join(name), text).map_err(io)?;
    }
    comparison.efficiency_chart().write(&folder.join("sample_efficiency.svg"))?;
    comparison.profile_chart().write(&folder.join("performance_profile.svg"))
}
