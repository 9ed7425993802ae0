//! The command line.

mod compare;
mod develop;
mod doctor;
pub(crate) mod eval;
mod export;
mod folder;
mod keys;
mod list;
mod play;
mod reproduce;
mod train;

use clap::{Args, Parser, Subcommand};
use innate_agents::Registries;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Trains agents that are paid by internal reward signals.
///
/// A run is described by one TOML file and lives in one folder: its configuration, curves and checkpoints.
#[derive(Parser)]
#[command(name = "innate", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start a run
    ///
    /// `innate train cartpole` trains the run file scripts/runs/cartpole.toml. Any key of the file can be changed:
    /// `--set area.body.lr=1e-3`. Ctrl-C saves a checkpoint and says how to go on.
    Train(TrainArgs),
    /// Go on with a run from its latest checkpoint, bit for bit as if it had never stopped
    ///
    /// A run that took all its steps goes on where `steps` in its config.toml is made greater. What depends on the length (schedules
    /// that end with the run, the weight of priorities) then follows the new one from there.
    Resume(ResumeArgs),
    /// Evaluate the best checkpoint of a run, or of several
    ///
    /// Of several runs, which differ in their seed, say, the interquartile mean of their mean returns is told as well, with its 95 %
    /// bootstrap interval over the runs.
    Eval(EvalArgs),
    /// Compare runs, several seeds of each
    ///
    /// Interquartile means over seeds with 95 % bootstrap intervals, and with `--out` the tables and pictures of a paper: sample
    /// efficiency, performance profile, every point of every run. Runs whose folders differ in their number alone
    /// (runs/cartpole-1, runs/cartpole-2) are one group; LABEL=RUN_DIR names a group.
    Compare(CompareArgs),
    /// Show how a run developed: a film and a page, to be opened in any browser
    ///
    /// Plays evaluation episodes with the run's best checkpoint and writes into a folder
    ///
    ///   film.gif      what the run perceives in the first of them: retina, flow, events and hands, gaze
    ///   report.html   the film; bars of what was paid for and when; what the run measured of itself, with the bounds that
    ///                 opened its stages; what the ground truth says, where the environment tells it; examples of what it
    ///                 took for events and for hands; where faces look
    ///   report.json   the same numbers
    ///
    /// A part for which the run has no signals is a sentence that names them. The page needs no network and no script. The
    /// same run, episodes and seed give the same files.
    #[command(verbatim_doc_comment)]
    Develop(DevelopArgs),
    /// Write what a run remembers, transition by transition, as a file for NumPy
    ///
    /// `numpy.load(FILE)` gives `observation`, `next/observation`, `action/body`, `reward/extrinsic` and every other signal's raw
    /// values, `terminated`, `truncated`, and `lane`, the copy of the environment. It is the replay of the latest checkpoint.
    Export(ExportArgs),
    /// Run a published experiment again and compare what comes out with what was published
    ///
    /// Without NAME it lists them. Each writes NAME.json and NAME.svg; a number outside its range is a result, not a failure.
    Reproduce(ReproduceArgs),
    /// Show an environment, played at random
    ///
    /// A board is shown in the terminal, other environments as numbers. `--out FILE.gif` (or FILE.mp4, with the program ffmpeg)
    /// films what the environment draws.
    Play(PlayArgs),
    /// List environments, signals, learners and runs
    List(JsonArgs),
    /// List every key of a run file with its meaning and default
    Keys,
    /// Look at the machine: libtorch, CUDA and why not, threads, disk, Python
    Doctor(JsonArgs),
}

