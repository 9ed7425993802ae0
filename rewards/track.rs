//! `track`: what came to an event is followed back and forth, and seen in other poses (Ullman, Harari & Dorfman 2012, stage 3).
//!
//! ```text
//! p_0 = the event's place,    p_k = middle of the cells that change within 10 pixels of p_{k−1}, a step later (or earlier)
//! ```
//!
//! as long as something changes there, and for `steps` steps at most: farther off one follows the arm.
//!
//! Reads `frame` and `mover.events`; writes `track.events` (`[events · 2 · steps, 6]`, rows like those of `mover.events`, whose place
//! is p_k and whose age that of an event that would be seen there). Who learns from events learns from these as well. Pays
//! nothing. Metric: `places`, their number.

use crate::events::{EVENTS, Event, ROW, SEEN, events};
use crate::grid::{FRAME, frame_size};
use crate::liveliness::CELL;
use crate::mover::light::{Light, middle_of_change};
use crate::past::Past;
use crate::signal::{Declaration, Moment, Purse, Reads, Signal, SignalError};
use crate::state;
use innate_envs::{Array, ArraySpec};
use serde::{Deserialize, Serialize};

/// Options of `track`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, documented::DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct TrackOptions {
    /// Steps that are followed in each direction, 1 to 32.
    pub steps: usize,
    /// Mean change of a pixel from step to step, in grey levels above the frame's median, from which a cell moves.
    pub threshold: f64,
    /// Steps back to which an event may have begun.
    pub window: usize,
}

impl Default for TrackOptions {
    fn default() -> Self {
        Self { steps: 5, threshold: 6.0, window: 40 }
    }
}

/// Follows what came to events.
pub struct Track {
    options: TrackOptions,
    columns: usize,
    state: State,
    /// Places found in this step.
    found: usize,
}

/// All that changes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct State {
    light: Light,
    /// By cell, how much the frame changed.
    changes: Past<f32>,
}

impl Track {
    /// A follower with these options.
    ///
    /// # Errors
    /// A number out of range.
    pub fn new(options: TrackOptions) -> Result<Self, SignalError> {
        let counts = [("steps", options.steps, 1, 32), ("window", options.window, 1, 1024)];
        for (key, value, least, most) in counts {
            if !(least..=most).contains(&value) {
                return Err(SignalError::new(format!("{key} = {value} must lie between {least} and {most}")));
            }
        }
        if !(options.threshold.is_finite() && options.threshold >= 0.0) {
            let said = format!("threshold = {} must be a finite number of 0 or more", options.threshold);
            return Err(SignalError::new(said));
        }
        Ok(Self { options, columns: 0, state: State::default(), found: 0 })
    }

    /// Follows one event, and writes the places into `rows`.
    fn follow<'a>(&self, event: Event, rows: &mut impl Iterator<Item = &'a mut [f32]>) -> usize {
        let Some(seen) = event.age.checked_sub(SEEN) else { return 0 };
        let later = (0..seen).rev().take(self.options.steps);
        let earlier = (seen + 1..).take(self.options.steps);
        self.go(event, later, rows) + self.go(event, earlier, rows)
    }

    /// Goes on from the event's place over these steps, each so many steps ago.
    fn go<'a>(
        &self,
        event: Event,
        steps: impl Iterator<Item = usize>,
        rows: &mut impl Iterator<Item = &'a mut [f32]>,
    ) -> usize {
        let (mut place, mut found) = (event.mover, 0);
        for ago in steps {
            let threshold = self.options.threshold as f32;
            let changes = self.state.changes.ago(ago);
            let next = changes.and_then(|changes| middle_of_change(changes, self.columns, threshold, place));
            let (Some(next), Some(row)) = (next, rows.next()) else { break };
            place = next;
            row.copy_from_slice(&[place.0, place.1, event.changed.0, event.changed.1, (ago + SEEN) as f32, 1.0]);
            found += 1;
        }
        found
    }
}

impl Signal for Track {
    fn declare(&self) -> Declaration {
        Declaration {
            reads: vec![FRAME.into(), EVENTS.into()],
            writes: vec!["track.events".into()],
            metrics: vec!["places".into()],
            ..Declaration::default()
        }
    }

