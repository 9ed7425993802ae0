//! How fast a replay is: transitions added and batches sampled per second, one thread.
//!
//! `cargo run --release -p innate-replay --example replay_speed`
//!
//! *small*: 1,000,000 transitions of 4 `f32` observed, an `i64` action and 2 `f32` rewards. *frames*: 20,000 transitions
//! of 4×84×84 bytes. Both full before sampling, with episodes of 200 steps in 8 lanes.

use innate_replay::{Batch, Chunk, ColumnId, ColumnSpec, Ending, Kind, Replay, ReplayError, Schema};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// The columns that both have.
const OBSERVATION: ColumnId = ColumnId(0);
const ACTION: ColumnId = ColumnId(1);
const REWARD: ColumnId = ColumnId(2);

const LANES: usize = 8;
const CHUNK: usize = 32;
const EPISODE: usize = 200;

fn main() -> Result<(), ReplayError> {
    let small = vec![
        ColumnSpec::observation("observation", Kind::F32, &[4]),
        ColumnSpec::step("action", Kind::I64, &[]),
        ColumnSpec::step("reward/extrinsic", Kind::F32, &[]),
        ColumnSpec::step("reward/motion", Kind::F32, &[]),
    ];
    measure("small", small, 1_000_000, 20_000)?;
    let frames = vec![
        ColumnSpec::observation("frame", Kind::U8, &[4, 84, 84]),
        ColumnSpec::step("action", Kind::I64, &[]),
        ColumnSpec::step("reward/extrinsic", Kind::F32, &[]),
    ];
    measure("frames", frames, 20_000, 200)
}

/// The best of five rounds of adding `capacity` transitions, and of sampling `batches` batches.
fn measure(name: &str, columns: Vec<ColumnSpec>, capacity: usize, batches: usize) -> Result<(), ReplayError> {
    let kind = columns[OBSERVATION.0].kind;
    let schema = Arc::new(Schema::new(columns)?);
    let mut replay = Replay::new(schema.clone(), LANES, capacity)?;
    let mut filled = Chunk::new(schema.clone());
    let mut step = 0;
    let added = best(|| {
        for place in 0..capacity / CHUNK {
            filled.clear();
            for _ in 0..CHUNK {
                write(&mut filled, kind, step)?;
                step += 1;
            }
            replay.insert(place % LANES, &filled)?;
        }
        Ok(())
    })?;
    println!("{name}: {}", replay.summary());
    println!("{name}: {:.0} transitions added per second", capacity as f64 / added);
    for size in [32, 256] {
        let (mut batch, mut rng) = (Batch::new(&schema, size), Xoshiro256PlusPlus::seed_from_u64(1));
        let sampled = best(|| {
            for _ in 0..batches {
                replay.sample(&mut rng, &mut batch)?;
                black_box(&batch);
            }
            Ok(())
        })?;
        let (micros, rate) = (sampled / batches as f64 * 1e6, batches as f64 / sampled);
        println!("{name}: sample({size}) {micros:.2} µs, {rate:.0} batches per second");
    }
    let path = std::env::temp_dir().join(format!("innate-replay-speed-{}", std::process::id()));
    let kept = keep(&replay, &path);
    // Whatever became of it, the file has served its purpose.
    let _ = std::fs::remove_file(&path);
    let (saved, loaded) = kept?;
    println!("{name}: saved in {saved:.3} s, loaded in {loaded:.3} s");
    Ok(())
}

/// One step as an actor writes it: row, head, and the final observation when the episode ends.
fn write(chunk: &mut Chunk, kind: Kind, step: usize) -> Result<(), ReplayError> {
    let row = chunk.push();
    chunk.i64_mut(ACTION, row)?[0] = step as i64;
    chunk.f32_mut(REWARD, row)?[0] = 1.0;
    let ends = step % EPISODE == EPISODE - 1;
    if ends {
        chunk.end_episode(Ending { terminated: true, truncated: false })?;
    }
    if kind == Kind::U8 {
        chunk.u8_mut(OBSERVATION, row)?.fill(step as u8);
        let after = if ends { chunk.final_u8_mut(OBSERVATION)? } else { chunk.head_u8_mut(OBSERVATION)? };
        after.fill((step + 1) as u8);
    } else {
        chunk.f32_mut(OBSERVATION, row)?.fill(step as f32);
        let after = if ends { chunk.final_f32_mut(OBSERVATION)? } else { chunk.head_f32_mut(OBSERVATION)? };
        after.fill(step as f32 + 1.0);
    }
    Ok(())
}

fn keep(replay: &Replay, path: &Path) -> Result<(f64, f64), ReplayError> {
    let start = Instant::now();
    replay.save(path)?;
    let saved = start.elapsed().as_secs_f64();
    let start = Instant::now();
    black_box(Replay::load(path, replay.schema().clone(), replay.lanes(), replay.capacity())?);
    Ok((saved, start.elapsed().as_secs_f64()))
}

fn best(mut run: impl FnMut() -> Result<(), ReplayError>) -> Result<f64, ReplayError> {
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        run()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best)
}
