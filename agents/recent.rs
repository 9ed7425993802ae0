//! Recent observations: what an area sees at once, where one observation does not tell how things move.
//!
//! ```text
//! φ(t) = (x_{t−k+1}, …, x_t),    x_0 in place of what was before an episode began        Mnih et al. 2013, section 4.1: k = 4
//! ```
//!
//! Acting, the stack is kept here; learning, the replay makes the same one from observations that it stores once each.

use crate::error::StartError;
use crate::learner::LearnerError;
use innate_envs::Array;
use serde::{Deserialize, Serialize};

/// The latest observations of a view.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Recent {
    /// k
    frames: usize,
    /// By percept of the view: the stack, oldest first. Nothing where k = 1, or before an episode's first observation.
    stacks: Vec<Array>,
}

impl Recent {
    /// Of `frames` observations.
    pub(crate) fn new(frames: usize) -> Self {
        Self { frames, stacks: Vec::new() }
    }

    /// Forgets what was seen: an episode begins.
    pub(crate) fn begin_episode(&mut self) {
        self.stacks.clear();
    }

    /// Takes in the percepts of `view`.
    pub(crate) fn see(&mut self, percepts: &[Array], view: &[usize]) {
        if self.frames == 1 {
            return;
        }
        if self.stacks.is_empty() {
            self.stacks.extend(view.iter().map(|&place| match &percepts[place] {
                Array::U8(values) => Array::U8(values.repeat(self.frames)),
                Array::F32(values) => Array::F32(values.repeat(self.frames)),
            }));
            return;
        }
        for (stack, &place) in self.stacks.iter_mut().zip(view) {
            match (stack, &percepts[place]) {
                (Array::U8(stack), Array::U8(newest)) => push(stack, newest),
                (Array::F32(stack), Array::F32(newest)) => push(stack, newest),
                _ => {}
            }
        }
    }

    /// The stacks; nothing where a view is seen as it is.
    pub(crate) fn stacks(&self) -> Option<&[Array]> {
        (self.frames > 1).then_some(&self.stacks)
    }

    /// Takes back what was saved.
    ///
    /// # Errors
    /// It is of stacks of another depth.
    pub(crate) fn load(&mut self, saved: Self, area: &str) -> Result<(), StartError> {
        if saved.frames != self.frames {
            let said = format!("it had seen {} observations at once, expected {}", saved.frames, self.frames);
            return Err(StartError::Learner(area.into(), LearnerError::new(said)));
        }
        *self = saved;
        Ok(())
    }
}

/// Puts the newest at the end of a stack, from which the oldest leaves.
fn push<T: Copy>(stack: &mut [T], newest: &[T]) {
    stack.copy_within(newest.len().., 0);
    let end = stack.len() - newest.len();
    stack[end..].copy_from_slice(newest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_seen_and_the_first_stands_for_what_was_before() {
        let mut recent = Recent::new(3);
        let see = |recent: &mut Recent, x: u8| {
            recent.see(&[Array::F32(vec![9.0]), Array::U8(vec![x, x + 10])], &[1]);
            recent.stacks().map(<[Array]>::to_vec)
        };
        let stack = |values: [u8; 6]| Some(vec![Array::U8(values.into())]);
        assert_eq!(see(&mut recent, 1), stack([1, 11, 1, 11, 1, 11]));
        assert_eq!(see(&mut recent, 2), stack([1, 11, 1, 11, 2, 12]));
        see(&mut recent, 3);
        assert_eq!(see(&mut recent, 4), stack([2, 12, 3, 13, 4, 14]));
        recent.begin_episode();
        assert_eq!(see(&mut recent, 5), stack([5, 15, 5, 15, 5, 15]));
        assert_eq!(Recent::new(1).stacks(), None);
    }
}
