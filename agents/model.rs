//! A network on an engine, as learners hold it: made from their keys, and saved whole.

use crate::learner::{LearnerContext, LearnerError, LearnerState, NamedTensor};
use innate_nn::{
    AttentionGated, Biases, CreditSpec, CreditState, DropoutSpec, Engine, EngineSpec, Initialisation, Input, Network,
    NetworkSpec, NoisySpec, Objective, OptimiserState, ParameterSet, Random, Reciprocity, Training,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a learner's keys say of its network.
#[derive(Clone, Debug)]
pub struct ModelSpec {
    /// The network.
    pub network: NetworkSpec,
    /// How its parameters are drawn.
    pub initial: Initialisation,
    /// The engine.
    pub engine: EngineSpec,
    /// How parameters change.
    pub training: Training,
    /// Updates between two measurements of the angles to the back-propagated gradient; 0: none.
    pub angle_every: u64,
    /// Which parameters are part of its state.
    pub sets: Sets,
    /// Noise in its weights, if there is any.
    pub noisy: Option<NoisySpec>,
    /// How its hidden units fall silent while it learns.
    pub dropout: DropoutSpec,
}

/// Which parameters a learner uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sets {
    /// Those that learn.
    Online,
    /// Those, and a frozen copy.
    OnlineAndTarget,
}

impl ModelSpec {
    /// Checks what does not depend on the area.
    ///
    /// # Errors
    /// A value out of range, in a sentence that names it.
    pub fn check(&self) -> Result<(), LearnerError> {
        let Training { optimiser, learning_rate, clip_gradient, credit, .. } = &self.training;
        let in_range = |key: &str, value: f64, fits: bool, allowed: &str| match fits {
            true => Ok(()),
            false => Err(LearnerError::new(format!("{key} = {value} must be {allowed}"))),
        };
        // A comparison with NaN is false, so that NaN is refused as well.
        in_range("lr", *learning_rate, is_rate(*learning_rate), RATE)?;
        let clip = clip_gradient.unwrap_or(0.0);
        in_range("clip_gradient", clip, clip >= 0.0, "0 (off) or more")?;
        optimiser.check(*learning_rate).map_err(LearnerError::new)?;
        credit
            .check()
            .and_then(|()| self.initial.check())
            .and_then(|()| self.dropout.check())
            .map_err(LearnerError::new)
    }
}

/// Whether a rate, rounded to the single precision in which is learned, is a positive number.
pub(crate) fn is_rate(value: f64) -> bool {
    value as f32 > 0.0 && (value as f32).is_finite()
}

/// What [`is_rate`] allows.
pub(crate) const RATE: &str = "a number greater than 0, in single precision";

/// A network on an engine.
pub struct Model {
    network: Arc<Network>,
    engine: Box<dyn Engine>,
    noisy: bool,
    reason: String,
    sets: &'static [(ParameterSet, &'static str)],
    credit: CreditSpec,
    angle_every: u64,
    angles: Vec<f64>,
    angles_are_new: bool,
    updates: u64,
}

/// What of a model is neither weights nor moments.
#[derive(Serialize, Deserialize)]
struct Extra {
    optimiser_steps: u64,
    noise: Option<Random>,
    updates: u64,
    /// Angles that were measured and not yet reported.
    angles: Option<Vec<f64>>,
}

/// The name of the flat feedback numbers among a learner's weights.
const FEEDBACK: &str = "feedback";
/// What a noisy network keeps beside its parameters, in the order in which its engine tells it.
const NOISY: [&str; 4] = ["sigma.online", "sigma.target", "noise.online", "noise.target"];

