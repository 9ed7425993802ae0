//! ε-greedy exploration: with probability ε an action drawn uniformly, else the greedy one (Mnih et al. 2013, Algorithm 1).
//!
//! ```text
//! ε(step) = from + (to − from) · min(step / steps, 1)
//! ```

use serde::{Deserialize, Serialize};

/// The schedule of the exploration rate ε.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, documented::DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct Exploration {
    /// ε at the first step.
    pub from: f64,
    /// ε from step `steps` on.
    pub to: f64,
    /// Environment steps over which ε falls linearly.
    pub steps: u64,
}

impl Default for Exploration {
    fn default() -> Self {
        Self { from: 1.0, to: 0.05, steps: 10_000 }
    }
}

impl Exploration {
    /// ε at environment step `step`.
    pub fn rate(&self, step: u64) -> f64 {
        let done = if self.steps == 0 { 1.0 } else { (step as f64 / self.steps as f64).min(1.0) };
        self.from + (self.to - self.from) * done
    }

    /// Whether both rates are probabilities.
    ///
    /// # Errors
    /// A sentence that names the key, its value and what is allowed.
    pub fn check(&self) -> Result<(), String> {
        for (key, rate) in [("from", self.from), ("to", self.to)] {
            if !(0.0..=1.0).contains(&rate) {
                return Err(format!("exploration.{key} = {rate} must lie between 0 and 1"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_falls_linearly_and_stays() {
        let schedule = Exploration { from: 1.0, to: 0.5, steps: 100 };
        assert_eq!([0, 50, 100, 1000].map(|step| schedule.rate(step)), [1.0, 0.75, 0.5, 0.5]);
        assert_eq!(Exploration { steps: 0, ..schedule }.rate(0), 0.5);
    }
}
