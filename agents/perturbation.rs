//! Learning by trial and disturbance: node and weight perturbation with a reward that cannot be asked twice.
//!
//! The equations stand in [`innate_nn::Disturbed`]. The published weights are the disturbed ones, so the actor acts with
//! them without knowing; its choice is the greatest output, and the disturbance is all the exploration there is. With a
//! cost that *can* be asked twice, as that of a DQN's batch, the same rules are `credit = "node-perturbation"` and
//! `"weight-perturbation"`.
//!
//! A checkpoint holds the undisturbed weights. Evaluations during training act with the disturbed ones of their moment.

use crate::learner::{
    Experience, Learner, LearnerContext, LearnerError, LearnerPlan, LearnerState, Memory, Mode, NamedTensor, Policy,
};
use crate::model::{self, RATE, is_rate};
use crate::streams::Random;
use documented::DocumentedFields;
use innate_nn::{
    Biases, Disturbed, DisturbedState, Form, Initialisation, Input, NativeForward, Network, NetworkSpec, Perturbation,
    Site, greedy,
};
use rand::Rng;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The keys of an area that learns by disturbance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct PerturbationOptions {
    /// The network: `{ hidden = [16] }`, or its layers one by one.
    pub network: NetworkSpec,
    /// How its parameters are drawn: "default", `{ uniform = 0.25 }` or `{ normal = 0.005 }`.
    pub initial: Initialisation,
    /// What is disturbed: "nodes" (the sums that units receive) or "weights".
    pub disturb: Site,
    /// Size σ of the disturbance.
    pub sigma: f64,
    /// "parallel" (all at once) or "serial" (a random one for each trial).
    pub form: Form,
    /// Learning rate η.
    pub lr: f64,
    /// Rate ρ at which the mean reward r̄ follows the reward.
    pub baseline_rate: f64,
}

impl Default for PerturbationOptions {
    fn default() -> Self {
        Self {
            network: NetworkSpec::Hidden(vec![16]),
            initial: Initialisation::Default,
            disturb: Site::Nodes,
            sigma: 0.1,
            form: Form::Parallel,
            lr: 0.01,
            baseline_rate: 0.02,
        }
    }
}

impl PerturbationOptions {
    /// Makes learners with these options.
    ///
    /// # Errors
    /// A value out of range, in a sentence that names it.
    pub fn plan(self) -> Result<LearnerPlan, LearnerError> {
        let checks = [
            ("lr", self.lr, is_rate(self.lr), RATE),
            ("sigma", self.sigma, is_rate(self.sigma), RATE),
            ("lr / sigma", self.lr / self.sigma, is_rate(self.lr / self.sigma), RATE),
            ("baseline_rate", self.baseline_rate, (0.0..=1.0).contains(&self.baseline_rate), "between 0 and 1"),
        ];
        if let Some((key, value, _, allowed)) = checks.iter().find(|(_, _, fits, _)| !fits) {
            return Err(LearnerError::new(format!("{key} = {value} must be {allowed}")));
        }
        self.initial.check().map_err(LearnerError::new)?;
        Ok(Box::new(move |context: &LearnerContext<'_>| {
            Perturbing::new(&self, context).map(|learner| Box::new(learner) as Box<dyn Learner>)
        }))
    }
}

