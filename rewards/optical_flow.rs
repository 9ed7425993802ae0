//! Dense optical flow: where each pixel of a frame went in the next one.
//!
//! ```text
//! I_next(x + u(x)) ≈ I_previous(x)        u: [2, height, width], (right, down) in pixels
//! ```
//!
//! From the coarsest level of a pyramid to the full frame: enlarge the flow of the level before; search where each patch
//! went, down to the level `finest` (Kroeger, Timofte, Dai & Van Gool 2016, *Fast Optical Flow using Dense Inverse
//! Search*, Algorithm 1); refine the dense flow by minimising an energy at every level. Departures from the paper:
//!
//! 1. The refinement goes down to the full frame whatever `finest` is: matching patches there costs more than it gains.
//! 2. Its energy has no gradient constancy: where light may change, a local mean is taken away instead, which costs less.
//!    Its smoothness yields at edges of the picture. Both are in `optical_flow/refine.rs`.
//! 3. Each refinement ends with a median of 3×3.
//! 4. A step that makes a patch fit worse ends its search, and the last patch of a row or column is flush with the edge.
//!
//! Assumes that a pixel keeps its grey value but for light that changes alike over a dozen pixels. At the edges of shadows
//! and of lamps flow is seen that is none.
//!
//! Nothing is random and nothing is timed: equal frames give equal bits, and, on one type of processor, whatever vector
//! instructions it has. All buffers are made once, for one size of frame.

mod lanes;
mod light;
mod plane;
mod pyramid;
mod refine;
mod search;
mod solve;

use plane::{Field, Shape};
use pyramid::Pyramid;
use refine::Refiner;
use search::{GREATEST_PATCH, Search};
use serde::{Deserialize, Serialize};
use std::mem::swap;
use thiserror::Error;

/// The least patch, in pixels along a side: less has too little texture to be found again.
const LEAST_PATCH: usize = 4;
/// The pyramid ends before the shorter side falls below this, unless [`FlowConfig::finest`] needs one level more.
const COARSEST_SIDE: usize = 12;
/// The greatest value of `finest`, `iterations`, `refinements`, `reweightings` and `sweeps`.
const GREATEST_COUNT: usize = 64;
/// The longest side of a frame, in pixels: positions must be exact to a small part of a pixel in f32.
const LONGEST_SIDE: usize = 8192;

/// How flow is computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, documented::DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct FlowConfig {
    /// The finest level of the pyramid at which patches are searched: 0 is the full frame, each level more halves it.
    /// With 0, small things that move fast are caught better, at several times the cost of the search.
    pub finest: usize,
    /// Pixels along a side of a patch, 4 to 16. Larger patches match more safely and blur the edges of motion.
    pub patch: usize,
    /// Pixels from one patch to the next, 1 to `patch`. The cost of the search grows with its inverse square.
    pub stride: usize,
    /// The most steps in the search of one patch; 0 leaves motion to the refinement.
    pub iterations: usize,
    /// How often each level shifts the current frame by the flow found so far and refines what is left; 0 leaves the flow
    /// of the patches.
    pub refinements: usize,
    /// How often each refinement computes its robust weights, at least 1.
    pub reweightings: usize,
    /// Sweeps of the linear solver for each set of weights, at least 1.
    pub sweeps: usize,
    /// Weight of smoothness against agreement with the frames, above 0, without unit. Less lets more noise through,
    /// more swallows small things that move.
    pub smoothness: f32,
    /// Whether grey values may change by light alone: `changing` or `constant`.
    pub light: Light,
}

/// What the refinement takes light to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Light {
    /// It may change from frame to frame, alike over about a dozen pixels (exposure, lamps, clouds).
    #[default]
    Changing,
    /// It does not change: less error and a little less time where that is true (rendered worlds), flow everywhere in a
    /// texture where it is not.
    Constant,
}

impl Default for FlowConfig {
    /// The cheap setting: about half a millisecond for a frame of 84×84.
    fn default() -> Self {
        Self {
            finest: 1,
            patch: 6,
            stride: 3,
            iterations: 4,
            refinements: 1,
            reweightings: 3,
            sweeps: 5,
            smoothness: 1.0,
            light: Light::Changing,
        }
    }
}

