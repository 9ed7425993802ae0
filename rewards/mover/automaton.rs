//! One cell of the frame, and what motion did to it.
//!
//! ```text
//! STILL ──motion enters that has come from afar──▶ VISITED ──quiet, and what came has gone away──▶ compare
//!   └──motion begins by itself──▶ STIRRED ──quiet──▶ STILL    ▲ └─quiet, and it went nowhere: it is still there─┘
//! ```

/// Quiet steps after which a cell is still.
const STILL: usize = 3;
/// Quiet steps after which motion that has left is further away.
const GONE: usize = 3;
/// Quiet steps after which what came is there to stay.
pub(super) const RESTING: usize = 8;

/// What a cell has been through.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
enum Phase {
    /// Nothing happens.
    Still,
    /// Motion began here, or had not come from far: whatever follows says nothing.
    Stirred,
    /// Something came in from afar.
    Visited {
        /// Steps since it came in.
        age: usize,
        /// How certain it is that it came from afar, to a place that was still.
        certain: f32,
    },
}

/// A cell.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Cell {
    phase: Phase,
    /// Steps since it last moved.
    quiet: usize,
    /// Whether motion went away when it was over here, and whether it went on somewhere near a little later.
    left: bool,
    gone: bool,
}

/// What a cell asks about a step.
pub(super) trait Neighbourhood {
    /// Whether the cell moves.
    fn moves(&self) -> bool;
    /// How certain it is, from 0 to 1, that motion enters that has come from afar, into a still place that looked as usual.
    fn enters(&self) -> f32;
    /// Whether something beside it has gone away from it lately.
    fn leaves(&self) -> bool;
    /// Whether motion goes on further away.
    fn goes_on(&self) -> bool;
}

/// The times of the automaton.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// Quiet steps after which motion is over.
    pub(super) quiet: usize,
    /// Steps after which a visit is forgotten.
    pub(super) window: usize,
}

/// What follows for a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Outcome {
    /// Nothing.
    Nothing,
    /// Motion comes in: this is the time to remember what was here.
    Entered,
    /// Motion that came in `age` steps ago has left: does the place look different?
    Left {
        /// Steps since it came in.
        age: usize,
        /// How certain it was that it came.
        certain: f32,
    },
}

impl Default for Cell {
    fn default() -> Self {
        Self { phase: Phase::Still, quiet: STILL, left: false, gone: false }
    }
}

impl Cell {
    /// Steps since it last moved.
    pub(super) fn quiet(&self) -> usize {
        self.quiet
    }

    /// Takes one step.
    pub(super) fn step(&mut self, around: &impl Neighbourhood, times: Times) -> Outcome {
        if around.moves() { self.moved(around) } else { self.rested(around, times) }
    }

    fn moved(&mut self, around: &impl Neighbourhood) -> Outcome {
        let rested = std::mem::take(&mut self.quiet);
        (self.left, self.gone) = (false, false);
        match &mut self.phase {
            Phase::Still => {
                let certain = if rested >= STILL { around.enters() } else { 0.0 };
                if certain > 0.0 {
                    self.phase = Phase::Visited { age: 0, certain };
                    return Outcome::Entered;
                }
                self.phase = Phase::Stirred;
            }
            Phase::Stirred => {}
            Phase::Visited { age, .. } => *age += 1,
        }
        Outcome::Nothing
    }

    fn rested(&mut self, around: &impl Neighbourhood, times: Times) -> Outcome {
        self.quiet = self.quiet.saturating_add(1);
        let over = self.quiet >= times.quiet;
        match &mut self.phase {
            Phase::Still => {}
            Phase::Stirred if over => self.phase = Phase::Still,
            Phase::Stirred => {}
            Phase::Visited { age, certain } => {
                *age += 1;
                let (age, certain) = (*age, *certain);
                self.left |= self.quiet == 1 && around.leaves();
                // What only came to rest has stopped everywhere by then.
                self.gone |= self.quiet == GONE && around.goes_on();
                let left = self.quiet == times.quiet && self.left && self.gone;
                let stays = self.quiet >= RESTING;
                if left || stays || age >= times.window {
                    self.phase = Phase::Still;
                }
                if left && age < times.window {
                    return Outcome::Left { age, certain };
                }
            }
        }
        Outcome::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: Times = Times { quiet: 3, window: 20 };

    /// A step by its letter: `m` motion from afar, `s` motion of its own, `b` quiet beside motion, `a` quiet with motion
    /// further away, `.` quiet.
    struct Letter(char);

    impl Neighbourhood for Letter {
        fn moves(&self) -> bool {
            matches!(self.0, 'm' | 's')
        }
        fn enters(&self) -> f32 {
            if self.0 == 'm' { 0.5 } else { 0.0 }
        }
        fn leaves(&self) -> bool {
            self.0 == 'b'
        }
        fn goes_on(&self) -> bool {
            self.0 == 'a'
        }
    }

    fn outcomes(line: &str) -> Vec<Outcome> {
        let mut cell = Cell::default();
        let steps = line.chars().map(|letter| cell.step(&Letter(letter), TIMES));
        steps.filter(|outcome| *outcome != Outcome::Nothing).collect()
    }

    #[test]
    fn motion_that_comes_and_goes_makes_a_place_worth_comparing() {
        assert_eq!(outcomes("..mmmb.a."), [Outcome::Entered, Outcome::Left { age: 5, certain: 0.5 }]);
    }

    #[test]
    fn what_stays_is_waited_for() {
        assert_eq!(outcomes("mm......ssb.a."), [Outcome::Entered, Outcome::Left { age: 12, certain: 0.5 }]);
        assert_eq!(outcomes("mmb......"), [Outcome::Entered]);
        assert_eq!(outcomes("mm...........ssb.a."), [Outcome::Entered]);
        assert_eq!(outcomes("mm......ssssssssssssssb.a."), [Outcome::Entered]);
    }

    #[test]
    fn what_begins_by_itself_is_no_visit() {
        assert_eq!(outcomes("..sssb.a..."), []);
        assert_eq!(outcomes("ssb.a.mmb.a."), [Outcome::Entered, Outcome::Left { age: 4, certain: 0.5 }]);
    }
}
