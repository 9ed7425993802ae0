//! Deep Q-learning with experience replay (Mnih et al. 2013, Algorithm 1) and a target network (Mnih et al. 2015).
//!
//! ```text
//! y_j = r_j + γ · (1 − terminated_j) · max_a' Q(s_{j+1}, a'; θ⁻)       the TD target
//! δ_j = Q(s_j, a_j; θ) − y_j                                           the TD error, with its sign turned
//! L   = mean_j huber(δ_j)   or   mean_j ½ δ_j²
//! θ⁻ ← θ   every `target_every` updates
//! ```
//!
//! Departures from the papers:
//! 1. Acting goes on while the learner computes (rounds), so the acting policy is one round old, always.
//! 2. A time limit does not count as a terminal state: a truncated transition bootstraps from its final observation.
//! 3. Until `learning_starts` environment steps no update is made; ε follows its schedule from the first step.
//! 4. The error is clipped in the loss (Huber), which is what the published code of 2015 does to the TD error.

use crate::exploration::Exploration;
use crate::learner::{
    Experience, Learner, LearnerContext, LearnerError, LearnerPlan, LearnerState, Mode, NamedTensor, Policy,
};
use crate::model::{Model, ModelSpec, Sets};
use crate::streams::Random;
use documented::DocumentedFields;
use innate_nn::{
    Biases, CreditSpec, EngineSpec, Initialisation, Input, NativeForward, NetworkSpec, Objective, OptimiserSpec,
    ParameterSet, Training, greedy,
};
use rand::Rng;
use serde::{Deserialize, Serialize};

/// The keys of a DQN area.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct DqnOptions {
    /// The Q-network: `{ hidden = [256, 256] }`, or its layers one by one.
    pub network: NetworkSpec,
    /// The engine that trains it: "auto", "libtorch" (any network, CPU or CUDA) or "native" (dense and small layers, CPU).
    pub engine: EngineSpec,
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
    /// How a TD error counts: "huber" (quadratic up to 1, linear beyond) or "squared".
    pub loss: Loss,
    /// Updates between two copies of the weights to the target network.
    pub target_every: u64,
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
            credit: CreditSpec::default(),
            angle_every: 1_000,
            optimiser: OptimiserSpec::default(),
            lr: 1e-3,
            gamma: 0.99,
            loss: Loss::Huber,
            target_every: 500,
            clip_gradient: 10.0,
            exploration: Exploration::default(),
        }
    }
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
        // A comparison with NaN is false, so that NaN is refused as well.
        if !(0.0..=1.0).contains(&self.gamma) {
            return Err(LearnerError::new(format!("gamma = {} must be between 0 and 1", self.gamma)));
        }
        if self.target_every == 0 {
            return Err(LearnerError::new("target_every = 0 must be 1 or more"));
        }
        Ok(Box::new(move |context: &LearnerContext<'_>| {
            Dqn::new(self.clone(), context).map(|dqn| Box::new(dqn) as Box<dyn Learner>)
        }))
    }

    /// The part of the keys that describes the Q-network.
    fn model(&self) -> ModelSpec {
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
            },
            angle_every: self.angle_every,
            sets: Sets::OnlineAndTarget,
        }
    }
}

/// The learning half.
pub struct Dqn {
    options: DqnOptions,
    model: Model,
    counters: Counters,
    targets: Vec<f32>,
    q_after: Vec<f32>,
    q_before: Vec<f32>,
    error: Vec<f32>,
}

/// What a DQN counts: part of its state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Counters {
    since_report: u64,
    loss: f64,
    q: f64,
    gradient_norm: f64,
}

/// L for a batch: what the TD errors cost.
struct TdLoss<'a> {
    loss: Loss,
    actions: &'a [i64],
    targets: &'a [f32],
    error: &'a [f32],
}

impl Objective<f32> for TdLoss<'_> {
    fn output_error(&self) -> &[f32] {
        self.error
    }

    fn costs(&self, outputs: &[f32], costs: &mut [f32]) {
        let width = outputs.len() / costs.len();
        let taken = self.actions.iter().zip(self.targets).zip(outputs.chunks_exact(width));
        for (cost, ((&action, &y), q)) in costs.iter_mut().zip(taken) {
            *cost = self.loss.value(q[action as usize] - y);
        }
    }
}

impl Dqn {
    /// A DQN for the area that `context` describes, with fresh weights.
    ///
    /// # Errors
    /// The network does not fit the area's view, or no engine can train it so.
    pub fn new(options: DqnOptions, context: &LearnerContext<'_>) -> Result<Self, LearnerError> {
        let model = Model::new(options.model(), context.actions, context)?;
        let outputs = context.batch * context.actions;
        Ok(Self {
            options,
            model,
            counters: Counters::default(),
            targets: vec![0.0; context.batch],
            q_after: vec![0.0; outputs],
            q_before: vec![0.0; outputs],
            error: vec![0.0; outputs],
        })
    }

    /// The TD targets y of the last batch, `[batch]`.
    pub fn targets(&self) -> &[f32] {
        &self.targets
    }

