//! Heads: what the outputs of a Q-network stand for.
//!
//! ```text
//! value         Q(s,a) = y_a                                                              one output per action
//! categorical   Q(s,a) = Σ_j z_j p_j,  p = softmax(y_a),  z_j = low + j (high − low)/(N−1)   Bellemare et al. 2017
//! quantile      Q(s,a) = (1/N) Σ_j θ_j,  θ = y_a                                          Dabney et al. 2018
//! per signal    Q(s,a) = Σ_k w_k q_k,  q = y_a,  w: the pay table's weights now            van Seijen et al. 2017, equation 5
//! dueling       y_a = V + A_a − (1/|A|) Σ_b A_b                                           Wang et al. 2016, equation 9
//! ```
//!
//! The network knows none of this: it has (actions + 1 if dueling) · N outputs, the head makes of them the N numbers of each
//! action, and brings the error of these back to the outputs. Both are linear or act on one action's numbers alone, so that every
//! engine and every rule of credit trains every head.
//!
//! Departures from the papers:
//! 1. V and A share their last hidden layer; Wang et al. give each a layer of its own.
//! 2. No gradient is rescaled where the two streams meet.
//! 3. Where each signal has a value of its own, all are bootstrapped from the action that the mixed value prefers, and so tell what the
//!    policy that acts will be paid; van Seijen et al. give each its own maximum, which tells what a policy would be paid that nobody follows.

use super::Loss;
use crate::learner::LearnerError;
use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

/// A distribution of returns in place of its mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Distribution {
    /// Probabilities of fixed returns (C51).
    Categorical(Categorical),
    /// Returns of fixed probabilities (QR-DQN).
    Quantile(Quantile),
}

/// Fixed returns.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct Categorical {
    /// Their number N.
    pub atoms: usize,
    /// The least of them.
    pub low: f64,
    /// The greatest of them.
    pub high: f64,
}

/// Fixed probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct Quantile {
    /// Their number N: quantiles (j + ½)/N.
    pub quantiles: usize,
}

impl Default for Categorical {
    /// 51 returns from −10 to 10 (Bellemare et al. 2017, section 5).
    fn default() -> Self {
        Self { atoms: 51, low: -10.0, high: 10.0 }
    }
}

impl Default for Quantile {
    /// 200 quantiles (Dabney et al. 2018, section 5).
    fn default() -> Self {
        Self { quantiles: 200 }
    }
}

/// Numbers of an action at most.
const MOST_ATOMS: usize = 1_000;

impl Distribution {
    /// Whether it can be.
    ///
    /// # Errors
    /// A sentence that names the key, its value and what is allowed.
    pub(super) fn check(&self) -> Result<(), LearnerError> {
        let (key, count) = match self {
            Self::Categorical(Categorical { atoms, low, high }) => {
                // A comparison with NaN is false, so that NaN is refused as well.
                let apart = (high - low) / (*atoms).max(2) as f64;
                let fits =
                    [*low, *high].iter().all(|end| end.abs() <= 1e30) && apart > 1e-4 * low.abs().max(high.abs());
                if !fits {
                    let said = "distribution.low must be less than high by so much that atoms can be told apart in single precision";
                    return Err(LearnerError::new(format!(
                        "{said}; found low = {low}, high = {high}, atoms = {atoms}"
                    )));
                }
                ("atoms", *atoms)
            }
            Self::Quantile(Quantile { quantiles }) => ("quantiles", *quantiles),
        };
        match count {
            2..=MOST_ATOMS => Ok(()),
            _ => Err(LearnerError::new(format!("distribution.{key} = {count} must lie between 2 and {MOST_ATOMS}"))),
        }
    }
}

/// What the outputs of a Q-network stand for.
#[derive(Clone, Debug)]
pub(super) struct Head {
    actions: usize,
    /// Numbers of an action.
    atoms: usize,
    dueling: bool,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Value(Loss),
    /// A value for each signal, and what each weighs.
    Signals(Loss, Vec<f32>),
    /// The returns z.
    Categorical(Vec<f32>),
    Quantile,
}

/// How to bootstrap from an action.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bootstrap<'a> {
    /// The share of this action in the target, π(a′|s′).
    pub(super) share: f32,
    /// What was paid before, of each return that is discounted apart, `[parts]`.
    pub(super) rewards: &'a [f32],
    /// What each such return is worth, γ^m, `[parts]`; 0 after a terminal state.
    pub(super) discounts: &'a [f32],
    /// What the return is greater by for a soft maximum: −τ ln π(a′|s′); else 0.
    pub(super) entropy: f32,
}

