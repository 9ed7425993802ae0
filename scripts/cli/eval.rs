//! `innate eval`.

use super::{Acting, EvalArgs, Failure, say, say_json, train::plan};
use crate::run_file::RunFile;
use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, DynamicImage, Frame, RgbImage};
use innate_agents::evaluation::Evaluation;
use innate_agents::{Checkpoint, Mode, Registries, evaluate};
use innate_envs::{Env, Picture};
use serde_json::json;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;

/// Evaluates a checkpoint of a run.
pub(super) fn eval(registries: Registries, args: &EvalArgs) -> Result<(), Failure> {
    if args.episodes == 0 {
        return Err(Failure::usage("--episodes 0 evaluates nothing; give 1 or more"));
    }
    let mut file = RunFile::open(&args.run_dir.join("config.toml")).map_err(Failure::usage)?;
    if let Some(device) = &args.device {
        file.set("device", device).map_err(Failure::usage)?;
    }
    let plan = plan(&file, registries)?;
    let best = args.run_dir.join("best");
    let place = if args.latest || !best.exists() { args.run_dir.join("latest") } else { best };
    let checkpoint = Checkpoint::open(&place).map_err(Failure::failed)?;
    let mode = match args.policy {
        Acting::Greedy => Mode::Greedy,
        Acting::Random => Mode::Random,
    };
    let mut film = Vec::new();
    let mut watch = |episode, env: &dyn Env| {
        if episode == 0 && args.record.is_some() {
            film.extend(env.picture());
        }
        ControlFlow::Continue(())
    };
    let found = evaluate(&plan, &checkpoint, mode, args.episodes, args.seed, &mut watch).map_err(Failure::failed)?;
    if let Some(path) = &args.record {
        record(path, film)?;
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

/// Writes pictures as an animated GIF, a tenth of a second each.
fn record(path: &Path, film: Vec<Picture>) -> Result<(), Failure> {
    let failed = |reason: String| Failure::failed(format!("{}: {reason}", path.display()));
    if path.extension().is_none_or(|ending| ending != "gif") {
        return Err(failed("films are written as GIF; give a name that ends in .gif".into()));
    }
    if film.is_empty() {
        return Err(Failure::usage("--record: this environment cannot draw itself"));
    }
    let mut gif = GifEncoder::new(File::create(path).map_err(|error| failed(error.to_string()))?);
    gif.set_repeat(Repeat::Infinite).map_err(|error| failed(error.to_string()))?;
    for Picture { width, height, rgb } in film {
        let image = RgbImage::from_raw(width as u32, height as u32, rgb);
        let image = image.ok_or_else(|| failed("a picture has not the bytes that its sides ask for".into()))?;
        let image = DynamicImage::from(image).into_rgba8();
        let frame = Frame::from_parts(image, 0, 0, Delay::from_numer_denom_ms(100, 1));
        gif.encode_frame(frame).map_err(|error| failed(error.to_string()))?;
    }
    Ok(())
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
