//! Trials of a perceptual area on their way from the step in which they were paid to the learner.

use crate::plan::TrialPlan;
use innate_envs::Array;
use innate_replay::{Chunk, ColumnId, Ending, ReplayError, Schema};
use std::sync::Arc;

/// What was paid in the present step for the decisions of one area, and where it goes.
pub(crate) struct Trials {
    plan: TrialPlan,
    /// What was paid so far: stack of this area, slot, column, amount.
    paid: Vec<(usize, usize, ColumnId, f32)>,
}

impl Trials {
    /// Nothing was paid yet.
    pub(crate) fn new(plan: TrialPlan) -> Self {
        Self { plan, paid: Vec::new() }
    }

    /// The columns of a trial.
    pub(crate) fn schema(&self) -> &Arc<Schema> {
        &self.plan.schema
    }

    /// Notes what `signal` paid for slot `slot` of the stack which is the percept at place `items`, if it is this area's.
    pub(crate) fn pay(&mut self, signal: usize, items: usize, slot: usize, amount: f32) {
        let stack = self.plan.stacks.iter().position(|stack| stack.items == items);
        if let (Some(stack), Some(column)) = (stack, self.plan.signals[signal]) {
            self.paid.push((stack, slot, column, amount));
        }
    }

    /// Writes one row for each decision that was paid into `chunk`, in the order of stacks and slots, and forgets them.
    pub(crate) fn write(&mut self, percepts: &[Array], chunk: &mut Chunk) -> Result<(), ReplayError> {
        self.paid.sort_unstable_by_key(|&(stack, slot, ..)| (stack, slot));
        let mut last = None;
        for &(place, slot, column, amount) in &self.paid {
            let newest = match last {
                Some(written) if written == (place, slot) => chunk.len() - 1,
                _ => {
                    let stack = &self.plan.stacks[place];
                    let row = chunk.push();
                    let numbers = |place: usize| percepts[place].as_f32().unwrap_or_default();
                    let item = &numbers(stack.items)[slot * stack.width..][..stack.width];
                    chunk.f32_mut(self.plan.item, row)?.copy_from_slice(item);
                    chunk.i64_mut(self.plan.action, row)?[0] = numbers(stack.decisions)[slot * stack.row] as i64;
                    chunk.end_episode(Ending { terminated: true, truncated: false })?;
                    row
                }
            };
            last = Some((place, slot));
            chunk.f32_mut(column, newest)?[0] += amount;
        }
        self.paid.clear();
        Ok(())
    }
}
