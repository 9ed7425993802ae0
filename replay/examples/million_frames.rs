//! What a million Atari transitions take: the memory that a run is told beforehand, and what the system says of the process once
//! the replay is full and has been drawn from.
//!
//! `cargo run --release -p innate-replay --example million_frames`: 8 lanes, frames of 84x84 seen four at once, episodes of 1,000
//! steps; Linux alone.

use innate_replay::{Batch, Chunk, ColumnSpec, Ending, Kind, Replay, Schema};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::error::Error;
use std::sync::Arc;

const TRANSITIONS: usize = 1_000_000;
const LANES: usize = 8;
const EPISODE: usize = 1_000;
const GIB: f64 = (1_u64 << 30) as f64;

fn main() -> Result<(), Box<dyn Error>> {
    let schema = Arc::new(Schema::new(vec![
        ColumnSpec::observation("observation", Kind::U8, &[1, 84, 84]).with_history(4),
        ColumnSpec::step("action/body", Kind::I64, &[]),
        ColumnSpec::step("reward/extrinsic", Kind::F32, &[]),
    ])?);
    let observation = schema.column("observation")?;
    let before = resident()?;
    let mut replay = Replay::new(schema.clone(), LANES, TRANSITIONS)?;
    println!("told beforehand: {}", replay.summary());
    let mut chunk = Chunk::new(schema.clone());
    for step in 0..EPISODE {
        let row = chunk.push();
        chunk.u8_mut(observation, row)?.fill(step as u8);
    }
    chunk.end_episode(Ending { terminated: true, truncated: false })?;
    // Twice around, so that every row has been forgotten once.
    for round in 0..2 * TRANSITIONS / EPISODE {
        replay.insert(round % LANES, &chunk)?;
    }
    let mut random = Xoshiro256PlusPlus::seed_from_u64(0);
    let mut batch = Batch::new(&schema, 32);
    (0..1_000).try_for_each(|_| replay.sample(&mut random, &mut batch))?;
    let (told, taken) = (replay.memory() as f64, (resident()? - before) as f64);
    println!(
        "{} transitions: told {:.3} GiB, taken {:.3} GiB ({:+.2} %)",
        replay.len(),
        told / GIB,
        taken / GIB,
        100.0 * (taken / told - 1.0)
    );
    Ok(())
}

/// Bytes of this process that lie in memory.
fn resident() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS in /proc/self/status")?;
    Ok(1024 * line.trim().trim_end_matches(" kB").parse::<u64>()?)
}
