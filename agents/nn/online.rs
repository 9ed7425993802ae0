//! Learning by trial and error, one trial at a time: AGREL and its deep form, in place.
//!
//! A network of dense layers answers an input x with the values a_k of its linear outputs. One output s is selected, the
//! world pays, and the learner sums up what that means in one number, the *amount*: f(δ) of AGREL or the δ of BrainProp (see
//! [`Expansion`](crate::Expansion)). Only the selected unit feeds back, and what it feeds back gates how much of
//! the amount each synapse below takes. With y_0 = x, g_L one at s and zero elsewhere, and f′ the slope of a layer's
//! activation,
//!
//! ```text
//! fb_l = W′_{l+1}ᵀ g_{l+1}        g_l = fb_l ⊙ f′(z_l)
//! ΔW_l = β · amount · g_l y_{l−1}ᵀ        Δb_l = β · amount · g_l
//! ```
//!
//! with the W′ from before the change (Roelfsema & van Ooyen 2005, section 2; Pozzi, Bohté & Roelfsema 2020, eqs. 2–5). The
//! mean of AGREL's change over the outputs that may be selected is minus the gradient of the cross-entropy; BrainProp's
//! change is minus that of ½δ². A batched engine with [attention-gated credit](crate::CreditSpec::AttentionGated) computes
//! the same numbers. Here no gradient is stored: one sweep over the rows of a layer reads each weight once, sends the
//! feedback down and changes the weight. Rows that get no feedback are skipped, as are inputs that are 0.
//!
//! Nothing is allocated after construction, and the bits of the products do not depend on the CPU.
//!
//! Differences from the papers:
//! 1. β is the same for all layers, and biases learn (BrainProp has none; see [`Biases`]).
//! 2. A weight that is no longer a finite number is not sought at every trial: ask [`Online::diverged_layer`].

mod sweep;

use crate::engine::{Biases, EngineError};
use crate::initialisation::Initialisation;
use crate::input::check_length;
use crate::network::{Layer, Network};
use crate::optimiser::OptimiserError;
use crate::real::{Random, Real};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use sweep::{Place, Scratch, Sparse};

/// How weights change.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OnlineRule {
    /// The learning rate β.
    pub learning_rate: f64,
    /// The weights W′ that feed back.
    pub feedback: OnlineFeedback,
    /// Whether biases learn.
    pub biases: Biases,
}

impl Default for OnlineRule {
    /// β = 0.1, learned feedback, learned biases.
    fn default() -> Self {
        Self { learning_rate: 0.1, feedback: OnlineFeedback::default(), biases: Biases::default() }
    }
}

/// Which weights feed back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnlineFeedback {
    /// Weights of their own that change as the forward ones do, ΔW′ = ΔW.
    #[default]
    Learned,
    /// The forward ones, W′ = W.
    Tied,
    /// Weights of their own that never change.
    Random,
    /// None: fb = 1 for every hidden unit. An ablation, which does not learn.
    Ungated,
}

/// A network of dense layers that learns from one trial at a time.
#[derive(Clone)]
pub struct Online<T = f32> {
    network: Arc<Network>,
    rule: OnlineRule,
    layers: Vec<Place>,
    parameters: Vec<T>,
    /// W′ of every layer but the first, one after the other; empty where feedback needs no weights of its own.
    feedback: Vec<T>,
    /// The input, then what comes out of each layer.
    values: Vec<T>,
    /// Which inputs are not 0.
    sparse: Sparse,
    scratch: Scratch<T>,
}

