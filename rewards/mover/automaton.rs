//! One cell of the frame, and what motion did to it.
//!
//! ```text
//! STILL ──motion enters from a neighbour it has travelled through──▶ VISITED ──quiet, and motion went on to a neighbour──▶ compare
//!   └──motion begins by itself──▶ STIRRED ──quiet──▶ STILL              ▲ └─quiet, and it went nowhere: it is still there─┘
//! ```

/// Quiet steps after which motion that has left is further away.
pub(super) const GONE: usize = 3;

/// What a cell has been through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum Phase {
    /// Nothing happens.
    Still,
    /// Motion began here, or had not come from far: whatever follows says nothing.
    Stirred,
    /// Motion came in from beside, this many steps ago.
    Visited {
        /// Steps since it came in.
        age: usize,
    },
}

/// A cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Cell {
    pub(super) phase: Phase,
    /// Steps since it last moved.
    quiet: usize,
    /// Whether a neighbour moved when it came to rest, and whether motion was further away a little later.
    left: bool,
    gone: bool,
}

/// What a cell is told of a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Notice {
    /// Whether it moves.
    pub(super) moves: bool,
    /// Cells through which the motion that could come in has travelled; 0 if no neighbour moved a step before.
    pub(super) travelled: usize,
    /// Whether a neighbour moves.
    pub(super) beside: bool,
    /// Whether something moves a little further away.
    pub(super) away: bool,
}

/// What follows for a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing.
    Nothing,
    /// Motion comes in: this is the time to remember what was here.
    Entered,
    /// Motion that came in `age` steps ago has left: does the place look different?
    Left {
        /// Steps since it came in.
        age: usize,
    },
}

/// The times of the automaton.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// Quiet steps after which motion is over.
    pub(super) quiet: usize,
    /// Steps after which a visit is forgotten.
    pub(super) window: usize,
    /// Cells that motion must have travelled through before it counts as coming from elsewhere.
    pub(super) travelled: usize,
}

impl Default for Cell {
    fn default() -> Self {
        Self { phase: Phase::Still, quiet: 0, left: false, gone: false }
    }
}

impl Cell {
    /// Whether the next step asks for what moves further away, if the cell does not move.
    pub(super) fn asks(&self) -> bool {
        self.quiet + 1 == GONE && matches!(self.phase, Phase::Visited { .. })
    }

    /// Takes one step.
    pub(super) fn step(&mut self, notice: Notice, times: Times) -> Outcome {
        if notice.moves {
            let still = self.phase == Phase::Still;
            self.quiet = 0;
            (self.left, self.gone) = (false, false);
            if still && notice.travelled >= times.travelled {
                self.phase = Phase::Visited { age: 0 };
                return Outcome::Entered;
            }
            if still {
                self.phase = Phase::Stirred;
            }
        } else {
            self.quiet += 1;
            // Motion goes on beside in the step in which it is over here, or in the next.
            self.left |= self.quiet <= 2 && notice.beside;
            // What only came to rest has stopped everywhere by then.
            self.gone |= self.quiet == GONE && notice.away;
        }
        match self.phase {
            Phase::Still => Outcome::Nothing,
            Phase::Stirred => {
                if self.quiet >= times.quiet {
                    self.phase = Phase::Still;
                }
                Outcome::Nothing
            }
            Phase::Visited { age } => self.visited(age + 1, times),
        }
    }

    fn visited(&mut self, age: usize, times: Times) -> Outcome {
        let over = self.quiet == times.quiet && self.left && self.gone;
        self.phase = if over || age >= times.window { Phase::Still } else { Phase::Visited { age } };
        if over && age < times.window { Outcome::Left { age } } else { Outcome::Nothing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: Times = Times { quiet: 3, window: 20, travelled: 2 };

    /// Outcomes for a line of steps: `m` moves after motion from afar, `s` moves by itself, `b` is quiet beside motion, `a` quiet with motion further away, `.` quiet.
    fn outcomes(line: &str) -> Vec<Outcome> {
        let mut cell = Cell::default();
        let notice = |step: char| Notice {
            moves: matches!(step, 'm' | 's'),
            travelled: if step == 'm' { 5 } else { 0 },
            beside: step == 'b',
            away: step == 'a',
        };
        line.chars().map(|step| cell.step(notice(step), TIMES)).filter(|outcome| *outcome != Outcome::Nothing).collect()
    }

    #[test]
    fn motion_that_comes_and_goes_makes_a_place_worth_comparing() {
        assert_eq!(outcomes("..mmmb.a."), [Outcome::Entered, Outcome::Left { age: 5 }]);
    }

    #[test]
    fn what_stays_is_waited_for() {
        assert_eq!(outcomes("mm......ssb.a."), [Outcome::Entered, Outcome::Left { age: 12 }]);
        assert_eq!(outcomes("mmb......"), [Outcome::Entered]);
        assert_eq!(outcomes("mm.........................ssb.a."), [Outcome::Entered]);
    }

    #[test]
    fn what_begins_by_itself_is_no_visit() {
        assert_eq!(outcomes("..sssb.a..."), []);
        assert_eq!(outcomes("ssb.a.mmb.a."), [Outcome::Entered, Outcome::Left { age: 4 }]);
    }
}
