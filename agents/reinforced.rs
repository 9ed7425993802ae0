//! What AGREL and BrainProp have in common: one output unit s is selected, one scalar r comes back, and the change of every
//! weight follows from both.
//!
//! ```text
//! error at the output:   e_s = −amount(r, outputs)      e_k = 0 for k ≠ s
//! ```
//!
//! Two executions of the rule agree: *online*, one trial at a time and in place ([`innate_nn::Online`]), for dense networks
//! whose every transition is learned before the next action; and *batched* on an engine, for everything else.

use crate::learner::{
    Experience, Learner, LearnerContext, LearnerError, LearnerState, Memory, Mode, NamedTensor, Policy,
    remembered_action,
};
use crate::model::{self, Model, ModelSpec};
use crate::streams::Random;
use innate_nn::{
    AttentionGated, CreditSpec, Expansion, Initialisation, Input, InputSpec, Layer, NativeForward, Network, Objective,
    Online, OnlineFeedback, OnlineRule, OptimiserSpec, Reciprocity, Sgd, greedy, max_boltzmann, sample, softmax,
};
use rand::Rng;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How outputs become a choice, and a choice and its scalar a change.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rule {
    /// The outputs are logits of a stochastic winner-take-all choice.
    Agrel(Expansion),
    /// The outputs are values; the greatest is chosen, or with probability ε one by softmax.
    Brainprop {
        /// ε
        epsilon: f64,
    },
}

impl Rule {
    fn name(self) -> &'static str {
        match self {
            Rule::Agrel(_) => "AGREL",
            Rule::Brainprop { .. } => "BrainProp",
        }
    }

    /// What the selected unit's output is to change by, in proportion; `expected` is room for as many numbers as `outputs`,
    /// and then holds what was expected of each choice: its probability, or its value.
    fn amount(self, outputs: &[f32], selected: usize, reward: f32, expected: &mut [f32]) -> f32 {
        match self {
            Rule::Agrel(expansion) => {
                softmax(outputs, expected);
                expansion.amount(reward, expected[selected])
            }
            Rule::Brainprop { .. } => {
                expected.copy_from_slice(outputs);
                reward - expected[selected]
            }
        }
    }
}

/// A learner by trial and error.
pub(crate) struct Reinforced {
    rule: Rule,
    execution: Execution,
    counters: Counters,
    /// Room for what is expected of each choice.
    expected: Vec<f32>,
}

/// Who computes.
enum Execution {
    Online(InPlace),
    Batched(Batched),
}

/// One trial at a time, in place.
struct InPlace {
    online: Online<f32>,
    input: Vec<f32>,
    updates: u64,
}

/// Any batch, on an engine.
struct Batched {
    model: Model,
    outputs: Vec<f32>,
    error: Vec<f32>,
    selected: Vec<usize>,
}

/// What is counted: part of the state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Counters {
    since_report: u64,
    reward: f64,
    expected: f64,
    prediction_error: f64,
}

/// The costs of a batch in which one unit of each sample was selected.
struct SelectedUnits<'a> {
    rule: Rule,
    selected: &'a [usize],
    rewards: &'a [f32],
    error: &'a [f32],
}

impl Objective<f32> for SelectedUnits<'_> {
    fn output_error(&self) -> &[f32] {
        self.error
    }

    /// ½(r − q_s)² where outputs are values. Where they are logits, what the amount stands for: −amount · a_s.
    fn costs(&self, outputs: &[f32], costs: &mut [f32]) {
        let (batch, width) = (costs.len(), outputs.len() / costs.len());
        let rows = outputs.chunks_exact(width).zip(self.error.chunks_exact(width));
        let trials = self.selected.iter().zip(self.rewards).zip(rows);
        for (cost, ((&selected, &reward), (outputs, error))) in costs.iter_mut().zip(trials) {
            *cost = match self.rule {
                Rule::Agrel(_) => batch as f32 * error[selected] * outputs[selected],
                Rule::Brainprop { .. } => 0.5 * (reward - outputs[selected]).powi(2),
            };
        }
    }
}

