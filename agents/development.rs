//! Development: what has been achieved, measured without ground truth, and what it opened and closed.
//!
//! Competence is reduced at the end of each round, in slot order, from what signals counted and noted. A total is the sum since
//! the run began; a mean forgets exponentially:
//!
//! ```text
//! m ← d·m + (1 − d)·mean of the round        d = (1 − 1/N)^values of the round        N = 200
//! ```
//!
//! and counts as known only after [`FEWEST`] values, so that a lucky beginning opens nothing.

use crate::plan::Plan;
use innate_rewards::{Gate, Ledger, Passage, PayEntry, Tally};
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::collections::BTreeMap;

/// Values over which a mean forgets, N.
const HORIZON: f64 = 200.0;
/// Values before a mean is known.
pub const FEWEST: u64 = 100;

/// One metric of one signal over the run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Measure {
    tally: Tally,
    /// The total; or the forgetting sum.
    sum: f64,
    /// The weight of that sum.
    weight: f64,
    values: u64,
}

/// Competence, and what the conditions of a run have been through: part of the checkpoint.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Development {
    /// By signal: its metrics.
    measures: Vec<BTreeMap<String, Measure>>,
    /// By area: whether it learns.
    areas: Vec<Passage>,
    /// By area and entry of its pay.
    pay: Vec<Vec<Passage>>,
}

impl Development {
    /// Nothing has been achieved yet.
    pub fn new(plan: &Plan) -> Self {
        let mut development = Self {
            measures: vec![BTreeMap::new(); plan.signals.len()],
            areas: vec![Passage::default(); plan.areas.len()],
            pay: plan.areas.iter().map(|area| vec![Passage::default(); area.pay.len()]).collect(),
        };
        development.pass_gates(plan, 0);
        development
    }

    /// Whether it is one of `plan`.
    pub fn fits(&self, plan: &Plan) -> bool {
        let same_pay = self.pay.iter().zip(&plan.areas).all(|(passages, area)| passages.len() == area.pay.len());
        let lengths = [self.measures.len(), self.areas.len(), self.pay.len()];
        lengths == [plan.signals.len(), plan.areas.len(), plan.areas.len()] && same_pay
    }

    /// Takes in what one slot counted and noted in a round, in the order of the plan's signals.
    pub fn add_ledgers(&mut self, ledgers: impl IntoIterator<Item = impl Borrow<Ledger>>) {
        for (measures, ledger) in self.measures.iter_mut().zip(ledgers) {
            for note in &ledger.borrow().notes {
                let fresh = Measure { tally: note.tally, sum: 0.0, weight: 0.0, values: 0 };
                if !measures.contains_key(&note.metric) {
                    measures.insert(note.metric.clone(), fresh);
                }
                if let Some(measure) = measures.get_mut(&note.metric) {
                    measure.add(note.sum, note.count);
                }
            }
        }
    }

    /// Opens and closes what is due at environment step `step`.
    pub fn pass_gates(&mut self, plan: &Plan, step: u64) {
        let (measures, areas, pay) = (&self.measures, &mut self.areas, &mut self.pay);
        let metric = |signal: &str, name: &str| {
            let place = plan.signals.iter().position(|other| other.name == signal)?;
            measures.get(place)?.get(name).and_then(Measure::value)
        };
        for ((area, passage), pay) in plan.areas.iter().zip(areas).zip(pay) {
            area.gate.pass(passage, step, metric);
            for ((_, entry), passage) in area.pay.iter().zip(pay) {
                entry.gate.pass(passage, step, metric);
            }
        }
    }

    /// Whether the area at place `area`, of gate `gate`, learns at `step`.
    pub fn learns(&self, area: usize, gate: &Gate, step: u64) -> bool {
        gate.openness(&self.areas[area], step) > 0.0
    }

    /// The weight now of entry `entry`, the `place`-th of the area at place `area`.
    pub fn weight(&self, area: usize, place: usize, entry: &PayEntry, step: u64) -> f64 {
        entry.weight(step, &self.pay[area][place])
    }

    /// The totals of the signal at place `signal`: metric and value.
    pub fn totals(&self, signal: usize) -> impl Iterator<Item = (&str, f64)> {
        let totals = self.measures[signal].iter().filter(|(_, measure)| measure.tally == Tally::Total);
        totals.map(|(metric, measure)| (metric.as_str(), measure.sum))
    }
}

impl Measure {
    fn add(&mut self, sum: f64, count: u64) {
        self.values += count;
        match self.tally {
            Tally::Total => self.sum += sum,
            Tally::Mean if count == 0 => {}
            Tally::Mean => {
                let kept = (1.0 - 1.0 / HORIZON).powf(count as f64);
                self.sum = kept * self.sum + (1.0 - kept) * sum / count as f64;
                self.weight = kept * self.weight + (1.0 - kept);
            }
        }
    }

    fn value(&self) -> Option<f64> {
        match self.tally {
            Tally::Total => Some(self.sum),
            Tally::Mean => (self.values >= FEWEST).then(|| self.sum / self.weight),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_forgets_and_is_known_only_after_enough_values() {
        let mut mean = Measure { tally: Tally::Mean, sum: 0.0, weight: 0.0, values: 0 };
        mean.add(50.0, 50);
        assert_eq!(mean.value(), None);
        mean.add(50.0, 50);
        assert_eq!(mean.value(), Some(1.0));
        mean.add(0.0, 2_000);
        assert!(mean.value().is_some_and(|value| value < 1e-3));
    }

    #[test]
    fn a_total_adds_up_from_the_first_value() {
        let mut total = Measure { tally: Tally::Total, sum: 0.0, weight: 0.0, values: 0 };
        total.add(3.0, 1);
        total.add(4.0, 2);
        assert_eq!(total.value(), Some(7.0));
    }
}
