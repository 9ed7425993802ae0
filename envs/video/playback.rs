//! Which frame a film shows as time goes on, and what comes after the last.

use super::options::AtEnd;
use std::num::NonZeroU32;

/// A walk of a playhead over `frames` frames.
///
/// The playhead counts places: with [`AtEnd::Swing`] there are `2 (frames − 1)` of them, one for each frame and direction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Playback {
    frames: u32,
    at_end: AtEnd,
}

impl Playback {
    /// A film of at least two frames.
    pub(super) fn new(frames: u32, at_end: AtEnd) -> Self {
        Self { frames, at_end }
    }

    /// Number of places from which an episode may start: all but, where the film ends, the last.
    pub(super) fn starts(&self) -> NonZeroU32 {
        let starts = if self.at_end == AtEnd::End { self.frames - 1 } else { self.places() };
        NonZeroU32::new(starts).unwrap_or(NonZeroU32::MIN)
    }

    /// Whether the playhead can be at `place` while an episode runs.
    pub(super) fn holds(&self, place: u32) -> bool {
        place < self.places() && !self.is_end(place)
    }

    /// The place one step later.
    pub(super) fn next(&self, place: u32) -> u32 {
        (place + 1) % self.places()
    }

    /// The frame shown at `place`.
    pub(super) fn frame(&self, place: u32) -> u32 {
        if place < self.frames { place } else { self.places() - place }
    }

    /// Whether the film is over at `place`.
    pub(super) fn is_end(&self, place: u32) -> bool {
        self.at_end == AtEnd::End && place == self.frames - 1
    }

    fn places(&self) -> u32 {
        match self.at_end {
            AtEnd::Loop | AtEnd::End => self.frames,
            AtEnd::Swing => 2 * (self.frames - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(at_end: AtEnd) -> Vec<u32> {
        let playback = Playback::new(4, at_end);
        let places =
            std::iter::successors(Some(0), |place| Some(playback.next(*place)).filter(|_| !playback.is_end(*place)));
        places.take(9).map(|place| playback.frame(place)).collect()
    }

    #[test]
    fn a_film_loops_swings_or_ends() {
        assert_eq!(shown(AtEnd::Loop), [0, 1, 2, 3, 0, 1, 2, 3, 0]);
        assert_eq!(shown(AtEnd::Swing), [0, 1, 2, 3, 2, 1, 0, 1, 2]);
        assert_eq!(shown(AtEnd::End), [0, 1, 2, 3]);
    }

    #[test]
    fn every_start_leaves_a_step_to_take() {
        assert_eq!([AtEnd::Loop, AtEnd::Swing, AtEnd::End].map(|end| Playback::new(4, end).starts().get()), [4, 6, 3]);
        assert_eq!([AtEnd::Swing, AtEnd::End].map(|end| Playback::new(2, end).starts().get()), [2, 1]);
    }
}
