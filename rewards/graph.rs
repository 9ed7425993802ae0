//! The order in which signals and areas run: each after the writers of what it reads.

use crate::bank::BankError;
use innate_envs::ArraySpec;
use std::collections::{BTreeMap, VecDeque};

/// A signal or an area as the graph sees it: what connects it to others.
pub(crate) struct Links {
    /// `signal` or `area`.
    pub(crate) what: &'static str,
    /// Its name.
    pub(crate) name: String,
    /// Percepts it reads: their writers come before.
    pub(crate) reads: Vec<String>,
    /// Percepts it reads when all are written.
    pub(crate) awaits: Vec<String>,
    /// Percepts it writes.
    pub(crate) writes: Vec<String>,
}

/// The places of `nodes` such that each comes after the writers of what it reads; otherwise in the order given.
///
/// # Errors
/// A cycle, a missing percept, or a percept with two writers.
pub(crate) fn order(nodes: &[Links], observation: &[ArraySpec]) -> Result<Vec<usize>, BankError> {
    let writers = writers(nodes, observation)?;
    let mut waits = vec![Vec::new(); nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        for percept in node.reads.iter().chain(&node.awaits) {
            if !writers.contains_key(percept.as_str()) {
                return Err(BankError::Missing {
                    reader: node.titled(),
                    percept: percept.clone(),
                    available: writers.keys().copied().collect::<Vec<_>>().join(", "),
                });
            }
        }
        waits[index].extend(node.reads.iter().filter_map(|percept| writers[percept.as_str()]));
    }
    let mut order = Vec::with_capacity(nodes.len());
    let mut left: VecDeque<usize> = (0..nodes.len()).collect();
    while let Some(at) = left.iter().position(|&index| waits[index].iter().all(|other| order.contains(other))) {
        order.extend(left.remove(at));
    }
    match left.front() {
        Some(&start) => Err(BankError::Cycle(cycle_from(start, &waits, &order, nodes))),
        None => Ok(order),
    }
}

/// Who writes each percept; nobody among `nodes` writes what the environment shows.
fn writers<'a>(
    nodes: &'a [Links],
    observation: &'a [ArraySpec],
) -> Result<BTreeMap<&'a str, Option<usize>>, BankError> {
    let mut writers: BTreeMap<&str, Option<usize>> =
        observation.iter().map(|spec| (spec.name.as_str(), None)).collect();
    for (index, node) in nodes.iter().enumerate() {
        for percept in &node.writes {
            if let Some(first) = writers.insert(percept, Some(index)) {
                let first = first.map_or("the environment".into(), |first| nodes[first].titled());
                return Err(BankError::Twice { percept: percept.clone(), first, second: node.titled() });
            }
        }
    }
    Ok(writers)
}

/// Walks from a node that waits along what it waits for until one comes again: `a waits for b waits for a`.
fn cycle_from(start: usize, waits: &[Vec<usize>], done: &[usize], nodes: &[Links]) -> String {
    let mut path = vec![start];
    while let Some(&next) = path.last().and_then(|&at| waits[at].iter().find(|other| !done.contains(other))) {
        let seen = path.iter().position(|&index| index == next);
        path.push(next);
        if let Some(seen) = seen {
            path.drain(..seen);
            break;
        }
    }
    path.iter().map(|&index| format!("`{}`", nodes[index].name)).collect::<Vec<_>>().join(" waits for ")
}

impl Links {
    fn titled(&self) -> String {
        format!("{} `{}`", self.what, self.name)
    }
}
