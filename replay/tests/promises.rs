//! What the replay promises, one by one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use innate_replay::{Batch, Chunk, ColumnId, ColumnSpec, Ending, Kind, Place, Replay, ReplayError, Schema};
use std::sync::Arc;
use support::{ACTION, Actor, CLOCK, HISTORY, POSITION, REWARD, View, all, random, schema, transitions};

/// A replay of one lane with all that `actor` has done.
fn filled(actor: &mut Actor, capacity: usize) -> Replay {
    let (mut chunk, mut replay) = (Chunk::new(schema()), Replay::new(schema(), 1, capacity).unwrap());
    actor.release(0, &mut chunk);
    replay.insert(0, &chunk).unwrap();
    replay
}

#[test]
fn truncation_keeps_the_final_observation() {
    let mut actor = Actor::new(0);
    actor.step(false, false);
    actor.step(false, true);
    actor.step(false, false);
    let replay = filled(&mut actor, 10);
    let stored = all(&replay, 0);
    assert_eq!((stored[1].terminated, stored[1].truncated), (false, true));
    assert_eq!(stored[1].after, View::of(2));
    assert_eq!(stored[2].before, View::of(3), "the next episode starts elsewhere");
}

#[test]
fn termination_and_truncation_stay_apart_even_when_both_hold() {
    let mut actor = Actor::new(0);
    let endings = [(true, false), (false, true), (true, true)];
    endings.into_iter().for_each(|(terminated, truncated)| actor.step(terminated, truncated));
    let stored = all(&filled(&mut actor, 10), 0);
    let found: Vec<_> = stored.iter().map(|transition| (transition.terminated, transition.truncated)).collect();
    assert_eq!(found, endings);
}

#[test]
fn the_newest_transition_has_its_next_observation_too() {
    let mut actor = Actor::new(0);
    (0..7).for_each(|_| actor.step(false, false));
    let stored = all(&filled(&mut actor, 3), 0);
    assert_eq!(stored.len(), 3);
    assert_eq!(stored[2].after, View::of(7));
}

#[test]
fn final_observations_leave_with_their_rows() {
    let (mut actor, mut chunk) = (Actor::new(0), Chunk::new(schema()));
    let mut replay = Replay::new(schema(), 1, 5).unwrap();
    for round in 0..100 {
        actor.step(round % 2 == 0, true);
        actor.release(0, &mut chunk);
        replay.insert(0, &chunk).unwrap();
        chunk.clear();
    }
    assert_eq!(all(&replay, 0), actor.remembered(5));
    // Five observations of 8 + 3 + 8 + 8 bytes with their ordinals, in a queue that never needs more room than there are rows.
    assert_eq!(replay.summary().finals, 5 * (27 + 8));
}

#[test]
fn a_step_that_is_held_back_can_still_be_paid() {
    let (mut actor, mut chunk) = (Actor::new(0), Chunk::new(schema()));
    (0..6).for_each(|_| actor.step(false, false));
    actor.release(4, &mut chunk);
    assert_eq!((chunk.len(), actor.held.len()), (2, 4));
    actor.held.f32_mut(REWARD, 0).unwrap()[0] += 2.5;
    actor.release(0, &mut chunk);
    let mut replay = Replay::new(schema(), 1, 6).unwrap();
    replay.insert(0, &chunk).unwrap();
    let rewards: Vec<f32> = all(&replay, 0).iter().map(|transition| transition.reward).collect();
    assert_eq!(rewards, [0.0, 0.0, 2.5, 0.0, 0.0, 0.0]);
}

#[test]
fn a_row_begins_at_zero_in_a_chunk_that_was_used_before() {
    let mut chunk = Chunk::new(schema());
    let row = chunk.push();
    chunk.f32_mut(REWARD, row).unwrap()[0] = 9.0;
    chunk.clear();
    assert!(chunk.is_empty());
    let row = chunk.push();
    assert_eq!(chunk.f32_mut(REWARD, row).unwrap(), [0.0]);
}

#[test]
fn final_observations_stay_right_when_more_episodes_end_than_ever_before() {
    let (mut actor, mut chunk) = (Actor::new(0), Chunk::new(schema()));
    let mut replay = Replay::new(schema(), 1, 64).unwrap();
    for step in 0..160 {
        actor.step(step >= 100 || step % 8 == 0, false);
        actor.release(0, &mut chunk);
        replay.insert(0, &chunk).unwrap();
        chunk.clear();
        assert_eq!(all(&replay, 0), actor.remembered(64));
    }
}

