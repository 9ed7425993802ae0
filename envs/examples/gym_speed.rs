//! Steps per second of environments of Python in worker processes, beside a plain loop in Python: `scripts/bench gym`.
//!
//! `cargo run --release -p innate-envs --example gym_speed -- PYTHON`: best of three, stepped from one thread.

use innate_envs::{Slot, standard};
use std::error::Error;
use std::process::Command;
use std::time::Instant;

/// The environment, its options, and steps of a measurement.
const WORLDS: [(&str, &str, usize); 2] = [("CartPole-v1", "", 40_000), ("ALE/Pong-v5", "atari = {}", 2_000)];
/// Workers, and slots of all of them.
const SIZES: [(usize, usize); 5] = [(1, 1), (1, 2), (2, 2), (1, 16), (2, 16)];

fn main() -> Result<(), Box<dyn Error>> {
    let Some(python) = std::env::args().nth(1) else {
        return Err("usage: gym_speed PYTHON (an interpreter with gymnasium, ale-py and opencv)".into());
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/peers/gymnasium_loop.py");
    println!("{:<16} {:>28} {:>12} {:>10}", "environment", "", "steps/s", "of Python");
    for (id, options, steps) in WORLDS {
        let output = Command::new(&python).args([script, id, &steps.to_string()]).output()?;
        let plain: f64 = String::from_utf8(output.stdout)?
            .trim()
            .parse()
            .map_err(|_| format!("{python} {script}: {}", String::from_utf8_lossy(&output.stderr)))?;
        println!("{id:<16} {:>28} {plain:>12.0} {:>10}", "plain loop in Python", "1.00 x");
        for (workers, slots) in SIZES {
            let mut table: toml::Table = options.parse()?;
            table.insert("python".into(), python.clone().into());
            table.insert("workers".into(), (workers as i64).into());
            let registry = standard();
            let slots_of = (0..slots).map(|_| Ok(Slot::new(registry.build(&format!("gym:{id}"), &table, "env")?.0)));
            let rate = rate(slots_of.collect::<Result<_, Box<dyn Error>>>()?, steps)?;
            let what = format!("{workers} worker{}, {slots} slot{}", plural(workers), plural(slots));
            println!("{id:<16} {what:>28} {rate:>12.0} {:>10}", format!("{:.2} x", rate / plain));
        }
    }
    Ok(())
}

/// Steps per second of all slots together, stepped as actors do: each slot's next step begins before the next slot's is waited for.
fn rate(mut slots: Vec<Slot>, steps: usize) -> Result<f64, Box<dyn Error>> {
    let (count, actions) = (slots.len(), slots[0].spec().actions.len());
    let action = |step: usize| step * 7 / 3 % actions;
    (0..).zip(&mut slots).try_for_each(|(seed, slot)| slot.reset(Some(seed)))?;
    slots.iter_mut().for_each(|slot| slot.begin_step(action(0)));
    let mut best: f64 = 0.0;
    let mut taken = 0;
    for _ in 0..3 {
        let start = Instant::now();
        for _ in 0..steps / count {
            for slot in &mut slots {
                slot.step(action(taken))?;
                slot.begin_step(action(taken + 1));
            }
            taken += 1;
        }
        best = best.max((steps / count * count) as f64 / start.elapsed().as_secs_f64());
    }
    Ok(best)
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