impl Reinforced {
    /// A learner for the area that `context` describes, with fresh weights.
    ///
    /// # Errors
    /// The network does not fit the area's view, or cannot be trained so.
    pub(crate) fn new(rule: Rule, spec: ModelSpec, context: &LearnerContext<'_>) -> Result<Self, LearnerError> {
        let execution = Execution::new(spec, context)?;
        Ok(Self { rule, execution, counters: Counters::default(), expected: vec![0.0; context.actions] })
    }
}

impl Counters {
    fn note(&mut self, reward: f32, expected: f32) {
        self.since_report += 1;
        self.reward += f64::from(reward);
        self.expected += f64::from(expected);
        self.prediction_error += f64::from((reward - expected).abs());
    }
}

impl Execution {
    fn new(spec: ModelSpec, context: &LearnerContext<'_>) -> Result<Self, LearnerError> {
        if let Some(rule) = online_rule(&spec).filter(|_| context.memory == Memory::Online) {
            let network = spec.network.build(context.inputs, context.actions).map_err(LearnerError::new)?;
            if network.layers().iter().all(|layer| matches!(layer, Layer::Dense(_))) {
                return InPlace::new(Arc::new(network), spec.initial, rule, context).map(Execution::Online);
            }
        }
        let outputs = context.batch * context.actions;
        Ok(Execution::Batched(Batched {
            model: Model::new(spec, context.actions, context)?,
            outputs: vec![0.0; outputs],
            error: vec![0.0; outputs],
            selected: vec![0; context.batch],
        }))
    }

    fn network(&self) -> &Arc<Network> {
        match self {
            Execution::Online(in_place) => in_place.online.network(),
            Execution::Batched(batched) => batched.model.network(),
        }
    }
}

impl InPlace {
    fn new(
        network: Arc<Network>,
        initial: Initialisation,
        rule: OnlineRule,
        context: &LearnerContext<'_>,
    ) -> Result<Self, LearnerError> {
        let stream = |purpose: &str| context.streams.stream(&format!("{}/{purpose}", context.area), 0);
        let weights = model::initialise(&network, initial, rule.biases, &mut stream("weights"));
        let input = vec![0.0; network.inputs().iter().map(InputSpec::elements).sum()];
        let mut online = Online::new(network, rule, initial, &mut stream("credit")).map_err(LearnerError::new)?;
        online.set_parameters(&weights).map_err(LearnerError::new)?;
        Ok(Self { online, input, updates: 0 })
    }

    /// That every weight is a number.
    fn check(&self) -> Result<(), LearnerError> {
        match self.online.diverged_layer() {
            Some(layer) => Err(LearnerError::new(format!(
                "the weights of layer `{layer}` are no numbers at update {}: learning diverged; try a smaller lr",
                self.updates
            ))),
            None => Ok(()),
        }
    }

    /// Learns one trial, and answers with its reward and what was expected.
    fn learn(
        &mut self,
        rule: Rule,
        experience: &Experience<'_>,
        expected: &mut [f32],
    ) -> Result<(f32, f32), LearnerError> {
        self.online.network().gather(experience.before, 0, &mut self.input);
        let outputs = self.online.forward(&self.input);
        let (selected, reward) = (remembered_action(experience.actions[0], outputs.len())?, experience.rewards[0]);
        let amount = rule.amount(outputs, selected, reward, expected);
        self.online.learn(selected, amount);
        self.updates += 1;
        Ok((reward, expected[selected]))
    }
}

impl Batched {
    /// Learns a batch: the mean over its trials.
    fn learn(
        &mut self,
        rule: Rule,
        experience: &Experience<'_>,
        expected: &mut [f32],
        counters: &mut Counters,
    ) -> Result<(), LearnerError> {
        let Self { model, outputs, error, selected } = self;
        model.forward_keeping(experience.before, experience.size, outputs)?;
        if !outputs.iter().all(|output| output.is_finite()) {
            return Err(model.diverged("an output is no number"));
        }
        error.fill(0.0);
        let width = expected.len();
        let rows = outputs.chunks_exact(width).zip(error.chunks_exact_mut(width));
        let trials = experience.actions.iter().zip(experience.rewards).zip(rows).zip(&mut *selected);
        for (((&action, &reward), (outputs, error)), selected) in trials {
            *selected = remembered_action(action, width)?;
            let amount = rule.amount(outputs, *selected, reward, expected);
            error[*selected] = -amount / experience.size as f32;
            counters.note(reward, expected[*selected]);
        }
        model.update(&SelectedUnits { rule, selected, rewards: experience.rewards, error }).map(drop)
    }
}

