#![allow(clippy::unwrap_used)]

use super::*;
use crate::bank::{Bank, BankError, Service};
use crate::stack::{Decide, Perceiver};
use innate_envs::{Observation, Step};

const SIZE: usize = 48;

/// A plain frame; with an event, stripes around (36, 12), and that something was there.
fn scene(event: bool) -> Observation {
    striped(event, event)
}

/// A frame that is plain but for stripes, if it is `striped`, around (36, 12), and perhaps the event that something was there.
fn striped(striped: bool, event: bool) -> Observation {
    let stripes = |i: usize| (28..44).contains(&(i % SIZE)) && (4..20).contains(&(i / SIZE)) && i % 4 < 2;
    let frame = (0..SIZE * SIZE).map(|i| if striped && stripes(i) { 255 } else { (i % 7) as u8 }).collect();
    let mut happened = vec![0.0; 24];
    if event {
        happened[..6].copy_from_slice(&[36.0, 12.0, 36.0, 12.0, 3.0, 3.0]);
    }
    Observation { arrays: vec![Array::U8(frame), Array::F32(vec![0.0; 2 * SIZE * SIZE]), Array::F32(happened)] }
}

fn bank(options: HandOptions) -> Bank {
    let mut bank = built(options, 2).unwrap();
    bank.seed(|_| Random::seed_from_u64(7));
    bank
}

/// A bank whose area `hand` has so many choices.
fn built(options: HandOptions, actions: usize) -> Result<Bank, BankError> {
    let hand: Box<dyn Signal> = Box::new(Hand::new(options).unwrap());
    let seen = [
        ArraySpec::u8(FRAME, &[1, SIZE, SIZE]),
        ArraySpec::f32(FLOW, &[2, SIZE, SIZE], -9.0, 9.0),
        ArraySpec::f32(EVENTS, &[4, 6], 0.0, 99.0),
    ];
    let area = Perceiver { name: "hand".into(), stacks: vec!["hand.examples".into()], actions };
    Bank::with_areas(vec![("hand".into(), hand)], &[area], &seen)
}

#[test]
fn an_area_of_other_choices_is_refused_before_anything_runs() {
    let said = built(HandOptions::default(), 3).err().unwrap().to_string();
    assert!(said.contains("the area `hand` must have choices = 2: no and yes"), "{said}");
}

/// Says yes to what has contrast.
struct Contrast;

impl Contrast {
    fn of(item: &[f32]) -> f32 {
        item.iter().map(|value| value * value).sum::<f32>().sqrt()
    }
}

impl Decide for Contrast {
    fn decide(&mut self, _: usize, item: &[f32], row: &mut [f32]) -> Result<(), SignalError> {
        let contrast = Self::of(item);
        row.copy_from_slice(&[f32::from(u8::from(contrast > 0.8)), 0.0, contrast]);
        Ok(())
    }
}

#[test]
fn event_patches_are_yes_and_quiet_patches_no() {
    let mut bank = bank(HandOptions { threshold: 0.3, ..HandOptions::default() });
    bank.begin_episode(&scene(false), &mut Contrast).unwrap();
    let mut paid = Vec::new();
    for step in 0..60 {
        bank.step(&scene(step % 4 == 0), 0, Step::default(), &mut Contrast, |payment| paid.push(payment)).unwrap();
        bank.advance();
    }
    assert!(paid.iter().all(|payment| matches!(payment.service, Service::Trial { stack: 3, slot } if slot < 8)));
    let right = paid.iter().filter(|payment| payment.amount == 1.0).count() as f64 / paid.len() as f64;
    // Some quiet places show the stripes in part.
    assert!(right > 0.7, "{right}");
    let notes = bank.take_ledgers().next().unwrap().notes;
    let note = |metric: &str| notes.iter().find(|note| note.metric == metric).unwrap().clone();
    assert_eq!(note("examples").sum, 15.0);
    assert!(note("separation").sum / note("separation").count as f64 > 0.8);
}

/// Whether each of the first four lessons shows stripes, after a story in which they lie there until something comes at step 5,
/// which the event of step 10 tells.
fn lessons_of_before(options: HandOptions) -> Vec<bool> {
    let mut bank = bank(HandOptions { varied: false, held_out: 0, ..options });
    let told = |step: usize| {
        let mut scene = striped(step < 5, step == 10);
        if step == 10 {
            scene.arrays[2].as_f32_mut().unwrap()[4] = 5.0;
        }
        scene
    };
    bank.begin_episode(&told(0), &mut Contrast).unwrap();
    // Later quiet patches outnumber those that show the stripes in part.
    for step in 1..=60 {
        bank.step(&told(step), 0, Step::default(), &mut Contrast, |_| {}).unwrap();
        bank.advance();
    }
    let slots = bank.current()[3].as_f32().unwrap().chunks_exact(descriptor::length(FINE));
    slots.take(4).map(|slot| Contrast::of(slot) > 0.8).collect()
}