#[test]
fn an_environment_that_starts_anew_truncates_its_episode() {
    let (mut actor, mut chunk) = (Actor::new(0), Chunk::new(schema()));
    actor.step(false, false);
    let mut replay = filled(&mut actor, 4);
    actor.interrupt(&mut replay, 0);
    replay.interrupt(0).unwrap();
    let stored = all(&replay, 0);
    assert_eq!((stored[0].terminated, stored[0].truncated, stored[0].after), (false, true, View::of(1)));
    actor.step(true, false);
    actor.release(0, &mut chunk);
    replay.insert(0, &chunk).unwrap();
    assert_eq!(all(&replay, 0), actor.remembered(4));
    Replay::new(schema(), 1, 4).unwrap().interrupt(0).unwrap();
}

#[test]
fn every_transition_is_equally_likely_in_lanes_of_different_length() {
    let mut replay = Replay::new(schema(), 3, 60).unwrap();
    let lengths = [20, 3, 9];
    for (lane, length) in lengths.into_iter().enumerate() {
        let (mut actor, mut chunk) = (Actor::new(lane), Chunk::new(schema()));
        (0..length).for_each(|_| actor.step(false, false));
        actor.release(0, &mut chunk);
        replay.insert(lane, &chunk).unwrap();
    }
    let (mut counts, mut batch, mut rng) = (vec![[0_u32; 20]; 3], Batch::new(replay.schema(), 64), random(7));
    let draws = 64 * 1_000;
    for _ in 0..1_000 {
        replay.sample(&mut rng, &mut batch).unwrap();
        batch.places().iter().for_each(|place| counts[place.lane][place.row] += 1);
    }
    let expected = f64::from(draws) / 32.0;
    let stored = lengths.iter().zip(&counts).flat_map(|(&length, counts)| &counts[..length]);
    let chi_square: f64 = stored.map(|&count| (f64::from(count) - expected).powi(2) / expected).sum();
    // 31 degrees of freedom: 99.9 % of uniform samples stay below 61.1.
    assert!(chi_square < 61.1, "χ² = {chi_square}");
    assert_eq!(counts.iter().flatten().sum::<u32>(), draws as u32);
}

#[test]
fn the_same_generator_draws_the_same_batch() {
    let mut actor = Actor::new(0);
    (0..50).for_each(|step| actor.step(step % 7 == 0, false));
    let replay = filled(&mut actor, 40);
    let draw = |seed| {
        let mut batch = Batch::new(replay.schema(), 32);
        replay.sample(&mut random(seed), &mut batch).unwrap();
        transitions(&batch)
    };
    assert_eq!(draw(3), draw(3));
    assert_ne!(draw(3), draw(4));
}

#[test]
fn a_chunk_longer_than_its_lane_leaves_the_newest() {
    let mut actor = Actor::new(0);
    (0..100).for_each(|step| actor.step(step % 3 == 0, false));
    assert_eq!(all(&filled(&mut actor, 7), 0), actor.remembered(7));
}

#[test]
fn the_memory_told_is_the_memory_of_the_columns() {
    let replay = Replay::new(schema(), 4, 1_003).unwrap();
    assert_eq!(replay.capacity(), 1_000, "shared out evenly, rounded down");
    let (observations, steps) = (8 + 3 + 8 + 8, 8 + 4 + 1 + 1);
    assert_eq!(replay.memory(), 4 * (250 + HISTORY) * (observations + steps));
    let line = "1,000 transitions, 40.5 KiB (observations 26.7, steps 13.8, ends of episodes 0.0)";
    assert_eq!(replay.summary().to_string(), line);
}

#[test]
fn a_next_observation_takes_no_memory_of_its_own() {
    let frames = vec![ColumnSpec::observation("frame", Kind::U8, &[84, 84])];
    let replay = Replay::new(Arc::new(Schema::new(frames).unwrap()), 1, 1_000).unwrap();
    assert_eq!(replay.memory(), 1_001 * (84 * 84 + 2));
}

#[test]
fn a_stack_of_frames_takes_the_memory_of_one() {
    let frames = vec![ColumnSpec::observation("frame", Kind::U8, &[84, 84]).with_history(4)];
    let replay = Replay::new(Arc::new(Schema::new(frames).unwrap()), 1, 1_000).unwrap();
    assert_eq!(replay.memory(), 1_004 * (84 * 84 + 2));
    // What Atari needs (Mnih et al. 2015): a million transitions, each with an action and a reward, in 6.6 GiB.
    let bytes = 84 * 84 + 8 + 4 + 2;
    assert!(1_000_004.0 * f64::from(bytes) < 7.2 * f64::from(1 << 30));
}

