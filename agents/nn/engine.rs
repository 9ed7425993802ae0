//! What executes and trains a network, whatever it is made of.
//!
//! An engine holds two sets of parameters of one network, *online* (being learned) and *target* (a frozen copy), a gradient
//! and an optimiser. One update is
//!
//! ```text
//! y = forward_keeping(x; θ)      assign_credit(L) → g      update: θ ← optimiser(θ, clip(g))
//! ```
//!
//! What lies between the objective and `g` is the engine's own affair, as its [rule of credit](crate::CreditSpec) says: the
//! caller knows neither layers nor a graph.

use crate::credit::CreditSpec;
use crate::initialisation::Initialisation;
use crate::input::InputError;
use crate::network::Network;
use crate::optimiser::{OptimiserError, OptimiserSpec, OptimiserState};
use crate::real::{Random, Real};
use crate::{Device, Input};
use serde::{Deserialize, Serialize};

/// Which parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterSet {
    /// The ones that learn.
    Online,
    /// A frozen copy of them.
    Target,
}

/// How parameters change.
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    /// The optimiser.
    pub optimiser: OptimiserSpec,
    /// Its learning rate.
    pub learning_rate: f64,
    /// The greatest norm of the gradient over all parameters; a longer gradient is shortened to it (Pascanu et al. 2013,
    /// Algorithm 1). Without it no gradient is shortened.
    pub clip_gradient: Option<f64>,
    /// How credit reaches a layer.
    pub credit: CreditSpec,
    /// How feedback weights of their own are drawn.
    pub feedback: Initialisation,
    /// Whether biases learn.
    pub biases: Biases,
    /// How precise the products of layers are.
    pub precision: Precision,
}

impl Default for Training {
    /// Adam at 10⁻³, back-propagation, no clipping.
    fn default() -> Self {
        Self {
            optimiser: OptimiserSpec::default(),
            learning_rate: 1e-3,
            clip_gradient: None,
            credit: CreditSpec::default(),
            feedback: Initialisation::default(),
            biases: Biases::default(),
            precision: Precision::default(),
        }
    }
}

/// How precise the products of layers are, forwards and backwards. The parameters that learn, the gradient's norm and the
/// optimiser keep the precision of the engine's numbers (Micikevicius et al. 2018, *Mixed precision training*, section 3.1:
/// a small step would be lost in rounded weights).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// As the engine's numbers are: single, in a run.
    #[default]
    Single,
    /// Half, in all layers but the last: weights, values and errors are rounded to 8 bits of precision, with the range of single
    /// precision, so that the loss need not be scaled. For CUDA devices that compute so; on a CPU it is slower.
    Bfloat16,
}

/// Whether biases learn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Biases {
    /// As weights do.
    #[default]
    Learned,
    /// They stay as they are: at 0, a network without biases.
    Fixed,
}

/// What the outputs of a batch are worth. The loss L is the mean of the samples' costs.
pub trait Objective<T: Real> {
    /// The output error ∂L/∂y at the outputs of the last [`Engine::forward_keeping`], `[batch, outputs]`.
    fn output_error(&self) -> &[T];

    /// The cost of each sample, `[batch]`, if the outputs were `outputs`, `[batch, outputs]`: for rules that disturb the
    /// network and ask again.
    fn costs(&self, outputs: &[T], costs: &mut [T]);
}

/// The objective that is linear in the outputs, `L = Σ error ⊙ y` over batch and outputs: what a given output error stands
/// for.
pub struct LinearObjective<'a, T>(
    /// ∂L/∂y, `[batch, outputs]`.
    pub &'a [T],
);

impl<T: Real> Objective<T> for LinearObjective<'_, T> {
    fn output_error(&self) -> &[T] {
        self.0
    }

    fn costs(&self, outputs: &[T], costs: &mut [T]) {
        let (batch, width) = (T::of(costs.len() as f64), outputs.len() / costs.len().max(1));
        for ((cost, y), error) in costs.iter_mut().zip(outputs.chunks(width)).zip(self.0.chunks(width)) {
            *cost = batch * y.iter().zip(error).map(|(&y, &error)| y * error).sum::<T>();
        }
    }
}

/// What a rule of credit, or noise, keeps beside the parameters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreditState<T = f32> {
    /// Flat weights that feed back (see [`Engine::credit_state`]); empty for a rule that has none of its own.
    pub feedback: Vec<T>,
    /// The generator of disturbances.
    pub noise: Option<Random>,
}

