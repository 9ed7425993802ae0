//! `innate reproduce`.

use super::{Failure, ReproduceArgs, say, say_json, stop_flag, warn};
use crate::experiments::{Experiment, ExperimentError, Lab, Notebook, Report, STANDARD};
use innate_envs::options::nearest;
use serde_json::{Value, json};
use std::fs;
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::Arc;

/// Runs an experiment, or lists them.
pub(super) fn reproduce(args: &ReproduceArgs) -> Result<(), Failure> {
    let Some(name) = args.name.as_deref().filter(|_| !args.list) else {
        list(args.json);
        return Ok(());
    };
    let experiment = find(name)?;
    let notebook = Arc::new(notebook(name, args).map_err(Failure::Failed)?);
    let lab = Lab {
        seeds: args.seeds.map(number),
        quick: args.quick,
        threads: args.threads.map_or_else(cores, number),
        data: args.data.clone(),
        epochs: args.epochs.map(number),
        stop: stop_flag()?,
        notebook: Some(notebook.clone()),
    };
    let report = (experiment.run)(&lab).map_err(|error| match error {
        ExperimentError::Interrupted => {
            if notebook.path().exists() {
                warn(&format!("stopped; the same command goes on from what {} keeps", notebook.path().display()));
            }
            Failure::Interrupted
        }
        error => Failure::failed(format!("{name}: {error}")),
    })?;
    let json = report.json(name);
    write(&args.out, name, &report, &json).map_err(Failure::Failed)?;
    notebook.close().map_err(|error| Failure::failed(format!("{}: {error}", notebook.path().display())))?;
    if args.json {
        say_json(&json);
    } else {
        say(&format!("{name}: {}\n", experiment.summary));
        say(report.text().trim_end());
        say(&format!("\nwritten to {0}/{name}.json and {0}/{name}.svg", args.out.display()));
    }
    Ok(())
}

fn list(as_json: bool) {
    if as_json {
        let entry = |it: &Experiment| json!({ "name": it.name, "summary": it.summary, "time": it.time });
        say_json(&STANDARD.iter().map(entry).collect::<Vec<Value>>().into());
        return;
    }
    STANDARD.iter().for_each(|it| say(&format!("{:<26} {} ({})", it.name, it.summary, it.time)));
}

fn find(name: &str) -> Result<&'static Experiment, Failure> {
    STANDARD.iter().find(|experiment| experiment.name == name).ok_or_else(|| {
        let names = || STANDARD.iter().map(|experiment| experiment.name);
        let hint = nearest(name, names()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let known = names().collect::<Vec<_>>().join(", ");
        Failure::Usage(format!("there is no experiment `{name}`{hint} (experiments: {known})"))
    })
}

/// What an experiment that was stopped has found, or a new notebook: for this program and these options. Those of others keep
/// theirs, so that a glance costs nobody what took hours.
fn notebook(name: &str, args: &ReproduceArgs) -> Result<Notebook, String> {
    let io = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let program = std::env::current_exe().map_err(|error| format!("the program's own file: {error}"))?;
    let bytes = fs::read(&program).map_err(|error| io(&program, error))?;
    let options = format!("{name} {:?} {} {:?} {:?}", args.seeds, args.quick, args.data, args.epochs);
    let of = blake3::Hasher::new().update(options.as_bytes()).update(&bytes).finalize().to_hex().to_string();
    let path = args.out.join(format!("{name}.{}.part", &of[..8]));
    Notebook::open(path.clone(), of).map_err(|error| io(&path, error))
}

/// Writes the report and its picture into `folder`.
fn write(folder: &Path, name: &str, report: &Report, json: &Value) -> Result<(), String> {
    let io = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(io)?;
    fs::write(folder.join(format!("{name}.json")), format!("{json:#}\n")).map_err(io)?;
    report.chart.write(&folder.join(format!("{name}.svg")))
}

fn number(given: NonZeroU16) -> usize {
    given.get().into()
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
