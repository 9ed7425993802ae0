//! Whole trainings beside those of Stable-Baselines3 and Tianshou: `scripts/bench --peers`.
//!
//! Unit: environment steps per second of a training (acting, environment, memory, updates), one thread each, warm-up excluded:
//! what is timed begins a round after the first update and lasts whole rounds, for at least `SECONDS`. Ours and the peers' take
//! turns, and the figure of each is the median of `TURNS` turns; so the ratios stand where the machine drifts. The settings are
//! the same on all sides, the exploration rate held where it ends: here in `CASES`, over there in `scripts/peers/dqn_cases.py`.
//!
//! | departure | |
//! |---|---|
//! | rounds | the peers act with the newest weights; here those of a round act with the weights of the round before |
//! | frames | random pictures in place of Atari's, so that no emulator is timed; drawn once, on both sides |
//! | RMSprop | here ε stands in the root, there beside it |

use innate::agents::trainer::{Observer, Progress};
use innate::agents::{Plan, RunFolder, Trainer};
use innate::envs::{Array, ArraySpec, Discrete, Env, EnvError, EnvSpec, Observation, Step};
use innate::run_file::RunFile;
use rand::{Rng, SeedableRng};
use std::convert::Infallible;
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

type Random = innate::agents::streams::Random;
type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Turns of each, and what one lasts at least.
const TURNS: usize = 3;
const SECONDS: f64 = 4.0;

/// Who is compared with: packages, of which each has its program in `scripts/peers`.
const PEERS: [&str; 2] = ["stable-baselines3", "tianshou"];

/// A training.
struct Case {
    /// What `scripts/peers/dqn_cases.py` calls it.
    name: &'static str,
    what: &'static str,
    /// The run file, and what is changed in it.
    run: &'static str,
    changes: &'static [&'static str],
    /// How many times as fast as Stable-Baselines3 it is meant to be.
    goal: f64,
}

const CASES: [Case; 4] = [
    Case {
        name: "cartpole",
        what: "CartPole, 256-256, batch 64, 128 updates after 256 steps",
        run: "cartpole",
        changes: &["env.slots=1", "area.body.exploration={ from = 0.04, to = 0.04, steps = 1 }"],
        goal: 6.0,
    },
    Case {
        name: "cartpole-small",
        what: "CartPole, 64-64, batch 32, 1 update after 4 steps",
        run: "cartpole",
        changes: &[
            "env.slots=1",
            "steps_per_round=4",
            "area.body.updates_per_round=1",
            "area.body.network={ hidden = [64, 64] }",
            "area.body.batch=32",
            "area.body.exploration={ from = 0.04, to = 0.04, steps = 1 }",
        ],
        goal: 40.0,
    },
    Case {
        name: "minatar",
        what: "MinAtar Breakout, 16 filters and 128, batch 32, 1 update after 1 step",
        run: "minatar-breakout",
        changes: &[
            "env.slots=1",
            "steps_per_round=1",
            "area.body.updates_per_round=1",
            "area.body.learning_starts=1000",
            "area.body.clip_gradient=10.0",
            "area.body.exploration={ from = 0.1, to = 0.1, steps = 1 }",
        ],
        goal: 5.0,
    },
    Case {
        name: "frames",
        what: "84x84x4 random frames, network of 2015, batch 32, 1 update after 4 steps",
        run: "atari-nature",
        changes: &[
            "env={ id = \"random-frames\" }",
            "steps_per_round=4",
            "replay.capacity=10000",
            "area.body.optimiser=adam",
            "area.body.lr=1e-4",
            "area.body.updates_per_round=1",
            "area.body.learning_starts=1000",
            "area.body.target_every=1000",
            "area.body.clip_gradient=10.0",
            "area.body.exploration={ from = 0.1, to = 0.1, steps = 1 }",
        ],
        goal: 1.5,
    },
];