impl<T: Real> Online<T> {
    /// A learner for `network`, all parameters 0. Weights that feed back and are not the forward ones are drawn from `random`
    /// as `feedback` says.
    ///
    /// # Errors
    /// A layer is not dense, or the learning rate or the spread of `feedback` is out of range.
    pub fn new(
        network: Arc<Network>,
        rule: OnlineRule,
        feedback: Initialisation,
        random: &mut Random,
    ) -> Result<Self, EngineError> {
        let unsupported = |reason| EngineError::Unsupported { engine: "online", reason };
        if let Some(index) = network.layers().iter().position(|layer| !matches!(layer, Layer::Dense(_))) {
            let layer = index + 1;
            let reason =
                format!("computes dense layers alone, and layer {layer} is one of filters; batched engines do it");
            return Err(unsupported(reason));
        }
        let value = rule.learning_rate;
        if !(value.is_finite() && value > 0.0) {
            let (key, allowed) = ("learning rate", "a finite number greater than 0");
            return Err(OptimiserError::Parameter { optimiser: "attention-gated", key, value, allowed }.into());
        }
        feedback.check().map_err(|problem| unsupported(format!("cannot draw feedback weights: {problem}")))?;
        let layers = sweep::places(&network);
        let feedback = match rule.feedback {
            OnlineFeedback::Tied | OnlineFeedback::Ungated => Vec::new(),
            OnlineFeedback::Learned | OnlineFeedback::Random => {
                let above_the_first = network.parameter_tensors().iter().skip(2).filter(|tensor| !tensor.is_bias());
                let draws = above_the_first.flat_map(|tensor| tensor.range.clone().map(move |_| tensor));
                draws.map(|tensor| feedback.draw(tensor, random)).collect()
            }
        };
        let widest = network.layers().iter().map(Layer::units).max().unwrap_or(0);
        let values = network.layers()[0].inputs() + network.layers().iter().map(Layer::units).sum::<usize>();
        Ok(Self {
            rule,
            parameters: vec![T::zero(); network.parameters()],
            feedback,
            values: vec![T::zero(); values],
            sparse: Sparse::new(network.layers()[0].inputs()),
            scratch: Scratch::new(widest),
            layers,
            network,
        })
    }

    /// The outputs a_k for `input`, one sample as the first layer sees it (bytes scaled to 0 to 1).
    ///
    /// # Panics
    /// `input` has another length than the network's input.
    pub fn forward(&mut self, input: &[T]) -> &[T] {
        let inputs = self.layers[0].inputs;
        self.values[..inputs].copy_from_slice(input);
        self.sparse.look_at(input);
        sweep::forward(&self.layers, &self.parameters, &self.sparse, &mut self.values);
        self.outputs()
    }

    /// The outputs of the last [`Online::forward`].
    pub fn outputs(&self) -> &[T] {
        &self.values[self.values.len() - self.network.outputs()..]
    }

    /// Changes the weights by β · `amount` · gated feedback · input: the last [`Online::forward`] was paid `amount` for
    /// selecting output `selected`.
    ///
    /// # Panics
    /// There is no such output.
    pub fn learn(&mut self, selected: usize, amount: T) {
        let step = T::of(self.rule.learning_rate) * amount;
        let trial = sweep::Trial { layers: &self.layers, values: &self.values, sparse: &self.sparse, selected, step };
        sweep::learn(&trial, &self.rule, &mut self.parameters, &mut self.feedback, &mut self.scratch);
    }

    /// What it computes.
    pub fn network(&self) -> &Arc<Network> {
        &self.network
    }

    /// The flat parameters, in the network's layout.
    pub fn parameters(&self) -> &[T] {
        &self.parameters
    }

    /// Takes flat parameters over.
    ///
    /// # Errors
    /// There are more or fewer than the network has.
    pub fn set_parameters(&mut self, parameters: &[T]) -> Result<(), EngineError> {
        check_length("the flat parameters", parameters.len(), self.parameters.len(), 1)?;
        self.parameters.copy_from_slice(parameters);
        Ok(())
    }

    /// The weights W′ that feed back: for every layer but the first, from the input on, `[units, inputs]`. Empty where
    /// feedback is tied or ungated.
    pub fn feedback(&self) -> &[T] {
        &self.feedback
    }

    /// Takes back what [`Online::feedback`] gave.
    ///
    /// # Errors
    /// There are more or fewer weights than the rule keeps.
    pub fn set_feedback(&mut self, feedback: &[T]) -> Result<(), EngineError> {
        let (expected, found) = (self.feedback.len(), feedback.len());
        if expected != found {
            return Err(EngineError::CreditState { rule: "attention-gated", expected, found });
        }
        self.feedback.copy_from_slice(feedback);
        Ok(())
    }

    /// The name of the first layer that holds a parameter which is no finite number, if there is one. It looks at all of
    /// them, so it is to be asked now and then, and not at every trial.
    pub fn diverged_layer(&self) -> Option<&str> {
        self.network.diverged_layer(&self.parameters)
    }
}

#[cfg(test)]
#[path = "online_tests.rs"]
mod tests;
