//! Deep Q-learning with experience replay (Mnih et al. 2013, Algorithm 1) and a target network (Mnih et al. 2015), and what has
//! been added to it since. Each addition is a key, and any of them go together.
//!
//! ```text
//! R_j = Σ_{k<m} γ^k r_{j+k}                                            n_step (Sutton 1988): m = n, fewer where an episode ends
//! y_j = R_j + γ^m · (1 − terminated) · Q(s_{j+m}, a*; θ⁻)              the TD target
//! a*  = argmax Q(s_{j+m}, ·; θ⁻)   or, double, argmax Q(s_{j+m}, ·; θ)   (van Hasselt, Guez & Silver 2016)
//! δ_j = Q(s_j, a_j; θ) − y_j                                           the TD error, with its sign turned
//! L   = mean_j w_j huber(δ_j)   or   mean_j w_j ½ δ_j²                 w: importance of prioritised transitions, else 1
//! θ⁻  ← θ⁻ + tau (θ − θ⁻)   every `target_every` updates               tau = 1: a copy
//! ```
//!
//! Dueling networks and distributions of returns are heads (`head.rs`); Munchausen's soft target is in `soft.rs`; noise in the weights
//! lies around the engine ([`NoisySpec`]).
//!
//! Departures from the papers:
//! 1. Acting goes on while the learner computes (rounds), so the acting policy is one round old, always.
//! 2. A time limit does not count as a terminal state: a truncated transition bootstraps from its final observation.
//! 3. Until `learning_starts` environment steps no update is made; ε follows its schedule from the first step.
//! 4. The error is clipped in the loss (Huber), which is what the published code of 2015 does to the TD error.
//! 5. With both `double` and `munchausen` the soft policy at s′ is that of the learning network.

mod head;
mod soft;

pub use head::{Categorical, Distribution, Quantile};
pub use soft::Munchausen;

use crate::exploration::Exploration;
use crate::learner::{
    Experience, Horizon, Learner, LearnerContext, LearnerError, LearnerPlan, LearnerState, Memory, Mode, NamedTensor,
    Policy, remembered_action,
};
use crate::model::{Model, ModelSpec, Sets};
use crate::streams::Random;
use documented::DocumentedFields;
use head::{Bootstrap, Head};
use innate_nn::{
    Biases, CreditSpec, EngineSpec, Initialisation, Input, NativeForward, NetworkSpec, NoisySpec, Objective,
    OptimiserSpec, ParameterSet, Training, greedy,
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
            credit: CreditSpec::default(),
            angle_every: 1_000,
            optimiser: OptimiserSpec::default(),
            lr: 1e-3,
            gamma: 0.99,
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
            noisy: self.noisy,
        }
    }
}

/// The learning half.
pub struct Dqn {
    options: DqnOptions,
    head: Head,
    model: Model,
    counters: Counters,
    buffers: Buffers,
}

/// What a DQN counts: part of its state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Counters {
    since_report: u64,
    loss: f64,
    q: f64,
    gradient_norm: f64,
}

/// Memory for a batch.
struct Buffers {
    /// Outputs of the network, as they come.
    outputs: Vec<f32>,
    /// The numbers of each action, `[batch, actions, atoms]`: before the step, after it by the target network, after it by the
    /// learning one.
    before: Vec<f32>,
    after: Vec<f32>,
    chosen_by: Vec<f32>,
    /// y, `[batch, atoms]`.
    targets: Vec<f32>,
    /// ∂L/∂numbers, and ∂L/∂outputs.
    error: Vec<f32>,
    output_error: Vec<f32>,
    /// Values of the actions of one sample.
    q: Vec<f32>,
    /// δ, `[batch]`.
    deltas: Vec<f32>,
    /// α τ ln π(a|s), `[batch]`; zeros without Munchausen.
    bonus: Vec<f32>,
}

/// L for a batch: what the TD errors cost.
struct TdLoss<'a> {
    head: &'a Head,
    actions: &'a [i64],
    weights: &'a [f32],
    targets: &'a [f32],
    error: &'a [f32],
}

