//! `innate train` and `innate resume`.

use super::folder::{self, CONFIG, quoted};
use super::{Failure, ResumeArgs, TrainArgs, stop_flag, warn};
use crate::observer::Watch;
use crate::recorder;
use crate::run_file::RunFile;
use innate_agents::evaluation::Scene;
use innate_agents::{
    Checkpoint, Mode, Outcome, Plan, Registries, RunFolder, StartError, TrainError, Trainer, evaluate,
};
use std::fmt::Display;
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Starts a run.
pub(super) fn train(registries: Registries, args: &TrainArgs) -> Result<(), Failure> {
    let here = Path::new(&args.run);
    if here.join(CONFIG).exists() {
        let said = format!("{} is a run; go on with it: {} resume {}", args.run, program(), quoted(here));
        return Err(Failure::usage(said));
    }
    let mut file = RunFile::find(&args.run).map_err(Failure::usage)?;
    let given =
        [("seed", args.seed.map(|seed| seed.to_string())), ("steps", args.steps.map(|steps| steps.to_string()))];
    let named = [("actors", args.actors.clone()), ("device", args.device.clone()), ("env.python", args.python.clone())];
    for (key, value) in given.into_iter().chain(named) {
        if let Some(value) = value {
            file.set(key, &value).map_err(Failure::usage)?;
        }
    }
    for setting in &args.set {
        let Some((key, value)) = setting.split_once('=') else {
            return Err(Failure::usage(format!("--set {setting}: expected KEY=VALUE, such as area.body.lr=1e-3")));
        };
        file.set(key.trim(), value.trim()).map_err(Failure::usage)?;
    }
    let plan = plan(&file, registries)?;
    if let Some(path) = &args.run_dir {
        refuse_occupied(path)?;
    }
    // Made before the folder is, so that a run that cannot start leaves nothing behind.
    let trainer = Trainer::new(plan.clone()).map_err(start_failure)?;
    let folder = RunFolder::new(match &args.run_dir {
        Some(path) => path.clone(),
        None => claim_folder(&file.name)?,
    });
    let _lock = create(&folder.path, &plan)?;
    run(trainer, &plan, &folder, None, args.quiet)
}

/// Goes on with a run.
pub(super) fn resume(registries: Registries, args: &ResumeArgs) -> Result<(), Failure> {
    let folder = RunFolder::new(&args.run_dir);
    let mut file = folder::run_file(&folder.path)?;
    for (key, value) in [("actors", &args.actors), ("device", &args.device), ("env.python", &args.python)] {
        if let Some(value) = value {
            file.set(key, value).map_err(Failure::usage)?;
        }
    }
    let plan = plan(&file, registries)?;
    let _lock = lock(&folder.path)?;
    let Some(place) = resume_place(&folder, args.from.as_deref())? else {
        // It stopped before its first checkpoint. Its beginning is a function of its seed, so it begins again.
        let trainer = Trainer::new(plan.clone()).map_err(start_failure)?;
        if !args.quiet {
            warn("no checkpoint was written yet; the run begins again");
        }
        return run(trainer, &plan, &folder, Some(&[]), args.quiet);
    };
    let failed = |error: &dyn Display| Failure::failed(format!("{error}{}", others(&folder, &place)));
    let checkpoint = Checkpoint::open(&place).map_err(|error| failed(&error))?;
    let resumed = Trainer::resume(plan.clone(), &folder, &checkpoint);
    let (trainer, mark) = resumed.map_err(|error| failed(&error))?;
    run(trainer, &plan, &folder, Some(&mark), args.quiet)
}

/// The checkpoint to resume from: the one that is asked for, else the latest; where its link got lost, the newest full one.
fn resume_place(folder: &RunFolder, from: Option<&str>) -> Result<Option<PathBuf>, Failure> {
    if let Some(name) = from {
        return folder::named_checkpoint(folder, name).map(Some);
    }
    let latest = folder.path.join("latest");
    if fs::symlink_metadata(&latest).is_ok() {
        return Ok(Some(latest));
    }
    let newest = folder.steps().unwrap_or_default().into_iter().rev().find(|&step| folder.is_full(step));
    Ok(newest.map(|step| folder.checkpoints().join(format!("step-{step}"))))
}

/// Trains to the end, then evaluates the best checkpoint.
fn run(mut trainer: Trainer, plan: &Plan, folder: &RunFolder, mark: Option<&[u8]>, quiet: bool) -> Result<(), Failure> {
    let path = folder.path.display();
    let mut watch = Watch::new(plan, folder, mark, trainer.step(), quiet).map_err(Failure::failed)?;
    watch.say(&format!("run: {path}"));
    for line in trainer.describe() {
        watch.say(&line);
    }
    if trainer.step() >= plan.config.steps {
        watch.say(&format!("the run took all its {} steps; this evaluates it once more", plan.config.steps));
    }
    let stop = stop_flag()?;
    let trained = trainer.train(folder, &mut watch, &stop);
    let step = trainer.step();
    drop(trainer);
    let outcome = trained.as_ref().ok().copied();
    let go_on = format!("at step {step} and saved; go on with: {} resume {}", program(), quoted(&folder.path));
    let ended = match trained {
        Ok(Outcome::Done) => last_evaluation(plan, folder, &watch, &stop),
        Ok(Outcome::Interrupted) => {
            watch.say(&format!("stopped {go_on}"));
            Err(Failure::Interrupted)
        }
        Err(error @ TrainError::Saved { .. }) => Err(Failure::Failed(format!("{error}\nthe run is stopped {go_on}"))),
        Err(error) => Err(Failure::failed(error)),
    };
    watch.finish(outcome);
    ended
}

