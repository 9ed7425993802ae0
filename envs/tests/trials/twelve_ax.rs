//! The 12-AX task.

use crate::plausible;
use innate_envs::Env;
use innate_envs::tasks::{TwelveAx, TwelveAxOptions};
use std::collections::BTreeMap;
use std::num::NonZeroU32;

fn twelve_ax(options: TwelveAxOptions) -> TwelveAx {
    let mut env = TwelveAx::env(options).unwrap();
    env.reset(Some(1), &mut env.spec().buffer()).unwrap();
    env
}

/// Plays an episode of 12-AX with a perfect memory of digit and letter; answers with its symbols and its rewards.
fn play_twelve_ax(env: &mut TwelveAx, symbols: &str) -> (String, Vec<f64>) {
    let mut seen = env.spec().buffer();
    env.reset(None, &mut seen).unwrap();
    let (mut shown, mut rewards, mut digit) = (String::new(), Vec::new(), ' ');
    loop {
        let row = seen.arrays[0].as_f32().unwrap();
        assert_eq!(row.iter().sum::<f32>(), 1.0);
        let symbol = symbols.chars().nth(row.iter().position(|number| *number == 1.0).unwrap()).unwrap();
        assert_eq!(Some(symbol), env.shown());
        let before = shown.chars().last().unwrap_or(' ');
        if symbol.is_ascii_digit() {
            digit = symbol;
        }
        shown.push(symbol);
        let target = matches!((digit, before, symbol), ('1', 'A', 'X') | ('2', 'B', 'Y'));
        let step = env.step(usize::from(target), &mut seen).unwrap();
        rewards.push(step.reward);
        if step.terminated {
            assert!(seen.arrays[0].as_f32().unwrap().iter().all(|number| *number == 0.0));
            return (shown, rewards);
        }
    }
}

#[test]
fn an_observer_with_two_memories_answers_every_symbol_of_12_ax_rightly() {
    for (loops, distractors, symbols) in [(1, true, "12ABCXYZ"), (1, false, "12ABXY"), (5, true, "12ABCXYZ")] {
        let outer_loops = NonZeroU32::new(loops).unwrap();
        let mut env = twelve_ax(TwelveAxOptions { outer_loops, distractors, ..TwelveAxOptions::default() });
        for _ in 0..500 {
            let (shown, rewards) = play_twelve_ax(&mut env, symbols);
            assert!(rewards.iter().all(|reward| *reward == 1.0), "{shown}: {rewards:?}");
            let inner: Vec<usize> = shown.split(['1', '2']).skip(1).map(str::len).collect();
            assert_eq!(inner.len(), loops as usize);
            assert!(inner.iter().all(|letters| [2, 4, 6, 8].contains(letters)), "{shown}");
        }
    }
}

#[test]
fn a_wrong_answer_of_12_ax_costs_the_penalty() {
    let mut env = twelve_ax(TwelveAxOptions { penalty: -0.5, ..TwelveAxOptions::default() });
    let mut seen = env.spec().buffer();
    env.reset(None, &mut seen).unwrap();
    assert_eq!(env.step(1, &mut seen).unwrap().reward, -0.5, "a digit never asks for `right`");
}

#[test]
fn digits_loops_and_pairs_of_12_ax_have_their_probabilities() {
    for (distractors, symbols) in [(true, "12ABCXYZ"), (false, "12ABXY")] {
        let mut env = twelve_ax(TwelveAxOptions { distractors, ..TwelveAxOptions::default() });
        let (mut ones, mut loops) = (0, [0; 4]);
        let mut pairs = BTreeMap::<String, usize>::new();
        for _ in 0..8_000 {
            let (shown, _) = play_twelve_ax(&mut env, symbols);
            ones += usize::from(shown.starts_with('1'));
            loops[shown.len() / 2 - 1] += 1;
            for at in (1..shown.len()).step_by(2) {
                *pairs.entry(shown[at..at + 2].into()).or_default() += 1;
            }
        }
        assert!(plausible(ones, 8_000, 0.5), "{ones}");
        assert!(loops.iter().all(|count| plausible(*count, 8_000, 0.25)), "{loops:?}");
        let drawn = pairs.values().sum();
        assert_eq!(pairs.len(), if distractors { 9 } else { 4 });
        for (pair, count) in &pairs {
            let others = pairs.len() as f64 - 2.0;
            let probability = if pair == "AX" || pair == "BY" { 0.25 } else { 0.5 / others };
            assert!(plausible(*count, drawn, probability), "{pairs:?}");
        }
    }
}
