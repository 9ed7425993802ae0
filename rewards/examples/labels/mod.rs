//! Boxes of hands in a film, for the examples that ask whether hands were found.
//!
//! A JSON file, `{ "w": …, "h": …, "frames": [{ "hands": [[x0, y0, x1, y1, score], …] }, …] }`, for each of the film's frames or
//! each so many times as often; boxes are in pixels of a picture of w x h.

use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Labels {
    w: f32,
    h: f32,
    frames: Vec<Frame>,
}

#[derive(Deserialize)]
struct Frame {
    hands: Vec<[f32; 5]>,
}

impl Labels {
    /// Reads a file.
    pub(crate) fn read(path: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
        Ok(serde_json::from_str(&text).map_err(|error| format!("{path}: {error}"))?)
    }

    /// How many labels there are for each of a film's `frames`.
    pub(crate) fn each(&self, frames: usize) -> usize {
        (self.frames.len() as f64 / frames as f64).round().max(1.0) as usize
    }

    /// Whether a hand is at this place of a frame of `size`, width and height, of which this is the label. None where that is
    /// not known: where the label has no hand, since labels miss some, and less than `beside` pixels outside a box.
    pub(crate) fn at(&self, label: usize, size: [f32; 2], place: [f32; 2], beside: f32) -> Option<bool> {
        let hands = self.frames.get(label).map(|frame| &frame.hands).filter(|hands| !hands.is_empty())?;
        let (across, down) = (size[0] / self.w, size[1] / self.h);
        let within = |beside: f32| {
            hands.iter().any(|[left, top, right, bottom, _]| {
                (left * across - beside..right * across + beside).contains(&place[0])
                    && (top * down - beside..bottom * down + beside).contains(&place[1])
            })
        };
        if within(0.0) { Some(true) } else { (!within(beside)).then_some(false) }
    }
}
