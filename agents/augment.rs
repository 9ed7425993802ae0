//! AuGMEnT: attention-gated memory tagging (Rombouts, Bohte & Roelfsema 2015), in the order of the platform's steps.
//!
//! The network and its equations stand in [`innate_nn::Augment`]. At each time t the actor sees x(t), chooses s by
//! max-Boltzmann from q(t), and steps the environment, which gives r(t+1). The learner then does what the paper does at
//! time t, in its order:
//!
//! ```text
//! δ(t) = r(t) + γ q_s(t) − q_s'(t−1)       every weight += β δ(t) Tag       then the tags take up step t
//! at the end of a trial, after the last step T:   δ = r(T+1) − q_s(T)       every weight += β δ Tag       tags, traces, memory ← 0
//! ```
//!
//! Departures from the paper:
//! 1. A trial that is cut short, not ended, bootstraps: `δ = r + γ max q(x(T+1)) − q_s(T)`.
//! 2. With `memory = "queue"` the weights that learn are newer than those that chose.

use crate::learner::{
    Experience, Learner, LearnerContext, LearnerError, LearnerPlan, LearnerState, Memory, Mode, NamedTensor, Policy,
    remembered_action,
};
use crate::model::{RATE, is_rate};
use crate::streams::Random;
use documented::DocumentedFields;
use innate_nn::{Augment, AugmentSpec, Input, InputSpec, MemoryTag, Reciprocity, Trial, greedy, max_boltzmann};
use rand::Rng;
use serde::{Deserialize, Serialize};

/// The keys of an AuGMEnT area.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct AugmentOptions {
    /// Regular units, which see what is there now.
    pub regular: usize,
    /// Memory units, which add up what appears and disappears.
    pub memory_units: usize,
    /// Learning rate β.
    pub lr: f64,
    /// Discount factor γ.
    pub gamma: f64,
    /// Decay λ of the tags: each step multiplies them by λγ.
    pub lambda: f64,
    /// The tags of memory units: "decaying" as all tags do, or "recomputed" at each step from the traces.
    pub memory_tag: MemoryTag,
    /// The weights that feed back: "tied", "learned" or "random".
    pub feedback: Reciprocity,
    /// Weights are drawn uniformly between plus and minus this bound.
    pub initial: f64,
    /// Probability ε of a choice by softmax.
    pub epsilon: f64,
}

impl Default for AugmentOptions {
    /// 3 regular and 4 memory units, β = .15, γ = .9, λ = .2, ε = .025, weights in ±.25 (the paper's Table 1).
    fn default() -> Self {
        let spec = AugmentSpec::default();
        Self {
            regular: spec.regular,
            memory_units: spec.memory,
            lr: spec.learning_rate,
            gamma: spec.gamma,
            lambda: spec.lambda,
            memory_tag: spec.memory_tag,
            feedback: spec.feedback,
            initial: 0.25,
            epsilon: 0.025,
        }
    }
}

impl AugmentOptions {
    /// Makes AuGMEnT learners with these options.
    ///
    /// # Errors
    /// A value out of range, in a sentence that names it.
    pub fn plan(self) -> Result<LearnerPlan, LearnerError> {
        let share = |value: f64| (0.0..=1.0).contains(&value);
        let checks = [
            ("lr", self.lr, is_rate(self.lr), RATE),
            ("gamma", self.gamma, share(self.gamma), "between 0 and 1"),
            ("lambda", self.lambda, share(self.lambda), "between 0 and 1"),
            ("epsilon", self.epsilon, share(self.epsilon), "between 0 and 1"),
            ("initial", self.initial, self.initial > 0.0 && self.initial.is_finite(), "a number greater than 0"),
            ("regular", self.regular as f64, (1..=MOST_UNITS).contains(&self.regular), "between 1 and 65536"),
            ("memory_units", self.memory_units as f64, self.memory_units <= MOST_UNITS, "between 0 and 65536"),
        ];
        if let Some((key, value, _, allowed)) = checks.iter().find(|(_, _, fits, _)| !fits) {
            return Err(LearnerError::new(format!("{key} = {value} must be {allowed}")));
        }
        if self.feedback == Reciprocity::None {
            return Err(LearnerError::new("feedback = \"none\" must be \"tied\", \"learned\" or \"random\""));
        }
        Ok(Box::new(move |context: &LearnerContext<'_>| {
            AugmentLearner::new(&self, context).map(|learner| Box::new(learner) as Box<dyn Learner>)
        }))
    }

    fn spec(&self) -> AugmentSpec {
        AugmentSpec {
            regular: self.regular,
            memory: self.memory_units,
            learning_rate: self.lr,
            gamma: self.gamma,
            lambda: self.lambda,
            memory_tag: self.memory_tag,
            feedback: self.feedback,
            ..AugmentSpec::default()
        }
    }
}