impl FlowConfig {
    /// The fine setting, `finest = 0` and `refinements = 2`: less error and more than twice the cost.
    pub fn fine() -> Self {
        Self { finest: 0, refinements: 2, ..Self::default() }
    }

    /// Refuses settings that mean nothing.
    fn check(&self) -> Result<(), FlowError> {
        let count = |key, found: usize, least: usize, greatest: usize| {
            if (least..=greatest).contains(&found) {
                return Ok(());
            }
            let (found, allowed) = (found.to_string(), format!("from {least} to {greatest}"));
            Err(FlowError::Setting { key, found, allowed })
        };
        count("finest", self.finest, 0, 8)?;
        count("patch", self.patch, LEAST_PATCH, GREATEST_PATCH)?;
        count("stride", self.stride, 1, self.patch)?;
        count("iterations", self.iterations, 0, GREATEST_COUNT)?;
        count("refinements", self.refinements, 0, GREATEST_COUNT)?;
        count("reweightings", self.reweightings, 1, GREATEST_COUNT)?;
        count("sweeps", self.sweeps, 1, GREATEST_COUNT)?;
        if self.smoothness.is_finite() && self.smoothness > 0.0 {
            return Ok(());
        }
        let (found, allowed) = (self.smoothness.to_string(), "a finite number above 0".into());
        Err(FlowError::Setting { key: "smoothness", found, allowed })
    }
}

/// Why flow cannot be computed.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum FlowError {
    /// A setting outside its range.
    #[error("optical flow: `{key}` is {found}; allowed is {allowed}")]
    Setting {
        /// The key in the run file.
        key: &'static str,
        /// Its value.
        found: String,
        /// Its range, in words.
        allowed: String,
    },
    /// A frame on which the finest searched level has no room for a patch.
    #[error(
        "optical flow: a frame of {width}×{height} pixels is too small; with finest = {finest} and patch = {patch} each \
         side must have at least {least} pixels (a lower `finest` or `patch` allows less)"
    )]
    TooSmall {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
        /// [`FlowConfig::finest`].
        finest: usize,
        /// [`FlowConfig::patch`].
        patch: usize,
        /// The least length of a side.
        least: usize,
    },
    /// A frame with a side longer than positions in f32 allow.
    #[error(
        "optical flow: a frame of {width}×{height} pixels is too large; a side may have at most {LONGEST_SIDE} pixels"
    )]
    TooLarge {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// A frame or a flow whose length does not fit.
    #[error("optical flow: the {what} has {found} values; frames of {width}×{height} pixels need {expected}")]
    Length {
        /// `previous frame`, `current frame` or `flow`.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length that is needed.
        expected: usize,
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
    },
}

/// Flow between frames of one size.
pub struct OpticalFlow {
    width: usize,
    height: usize,
    previous: Pyramid,
    current: Pyramid,
    /// Finest first.
    levels: Vec<Level>,
    /// The frame in `previous`, bytes `[height, width]`; meaningless unless `begun`.
    last: Vec<u8>,
    begun: bool,
}

/// What one level of the pyramid needs to find its flow.
struct Level {
    flow: Field,
    /// Absent at levels finer than [`FlowConfig::finest`].
    search: Option<Search>,
    refiner: Refiner,
}

impl OpticalFlow {
    /// Flow between frames of `width` × `height` pixels; all memory is allocated here.
    ///
    /// # Errors
    /// A setting outside its range, or frames that are too small for it or too large.
    pub fn new(width: usize, height: usize, config: FlowConfig) -> Result<Self, FlowError> {
        config.check()?;
        let FlowConfig { finest, patch, .. } = config;
        let least = ((patch - 1) << finest) + 1;
        if width.min(height) < least {
            return Err(FlowError::TooSmall { width, height, finest, patch, least });
        }
        if width.max(height) > LONGEST_SIDE {
            return Err(FlowError::TooLarge { width, height });
        }
        let mut shapes = vec![Shape::new(width, height)];
        let mut coarser = shapes[0].half();
        while shapes.len() <= finest || coarser.side() >= COARSEST_SIDE.max(patch) {
            shapes.push(coarser);
            coarser = coarser.half();
        }
        let level = |(level, shape): (usize, &Shape)| Level {
            flow: Field::new(*shape),
            search: (level >= finest).then(|| Search::new(*shape, &config)),
            refiner: Refiner::new(*shape, &config),
        };
        Ok(Self {
            width,
            height,
            previous: Pyramid::new(&shapes, finest),
            current: Pyramid::new(&shapes, finest),
            levels: shapes.iter().enumerate().map(level).collect(),
            last: vec![0; width * height],
            begun: false,
        })
    }

