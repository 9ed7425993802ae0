//! `face`: where faces are, found by an innate template.
//!
//! Nothing is learned here: newborns turn to what is arranged like a face (Johnson, Dziurawiec, Ellis & Morton 1991), if its
//! eyes are dark within light (Farroni et al. 2005), and later signals need some first idea of a face. How it is found is told
//! in [`finder`].
//!
//! Reads `frame` (bytes, `[1, height, width]`), writes `faces` (`[2, 4]`: x, y of the middle, side of the box around the head,
//! in pixels, and the score, best first; unused rows are 0). Pays nothing.

pub mod contrast;
pub mod finder;
pub mod middle;
pub mod template;

use crate::grid::{FRAME, frame_size};
use crate::signal::{Declaration, Reads, Signal, SignalError};
use finder::Finder;
use innate_envs::{Array, ArraySpec, Kind};
use serde::{Deserialize, Serialize};

/// The percept that it writes.
pub(crate) const FACES: &str = "faces";
/// Numbers of a row.
const ROW: usize = 4;

/// Options of `face`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, documented::DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct FaceOptions {
    /// Side of the box around the smallest head that is sought, in pixels.
    pub smallest: f64,
    /// Side of the box around the largest head that is sought, in pixels; no more than the frame's width and 10/12 of its
    /// height.
    pub largest: f64,
    /// How well the template must fit for it to be a face, 0 to 1; it fits most of the nursery's by .15 to .25, and nothing by
    /// more than .75.
    pub threshold: f64,
}

impl Default for FaceOptions {
    fn default() -> Self {
        Self { smallest: 14.0, largest: 28.0, threshold: 0.13 }
    }
}

/// The ratio of successive sizes.
const RATIO: f32 = 1.2;

impl FaceOptions {
    /// The sides of the boxes around heads that are sought, in pixels, the smallest first.
    pub fn sizes(&self) -> impl Iterator<Item = f32> + use<> {
        let largest = self.largest as f32;
        std::iter::successors(Some(self.smallest as f32), |size| Some(size * RATIO))
            .take_while(move |&size| size <= largest && size.is_finite())
    }
}

/// A face in the frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Face {
    /// Middle of the head: pixels from the frame's left edge,
    pub x: f32,
    /// and from its upper edge.
    pub y: f32,
    /// Side of the box around the head, in pixels.
    pub size: f32,
    /// How much it looks like a face, up to 1.
    pub score: f32,
}

impl Face {
    /// The most faces that are told of.
    pub const MOST: usize = 2;

    /// Refuses a percept that does not hold faces.
    ///
    /// # Errors
    /// It has another shape.
    pub(crate) fn check(percept: &ArraySpec) -> Result<(), SignalError> {
        if percept.kind == Kind::F32 && percept.shape == [Self::MOST, ROW] {
            return Ok(());
        }
        let said = format!("`{}` has the shape {:?}, expected [{}, {ROW}]", percept.name, percept.shape, Self::MOST);
        Err(SignalError::new(said))
    }

    /// The faces in the percept, row by row.
    pub(crate) fn all(percept: &[f32]) -> impl Iterator<Item = Option<Self>> + '_ {
        percept.chunks_exact(ROW).map(|row| {
            let face = Self { x: row[0], y: row[1], size: row[2], score: row[3] };
            (face.size > 0.0).then_some(face)
        })
    }
}

/// The innate template on every frame.
pub struct FaceSignal {
    options: FaceOptions,
    finder: Option<Finder>,
}

impl FaceSignal {
    /// Faces found as `options` say.
    ///
    /// # Errors
    /// A value out of range.
    pub fn new(options: FaceOptions) -> Result<Self, SignalError> {
        let FaceOptions { smallest, largest, threshold } = options;
        if !(smallest >= 4.0 && smallest <= largest && largest.is_finite()) {
            let said = format!("smallest = {smallest} and largest = {largest} must be at least 4, in this order");
            return Err(SignalError::new(said));
        }
        if !(0.0..=1.0).contains(&threshold) {
            return Err(SignalError::new(format!("threshold = {threshold} must be between 0 and 1")));
        }
        Ok(Self { options, finder: None })
    }
}

impl Signal for FaceSignal {
    fn declare(&self) -> Declaration {
        Declaration { reads: vec![FRAME.into()], writes: vec![FACES.into()], ..Declaration::default() }
    }

    fn bind(&mut self, reads: &[ArraySpec]) -> Result<Vec<ArraySpec>, SignalError> {
        let (height, width) = frame_size(&reads[0])?;
        self.finder = Some(Finder::new(height, width, &self.options));
        let side = height.max(width) as f32;
        let high = [width as f32, height as f32, side, 1.0].repeat(Face::MOST);
        Ok(vec![ArraySpec { shape: vec![Face::MOST, ROW], ..ArraySpec::bounded(FACES, &vec![0.0; high.len()], &high) }])
    }

    fn perceive(&mut self, reads: Reads<'_>, writes: &mut [Array]) -> Result<(), SignalError> {
        let (Some(finder), Some(out)) = (&mut self.finder, writes[0].as_f32_mut()) else {
            return Err(SignalError::new("perceive before bind"));
        };
        out.fill(0.0);
        let found = finder.find(reads.u8(0)?);
        for (row, face) in out.chunks_exact_mut(ROW).zip(found.iter().flatten()) {
            row.copy_from_slice(&[face.x, face.y, face.size, face.score]);
        }
        Ok(())
    }
}
