//! Flat parameter vectors and the arrays that travel to a device.

use crate::engine::EngineError;
use crate::input::{BYTE_SCALE, Input, check_length};
use crate::network::Network;
use crate::real::Real;
use std::marker::PhantomData;
use tch::{Device, Kind, TchError, Tensor};

/// One number per parameter of a network, and each layer's part of them, as layers compute with it.
pub(super) struct Parameters<T> {
    /// `[parameters]`
    pub(super) flat: Tensor,
    /// The beginning of it, rounded, where all layers but the last compute in another precision.
    rounded: Option<Tensor>,
    /// Views of `rounded`, or else of `flat`.
    pub(super) layers: Vec<LayerParameters>,
    of: PhantomData<T>,
}

/// A layer's part of a flat vector, in its shapes.
pub(super) struct LayerParameters {
    pub(super) weight: Tensor,
    pub(super) bias: Tensor,
}

impl<T: Real> Parameters<T> {
    /// All 0. All layers but the last compute with numbers of `kind`; in the last one's outputs the values of actions lie close
    /// together.
    pub(super) fn zeros(network: &Network, kind: Kind, device: Device) -> Result<Self, EngineError> {
        // libtorch aligns its memory, always in the same way, and its matrix products depend on that in their last bits: so
        // the vector is its own and no Rust one.
        let last = network.layer_range(network.layers().len() - 1).start;
        let zeros = |length: usize, kind| Tensor::f_zeros([length as i64], (kind, device));
        let flat = zeros(network.parameters(), T::KIND)?;
        let rounded = if kind == T::KIND { None } else { Some(zeros(last, kind)?) };
        let mut views = network.parameter_tensors().iter().map(|tensor| {
            let shape: Vec<_> = tensor.shape.iter().map(|&size| size as i64).collect();
            let computed = rounded.as_ref().filter(|_| tensor.range.end <= last).unwrap_or(&flat);
            computed.f_narrow(0, tensor.range.start as i64, tensor.range.len() as i64)?.f_view(&shape[..])
        });
        let mut layers = Vec::with_capacity(network.layers().len());
        while let (Some(weight), Some(bias)) = (views.next(), views.next()) {
            layers.push(LayerParameters { weight: weight?, bias: bias? });
        }
        drop(views);
        Ok(Self { flat, rounded, layers, of: PhantomData })
    }

    pub(super) fn read(&self, out: &mut [T]) -> Result<(), EngineError> {
        self.check(out.len())?;
        Ok(self.flat.f_copy_data(out, out.len())?)
    }

    pub(super) fn write(&mut self, values: &[T]) -> Result<(), EngineError> {
        self.check(values.len())?;
        self.flat.f_copy_(&Tensor::f_from_slice(values)?)?;
        Ok(self.round()?)
    }

    /// Has layers compute with the numbers that `flat` has now. Who changes `flat` calls it.
    pub(super) fn round(&mut self) -> Result<(), TchError> {
        match &mut self.rounded {
            Some(rounded) => rounded.f_copy_(&self.flat.f_narrow(0, 0, rounded.numel() as i64)?).map(drop),
            None => Ok(()),
        }
    }

    /// Has `flat` be the numbers that layers have written.
    pub(super) fn collect(&mut self) -> Result<(), TchError> {
        match &self.rounded {
            Some(rounded) => self.flat.f_narrow(0, 0, rounded.numel() as i64)?.f_copy_(rounded).map(drop),
            None => Ok(()),
        }
    }

    fn check(&self, found: usize) -> Result<(), EngineError> {
        Ok(check_length("the flat vector", found, self.flat.numel(), 1)?)
    }

    /// The vector itself, on the CPU.
    pub(super) fn as_slice(&self) -> Result<&[T], EngineError> {
        let (data, length) = self.raw()?;
        // SAFETY: `raw` vouches for `length` initialised numbers at `data`, which live as long as `flat`. libtorch writes to
        // them only when it is asked to, through this engine, and `self` is borrowed for as long as the slice lives.
        Ok(unsafe { std::slice::from_raw_parts(data, length) })
    }

    /// The vector itself, on the CPU, to be changed.
    pub(super) fn as_mut_slice(&mut self) -> Result<&mut [T], EngineError> {
        let (data, length) = self.raw()?;
        // SAFETY: as in `as_slice`; the views in `layers` are the only other way to these numbers, and they are borrowed
        // with `self`. No other tensor outlives the operation that it is made for.
        Ok(unsafe { std::slice::from_raw_parts_mut(data, length) })
    }

    fn raw(&self) -> Result<(*mut T, usize), EngineError> {
        let (kind, device) = (self.flat.f_kind()?, self.flat.device());
        if kind != T::KIND || device != Device::Cpu || !self.flat.is_contiguous() {
            return Err(EngineError::Libtorch(format!("a vector of {kind:?} on {device:?} cannot be read in place")));
        }
        Ok((self.flat.data_ptr().cast(), self.flat.numel()))
    }
}

/// The values of an input on `device`, as the network sees them, in one dimension, as numbers of `kind`.
pub(super) fn upload(input: &Input<'_>, kind: Kind, device: Device) -> Result<Tensor, TchError> {
    match input {
        Input::F32(values) => Tensor::f_from_slice(values)?.f_to_device(device)?.f_to_kind(kind),
        // Bytes travel as bytes and are scaled where they are used.
        Input::U8(values) => {
            let bytes = Tensor::f_from_slice(values)?.f_to_device(device)?;
            bytes.f_to_kind(kind)?.f_mul_scalar_(f64::from(BYTE_SCALE))
        }
    }
}

/// Sizes as libtorch takes them.
pub(super) fn sizes<const N: usize>(sizes: [usize; N]) -> [i64; N] {
    sizes.map(|size| size as i64)
}
