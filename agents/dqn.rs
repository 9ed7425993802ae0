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
//! Dueling networks, distributions of returns and values of each signal are heads (`head.rs`); Munchausen's soft target is in `soft.rs`; noise in the weights
//! lies around the engine ([`innate_nn::NoisySpec`]).
//!
//! Departures from the papers:
//! 1. Acting goes on while the learner computes (rounds), so the acting policy is one round old, always.
//! 2. A time limit does not count as a terminal state: a truncated transition bootstraps from its final observation.
//! 3. Until `learning_starts` environment steps no update is made; ε follows its schedule from the first step.
//! 4. The error is clipped in the loss (Huber), which is what the published code of 2015 does to the TD error.
//! 5. With both `double` and `munchausen` the soft policy at s′ is that of the learning network.

mod head;
mod options;
mod policy;
mod soft;

pub use head::{Categorical, Distribution, Quantile};
pub use options::{DqnOptions, Heads, Loss};
pub use soft::Munchausen;

use crate::learner::{
    Experience, Gammas, Horizon, Learner, LearnerContext, LearnerError, LearnerState, Memory, NamedTensor, Policy,
    remembered_action,
};
use crate::model::Model;
use head::{Bootstrap, Head};
use innate_nn::{Objective, ParameterSet, greedy};
use policy::EpsilonGreedy;
use serde::{Deserialize, Serialize};

/// The learning half.
pub struct Dqn {
    options: DqnOptions,
    gammas: Gammas,
    /// The signals that have a Q-function of their own.
    signals: Vec<String>,
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
    /// By signal.
    q_of: Vec<f64>,
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
    /// What one sample was paid, and what a value after it is worth, `[parts]`.
    rewards: Vec<f32>,
    discounts: Vec<f32>,
    /// δ, `[batch]`.
    deltas: Vec<f32>,
    /// α τ ln π(a|s), `[batch]`; zeros without Munchausen.
    bonus: Vec<f32>,
}

/// The name, among a learner's weights, of what each signal weighs.
const MIX: &str = "mix";

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
        let gammas = options.discounting(context.pays)?;
        let (actions, dueling) = (context.actions, options.dueling);
        let (head, signals) = match &gammas {
            Gammas::Mixed(_) => (Head::new(actions, dueling, options.distribution.as_ref(), options.loss), &[][..]),
            Gammas::Apart(_) => (Head::per_signal(actions, dueling, context.pays.len(), options.loss), context.pays),
        };
        let signals: Vec<String> = signals.iter().map(|signal| signal.to_string()).collect();
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
            q: vec![0.0; actions],
            rewards: vec![0.0; head.parts()],
            discounts: vec![0.0; head.parts()],
            deltas: zeros(1),
            bonus: zeros(1),
        };
        let counters = Counters { q_of: vec![0.0; signals.len()], ..Counters::default() };
        Ok(Self { options, gammas, signals, head, model, counters, buffers })
    }

    /// The TD targets y of the last batch, `[batch]`; with a distribution, its numbers, `[batch, atoms]`; of the value of each signal,
    /// `[batch, signals]`.
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
        let Buffers { after, chosen_by, targets, q, bonus, rewards, discounts, .. } = buffers;
        let chosen_by: &[f32] = if options.double { chosen_by } else { after };
        targets.fill(0.0);
        let (width, atoms) = (head.width(), head.atoms());
        for (sample, target) in targets.chunks_exact_mut(atoms).enumerate() {
            let goes_on = experience.terminated[sample] == 0;
            for part in 0..rewards.len() {
                let place = part * experience.size + sample;
                rewards[part] = experience.rewards[place] + bonus[sample];
                discounts[part] = if goes_on { experience.discounts[place] } else { 0.0 };
            }
            let rows = sample * width..(sample + 1) * width;
            head.values(&chosen_by[rows.clone()], q);
            let mut add = |action: usize, share: f32, entropy: f32| {
                let numbers = &after[rows.clone()][action * atoms..][..atoms];
                head.bootstrap(numbers, Bootstrap { share, rewards, discounts, entropy }, target);
            };
            match &options.munchausen {
                None => add(greedy(q), 1.0, 0.0),
                Some(munchausen) => {
                    munchausen.scaled_logs(q);
                    for (action, &log) in q.iter().enumerate() {
                        let share = munchausen.probability(log);
                        if share > 0.0 {
                            add(action, share, -log);
                        }
                    }
                }
            }
        }
    }

    /// Fills `error` (∂L/∂Q, 0 for actions not taken) and answers with the loss L and the mean of Q(s, a).
    fn compute_error(&mut self, experience: &Experience<'_>) -> Result<(f64, f64), LearnerError> {
        let Self { head, buffers, counters, .. } = self;
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
            counters.q_of.iter_mut().zip(numbers).for_each(|(sum, &q)| *sum += f64::from(q / size));
        }
        head.write_error(error, output_error);
        Ok((loss / f64::from(size), q_sum / f64::from(size)))
    }
}

