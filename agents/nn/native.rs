//! The native engine: dense layers and layers of few filters on the CPU, in plain Rust, in single or double precision.
//!
//! ```text
//! forward    z = x Wᵀ + b                y = f(z)
//! backward   δ = ∂L/∂y ⊙ f′(y)           ∂L/∂W = δᵀ x     ∂L/∂b = Σ_batch δ     ∂L/∂x = δ W
//! ```
//!
//! Where networks are small, a tensor library spends more time around its operations than in them. Here an update is a
//! handful of matrix products and passes over flat vectors, one after the other on the caller's thread:
//! nothing is allocated once a batch of that size was seen, and no thread is waited for. A layer of filters is a matrix
//! product too, of what the filters see at each place. Every [rule of credit](crate::CreditSpec) is followed.
//!
//! [`NativeForward`] is for acting. It takes every sample by itself, and dense and local layers in an order of their own
//! ([`crate::kernel`]), while the engine's products sum in the order that suits the batch: the two agree to rounding, not to
//! the bit.

mod activity;
mod descent;
mod engine;
mod filters;
mod forward;
mod layers;
mod matrix;
mod perturbation;
mod product;

pub use engine::NativeEngine;
pub use forward::NativeForward;