#[derive(Args)]
struct TrainArgs {
    /// A run file, or the name of one in scripts/runs
    #[arg(value_name = "FILE|NAME")]
    run: String,
    /// Folder of the run [default: runs/NAME-N, the first free N]
    #[arg(long)]
    run_dir: Option<PathBuf>,
    /// Seed of every random stream; the same seed gives the same bits
    #[arg(long, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    seed: Option<u64>,
    /// Environment steps to train for
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=i64::MAX as u64))]
    steps: Option<u64>,
    /// Actor threads: auto or a number; 0 acts in the learner's thread. Changes the speed and not one bit of the result
    #[arg(long)]
    actors: Option<String>,
    /// Where to learn: cpu, cuda, cuda:N or auto
    #[arg(long)]
    device: Option<String>,
    /// Python interpreter of an environment `gym:…`
    #[arg(long, value_name = "PATH")]
    python: Option<String>,
    /// Change a key of the run file, such as area.body.lr=1e-3; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Print errors alone
    #[arg(long)]
    quiet: bool,
}

#[derive(Args)]
struct ResumeArgs {
    /// Folder of the run
    run_dir: PathBuf,
    /// Go on from this checkpoint of the run and not from the latest, such as step-10240; later ones are removed
    #[arg(long, value_name = "CHECKPOINT")]
    from: Option<String>,
    /// Actor threads, if not those of the run file
    #[arg(long)]
    actors: Option<String>,
    /// Where to learn, if not where the run file says
    #[arg(long)]
    device: Option<String>,
    /// Python interpreter of an environment `gym:…`, if not that of the run
    #[arg(long, value_name = "PATH")]
    python: Option<String>,
    /// Print errors alone
    #[arg(long)]
    quiet: bool,
}