#[test]
fn a_capacity_that_cannot_be_is_refused_with_its_reason() {
    let refused = |lanes, capacity| Replay::new(schema(), lanes, capacity).unwrap_err().to_string();
    assert!(refused(1, 0).contains("a capacity of 0 transitions is too small for 1 lanes"));
    assert!(refused(8, 7).contains("a capacity of 7 transitions is too small for 8 lanes"));
    assert!(refused(0, 7).contains("there must be a lane"));
    assert!(refused(1, 1 << 60).contains("47269781688880726139 bytes in all"));
    assert!(refused(1, usize::MAX).contains("cannot be had"));
}

#[test]
fn what_cannot_be_stored_is_refused_and_changes_nothing() {
    let mut replay = Replay::new(schema(), 2, 10).unwrap();
    let mut batch = Batch::new(replay.schema(), 2);
    assert!(matches!(replay.sample(&mut random(1), &mut batch), Err(ReplayError::Empty)));
    let mut chunk = Chunk::new(schema());
    chunk.push();
    let said = replay.insert(0, &chunk).unwrap_err().to_string();
    assert!(said.contains("the observation `position` that follows the last of 1 rows was not written"), "{said}");
    chunk.end_episode(Ending { terminated: true, truncated: false }).unwrap();
    assert!(matches!(replay.insert(2, &chunk), Err(ReplayError::Lane { lane: 2, lanes: 2 })));
    let other = Arc::new(Schema::new(vec![ColumnSpec::step("x", Kind::U8, &[])]).unwrap());
    let said = replay.insert(0, &Chunk::new(other.clone())).unwrap_err().to_string();
    assert!(said.contains("[x u8[]] where [position f32[2]"), "{said}");
    assert!(replay.is_empty());
    replay.insert(0, &chunk).unwrap();
    assert!(matches!(replay.sample(&mut random(1), &mut Batch::new(&other, 2)), Err(ReplayError::Schema { .. })));
    let gathered = replay.gather(&[Place { lane: 0, row: 0 }, Place { lane: 0, row: 1 }], &mut batch);
    assert!(matches!(gathered, Err(ReplayError::Row { row: 1, rows: 1 })));
    let gathered = replay.gather(&[Place { lane: 0, row: 0 }], &mut batch);
    assert!(matches!(gathered, Err(ReplayError::BatchSize { places: 1, size: 2 })));
}

#[test]
fn what_cannot_be_written_is_refused_with_its_reason() {
    let mut chunk = Chunk::new(schema());
    let ending = Ending { terminated: true, truncated: false };
    assert!(chunk.end_episode(ending).unwrap_err().to_string().contains("the chunk has no row"));
    assert!(matches!(chunk.final_f32_mut(POSITION), Err(ReplayError::NoFinal)));
    let row = chunk.push();
    let none = Ending { terminated: false, truncated: false };
    assert!(chunk.end_episode(none).unwrap_err().to_string().contains("neither"));
    chunk.end_episode(ending).unwrap();
    assert!(chunk.end_episode(ending).unwrap_err().to_string().contains("already"));
    assert_eq!(chunk.u8_mut(ACTION, row).unwrap_err().to_string(), "column `action` holds i64, not u8");
    assert!(matches!(chunk.head_i64_mut(ACTION), Err(ReplayError::NotObserved { .. })));
    assert!(matches!(chunk.head_f32_mut(CLOCK), Err(ReplayError::Kind { .. })));
    assert!(matches!(chunk.i64_mut(ACTION, 1), Err(ReplayError::Row { row: 1, rows: 1 })));
    // The columns that tell how episodes ended are not written by hand.
    assert!(matches!(chunk.u8_mut(ColumnId(6), row), Err(ReplayError::NoColumn { column: 6, columns: 6 })));
    assert!(matches!(chunk.move_front(2, &mut Chunk::new(schema())), Err(ReplayError::TooFewRows { .. })));
}

#[test]
fn a_chunk_from_a_damaged_file_is_refused() {
    let mut actor = Actor::new(0);
    actor.step(false, true);
    actor.step(false, false);
    let bytes = postcard::to_stdvec(&actor.held).unwrap();
    let mut refused = 0;
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1;
        // Either it is refused, or it is a chunk that fits together and can be used like any other.
        match postcard::from_bytes::<Chunk>(&damaged) {
            Ok(mut chunk) => {
                let mut into = Chunk::new(chunk.schema().clone());
                chunk.move_front(chunk.len(), &mut into).unwrap();
            }
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 10);
}