impl Head {
    /// For an area with so many actions.
    pub(super) fn new(actions: usize, dueling: bool, distribution: Option<&Distribution>, loss: Loss) -> Self {
        let (atoms, kind) = match distribution {
            None => (1, Kind::Value(loss)),
            Some(Distribution::Categorical(Categorical { atoms, low, high })) => {
                let step = (high - low) / (*atoms - 1) as f64;
                (*atoms, Kind::Categorical((0..*atoms).map(|j| (low + j as f64 * step) as f32).collect()))
            }
            Some(Distribution::Quantile(Quantile { quantiles })) => (*quantiles, Kind::Quantile),
        };
        Self { actions, atoms, dueling, kind }
    }

    /// For an area with so many actions, paid by so many signals, each of which has a value of its own.
    pub(super) fn per_signal(actions: usize, dueling: bool, signals: usize, loss: Loss) -> Self {
        Self { actions, atoms: signals, dueling, kind: Kind::Signals(loss, vec![0.0; signals]) }
    }

    /// Returns that are discounted apart: those of each signal, or one.
    pub(super) fn parts(&self) -> usize {
        self.weights().len().max(1)
    }

    /// What each signal weighs, `[parts]`, if each has a value of its own; else nothing.
    pub(super) fn weights(&self) -> &[f32] {
        if let Kind::Signals(_, weights) = &self.kind { weights } else { &[] }
    }

    /// The same, to be changed.
    pub(super) fn weights_mut(&mut self) -> &mut [f32] {
        if let Kind::Signals(_, weights) = &mut self.kind { weights } else { &mut [] }
    }

    /// Outputs of the network.
    pub(super) fn outputs(&self) -> usize {
        (self.actions + usize::from(self.dueling)) * self.atoms
    }

    /// Numbers of all actions, and of each of them.
    pub(super) fn width(&self) -> usize {
        self.actions * self.atoms
    }

    /// Numbers of an action.
    pub(super) fn atoms(&self) -> usize {
        self.atoms
    }

    /// Makes of `outputs`, `[batch, outputs]`, the numbers of each action, `[batch, actions, atoms]`.
    pub(super) fn read(&self, outputs: &[f32], numbers: &mut [f32]) {
        if !self.dueling {
            return numbers.copy_from_slice(outputs);
        }
        let share = 1.0 / self.actions as f32;
        for (outputs, numbers) in outputs.chunks_exact(self.outputs()).zip(numbers.chunks_exact_mut(self.width())) {
            let (value, advantages) = outputs.split_at(self.atoms);
            for (atom, value) in value.iter().enumerate() {
                let own = || advantages.iter().skip(atom).step_by(self.atoms);
                let base = value - share * own().sum::<f32>();
                let each = numbers.iter_mut().skip(atom).step_by(self.atoms).zip(own());
                each.for_each(|(number, advantage)| *number = base + advantage);
            }
        }
    }

    /// Makes of the error at the numbers, `[batch, actions, atoms]`, that at the outputs, `[batch, outputs]`.
    pub(super) fn write_error(&self, error: &[f32], outputs: &mut [f32]) {
        if !self.dueling {
            return outputs.copy_from_slice(error);
        }
        let share = 1.0 / self.actions as f32;
        for (error, outputs) in error.chunks_exact(self.width()).zip(outputs.chunks_exact_mut(self.outputs())) {
            let (value, advantages) = outputs.split_at_mut(self.atoms);
            for (atom, value) in value.iter_mut().enumerate() {
                let own = || error.iter().skip(atom).step_by(self.atoms);
                *value = own().sum();
                let each = advantages.iter_mut().skip(atom).step_by(self.atoms).zip(own());
                each.for_each(|(advantage, error)| *advantage = error - share * *value);
            }
        }
    }

    /// Q of each action of one sample, from its numbers, `[actions, atoms]`.
    pub(super) fn values(&self, numbers: &[f32], q: &mut [f32]) {
        for (q, numbers) in q.iter_mut().zip(numbers.chunks_exact(self.atoms)) {
            *q = self.value(numbers);
        }
    }

    /// Q of one action, from its numbers, `[atoms]`.
    pub(super) fn value(&self, numbers: &[f32]) -> f32 {
        match &self.kind {
            Kind::Value(_) => numbers[0],
            Kind::Signals(_, weights) => numbers.iter().zip(weights).map(|(q, weight)| weight * q).sum(),
            Kind::Quantile => numbers.iter().sum::<f32>() / numbers.len() as f32,
            Kind::Categorical(returns) => {
                let most = greatest(numbers);
                let (mut sum, mut mean) = (0.0, 0.0);
                for (z, number) in returns.iter().zip(numbers) {
                    let weight = (number - most).exp();
                    sum += weight;
                    mean += weight * z;
                }
                mean / sum
            }
        }
    }

