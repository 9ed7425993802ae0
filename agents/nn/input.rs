//! What goes into a network: one borrowed array per named input.
//!
//! An input is a picture of bytes or a vector of numbers, exactly as the environment or the replay holds it. Bytes are
//! scaled to `[0, 1]` by the engine, `x = byte / 255`, so that a picture travels as bytes all the way to the device.

use crate::real::Real;
use serde::{Deserialize, Serialize};

/// The factor from a byte to the number that the network sees.
pub(crate) const BYTE_SCALE: f32 = 1.0 / 255.0;

/// The type of an input's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Bytes 0 to 255, seen by the network as 0 to 1.
    U8,
    /// Numbers, seen by the network as they are.
    F32,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Kind::U8 => "u8",
            Kind::F32 => "f32",
        })
    }
}

/// The name, type and shape (without the batch) of one input of a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputSpec {
    /// Its name, for messages.
    pub name: String,
    /// The type of its elements.
    pub kind: Kind,
    /// Its shape without the batch: `[channels, height, width]` for a picture.
    pub shape: Vec<usize>,
}

impl InputSpec {
    /// Number of elements of one sample.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// The values of one input for a batch, `[batch, …shape]`, row-major.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Bytes.
    U8(&'a [u8]),
    /// Numbers.
    F32(&'a [f32]),
}

impl Input<'_> {
    /// The type of its elements.
    pub fn kind(&self) -> Kind {
        match self {
            Input::U8(_) => Kind::U8,
            Input::F32(_) => Kind::F32,
        }
    }

    fn len(&self) -> usize {
        match self {
            Input::U8(values) => values.len(),
            Input::F32(values) => values.len(),
        }
    }

    /// Writes the elements from place `start` on into `out`, as the network sees them.
    pub fn copy_scaled<T: Real>(&self, start: usize, out: &mut [T]) {
        let scale = T::of(BYTE_SCALE.into());
        match self {
            Input::U8(values) => {
                out.iter_mut().zip(&values[start..]).for_each(|(x, &byte)| *x = T::of(byte.into()) * scale);
            }
            Input::F32(values) => {
                out.iter_mut().zip(&values[start..]).for_each(|(x, &value)| *x = T::of(value.into()));
            }
        }
    }
}

/// What does not fit between a network and what is put into it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// The wrong number of inputs.
    #[error("the network takes {expected} inputs, found {found}")]
    Count {
        /// Inputs of the network.
        expected: usize,
        /// Inputs given.
        found: usize,
    },
    /// The wrong type.
    #[error("input `{name}` is of {found}, allowed: {expected}")]
    Kind {
        /// The input's name.
        name: String,
        /// Type declared.
        expected: Kind,
        /// Type given.
        found: Kind,
    },
    /// The wrong number of elements.
    #[error("{name}: {found} elements, allowed: {expected} (batch {batch})")]
    Length {
        /// What it is.
        name: String,
        /// Elements that the batch needs.
        expected: usize,
        /// Elements given.
        found: usize,
        /// Samples of the batch.
        batch: usize,
    },
}

/// Checks that `inputs` are a batch of `batch` samples of `specs`.
pub(crate) fn check_inputs(specs: &[InputSpec], inputs: &[Input<'_>], batch: usize) -> Result<(), InputError> {
    if specs.len() != inputs.len() {
        return Err(InputError::Count { expected: specs.len(), found: inputs.len() });
    }
    for (spec, input) in specs.iter().zip(inputs) {
        if spec.kind != input.kind() {
            return Err(InputError::Kind { name: spec.name.clone(), expected: spec.kind, found: input.kind() });
        }
        let expected = spec.elements() * batch;
        if input.len() != expected {
            let name = format!("input `{}`", spec.name);
            return Err(InputError::Length { name, expected, found: input.len(), batch });
        }
    }
    Ok(())
}

/// Checks that `what` has `expected` elements.
pub(crate) fn check_length(what: &str, found: usize, expected: usize, batch: usize) -> Result<(), InputError> {
    if found == expected { Ok(()) } else { Err(InputError::Length { name: what.into(), expected, found, batch }) }
}
