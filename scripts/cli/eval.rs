//! `innate eval`.

use super::{Acting, EvalArgs, Failure, folder, say, say_json, train::plan, warn};
use crate::camera::Camera;
use crate::film::Gif;
use crate::statistics::{Interval, bootstrap, interquartile_mean};
use innate_agents::evaluation::{Evaluation, Scene};
use innate_agents::streams::Streams;
use innate_agents::{Checkpoint, Mode, Plan, Registries, evaluate};
use serde_json::json;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Evaluates a checkpoint of each run.
pub(super) fn eval(registries: Registries, args: &EvalArgs) -> Result<(), Failure> {
    if args.episodes == 0 {
        return Err(Failure::usage("--episodes 0 evaluates nothing; give 1 or more"));
    }
    check_film(args.record.as_deref())?;
    if args.record.is_some() && args.runs.len() > 1 {
        return Err(Failure::usage("--record films one run; give one folder"));
    }
    folder::check_distinct(args.runs.iter().map(PathBuf::as_path))?;
    let registries = Arc::new(registries);
    let changes = [("device", &args.device), ("env.python", &args.python)];
    let opened = args.runs.iter().map(|run| open(registries.clone(), run, args.latest, &changes));
    // A folder that is no run is found before minutes are spent on those before it.
    let opened = opened.collect::<Result<Vec<_>, _>>()?;
    let mut found = Vec::new();
    for (run, (plan, checkpoint)) in args.runs.iter().zip(&opened) {
        let evaluation = examine(plan, checkpoint, args)?;
        if !args.json {
            let of = if opened.len() > 1 { format!("{}: ", run.display()) } else { String::new() };
            say(&format!("{of}{} episodes with the weights of step {}", args.episodes, checkpoint.manifest.step));
            lines(&evaluation).iter().for_each(|line| say(line));
        }
        found.push(evaluation);
    }
    let told = found.iter().zip(&opened).map(|(found, (_, checkpoint))| told(found, checkpoint, args.policy));
    match (&found[..], args.json) {
        ([_], true) => told.for_each(|run| say_json(&run)),
        ([_], false) => {}
        (_, json) => {
            let means: Vec<f64> = found.iter().map(Evaluation::mean_return).collect();
            let mut random = Streams::new(0).stream("eval", 0);
            let interval = bootstrap(&[&means], interquartile_mean, &mut random);
            let (iqm, Interval { low, high }) = (interquartile_mean(&means), interval);
            if json {
                let named = args.runs.iter().zip(told).map(|(run, mut told)| {
                    told["run"] = json!(run);
                    told
                });
                say_json(&json!({ "iqm": iqm, "interval": interval, "runs": named.collect::<Vec<_>>() }));
            } else {
                say(&format!(
                    "{} runs: interquartile mean of the mean returns {iqm:.2} [{low:.2}, {high:.2}]",
                    means.len()
                ));
            }
        }
    }
    Ok(())
}

/// Plays the episodes, and films the first if that is wanted.
fn examine(plan: &Arc<Plan>, checkpoint: &Checkpoint, args: &EvalArgs) -> Result<Evaluation, Failure> {
    let mut camera = args.record.as_ref().map(|_| Camera::new(plan, usize::MAX));
    let mut filmed = Ok(());
    let mut watch = |scene: &Scene<'_>| {
        if let (0, Some(camera), Ok(())) = (scene.episode, &mut camera, &filmed) {
            filmed = camera.watch(scene);
        }
        ControlFlow::Continue(())
    };
    let found = evaluate(plan, checkpoint, args.policy.mode(), args.episodes, args.seed, &mut watch);
    let found = found.map_err(Failure::failed)?;
    found.notices.iter().for_each(|notice| warn(notice));
    if let (Some(path), Some(camera)) = (&args.record, camera) {
        let film = filmed.and_then(|()| camera.film()).map_err(Failure::failed)?;
        record(path, film, "--record: this run has no percept `frame`, and its environment cannot draw itself")?;
    }
    Ok(found)
}

