//! `innate train` and `innate resume`.

use super::{Failure, ResumeArgs, TrainArgs};
use crate::observer::Watch;
use crate::run_file::RunFile;
use innate_agents::{
    Checkpoint, ConfigError, Mode, Outcome, Plan, Registries, RunFolder, TrainError, Trainer, evaluate,
};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Starts a run.
pub(super) fn train(registries: Registries, args: &TrainArgs) -> Result<(), Failure> {
    let mut file = RunFile::find(&args.run).map_err(Failure::usage)?;
    let given =
        [("seed", args.seed.map(|seed| seed.to_string())), ("steps", args.steps.map(|steps| steps.to_string()))];
    let named = [("actors", args.actors.clone()), ("device", args.device.clone())];
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
    let folder = match &args.run_dir {
        Some(path) => RunFolder::new(path),
        None => free_folder(&file.name),
    };
    if folder.path.join("config.toml").exists() {
        let path = folder.path.display();
        return Err(Failure::usage(format!(
            "{path} already holds a run; go on with `innate resume {path}`, or choose another folder"
        )));
    }
    // Made whole before the folder is, so that a run that cannot start leaves nothing behind.
    let trainer = Trainer::new(plan.clone(), folder.clone()).map_err(failure)?;
    let _lock = create(&folder.path, &plan)?;
    run(trainer, &plan, &folder, None, args.quiet)
}

/// Goes on with a run.
pub(super) fn resume(registries: Registries, args: &ResumeArgs) -> Result<(), Failure> {
    let folder = RunFolder::new(&args.run_dir);
    let mut file = RunFile::open(&folder.path.join("config.toml")).map_err(Failure::usage)?;
    if let Some(actors) = &args.actors {
        file.set("actors", actors).map_err(Failure::usage)?;
    }
    let plan = plan(&file, registries)?;
    let _lock = lock(&folder.path)?;
    let place = match &args.from {
        Some(name) => folder.checkpoints().join(name),
        None => folder.path.join("latest"),
    };
    if args.from.is_none() && fs::symlink_metadata(&place).is_err() {
        // It stopped before its first checkpoint. Its beginning is a function of its seed, so it begins again.
        let trainer = Trainer::new(plan.clone(), folder.clone()).map_err(failure)?;
        return run(trainer, &plan, &folder, Some(&[]), args.quiet);
    }
    let opened = Checkpoint::open(&place).map_err(TrainError::from);
    let resumed = opened.and_then(|checkpoint| Trainer::resume(plan.clone(), folder.clone(), &checkpoint));
    let (trainer, mark) = resumed.map_err(|error| Failure::failed(format!("{error}{}", others(&folder, &place))))?;
    run(trainer, &plan, &folder, Some(&mark), args.quiet)
}

/// Trains to the end, then evaluates the best checkpoint.
fn run(mut trainer: Trainer, plan: &Plan, folder: &RunFolder, mark: Option<&[u8]>, quiet: bool) -> Result<(), Failure> {
    let path = folder.path.display();
    let mut watch = Watch::new(plan, folder, mark, trainer.step(), quiet).map_err(Failure::failed)?;
    watch.say(&format!("run: {path}"));
    for line in trainer.describe() {
        watch.say(&line);
    }
    let trained = trainer.train(&mut watch, stop_flag()?);
    let step = trainer.step();
    drop(trainer);
    let outcome = trained.as_ref().ok().copied();
    let ended = match trained.map_err(failure) {
        Ok(Outcome::Done) => last_evaluation(plan, folder, &watch),
        Ok(Outcome::Interrupted) => {
            watch.say(&format!("stopped at step {step} and saved; go on with: innate resume {path}"));
            Err(Failure::Interrupted)
        }
        Err(failure) => Err(failure),
    };
    watch.finish(outcome);
    ended
}

/// Evaluates the best checkpoint at the end of training.
fn last_evaluation(plan: &Plan, folder: &RunFolder, watch: &Watch) -> Result<(), Failure> {
    let episodes = plan.config.evaluation.final_episodes;
    let name = if folder.path.join("best").exists() { "best" } else { "latest" };
    if episodes > 0 {
        let checkpoint = Checkpoint::open(&folder.path.join(name)).map_err(Failure::failed)?;
        let evaluation = evaluate(plan, &checkpoint, Mode::Greedy, episodes, 0, &mut |_| {}).map_err(failure)?;
        watch.last_evaluation(name, checkpoint.manifest.step, &evaluation);
    }
    watch.say(&format!("curves: tensorboard --logdir {}", folder.path.display()));
    Ok(())
}

/// Resolves a run file, with its file, line and key in the error.
pub(super) fn plan(file: &RunFile, registries: Registries) -> Result<Arc<Plan>, Failure> {
    let config = file.config().map_err(Failure::usage)?;
    Plan::new(config, registries).map(Arc::new).map_err(|error| Failure::usage(file.explain(&error)))
}

/// What stops a training, as the user should see it.
fn failure(error: impl Into<TrainError>) -> Failure {
    use innate_agents::actor::StartError;
    match error.into() {
        TrainError::Start(StartError::Config(error @ ConfigError::Option(_))) => Failure::usage(error),
        TrainError::Start(error @ StartError::Learner(..)) => Failure::usage(error),
        error => Failure::failed(error),
    }
}

/// The other checkpoints that could be resumed from, as a hint.
fn others(folder: &RunFolder, place: &Path) -> String {
    let failed = fs::canonicalize(place).ok();
    let steps = folder.steps().unwrap_or_default().into_iter().rev();
    let path = |step: u64| folder.checkpoints().join(format!("step-{step}"));
    let other =
        steps.filter(|&step| fs::canonicalize(path(step)).ok() != failed && path(step).join("state.bin").exists());
    let hint =
        |step| format!("; an earlier checkpoint is there: innate resume {} --from step-{step}", folder.path.display());
    other.map(hint).next().unwrap_or_default()
}

/// `runs/NAME-N` with the first N that is free.
fn free_folder(name: &str) -> RunFolder {
    let path = |n: u32| PathBuf::from(format!("runs/{name}-{n}"));
    let free = (1..).map(path).find(|path| !path.exists());
    RunFolder::new(free.unwrap_or_else(|| path(0)))
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
    fs::write(path.join("versions.json"), format!("{versions:#}\n")).map_err(io)?;
    fs::write(path.join("config.toml"), config).map_err(io)?;
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

/// Set by the first Ctrl-C (or a request to terminate); the second leaves at once.
fn stop_flag() -> Result<&'static AtomicBool, Failure> {
    static STOP: AtomicBool = AtomicBool::new(false);
    let handler = || {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        eprintln!("\nstopping after this round and saving; press Ctrl-C again to leave at once");
    };
    ctrlc::set_handler(handler).map_err(Failure::failed)?;
    Ok(&STOP)
}