/// The online rule that does what `spec` says, if there is one.
fn online_rule(spec: &ModelSpec) -> Option<OnlineRule> {
    let training = &spec.training;
    let feedback = match training.credit {
        CreditSpec::Backprop => OnlineFeedback::Tied,
        CreditSpec::AttentionGated(AttentionGated { feedback }) => match feedback {
            Reciprocity::Tied => OnlineFeedback::Tied,
            Reciprocity::Learned => OnlineFeedback::Learned,
            Reciprocity::Random => OnlineFeedback::Random,
            Reciprocity::None => OnlineFeedback::Ungated,
        },
        _ => return None,
    };
    let plain = training.optimiser == OptimiserSpec::Sgd(Sgd { momentum: 0.0 })
        && training.clip_gradient.is_none()
        && spec.dropout.is_off();
    plain.then_some(OnlineRule { learning_rate: training.learning_rate, feedback, biases: training.biases })
}

impl Learner for Reinforced {
    fn describe(&self) -> String {
        let name = self.rule.name();
        match &self.execution {
            Execution::Online(in_place) => {
                format!("{name}, {}, native: one trial at a time, in place", in_place.online.network())
            }
            Execution::Batched(batched) => format!("{name}, {}", batched.model.describe()),
        }
    }

    fn learn(&mut self, experience: &Experience<'_>) -> Result<(), LearnerError> {
        let Self { rule, execution, counters, expected } = self;
        match execution {
            Execution::Online(in_place) => {
                let (reward, expected) = in_place.learn(*rule, experience, expected)?;
                counters.note(reward, expected);
                Ok(())
            }
            Execution::Batched(batched) => batched.learn(*rule, experience, expected, counters),
        }
    }

    fn policy(&self) -> Box<dyn Policy> {
        let actions = self.expected.len();
        Box::new(Choice {
            rule: self.rule,
            forward: NativeForward::new(self.execution.network().clone()),
            outputs: vec![0.0; actions],
            probabilities: vec![0.0; actions],
        })
    }

    fn publish(&mut self, weights: &mut Vec<f32>) -> Result<(), LearnerError> {
        match &mut self.execution {
            Execution::Online(in_place) => {
                weights.clear();
                weights.extend_from_slice(in_place.online.parameters());
                in_place.check()
            }
            Execution::Batched(batched) => batched.model.publish(weights),
        }
    }

    fn report(&mut self, metric: &mut dyn FnMut(&str, f64)) {
        let Counters { since_report, reward, expected, prediction_error } = std::mem::take(&mut self.counters);
        let updates = match &self.execution {
            Execution::Online(in_place) => in_place.updates,
            Execution::Batched(batched) => batched.model.updates(),
        };
        metric("n_updates", updates as f64);
        if since_report > 0 {
            let count = since_report as f64;
            metric("reward", reward / count);
            metric("expected", expected / count);
            metric("prediction_error", prediction_error / count);
        }
    }

    fn report_angles(&mut self, angle: &mut dyn FnMut(&str, f64)) {
        if let Execution::Batched(batched) = &mut self.execution {
            batched.model.report_angles(angle);
        }
    }

    fn save(&mut self) -> Result<LearnerState, LearnerError> {
        match &mut self.execution {
            Execution::Batched(batched) => batched.model.save(&self.counters),
            Execution::Online(InPlace { online, updates, .. }) => {
                let mut weights: Vec<_> = model::named(online.network(), "online", online.parameters()).collect();
                let feedback = online.feedback().to_vec();
                if !feedback.is_empty() {
                    weights.push(NamedTensor {
                        name: RECIPROCAL.into(),
                        shape: vec![feedback.len()],
                        values: feedback,
                    });
                }
                let counters = postcard::to_stdvec(&(*updates, &self.counters)).map_err(LearnerError::new)?;
                Ok(LearnerState { weights, optimiser: Vec::new(), counters })
            }
        }
    }

