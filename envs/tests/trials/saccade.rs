//! The saccade/antisaccade task, and with it the course that all tasks with fixation share.

use crate::{FIXATE, LEFT, RIGHT, action, plausible, play, play_list};
use innate_envs::Env;
use innate_envs::tasks::saccade::Colour;
use innate_envs::tasks::{FixationTask, Saccade, SaccadeOptions, SaccadeTrial, Side};

fn saccade(options: SaccadeOptions) -> FixationTask<Saccade> {
    let mut env = Saccade::env(options).unwrap();
    env.reset(Some(1), &mut env.spec().buffer()).unwrap();
    env
}

/// Remembers colour and cue; answers when everything has gone out.
fn saccade_observer() -> impl FnMut(&[f32]) -> usize {
    let mut remembered = [0.0_f32; 4];
    move |seen| {
        for (memory, now) in remembered.iter_mut().zip(seen) {
            *memory = memory.max(*now);
        }
        let [_, anti, left, right] = remembered;
        match seen.iter().all(|number| *number == 0.0) && left + right > 0.0 {
            true => action(if (left > right) == (anti == 0.0) { Side::Left } else { Side::Right }),
            false => FIXATE,
        }
    }
}

#[test]
fn a_saccade_trial_shows_what_its_table_says() {
    let mut env = saccade(SaccadeOptions::default());
    for _ in 0..20 {
        let mut shown = Vec::new();
        let played = play(&mut env, None, |seen| {
            shown.push(seen.to_vec());
            if shown.len() == 7 { LEFT } else { FIXATE }
        });
        let trial = *env.trial().unwrap();
        let mut point = vec![0.0; 4];
        point[trial.kind() / 2] = 1.0;
        let mut cue = point.clone();
        cue[2 + trial.kind() % 2] = 1.0;
        let blank = vec![0.0; 4];
        assert_eq!(shown, [&blank, &point, &point, &cue, &point, &point, &blank].map(Clone::clone));
        let right = trial.target() == Side::Left;
        assert_eq!(played.rewards, [0.0, 0.0, 0.2, 0.0, 0.0, 0.0, if right { 1.5 } else { 0.0 }]);
        assert_eq!(played.correct, right);
    }
}

#[test]
fn an_observer_with_memory_earns_the_most_in_every_saccade_trial() {
    for delay in [0, 2, 7] {
        let mut env = saccade(SaccadeOptions { delay, ..SaccadeOptions::default() });
        for _ in 0..500 {
            let played = play(&mut env, None, saccade_observer());
            assert_eq!((played.total(), played.correct), (1.7, true));
            assert_eq!(played.rewards.len() as u32, 5 + delay);
        }
    }
}

#[test]
fn without_shaping_only_the_answer_pays() {
    let mut env = saccade(SaccadeOptions { fixation_reward: 0.0, ..SaccadeOptions::default() });
    assert_eq!(play(&mut env, None, saccade_observer()).total(), 1.5);
}

#[test]
fn the_four_types_of_saccade_trial_are_equally_frequent() {
    let mut env = saccade(SaccadeOptions::default());
    let mut counts = [0; 4];
    for _ in 0..8_000 {
        play(&mut env, None, saccade_observer());
        counts[env.trial().unwrap().kind()] += 1;
    }
    assert!(counts.iter().all(|count| plausible(*count, 8_000, 0.25)), "{counts:?}");
}

#[test]
fn looking_away_too_soon_ends_the_trial_without_reward() {
    let mut env = saccade(SaccadeOptions::default());
    // Within the blank step anything may be done; then the point is found, and lost before the answer is asked for.
    for (before, paid) in [(1, 0.0), (2, 0.2), (3, 0.2), (4, 0.2)] {
        let mut actions = vec![RIGHT];
        actions.extend(vec![FIXATE; before]);
        actions.push(LEFT);
        let played = play_list(&mut env, &actions);
        assert_eq!((played.rewards.len(), played.total(), played.correct), (before + 2, paid, false));
    }
}

#[test]
fn waiting_ends_after_ten_steps_and_answering_after_eight() {
    let mut env = saccade(SaccadeOptions::default());
    assert_eq!(play_list(&mut env, &[LEFT; 40]).rewards, [0.0; 11]);
    let late = [[LEFT; 10].as_slice(), &[FIXATE; 5]].concat();
    assert_eq!(play_list(&mut env, &late).total(), 0.2, "found at the tenth step");
    let played = play_list(&mut env, &[]);
    assert_eq!((played.rewards.len(), played.total()), (6 + 8, 0.2));
    let mut wait = 0;
    let mut observer = saccade_observer();
    let played = play(&mut env, None, |seen| {
        let answer = observer(seen);
        wait += usize::from(answer != FIXATE);
        if wait == 8 { answer } else { FIXATE }
    });
    assert_eq!((played.total(), played.correct), (1.7, true), "answered at the eighth step");
}

#[test]
fn the_target_is_the_exclusive_or_of_colour_and_cue() {
    let of = |colour, cue| {
        let trial = SaccadeTrial { colour, cue };
        (trial.kind(), trial.target())
    };
    assert_eq!(of(Colour::Pro, Side::Left), (0, Side::Left));
    assert_eq!(of(Colour::Pro, Side::Right), (1, Side::Right));
    assert_eq!(of(Colour::Anti, Side::Left), (2, Side::Right));
    assert_eq!(of(Colour::Anti, Side::Right), (3, Side::Left));
}