impl Learner for Dqn {
    fn describe(&self) -> String {
        let own = self.signals.iter().zip(self.gammas.parts());
        let own: String = own.map(|(signal, gamma)| format!(", Q of {signal} (γ {gamma})")).collect();
        format!("DQN{own}, {}", self.model.describe())
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
        Horizon { steps: self.options.n_step, gammas: self.gammas.clone() }
    }

    fn weigh(&mut self, weights: &[f32]) {
        self.head.weights_mut().iter_mut().zip(weights).for_each(|(weight, now)| *weight = *now);
    }

    fn errors(&self) -> Option<&[f32]> {
        Some(&self.buffers.deltas)
    }

    fn policy(&self) -> Box<dyn Policy> {
        let (exploration, network) = (self.options.exploration.clone(), self.model.network().clone());
        Box::new(EpsilonGreedy::new(exploration, network, self.head.clone(), self.buffers.q.len()))
    }

    fn publish(&mut self, weights: &mut Vec<f32>) -> Result<(), LearnerError> {
        self.model.publish(weights)?;
        weights.extend_from_slice(self.head.weights());
        Ok(())
    }

    fn report(&mut self, metric: &mut dyn FnMut(&str, f64)) {
        let fresh = Counters { q_of: vec![0.0; self.signals.len()], ..Counters::default() };
        let Counters { since_report, loss, q, q_of, gradient_norm } = std::mem::replace(&mut self.counters, fresh);
        metric("n_updates", self.model.updates() as f64);
        if since_report > 0 {
            let count = since_report as f64;
            metric("loss", loss / count);
            metric("q_mean", q / count);
            for (signal, q) in self.signals.iter().zip(q_of) {
                metric(&format!("q_mean/{signal}"), q / count);
            }
            metric("gradient_norm", gradient_norm / count);
        }
    }

    fn report_angles(&mut self, angle: &mut dyn FnMut(&str, f64)) {
        self.model.report_angles(angle);
    }

    fn save(&mut self) -> Result<LearnerState, LearnerError> {
        let mut state = self.model.save(&self.counters)?;
        if !self.signals.is_empty() {
            let values = self.head.weights().to_vec();
            state.weights.push(NamedTensor { name: MIX.into(), shape: vec![values.len()], values });
        }
        Ok(state)
    }

    fn load_weights(&mut self, weights: &[NamedTensor]) -> Result<(), LearnerError> {
        self.model.load_weights(weights)?;
        let mix = weights.iter().find(|tensor| tensor.name == MIX).map_or(&[][..], |tensor| &tensor.values);
        if mix.len() != self.signals.len() {
            let (found, expected) = (mix.len(), self.signals.len());
            return Err(LearnerError::new(format!("it has weights of {found} signals, allowed: {expected}")));
        }
        self.weigh(mix);
        Ok(())
    }

    fn load(&mut self, state: &LearnerState) -> Result<(), LearnerError> {
        self.counters = self.model.load(state)?;
        self.load_weights(&state.weights)
    }

    fn exploration_rate(&self, step: u64) -> f64 {
        self.options.exploration.rate(step)
    }
}
