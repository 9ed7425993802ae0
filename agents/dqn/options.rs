//! The keys of a deep Q-network, and what they may be.

use super::{Distribution, Dqn, Munchausen};
use crate::exploration::Exploration;
use crate::learner::{Gammas, Learner, LearnerContext, LearnerError, LearnerPlan};
use crate::model::{ModelSpec, Sets};
use documented::DocumentedFields;
use innate_envs::options::nearest;
use innate_nn::{
    Biases, CreditSpec, DropoutSpec, EngineSpec, Initialisation, NetworkSpec, NoisySpec, OptimiserSpec, Precision,
    Training,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The keys of a DQN area.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct DqnOptions {
    /// The Q-network: `{ hidden = [256, 256] }`, or its layers one by one.
    pub network: NetworkSpec,
    /// The engine that trains it: "auto", "libtorch" (any network, CPU or CUDA) or "native" (dense and small layers, CPU).
    pub engine: EngineSpec,
    /// How precise the products of layers are: "single", or "bfloat16" (half, on the engine "libtorch"; for CUDA).
    pub precision: Precision,
    /// The rule of credit: "backprop", "feedback-alignment", "direct-feedback-alignment", "sign-symmetric",
    /// "attention-gated", "node-perturbation", "weight-perturbation", or a table with its parameters.
    pub credit: CreditSpec,
    /// Updates between two measurements of the angle between credit and the back-propagated gradient; 0: none.
    pub angle_every: u64,
    /// The optimiser: "adam", "rmsprop", "sgd", or a table with its parameters.
    pub optimiser: OptimiserSpec,
    /// Learning rate.
    pub lr: f64,
    /// Discount factor γ.
    pub gamma: f64,
    /// "one" Q-function of all pay, mixed, or one "per-signal", mixed when acting: a weight that changes then changes what is done at once.
    pub heads: Heads,
    /// Where `heads` is "per-signal", the discount factors of single signals: `{ novelty = 0.9 }`; the others have `gamma`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub gammas: BTreeMap<String, f64>,
    /// Steps whose rewards a return sums before it bootstraps: n.
    pub n_step: usize,
    /// Whether the learning network, not the target network, chooses the action that is bootstrapped from.
    pub double: bool,
    /// Whether a value and the advantages over it are learned in place of values.
    pub dueling: bool,
    /// A distribution of returns in place of values: `{ type = "categorical", atoms, low, high }` (C51) or
    /// `{ type = "quantile", quantiles }` (QR-DQN).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution: Option<Distribution>,
    /// Noise in the weights of dense layers, whose size is learned: `{ sigma = 0.5 }`. It explores by itself: set `exploration` to 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noisy: Option<NoisySpec>,
    /// Munchausen's soft target: `{ alpha, temperature, least }`; `{}` for those of the paper.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub munchausen: Option<Munchausen>,
    /// How a TD error counts, without `distribution`: "huber" (quadratic up to 1, linear beyond) or "squared".
    pub loss: Loss,
    /// Updates between two refreshments of the target network.
    pub target_every: u64,
    /// How far it moves towards the weights each time: 1 (a copy), or less (a soft update).
    pub tau: f64,
    /// Greatest norm of the gradient over all weights; a longer one is shortened. 0 switches clipping off.
    pub clip_gradient: f64,
    /// The exploration rate: `{ from, to, steps }`.
    pub exploration: Exploration,
}

impl Default for DqnOptions {
    fn default() -> Self {
        Self {
            network: NetworkSpec::default(),
            engine: EngineSpec::default(),
            precision: Precision::default(),
            credit: CreditSpec::default(),
            angle_every: 1_000,
            optimiser: OptimiserSpec::default(),
            lr: 1e-3,
            gamma: 0.99,
            heads: Heads::One,
            gammas: BTreeMap::new(),
            n_step: 1,
            double: false,
            dueling: false,
            distribution: None,
            noisy: None,
            munchausen: None,
            loss: Loss::Huber,
            target_every: 500,
            tau: 1.0,
            clip_gradient: 10.0,
            exploration: Exploration::default(),
        }
    }
}

/// Steps of a return at most.
const MOST_STEPS: usize = 64;

/// Of what there are Q-functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Heads {
    /// Of all pay, mixed.
    #[default]
    One,
    /// Of each signal that pays, with a discount factor of its own.
    PerSignal,
}

/// How a TD error counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Loss {
    /// ½δ² up to |δ| = 1, |δ| − ½ beyond.
    Huber,
    /// ½δ².
    Squared,
}

