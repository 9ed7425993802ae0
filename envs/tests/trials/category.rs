//! Delayed match to category.

use crate::{FIXATE, LEFT, action, plausible, play, play_list};
use innate_envs::Env;
use innate_envs::tasks::{Category, CategoryOptions, FixationTask, Side};

fn category(options: CategoryOptions) -> FixationTask<Category> {
    let mut env = Category::env(options).unwrap();
    env.reset(Some(1), &mut env.spec().buffer()).unwrap();
    env
}

/// Decodes both directions from the population, takes the nearest of the twelve, and compares their categories.
fn category_observer() -> impl FnMut(&[f32]) -> usize {
    let mut sample = None;
    move |seen| {
        let (x, y) = seen[1..].iter().enumerate().fold((0.0, 0.0), |(x, y), (unit, activity)| {
            let angle = f64::from(unit as u32 * 18).to_radians();
            (x + f64::from(*activity) * angle.cos(), y + f64::from(*activity) * angle.sin())
        });
        if x.hypot(y) < 0.1 {
            return FIXATE;
        }
        let nearest = (y.atan2(x).to_degrees().rem_euclid(360.0) / 30.0).round() as u32 % 12;
        let class = (5..=10).contains(&nearest);
        if seen[0] == 1.0 {
            sample = Some(class);
            return FIXATE;
        }
        action(if sample == Some(class) { Side::Left } else { Side::Right })
    }
}

#[test]
fn an_observer_with_memory_earns_the_most_in_every_match_to_category_trial() {
    for delay in [0, 2, 5] {
        let mut env = category(CategoryOptions { noise: 0.0, delay, ..CategoryOptions::default() });
        for _ in 0..1_000 {
            let played = play(&mut env, None, category_observer());
            assert_eq!((played.total(), played.correct), (1.7, true), "{:?}", env.trial());
            assert_eq!(played.rewards.len() as u32, 5 + delay);
        }
    }
    // With the usual noise it errs on one trial in 1,100: a direction beside the boundary (one in three), 3 σ off.
    let mut env = category(CategoryOptions::default());
    let right = (0..20_000).filter(|_| play(&mut env, None, category_observer()).correct).count();
    assert!(right > 20_000 - 45, "{right}");
}

#[test]
fn directions_are_equally_frequent_their_errors_normal_and_half_of_the_trials_match() {
    let mut env = category(CategoryOptions::default());
    let (mut directions, mut matches, mut errors) = ([0; 12], 0, Vec::new());
    for _ in 0..6_000 {
        play_list(&mut env, &[LEFT; 11]);
        let trial = env.trial().unwrap();
        matches += usize::from(trial.is_match());
        for motion in [trial.sample, trial.test] {
            directions[(motion.direction() / 30.0) as usize] += 1;
            errors.push(motion.shown() - motion.direction());
        }
        assert_eq!(trial.sample.category(), usize::from((135.0..=315.0).contains(&trial.sample.direction())));
    }
    assert!(directions.iter().all(|count| plausible(*count, 12_000, 1.0 / 12.0)), "{directions:?}");
    assert!(plausible(matches, 6_000, 0.5), "{matches}");
    for (bound, probability) in [(5.0, 0.682_689), (10.0, 0.954_500), (15.0, 0.997_300)] {
        let within = errors.iter().filter(|error| error.abs() <= bound).count();
        assert!(plausible(within, 12_000, probability), "{within} within {bound}");
    }
    let mean = errors.iter().sum::<f64>() / 12_000.0;
    assert!(mean.abs() < 5.0 * 5.0 / f64::sqrt(12_000.0), "{mean}");
}

#[test]
fn a_direction_is_shown_in_the_activity_of_units_tuned_around_the_circle() {
    let mut env = category(CategoryOptions { noise: 0.0, ..CategoryOptions::default() });
    let mut checked = 0;
    for _ in 0..200 {
        let mut sample = Vec::new();
        play(&mut env, None, |seen| {
            if seen[0] == 1.0 && seen[1..].iter().any(|activity| *activity > 0.0) {
                sample = seen[1..].to_vec();
            }
            FIXATE
        });
        if env.trial().unwrap().sample.direction() == 0.0 {
            checked += 1;
            let of = |degrees: f64| (-degrees * degrees / 288.0).exp() as f32;
            assert_eq!(sample[..3], [1.0, of(18.0), of(36.0)]);
            assert_eq!(sample[18..], [of(36.0), of(18.0)]);
        }
    }
    assert!(checked > 0);
}
