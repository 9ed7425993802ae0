//! Munchausen reinforcement learning (Vieillard, Pietquin & Geist 2020): the reward is augmented by the policy's own scaled
//! log-probability, and what is bootstrapped from is a soft maximum.
//!
//! ```text
//! π = softmax(q / τ)
//! y = r + α [τ ln π(a|s)]_{l₀}^0 + γ Σ_a′ π(a′|s′) (q(s′,a′) − τ ln π(a′|s′))      equation 1
//! ```
//!
//! With n steps only the first action's log-probability is added, since only its state is remembered as such.

use crate::learner::LearnerError;
use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

/// The parameters of Munchausen-DQN.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct Munchausen {
    /// How much of the log-probability is added: α.
    pub alpha: f64,
    /// The temperature τ.
    pub temperature: f64,
    /// The least that is added before scaling by α: l₀ ≤ 0.
    pub least: f64,
}

impl Default for Munchausen {
    /// α = .9, τ = .03, l₀ = −1 (Vieillard et al. 2020, section 4).
    fn default() -> Self {
        Self { alpha: 0.9, temperature: 0.03, least: -1.0 }
    }
}

impl Munchausen {
    /// Whether it can be.
    ///
    /// # Errors
    /// A sentence that names the key, its value and what is allowed.
    pub(super) fn check(&self) -> Result<(), LearnerError> {
        let in_range = |key: &str, value: f64, fits: bool, allowed: &str| match fits && (value as f32).is_finite() {
            true => Ok(()),
            false => Err(LearnerError::new(format!("munchausen.{key} = {value} must be {allowed}"))),
        };
        // A comparison with NaN is false, so that NaN is refused as well.
        in_range("alpha", self.alpha, (0.0..=1.0).contains(&self.alpha), "between 0 and 1")?;
        in_range(
            "temperature",
            self.temperature,
            self.temperature >= 1e-6 && self.temperature <= 1e6,
            "between 1e-6 and 1e6",
        )?;
        in_range("least", self.least, self.least <= 0.0, "0 or less")
    }

    /// What is added to the reward of an action with this τ ln π.
    pub(super) fn bonus(&self, scaled_log: f32) -> f32 {
        self.alpha as f32 * scaled_log.clamp(self.least as f32, 0.0)
    }

    /// Makes of the values `q` of all actions τ ln π of each.
    pub(super) fn scaled_logs(&self, q: &mut [f32]) {
        let tau = self.temperature as f32;
        let most = q.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let log_sum = tau * q.iter().map(|q| ((q - most) / tau).exp()).sum::<f32>().ln();
        q.iter_mut().for_each(|q| *q = *q - most - log_sum);
    }

    /// π of an action with this τ ln π.
    pub(super) fn probability(&self, scaled_log: f32) -> f32 {
        (scaled_log / self.temperature as f32).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_sum_to_one_and_a_soft_maximum_is_the_log_of_a_sum() {
        let munchausen = Munchausen { temperature: 0.5, ..Munchausen::default() };
        let q = [1.0_f32, -0.25, 0.75];
        let mut logs = q;
        munchausen.scaled_logs(&mut logs);
        let policy = logs.map(|log| munchausen.probability(log));
        assert!((policy.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        let soft: f32 = policy.iter().zip(q).zip(logs).map(|((p, q), log)| p * (q - log)).sum();
        let expected = 0.5 * q.map(|q| (q / 0.5).exp()).iter().sum::<f32>().ln();
        assert!((soft - expected).abs() < 1e-5, "{soft} {expected}");
    }

    #[test]
    fn the_bonus_is_bounded() {
        let munchausen = Munchausen::default();
        assert_eq!([-5.0, -0.5, 0.0].map(|log| munchausen.bonus(log)), [-0.9, -0.45, 0.0]);
        let mut certain = [1e6_f32, -1e6];
        munchausen.scaled_logs(&mut certain);
        assert_eq!(certain[0], 0.0);
        assert_eq!(munchausen.probability(certain[1]), 0.0);
    }
}