impl Loss {
    /// The loss of one TD error δ.
    pub fn value(self, delta: f32) -> f32 {
        match self {
            Loss::Huber if delta.abs() > 1.0 => delta.abs() - 0.5,
            Loss::Huber | Loss::Squared => 0.5 * delta * delta,
        }
    }

    /// Its derivative by δ.
    pub fn slope(self, delta: f32) -> f32 {
        match self {
            Loss::Huber => delta.clamp(-1.0, 1.0),
            Loss::Squared => delta,
        }
    }
}

impl DqnOptions {
    /// Makes DQN learners with these options.
    ///
    /// # Errors
    /// A value out of range, in a sentence that names it.
    pub fn plan(self) -> Result<LearnerPlan, LearnerError> {
        self.exploration.check().map_err(LearnerError::new)?;
        self.model().check()?;
        let gammas = self.gammas.iter().map(|(signal, &gamma)| (format!("gammas.{signal}"), gamma));
        for (key, gamma) in gammas.chain([("gamma".to_string(), self.gamma)]) {
            // A comparison with NaN is false, so that NaN is refused as well.
            if !(0.0..=1.0).contains(&gamma) {
                return Err(LearnerError::new(format!("{key} = {gamma} must be between 0 and 1")));
            }
        }
        let values_alone = [("distribution", self.distribution.is_some()), ("munchausen", self.munchausen.is_some())];
        match (self.heads, values_alone.into_iter().find(|(_, there)| *there)) {
            (Heads::One, _) if !self.gammas.is_empty() => {
                return Err(LearnerError::new("gammas are for heads = \"per-signal\"; one Q-function has one gamma"));
            }
            (Heads::PerSignal, Some((key, _))) => {
                return Err(LearnerError::new(format!("heads = \"per-signal\" does not go with {key}")));
            }
            _ => {}
        }
        if self.target_every == 0 {
            return Err(LearnerError::new("target_every = 0 must be 1 or more"));
        }
        if !(1..=MOST_STEPS).contains(&self.n_step) {
            return Err(LearnerError::new(format!("n_step = {} must lie between 1 and {MOST_STEPS}", self.n_step)));
        }
        if !(self.tau > 0.0 && self.tau <= 1.0) {
            return Err(LearnerError::new(format!("tau = {} must be greater than 0 and at most 1", self.tau)));
        }
        self.distribution.as_ref().map_or(Ok(()), Distribution::check)?;
        self.munchausen.as_ref().map_or(Ok(()), Munchausen::check)?;
        self.noisy.as_ref().map_or(Ok(()), NoisySpec::check).map_err(LearnerError::new)?;
        Ok(Box::new(move |context: &LearnerContext<'_>| {
            Dqn::new(self.clone(), context).map(|dqn| Box::new(dqn) as Box<dyn Learner>)
        }))
    }

    /// How returns are discounted in an area that `pays` pay.
    ///
    /// # Errors
    /// A signal of `gammas` does not pay the area.
    pub(super) fn discounting(&self, pays: &[&str]) -> Result<Gammas, LearnerError> {
        if let Some(unpaid) = self.gammas.keys().find(|signal| !pays.contains(&signal.as_str())) {
            let hint = nearest(unpaid, pays.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
            let said = format!("gammas.{unpaid}: no signal `{unpaid}` pays this area{}", hint.unwrap_or_default());
            return Err(LearnerError::new(format!("{said} (paid by: {})", pays.join(", "))));
        }
        Ok(match self.heads {
            Heads::One => Gammas::Mixed(self.gamma as f32),
            Heads::PerSignal if pays.is_empty() => {
                return Err(LearnerError::new("heads = \"per-signal\" wants signals that pay; `pay` has none"));
            }
            Heads::PerSignal => {
                let own = |signal: &&str| self.gammas.get(*signal).copied().unwrap_or(self.gamma) as f32;
                Gammas::Apart(pays.iter().map(own).collect())
            }
        })
    }

    /// The part of the keys that describes the Q-network.
    pub(super) fn model(&self) -> ModelSpec {
        ModelSpec {
            network: self.network.clone(),
            initial: Initialisation::Default,
            engine: self.engine,
            training: Training {
                optimiser: self.optimiser.clone(),
                learning_rate: self.lr,
                clip_gradient: (self.clip_gradient != 0.0).then_some(self.clip_gradient),
                credit: self.credit.clone(),
                feedback: Initialisation::Default,
                biases: Biases::Learned,
                precision: self.precision,
            },
            angle_every: self.angle_every,
            sets: Sets::OnlineAndTarget,
            noisy: self.noisy,
            dropout: DropoutSpec::default(),
        }
    }
}