#[derive(Args)]
struct EvalArgs {
    /// Folders of the runs
    #[arg(value_name = "RUN_DIR", required = true)]
    runs: Vec<PathBuf>,
    /// Episodes to play, of each run
    #[arg(long, default_value_t = 100)]
    episodes: usize,
    /// Seed of the episodes
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Evaluate the latest checkpoint and not the best
    #[arg(long)]
    latest: bool,
    /// Who acts
    #[arg(long, value_enum, default_value = "greedy")]
    policy: Acting,
    /// Where to compute, if not where the run file says
    #[arg(long)]
    device: Option<String>,
    /// Python interpreter of an environment `gym:…`, if not that of the run
    #[arg(long, value_name = "PATH")]
    python: Option<String>,
    /// Film the first episode of one run: what it perceives, or else what the environment draws; MP4 takes the program ffmpeg
    #[arg(long, value_name = "FILE.gif|FILE.mp4")]
    record: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct CompareArgs {
    /// Folders of runs
    #[arg(value_name = "[LABEL=]RUN_DIR", required = true)]
    runs: Vec<String>,
    /// The curve in which they are compared
    #[arg(long, default_value = "eval/mean_reward")]
    tag: String,
    /// Folder for tables and pictures
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct DevelopArgs {
    /// Folder of the run
    run_dir: PathBuf,
    /// Episodes to play; precision and recall are counted over all of them, and the film shows the first
    #[arg(long, default_value_t = 20)]
    episodes: usize,
    /// Seed of the episodes
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder for the film and the page [default: RUN_DIR/development]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Play with the latest checkpoint and not the best
    #[arg(long)]
    latest: bool,
    /// Where to compute, if not where the run file says
    #[arg(long)]
    device: Option<String>,
    /// Python interpreter of an environment `gym:…`, if not that of the run
    #[arg(long, value_name = "PATH")]
    python: Option<String>,
    /// Print report.json, too
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct ReproduceArgs {
    /// An experiment
    name: Option<String>,
    /// List the experiments with the time that each takes on two cores
    #[arg(long)]
    list: bool,
    /// Seeds, from 0 on [default: the experiment's own number]
    #[arg(long)]
    seeds: Option<NonZeroU16>,
    /// A few seeds and short runs: a glance, and no verdict worth having
    #[arg(long)]
    quick: bool,
    /// Folder for the numbers and the picture
    #[arg(long, value_name = "DIR", default_value = "reproductions")]
    out: PathBuf,
    /// Threads that seeds are shared out to [default: one for each core]. Changes the speed and not one bit of the result
    #[arg(long)]
    threads: Option<NonZeroU16>,
    /// Folder of MNIST's files, which scripts/fetch-mnist DIR fetches
    #[arg(long, value_name = "DIR", default_value = "data/mnist")]
    data: PathBuf,
    /// Epochs, for the experiments on MNIST [default: the experiment's own number]
    #[arg(long)]
    epochs: Option<NonZeroU16>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct ExportArgs {
    /// Folder of the run
    run_dir: PathBuf,
    /// The file to write
    #[arg(value_name = "FILE.npz")]
    file: PathBuf,
    /// Python interpreter of an environment `gym:…`, if not that of the run
    #[arg(long, value_name = "PATH")]
    python: Option<String>,
}

#[derive(Args)]
struct PlayArgs {
    /// An environment, such as MinAtar/Breakout-v1 or gym:LunarLander-v3
    env: String,
    /// Steps to play
    #[arg(long, default_value_t = 200)]
    steps: u32,
    /// Seed of the environment and of the actions
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// An option of the environment, such as size=12; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Python interpreter of an environment `gym:…`
    #[arg(long, value_name = "PATH")]
    python: Option<String>,
    /// Film what the environment draws
    #[arg(long, value_name = "FILE.gif|FILE.mp4")]
    out: Option<PathBuf>,
}

/// Who acts in an evaluation.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Acting {
    /// The trained policy; without exploration, unless the run file sets `evaluation.exploration_rate`
    Greedy,
    /// Nobody: every action as likely as any other, for comparison
    Random,
}

#[derive(Args)]
struct JsonArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How a command failed.
enum Failure {
    /// Bad usage or run file: exit code 2.
    Usage(String),
    /// Anything else: exit code 1.
    Failed(String),
    /// Stopped by the user, and saved: exit code 130.
    Interrupted,
}

impl Failure {
    fn usage(error: impl ToString) -> Self {
        Failure::Usage(error.to_string())
    }

    fn failed(error: impl ToString) -> Self {
        Failure::Failed(error.to_string())
    }
}

/// Runs the command of the process's arguments.
pub(crate) fn main(registries: Registries) -> ExitCode {
    // Before anything else of libtorch: it looks for CUDA once.
    innate_nn::prepare();
    let done = match Cli::parse().command {
        Command::Train(args) => train::train(registries, &args),
        Command::Resume(args) => train::resume(registries, &args),
        Command::Eval(args) => eval::eval(registries, &args),
        Command::Compare(args) => compare::compare(&args),
        Command::Develop(args) => develop::develop(registries, &args),
        Command::Export(args) => export::export(registries, &args),
        Command::Play(args) => play::play(&registries, &args),
        Command::Reproduce(args) => reproduce::reproduce(&args),
        Command::List(args) => list::list(&registries, args.json),
        Command::Keys => keys::keys(),
        Command::Doctor(args) => doctor::doctor(args.json),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Failed(said)) => fail(&said, 1),
        Err(Failure::Usage(said)) => fail(&said, 2),
        Err(Failure::Interrupted) => ExitCode::from(130),
    }
}

fn fail(said: &str, code: u8) -> ExitCode {
    warn(said);
    ExitCode::from(code)
}

/// Says something to a person that is no result.
fn warn(said: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "innate: {said}");
}

/// Set by the first Ctrl-C (or a request to terminate); the second leaves at once.
fn stop_flag() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal finds the flag down and raises it, the second finds it raised.
        flag::register_conditional_shutdown(signal, 130, stop.clone())
            .and_then(|_| flag::register(signal, stop.clone()))
            .map_err(Failure::failed)?;
    }
    Ok(stop)
}

/// Prints a line; a reader that has gone away (`innate list | head`) is no failure.
fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints a value as JSON.
fn say_json(value: &serde_json::Value) {
    say(&format!("{value:#}"));
}
