//! Probabilistic classification and its curriculum.

use crate::{FIXATE, LEFT, RIGHT, action, plausible, play, play_list};
use innate_envs::Env;
use innate_envs::tasks::{FixationTask, Level, Probabilistic, ProbabilisticOptions, Side};
use std::collections::BTreeMap;

fn probabilistic(level: Level) -> FixationTask<Probabilistic> {
    let mut env = Probabilistic::env(ProbabilisticOptions { level, ..ProbabilisticOptions::default() }).unwrap();
    env.reset(Some(1), &mut env.spec().buffer()).unwrap();
    env
}

/// Adds up the weights that it knows; answers when everything has gone out.
fn evidence_observer() -> impl FnMut(&[f32]) -> usize {
    const WEIGHTS: [i32; 10] = [-990, -9, -7, -5, -3, 990, 9, 7, 5, 3];
    let mut remembered = [0.0_f32; 41];
    move |seen| {
        for (memory, now) in remembered.iter_mut().zip(seen) {
            *memory = memory.max(*now);
        }
        let active = (0..40).filter(|place| remembered[1 + place] == 1.0);
        let places: Vec<usize> = active.collect();
        let evidence: i32 = places.iter().map(|place| WEIGHTS[place % 10]).sum();
        match seen[0] == 0.0 && !places.is_empty() {
            true => action(if evidence > 0 { Side::Right } else { Side::Left }),
            false => FIXATE,
        }
    }
}

#[test]
fn an_observer_who_knows_the_weights_answers_every_probabilistic_trial_rightly() {
    for (level, length) in [(1, 1), (3, 1), (5, 1), (6, 2), (7, 3), (8, 4)] {
        let mut env = probabilistic(Level::Fixed(level));
        let (mut expected, mut variance, mut paid) = (0.0, 0.0, 0.0);
        for _ in 0..4_000 {
            let played = play(&mut env, None, evidence_observer());
            assert!(played.correct);
            assert_eq!(played.rewards.len(), 4 + length + 2);
            let right = env.trial().unwrap().right_probability();
            let best = right.max(1.0 - right);
            (expected, variance) = (expected + best, variance + best * (1.0 - best));
            paid += played.rewards.last().unwrap() / 1.5;
        }
        assert!((paid - expected).abs() <= 5.0 * f64::sqrt(variance) + 1e-9, "{paid} of {expected} at level {level}");
    }
}

#[test]
fn symbols_come_one_by_one_and_stay_until_the_delay() {
    let mut env = probabilistic(Level::Fixed(8));
    for _ in 0..200 {
        let mut shown: Vec<Vec<usize>> = Vec::new();
        play(&mut env, None, |seen| {
            shown.push((0..41).filter(|place| seen[*place] == 1.0).collect());
            FIXATE
        });
        let trial = env.trial().unwrap();
        for (step, seen) in shown[3..7].iter().enumerate() {
            let mut expected: Vec<usize> = trial.shown().take(step + 1).map(|(s, place)| 1 + 10 * place + s).collect();
            expected.push(0);
            expected.sort();
            assert_eq!(*seen, expected);
        }
        assert_eq!(shown[7..], [vec![vec![0]; 2], vec![vec![]; 8]].concat());
        let mut places: Vec<usize> = trial.shown().map(|(_, place)| place).collect();
        places.sort();
        assert_eq!(places, [0, 1, 2, 3]);
    }
}

#[test]
fn symbols_and_places_are_equally_frequent() {
    for (level, kinds) in [(2, 2), (5, 5), (8, 5)] {
        let mut env = probabilistic(Level::Fixed(level));
        let (mut symbols, mut places, mut drawn) = ([0; 10], [0; 4], 0);
        for _ in 0..4_000 {
            play_list(&mut env, &[LEFT; 11]);
            for (symbol, place) in env.trial().unwrap().shown() {
                (symbols[symbol], places[place], drawn) = (symbols[symbol] + 1, places[place] + 1, drawn + 1);
            }
        }
        for (symbol, count) in symbols.iter().enumerate() {
            let probability = if symbol % 5 < kinds { 0.5 / kinds as f64 } else { 0.0 };
            assert!(plausible(*count, drawn, probability), "level {level}: {symbols:?}");
        }
        assert!(places.iter().all(|count| plausible(*count, drawn, 0.25)), "level {level}: {places:?}");
    }
}

/// The reward of always looking to the right follows P(R) = 10^S / (1 + 10^S) for each evidence S.
#[test]
fn reward_follows_the_evidence() {
    let mut env = probabilistic(Level::Fixed(6));
    let mut counts = BTreeMap::<i32, (usize, usize)>::new();
    for _ in 0..20_000 {
        let actions = [[FIXATE; 7].as_slice(), &[RIGHT]].concat();
        let played = play_list(&mut env, &actions);
        let evidence = (10.0 * env.trial().unwrap().evidence()).round() as i32;
        let entry = counts.entry(evidence).or_default();
        *entry = (entry.0 + 1, entry.1 + usize::from(played.total() > 1.0));
        assert_eq!(played.correct, evidence >= 0);
    }
    assert!(counts.contains_key(&0) && counts.contains_key(&-18) && counts.contains_key(&1980));
    for (evidence, (trials, rewarded)) in counts {
        let odds = 10_f64.powf(f64::from(evidence.clamp(-500, 500)) / 10.0);
        assert!(plausible(rewarded, trials, odds / (1.0 + odds)), "S = {evidence}/10: {rewarded} of {trials}");
    }
}

#[test]
fn the_curriculum_takes_a_good_learner_through_all_levels_and_keeps_a_bad_one_at_the_first() {
    let mut env = probabilistic(Level::Shaped);
    let mut reached = Vec::new();
    let mut trials = 0;
    while !env.memory().passed() {
        assert!(play(&mut env, None, evidence_observer()).correct);
        trials += 1;
        if env.memory().level() != reached.len() {
            reached.push(trials);
        }
        let length = env.trial().unwrap().shown().count();
        assert!(length == 1 || env.memory().level() >= 5);
    }
    assert_eq!(reached, [1_000, 2_500, 4_500, 7_000, 10_000, 20_000, 30_000]);
    assert_eq!(trials, 50_000);
    // A seed begins it anew.
    env.reset(Some(1), &mut env.spec().buffer()).unwrap();
    assert_eq!((env.memory().level(), env.memory().trials()), (0, 0));

    for trial in 0..5_000 {
        let mut observer = evidence_observer();
        play(&mut env, None, |seen| if trial % 5 == 0 { LEFT } else { observer(seen) });
    }
    assert_eq!(env.memory().level(), 0);
}

#[test]
fn a_saved_curriculum_goes_on_where_it_was() {
    let (mut first, mut second) = (probabilistic(Level::Shaped), probabilistic(Level::Shaped));
    for _ in 0..1_700 {
        play(&mut first, None, evidence_observer());
    }
    second.load(&first.save().unwrap()).unwrap();
    assert_eq!(second.memory(), first.memory());
    for _ in 0..3_000 {
        let played = play(&mut first, None, evidence_observer());
        assert_eq!(play(&mut second, None, evidence_observer()), played);
        assert_eq!(second.trial(), first.trial());
    }
    assert_eq!((second.memory().level(), second.memory()), (3, first.memory()));
}
