//! BrainProp, or Q-AGREL: attention-gated learning of values, in networks of any depth (Pozzi, Bohté & Roelfsema 2018, 2020).
//!
//! ```text
//! q = W_L h_{L−1}          s = argmax q with probability 1 − ε, else drawn by softmax(q)      ("max-Boltzmann")
//! δ = r − q_s
//! fb_{L−1} = W_L[s, :]     fb_{l−1} = W_lᵀ (g_l ⊙ fb_l)            g_l = slope of layer l
//! ΔW_L[s, :] = η δ h_{L−1}ᵀ            ΔW_l = η δ (g_l ⊙ fb_l) h_{l−1}ᵀ        = −η ∂(½δ²)/∂W_l
//! ```
//!
//! It is back-propagation for one output unit at a time.
//!
//! Departures from the paper:
//! 1. The scalar may be any pay, and experience may come from a replay.
//! 2. Batch normalisation, which the published deep networks have, is not there; nor is L2 decay. Their dropout is, with units
//!    that are silent for a whole batch ([`innate_nn::Dropout`]).
//! 3. Ties of the greatest value are broken at random: at weight 0 the first action is no better than any other.

use crate::learner::{Learner, LearnerContext, LearnerError, LearnerPlan};
use crate::model::{ModelSpec, Sets};
use crate::reinforced::{self, Reinforced, Rule};
use documented::DocumentedFields;
use innate_nn::{
    AttentionGated, Biases, CreditSpec, DropoutSpec, EngineSpec, Initialisation, NetworkSpec, OptimiserSpec, Precision,
    Reciprocity, Sgd, Training,
};
use serde::{Deserialize, Serialize};

/// The keys of a BrainProp area.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct BrainpropOptions {
    /// The network: `{ hidden = [100] }`, or its layers (dense, conv, local) one by one.
    pub network: NetworkSpec,
    /// How its parameters are drawn: "default", `{ uniform = 0.25 }` or `{ normal = 0.005 }`.
    pub initial: Initialisation,
    /// Whether biases are "learned" or stay "fixed" at 0.
    pub biases: Biases,
    /// Learning rate η.
    pub lr: f64,
    /// Probability ε of a choice by softmax.
    pub epsilon: f64,
    /// The rule of credit; attention-gated with `feedback` = "tied", "learned", "random" or "none", unless another is named.
    pub credit: CreditSpec,
    /// Updates between two measurements of the angle between credit and the back-propagated gradient; 0: none. In batches.
    pub angle_every: u64,
    /// The optimiser; anything but plain "sgd" computes in batches on an engine.
    pub optimiser: OptimiserSpec,
    /// Greatest norm of a change over all weights, in units of lr; 0 switches clipping off. In batches.
    pub clip_gradient: f64,
    /// Probability with which a hidden unit below a dense layer falls silent for a batch that is learned; 0: none. In batches.
    pub dropout: DropoutSpec,
    /// The engine for batches: "auto", "libtorch" or "native".
    pub engine: EngineSpec,
}

impl Default for BrainpropOptions {
    /// One hidden layer of 100 ReLU units without biases, tied feedback, η = .05, ε = .02.
    fn default() -> Self {
        Self {
            network: NetworkSpec::Hidden(vec![100]),
            initial: Initialisation::Default,
            biases: Biases::Fixed,
            lr: 0.05,
            epsilon: 0.02,
            credit: CreditSpec::AttentionGated(AttentionGated { feedback: Reciprocity::Tied }),
            angle_every: 1_000,
            optimiser: OptimiserSpec::Sgd(Sgd::default()),
            clip_gradient: 0.0,
            dropout: DropoutSpec::default(),
            engine: EngineSpec::Auto,
        }
    }
}

impl BrainpropOptions {
    /// Makes BrainProp learners with these options.
    ///
    /// # Errors
    /// A value out of range, in a sentence that names it.
    pub fn plan(self) -> Result<LearnerPlan, LearnerError> {
        if !(0.0..=1.0).contains(&self.epsilon) {
            return Err(LearnerError::new(format!("epsilon = {} must be between 0 and 1", self.epsilon)));
        }
        let (rule, spec) = (Rule::Brainprop { epsilon: self.epsilon }, self.model());
        reinforced::check(&spec)?;
        Ok(Box::new(move |context: &LearnerContext<'_>| {
            Reinforced::new(rule, spec.clone(), context).map(|learner| Box::new(learner) as Box<dyn Learner>)
        }))
    }

    fn model(self) -> ModelSpec {
        ModelSpec {
            network: self.network,
            initial: self.initial,
            engine: self.engine,
            training: Training {
                optimiser: self.optimiser,
                learning_rate: self.lr,
                clip_gradient: (self.clip_gradient != 0.0).then_some(self.clip_gradient),
                credit: self.credit,
                feedback: self.initial,
                biases: self.biases,
                precision: Precision::Single,
            },
            angle_every: self.angle_every,
            sets: Sets::Online,
            noisy: None,
            dropout: self.dropout,
        }
    }
}