/// The program as it was called, so that what the user is told to run can be pasted.
pub(super) fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "innate".into())
}

/// Evaluates the best checkpoint at the end of training.
fn last_evaluation(plan: &Plan, folder: &RunFolder, watch: &Watch, stop: &AtomicBool) -> Result<(), Failure> {
    let episodes = plan.config.evaluation.final_episodes;
    if episodes > 0 {
        let checkpoint = folder::checkpoint(&folder.path, false)?;
        let mut stopped = |_: &Scene<'_>| match stop.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        let found = evaluate(plan, &checkpoint, Mode::Greedy, episodes, 0, &mut stopped).map_err(Failure::failed)?;
        if stop.load(Ordering::Relaxed) {
            watch.say(&format!(
                "the training is done and saved; evaluate it with: {} eval {}",
                program(),
                quoted(&folder.path)
            ));
            return Err(Failure::Interrupted);
        }
        watch.last_evaluation(folder::looked_at(&folder.path, false), checkpoint.manifest.step, &found);
    }
    watch.say(&format!("curves: tensorboard --logdir {}", quoted(&folder.path)));
    Ok(())
}

/// Resolves a run file, with its file, line and key in the error.
pub(super) fn plan(file: &RunFile, registries: impl Into<Arc<Registries>>) -> Result<Arc<Plan>, Failure> {
    let config = file.config().map_err(Failure::usage)?;
    Plan::new(config, registries).map(Arc::new).map_err(|error| Failure::usage(file.explain(&error)))
}

/// What keeps a training from starting: a part that cannot be built from the run file (bad usage), or anything else.
fn start_failure(error: TrainError) -> Failure {
    match error {
        TrainError::Start(StartError::Config(_) | StartError::Learner(..) | StartError::Import(_)) => {
            Failure::usage(error)
        }
        TrainError::Replay(_) => Failure::usage(format!("replay.capacity: {error}")),
        error => Failure::failed(error),
    }
}

/// The other checkpoints that could be resumed from, as a hint.
fn others(folder: &RunFolder, place: &Path) -> String {
    let failed = fs::canonicalize(place).ok();
    let steps = folder.steps().unwrap_or_default().into_iter().rev();
    let path = |step: u64| folder.checkpoints().join(format!("step-{step}"));
    let mut others = steps.filter(|&step| fs::canonicalize(path(step)).ok() != failed && folder.is_full(step));
    let run = quoted(&folder.path);
    let hint = |step| format!("; another checkpoint is there: {} resume {run} --from step-{step}", program());
    others.next().map(hint).unwrap_or_default()
}

/// Makes `runs/NAME-N` with the first N that is free, also where several runs start at once.
fn claim_folder(name: &str) -> Result<PathBuf, Failure> {
    fs::create_dir_all("runs").map_err(|error| Failure::failed(format!("runs: {error}")))?;
    for number in 1u64.. {
        let path = PathBuf::from(format!("runs/{name}-{number}"));
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Failure::failed(format!("{}: {error}", path.display()))),
        }
    }
    Err(Failure::failed(format!("runs/{name}-N: no number is free")))
}

/// Refuses a folder that holds a run, or the curves of something else.
fn refuse_occupied(path: &Path) -> Result<(), Failure> {
    if !path.join(CONFIG).exists() {
        return recorder::refuse_occupied(path).map_err(Failure::usage);
    }
    let (run, resume) = (path.display(), format!("{} resume {}", program(), quoted(path)));
    Err(Failure::usage(format!("{run} already holds a run; go on with `{resume}`, or choose another folder")))
}

/// Makes the folder of a run: its configuration as resolved, and what it was made with.
fn create(path: &Path, plan: &Plan) -> Result<File, Failure> {
    let io = |error: std::io::Error| Failure::failed(format!("{}: {error}", path.display()));
    let config = toml::to_string(&plan.config).map_err(Failure::failed)?;
    let versions = serde_json::json!({
        "innate": env!("CARGO_PKG_VERSION"),
        "libtorch": innate_nn::libtorch_version(),
        "seed": plan.config.seed,
        "device": plan.device_reason,
        "system": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
    });
    fs::create_dir_all(path).map_err(io)?;
    let lock = lock(path)?;
    // Another process may have made a run here since the folder was looked at.
    refuse_occupied(path)?;
    fs::write(path.join("versions.json"), format!("{versions:#}\n")).map_err(io)?;
    // The file that makes the folder a run comes last and whole.
    let beside = path.join(".config.toml");
    fs::write(&beside, config).and_then(|()| fs::rename(&beside, path.join(CONFIG))).map_err(io)?;
    Ok(lock)
}

/// Keeps a second process from training in the same folder.
fn lock(path: &Path) -> Result<File, Failure> {
    let place = path.join(".lock");
    let file = File::create(&place).map_err(|error| Failure::failed(format!("{}: {error}", place.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Failure::usage(format!("{}: another process is training this run", path.display())))
        }
        Err(TryLockError::Error(error)) => Err(Failure::failed(format!("{}: {error}", place.display()))),
    }
}
