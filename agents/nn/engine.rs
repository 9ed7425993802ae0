//! What executes and trains a network, whatever it is made of.
//!
//! An engine holds two sets of parameters of one network, *online* (being learned) and *target* (a frozen copy), a gradient
//! and an optimiser. One update is
//!
//! ```text
//! y = forward_keeping(x; θ)      backward(∂L/∂y) → g      update: θ ← optimiser(θ, clip(g))
//! ```
//!
//! What lies between the output error and `g` is the engine's own affair: the caller knows neither layers nor a graph. That
//! leaves room for other rules of credit than back-propagation.

use crate::input::InputError;
use crate::optimiser::{OptimiserError, OptimiserSpec, OptimiserState};
use crate::{Device, Input};

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
}

/// What executes and trains a network.
pub trait Engine: Send {
    /// Computes the outputs, `[batch, outputs]`, of `inputs`.
    ///
    /// # Errors
    /// The inputs do not fit the network, or the device fails.
    fn forward(
        &mut self,
        set: ParameterSet,
        inputs: &[Input<'_>],
        batch: usize,
        outputs: &mut [f32],
    ) -> Result<(), EngineError>;

    /// The same with the online parameters, keeping what [`Engine::backward`] needs until the parameters change.
    ///
    /// # Errors
    /// As [`Engine::forward`].
    fn forward_keeping(&mut self, inputs: &[Input<'_>], batch: usize, outputs: &mut [f32]) -> Result<(), EngineError>;

    /// Computes the gradient from the output error ∂L/∂y, `[batch, outputs]`, at the last [`Engine::forward_keeping`].
    /// It replaces the gradient of the call before.
    ///
    /// # Errors
    /// Nothing was kept, the error does not fit the batch, or the device fails.
    fn backward(&mut self, output_error: &[f32]) -> Result<(), EngineError>;

    /// Changes the online parameters by the gradient, and answers with its norm before clipping.
    ///
    /// # Errors
    /// The norm is not finite (the parameters are then as before), or the device fails.
    fn update(&mut self) -> Result<f32, EngineError>;

    /// Makes the target parameters equal to the online ones.
    ///
    /// # Errors
    /// The device fails.
    fn copy_online_to_target(&mut self) -> Result<(), EngineError>;

    /// Copies the flat parameters out.
    ///
    /// # Errors
    /// `out` has another length, or the device fails.
    fn read_parameters(&mut self, set: ParameterSet, out: &mut [f32]) -> Result<(), EngineError>;

    /// Takes flat parameters over.
    ///
    /// # Errors
    /// `parameters` has another length, or the device fails.
    fn write_parameters(&mut self, set: ParameterSet, parameters: &[f32]) -> Result<(), EngineError>;

    /// Copies the flat gradient of the last [`Engine::backward`] out, unclipped.
    ///
    /// # Errors
    /// `out` has another length, or the device fails.
    fn read_gradient(&mut self, out: &mut [f32]) -> Result<(), EngineError>;

    /// The optimiser's whole state.
    ///
    /// # Errors
    /// The device fails.
    fn optimiser_state(&mut self) -> Result<OptimiserState, EngineError>;

    /// Takes back what [`Engine::optimiser_state`] gave.
    ///
    /// # Errors
    /// The state is of another optimiser or another network, or the device fails.
    fn set_optimiser_state(&mut self, state: OptimiserState) -> Result<(), EngineError>;

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
    /// [`Engine::backward`] without [`Engine::forward_keeping`].
    #[error(
        "backward needs the activations of a forward_keeping since the last change of the parameters; there are none"
    )]
    NothingKept,
    /// The gradient is not a number.
    #[error("the norm of the gradient is {norm}, allowed: a finite number; the parameters were left as they are")]
    Diverged {
        /// The norm.
        norm: f32,
    },
    /// libtorch refused.
    #[error("libtorch: {0}")]
    Libtorch(String),
}