/// An evaluation as JSON.
fn told(found: &Evaluation, checkpoint: &Checkpoint, policy: Acting) -> serde_json::Value {
    json!({
        "mean_return": found.mean_return(),
        "mean_pay": found.mean_pay(),
        "returns": found.returns,
        "lengths": found.lengths,
        "pays": found.pays,
        "signals": signals(found),
        "steps_trained": checkpoint.manifest.step,
        "policy": match policy {
            Acting::Random => "random",
            Acting::Greedy => "greedy",
        },
    })
}

impl Acting {
    fn mode(self) -> Mode {
        match self {
            Acting::Greedy => Mode::Greedy,
            Acting::Random => Mode::Random,
        }
    }
}

/// The run in a folder, with the given values of keys in place of its own, and its best checkpoint, or its latest.
pub(super) fn open(
    registries: impl Into<Arc<Registries>>,
    run: &Path,
    latest: bool,
    changes: &[(&str, &Option<String>)],
) -> Result<(Arc<Plan>, Checkpoint), Failure> {
    let mut file = folder::run_file(run)?;
    for (key, value) in changes.iter().filter_map(|(key, value)| Some((key, value.as_ref()?))) {
        file.set(key, value).map_err(Failure::usage)?;
    }
    let plan = plan(&file, registries)?;
    Ok((plan, folder::checkpoint(run, latest)?))
}

/// Refuses a film whose name does not say what it is to be, or whose folder is not there, before anything is filmed.
pub(super) fn check_film(path: Option<&Path>) -> Result<(), Failure> {
    let known = |path: &&Path| path.extension().is_some_and(|ending| ending == "gif" || ending == "mp4");
    let folder = path.and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir());
    if let Some(folder) = folder {
        return Err(Failure::usage(format!("there is no folder {} for the film", folder.display())));
    }
    match path.filter(|path| !known(path)) {
        None => Ok(()),
        Some(path) => Err(Failure::usage(format!(
            "{}: films are written as GIF or MP4; give a name that ends in .gif or .mp4",
            path.display()
        ))),
    }
}

/// Writes a film, as GIF or through ffmpeg as MP4; `nothing` says why there may be none.
pub(super) fn record(path: &Path, film: Option<Gif>, nothing: &str) -> Result<(), Failure> {
    let failed = |reason: String| Failure::failed(format!("{}: {reason}", path.display()));
    let film = film.ok_or_else(|| Failure::usage(nothing))?;
    if path.extension().is_some_and(|ending| ending == "mp4") {
        film.write_mp4(path).map_err(failed)
    } else {
        fs::write(path, film.bytes).map_err(|error| failed(error.to_string()))
    }
}

fn signals(found: &Evaluation) -> serde_json::Value {
    let entry = |signal: &innate_agents::evaluation::SignalSummary| {
        let metrics: serde_json::Map<_, _> =
            signal.metrics.iter().map(|(name, mean)| (name.clone(), json!(mean))).collect();
        (signal.name.clone(), json!({ "mean": signal.mean, "metrics": metrics }))
    };
    found.signals.iter().map(entry).collect::<serde_json::Map<_, _>>().into()
}

/// An evaluation in words.
pub(crate) fn lines(found: &Evaluation) -> Vec<String> {
    let spread = |values: &[f64], mean: f64| {
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
        variance.sqrt()
    };
    let (mean, pay) = (found.mean_return(), found.mean_pay());
    let mut lines = vec![
        format!("mean return  {mean:.2} ± {:.2}", spread(&found.returns, mean)),
        format!("mean length  {:.1} steps", found.mean_length()),
        format!("mean pay     {pay:.2} ± {:.2} per episode", spread(&found.pays, pay)),
    ];
    for signal in found.signals.iter().filter(|signal| signal.name != innate_rewards::EXTRINSIC) {
        let metrics = signal.metrics.iter().map(|(name, mean)| format!(", {name} {mean:.3}"));
        lines.push(format!("{:<12} {:.4} per step{}", signal.name, signal.mean, metrics.collect::<String>()));
    }
    lines
}
