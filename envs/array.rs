//! Named arrays: what an environment shows and what a signal perceives.

use serde::{Deserialize, Serialize};

/// The element type of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Bytes: pictures, flags.
    U8,
    /// Single-precision numbers.
    F32,
}

/// Name, element type and shape of an array, with the bounds of its elements.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArraySpec {
    /// The name by which areas and signals ask for it.
    pub name: String,
    /// The element type.
    pub kind: Kind,
    /// The shape, slowest index first; a picture is `[channels, height, width]`.
    pub shape: Vec<usize>,
    /// Least value of each element, or of all when it holds one number.
    pub low: Vec<f32>,
    /// Greatest value of each element, or of all when it holds one number.
    pub high: Vec<f32>,
}

impl ArraySpec {
    /// An array of bytes that takes the whole range 0 to 255.
    pub fn u8(name: &str, shape: &[usize]) -> Self {
        Self { name: name.into(), kind: Kind::U8, shape: shape.into(), low: vec![0.0], high: vec![255.0] }
    }

    /// An array of single-precision numbers between `low` and `high`.
    pub fn f32(name: &str, shape: &[usize], low: f32, high: f32) -> Self {
        Self { name: name.into(), kind: Kind::F32, shape: shape.into(), low: vec![low], high: vec![high] }
    }

    /// A row of single-precision numbers, each with bounds of its own (`low` and `high` of one length).
    pub fn bounded(name: &str, low: &[f32], high: &[f32]) -> Self {
        Self { name: name.into(), kind: Kind::F32, shape: vec![low.len()], low: low.into(), high: high.into() }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the array holds no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An array of this kind and length, all zero.
    pub fn zeros(&self) -> Array {
        match self.kind {
            Kind::U8 => Array::U8(vec![0; self.len()]),
            Kind::F32 => Array::F32(vec![0.0; self.len()]),
        }
    }
}

/// The elements of an array, in row-major order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Array {
    /// Bytes.
    U8(Vec<u8>),
    /// Single-precision numbers.
    F32(Vec<f32>),
}

impl Array {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Array::U8(v) => v.len(),
            Array::F32(v) => v.len(),
        }
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element type.
    pub fn kind(&self) -> Kind {
        match self {
            Array::U8(_) => Kind::U8,
            Array::F32(_) => Kind::F32,
        }
    }

    /// The bytes, if that is what it holds.
    pub fn as_u8(&self) -> Option<&[u8]> {
        match self {
            Array::U8(v) => Some(v),
            Array::F32(_) => None,
        }
    }

    /// The numbers, if that is what it holds.
    pub fn as_f32(&self) -> Option<&[f32]> {
        match self {
            Array::F32(v) => Some(v),
            Array::U8(_) => None,
        }
    }

    /// The bytes, to be written, if that is what it holds.
    pub fn as_u8_mut(&mut self) -> Option<&mut [u8]> {
        match self {
            Array::U8(v) => Some(v),
            Array::F32(_) => None,
        }
    }

    /// The numbers, to be written, if that is what it holds.
    pub fn as_f32_mut(&mut self) -> Option<&mut [f32]> {
        match self {
            Array::F32(v) => Some(v),
            Array::U8(_) => None,
        }
    }
}
