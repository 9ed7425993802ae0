//! Mover events in the nursery, by kind of scene: how many there are, and how many lie where a hand took or left a thing.
//!
//! `cargo run --release -p innate-rewards --example movers -- [WORLD] [EPISODES] [KEY=VALUE]…`, with keys of `[signals.mover]`.

use innate_envs::{Env, Observation, standard};
use innate_rewards::Bank;
use std::collections::BTreeMap;
use std::time::Instant;

/// How near a cluster must be, in pixels.
const NEAR: f32 = 12.0;

#[derive(Default)]
struct Count {
    episodes: u32,
    clusters: u32,
    right: u32,
    grabs: u32,
    found: u32,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let world = args.first().map_or("balanced", String::as_str);
    let episodes: u64 = args.get(1).map_or(Ok(200), |text| text.parse())?;
    let keys: toml::Table = args.get(2..).unwrap_or_default().join("\n").parse()?;
    let (mut env, _) = standard().build("nursery", &format!("world = '{world}'").parse()?, "env")?;
    let registry = innate_rewards::standard();
    let build =
        |name: &str, keys: &toml::Table| registry.build(name, keys, name).map(|(signal, _)| (name.to_string(), signal));
    let signals = vec![build("flow", &toml::Table::new())?, build("mover", &keys)?];
    let mut bank = Bank::build(signals, &env.spec().observation)?;
    let events = bank.percepts().iter().position(|spec| spec.name == "mover.events").ok_or("no events")?;
    let (mut counts, mut seconds, mut steps) = (BTreeMap::<String, Count>::new(), 0.0, 0_u32);
    let mut observation = env.spec().buffer();
    for episode in 0..episodes {
        env.reset(Some(1_000 + episode), &mut observation)?;
        bank.begin_episode(&observation, &mut ())?;
        let clusters = play(&mut *env, &mut bank, events, &mut observation, (&mut seconds, &mut steps))?;
        let truth = env.truth().ok_or("no truth")?;
        let count = counts.entry(truth.scene.clone()).or_default();
        let taken: Vec<_> = truth.events.iter().filter(|event| event.is_hand() && event.is_move()).collect();
        let near = |place: [f32; 2], (x, y): (f32, f32)| (place[0] - x).hypot(place[1] - y) <= NEAR;
        let at = |event: &innate_envs::truth::Event, cluster| {
            near(event.from, cluster) || event.to.is_some_and(|to| near(to, cluster))
        };
        count.episodes += 1;
        count.clusters += clusters.len() as u32;
        count.right += clusters.iter().filter(|&&cluster| taken.iter().any(|event| at(event, cluster))).count() as u32;
        count.grabs += taken.len() as u32;
        count.found += taken.iter().filter(|event| clusters.iter().any(|&cluster| at(event, cluster))).count() as u32;
    }
    println!("{:14} {:>8} {:>8} {:>8} {:>8} {:>8}", world, "episodes", "clusters", "right", "grabs", "found");
    let mut all = Count::default();
    for (scene, count) in &counts {
        println!(
            "{scene:14} {:8} {:8} {:8} {:8} {:8}",
            count.episodes, count.clusters, count.right, count.grabs, count.found
        );
        all.clusters += count.clusters;
        all.right += count.right;
        all.grabs += count.grabs;
        all.found += count.found;
    }
    let share = |part: u32, whole: u32| f64::from(part) / f64::from(whole);
    println!("precision {:.3}  recall {:.3}", share(all.right, all.clusters), share(all.found, all.grabs));
    println!("flow and movers {:.2} ms per frame", 1e3 * seconds / f64::from(steps));
    Ok(())
}

/// Plays an episode; the middles of its clusters.
fn play(
    env: &mut dyn Env,
    bank: &mut Bank,
    events: usize,
    observation: &mut Observation,
    (seconds, steps): (&mut f64, &mut u32),
) -> Result<Vec<(f32, f32)>, Box<dyn std::error::Error>> {
    let mut clusters = Vec::new();
    loop {
        let step = env.step(0, observation)?;
        let start = Instant::now();
        bank.step(observation, 0, step, &mut (), |_| {})?;
        *seconds += start.elapsed().as_secs_f64();
        *steps += 1;
        let rows = bank.following()[events].as_f32().unwrap_or_default().chunks_exact(6);
        clusters.extend(rows.filter(|row| row[5] > 0.0).map(|row| (row[2], row[3])));
        if step.ended() {
            return Ok(clusters);
        }
        bank.advance();
    }
}