impl Model {
    /// A model for the area that `context` describes, with `outputs` outputs and fresh parameters.
    ///
    /// # Errors
    /// The network does not fit the area's view, or no engine can train it so.
    pub fn new(spec: ModelSpec, outputs: usize, context: &LearnerContext<'_>) -> Result<Self, LearnerError> {
        let network = Arc::new(spec.network.build(context.inputs, outputs).map_err(LearnerError::new)?);
        let stream = |purpose: &str| context.streams.stream(&format!("{}/{purpose}", context.area), 0);
        let weights = initialise(&network, spec.initial, spec.training.biases, &mut stream("weights"));
        let credit = spec.training.credit.clone();
        let training = spec.training.clone();
        let built = spec.engine.build(network.clone(), context.device, spec.training, &mut stream("credit"));
        let (mut engine, reason) = built.map_err(LearnerError::new)?;
        engine.write_parameters(ParameterSet::Online, &weights).map_err(LearnerError::new)?;
        engine.copy_online_to_target().map_err(LearnerError::new)?;
        if let CreditSpec::AttentionGated(AttentionGated { feedback: Reciprocity::Learned }) = credit {
            // w′ was drawn for w = 0; what stays as it is is w′ − w.
            let mut state = engine.credit_state();
            state.feedback.iter_mut().zip(&weights).for_each(|(feedback, w)| *feedback -= w);
            engine.set_credit_state(state).map_err(LearnerError::new)?;
        }
        if let Some(noisy) = spec.noisy {
            let around = noisy.around(engine, network.clone(), &training, stream("noise"));
            engine = Box::new(around.map_err(LearnerError::new)?);
        }
        if !spec.dropout.is_off() {
            let around = spec.dropout.around(engine, network.clone(), &training, stream("dropout"));
            engine = Box::new(around.map_err(LearnerError::new)?);
        }
        let noisy = spec.noisy.is_some();
        let both: &[_] = &[(ParameterSet::Online, "online"), (ParameterSet::Target, "target")];
        let sets = if spec.sets == Sets::Online { &both[..1] } else { both };
        let (angles, angle_every) = (vec![0.0; network.layers().len()], spec.angle_every);
        Ok(Self {
            network,
            engine,
            noisy,
            reason,
            sets,
            credit,
            angle_every,
            angles,
            angles_are_new: false,
            updates: 0,
        })
    }

    /// The network.
    pub fn network(&self) -> &Arc<Network> {
        &self.network
    }

    /// One line: the network, its engine and why it is this one.
    pub fn describe(&self) -> String {
        format!("{}, {} ({})", self.network, self.engine.describe(), self.reason)
    }

