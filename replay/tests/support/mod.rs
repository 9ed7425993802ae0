//! A world that counts its steps, and the simplest possible memory of it, for comparison with the replay.
// Each test takes what it needs.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

use innate_replay::{Batch, Chunk, ColumnId, ColumnSpec, Ending, Kind, Place, Replay, Schema};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use std::sync::Arc;

pub const POSITION: ColumnId = ColumnId(0);
pub const ACTION: ColumnId = ColumnId(1);
pub const FRAME: ColumnId = ColumnId(2);
pub const REWARD: ColumnId = ColumnId(3);
pub const CLOCK: ColumnId = ColumnId(4);
pub const STACK: ColumnId = ColumnId(5);
/// Observations that are seen together in the last column.
pub const HISTORY: usize = 3;

/// Every type of element in both roles where it occurs, of widths with and without a special copy.
pub fn schema() -> Arc<Schema> {
    let columns = vec![
        ColumnSpec::observation("position", Kind::F32, &[2]),
        ColumnSpec::step("action", Kind::I64, &[]),
        ColumnSpec::observation("frame", Kind::U8, &[1, 3]),
        ColumnSpec::step("reward", Kind::F32, &[]),
        ColumnSpec::observation("clock", Kind::I64, &[]),
        ColumnSpec::observation("stack", Kind::I64, &[]).with_history(HISTORY),
    ];
    Arc::new(Schema::new(columns).unwrap())
}

pub fn random(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

/// What is observed at a moment; no two moments look the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    pub position: [f32; 2],
    pub frame: [u8; 3],
    pub clock: i64,
}

