//! What is remembered, as learners and relabelling signals see it: columns of a sampled batch.

use crate::plan::{MAX_VIEW, Plan, TrialPlan};
use innate_envs::Kind;
use innate_nn::Input;
use innate_replay::{Batch, ColumnId, ReplayError};
use innate_rewards::{Bank, BankError, Sampled, Slice};

/// Inputs of a network, in a place that needs no allocation: the first `view.len()` are set.
type Inputs<'a> = [Input<'a>; MAX_VIEW];

/// The percepts of `view` before each transition of `first` and after each one of `last`, each `[batch, …]`.
pub(crate) fn views<'a>(
    first: &'a Batch,
    last: &'a Batch,
    plan: &Plan,
    view: &[usize],
) -> Result<(Inputs<'a>, Inputs<'a>), ReplayError> {
    let (mut before, mut after) = ([Input::F32(&[]); MAX_VIEW], [Input::F32(&[]); MAX_VIEW]);
    for (place, &percept) in view.iter().enumerate() {
        let column = plan.column(percept)?;
        (before[place], after[place]) = match plan.percepts[percept].kind {
            Kind::U8 => (Input::U8(first.u8(column)?), Input::U8(last.next_u8(column)?)),
            Kind::F32 => (Input::F32(first.f32(column)?), Input::F32(last.next_f32(column)?)),
        };
    }
    Ok((before, after))
}

/// The items of a batch of trials. Nothing follows a trial: what stands for it is the item again.
pub(crate) fn items<'a>(batch: &'a Batch, trials: &TrialPlan) -> Result<(Inputs<'a>, Inputs<'a>), ReplayError> {
    let mut inputs = [Input::F32(&[]); MAX_VIEW];
    inputs[0] = Input::F32(batch.f32(trials.item)?);
    Ok((inputs, inputs))
}

/// Has the relabelling signal at place `signal` pay the transitions of `batch` with what it knows today.
pub(crate) fn relabel(
    bank: &mut Bank,
    plan: &Plan,
    signal: usize,
    batch: &Batch,
    pay: &mut [f32],
) -> Result<(), BankError> {
    let unread = |error: ReplayError| BankError::State(error.to_string());
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for &percept in &plan.signals[signal].reads {
        let column = plan.column(percept).map_err(unread)?;
        let (now, next) = slices(batch, column, plan.percepts[percept].kind).map_err(unread)?;
        before.push(now);
        after.push(next);
    }
    let sampled = Sampled {
        size: batch.size(),
        before: &before,
        after: &after,
        actions: batch.i64(plan.body_actions).map_err(unread)?,
        terminated: batch.terminated(),
    };
    bank.relabel(signal, &sampled, pay)
}

fn slices(batch: &Batch, column: ColumnId, kind: Kind) -> Result<(Slice<'_>, Slice<'_>), ReplayError> {
    Ok(match kind {
        Kind::U8 => (Slice::U8(batch.u8(column)?), Slice::U8(batch.next_u8(column)?)),
        Kind::F32 => (Slice::F32(batch.f32(column)?), Slice::F32(batch.next_f32(column)?)),
    })
}
