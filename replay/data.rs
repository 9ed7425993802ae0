//! The storage of a column: numbers of one type, which can be moved about as bytes.

use crate::column::Kind;
use bytemuck::Pod;
use bytemuck::allocation::try_zeroed_vec;
use serde::{Deserialize, Serialize};

/// Numbers of one type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Data {
    U8(Vec<u8>),
    F32(Vec<f32>),
    I64(Vec<i64>),
}

/// Does the same with the vector of any type.
macro_rules! with {
    ($data:expr, $vector:ident => $do:expr) => {
        match $data {
            Data::U8($vector) => $do,
            Data::F32($vector) => $do,
            Data::I64($vector) => $do,
        }
    };
}

impl Data {
    /// `len` zeros, or nothing if the memory cannot be had. The system commits a page of them when it is first touched.
    pub(crate) fn try_zeros(kind: Kind, len: usize) -> Option<Self> {
        match kind {
            Kind::U8 => try_zeroed_vec(len).ok().map(Data::U8),
            Kind::F32 => try_zeroed_vec(len).ok().map(Data::F32),
            Kind::I64 => try_zeroed_vec(len).ok().map(Data::I64),
        }
    }

    /// `len` zeros.
    pub(crate) fn zeros(kind: Kind, len: usize) -> Self {
        match kind {
            Kind::U8 => Data::U8(vec![0; len]),
            Kind::F32 => Data::F32(vec![0.0; len]),
            Kind::I64 => Data::I64(vec![0; len]),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Data::U8(_) => Kind::U8,
            Data::F32(_) => Kind::F32,
            Data::I64(_) => Kind::I64,
        }
    }

    /// Number of elements.
    pub(crate) fn len(&self) -> usize {
        with!(self, vector => vector.len())
    }

    /// All elements as bytes, in the order of the machine.
    pub(crate) fn bytes(&self) -> &[u8] {
        with!(self, vector => bytemuck::cast_slice(vector))
    }

    /// All elements as bytes, to be written.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        with!(self, vector => bytemuck::cast_slice_mut(vector))
    }

    /// Appends `len` zeros.
    pub(crate) fn append_zeros(&mut self, len: usize) {
        with!(self, vector => vector.resize(vector.len() + len, Default::default()))
    }

    /// Forgets all elements and keeps the memory.
    pub(crate) fn clear(&mut self) {
        with!(self, vector => vector.clear())
    }

    /// Moves the first `len` elements to the end of `into`, which is of the same type.
    pub(crate) fn move_front(&mut self, len: usize, into: &mut Data) {
        let (begin, bytes) = (into.bytes().len(), len * self.kind().size());
        into.append_zeros(len);
        into.bytes_mut()[begin..].copy_from_slice(&self.bytes()[..bytes]);
        with!(self, vector => drop(vector.drain(..len)));
    }
}

/// A type of element.
pub(crate) trait Element: Pod {
    const KIND: Kind;

    /// The elements of `data`, if they are of this type.
    fn of(data: &Data) -> Option<&[Self]>;

    /// The elements of `data`, to be written, if they are of this type.
    fn of_mut(data: &mut Data) -> Option<&mut [Self]>;
}

macro_rules! element {
    ($type:ty, $kind:ident) => {
        impl Element for $type {
            const KIND: Kind = Kind::$kind;

            fn of(data: &Data) -> Option<&[Self]> {
                if let Data::$kind(vector) = data { Some(vector) } else { None }
            }

            fn of_mut(data: &mut Data) -> Option<&mut [Self]> {
                if let Data::$kind(vector) = data { Some(vector) } else { None }
            }
        }
    };
}

element!(u8, U8);
element!(f32, F32);
element!(i64, I64);
