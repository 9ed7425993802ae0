//! `agrel-ablations`: what AGREL's feedback is for.
//!
//! The protocol of [`patterns`](super::patterns) at β = 0.2, with the feedback weights w′ of Roelfsema & van Ooyen (2005)
//! replaced: learned by the same rule from a start of their own (uniform in ±0.25), fixed at random (uniform in ±1), or
//! absent, so that no attention gates plasticity below (fb = 1). Learned weights keep their distance from the forward ones and lose
//! nothing; random ones cost time; without the gate hardly anything is learned, and without the expansive f nothing.
//!
//! Numbers: an independent program in C, 300 seeds; compared as in [`agrel_table`](super::agrel_table).

use super::patterns::{Cell, Rule, Task, compare};
use super::{ExperimentError, Lab, Report};
use innate_envs::tasks::boolean::{counting, parity};
use innate_nn::Expansion;
use innate_nn::{Initialisation, OnlineFeedback};

/// Runs it.
pub(super) fn run(lab: &Lab) -> Result<Report, ExperimentError> {
    let (xor, count) = (Task::new("XOR", &parity(2)?, 3)?, Task::new("Count", &counting(2)?, 3)?);
    let feedback = |feedback| Rule::agrel(Expansion::Expansive, feedback);
    let (expansion, initial) = (Expansion::Expansive, Initialisation::Uniform(1.0));
    let random = Rule::Agrel { expansion, feedback: OnlineFeedback::Random, initial };
    let linear = Rule::agrel(Expansion::Linear, OnlineFeedback::Tied);
    let cell =
        |task, label, rule, converged, median| Cell { task, label, rule, rate: 0.2, seeds: 300, converged, median };
    let cells = [
        cell(&xor, "tied", Rule::AGREL, 93.7, Some(3_145.0)),
        cell(&xor, "learned", feedback(OnlineFeedback::Learned), 91.3, Some(3_075.0)),
        cell(&xor, "random", random, 87.7, Some(4_600.0)),
        cell(&xor, "no gate", feedback(OnlineFeedback::Ungated), 10.0, Some(34_960.0)),
        cell(&xor, "linear δ", linear, 0.0, None),
        cell(&count, "tied", Rule::AGREL, 98.3, Some(965.0)),
        cell(&count, "random", random, 97.3, Some(1_150.0)),
        cell(&count, "no gate", feedback(OnlineFeedback::Ungated), 52.0, Some(9_990.0)),
        cell(&count, "linear δ", linear, 0.0, None),
    ];
    compare(lab, "AGREL's feedback", &cells)
}
