//! The replay, in microseconds: `scripts/bench replay [--peers | --python PATH]`.
//!
//! One lane of CartPole-sized transitions (an observation of 4 numbers before and after, an action, a reward, how the episode
//! ended), filled to its capacity of a million; single precision, one thread. Every figure is the best of many rounds. *add* takes
//! a chunk of 256 steps, as actors hand them over; *sample* draws and copies a batch; *prioritised* draws by priority, copies, weighs
//! and gives the batch new priorities. *frames* are 100,000 of 84x84 bytes, drawn as stacks of 4 before and after the step.
//!
//! With `--python` (an interpreter with cpprb and NumPy) the same is timed in cpprb, by `scripts/peers/replay_cpprb.py`.

use innate::agents::streams::Random;
use innate::replay::{Batch, Chunk, ColumnSpec, Ending, Kind, Place, Priorities, Proportional, Replay, Schema, Window};
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::error::Error;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Transitions, steps of a chunk and of an episode.
const CAPACITY: usize = 1_000_000;
const CHUNK: usize = 256;
const EPISODE: usize = 200;
/// Rounds, and calls in each.
const ROUNDS: usize = 20;
const CALLS: usize = 500;
const BATCHES: [usize; 2] = [32, 256];
/// Frames, how many are seen at once, and bytes of one.
const FRAMES: usize = 100_000;
const STACK: usize = 4;
const FRAME: usize = 84 * 84;

fn main() -> Outcome {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let python = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => None,
        ["--python", python] => Some(python.to_string()),
        _ => return Err("usage: scripts/bench replay [--peers | --python PATH]".into()),
    };
    let peer = python.map(|python| peer(&python)).transpose()?;
    let own = own()?;
    println!("{:<28} {:>12} {:>12} {:>10}", "µs", "innate", "cpprb", "innate is");
    for (what, micros) in &own {
        let theirs = peer.as_ref().and_then(|peer| peer.get(what)).copied();
        let (shown, ratio) = match theirs {
            Some(theirs) if what.ends_with("bytes per transition") => {
                (format!("{theirs:.1}"), format!("{:.2} x", micros / theirs))
            }
            Some(theirs) => (format!("{theirs:.2}"), format!("{:.1} x", theirs / micros)),
            None => ("-".into(), "-".into()),
        };
        println!("{what:<28} {micros:>12.2} {shown:>12} {ratio:>10}");
    }
    Ok(())
}

/// Microseconds of everything here.
fn own() -> Outcome<BTreeMap<String, f64>> {
    let schema = Arc::new(Schema::new(vec![
        ColumnSpec::observation("observation", Kind::F32, &[4]),
        ColumnSpec::step("action", Kind::I64, &[]),
        ColumnSpec::step("reward", Kind::F32, &[]),
    ])?);
    let mut replay = Replay::new(schema.clone(), 1, CAPACITY)?;
    let mut random = Random::seed_from_u64(0);
    let mut chunks = Vec::new();
    for _ in 0..32 {
        chunks.push(chunk(&schema, &mut random)?);
    }
    let mut turn = 0;
    let mut add = |replay: &mut Replay| {
        turn += 1;
        replay.insert(0, &chunks[turn % chunks.len()])
    };
    while replay.len() < CAPACITY {
        add(&mut replay)?;
    }
    let mut found = BTreeMap::new();
    found.insert(format!("add {CHUNK}"), micros(|| Ok(add(&mut replay)?))?);
    for size in BATCHES {
        let mut batch = Batch::new(&schema, size);
        found.insert(format!("sample {size}"), micros(|| Ok(replay.sample(&mut random, &mut batch)?))?);
        let how = Proportional { alpha: 0.6, epsilon: 1e-6 };
        let mut priorities = Priorities::new(&replay, how)?;
        let mut window = Window::new(&schema, size, 1, false);
        let (mut places, mut weights) = (vec![Place::default(); size], vec![0.0; size]);
        let errors: Vec<f32> = (0..size).map(|_| random.random()).collect();
        let mut prioritised = || {
            priorities.draw(&replay, &mut random, 0.4, &mut places, &mut weights)?;
            window.gather(&replay, &places)?;
            Ok(priorities.update(&replay, window.first(), &errors)?)
        };
        found.insert(format!("prioritised {size}"), micros(&mut prioritised)?);
    }
    found.insert("bytes per transition".into(), replay.memory() as f64 / CAPACITY as f64);
    frames(&mut found, &mut random)?;
    Ok(found)
}

/// The same of frames.
fn frames(found: &mut BTreeMap<String, f64>, random: &mut Random) -> Outcome {
    let schema = Arc::new(Schema::new(vec![
        ColumnSpec::observation("observation", Kind::U8, &[FRAME]).with_history(STACK),
        ColumnSpec::step("action", Kind::I64, &[]),
        ColumnSpec::step("reward", Kind::F32, &[]),
    ])?);
    let observation = schema.column("observation")?;
    let mut replay = Replay::new(schema.clone(), 1, FRAMES)?;
    let mut chunk = Chunk::new(schema.clone());
    for _ in 0..CHUNK {
        let row = chunk.push();
        random.fill(chunk.u8_mut(observation, row)?);
    }
    chunk.head_u8_mut(observation)?.fill(0);
    while replay.len() < FRAMES {
        replay.insert(0, &chunk)?;
    }
    found.insert(format!("frames: add {CHUNK}"), micros(|| Ok(replay.insert(0, &chunk)?))?);
    let mut batch = Batch::new(&schema, 32);
    found.insert("frames: sample 32".into(), micros(|| Ok(replay.sample(random, &mut batch)?))?);
    found.insert("frames: bytes per transition".into(), replay.memory() as f64 / FRAMES as f64);
    Ok(())
}

/// Steps of a walk.
fn chunk(schema: &Arc<Schema>, random: &mut Random) -> Outcome<Chunk> {
    let (observation, action, reward) =
        (schema.column("observation")?, schema.column("action")?, schema.column("reward")?);
    let mut chunk = Chunk::new(schema.clone());
    for step in 0..CHUNK {
        let row = chunk.push();
        chunk.f32_mut(observation, row)?.fill_with(|| random.random());
        chunk.i64_mut(action, row)?[0] = random.random_range(0..2);
        chunk.f32_mut(reward, row)?[0] = 1.0;
        if step % EPISODE == EPISODE - 1 || step == CHUNK - 1 {
            chunk.end_episode(Ending { terminated: true, truncated: false })?;
            chunk.final_f32_mut(observation)?.fill_with(|| random.random());
        }
    }
    Ok(chunk)
}

/// The shortest mean time of a call over all rounds.
fn micros(mut call: impl FnMut() -> Outcome) -> Outcome<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..CALLS {
            call()?;
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e6 / CALLS as f64);
    }
    Ok(best)
}

/// The same in cpprb.
fn peer(python: &str) -> Outcome<BTreeMap<String, f64>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/peers/replay_cpprb.py");
    let output = Command::new(python).arg(script).output()?;
    if !output.status.success() {
        return Err(format!("{python} {script}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