impl Objective<f32> for TdLoss<'_> {
    fn output_error(&self) -> &[f32] {
        self.error
    }

    fn costs(&self, outputs: &[f32], costs: &mut [f32]) {
        let Self { head, .. } = self;
        let mut numbers = vec![0.0; costs.len() * head.width()];
        head.read(outputs, &mut numbers);
        let samples = numbers.chunks_exact(head.width()).zip(self.targets.chunks_exact(head.atoms()));
        let taken = self.actions.iter().zip(self.weights).zip(samples);
        for (cost, ((&action, weight), (numbers, target))) in costs.iter_mut().zip(taken) {
            *cost = weight * head.loss(&numbers[action as usize * head.atoms()..][..head.atoms()], target, None).0;
        }
    }
}

impl Dqn {
    /// A DQN for the area that `context` describes, with fresh weights.
    ///
    /// # Errors
    /// The network does not fit the area's view, no engine can train it so, or returns of several steps without a replay.
    pub fn new(options: DqnOptions, context: &LearnerContext<'_>) -> Result<Self, LearnerError> {
        if options.n_step > 1 && context.memory != Memory::Replay {
            let said = format!("n_step = {} wants memory = \"replay\"", options.n_step);
            return Err(LearnerError::new(said));
        }
        let head = Head::new(context.actions, options.dueling, options.distribution.as_ref(), options.loss);
        let model = Model::new(options.model(), head.outputs(), context)?;
        let zeros = |width: usize| vec![0.0; context.batch * width];
        let buffers = Buffers {
            outputs: zeros(head.outputs()),
            before: zeros(head.width()),
            after: zeros(head.width()),
            chosen_by: zeros(if options.double { head.width() } else { 0 }),
            targets: zeros(head.atoms()),
            error: zeros(head.width()),
            output_error: zeros(head.outputs()),
            q: vec![0.0; context.actions],
            deltas: zeros(1),
            bonus: zeros(1),
        };
        Ok(Self { options, head, model, counters: Counters::default(), buffers })
    }

    /// The TD targets y of the last batch, `[batch]`; with a distribution, its numbers, `[batch, atoms]`.
    pub fn targets(&self) -> &[f32] {
        &self.buffers.targets
    }

    /// Fills the numbers of each action before and after the step, those before last, for an update to follow.
    fn look(&mut self, experience: &Experience<'_>) -> Result<(), LearnerError> {
        let Self { head, model, buffers, options, .. } = self;
        let Buffers { outputs, before, after, chosen_by, q, bonus, .. } = buffers;
        let size = experience.size;
        if options.double {
            model.forward(ParameterSet::Online, experience.after, size, outputs)?;
            head.read(outputs, chosen_by);
        }
        if let Some(munchausen) = &options.munchausen {
            model.forward(ParameterSet::Target, experience.before, size, outputs)?;
            head.read(outputs, after);
            let samples = after.chunks_exact(head.width()).zip(experience.actions);
            for (bonus, (numbers, &action)) in bonus.iter_mut().zip(samples) {
                head.values(numbers, q);
                munchausen.scaled_logs(q);
                *bonus = munchausen.bonus(q[remembered_action(action, q.len())?]);
            }
        }
        model.forward(ParameterSet::Target, experience.after, size, outputs)?;
        head.read(outputs, after);
        model.forward_keeping(experience.before, size, outputs)?;
        head.read(outputs, before);
        Ok(())
    }

    /// Fills `targets` (y).
    fn compute_targets(&mut self, experience: &Experience<'_>) {
        let Self { head, buffers, options, .. } = self;
        let Buffers { after, chosen_by, targets, q, bonus, .. } = buffers;
        let chosen_by: &[f32] = if options.double { chosen_by } else { after };
        targets.fill(0.0);
        let (width, atoms) = (head.width(), head.atoms());
        for (sample, target) in targets.chunks_exact_mut(atoms).enumerate() {
            let discount = if experience.terminated[sample] == 0 { experience.discounts[sample] } else { 0.0 };
            let reward = experience.rewards[sample] + bonus[sample];
            let rows = sample * width..(sample + 1) * width;
            head.values(&chosen_by[rows.clone()], q);
            let numbers = |action: usize| &after[rows.clone()][action * atoms..][..atoms];
            match &options.munchausen {
                None => {
                    let from = Bootstrap { share: 1.0, shift: reward, discount };
                    head.bootstrap(numbers(greedy(q)), from, target);
                }
                Some(munchausen) => {
                    munchausen.scaled_logs(q);
                    for (action, &log) in q.iter().enumerate() {
                        let share = munchausen.probability(log);
                        if share > 0.0 {
                            let from = Bootstrap { share, shift: reward - discount * log, discount };
                            head.bootstrap(numbers(action), from, target);
                        }
                    }
                }
            }
        }
    }