    /// Flow from `previous` to `current`, both bytes `[height, width]`, into `out`, `[2, height, width]`: the planes of
    /// displacement to the right and down, in pixels. What was in `previous` at p is in `current` at p + flow(p).
    ///
    /// The result depends on nothing but the two frames. A stream of [`OpticalFlow::push`] goes on from `current`.
    ///
    /// # Errors
    /// A slice of another length; nothing has changed then.
    pub fn flow(&mut self, previous: &[u8], current: &[u8], out: &mut [f32]) -> Result<(), FlowError> {
        self.check("current frame", current.len(), 1)?;
        self.check("flow", out.len(), 2)?;
        self.start(previous)?;
        self.push(current, out)
    }

    /// Flow from the frame pushed before to this one, as [`OpticalFlow::flow`] computes it, for little more than half of
    /// its work on pyramids; zeros for the first frame of a stream.
    ///
    /// # Errors
    /// A slice of another length; nothing has changed then.
    pub fn push(&mut self, frame: &[u8], out: &mut [f32]) -> Result<(), FlowError> {
        self.check("current frame", frame.len(), 1)?;
        self.check("flow", out.len(), 2)?;
        if !self.begun {
            out.fill(0.0);
            return self.start(frame);
        }
        self.current.build(frame);
        self.descend();
        self.write(out);
        swap(&mut self.previous, &mut self.current);
        self.last.copy_from_slice(frame);
        Ok(())
    }

    /// Begins a stream with this frame, bytes `[height, width]`: the next [`OpticalFlow::push`] finds the flow from it.
    /// With [`OpticalFlow::last`] this saves and restores a stream.
    ///
    /// # Errors
    /// A frame of another length; nothing has changed then.
    pub fn start(&mut self, frame: &[u8]) -> Result<(), FlowError> {
        self.check("previous frame", frame.len(), 1)?;
        self.previous.build(frame);
        self.last.copy_from_slice(frame);
        self.begun = true;
        Ok(())
    }

    /// Ends the stream: the next frame has none before it.
    pub fn reset(&mut self) {
        self.begun = false;
    }

    /// The last frame of the stream, bytes `[height, width]`, if one has begun: all the state there is.
    pub fn last(&self) -> Option<&[u8]> {
        self.begun.then_some(&self.last)
    }

    fn check(&self, what: &'static str, found: usize, planes: usize) -> Result<(), FlowError> {
        let Self { width, height, .. } = *self;
        let expected = planes * width * height;
        if found == expected { Ok(()) } else { Err(FlowError::Length { what, found, expected, width, height }) }
    }

    /// Finds the flow of every level, coarsest first.
    fn descend(&mut self) {
        for index in (0..self.levels.len()).rev() {
            let (level, coarser) = self.levels[index..].split_first_mut().unzip();
            let Some(Level { flow, search, refiner }) = level else { continue };
            match coarser.and_then(|coarser| coarser.first()) {
                Some(coarser) => flow.enlarge(&coarser.flow),
                None => flow.clear(),
            }
            let (previous, current) = (&self.previous.levels[index], &self.current.levels[index].grey);
            if let Some(search) = search {
                search.run(previous, current, flow);
            }
            refiner.run(&previous.grey, current, flow);
        }
    }

    /// Copies the flow of the finest level out of its borders.
    fn write(&self, out: &mut [f32]) {
        let Field { u, v } = &self.levels[0].flow;
        for (plane, out) in [u, v].into_iter().zip(out.chunks_exact_mut(self.width * self.height)) {
            for (y, row) in out.chunks_exact_mut(self.width).enumerate() {
                row.copy_from_slice(&plane.row(y, 0, 0)[..self.width]);
            }
        }
    }
}

#[cfg(test)]
mod tests;
