//! Steps per second of classic control, MinAtar and the nursery, through the object-safe trait, resets and random actions included.
//!
//! `cargo run --release -p innate-envs --example env_speed`: best of five, one thread; millions of steps per second, and what a
//! picture costs.

use innate_envs::numpy::Generator;
use innate_envs::{Env, EnvError, standard};
use std::hint::black_box;
use std::num::NonZeroU32;
use std::time::Instant;

const REPEATS: usize = 5;
const ACTIONS: usize = 1 << 12;
const PICTURES: usize = 32;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let classic = [("CartPole-v1", 5_000_000), ("Acrobot-v1", 500_000), ("MountainCar-v0", 5_000_000)];
    let games =
        ["Breakout", "Asterix", "Freeway", "Seaquest", "SpaceInvaders"].map(|game| format!("MinAtar/{game}-v0"));
    let games = games.iter().map(|id| (id.as_str(), 1_000_000));
    for (id, steps) in classic.into_iter().chain(games).chain([("nursery", 5_000)]) {
        let (mut env, _) = standard().build(id, &toml::Table::new(), "env")?;
        let (mut step, mut picture) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..REPEATS {
            step = step.min(play(&mut *env, steps)? / steps as f64);
            picture = picture.min(draw(&*env));
        }
        println!("{id:24} {:9.4} M steps/s {:9.1} µs a picture", 1e-6 / step, 1e6 * picture);
    }
    Ok(())
}

/// Seconds that one picture takes.
fn draw(env: &dyn Env) -> f64 {
    let start = Instant::now();
    (0..PICTURES).for_each(|_| drop(black_box(env.picture())));
    start.elapsed().as_secs_f64() / PICTURES as f64
}

/// Seconds that `steps` random steps take.
fn play(env: &mut dyn Env, steps: usize) -> Result<f64, EnvError> {
    let count = u32::try_from(env.spec().actions.len()).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
    let mut random = Generator::new(0);
    let actions: Vec<usize> = (0..ACTIONS).map(|_| random.integers(count) as usize).collect();
    let mut observation = env.spec().buffer();
    env.reset(Some(0), &mut observation)?;
    let start = Instant::now();
    for step in 0..steps {
        if env.step(actions[step % ACTIONS], &mut observation)?.ended() {
            env.reset(None, &mut observation)?;
        }
        black_box(&observation);
    }
    Ok(start.elapsed().as_secs_f64())
}