    fn bind(&mut self, reads: &[ArraySpec]) -> Result<Vec<ArraySpec>, SignalError> {
        let (height, width) = frame_size(&reads[0])?;
        Event::check(&reads[1])?;
        self.columns = width / CELL;
        let cells = height / CELL * self.columns;
        self.state = State { light: Light::new(width, height), changes: Past::new(self.options.window + SEEN, cells) };
        let reach = height.max(width).max(self.options.window + 2 * SEEN + self.options.steps) as f32;
        let rows = reads[1].shape[0] * 2 * self.options.steps;
        Ok(vec![ArraySpec::f32("track.events", &[rows, ROW], 0.0, reach)])
    }

    fn begin_episode(&mut self) {
        self.state.light.clear();
        self.state.changes.clear();
        self.found = 0;
    }

    fn perceive(&mut self, reads: Reads<'_>, writes: &mut [Array]) -> Result<(), SignalError> {
        let (frame, happened) = (reads.u8(0)?, reads.f32(1)?);
        let State { light, changes } = &mut self.state;
        light.step(frame);
        changes.push(light.changes());
        let Some(rows) = writes.first_mut().and_then(Array::as_f32_mut) else {
            return Err(SignalError::new("perceive before bind"));
        };
        rows.fill(0.0);
        let mut rows = rows.chunks_exact_mut(ROW);
        self.found = events(happened).map(|event| self.follow(event, &mut rows)).sum();
        Ok(())
    }

    fn pay(&mut self, _: Moment<'_>, purse: &mut Purse) -> Result<(), SignalError> {
        if self.found > 0 {
            purse.count("places", self.found as f64);
        }
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        state::save(&(&self.state, self.found))
    }

    fn load(&mut self, saved: &[u8]) -> Result<(), SignalError> {
        let (state, found): (State, usize) = state::load(saved)?;
        if !self.state.light.is_like(&state.light) {
            return Err(SignalError::new("its saved state is of a frame of another size"));
        }
        self.state.changes.check(&state.changes)?;
        (self.state, self.found) = (state, found);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::bank::Bank;
    use innate_envs::{Observation, Step};

    const SIZE: usize = 64;

    /// A striped block at (3 t, 20) of 8 pixels, and in step 14 the event that it came to (36, 24) 5 steps before.
    fn scene(t: usize) -> Observation {
        let inside = |i: usize| (3 * t..3 * t + 8).contains(&(i % SIZE)) && (20..28).contains(&(i / SIZE));
        let frame =
            (0..SIZE * SIZE).map(|i| if inside(i) && (i % SIZE + t).is_multiple_of(3) { 255 } else { 90 }).collect();
        let mut happened = vec![0.0; 24];
        if t == 14 {
            happened[..6].copy_from_slice(&[40.0, 24.0, 36.0, 24.0, 5.0, 3.0]);
        }
        Observation { arrays: vec![Array::U8(frame), Array::F32(happened)] }
    }

    fn bank() -> Bank {
        let track: Box<dyn Signal> = Box::new(Track::new(TrackOptions::default()).unwrap());
        let seen = [ArraySpec::u8(FRAME, &[1, SIZE, SIZE]), ArraySpec::f32(EVENTS, &[4, 6], 0.0, 99.0)];
        Bank::build(vec![("track".into(), track)], &seen).unwrap()
    }

    #[test]
    fn what_came_is_followed_both_ways_and_a_saved_follower_goes_on() {
        let (mut one, mut two) = (bank(), bank());
        one.begin_episode(&scene(0), &mut ()).unwrap();
        for t in 1..14 {
            one.step(&scene(t), 0, Step::default(), &mut (), |_| {}).unwrap();
            one.advance();
        }
        two.load(one.save()).unwrap();
        for bank in [&mut one, &mut two] {
            bank.step(&scene(14), 0, Step::default(), &mut (), |_| {}).unwrap();
        }
        assert_eq!(one.following(), two.following());
        let found: Vec<Event> = events(one.following()[2].as_f32().unwrap()).collect();
        assert!(found.len() >= 6, "{found:?}");
        for event in found {
            // A block that is seen `ago` steps ago is there, or was in the step before, in cells of 4 pixels.
            let middle = 3.0 * (14 - (event.age - SEEN)) as f32 + 4.0;
            assert!((event.mover.0 - middle).abs() < 8.0 && (event.mover.1 - 24.0).abs() < 5.0, "{event:?}");
        }
    }
}