impl View {
    pub fn of(moment: u32) -> Self {
        let [low, mid, high, _] = moment.to_le_bytes();
        Self { position: [moment as f32, -0.5], frame: [low, mid, high], clock: -i64::from(moment) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition {
    pub before: View,
    pub action: i64,
    pub reward: f32,
    pub after: View,
    /// The latest moments of the episode, and those after the step.
    pub stack: [i64; HISTORY],
    pub next_stack: [i64; HISTORY],
    pub terminated: bool,
    pub truncated: bool,
    pub ordinal: u64,
}

/// One lane: an actor that writes a chunk and holds steps back, and all transitions that it ever had.
pub struct Actor {
    pub held: Chunk,
    moment: u32,
    held_from: usize,
    pub history: Vec<Transition>,
    /// The moments of the running episode.
    episode: Vec<i64>,
}

/// The latest moments, before the first of which it stands again.
fn latest(moments: &[i64]) -> [i64; HISTORY] {
    std::array::from_fn(|place| moments[(moments.len() + place).saturating_sub(HISTORY)])
}

impl Actor {
    pub fn new(lane: usize) -> Self {
        Self {
            held: Chunk::new(schema()),
            moment: lane as u32 * 1_000_000,
            held_from: 0,
            history: Vec::new(),
            episode: Vec::new(),
        }
    }

    /// Steps, and ends the episode if `ending` is one.
    pub fn step(&mut self, terminated: bool, truncated: bool) {
        let (before, after) = (View::of(self.moment), View::of(self.moment + 1));
        let ordinal = self.history.len() as u64;
        let action = ordinal as i64 * 3;
        let row = self.held.push();
        self.held.f32_mut(POSITION, row).unwrap().copy_from_slice(&before.position);
        self.held.u8_mut(FRAME, row).unwrap().copy_from_slice(&before.frame);
        self.held.i64_mut(CLOCK, row).unwrap()[0] = before.clock;
        self.held.i64_mut(ACTION, row).unwrap()[0] = action;
        self.held.i64_mut(STACK, row).unwrap()[0] = i64::from(self.moment);
        self.episode.push(i64::from(self.moment));
        let stack = latest(&self.episode);
        let next_stack = latest(&[&self.episode[..], &[i64::from(self.moment + 1)]].concat());
        let seen = Transition { before, action, reward: 0.0, after, stack, next_stack, terminated, truncated, ordinal };
        self.history.push(seen);
        self.moment += 1;
        if terminated || truncated {
            self.held.end_episode(Ending { terminated, truncated }).unwrap();
            self.held.final_f32_mut(POSITION).unwrap().copy_from_slice(&after.position);
            self.held.final_u8_mut(FRAME).unwrap().copy_from_slice(&after.frame);
            self.held.final_i64_mut(CLOCK).unwrap()[0] = after.clock;
            self.held.final_i64_mut(STACK).unwrap()[0] = i64::from(self.moment);
            self.episode.clear();
            // The next episode starts with another view than the one that ended with.
            self.moment += 1;
        }
    }

    /// Pays a step that is still held.
    pub fn pay(&mut self, back: usize, amount: f32) {
        let rows = self.held.len();
        if rows > 0 {
            let row = rows - 1 - back % rows;
            self.held.f32_mut(REWARD, row).unwrap()[0] += amount;
            self.history[self.held_from + row].reward += amount;
        }
    }

    pub fn write_head(&mut self) {
        let head = View::of(self.moment);
        self.held.head_f32_mut(POSITION).unwrap().copy_from_slice(&head.position);
        self.held.head_u8_mut(FRAME).unwrap().copy_from_slice(&head.frame);
        self.held.head_i64_mut(CLOCK).unwrap()[0] = head.clock;
        self.held.head_i64_mut(STACK).unwrap()[0] = i64::from(self.moment);
    }

    /// Lets all but the newest `window` steps go.
    pub fn release(&mut self, window: usize, into: &mut Chunk) {
        self.write_head();
        let rows = self.held.len().saturating_sub(window);
        self.held.move_front(rows, into).unwrap();
        self.held_from += rows;
    }

    /// The environment starts anew: whoever holds the newest step is told.
    pub fn interrupt(&mut self, replay: &mut Replay, lane: usize) {
        self.write_head();
        if self.held.is_empty() {
            replay.interrupt(lane).unwrap();
        } else {
            self.held.interrupt().unwrap();
        }
        if let Some(newest) = self.history.last_mut().filter(|newest| !newest.terminated) {
            newest.truncated = true;
        }
        self.episode.clear();
        self.moment += 1;
    }

    /// The transitions that the replay should hold, oldest first.
    pub fn remembered(&self, rows: usize) -> &[Transition] {
        let released = &self.history[..self.held_from];
        &released[released.len().saturating_sub(rows)..]
    }
}

/// The transitions of a batch.
pub fn transitions(batch: &Batch) -> Vec<Transition> {
    let view = |index: usize, positions: &[f32], frames: &[u8], clocks: &[i64]| View {
        position: positions[index * 2..][..2].try_into().unwrap(),
        frame: frames[index * 3..][..3].try_into().unwrap(),
        clock: clocks[index],
    };
    let before = |index| view(index, batch.f32(POSITION).unwrap(), batch.u8(FRAME).unwrap(), batch.i64(CLOCK).unwrap());
    let after = |index| {
        view(index, batch.next_f32(POSITION).unwrap(), batch.next_u8(FRAME).unwrap(), batch.next_i64(CLOCK).unwrap())
    };
    (0..batch.size())
        .map(|index| Transition {
            before: before(index),
            action: batch.i64(ACTION).unwrap()[index],
            reward: batch.f32(REWARD).unwrap()[index],
            after: after(index),
            stack: batch.i64(STACK).unwrap()[index * HISTORY..][..HISTORY].try_into().unwrap(),
            next_stack: batch.next_i64(STACK).unwrap()[index * HISTORY..][..HISTORY].try_into().unwrap(),
            terminated: batch.terminated()[index] == 1,
            truncated: batch.truncated()[index] == 1,
            ordinal: batch.ordinals()[index],
        })
        .collect()
}

/// Every transition of lane `lane`, oldest first.
pub fn all(replay: &Replay, lane: usize) -> Vec<Transition> {
    let places: Vec<Place> = (0..replay.lane_len(lane).unwrap()).map(|row| Place { lane, row }).collect();
    let mut batch = Batch::new(replay.schema(), places.len());
    replay.gather(&places, &mut batch).unwrap();
    transitions(&batch)
}
