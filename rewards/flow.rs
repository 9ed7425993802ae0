//! `flow`: dense optical flow of the whole frame, as a percept.
//!
//! Reads `frame` (bytes, `[1, height, width]`), writes `flow` (`[2, height, width]`: dx, then dy, in pixels per step, from the
//! frame before to this one). Pays nothing: what motion is worth is for signals that read it. The first frame of an episode
//! has no motion.

use crate::optical_flow::{FlowConfig, OpticalFlow};
use crate::signal::{Declaration, Reads, Signal, SignalError};
use innate_envs::{Array, ArraySpec, Kind};

/// The percept that the flow is computed from.
const FRAME: &str = "frame";
/// The percept that it writes.
pub const FLOW: &str = "flow";

/// Optical flow between successive frames.
pub struct Flow {
    config: FlowConfig,
    state: Option<Stream>,
}

/// The flow computation and the last frame of this episode.
struct Stream {
    flow: OpticalFlow,
    last: Vec<u8>,
    has_last: bool,
}

impl Flow {
    /// Flow computed as `config` says.
    pub fn new(config: FlowConfig) -> Self {
        Self { config, state: None }
    }
}

impl Signal for Flow {
    fn declare(&self) -> Declaration {
        Declaration { reads: vec![FRAME.into()], writes: vec![FLOW.into()], ..Declaration::default() }
    }

    fn bind(&mut self, reads: &[ArraySpec]) -> Result<Vec<ArraySpec>, SignalError> {
        let frame = &reads[0];
        let &[1, height, width] = frame.shape.as_slice() else {
            let said = format!("`{FRAME}` has the shape {:?}; flow wants [1, height, width]", frame.shape);
            return Err(SignalError::new(said));
        };
        if frame.kind != Kind::U8 {
            return Err(SignalError::new(format!("`{FRAME}` is not made of bytes")));
        }
        let flow = OpticalFlow::new(width, height, self.config.clone()).map_err(|e| SignalError::new(e.to_string()))?;
        self.state = Some(Stream { flow, last: vec![0; height * width], has_last: false });
        let reach = width.max(height) as f32;
        Ok(vec![ArraySpec::f32(FLOW, &[2, height, width], -reach, reach)])
    }

    fn begin_episode(&mut self) {
        if let Some(stream) = &mut self.state {
            stream.has_last = false;
        }
    }

    fn perceive(&mut self, reads: Reads<'_>, writes: &mut [Array]) -> Result<(), SignalError> {
        let frame = reads.u8(0)?;
        let (Some(stream), Some(out)) = (&mut self.state, writes[0].as_f32_mut()) else {
            return Err(SignalError::new("perceive before bind"));
        };
        if stream.has_last {
            stream.flow.flow(&stream.last, frame, out).map_err(|error| SignalError::new(error.to_string()))?;
        } else {
            out.fill(0.0);
        }
        stream.last.copy_from_slice(frame);
        stream.has_last = true;
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        self.state.as_ref().filter(|stream| stream.has_last).map(|stream| stream.last.clone()).unwrap_or_default()
    }

    fn load(&mut self, state: &[u8]) -> Result<(), SignalError> {
        let Some(stream) = &mut self.state else { return Err(SignalError::new("load before bind")) };
        stream.has_last = !state.is_empty();
        if stream.has_last {
            if state.len() != stream.last.len() {
                return Err(SignalError::new("the saved frame has another size"));
            }
            stream.last.copy_from_slice(state);
        }
        Ok(())
    }
}
