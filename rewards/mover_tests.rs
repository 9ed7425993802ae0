#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::bank::{Bank, Service};
use innate_envs::{Observation, Step};

const SIZE: usize = 64;

/// What happens to a thing at (44, 30): a block of 12 pixels that travels along row 30.
#[derive(Clone, Copy, PartialEq)]
enum Story {
    /// The block comes, takes the thing, and goes back.
    Grab,
    /// It takes the thing on with it.
    GoOn,
    /// The block passes over the thing, which stays.
    Pass,
    /// The thing goes away by itself.
    Alone,
}

/// Where the block's left edge is at step `t`, and whether the thing is on the block.
fn block(story: Story, t: usize) -> Option<usize> {
    match story {
        Story::Grab if t < 12 => Some(4 + 3 * t),
        Story::Grab => Some(40_usize.saturating_sub(3 * (t - 12))),
        Story::GoOn => Some(4 + 3 * t.min(20)).filter(|x| x + 12 <= SIZE),
        Story::Pass => (t < 20).then_some(3 * t).filter(|x| x + 12 <= SIZE),
        Story::Alone => None,
    }
}

fn scene(story: Story, t: usize) -> Observation {
    let (mut frame, mut dx) = (vec![0_u8; SIZE * SIZE], vec![0.0_f32; SIZE * SIZE]);
    let ground = |x: usize, y: usize| 90 + ((x * 7 + y * 13) % 23) as u8;
    let thing = |x: usize, y: usize| if (x + y).is_multiple_of(4) { 255 } else { 20 };
    let taken = matches!(story, Story::Grab | Story::GoOn) && t >= 12;
    let thing_x = match story {
        Story::Grab if taken => 44_usize.saturating_sub(3 * (t - 12)),
        Story::GoOn if taken => 44 + 3 * (t - 12),
        Story::Alone if t >= 12 => 44 - (3 * (t - 12)).min(40),
        _ => 44,
    };
    let thing_moves = taken || story == Story::Alone && (12..25).contains(&t);
    for y in 0..SIZE {
        for x in 0..SIZE {
            let i = y * SIZE + x;
            frame[i] = ground(x, y);
            if (28..36).contains(&y) && (thing_x..thing_x + 8).contains(&x) {
                frame[i] = thing(x - thing_x, y);
                dx[i] = match story {
                    Story::GoOn if taken => 3.0,
                    _ if thing_moves => -3.0,
                    _ => 0.0,
                };
            }
            if let Some(left) = block(story, t).filter(|left| (*left..left + 12).contains(&x) && (26..38).contains(&y))
            {
                frame[i] = if (x - left) % 3 == 0 { 200 } else { 60 };
                dx[i] = if taken && story == Story::Grab { -3.0 } else { 3.0 };
            }
        }
    }
    let fixation = (0..64).map(|cell| f32::from(u8::from(cell == 3 * 8 + 5))).collect();
    let flow = dx.into_iter().chain(std::iter::repeat_n(0.0, SIZE * SIZE)).collect();
    Observation { arrays: vec![Array::U8(frame), Array::F32(flow), Array::F32(fixation)] }
}

fn bank() -> Bank {
    bank_with(MoverOptions::default())
}

fn bank_with(options: MoverOptions) -> Bank {
    let mover: Box<dyn Signal> = Box::new(Mover::new(options).unwrap());
    let seen = [
        ArraySpec::u8(FRAME, &[1, SIZE, SIZE]),
        ArraySpec::f32(FLOW, &[2, SIZE, SIZE], -9.0, 9.0),
        ArraySpec::f32(FIXATION, &[8, 8], 0.0, 1.0),
    ];
    Bank::build(vec![("mover".into(), mover)], &seen).unwrap()
}

/// The events of a story, each with its step, and the steps that were paid.
fn tell(story: Story) -> (Vec<(usize, Vec<f32>)>, Vec<usize>) {
    tell_with(story, MoverOptions::default())
}

fn tell_with(story: Story, options: MoverOptions) -> (Vec<(usize, Vec<f32>)>, Vec<usize>) {
    let mut bank = bank_with(options);
    bank.begin_episode(&scene(story, 0), &mut ()).unwrap();
    let (mut events, mut paid) = (Vec::new(), Vec::new());
    for t in 1..40 {
        bank.step(&scene(story, t), 0, Step::default(), &mut (), |payment| {
            if let Service::Step { ago } = payment.service {
                paid.push(t - ago);
            }
        })
        .unwrap();
        let rows = bank.following()[3].as_f32().unwrap().chunks_exact(ROW);
        events.extend(rows.filter(|row| row[5] > 0.0).map(|row| (t, row.to_vec())));
        bank.advance();
    }
    (events, paid)
}

#[test]
fn what_takes_a_thing_makes_one_event_where_the_thing_was() {
    let (events, paid) = tell(Story::Grab);
    let [(step, event)] = events.as_slice() else { panic!("{events:?}") };
    let entered = step - event[4] as usize;
    assert!((8..13).contains(&entered), "entered at {entered}");
    // Told as soon as it is certain: from the half of the thing, 44 to 52, that is free first.
    assert!((event[2] - 46.0).abs() < 6.0 && (event[3] - 32.0).abs() < 6.0, "{event:?}");
    // A little after motion entered, the block was there.
    assert!((event[0] - event[2]).abs() < 12.0 && (event[1] - 32.0).abs() < 6.0, "{event:?}");
    assert_eq!(paid.iter().min(), Some(&entered), "paid from when motion came");
    assert_eq!(paid.len(), step - entered + 1, "{paid:?}");
}

#[test]
fn what_takes_a_thing_on_with_it_tells_less_than_what_takes_it_back() {
    let events = |story, change| tell_with(story, MoverOptions { change, ..MoverOptions::default() }).0.len();
    assert_eq!((events(Story::Grab, 1.0), events(Story::GoOn, 1.0)), (1, 1));
    assert_eq!((events(Story::Grab, 10.0), events(Story::GoOn, 10.0)), (1, 0));
}

#[test]
fn what_passes_or_goes_by_itself_is_no_event() {
    assert_eq!(tell(Story::Pass), (vec![], vec![]));
    assert_eq!(tell(Story::Alone), (vec![], vec![]));
}

#[test]
fn a_saved_finder_goes_on_in_the_middle_of_a_story() {
    let (mut one, mut two) = (bank(), bank());
    one.begin_episode(&scene(Story::Grab, 0), &mut ()).unwrap();
    for t in 1..14 {
        one.step(&scene(Story::Grab, t), 0, Step::default(), &mut (), |_| {}).unwrap();
        one.advance();
    }
    two.load(one.save()).unwrap();
    let mut events = 0.0;
    for t in 14..30 {
        for bank in [&mut one, &mut two] {
            bank.step(&scene(Story::Grab, t), 0, Step::default(), &mut (), |_| {}).unwrap();
            events += bank.following()[3].as_f32().unwrap()[5];
            bank.advance();
        }
        assert_eq!(one.save(), two.save());
    }
    assert!(events > 0.0);
}
