//! Tags: which weights had a part in the choices of a trial, and how large.

use super::{AugmentSpec, Layout, MemoryTag, Trial};
use crate::real::Real;
use multiversion::multiversion;

/// Every weight += `step` · Tag, then Tag ← `decay` · Tag. Feedback weights of their own share the Tags of the forward ones,
/// and change with them if they are `learned`.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn change_and_decay<T: Real>(
    layout: &Layout,
    learned: bool,
    parameters: &mut [T],
    tags: &mut [T],
    step: T,
    decay: T,
) {
    if learned {
        let shared = &tags[layout.output_weights.clone()];
        parameters[layout.feedback.clone()].iter_mut().zip(shared).for_each(|(w, &tag)| *w += step * tag);
    }
    for (w, tag) in parameters.iter_mut().zip(tags) {
        *w += step * *tag;
        *tag *= decay;
    }
}

/// Adds this step, at which `selected` was chosen, to the Tags.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn take_up<T: Real>(
    layout: &Layout,
    spec: &AugmentSpec,
    parameters: &[T],
    trial: &mut Trial<T>,
    selected: usize,
) {
    let Trial { sustained, trace, regular, memory, tags, .. } = trial;
    let (from_regular, from_memory) = layout.output_rows(selected);
    tags[from_regular].iter_mut().zip(&*regular).for_each(|(tag, &y)| *tag += y);
    tags[from_memory].iter_mut().zip(&*memory).for_each(|(tag, &y)| *tag += y);
    tags[layout.output_biases.start + selected] += T::one();

    let gate = |y: T, w: T| y * (T::one() - y) * w;
    let (to_regular, to_memory) = layout.feedback_rows(selected);
    let rows = tags[layout.regular_weights.clone()].chunks_exact_mut(layout.inputs);
    for ((row, &y), &w) in rows.zip(&*regular).zip(&parameters[to_regular.clone()]) {
        let gate = gate(y, w);
        row.iter_mut().zip(&*sustained).for_each(|(tag, &x)| *tag += x * gate);
    }
    let biases = &mut tags[layout.regular_biases.clone()];
    for ((tag, &y), &w) in biases.iter_mut().zip(&*regular).zip(&parameters[to_regular]) {
        *tag += gate(y, w);
    }
    if spec.memory_tag == MemoryTag::Recomputed {
        tags[layout.memory_weights.clone()].fill(T::zero());
    }
    let rows = tags[layout.memory_weights.clone()].chunks_exact_mut(2 * layout.inputs);
    for ((row, &y), &w) in rows.zip(&*memory).zip(&parameters[to_memory]) {
        let gate = gate(y, w);
        row.iter_mut().zip(&*trace).for_each(|(tag, &x)| *tag += x * gate);
    }
}