/// What executes and trains a network.
pub trait Engine<T: Real = f32>: Send {
    /// Computes the outputs, `[batch, outputs]`, of `inputs`.
    ///
    /// # Errors
    /// The inputs do not fit the network, or the device fails.
    fn forward(
        &mut self,
        set: ParameterSet,
        inputs: &[Input<'_>],
        batch: usize,
        outputs: &mut [T],
    ) -> Result<(), EngineError>;

    /// The same with the online parameters, keeping what [`Engine::assign_credit`] needs until the parameters change.
    ///
    /// # Errors
    /// As [`Engine::forward`].
    fn forward_keeping(&mut self, inputs: &[Input<'_>], batch: usize, outputs: &mut [T]) -> Result<(), EngineError>;

    /// Computes the gradient, or the rule's estimate of it, at the last [`Engine::forward_keeping`]. It replaces the
    /// gradient of the call before.
    ///
    /// # Errors
    /// Nothing was kept, the error does not fit the batch, or the device fails.
    fn assign_credit(&mut self, objective: &dyn Objective<T>) -> Result<(), EngineError>;

    /// The angle between the gradient of the last [`Engine::assign_credit`] and that of back-propagation on the same batch,
    /// weights and biases together, in degrees, for each layer. Where either is 0 it is 90°.
    ///
    /// # Errors
    /// As [`Engine::assign_credit`], or `angles` has not one place for each layer.
    fn angles(&mut self, objective: &dyn Objective<T>, angles: &mut [f64]) -> Result<(), EngineError>;

    /// Changes the online parameters by the gradient, and answers with its norm before clipping.
    ///
    /// # Errors
    /// The norm is not finite (the parameters are then as before), or the device fails.
    fn update(&mut self) -> Result<T, EngineError>;

    /// Makes the target parameters equal to the online ones.
    ///
    /// # Errors
    /// The device fails.
    fn copy_online_to_target(&mut self) -> Result<(), EngineError>;

    /// Moves the target parameters by a share `rate` of the way to the online ones: `θ⁻ ← θ⁻ + rate (θ − θ⁻)`.
    ///
    /// # Errors
    /// The device fails.
    fn move_target(&mut self, rate: f64) -> Result<(), EngineError>;

    /// Copies the flat parameters out.
    ///
    /// # Errors
    /// `out` has another length, or the device fails.
    fn read_parameters(&mut self, set: ParameterSet, out: &mut [T]) -> Result<(), EngineError>;

    /// Copies the flat parameters out with which to explore: the online ones, with their noise if they have any.
    ///
    /// # Errors
    /// As [`Engine::read_parameters`].
    fn read_acting(&mut self, out: &mut [T]) -> Result<(), EngineError> {
        self.read_parameters(ParameterSet::Online, out)
    }

    /// Draws noise anew with which to explore; nothing for an engine without noise.
    ///
    /// # Errors
    /// The device fails.
    fn renew_noise(&mut self) -> Result<(), EngineError> {
        Ok(())
    }

    /// Takes flat parameters over.
    ///
    /// # Errors
    /// `parameters` has another length, or the device fails.
    fn write_parameters(&mut self, set: ParameterSet, parameters: &[T]) -> Result<(), EngineError>;

    /// Copies the flat gradient of the last [`Engine::assign_credit`] out, unclipped.
    ///
    /// # Errors
    /// `out` has another length, or the device fails.
    fn read_gradient(&mut self, out: &mut [T]) -> Result<(), EngineError>;

    /// The optimiser's whole state.
    ///
    /// # Errors
    /// The device fails.
    fn optimiser_state(&mut self) -> Result<OptimiserState<T>, EngineError>;

    /// Takes back what [`Engine::optimiser_state`] gave.
    ///
    /// # Errors
    /// The state is of another optimiser or another network, or the device fails.
    fn set_optimiser_state(&mut self, state: OptimiserState<T>) -> Result<(), EngineError>;

    /// What the rule of credit keeps: fixed feedback weights, the sizes M of the sign-symmetric rule, the constant difference
    /// w′ − w of learned reciprocal ones (w′ itself, as long as all parameters are 0); before these, of noisy networks, the size
    /// of the noise and the noise; and the generator of disturbances or noise.
    fn credit_state(&self) -> CreditState<T>;

    /// Takes back what [`Engine::credit_state`] gave.
    ///
    /// # Errors
    /// The state is of another rule or another network, or the device fails.
    fn set_credit_state(&mut self, state: CreditState<T>) -> Result<(), EngineError>;

    /// Where it computes.
    fn device(&self) -> Device;

    /// A few words: the engine, its device, its optimiser.
    fn describe(&self) -> String;
}

/// What an engine cannot do.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Something has the wrong shape or type.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The optimiser's parameters or its state.
    #[error(transparent)]
    Optimiser(#[from] OptimiserError),
    /// [`Engine::assign_credit`] without [`Engine::forward_keeping`].
    #[error(
        "credit needs the activations of a forward_keeping since the last change of the parameters; there are none"
    )]
    NothingKept,
    /// The gradient is not a number.
    #[error(
        "the gradient of layer `{layer}` has the norm {norm}, allowed: a finite number; the parameters were left as they are"
    )]
    Diverged {
        /// Name of the first layer where it is not finite, as in the names of its parameters; or the whole network.
        layer: String,
        /// The norm.
        norm: f64,
    },
    /// The state is of another rule of credit.
    #[error("the credit rule {rule} keeps {expected} feedback weights, found {found}")]
    CreditState {
        /// The rule.
        rule: &'static str,
        /// Weights that it keeps.
        expected: usize,
        /// Weights found.
        found: usize,
    },
    /// The state has no generator.
    #[error("the credit rule {rule} keeps a generator of disturbances, found none")]
    NoNoise {
        /// The rule.
        rule: &'static str,
    },
    /// A parameter of the rule of credit.
    #[error("{0}")]
    Credit(String),
    /// This engine cannot follow this rule or compute this network.
    #[error("the {engine} engine {reason}")]
    Unsupported {
        /// The engine.
        engine: &'static str,
        /// What it cannot do, and what can.
        reason: String,
    },
    /// libtorch refused.
    #[error("libtorch: {0}")]
    Libtorch(String),
}

impl EngineError {
    /// That the flat `gradient` of `network`, of norm `norm`, is not finite.
    #[cold]
    pub(crate) fn diverged<T: Real>(network: &Network, gradient: &[T], norm: T) -> Self {
        // Where every element is finite, it is their sum that is too large for a number.
        let layer = network.diverged_layer(gradient).unwrap_or("all").to_string();
        EngineError::Diverged { layer, norm: norm.double() }
    }
}
