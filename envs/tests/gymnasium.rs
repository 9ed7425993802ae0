//! Classic control against trajectories that Gymnasium recorded (`scripts/golden/classic_control.py`), compared bit by bit.
#![allow(clippy::unwrap_used, clippy::panic)]

use innate_envs::{Env, Observation, standard};

fn replay(id: &str, recorded: &str) {
    let (mut env, _) = standard().build(id, &toml::Table::new(), "env").unwrap();
    let mut seen = env.spec().buffer();
    let mut seed = None;
    let (mut resets, mut steps) = (0, 0);
    for (number, line) in recorded.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        let line_is = |found: String| assert_eq!(found, line, "{id}, line {} of the recording", number + 1);
        match line.split_once(' ').unwrap() {
            ("seed", number) => seed = Some(number.parse().unwrap()),
            ("reset", _) => {
                env.reset(seed.take(), &mut seen).unwrap();
                line_is(format!("reset {}", bits(&seen)));
                resets += 1;
            }
            (action, _) => {
                let step = env.step(action.parse().unwrap(), &mut seen).unwrap();
                let reward = step.reward.to_bits();
                let end = match (step.terminated, step.truncated) {
                    (false, false) => ".",
                    (true, false) => "T",
                    (false, true) => "L",
                    (true, true) => "TL",
                };
                line_is(format!("{action} {} {reward:016x} {end}", bits(&seen)));
                steps += 1;
            }
        }
    }
    assert!(resets > 5 && steps > 300, "{id}: {resets} resets and {steps} steps are recorded");
}

fn bits(seen: &Observation) -> String {
    let numbers = seen.arrays[0].as_f32().unwrap().iter();
    numbers.map(|number| format!("{:08x}", number.to_bits())).collect::<Vec<_>>().join(" ")
}

#[test]
fn cart_pole_v1_is_gymnasiums_bit_for_bit() {
    replay("CartPole-v1", include_str!("../golden/CartPole-v1.txt"));
}

#[test]
fn cart_pole_v0_is_gymnasiums_bit_for_bit() {
    replay("CartPole-v0", include_str!("../golden/CartPole-v0.txt"));
}

#[test]
fn acrobot_is_gymnasiums_bit_for_bit() {
    replay("Acrobot-v1", include_str!("../golden/Acrobot-v1.txt"));
}

#[test]
fn mountain_car_is_gymnasiums_bit_for_bit() {
    replay("MountainCar-v0", include_str!("../golden/MountainCar-v0.txt"));
}

#[test]
fn an_environment_that_was_never_seeded_starts_from_seed_0() {
    let (mut env, _) = standard().build("CartPole-v1", &toml::Table::new(), "env").unwrap();
    let (mut unseeded, mut seeded) = (env.spec().buffer(), env.spec().buffer());
    env.reset(None, &mut unseeded).unwrap();
    env.reset(Some(0), &mut seeded).unwrap();
    assert_eq!(unseeded, seeded);
}