    /// Fills `error` (∂L/∂Q, 0 for actions not taken) and answers with the loss L and the mean of Q(s, a).
    fn compute_error(&mut self, experience: &Experience<'_>) -> Result<(f64, f64), LearnerError> {
        let Self { head, buffers, .. } = self;
        let Buffers { before, targets, error, output_error, deltas, .. } = buffers;
        let (width, atoms, size) = (head.width(), head.atoms(), experience.size as f32);
        let (mut loss, mut q_sum) = (0.0, 0.0);
        error.fill(0.0);
        for (sample, target) in targets.chunks_exact(atoms).enumerate() {
            let action = remembered_action(experience.actions[sample], width / atoms)?;
            let taken = sample * width + action * atoms..sample * width + (action + 1) * atoms;
            let (numbers, error) = (&before[taken.clone()], &mut error[taken]);
            let (cost, delta) = head.loss(numbers, target, Some(error));
            let share = experience.weights[sample] / size;
            error.iter_mut().for_each(|error| *error *= share);
            deltas[sample] = delta;
            loss += f64::from(experience.weights[sample] * cost);
            q_sum += f64::from(head.value(numbers));
        }
        head.write_error(error, output_error);
        Ok((loss / f64::from(size), q_sum / f64::from(size)))
    }
}

impl Learner for Dqn {
    fn describe(&self) -> String {
        format!("DQN, {}", self.model.describe())
    }

    fn learn(&mut self, experience: &Experience<'_>) -> Result<(), LearnerError> {
        self.look(experience)?;
        self.compute_targets(experience);
        let (loss, q) = self.compute_error(experience)?;
        if !loss.is_finite() {
            return Err(self.model.diverged(format!("the loss is {loss}")));
        }
        let Self { head, buffers: Buffers { targets, output_error, .. }, .. } = self;
        let Experience { actions, weights, .. } = *experience;
        let norm = self.model.update(&TdLoss { head, actions, weights, targets, error: output_error })?;
        self.counters.since_report += 1;
        self.counters.loss += loss;
        self.counters.q += q;
        self.counters.gradient_norm += f64::from(norm);
        if self.model.updates().is_multiple_of(self.options.target_every) {
            if self.options.tau < 1.0 {
                self.model.move_target(self.options.tau)?;
            } else {
                self.model.copy_online_to_target()?;
            }
        }
        Ok(())
    }

    fn end_round(&mut self) -> Result<(), LearnerError> {
        self.model.renew_noise()
    }

    fn horizon(&self) -> Horizon {
        Horizon { steps: self.options.n_step, gamma: self.options.gamma as f32 }
    }

    fn errors(&self) -> Option<&[f32]> {
        Some(&self.buffers.deltas)
    }

    fn policy(&self) -> Box<dyn Policy> {
        Box::new(EpsilonGreedy {
            exploration: self.options.exploration.clone(),
            forward: NativeForward::new(self.model.network().clone()),
            parameters: self.model.network().parameters(),
            outputs: vec![0.0; self.head.outputs()],
            numbers: vec![0.0; self.head.width()],
            q: vec![0.0; self.buffers.q.len()],
            head: self.head.clone(),
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
    head: Head,
    /// Weights of the network.
    parameters: usize,
    forward: NativeForward,
    outputs: Vec<f32>,
    numbers: Vec<f32>,
    q: Vec<f32>,
}

impl EpsilonGreedy {
    /// Fills `q` with the values of all actions. A noisy network's weights come with noise, to explore, and then without.
    fn evaluate(&mut self, weights: &[f32], view: &[Input<'_>], mode: Mode) -> Result<(), LearnerError> {
        let (noisy, mean) = weights.split_at(self.parameters.min(weights.len()));
        let weights = if mode == Mode::Greedy && !mean.is_empty() { mean } else { noisy };
        self.forward.forward(weights, view, &mut self.outputs).map_err(LearnerError::new)?;
        self.head.read(&self.outputs, &mut self.numbers);
        self.head.values(&self.numbers, &mut self.q);
        Ok(())
    }
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
        self.evaluate(weights, view, mode)?;
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
                self.evaluate(weights, view, mode)?;
                expected.copy_from_slice(&self.q);
            }
        }
        self.act(weights, view, mode, random)
    }
}