fn main() -> Outcome {
    innate::nn::prepare();
    let args: Vec<String> = std::env::args().skip(1).collect();
    let ["--python", python] = args.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
        return Err("usage: scripts/bench --peers".into());
    };
    let mut peers = Vec::new();
    for name in PEERS {
        match version(python, name) {
            Ok(version) => peers.push((name, version)),
            Err(error) => println!("{name} is left out, as it is not installed: {error}"),
        }
    }
    println!("DQN, environment steps/s on one thread, the median of {TURNS} turns of {SECONDS} s after warm-up.");
    println!("Frames are random, drawn beforehand and copied, on all sides: no emulator is timed.");
    CASES.iter().try_for_each(|case| compare(case, python, &peers))
}

fn compare(case: &Case, python: &str, peers: &[(&str, String)]) -> Outcome {
    let (mut own, mut threaded) = (Vec::new(), Vec::new());
    let mut others: Vec<_> = peers.iter().map(|(name, _)| Peer::start(python, name, case)).collect();
    for _ in 0..TURNS {
        own.push(training(case, "0")?);
        for other in &mut others {
            if let Ok(peer) = other
                && let Err(problem) = peer.turn()
            {
                *other = Err(problem);
            }
        }
        threaded.push(training(case, "auto")?);
    }
    let own = median(&mut own);
    println!("\n{}", case.what);
    println!("    {:<28} {own:>8.1}", "innate");
    println!("    {:<28} {:>8.1}", "innate, acting in a thread", median(&mut threaded));
    for (other, (name, version)) in others.into_iter().zip(peers) {
        let goal = if *name == PEERS[0] { format!(" (goal: {} x)", case.goal) } else { String::new() };
        let found = other.map(|mut peer| median(&mut peer.rates));
        let (rate, said) = match found {
            Ok(rate) => (format!("{rate:.1}"), format!("innate is {:.1} x{goal}", own / rate)),
            Err(problem) => ("-".into(), problem),
        };
        println!("    {:<28} {rate:>8}    {said}", format!("{name} {version}"));
    }
    Ok(())
}

/// Which version of `package` is installed there.
fn version(python: &str, package: &str) -> Outcome<String> {
    let script = format!("from importlib.metadata import version; print(version('{package}'))");
    let output = Command::new(python).args(["-c", &script]).output()?;
    let (found, problem) = (String::from_utf8(output.stdout)?, String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(found.trim().into()) } else { Err(last_line(&problem).into()) }
}

fn last_line(text: &str) -> &str {
    text.trim().lines().last().unwrap_or("it failed without a word")
}

/// A training of a peer, which stands still between its turns.
struct Peer {
    child: Child,
    output: BufReader<ChildStdout>,
    problems: File,
    /// Steps per second, by turn.
    rates: Vec<f64>,
}

impl Peer {
    /// Starts one and waits until it is warmed up, or says why it cannot be.
    fn start(python: &str, package: &str, case: &Case) -> Result<Self, String> {
        let script = format!("{}_dqn.py", package.replace('-', "_"));
        let script = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/peers")).join(script);
        let spawn = || {
            let problems = tempfile::tempfile()?;
            let mut command = Command::new(python);
            command.arg(script).args([case.name, &SECONDS.to_string()]).stderr(problems.try_clone()?);
            Ok::<_, std::io::Error>((command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?, problems))
        };
        let (mut child, problems) = spawn().map_err(|error| error.to_string())?;
        let output = BufReader::new(child.stdout.take().ok_or("a child without an output")?);
        let mut peer = Self { child, output, problems, rates: Vec::new() };
        peer.answer()?;
        Ok(peer)
    }

    /// Takes a turn.
    fn turn(&mut self) -> Result<(), String> {
        // Where it cannot be asked it will not answer, and then it is told why.
        let _ = self.child.stdin.as_mut().map(|input| writeln!(input));
        let rate = self.answer()?.parse().map_err(|error| format!("{error}"))?;
        self.rates.push(rate);
        Ok(())
    }