    /// The outputs of `set`, `[batch, outputs]`.
    ///
    /// # Errors
    /// The engine failed.
    pub fn forward(
        &mut self,
        set: ParameterSet,
        inputs: &[Input<'_>],
        batch: usize,
        outputs: &mut [f32],
    ) -> Result<(), LearnerError> {
        self.engine.forward(set, inputs, batch, outputs).map_err(LearnerError::new)
    }

    /// The outputs of the parameters that learn, for an [`Model::update`] to follow.
    ///
    /// # Errors
    /// The engine failed.
    pub fn forward_keeping(
        &mut self,
        inputs: &[Input<'_>],
        batch: usize,
        outputs: &mut [f32],
    ) -> Result<(), LearnerError> {
        self.engine.forward_keeping(inputs, batch, outputs).map_err(LearnerError::new)
    }

    /// Changes the parameters for `objective`, and answers with the norm of the gradient.
    ///
    /// # Errors
    /// The engine failed, or the gradient is no number.
    pub fn update(&mut self, objective: &dyn Objective<f32>) -> Result<f32, LearnerError> {
        self.engine.assign_credit(objective).map_err(LearnerError::new)?;
        if self.credit != CreditSpec::Backprop && self.angle_every > 0 && self.updates.is_multiple_of(self.angle_every)
        {
            self.engine.angles(objective, &mut self.angles).map_err(LearnerError::new)?;
            self.angles_are_new = true;
        }
        let norm = self.engine.update().map_err(|error| self.diverged(error))?;
        self.updates += 1;
        Ok(norm)
    }

    /// Makes the target parameters equal to those that learn.
    ///
    /// # Errors
    /// The engine failed.
    pub fn copy_online_to_target(&mut self) -> Result<(), LearnerError> {
        self.engine.copy_online_to_target().map_err(LearnerError::new)
    }

    /// Moves the target parameters by a share `rate` of the way to those that learn.
    ///
    /// # Errors
    /// The engine failed.
    pub fn move_target(&mut self, rate: f64) -> Result<(), LearnerError> {
        self.engine.move_target(rate).map_err(LearnerError::new)
    }

    /// Draws noise anew, if there is any in the weights.
    ///
    /// # Errors
    /// The engine failed.
    pub fn renew_noise(&mut self) -> Result<(), LearnerError> {
        self.engine.renew_noise().map_err(LearnerError::new)
    }

    /// Number of updates made.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// That learning diverged, as `what` says, with the layer whose parameters are no numbers, or else are the largest.
    pub fn diverged(&mut self, what: impl std::fmt::Display) -> LearnerError {
        let mut weights = vec![0.0; self.network.parameters()];
        let read = self.engine.read_parameters(ParameterSet::Online, &mut weights);
        let layer = read.map(|()| match self.network.diverged_layer(&weights) {
            Some(layer) => format!(" (the weights of layer `{layer}` are no numbers)"),
            None => {
                let (layer, weight) = self.network.largest(&weights);
                format!(" (the largest weight, {weight:e}, is one of layer `{layer}`)")
            }
        });
        let (layer, updates) = (layer.unwrap_or_default(), self.updates);
        LearnerError::new(format!("{what}{layer} at update {updates}: learning diverged; try a smaller lr"))
    }

    /// Copies the flat parameters that learn into `weights`; of a noisy network those with noise, and then those without.
    ///
    /// # Errors
    /// The engine failed, or a parameter is no number.
    pub fn publish(&mut self, weights: &mut Vec<f32>) -> Result<(), LearnerError> {
        let count = self.network.parameters();
        weights.resize(if self.noisy { 2 * count } else { count }, 0.0);
        let (acting, mean) = weights.split_at_mut(count);
        self.engine.read_acting(acting).map_err(LearnerError::new)?;
        if self.noisy {
            self.engine.read_parameters(ParameterSet::Online, mean).map_err(LearnerError::new)?;
        }
        match self.network.diverged_layer(acting) {
            Some(_) => Err(self.diverged("the weights are not finite")),
            None => Ok(()),
        }
    }

    /// Reports the angles that were measured since the last report, by layer.
    pub fn report_angles(&mut self, angle: &mut dyn FnMut(&str, f64)) {
        if std::mem::take(&mut self.angles_are_new) {
            let layers = self.angles.iter().enumerate();
            layers.for_each(|(layer, &degrees)| angle(self.network.layer_name(layer), degrees));
        }
    }

    /// The whole state, beside `counters`, what the learner itself counts.
    ///
    /// # Errors
    /// The engine failed.
    pub fn save<C: Serialize>(&mut self, counters: &C) -> Result<LearnerState, LearnerError> {
        let mut weights = Vec::new();
        for (set, prefix) in self.sets {
            let mut flat = vec![0.0; self.network.parameters()];
            self.engine.read_parameters(*set, &mut flat).map_err(LearnerError::new)?;
            weights.extend(named(&self.network, prefix, &flat));
        }
        let CreditState { mut feedback, noise } = self.engine.credit_state();
        if self.noisy {
            let count = self.network.parameters();
            let inner = feedback.split_off(NOISY.len() * count);
            let parts = NOISY.iter().zip(feedback.chunks_exact(count));
            parts.for_each(|(prefix, part)| weights.extend(named(&self.network, prefix, part)));
            feedback = inner;
        }
        if !feedback.is_empty() {
            weights.push(NamedTensor { name: FEEDBACK.into(), shape: vec![feedback.len()], values: feedback });
        }
        let OptimiserState { steps, moments } = self.engine.optimiser_state().map_err(LearnerError::new)?;
        let moments = moments.into_iter();
        let moments = moments.map(|(name, values)| NamedTensor { name, shape: vec![values.len()], values });
        let angles = self.angles_are_new.then(|| self.angles.clone());
        let extra = Extra { optimiser_steps: steps, noise, updates: self.updates, angles };
        let counters = postcard::to_stdvec(&(extra, counters)).map_err(LearnerError::new)?;
        Ok(LearnerState { weights, optimiser: moments.collect(), counters })
    }

    /// Takes the parameters of a state.
    ///
    /// # Errors
    /// They are of another network.
    pub fn load_weights(&mut self, weights: &[NamedTensor]) -> Result<(), LearnerError> {
        for (set, prefix) in self.sets {
            let flat = flat(&self.network, prefix, weights)?;
            self.engine.write_parameters(*set, &flat).map_err(LearnerError::new)?;
        }
        Ok(())
    }

    /// Takes back what [`Model::save`] gave, and answers with the learner's own counters.
    ///
    /// # Errors
    /// The state is of another learner, or of another network.
    pub fn load<C: for<'de> Deserialize<'de>>(&mut self, state: &LearnerState) -> Result<C, LearnerError> {
        self.load_weights(&state.weights)?;
        let (extra, counters): (Extra, C) = postcard::from_bytes(&state.counters).map_err(LearnerError::new)?;
        let moments = state.optimiser.iter().map(|tensor| (tensor.name.clone(), tensor.values.clone())).collect();
        let moments = OptimiserState { steps: extra.optimiser_steps, moments };
        self.engine.set_optimiser_state(moments).map_err(LearnerError::new)?;
        let noisy = NOISY.iter().filter(|_| self.noisy);
        let parts = noisy.map(|prefix| flat(&self.network, prefix, &state.weights)).collect::<Result<Vec<_>, _>>()?;
        let inner = state.weights.iter().find(|tensor| tensor.name == FEEDBACK);
        let feedback = [parts.concat(), inner.map(|tensor| tensor.values.clone()).unwrap_or_default()].concat();
        self.engine.set_credit_state(CreditState { feedback, noise: extra.noise }).map_err(LearnerError::new)?;
        self.updates = extra.updates;
        self.angles_are_new = extra.angles.is_some();
        let angles = extra.angles.unwrap_or_else(|| vec![0.0; self.angles.len()]);
        if angles.len() != self.angles.len() {
            let (found, expected) = (angles.len(), self.angles.len());
            return Err(LearnerError::new(format!("the state has angles of {found} layers, allowed: {expected}")));
        }
        self.angles = angles;
        Ok(counters)
    }
}

/// Fresh parameters; biases that do not learn are 0.
pub(crate) fn initialise(network: &Network, how: Initialisation, biases: Biases, random: &mut Random) -> Vec<f32> {
    let mut weights: Vec<f32> = network.initialise_as(how, random);
    if biases == Biases::Fixed {
        let biases = network.parameter_tensors().iter().filter(|tensor| tensor.is_bias());
        biases.for_each(|tensor| weights[tensor.range.clone()].fill(0.0));
    }
    weights
}

/// The parts of a flat vector of `network`, under names that begin with `prefix`.
pub(crate) fn named<'a>(
    network: &'a Network,
    prefix: &'a str,
    flat: &'a [f32],
) -> impl Iterator<Item = NamedTensor> + 'a {
    network.tensors(flat).map(move |(name, shape, values)| NamedTensor {
        name: format!("{prefix}.{name}"),
        shape: shape.to_vec(),
        values: values.to_vec(),
    })
}

/// The flat vector of `network` whose parts stand in `tensors` under names that begin with `prefix`.
pub(crate) fn flat(network: &Network, prefix: &str, tensors: &[NamedTensor]) -> Result<Vec<f32>, LearnerError> {
    let find = |name: &str| {
        let is_it = |tensor: &&NamedTensor| {
            tensor.name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.')) == Some(name)
        };
        tensors.iter().find(is_it).map(|tensor| (tensor.shape.as_slice(), tensor.values.as_slice()))
    };
    network.flatten(find).map_err(LearnerError::new)
}