    /// Fills `targets` (y) from the batch and the target network's values of what followed.
    fn compute_targets(&mut self, experience: &Experience<'_>) {
        let actions = self.model.network().outputs();
        let gamma = self.options.gamma as f32;
        let values = self.q_after.chunks_exact(actions).map(|q| q.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        let outcomes = experience.rewards.iter().zip(experience.terminated);
        for ((y, (&reward, &terminated)), value) in self.targets.iter_mut().zip(outcomes).zip(values) {
            *y = if terminated == 0 { reward + gamma * value } else { reward };
        }
    }

    /// Fills `error` (∂L/∂Q, 0 for actions not taken) and answers with the loss L and the mean of Q(s, a).
    fn compute_error(&mut self, taken: &[i64]) -> Result<(f64, f64), LearnerError> {
        let actions = self.model.network().outputs();
        let size = taken.len() as f32;
        let (mut loss, mut q_sum) = (0.0, 0.0);
        self.error.fill(0.0);
        let rows = self.q_before.chunks_exact(actions).zip(self.error.chunks_exact_mut(actions));
        for ((&action, &y), (q, error)) in taken.iter().zip(&self.targets).zip(rows) {
            let Some(&value) = usize::try_from(action).ok().and_then(|action| q.get(action)) else {
                return Err(LearnerError::new(format!(
                    "the replay holds an action {action}, allowed: 0 to {}",
                    actions - 1
                )));
            };
            let delta = value - y;
            error[action as usize] = self.options.loss.slope(delta) / size;
            loss += f64::from(self.options.loss.value(delta));
            q_sum += f64::from(value);
        }
        Ok((loss / f64::from(size), q_sum / f64::from(size)))
    }
}

impl Learner for Dqn {
    fn describe(&self) -> String {
        format!("DQN, {}", self.model.describe())
    }

    fn learn(&mut self, experience: &Experience<'_>) -> Result<(), LearnerError> {
        let size = experience.size;
        self.model.forward(ParameterSet::Target, experience.after, size, &mut self.q_after)?;
        self.model.forward_keeping(experience.before, size, &mut self.q_before)?;
        self.compute_targets(experience);
        let (loss, q) = self.compute_error(experience.actions)?;
        if !loss.is_finite() {
            return Err(self.model.diverged(format!("the loss is {loss}")));
        }
        let Self { targets, error, .. } = self;
        let objective = TdLoss { loss: self.options.loss, actions: experience.actions, targets, error };
        let norm = self.model.update(&objective)?;
        self.counters.since_report += 1;
        self.counters.loss += loss;
        self.counters.q += q;
        self.counters.gradient_norm += f64::from(norm);
        if self.model.updates().is_multiple_of(self.options.target_every) {
            self.model.copy_online_to_target()?;
        }
        Ok(())
    }

    fn policy(&self) -> Box<dyn Policy> {
        Box::new(EpsilonGreedy {
            exploration: self.options.exploration.clone(),
            forward: NativeForward::new(self.model.network().clone()),
            q: vec![0.0; self.model.network().outputs()],
        })
    }

    fn publish(&mut self, weights: &mut Vec<f32>) -> Result<(), LearnerError> {
        self.model.publish(weights)
    }

    fn report(&mut self, metric: &mut dyn FnMut(&'static str, f64)) {
        let Counters { since_report, loss, q, gradient_norm } = std::mem::take(&mut self.counters);
        metric("n_updates", self.model.updates() as f64);
        if since_report > 0 {
            let count = since_report as f64;
            metric("loss", loss / count);
            metric("q_mean", q / count);
            metric("gradient_norm", gradient_norm / count);
        }
    }

    fn report_angles(&mut self, angle: &mut dyn FnMut(&str, f64)) {
        self.model.report_angles(angle);
    }

    fn save(&mut self) -> Result<LearnerState, LearnerError> {
        self.model.save(&self.counters)
    }

    fn load_weights(&mut self, weights: &[NamedTensor]) -> Result<(), LearnerError> {
        self.model.load_weights(weights)
    }

    fn load(&mut self, state: &LearnerState) -> Result<(), LearnerError> {
        self.counters = self.model.load(state)?;
        Ok(())
    }

    fn exploration_rate(&self, step: u64) -> f64 {
        self.options.exploration.rate(step)
    }
}

/// The deciding half: ε-greedy on the Q-network, on the native engine.
struct EpsilonGreedy {
    exploration: Exploration,
    forward: NativeForward,
    q: Vec<f32>,
}

impl Policy for EpsilonGreedy {
    fn act(
        &mut self,
        weights: &[f32],
        view: &[Input<'_>],
        mode: Mode,
        random: &mut Random,
    ) -> Result<usize, LearnerError> {
        let epsilon = match mode {
            Mode::Explore { step } => self.exploration.rate(step),
            Mode::Greedy => 0.0,
            Mode::Random => 1.0,
        };
        if epsilon > 0.0 && random.random::<f64>() < epsilon {
            return Ok(random.random_range(0..self.q.len()));
        }
        self.forward.forward(weights, view, &mut self.q).map_err(LearnerError::new)?;
        Ok(greedy(&self.q))
    }

    fn consider(
        &mut self,
        weights: &[f32],
        view: &[Input<'_>],
        mode: Mode,
        random: &mut Random,
        expected: &mut [f32],
    ) -> Result<usize, LearnerError> {
        match mode {
            Mode::Random => expected.fill(0.0),
            Mode::Explore { .. } | Mode::Greedy => {
                self.forward.forward(weights, view, expected).map_err(LearnerError::new)?;
            }
        }
        self.act(weights, view, mode, random)
    }
}