    fn load_weights(&mut self, weights: &[NamedTensor]) -> Result<(), LearnerError> {
        match &mut self.execution {
            Execution::Batched(batched) => batched.model.load_weights(weights),
            Execution::Online(InPlace { online, .. }) => {
                let flat = model::flat(online.network(), "online", weights)?;
                online.set_parameters(&flat).map_err(LearnerError::new)
            }
        }
    }

    fn load(&mut self, state: &LearnerState) -> Result<(), LearnerError> {
        match &mut self.execution {
            Execution::Batched(batched) => self.counters = batched.model.load(state)?,
            Execution::Online(InPlace { online, updates, .. }) => {
                let flat = model::flat(online.network(), "online", &state.weights)?;
                online.set_parameters(&flat).map_err(LearnerError::new)?;
                let feedback = state.weights.iter().find(|tensor| tensor.name == RECIPROCAL);
                let feedback = feedback.map_or(&[][..], |tensor| &tensor.values);
                online.set_feedback(feedback).map_err(LearnerError::new)?;
                (*updates, self.counters) = postcard::from_bytes(&state.counters).map_err(LearnerError::new)?;
            }
        }
        Ok(())
    }

    fn exploration_rate(&self, _: u64) -> f64 {
        match self.rule {
            Rule::Agrel(_) => 0.0,
            Rule::Brainprop { epsilon } => epsilon,
        }
    }
}

/// The name of the feedback weights w′ among the saved ones.
const RECIPROCAL: &str = "reciprocal";

/// The deciding half.
struct Choice {
    rule: Rule,
    forward: NativeForward,
    outputs: Vec<f32>,
    probabilities: Vec<f32>,
}

impl Choice {
    /// What was expected of each action in the last [`Policy::act`] that looked: probabilities, or values.
    fn expectations(&mut self) -> &[f32] {
        match self.rule {
            Rule::Agrel(_) => {
                softmax(&self.outputs, &mut self.probabilities);
                &self.probabilities
            }
            Rule::Brainprop { .. } => &self.outputs,
        }
    }
}

impl Policy for Choice {
    fn act(
        &mut self,
        weights: &[f32],
        view: &[Input<'_>],
        mode: Mode,
        random: &mut Random,
    ) -> Result<usize, LearnerError> {
        if mode == Mode::Random {
            return Ok(random.random_range(0..self.outputs.len()));
        }
        self.forward.forward(weights, view, &mut self.outputs).map_err(LearnerError::new)?;
        Ok(match (mode, self.rule) {
            (Mode::Greedy | Mode::Random, _) => greedy(&self.outputs),
            (Mode::Explore { .. }, Rule::Agrel(_)) => {
                softmax(&self.outputs, &mut self.probabilities);
                sample(&self.probabilities, random)
            }
            (Mode::Explore { .. }, Rule::Brainprop { epsilon }) => {
                max_boltzmann(&self.outputs, epsilon, &mut self.probabilities, random)
            }
        })
    }

    fn consider(
        &mut self,
        weights: &[f32],
        view: &[Input<'_>],
        mode: Mode,
        random: &mut Random,
        expected: &mut [f32],
    ) -> Result<usize, LearnerError> {
        let decided = self.act(weights, view, mode, random)?;
        match mode {
            Mode::Random => expected.fill(0.0),
            Mode::Explore { .. } | Mode::Greedy => expected.copy_from_slice(self.expectations()),
        }
        Ok(decided)
    }
}

/// The initial parameters' keys, which both learners check in the same way.
pub(crate) fn check(spec: &ModelSpec) -> Result<(), LearnerError> {
    spec.check()?;
    match spec.initial {
        Initialisation::Uniform(bound) | Initialisation::Normal(bound) if bound == 0.0 => {
            Err(LearnerError::new("initial draws nothing but zeros, from which no hidden unit learns; give a spread"))
        }
        _ => Ok(()),
    }
}
