//! Vibrotactile discrimination.

use crate::{FIXATE, LEFT, action, plausible, play, play_list};
use innate_envs::Env;
use innate_envs::tasks::{FixationTask, Side, Vibrotactile, VibrotactileOptions};

fn vibrotactile() -> FixationTask<Vibrotactile> {
    let mut env = Vibrotactile::env(VibrotactileOptions::default()).unwrap();
    env.reset(Some(1), &mut env.spec().buffer()).unwrap();
    env
}

/// Decodes each frequency from the unit that is nearest to its threshold, and compares the two.
fn vibration_observer() -> impl FnMut(&[f32]) -> usize {
    let mut first: Option<f64> = None;
    let mut silent = true;
    move |seen| {
        if seen[1..].iter().all(|activity| *activity == 0.0) {
            silent = true;
            return FIXATE;
        }
        // Both units of a pair know the distance to the threshold; the weaker one is the more exact.
        let distances = seen[1..].chunks_exact(2).enumerate().map(|(pair, units)| {
            let (falling, growing) = (f64::from(units[0]), f64::from(units[1]));
            let above =
                if growing < falling { (growing / (1.0 - growing)).ln() } else { ((1.0 - falling) / falling).ln() };
            (above / 5.0, 9.5 + 4.0 * pair as f64)
        });
        let nearest = distances.min_by(|a, b| a.0.abs().total_cmp(&b.0.abs())).unwrap();
        let frequency = nearest.0 + nearest.1;
        if let (true, Some(first)) = (silent, first) {
            return action(if first > frequency { Side::Left } else { Side::Right });
        }
        (first, silent) = (Some(frequency), false);
        FIXATE
    }
}

#[test]
fn an_observer_with_memory_earns_the_most_in_every_vibrotactile_trial() {
    let mut env = vibrotactile();
    for _ in 0..4_000 {
        let played = play(&mut env, None, vibration_observer());
        assert_eq!((played.total(), played.correct), (1.7, true), "{:?}", env.trial());
        assert_eq!(played.rewards.len(), 7);
    }
}

#[test]
fn frequencies_span_their_range_at_least_2_hz_apart_and_either_may_be_the_faster() {
    let mut env = vibrotactile();
    let (mut faster, mut quarters) = (0, [0; 4]);
    for _ in 0..6_000 {
        play_list(&mut env, &[LEFT; 11]);
        let trial = env.trial().unwrap();
        assert!((trial.first - trial.second).abs() >= 2.0);
        faster += usize::from(trial.first > trial.second);
        for frequency in [trial.first, trial.second] {
            assert!((5.0..50.0).contains(&frequency));
            quarters[((frequency - 5.0) / 11.25) as usize] += 1;
        }
    }
    assert!(plausible(faster, 6_000, 0.5), "{faster}");
    // The ends are a little more frequent than the middle: there is less room beside them that is refused.
    assert!(quarters.iter().all(|count| (2_700..3_300).contains(count)), "{quarters:?}");
}
