//! `flow`: dense optical flow of the whole frame, as a percept.
//!
//! Reads `frame` (bytes, `[1, height, width]`), writes `flow` (`[2, height, width]`: dx, then dy, in pixels per step, from the
//! frame before to this one). Pays nothing: what motion is worth is for signals that read it. The first frame of an episode
//! has no motion.

use crate::optical_flow::{FlowConfig, FlowError, OpticalFlow};
use crate::signal::{Declaration, Reads, Signal, SignalError};
use innate_envs::{Array, ArraySpec, Kind};

/// The percept that the flow is computed from.
const FRAME: &str = "frame";
/// The percept that it writes.
pub const FLOW: &str = "flow";

/// Optical flow between successive frames.
pub struct Flow {
    config: FlowConfig,
    /// The stream of this episode's frames; made when the size of a frame is known.
    stream: Option<OpticalFlow>,
}

impl Flow {
    /// Flow computed as `config` says.
    pub fn new(config: FlowConfig) -> Self {
        Self { config, stream: None }
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
        self.stream = Some(OpticalFlow::new(width, height, self.config.clone()).map_err(sentence)?);
        let reach = width.max(height) as f32;
        Ok(vec![ArraySpec::f32(FLOW, &[2, height, width], -reach, reach)])
    }

    fn begin_episode(&mut self) {
        if let Some(stream) = &mut self.stream {
            stream.reset();
        }
    }

    fn perceive(&mut self, reads: Reads<'_>, writes: &mut [Array]) -> Result<(), SignalError> {
        let (Some(stream), Some(out)) = (&mut self.stream, writes[0].as_f32_mut()) else {
            return Err(SignalError::new("perceive before bind"));
        };
        stream.push(reads.u8(0)?, out).map_err(sentence)
    }

    fn save(&self) -> Vec<u8> {
        self.stream.as_ref().and_then(OpticalFlow::last).map(<[u8]>::to_vec).unwrap_or_default()
    }

    fn load(&mut self, state: &[u8]) -> Result<(), SignalError> {
        let Some(stream) = &mut self.stream else { return Err(SignalError::new("load before bind")) };
        stream.reset();
        if state.is_empty() { Ok(()) } else { stream.start(state).map_err(sentence) }
    }
}

fn sentence(error: FlowError) -> SignalError {
    SignalError::new(error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::bank::Bank;
    use innate_envs::{Observation, Step};

    const SIZE: usize = 32;

    fn bank() -> Bank {
        let flow: Box<dyn Signal> = Box::new(Flow::new(FlowConfig::default()));
        Bank::build(vec![("flow".into(), flow)], &[ArraySpec::u8(FRAME, &[1, SIZE, SIZE])]).unwrap()
    }

    /// A texture shifted to the right by `shift` pixels.
    fn frame(shift: usize) -> Observation {
        let light = |i: usize| {
            let (x, y) = ((i % SIZE) as f32 - shift as f32, (i / SIZE) as f32);
            (128.0 + 60.0 * (0.7 * x + 0.3 * y).sin() + 60.0 * (0.5 * y - 0.4 * x).cos()) as u8
        };
        Observation { arrays: vec![Array::U8((0..SIZE * SIZE).map(light).collect())] }
    }

    fn flow_of(percepts: &[Array]) -> &[f32] {
        percepts[1].as_f32().unwrap()
    }

    #[test]
    fn the_first_frame_of_an_episode_has_no_motion_and_the_next_has() {
        let mut bank = bank();
        for _ in 0..2 {
            bank.begin_episode(&frame(0), &mut ()).unwrap();
            assert!(flow_of(bank.current()).iter().all(|&speed| speed == 0.0));
            bank.step(&frame(1), 0, Step::default(), &mut (), |_| {}).unwrap();
            let centre = flow_of(bank.following())[SIZE * SIZE / 2 + SIZE / 2];
            assert!((centre - 1.0).abs() < 0.3, "{centre}");
        }
    }

    #[test]
    fn a_saved_stream_goes_on_from_its_last_frame() {
        let (mut one, mut two) = (bank(), bank());
        one.begin_episode(&frame(0), &mut ()).unwrap();
        two.load(one.save()).unwrap();
        for bank in [&mut one, &mut two] {
            bank.step(&frame(2), 0, Step::default(), &mut (), |_| {}).unwrap();
        }
        assert_eq!(flow_of(one.following()), flow_of(two.following()));
    }
}
