//! Speed on this machine: `scripts/bench [--flow-pairs FILE]`.
//!
//! Every figure is the best of several rounds in one process; wall-clock, one thread unless it says otherwise.
//!
//! `--flow-pairs FILE` also measures the optical flow's endpoint error on frame pairs with known flow. Layout of the file,
//! little-endian: i32 n, width, height; u8 a[n, h, w]; u8 b[n, h, w]; f32 flow[n, h, w, 2]; u8 foreground[n, h, w].

use innate::agents::trainer::Observer;
use innate::agents::{Experience, Plan, RunFolder, Trainer};
use innate::nn::Input;
use innate::rewards::optical_flow::{FlowConfig, OpticalFlow};
use innate::run_file::RunFile;
use rand::{Rng, SeedableRng};
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

type Random = innate::agents::streams::Random;
type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    innate::nn::prepare();
    let args: Vec<String> = std::env::args().skip(1).collect();
    let pairs = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => None,
        ["--flow-pairs", file] => Some(file.to_string()),
        _ => return Err("usage: scripts/bench [--flow-pairs FILE]".into()),
    };
    environments()?;
    flow(pairs.as_deref())?;
    let tuned: &[&str] = &[];
    let small = &["area.body.network={ hidden = [64, 64] }", "area.body.batch=32", "area.body.updates_per_round=64"];
    println!("\n{:<44} {:>12}", "learner, one thread", "updates/s");
    updates("256-256, batch 64", tuned)?;
    updates("64-64, batch 32", small)?;
    println!("\n{:<44} {:>12} {:>14}", "end to end, CartPole", "steps/s", "learner waits");
    for actors in ["0", "1"] {
        training(&format!("256-256, batch 64, 128 updates per 256, {actors} actors"), tuned, actors)?;
    }
    for actors in ["0", "1"] {
        training(&format!("64-64, batch 32, 1 update per 4, {actors} actors"), small, actors)?;
    }
    Ok(())
}

/// The shortest of `rounds` runs of `work`, in seconds.
fn best<E: Into<Box<dyn Error>>>(rounds: usize, mut work: impl FnMut() -> Result<(), E>) -> Outcome<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..rounds {
        let start = Instant::now();
        work().map_err(Into::into)?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best)
}

/// Environment steps per second through the object-safe trait, resets included.
fn environments() -> Outcome {
    const STEPS: usize = 1_000_000;
    println!("{:<44} {:>12}", "environment, one thread", "M steps/s");
    let registry = innate::envs::standard();
    for id in ["CartPole-v1", "MountainCar-v0", "Acrobot-v1"] {
        let (mut env, _) = registry.build(id, &toml::Table::new(), "env")?;
        let mut random = Random::seed_from_u64(0);
        let actions: Vec<usize> = (0..4096).map(|_| random.random_range(0..env.spec().actions.names.len())).collect();
        let mut observation = env.spec().buffer();
        env.reset(Some(0), &mut observation)?;
        let seconds = best(5, || {
            for step in 0..STEPS {
                let outcome = env.step(actions[step % actions.len()], &mut observation)?;
                if outcome.terminated || outcome.truncated {
                    env.reset(None, &mut observation)?;
                }
            }
            Ok::<_, innate::envs::EnvError>(())
        })?;
        println!("{id:<44} {:>12.1}", STEPS as f64 / seconds / 1e6);
    }
    Ok(())
}

/// Frame pairs with known flow.
struct Pairs {
    width: usize,
    height: usize,
    frames: Vec<(Vec<u8>, Vec<u8>)>,
    /// For each pair, (dx, dy) of each pixel; empty if unknown.
    truth: Vec<Vec<[f32; 2]>>,
}

/// Milliseconds and endpoint error of the default optical flow.
fn flow(file: Option<&str>) -> Outcome {
    let pairs = match file {
        Some(file) => read_pairs(&std::fs::read(file)?).ok_or("the file of flow pairs is too short")?,
        None => drifting_texture(84),
    };
    let mut flow = OpticalFlow::new(pairs.width, pairs.height, FlowConfig::default())?;
    let mut out = vec![0.0; 2 * pairs.width * pairs.height];
    let seconds = best(5, || pairs.frames.iter().try_for_each(|(before, after)| flow.flow(before, after, &mut out)))?;
    let milliseconds = 1e3 * seconds / pairs.frames.len() as f64;
    println!("\n{:<44} {:>12} {:>14}", "optical flow, one thread", "ms/frame", "endpoint error");
    let mut error = 0.0;
    for ((before, after), truth) in pairs.frames.iter().zip(&pairs.truth) {
        flow.flow(before, after, &mut out)?;
        let (dx, dy) = out.split_at(truth.len());
        let distance = |((dx, dy), [x, y]): ((&f32, &f32), &[f32; 2])| f64::from((dx - x).hypot(dy - y));
        error += dx.iter().zip(dy).zip(truth).map(distance).sum::<f64>() / truth.len() as f64;
    }
    let name = format!("{} x {}, {} pairs", pairs.width, pairs.height, pairs.frames.len());
    println!("{name:<44} {milliseconds:>12.2} {:>11.3} px", error / pairs.truth.len() as f64);
    Ok(())
}

