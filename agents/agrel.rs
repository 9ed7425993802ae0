//! AGREL: attention-gated reinforcement learning (Roelfsema & van Ooyen 2005).
//!
//! One unit s wins a stochastic competition, one scalar comes back from outside, and attentional feedback from the winner
//! alone gates which synapses may change. No error vector is sent, and yet the expected change is that of
//! back-propagation.
//!
//! ```text
//! P_k = exp(a_k) / Σ_l exp(a_l)      Pr(s = k) = P_k
//! δ = 1 − P_s if rewarded, −1 if not
//! f(δ) = δ / (1 − δ) if δ ≥ 0        f(−1) = −1
//! Δw_kj = β f(δ) y_j z_k             Δw′_jk = Δw_kj                      the feedback weights w′ learn as w does
//! fb_j  = w′_js                      Δv_ji = β f(δ) x_i y_j(1 − y_j) fb_j        and so on downwards
//! ```
//!
//! Averaged over choices, `Σ_s P_s · f(δ) z_k = [k is right] − P_k`: the cross-entropy gradient, in every layer.
//!
//! Departures from the paper:
//! 1. Any scalar r may pay. With `f(δ) = r/P_s − 1` the two cases above are r = 1 and r = 0, and the mean change of a_k is
//!    `r_k − P_k` for any r: rewards between 0 and 1 act as a soft target.
//! 2. Layers of filters and any activation may stand below; the feedback passes the slope of each.
//! 3. From a replay or a queue, P_s is that of the present weights and not of those that chose: the expectation above then
//!    holds only as far as these agree. `memory = "online"` with `env.slots = 1` is the paper's.
//! 4. AGREL knows no time: the scalar is credited to the choice before it. A task with delayed reward wants AuGMEnT or a DQN.

use crate::learner::{Learner, LearnerContext, LearnerError, LearnerPlan};
use crate::model::{ModelSpec, Sets};
use crate::reinforced::{self, Reinforced, Rule};
use documented::DocumentedFields;
use innate_nn::{
    Activation, AttentionGated, Biases, CreditSpec, DropoutSpec, EngineSpec, Expansion, Initialisation, LayerSpec,
    NetworkSpec, OptimiserSpec, Precision, Reciprocity, Sgd, Training,
};
use serde::{Deserialize, Serialize};

/// The keys of an AGREL area.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct AgrelOptions {
    /// The network below the winner-take-all layer: sigmoid layers, `{ hidden = [64] }` for ReLU ones, or one by one.
    pub network: NetworkSpec,
    /// How its parameters are drawn: "default", `{ uniform = 0.25 }` or `{ normal = 0.005 }`.
    pub initial: Initialisation,
    /// Whether biases are "learned" or stay "fixed" at 0.
    pub biases: Biases,
    /// Learning rate β.
    pub lr: f64,
    /// How much a scalar tells: "expansive" (the paper's f), "linear" (δ itself) or "plain" (r − P_s): ablations.
    pub expansion: Expansion,
    /// The rule of credit; attention-gated with `feedback` = "tied", "learned", "random" or "none", unless another is named.
    pub credit: CreditSpec,
    /// Updates between two measurements of the angle between credit and the back-propagated gradient; 0: none. In batches.
    pub angle_every: u64,
    /// The optimiser; anything but plain "sgd" computes in batches on an engine.
    pub optimiser: OptimiserSpec,
    /// Greatest norm of a change over all weights, in units of lr; 0 switches clipping off. In batches.
    pub clip_gradient: f64,
    /// The engine for batches: "auto", "libtorch" or "native".
    pub engine: EngineSpec,
}

impl Default for AgrelOptions {
    /// One hidden layer of 16 sigmoid units, tied feedback, β = 0.1, parameters uniform in ±0.25.
    fn default() -> Self {
        Self {
            network: NetworkSpec::Layers(vec![LayerSpec::Dense { units: 16, activation: Activation::Sigmoid }]),
            initial: Initialisation::Uniform(0.25),
            biases: Biases::Learned,
            lr: 0.1,
            expansion: Expansion::Expansive,
            credit: CreditSpec::AttentionGated(AttentionGated { feedback: Reciprocity::Tied }),
            angle_every: 1_000,
            optimiser: OptimiserSpec::Sgd(Sgd::default()),
            clip_gradient: 0.0,
            engine: EngineSpec::Auto,
        }
    }
}

impl AgrelOptions {
    /// Makes AGREL learners with these options.
    ///
    /// # Errors
    /// A value out of range, in a sentence that names it.
    pub fn plan(self) -> Result<LearnerPlan, LearnerError> {
        let (rule, spec) = (Rule::Agrel(self.expansion), self.model());
        reinforced::check(&spec)?;
        Ok(Box::new(move |context: &LearnerContext<'_>| {
            Reinforced::new(rule, spec.clone(), context).map(|agrel| Box::new(agrel) as Box<dyn Learner>)
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
            dropout: DropoutSpec::default(),
        }
    }
}
