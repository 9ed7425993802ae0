//! `agrel-xor` and `agrel-counting`: trial and error learns as fast as back-propagation, if surprise is expanded.
//!
//! Roelfsema & van Ooyen, "Attention-gated reinforcement learning of internal representations for classification" (2005),
//! claim that AGREL is as efficient as supervised learning. The table of presentations to criterion compares, on the same
//! network and with the same β, back-propagation of the cross-entropy, AGREL, AGREL without the expansive f (amount = δ) and
//! with the plain amount r − P. Protocol: [`patterns`](super::patterns). As β → 0 AGREL equals back-propagation; above
//! β ≈ 0.3 the noise of single samples wins; without f it never converges.
//!
//! The numbers are those of an independent program in C, with 300 seeds (100 where the table says so): a sample like this
//! one, so a cell agrees if the two differ by at most 1.96 standard errors of their difference, and the table does if nine
//! cells in ten agree and none is further off than three.
//!
//! Departures: 1. The paper's own table of iterations is not known here; the program stands in for it.

use super::patterns::{Cell, Rule, Task, compare};
use super::{ExperimentError, Lab, Report};
use innate_envs::tasks::boolean::{counting, parity};
use innate_nn::Expansion;
use innate_nn::OnlineFeedback;

/// Share of seeds that converged, in percent, and their median presentations (0: none is known).
type Found = (f64, f64);

/// One line of the table: β, and what back-propagation, AGREL, linear δ and plain r − P found.
struct Line {
    rate: f64,
    seeds: usize,
    backprop: Found,
    agrel: Found,
    /// Not run where the seeds are few.
    linear: Option<Found>,
    plain: Found,
}

const fn line(rate: f64, backprop: Found, agrel: Found, plain: Found) -> Line {
    Line { rate, seeds: 300, backprop, agrel, linear: Some((0.0, 0.0)), plain }
}

const fn slow(rate: f64, backprop: Found, agrel: Found) -> Line {
    Line { rate, seeds: 100, backprop, agrel, linear: None, plain: (0.0, 0.0) }
}

const XOR: [Line; 5] = [
    line(0.05, (99.7, 16_455.0), (95.7, 14_175.0), (91.3, 27_700.0)),
    line(0.10, (100.0, 6_830.0), (95.7, 6_360.0), (84.0, 11_725.0)),
    line(0.20, (99.3, 3_165.0), (93.7, 3_145.0), (44.0, 5_000.0)),
    line(0.35, (99.7, 1_900.0), (84.7, 2_310.0), (21.0, 2_790.0)),
    line(1.00, (95.7, 1_075.0), (26.3, 3_400.0), (6.7, 1_350.0)),
];

const COUNT_2: [Line; 2] = [
    line(0.10, (100.0, 1_350.0), (100.0, 1_480.0), (98.3, 4_015.0)),
    line(0.20, (100.0, 705.0), (98.3, 965.0), (99.3, 1_945.0)),
];

const COUNT_3: [Line; 3] = [
    line(0.05, (100.0, 7_845.0), (100.0, 8_645.0), (3.3, 47_010.0)),
    line(0.10, (100.0, 3_965.0), (96.7, 5_905.0), (46.7, 21_905.0)),
    slow(0.02, (100.0, 20_090.0), (100.0, 20_020.0)),
];

const COUNT_4: [Line; 2] =
    [slow(0.02, (100.0, 42_655.0), (100.0, 44_435.0)), slow(0.05, (100.0, 16_515.0), (95.0, 24_740.0))];

/// Runs `agrel-xor`.
pub(super) fn xor(lab: &Lab) -> Result<Report, ExperimentError> {
    let task = Task::new("XOR", &parity(2)?, 3)?;
    compare(lab, "XOR", &cells(&[(&task, &XOR)]))
}

/// Runs `agrel-counting`.
pub(super) fn count(lab: &Lab) -> Result<Report, ExperimentError> {
    let tasks = [(2, 3), (3, 3), (4, 5)].map(|(inputs, hidden)| Task::new("Count", &counting(inputs)?, hidden));
    let [two, three, four] = tasks;
    let (two, three, four) = (two?, three?, four?);
    compare(lab, "Counting", &cells(&[(&two, &COUNT_2), (&three, &COUNT_3), (&four, &COUNT_4)]))
}

fn cells<'a>(tables: &[(&'a Task, &[Line])]) -> Vec<Cell<'a>> {
    let ablated = |expansion| Rule::agrel(expansion, OnlineFeedback::Tied);
    let mut cells = Vec::new();
    for (task, lines) in tables {
        for line in *lines {
            let rules = [
                ("BP", Rule::Backprop, Some(line.backprop)),
                ("AGREL", Rule::AGREL, Some(line.agrel)),
                ("linear δ", ablated(Expansion::Linear), line.linear),
                ("plain r − P", ablated(Expansion::Plain), Some(line.plain)),
            ];
            cells.extend(rules.into_iter().filter_map(|(label, rule, found)| {
                let (converged, median) = found?;
                let median = (median > 0.0).then_some(median);
                Some(Cell { task, label, rule, rate: line.rate, seeds: line.seeds, converged, median })
            }));
        }
    }
    cells
}
