//! `innate develop`.

use super::{DevelopArgs, Failure, eval, folder, say};
use crate::curves::Curves;
use crate::report::{Origin, Report, Witness};
use innate_agents::evaluation::Scene;
use innate_agents::{Mode, Registries, evaluate};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Plays episodes with a run's weights and writes its film and its report.
pub(super) fn develop(registries: Registries, args: &DevelopArgs) -> Result<(), Failure> {
    if args.episodes == 0 {
        return Err(Failure::usage("--episodes 0 shows nothing; give 1 or more"));
    }
    let changes = [("device", &args.device), ("env.python", &args.python)];
    let (plan, checkpoint) = eval::open(registries, &args.run_dir, args.latest, &changes)?;
    let curves = Curves::read(&args.run_dir).map_err(Failure::failed)?;
    let mut witness = Witness::new(&plan);
    let mut watch = |scene: &Scene<'_>| {
        witness.watch(scene);
        ControlFlow::Continue(())
    };
    let evaluation = evaluate(&plan, &checkpoint, Mode::Greedy, args.episodes, args.seed, &mut watch);
    let evaluation = evaluation.map_err(Failure::failed)?;
    let run = Origin {
        name: name(&args.run_dir),
        environment: plan.env.id.clone(),
        seed: plan.config.seed,
        steps: checkpoint.manifest.step,
        all_steps: plan.config.steps,
        checkpoint: folder::looked_at(&args.run_dir, args.latest).into(),
        episodes: args.episodes,
        episodes_seed: args.seed,
    };
    let report = Report::new(run, &plan, &curves, evaluation, witness).map_err(Failure::failed)?;
    let out = args.out.clone().unwrap_or_else(|| args.run_dir.join("development"));
    let json = serde_json::to_string_pretty(&report).map_err(Failure::failed)?;
    let written = write(&report, &json, &out)?;
    if args.json {
        say(&json);
    } else {
        written.iter().for_each(|path| say(&path.display().to_string()));
    }
    Ok(())
}

/// The name of a run: its folder's, also where the path to it does not say it (`.`).
fn name(run: &Path) -> String {
    let path = run.canonicalize().unwrap_or_else(|_| run.to_path_buf());
    path.file_name().map_or_else(|| "run".into(), |name| name.to_string_lossy().into_owned())
}

/// Writes the files of a report into the folder `out`, which is made if need be.
fn write(report: &Report, json: &str, out: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |path: &Path, error: std::io::Error| Failure::failed(format!("{}: {error}", path.display()));
    std::fs::create_dir_all(out).map_err(|error| failed(out, error))?;
    let html = report.html();
    let film = report.film.as_ref().map(|film| ("film.gif", &film.bytes[..]));
    let files = film.into_iter().chain([("report.html", html.as_bytes()), ("report.json", json.as_bytes())]);
    files
        .map(|(name, bytes)| {
            let path = out.join(name);
            std::fs::write(&path, bytes).map_err(|error| failed(&path, error))?;
            Ok(path)
        })
        .collect()
}
