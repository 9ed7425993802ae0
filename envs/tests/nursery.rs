//! What the nursery promises: scenes are a function of their seed, and the truth is told to evaluators without changing a thing.
#![allow(clippy::unwrap_used, missing_docs)]

use innate_envs::truth::{Class, Truth};
use innate_envs::{Array, Env, standard};

fn nursery(options: &str) -> Box<dyn Env> {
    standard().build("nursery", &options.parse().unwrap(), "env").unwrap().0
}

/// The arrays of every step of an episode; looks at the truth in each if `look`.
fn episode(env: &mut dyn Env, seed: Option<u64>, look: bool) -> Vec<Vec<Array>> {
    let mut observation = env.spec().buffer();
    env.reset(seed, &mut observation).unwrap();
    let mut seen = vec![observation.arrays.clone()];
    for action in (0..).map(|step| step * 5 % 49) {
        if look {
            assert!(env.truth().is_some());
        }
        let step = env.step(action, &mut observation).unwrap();
        seen.push(observation.arrays.clone());
        if step.ended() {
            return seen;
        }
    }
    seen
}

/// The truth at the end of each of `episodes` scenes.
fn endings(options: &str, episodes: u64) -> Vec<Truth> {
    let mut env = nursery(options);
    let end = |seed| {
        episode(&mut *env, Some(seed), false);
        env.truth().unwrap()
    };
    (0..episodes).map(end).collect()
}

#[test]
fn the_same_seed_gives_the_same_pixels_and_another_seed_others() {
    let mut env = nursery("world = 'hard'");
    let scene = episode(&mut *env, Some(3), false);
    assert_eq!(scene.len(), 49);
    assert_eq!(episode(&mut *nursery("world = 'hard'"), Some(3), false), scene);
    assert_ne!(episode(&mut *env, Some(4), false), scene);
}

#[test]
fn telling_the_truth_changes_no_pixel() {
    for world in ["balanced", "hard", "no-movers", "ball-movers"] {
        let options = format!("world = '{world}'");
        for seed in 0..3 {
            let scene = episode(&mut *nursery(&options), Some(seed), false);
            assert_eq!(episode(&mut *nursery(&options), Some(seed), true), scene, "{world}, seed {seed}");
        }
    }
}

#[test]
fn a_saved_scene_goes_on_exactly_with_its_truth() {
    let (mut one, mut two) = (nursery("world = 'hard'"), nursery("world = 'hard'"));
    let (mut seen, mut again) = (one.spec().buffer(), two.spec().buffer());
    one.reset(Some(8), &mut seen).unwrap();
    for action in 0..20 {
        one.step(action, &mut seen).unwrap();
    }
    two.load(&one.save().unwrap()).unwrap();
    for action in 20..28 {
        one.step(action, &mut seen).unwrap();
        two.step(action, &mut again).unwrap();
        assert_eq!(seen, again);
        assert_eq!(one.truth(), two.truth());
    }
}

#[test]
fn hands_move_things_where_they_grab_and_nothing_where_nothing_is_moved() {
    let grabbed = endings("mix = { grab = 1.0 }", 60);
    let events = || grabbed.iter().flat_map(|truth| &truth.events).filter(|event| event.is_hand());
    let moved = events().filter(|event| event.is_move()).count() as f64 / events().count() as f64;
    assert!((0.5..1.0).contains(&moved), "three in four contacts move the thing: {moved}");
    for event in events().filter(|event| event.is_move()) {
        let Some(to) = event.to else { continue };
        assert!(
            (event.from[0] - to[0]).hypot(event.from[1] - to[1]) > 2.0,
            "what was carried lies elsewhere: {event:?}"
        );
    }
    let still = endings("world = 'no-movers'", 60);
    assert!(still.iter().flat_map(|truth| &truth.events).all(|event| !event.is_move()));
    let pushed = endings("world = 'ball-movers'", 60);
    let mut movers = pushed.iter().flat_map(|truth| &truth.events).filter(|event| event.is_move()).peekable();
    assert!(movers.peek().is_some());
    assert!(movers.all(|event| event.class == Class::Ball));
}

#[test]
fn less_than_a_fifth_of_all_motion_is_of_hands_in_the_hard_world() {
    let mut env = nursery("world = 'hard'");
    let (mut hands, mut all) = (0_u32, 0_u32);
    for seed in 0..40 {
        let mut observation = env.spec().buffer();
        env.reset(Some(seed), &mut observation).unwrap();
        let mut before = env.truth().unwrap();
        while !env.step(0, &mut observation).unwrap().ended() {
            let truth = env.truth().unwrap();
            let (dx, dy) = truth.flow.split_at(truth.classes.len());
            // The flow is of the pixels of the frame before.
            for ((dx, dy), class) in dx.iter().zip(dy).zip(&before.classes) {
                let moves = u32::from(
                    (dx - truth.camera[0] + before.camera[0]).hypot(dy - truth.camera[1] + before.camera[1]) > 0.5,
                );
                all += moves;
                hands += moves * u32::from(*class == Class::Hand);
            }
            before = truth;
        }
    }
    let share = f64::from(hands) / f64::from(all);
    assert!(share > 0.01 && share < 0.2, "{share}");
}

#[test]
fn true_flow_leads_to_pixels_that_look_the_same() {
    let mut env = nursery("world = 'balanced'\nnoise = 0.0");
    let (mut followed, mut stayed, mut count) = (0.0, 0.0, 0.0_f64);
    for seed in 0..12 {
        let mut observation = env.spec().buffer();
        env.reset(Some(seed), &mut observation).unwrap();
        let mut before = observation.arrays[0].as_u8().unwrap().to_vec();
        while !env.step(0, &mut observation).unwrap().ended() {
            let now = observation.arrays[0].as_u8().unwrap();
            let truth = env.truth().unwrap();
            let width = truth.size[1];
            let (dx, dy) = truth.flow.split_at(truth.classes.len());
            for (i, (dx, dy)) in dx.iter().zip(dy).enumerate().filter(|(i, _)| truth.valid[*i]) {
                let (x, y) = ((i % width) as f32 + dx, (i / width) as f32 + dy);
                if dx.hypot(*dy) < 1.0
                    || x < 0.0
                    || y < 0.0
                    || x.round() as usize >= width
                    || y.round() as usize >= truth.size[0]
                {
                    continue;
                }
                let there = now[y.round() as usize * width + x.round() as usize];
                followed += f64::from(before[i].abs_diff(there));
                stayed += f64::from(before[i].abs_diff(now[i]));
                count += 1.0;
            }
            before.copy_from_slice(now);
        }
    }
    assert!(count > 1_000.0 && followed < 0.6 * stayed, "{} and {} grey levels", followed / count, stayed / count);
}

#[test]
fn an_option_out_of_range_is_refused_in_a_sentence() {
    let refusal = |options: &str| {
        let built = standard().build("nursery", &options.parse().unwrap(), "env");
        built.err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(refusal("size = 83").contains("83"), "{}", refusal("size = 83"));
    assert!(refusal("world = 'hrad'").contains("did you mean `hard`?"));
}
