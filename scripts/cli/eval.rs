//! `innate eval`.

use super::{Acting, EvalArgs, Failure, say, say_json, train::plan, warn};
use crate::camera::Camera;
use crate::film::Gif;
use crate::run_file::RunFile;
use innate_agents::evaluation::{Evaluation, Scene};
use innate_agents::{Checkpoint, Mode, Plan, Registries, evaluate};
use serde_json::json;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// Evaluates a checkpoint of a run.
pub(super) fn eval(registries: Registries, args: &EvalArgs) -> Result<(), Failure> {
    if args.episodes == 0 {
        return Err(Failure::usage("--episodes 0 evaluates nothing; give 1 or more"));
    }
    check_film(args.record.as_deref())?;
    let (plan, checkpoint) =
        open(registries, &args.run_dir, args.latest, &[("device", &args.device), ("env.python", &args.python)])?;
    let mode = match args.policy {
        Acting::Greedy => Mode::Greedy,
        Acting::Random => Mode::Random,
    };
    let mut camera = args.record.as_ref().map(|_| Camera::new(&plan, usize::MAX));
    let mut filmed = Ok(());
    let mut watch = |scene: &Scene<'_>| {
        if let (0, Some(camera), Ok(())) = (scene.episode, &mut camera, &filmed) {
            filmed = camera.watch(scene);
        }
        ControlFlow::Continue(())
    };
    let found = evaluate(&plan, &checkpoint, mode, args.episodes, args.seed, &mut watch).map_err(Failure::failed)?;
    found.notices.iter().for_each(|notice| warn(notice));
    if let (Some(path), Some(camera)) = (&args.record, camera) {
        let film = filmed.and_then(|()| camera.film()).map_err(Failure::failed)?;
        record(path, film, "--record: this run has no percept `frame`, and its environment cannot draw itself")?;
    }
    let step = checkpoint.manifest.step;
    if args.json {
        say_json(&json!({
            "mean_return": found.mean_return(),
            "mean_pay": found.mean_pay(),
            "returns": found.returns,
            "lengths": found.lengths,
            "pays": found.pays,
            "signals": signals(&found),
            "steps_trained": step,
            "policy": if mode == Mode::Random { "random" } else { "greedy" },
        }));
    } else {
        say(&format!("{} episodes with the weights of step {step}", args.episodes));
        lines(&found).iter().for_each(|line| say(line));
    }
    Ok(())
}

/// The run in a folder, with the given values of keys in place of its own, and its best checkpoint, or its latest.
pub(super) fn open(
    registries: Registries,
    run: &Path,
    latest: bool,
    changes: &[(&str, &Option<String>)],
) -> Result<(Arc<Plan>, Checkpoint), Failure> {
    let mut file = RunFile::open(&run.join("config.toml")).map_err(Failure::usage)?;
    for (key, value) in changes.iter().filter_map(|(key, value)| Some((key, value.as_ref()?))) {
        file.set(key, value).map_err(Failure::usage)?;
    }
    let plan = plan(&file, registries)?;
    let best = run.join("best");
    let place = if latest || !best.exists() { run.join("latest") } else { best };
    Ok((plan, Checkpoint::open(&place).map_err(Failure::failed)?))
}

/// Refuses a film whose name does not say what it is to be, before anything is filmed.
pub(super) fn check_film(path: Option<&Path>) -> Result<(), Failure> {
    let known = |path: &&Path| path.extension().is_some_and(|ending| ending == "gif" || ending == "mp4");
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