    /// The next line that it prints, or the last of its problems.
    fn answer(&mut self) -> Result<String, String> {
        let (mut line, mut problem) = (String::new(), String::new());
        match self.output.read_line(&mut line) {
            Ok(1..) => Ok(line.trim().into()),
            _ => {
                let read = self.problems.rewind().and_then(|()| self.problems.read_to_string(&mut problem));
                read.map_err(|error| error.to_string())?;
                Err(last_line(&problem).into())
            }
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Nothing is kept of it; that it is gone already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// Steps per second of our training.
fn training(case: &Case, actors: &str) -> Outcome<f64> {
    let mut file = RunFile::find(case.run)?;
    let actors = format!("actors={actors}");
    let common = ["steps=1000000000", "evaluation={ every = 0 }", "checkpoint.every=0", "log.every=10000", &actors];
    for change in case.changes.iter().chain(&common) {
        let (key, value) = change.split_once('=').ok_or("a change is KEY=VALUE")?;
        file.set(key, value)?;
    }
    let mut registries = innate::standard();
    registries.envs.register("random-frames", "pictures that mean nothing", |_: innate::NoOptions| {
        Ok::<_, Infallible>(Box::new(RandomFrames::new()) as Box<dyn Env>)
    });
    let plan = Arc::new(Plan::new(file.config()?, registries)?);
    let config = &plan.config;
    let stop = AtomicBool::new(false);
    let after = plan.areas[0].config.learning_starts + 2 * config.steps_per_round;
    let mut timer = Timer { after, start: None, rate: f64::NAN, stop: &stop };
    let folder = RunFolder::new(std::env::temp_dir().join(format!("innate-bench-{}", std::process::id())));
    Trainer::new(plan.clone())?.train(&folder, &mut timer, &stop)?;
    std::fs::remove_dir_all(&folder.path)?;
    Ok(timer.rate)
}

/// Times a training from step `after` on, and then stops it.
struct Timer<'a> {
    after: u64,
    start: Option<(u64, Instant)>,
    rate: f64,
    stop: &'a AtomicBool,
}

impl Observer for Timer<'_> {
    fn round(&mut self, progress: &Progress) {
        let step = progress.step;
        match self.start {
            None if step >= self.after => self.start = Some((step, Instant::now())),
            Some((first, start)) if start.elapsed() >= Duration::from_secs_f64(SECONDS) => {
                self.rate = (step - first) as f64 / start.elapsed().as_secs_f64();
                self.stop.store(true, Ordering::Relaxed);
            }
            _ => {}
        }
    }

    fn warn(&mut self, message: &str) {
        eprintln!("{message}");
    }
}

/// Pictures of 84 x 84 bytes that were drawn once and are shown in turn; an episode is 1,000 steps.
struct RandomFrames {
    spec: EnvSpec,
    frames: Vec<Vec<u8>>,
    step: u64,
}

impl RandomFrames {
    const FRAMES: usize = 256;
    const SIDE: usize = 84;
    const EPISODE: u64 = 1_000;

    fn new() -> Self {
        let mut random = Random::seed_from_u64(0);
        let mut frame = || (0..Self::SIDE * Self::SIDE).map(|_| random.random()).collect();
        let spec = EnvSpec {
            id: "random-frames".into(),
            observation: vec![ArraySpec::u8("frame", &[1, Self::SIDE, Self::SIDE])],
            actions: Discrete::named(["0", "1", "2", "3"]),
            max_episode_steps: None,
            reward_threshold: None,
        };
        Self { spec, frames: (0..Self::FRAMES).map(|_| frame()).collect(), step: 0 }
    }

    fn show(&self, observation: &mut Observation) -> Result<(), EnvError> {
        match &mut observation.arrays[..] {
            [Array::U8(frame)] => frame.copy_from_slice(&self.frames[self.step as usize % Self::FRAMES]),
            _ => return Err(self.spec.no_fit()),
        }
        Ok(())
    }
}

impl Env for RandomFrames {
    fn spec(&self) -> &EnvSpec {
        &self.spec
    }

    fn reset(&mut self, _: Option<u64>, observation: &mut Observation) -> Result<(), EnvError> {
        self.step += 1;
        self.show(observation)
    }

    fn step(&mut self, action: usize, observation: &mut Observation) -> Result<Step, EnvError> {
        self.step += 1;
        self.show(observation)?;
        let reward = if action == 0 { 1.0 } else { 0.0 };
        Ok(Step { reward, terminated: self.step.is_multiple_of(Self::EPISODE), truncated: false })
    }

    fn save(&self) -> Option<Vec<u8>> {
        None
    }

    fn load(&mut self, _: &[u8]) -> Result<(), EnvError> {
        Err(self.spec.bad_state("it is not saved"))
    }
}