fn read_pairs(bytes: &[u8]) -> Option<Pairs> {
    let int = |place: usize| Some(i32::from_le_bytes(bytes.get(place..place + 4)?.try_into().ok()?) as usize);
    let (count, width, height) = (int(0)?, int(4)?, int(8)?);
    let size = width * height;
    let frame = |all: usize, index: usize| Some(bytes.get(12 + (all * count + index) * size..)?.get(..size)?.to_vec());
    let frames = (0..count).map(|index| Some((frame(0, index)?, frame(1, index)?))).collect::<Option<_>>()?;
    let truth = bytes.get(12 + 2 * count * size..)?.get(..8 * count * size)?;
    let vector = |bytes: &[u8; 8]| [0, 4].map(|at| f32::from_le_bytes([0, 1, 2, 3].map(|byte| bytes[at + byte])));
    let truth = truth.as_chunks::<8>().0.chunks(size).map(|pair| pair.iter().map(vector).collect()).collect();
    Some(Pairs { width, height, frames, truth })
}

/// A texture that moves by (1.5, −0.5) pixels.
fn drifting_texture(size: usize) -> Pairs {
    let light = |x: f32, y: f32| 128.0 + 50.0 * (0.31 * x + 0.17 * y).sin() + 50.0 * (0.23 * y - 0.11 * x).cos();
    let frame = |dx: f32, dy: f32| -> Vec<u8> {
        (0..size * size).map(|i| light((i % size) as f32 - dx, (i / size) as f32 - dy) as u8).collect()
    };
    let frames = vec![(frame(0.0, 0.0), frame(1.5, -0.5)); 32];
    Pairs { width: size, height: size, truth: vec![vec![[1.5, -0.5]; size * size]; 32], frames }
}

/// The run `cartpole` with changes.
fn cartpole(changes: &[&str]) -> Outcome<Arc<Plan>> {
    let mut file = RunFile::find("cartpole")?;
    let quiet = ["evaluation.every=0", "checkpoint.every=0", "log.every=10000"];
    for change in changes.iter().chain(&quiet) {
        let (key, value) = change.split_once('=').ok_or("a change is KEY=VALUE")?;
        file.set(key, value)?;
    }
    Ok(Arc::new(Plan::new(file.config()?, innate::standard())?))
}

/// Updates per second of the run's learner on a batch that does not change.
fn updates(name: &str, changes: &[&str]) -> Outcome {
    const UPDATES: usize = 500;
    let plan = cartpole(changes)?;
    let area = &plan.areas[0];
    let (mut learner, size) = (plan.build_learner(area)?, area.config.batch);
    let mut random = Random::seed_from_u64(0);
    let mut numbers = |count: usize| (0..count).map(|_| random.random::<f32>() - 0.5).collect::<Vec<f32>>();
    let (before, after, rewards) = (numbers(4 * size), numbers(4 * size), numbers(size));
    let (actions, terminated) = (vec![1; size], vec![0; size]);
    let (discounts, weights) = (vec![0.99; size], vec![1.0; size]);
    let experience = Experience {
        slot: 0,
        size,
        before: &[Input::F32(&before)],
        after: &[Input::F32(&after)],
        actions: &actions,
        rewards: &rewards,
        discounts: &discounts,
        weights: &weights,
        terminated: &terminated,
        truncated: &terminated,
    };
    let seconds = best(5, || (0..UPDATES).try_for_each(|_| learner.learn(&experience)))?;
    println!("{name:<44} {:>12.0}", UPDATES as f64 / seconds);
    Ok(())
}

/// Notes what the curves of time say.
#[derive(Default)]
struct Times {
    wait: f64,
}

impl Observer for Times {
    fn points(&mut self, _: u64, points: &[(String, f64)]) {
        self.wait = points.iter().find(|(tag, _)| tag == "time/learner_wait").map_or(self.wait, |(_, value)| *value);
    }
    fn warn(&mut self, message: &str) {
        eprintln!("{message}");
    }
}

/// Steps per second of a whole training, and the share of it in which the learner waits for actors.
fn training(name: &str, changes: &[&str], actors: &str) -> Outcome {
    const STEPS: f64 = 20_480.0;
    let actors = format!("actors={actors}");
    let plan = cartpole(&[changes, &["steps=20480", &actors]].concat())?;
    let folder = RunFolder::new(std::env::temp_dir().join(format!("innate-bench-{}", std::process::id())));
    let mut times = Times::default();
    let seconds = best(3, || -> Outcome {
        let mut trainer = Trainer::new(plan.clone())?;
        trainer.train(&folder, &mut times, &AtomicBool::new(false))?;
        Ok(())
    })?;
    std::fs::remove_dir_all(&folder.path)?;
    println!("{name:<44} {:>12.0} {:>12.1} %", STEPS / seconds, 100.0 * times.wait);
    Ok(())
}
