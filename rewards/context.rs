//! `context`: what surrounds a place, to be judged by an area of its own (Ullman, Harari & Dorfman 2012, stage 4).
//!
//! A hand that looks like nothing yet lies at the end of an arm, below a face. The descriptor of [`crate::descriptor`], taken from
//! a frame of which each pixel is the mean of `scale` × `scale` pixels, covers 16 · `scale` pixels and no longer knows fingers.
//!
//! Reads `frame`, `places.at` and `places.count`; writes the stack `context` (`[most, 8, 8, 8]`) and `context.count`: slot for slot the
//! surroundings of the stack `places`. Pays nothing.

use crate::descriptor::{self, FINE};
use crate::grid::{FRAME, frame_size};
use crate::places::PLACES;
use crate::signal::{Declaration, Reads, Signal, SignalError};
use crate::stack::count_name;
use crate::zoom::Zoom;
use innate_envs::{Array, ArraySpec};
use serde::{Deserialize, Serialize};

/// The stack that it writes.
const CONTEXT: &str = "context";

/// Options of `context`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, documented::DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct ContextOptions {
    /// How many times as far as a patch of 16 pixels the surroundings reach, 1 to 8.
    pub scale: usize,
}

impl Default for ContextOptions {
    fn default() -> Self {
        Self { scale: 3 }
    }
}

/// Surroundings of places.
pub struct Context {
    options: ContextOptions,
    zoom: Zoom,
}

impl Context {
    /// Surroundings with these options.
    ///
    /// # Errors
    /// A number out of range.
    pub fn new(options: ContextOptions) -> Result<Self, SignalError> {
        Zoom::check(options.scale)?;
        Ok(Self { options, zoom: Zoom::default() })
    }
}

impl Signal for Context {
    fn declare(&self) -> Declaration {
        Declaration {
            reads: vec![FRAME.into(), format!("{PLACES}.at"), count_name(PLACES)],
            writes: vec![CONTEXT.into(), count_name(CONTEXT)],
            ..Declaration::default()
        }
    }

    fn bind(&mut self, reads: &[ArraySpec]) -> Result<Vec<ArraySpec>, SignalError> {
        let [most, 2] = *reads[1].shape.as_slice() else {
            let said = format!("`{}` has the shape {:?}, expected [places, 2]", reads[1].name, reads[1].shape);
            return Err(SignalError::new(said));
        };
        self.zoom = Zoom::new(self.options.scale, frame_size(&reads[0])?)?;
        Ok(vec![descriptor::stack(CONTEXT, most, FINE), ArraySpec::f32(&count_name(CONTEXT), &[1], 0.0, most as f32)])
    }

    fn perceive(&mut self, reads: Reads<'_>, writes: &mut [Array]) -> Result<(), SignalError> {
        let (frame, at, present) = (reads.u8(0)?, reads.f32(1)?, reads.f32(2)?);
        let [items, count] = writes else { return Err(SignalError::new("perceive before bind")) };
        let (Some(items), Some(count)) = (items.as_f32_mut(), count.as_f32_mut()) else {
            return Err(SignalError::new("perceive before bind"));
        };
        self.zoom.shrink(frame);
        let slots = at.chunks_exact(2).zip(items.chunks_exact_mut(descriptor::length(FINE)));
        for (place, item) in slots.take(present[0] as usize) {
            self.zoom.describe(self.zoom.small(), (place[0], place[1]), item);
        }
        count[0] = present[0];
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::bank::Bank;
    use innate_envs::Observation;

    const SIZE: usize = 96;

    #[test]
    fn surroundings_are_those_of_a_smaller_frame() {
        let context: Box<dyn Signal> = Box::new(Context::new(ContextOptions::default()).unwrap());
        let seen = [
            ArraySpec::u8(FRAME, &[1, SIZE, SIZE]),
            ArraySpec::f32("places.at", &[3, 2], 0.0, 96.0),
            ArraySpec::f32("places.count", &[1], 0.0, 3.0),
        ];
        let mut bank = Bank::build(vec![("context".into(), context)], &seen).unwrap();
        let light = |x: usize, y: usize| ((x * 37 + y * 101 + x * y * 13) % 200) as u8;
        let frame = (0..SIZE * SIZE).map(|i| light(i % SIZE / 3, i / SIZE / 3)).collect();
        let at = Array::F32(vec![45.0, 51.0, 12.0, 84.0, 0.0, 0.0]);
        let observation = Observation { arrays: vec![Array::U8(frame), at, Array::F32(vec![2.0])] };
        bank.begin_episode(&observation, &mut ()).unwrap();
        let small: Vec<u8> = (0..32 * 32).map(|i| light(i % 32, i / 32)).collect();
        let mut expected = vec![0.0; 3 * descriptor::length(FINE)];
        for (place, out) in
            [(15.0, 17.0), (4.0, 28.0)].into_iter().zip(expected.chunks_exact_mut(descriptor::length(FINE)))
        {
            descriptor::describe::<FINE>(&small, 32, place.0, place.1, out);
        }
        assert_eq!(bank.current()[3].as_f32().unwrap(), expected);
        assert_eq!(bank.current()[4].as_f32().unwrap(), [2.0]);
    }
}