#[test]
fn what_lay_there_before_is_taught_to_be_something_else_whoever_teaches_unless_a_key_says_no() {
    let usual = HandOptions::default;
    assert_eq!(lessons_of_before(usual()), [false, false, false, true]);
    assert_eq!(lessons_of_before(HandOptions { before: false, ..usual() }), [false; 4]);
    assert!(lessons_of_before(HandOptions { teacher: Teacher::Random, ..usual() })[3]);
    // One event is the only one that is taken in; it is before the limit.
    assert!(lessons_of_before(HandOptions { most: 1, ..usual() })[3]);
}

#[test]
fn of_the_lessons_of_something_else_three_in_four_are_of_what_passed() {
    // The same percept tells of events and of what passed, so that both show stripes.
    let share = |passing: Vec<String>| {
        let usual = HandOptions { varied: false, before: false, held_out: 0, ..HandOptions::default() };
        let mut bank = bank(HandOptions { passing, ..usual });
        bank.begin_episode(&scene(false), &mut Contrast).unwrap();
        let (mut striped, mut all) = (0, 0);
        for step in 0..200 {
            bank.step(&scene(step % 40 == 0), 0, Step::default(), &mut Contrast, |_| {}).unwrap();
            bank.advance();
            if step >= 10 {
                let slots = bank.current()[3].as_f32().unwrap().chunks_exact(descriptor::length(FINE));
                let others = slots.take(8).skip(1).step_by(2);
                striped += others.filter(|slot| Contrast::of(slot) > 0.8).count();
                all += 4;
            }
        }
        striped as f64 / f64::from(all)
    };
    let (with, without) = (share(vec![EVENTS.into()]), share(Vec::new()));
    assert!((0.7..0.8).contains(&with) && without < 0.05, "{with}, {without}");
}

#[test]
fn an_example_reaches_as_far_as_its_scale_says() {
    let mut bank = bank(HandOptions { scale: 2, varied: false, ..HandOptions::default() });
    bank.begin_episode(&scene(false), &mut Contrast).unwrap();
    for step in 1..=5 {
        bank.step(&scene(step == 5), 0, Step::default(), &mut Contrast, |_| {}).unwrap();
        bank.advance();
    }
    let described = |scale: usize| {
        let (mut zoom, mut out) = (Zoom::new(scale, (SIZE, SIZE)).unwrap(), vec![0.0; descriptor::length(FINE)]);
        zoom.shrink(scene(true).arrays[0].as_u8().unwrap());
        zoom.describe(zoom.small(), (36.0, 12.0), &mut out);
        out
    };
    let asked = &bank.current()[3].as_f32().unwrap()[..descriptor::length(FINE)];
    assert!(asked == described(2) && asked != described(1));
    assert!(Hand::new(HandOptions { scale: 0, ..HandOptions::default() }).is_err());
}

#[test]
fn an_example_is_seen_otherwise_each_time_unless_the_key_says_no() {
    let looks = |varied: bool| {
        let mut bank = bank(HandOptions { varied, most: 1, held_out: 0, ..HandOptions::default() });
        bank.begin_episode(&scene(false), &mut Contrast).unwrap();
        let mut looks = Vec::new();
        for step in 0..20 {
            bank.step(&scene(step == 5), 0, Step::default(), &mut Contrast, |_| {}).unwrap();
            bank.advance();
            if step > 5 {
                // The first trial is of the one event patch.
                looks.push(bank.current()[3].as_f32().unwrap()[..descriptor::length(FINE)].to_vec());
            }
        }
        looks.dedup();
        looks.len()
    };
    assert_eq!((looks(false), looks(true)), (1, 14));
}

#[test]
fn examples_end_at_the_greatest_number() {
    let mut bank = bank(HandOptions { most: 3, ..HandOptions::default() });
    bank.begin_episode(&scene(false), &mut Contrast).unwrap();
    for _ in 0..10 {
        bank.step(&scene(true), 0, Step::default(), &mut Contrast, |_| {}).unwrap();
        bank.advance();
    }
    assert_eq!(bank.take_ledgers().next().unwrap().notes[0].sum, 3.0);
}

#[test]
fn without_events_nothing_is_taught() {
    let mut bank = bank(HandOptions::default());
    bank.begin_episode(&scene(false), &mut Contrast).unwrap();
    for _ in 0..20 {
        bank.step(&scene(false), 0, Step::default(), &mut Contrast, |_| unreachable!()).unwrap();
        bank.advance();
    }
}

#[test]
fn a_saved_teacher_goes_on_with_what_it_remembers() {
    let (mut one, mut two) = (bank(HandOptions::default()), bank(HandOptions::default()));
    one.begin_episode(&scene(false), &mut Contrast).unwrap();
    for _ in 0..9 {
        one.step(&scene(true), 0, Step::default(), &mut Contrast, |_| {}).unwrap();
        one.advance();
    }
    two.load(one.save()).unwrap();
    for bank in [&mut one, &mut two] {
        bank.step(&scene(true), 0, Step::default(), &mut Contrast, |_| {}).unwrap();
    }
    assert_eq!(one.following(), two.following());
    assert_eq!(one.save(), two.save());
}
