//! What millions of Atari transitions take: the memory that a run is told beforehand, and what the system says of the process once
//! the replay is full and has been drawn from.
//!
//! ```text
//! cargo run --release -p innate-replay --example million_frames                      1,000,000 transitions in memory
//! cargo run --release -p innate-replay --example million_frames -- FOLDER [COUNT]    COUNT of them, observations in files there
//! ```
//!
//! 8 lanes, frames of 84x84 seen four at once, episodes of 1,000 steps; Linux alone. Memory is what belongs to the process; what the
//! system keeps of the files it can take back at any time.

use innate_replay::{Batch, Chunk, ColumnSpec, Ending, Kind, Place, Replay, Schema};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

const TRANSITIONS: usize = 1_000_000;
const LANES: usize = 8;
const EPISODE: usize = 1_000;
/// Rows of a file.
const SEGMENT: usize = 1_024;
const BATCHES: usize = 1_000;
const GIB: f64 = (1_u64 << 30) as f64;

fn main() -> Result<(), Box<dyn Error>> {
    let schema = Arc::new(Schema::new(vec![
        ColumnSpec::observation("observation", Kind::U8, &[1, 84, 84]).with_history(4),
        ColumnSpec::step("action/body", Kind::I64, &[]),
        ColumnSpec::step("reward/extrinsic", Kind::F32, &[]),
    ])?);
    let observation = schema.column("observation")?;
    let mut arguments = std::env::args().skip(1);
    let (folder, count) = (arguments.next(), arguments.next().map(|count| count.parse()).transpose()?);
    let count: usize = count.unwrap_or(TRANSITIONS);
    let before = resident()?;
    let mut replay = match &folder {
        None => Replay::new(schema.clone(), LANES, count)?,
        Some(_) => Replay::on_disk(schema.clone(), LANES, count, SEGMENT)?,
    };
    if let Some(folder) = &folder {
        replay.keep_in(Path::new(folder))?;
    }
    println!("told beforehand: {}", replay.summary());
    let mut chunk = Chunk::new(schema.clone());
    for step in 0..EPISODE {
        let row = chunk.push();
        chunk.u8_mut(observation, row)?.fill(step as u8);
    }
    chunk.end_episode(Ending { terminated: true, truncated: false })?;
    // In memory twice around, so that every row has been forgotten once; on disk a tenth more than once, which takes long enough.
    let chunks = if folder.is_some() { count * 11 / 10 } else { 2 * count } / EPISODE;
    let start = Instant::now();
    for round in 0..chunks {
        replay.insert(round % LANES, &chunk)?;
    }
    let adding = start.elapsed().as_secs_f64();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(0);
    let mut batch = Batch::new(&schema, 32);
    let start = Instant::now();
    let mut places = [Place::default(); 32];
    for _ in 0..BATCHES {
        replay.draw(&mut random, &mut places)?;
        replay.announce(&places, 1);
        replay.gather(&places, &mut batch)?;
    }
    let drawing = start.elapsed().as_secs_f64();
    let (told, taken) = (replay.memory() as f64, (resident()? - before) as f64);
    println!(
        "{} transitions: told {:.3} GiB, taken {:.3} GiB ({:+.2} %)",
        replay.len(),
        told / GIB,
        taken / GIB,
        100.0 * (taken / told - 1.0)
    );
    println!(
        "{:.0} transitions/s added, {:.0} batches of 32 stacks/s drawn",
        (chunks * EPISODE) as f64 / adding,
        BATCHES as f64 / drawing
    );
    Ok(())
}

/// Bytes of memory that belong to this process alone.
fn resident() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line =
        status.lines().find_map(|line| line.strip_prefix("RssAnon:")).ok_or("no RssAnon in /proc/self/status")?;
    Ok(1024 * line.trim().trim_end_matches(" kB").parse::<u64>()?)
}