/// The most units of a kind.
const MOST_UNITS: usize = 65_536;

/// The most weights: each environment slot holds as many Tags, and a copy to act with.
const MOST_WEIGHTS: usize = 1 << 24;

/// The learning half.
struct AugmentLearner {
    network: Augment<f32>,
    inputs: Vec<InputSpec>,
    epsilon: f64,
    slots: Vec<Running>,
    observation: Vec<f32>,
    counters: Counters,
}

/// The trial that runs in a slot.
#[derive(Clone, Serialize, Deserialize)]
struct Running {
    trial: Trial<f32>,
    /// r(t): what the step before brought; none before a trial's second step.
    reward: Option<f32>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Counters {
    updates: u64,
    /// TD errors since the last report, and the sum of their sizes.
    errors: u64,
    error: f64,
}

impl Counters {
    fn note(&mut self, delta: f32) {
        self.errors += 1;
        self.error += f64::from(delta.abs());
    }
}

impl AugmentLearner {
    fn new(options: &AugmentOptions, context: &LearnerContext<'_>) -> Result<Self, LearnerError> {
        if context.memory == Memory::Replay || context.batch != 1 {
            let said =
                "augment learns from whole trials, step by step: set memory = \"online\" (or \"queue\" with batch = 1)";
            return Err(LearnerError::new(said));
        }
        let elements: usize = context.inputs.iter().map(InputSpec::elements).sum();
        let weights = (options.regular + options.memory_units).saturating_mul(2 * elements + context.actions + 1);
        if weights > MOST_WEIGHTS {
            let said = format!(
                "its units have {weights} weights, allowed: {MOST_WEIGHTS}; give it fewer units or a smaller view"
            );
            return Err(LearnerError::new(said));
        }
        let mut network = Augment::new(&options.spec(), elements, context.actions);
        network.initialise(options.initial, &mut context.streams.stream(&format!("{}/weights", context.area), 0));
        let running = Running { trial: network.trial(), reward: None };
        Ok(Self {
            slots: vec![running; context.slots],
            network,
            inputs: context.inputs.to_vec(),
            epsilon: options.epsilon,
            observation: vec![0.0; elements],
            counters: Counters::default(),
        })
    }
}

/// Joins the percepts of a view.
fn join(specs: &[InputSpec], view: &[Input<'_>], into: &mut [f32]) {
    let mut rest = into;
    for (spec, input) in specs.iter().zip(view) {
        let (part, after) = rest.split_at_mut(spec.elements());
        input.copy_scaled(0, part);
        rest = after;
    }
}

impl Learner for AugmentLearner {
    fn describe(&self) -> String {
        format!("AuGMEnT, {}, one step at a time", self.network)
    }

    fn learn(&mut self, experience: &Experience<'_>) -> Result<(), LearnerError> {
        let Self { network, slots, observation, inputs, .. } = self;
        let Running { trial, reward } = &mut slots[experience.slot];
        join(inputs, experience.before, observation);
        network.forward(trial, observation);
        let chosen = remembered_action(experience.actions[0], trial.q().len())?;
        let delta = network.learn(trial, chosen, reward.unwrap_or_default());
        if reward.is_some() {
            self.counters.note(delta);
        }
        let (terminated, truncated) = (experience.terminated[0] != 0, experience.truncated[0] != 0);
        if terminated || truncated {
            let mut bootstrap = 0.0;
            if !terminated {
                join(inputs, experience.after, observation);
                let mut after = trial.clone();
                network.forward(&mut after, observation);
                bootstrap = after.q()[greedy(after.q())];
            }
            self.counters.note(network.finish(trial, experience.rewards[0], bootstrap));
            *reward = None;
        } else {
            *reward = Some(experience.rewards[0]);
        }
        self.counters.updates += 1;
        Ok(())
    }

    fn policy(&self) -> Box<dyn Policy> {
        Box::new(Remembering {
            trial: self.network.trial(),
            q: vec![0.0; self.network.trial().q().len()],
            network: self.network.clone(),
            inputs: self.inputs.clone(),
            epsilon: self.epsilon,
            observation: self.observation.clone(),
        })
    }

    fn publish(&mut self, weights: &mut Vec<f32>) -> Result<(), LearnerError> {
        weights.clear();
        weights.extend_from_slice(self.network.parameters());
        match self.network.diverged_tensor() {
            Some(name) => Err(LearnerError::new(format!(
                "the weights of layer `{name}` are no numbers at update {}: learning diverged; try a smaller lr",
                self.counters.updates
            ))),
            None => Ok(()),
        }
    }

    fn interrupt(&mut self, slot: usize) {
        self.slots[slot].trial.reset();
        self.slots[slot].reward = None;
    }

    fn exploration_rate(&self, _: u64) -> f64 {
        self.epsilon
    }

    fn report(&mut self, metric: &mut dyn FnMut(&str, f64)) {
        let Counters { updates, errors, error } = self.counters;
        metric("n_updates", updates as f64);
        if errors > 0 {
            metric("prediction_error", error / errors as f64);
        }
        self.counters = Counters { updates, ..Counters::default() };
    }

    fn save(&mut self) -> Result<LearnerState, LearnerError> {
        let named = |(name, shape, values): (&str, Vec<usize>, &[f32])| NamedTensor {
            name: format!("online.{name}"),
            shape,
            values: values.to_vec(),
        };
        let counters = postcard::to_stdvec(&(&self.counters, &self.slots)).map_err(LearnerError::new)?;
        Ok(LearnerState { weights: self.network.tensors().map(named).collect(), optimiser: Vec::new(), counters })
    }

    fn load_weights(&mut self, weights: &[NamedTensor]) -> Result<(), LearnerError> {
        let mut flat = Vec::with_capacity(self.network.parameters().len());
        for (name, shape, _) in self.network.tensors() {
            let found = weights.iter().find(|tensor| tensor.name.strip_prefix("online.") == Some(name));
            match found {
                Some(tensor) if tensor.shape == shape => flat.extend_from_slice(&tensor.values),
                Some(tensor) => {
                    let found = &tensor.shape;
                    return Err(LearnerError::new(format!(
                        "the weights `{name}` have shape {found:?}, allowed: {shape:?}"
                    )));
                }
                None => return Err(LearnerError::new(format!("the weights `{name}` (shape {shape:?}) are missing"))),
            }
        }
        self.network.set_parameters(&flat).map_err(LearnerError::new)
    }

    fn load(&mut self, state: &LearnerState) -> Result<(), LearnerError> {
        self.load_weights(&state.weights)?;
        let (counters, slots): (Counters, Vec<Running>) =
            postcard::from_bytes(&state.counters).map_err(LearnerError::new)?;
        if slots.len() != self.slots.len() {
            let (found, expected) = (slots.len(), self.slots.len());
            return Err(LearnerError::new(format!("the state is of {found} slots, allowed: {expected}")));
        }
        if !slots.iter().all(|running| self.network.fits(&running.trial)) {
            return Err(LearnerError::new("the state holds trials of another network"));
        }
        (self.counters, self.slots) = (counters, slots);
        Ok(())
    }
}

/// The deciding half: it remembers what it saw in the trial.
struct Remembering {
    network: Augment<f32>,
    trial: Trial<f32>,
    inputs: Vec<InputSpec>,
    epsilon: f64,
    observation: Vec<f32>,
    /// Room for probabilities.
    q: Vec<f32>,
}

impl Policy for Remembering {
    fn act(
        &mut self,
        weights: &[f32],
        view: &[Input<'_>],
        mode: Mode,
        random: &mut Random,
    ) -> Result<usize, LearnerError> {
        self.network.set_parameters(weights).map_err(LearnerError::new)?;
        join(&self.inputs, view, &mut self.observation);
        self.network.forward(&mut self.trial, &self.observation);
        let q = self.trial.q();
        Ok(match mode {
            Mode::Explore { .. } => max_boltzmann(self.trial.choices(), self.epsilon, &mut self.q, random),
            Mode::Greedy => greedy(self.trial.choices()),
            Mode::Random => random.random_range(0..q.len()),
        })
    }

    fn begin_episode(&mut self) {
        self.trial.reset();
    }

    fn save(&self) -> Vec<u8> {
        // Numbers and lists of them always have a form in bytes.
        postcard::to_stdvec(&self.trial).unwrap_or_default()
    }

    fn load(&mut self, memory: &[u8]) -> Result<(), LearnerError> {
        let trial = postcard::from_bytes(memory).map_err(LearnerError::new)?;
        if !self.network.fits(&trial) {
            return Err(LearnerError::new("the memory is that of another network"));
        }
        self.trial = trial;
        Ok(())
    }
}
