//! Where a face is seen to look, against where it looks.

use super::{Seen, distance};
use innate_envs::truth::Truth;
use innate_rewards::bearing::Vector;

/// How far a found face may lie from a true one, as a share of the frame's width.
const NEAR: f32 = 0.1;
/// Elements of a row of `faces`: x, y, size, score.
const FACE: usize = 4;

/// Errors of gaze.
#[derive(Debug, Default)]
pub(super) struct Gazes {
    /// In degrees.
    pub(super) errors: Vec<f64>,
}

impl Gazes {
    pub(super) fn look(&mut self, seen: &Seen<'_>, truth: &Truth) {
        let (Some(faces), Some(judged)) = (seen.f32("faces"), seen.f32("gaze/gaze.faces")) else { return };
        let rows = judged.chunks_exact(judged.len() / (faces.len() / FACE));
        for (face, row) in faces.chunks_exact(FACE).zip(rows).filter(|(face, _)| face[2] > 0.0) {
            let near = |origin: [f32; 2]| distance(origin, [face[0], face[1]]) <= NEAR * truth.size[1] as f32;
            let Some(gaze) = truth.gazes.iter().find(|gaze| gaze.open && near(gaze.origin)) else { continue };
            let shown = Vector { x: gaze.direction[0], y: gaze.direction[1] };
            self.errors.push(f64::from(Vector::decode(&row[1..]).degrees(shown)));
        }
    }
}