/// The learning half.
struct Perturbing {
    network: Arc<Network>,
    disturbed: Disturbed,
    baseline_rate: f32,
    counters: Counters,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Counters {
    updates: u64,
    since_report: u64,
    reward: f64,
    /// r̄
    baseline: f32,
}

impl Perturbing {
    fn new(options: &PerturbationOptions, context: &LearnerContext<'_>) -> Result<Self, LearnerError> {
        if context.memory != Memory::Online || context.slots != 1 {
            let said = "perturbation needs the reward of the very choice that it disturbed: set memory = \"online\" and env.slots = 1";
            return Err(LearnerError::new(said));
        }
        let network = options.network.build(context.inputs, context.actions).map_err(LearnerError::new)?;
        let network = Arc::new(network);
        let stream = |purpose: &str| context.streams.stream(&format!("{}/{purpose}", context.area), 0);
        let weights = model::initialise(&network, options.initial, Biases::Learned, &mut stream("weights"));
        let perturbation = Perturbation { sigma: options.sigma, form: options.form };
        let made =
            Disturbed::new(network.clone(), options.disturb, perturbation, options.lr, weights, stream("credit"));
        let disturbed = made.map_err(LearnerError::new)?;
        let baseline_rate = options.baseline_rate as f32;
        Ok(Self { network, disturbed, baseline_rate, counters: Counters::default() })
    }
}

impl Learner for Perturbing {
    fn describe(&self) -> String {
        format!("perturbation, {}, native, one trial at a time", self.network)
    }

    fn learn(&mut self, experience: &Experience<'_>) -> Result<(), LearnerError> {
        let (counters, reward) = (&mut self.counters, experience.rewards[0]);
        let surprise = reward - counters.baseline;
        self.disturbed.learn(experience.before, surprise).map_err(LearnerError::new)?;
        counters.baseline += self.baseline_rate * surprise;
        counters.updates += 1;
        counters.since_report += 1;
        counters.reward += f64::from(reward);
        Ok(())
    }

    fn policy(&self) -> Box<dyn Policy> {
        let forward = NativeForward::new(self.network.clone());
        Box::new(Greatest { forward, outputs: vec![0.0; self.network.outputs()] })
    }

    fn publish(&mut self, weights: &mut Vec<f32>) -> Result<(), LearnerError> {
        weights.clear();
        weights.extend_from_slice(self.disturbed.acting());
        match self.network.diverged_layer(weights) {
            Some(layer) => Err(LearnerError::new(format!(
                "the weights of layer `{layer}` are no numbers at update {}: learning diverged; try a smaller lr",
                self.counters.updates
            ))),
            None => Ok(()),
        }
    }

    fn report(&mut self, metric: &mut dyn FnMut(&str, f64)) {
        let Counters { updates, since_report, reward, baseline } = self.counters;
        metric("n_updates", updates as f64);
        metric("baseline", baseline.into());
        if since_report > 0 {
            metric("reward", reward / since_report as f64);
        }
        self.counters = Counters { updates, baseline, ..Counters::default() };
    }

    fn save(&mut self) -> Result<LearnerState, LearnerError> {
        let DisturbedState { parameters, noise, random } = self.disturbed.state();
        let weights = model::named(&self.network, "online", parameters).collect();
        let optimiser = model::named(&self.network, "disturbance", noise).collect();
        let counters = postcard::to_stdvec(&(random, &self.counters)).map_err(LearnerError::new)?;
        Ok(LearnerState { weights, optimiser, counters })
    }

    fn load_weights(&mut self, weights: &[NamedTensor]) -> Result<(), LearnerError> {
        let parameters = model::flat(&self.network, "online", weights)?;
        let noise = vec![0.0; parameters.len()];
        let random = self.disturbed.state().random.clone();
        self.disturbed.restore(DisturbedState { parameters, noise, random }).map_err(LearnerError::new)
    }

    fn load(&mut self, state: &LearnerState) -> Result<(), LearnerError> {
        let parameters = model::flat(&self.network, "online", &state.weights)?;
        let noise = model::flat(&self.network, "disturbance", &state.optimiser)?;
        let (random, counters) = postcard::from_bytes(&state.counters).map_err(LearnerError::new)?;
        self.counters = counters;
        self.disturbed.restore(DisturbedState { parameters, noise, random }).map_err(LearnerError::new)
    }
}

/// The deciding half.
struct Greatest {
    forward: NativeForward,
    outputs: Vec<f32>,
}

impl Policy for Greatest {
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
        Ok(greedy(&self.outputs))
    }
}