    /// Adds to `target`, `[atoms]`, what bootstrapping from an action gives, whose numbers are `after`.
    pub(super) fn bootstrap(&self, after: &[f32], from: Bootstrap<'_>, target: &mut [f32]) {
        let Bootstrap { share, rewards, discounts, entropy } = from;
        match &self.kind {
            Kind::Value(_) | Kind::Signals(..) | Kind::Quantile => {
                for (atom, (target, z)) in target.iter_mut().zip(after).enumerate() {
                    let part = atom.min(rewards.len() - 1);
                    // A return of infinity (a target that diverged) times a discount of 0 would be no number.
                    let later = if discounts[part] == 0.0 { 0.0 } else { discounts[part] * (z + entropy) };
                    *target += share * (rewards[part] + later);
                }
            }
            Kind::Categorical(returns) => {
                let (low, high) = (returns[0], returns[returns.len() - 1]);
                let step = (high - low) / (returns.len() - 1) as f32;
                let most = greatest(after);
                let sum: f32 = after.iter().map(|number| (number - most).exp()).sum();
                for (z, number) in returns.iter().zip(after) {
                    let p = share * (number - most).exp() / sum;
                    // Between the two returns beside it the probability is shared out in proportion (Algorithm 1).
                    let place = ((rewards[0] + discounts[0] * (z + entropy)).clamp(low, high) - low) / step;
                    let below = (place.floor() as usize).min(returns.len() - 2);
                    let upper = place - below as f32;
                    target[below] += p * (1.0 - upper);
                    target[below + 1] += p * upper;
                }
            }
        }
    }

    /// The loss of the taken action's numbers for this target, and how far it was off: the TD error δ (of the mixed value, where each
    /// signal has its own), or for probabilities the divergence KL(target ‖ p). `error`, if wanted, becomes ∂loss/∂numbers.
    pub(super) fn loss(&self, numbers: &[f32], target: &[f32], mut error: Option<&mut [f32]>) -> (f32, f32) {
        match &self.kind {
            Kind::Value(loss) => {
                let delta = numbers[0] - target[0];
                if let Some(error) = error {
                    error[0] = loss.slope(delta);
                }
                (loss.value(delta), delta)
            }
            Kind::Signals(loss, weights) => {
                let (mut cost, mut mixed) = (0.0, 0.0);
                for (signal, weight) in weights.iter().enumerate() {
                    let delta = numbers[signal] - target[signal];
                    cost += loss.value(delta);
                    mixed += weight * delta;
                    if let Some(error) = error.as_deref_mut() {
                        error[signal] = loss.slope(delta);
                    }
                }
                (cost, mixed)
            }
            Kind::Categorical(_) => cross_entropy(numbers, target, error),
            Kind::Quantile => {
                let loss = quantile_huber(numbers, target, error);
                (loss, self.value(numbers) - self.value(target))
            }
        }
    }
}

fn greatest(numbers: &[f32]) -> f32 {
    numbers.iter().copied().fold(f32::NEG_INFINITY, f32::max)
}

/// −Σ_j target_j ln p_j with p = softmax(numbers), and what of it is beyond the target's own entropy. Its derivative is p − target.
fn cross_entropy(numbers: &[f32], target: &[f32], error: Option<&mut [f32]>) -> (f32, f32) {
    let most = greatest(numbers);
    let log_sum = numbers.iter().map(|number| (number - most).exp()).sum::<f32>().ln() + most;
    let (mut loss, mut entropy) = (0.0, 0.0);
    for (number, &target) in numbers.iter().zip(target) {
        loss += target * (log_sum - number);
        entropy -= if target > 0.0 { target * target.ln() } else { 0.0 };
    }
    if let Some(error) = error {
        for (error, (number, target)) in error.iter_mut().zip(numbers.iter().zip(target)) {
            *error = (number - log_sum).exp() - target;
        }
    }
    (loss, (loss - entropy).max(0.0))
}

/// Σ_i mean_j |τ_i − [u_ij < 0]| huber(u_ij) with u_ij = target_j − θ_i and τ_i = (i + ½)/N (Dabney et al. 2018, equation 10).
fn quantile_huber(quantiles: &[f32], target: &[f32], mut error: Option<&mut [f32]>) -> f32 {
    let count = quantiles.len() as f32;
    let mut loss = 0.0;
    for (i, theta) in quantiles.iter().enumerate() {
        let tau = (i as f32 + 0.5) / count;
        let mut slope = 0.0;
        for y in target {
            let u = y - theta;
            let asymmetry = if u < 0.0 { 1.0 - tau } else { tau } / count;
            loss += asymmetry * Loss::Huber.value(u);
            slope -= asymmetry * Loss::Huber.slope(u);
        }
        if let Some(error) = error.as_deref_mut() {
            error[i] = slope;
        }
    }
    loss
}

#[cfg(test)]
#[path = "head_tests.rs"]
mod tests;
