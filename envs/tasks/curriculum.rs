//! A curriculum: levels of a task, each left for the next once enough of the last trials went well.
//!
//! ```text
//! leave level ℓ   when   trials at ℓ ≥ nℓ   and   correct among the last nℓ  ≥  criterion · nℓ
//! ```

use serde::{Deserialize, Serialize};

/// Share of correct trials, in percent, that a level asks for.
const CRITERION: u32 = 85;

/// Where a learner stands in a curriculum.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Curriculum {
    level: usize,
    trials: u64,
    /// Whether each of the last trials was correct, one bit each, in a ring.
    recent: Vec<u64>,
    correct: u32,
    passed: bool,
}

impl Curriculum {
    /// The present level, from 0.
    pub fn level(&self) -> usize {
        self.level
    }

    /// Trials of the present level so far.
    pub fn trials(&self) -> u64 {
        self.trials
    }

    /// Whether the criterion of the last level has been met.
    pub fn passed(&self) -> bool {
        self.passed
    }

    /// Takes note of a trial; `windows` holds nℓ of each level.
    pub(super) fn note(&mut self, correct: bool, windows: &[u32]) {
        let window = windows[self.level];
        // One length for all levels, so that going on allocates nothing.
        self.recent.resize(words(windows), 0);
        let place = (self.trials % u64::from(window)) as usize;
        let (word, bit) = (&mut self.recent[place / 64], 1 << (place % 64));
        self.correct = self.correct - u32::from(*word & bit != 0) + u32::from(correct);
        *word = if correct { *word | bit } else { *word & !bit };
        self.trials = self.trials.saturating_add(1);
        if self.trials >= window.into() && u64::from(self.correct) * 100 >= u64::from(window) * u64::from(CRITERION) {
            if self.level + 1 < windows.len() {
                (self.level, self.trials, self.correct) = (self.level + 1, 0, 0);
                self.recent.fill(0);
            } else {
                self.passed = true;
            }
        }
    }

    /// Whether it is such as [`Curriculum::note`] can lead to.
    pub(super) fn is_possible(&self, windows: &[u32]) -> bool {
        let ones: u32 = self.recent.iter().map(|word| word.count_ones()).sum();
        let length = self.recent.len();
        self.level < windows.len() && ones == self.correct && (length == 0 || length == words(windows))
    }
}

/// Words of a ring that is long enough for every level.
fn words(windows: &[u32]) -> usize {
    windows.iter().max().map_or(0, |window| window.div_ceil(64) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOWS: [u32; 2] = [20, 100];

    #[test]
    fn a_level_is_left_when_enough_of_the_last_trials_were_correct() {
        let mut curriculum = Curriculum::default();
        (0..19).for_each(|_| curriculum.note(true, &WINDOWS));
        assert_eq!((curriculum.level(), curriculum.trials()), (0, 19));
        curriculum.note(true, &WINDOWS);
        assert_eq!((curriculum.level(), curriculum.trials()), (1, 0));
    }

    #[test]
    fn trials_before_the_last_ones_do_not_count() {
        let mut curriculum = Curriculum::default();
        (0..1_000).for_each(|_| curriculum.note(false, &WINDOWS));
        (0..16).for_each(|_| curriculum.note(true, &WINDOWS));
        assert_eq!(curriculum.level(), 0); // 16 of the last 20
        curriculum.note(true, &WINDOWS);
        assert_eq!(curriculum.level(), 1); // 17 of them: 85 %
    }

    #[test]
    fn the_last_level_is_passed_but_not_left() {
        let mut curriculum = Curriculum::default();
        (0..119).for_each(|_| curriculum.note(true, &WINDOWS));
        assert!(!curriculum.passed());
        (0..500).for_each(|_| curriculum.note(true, &WINDOWS));
        assert!(curriculum.passed() && curriculum.level() == 1 && curriculum.is_possible(&WINDOWS));
    }
}
