//! MNIST for experiments: 60,000 digits of 28x28 pixels to learn from, 10,000 to test; or fewer, if the folder holds a part.
//!
//! Numbers published for MNIST are for the whole of it: from a part, what is found stands beside them and is not judged.

use super::{ExperimentError, Lab, Report, Row};
use innate_envs::Array;
use innate_envs::tasks::mnist::mnist;
use innate_envs::tasks::{Labelled, Split};
use innate_nn::{Activation, Engine, Input, InputSpec, Kind, LayerSpec, Network, NetworkSpec, ParameterSet, greedy};
use std::sync::Arc;

/// Number of classes.
pub(super) const CLASSES: usize = 10;
/// Pixels of a picture.
pub(super) const PIXELS: usize = 28 * 28;
/// Pictures that are classified at a time.
const BATCH: usize = 250;

/// Pictures that a glance takes.
const GLANCE: usize = 500;
/// Pictures of the whole of MNIST, to learn from and to test.
const WHOLE: [usize; 2] = [60_000, 10_000];

/// Pictures and their classes.
pub(super) struct Pictures {
    patterns: Labelled,
    count: usize,
}

/// The pictures of `split` in the user's folder; the first few for a glance.
pub(super) fn pictures(lab: &Lab, split: Split) -> Result<Pictures, ExperimentError> {
    if !lab.data.is_dir() {
        let folder = lab.data.display();
        let said = format!(
            "there is no folder `{folder}`; `scripts/fetch-mnist {folder}` fetches 10,000 of its 70,000 digits into it"
        );
        return Err(ExperimentError::Other(said));
    }
    let patterns = mnist(&lab.data, split, CLASSES as u32)?;
    if patterns.input().len() != PIXELS {
        let (folder, found) = (lab.data.display(), &patterns.input().shape);
        let said = format!("the pictures in `{folder}` have the shape {found:?}, allowed: [1, 28, 28]");
        return Err(ExperimentError::Other(said));
    }
    let count = lab.pick(patterns.len(), GLANCE.min(patterns.len()));
    Ok(Pictures { patterns, count })
}

impl Pictures {
    /// Number of pictures.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The class of a picture.
    pub(super) fn class(&self, place: usize) -> usize {
        self.patterns.label(place)
    }

    /// Pictures from place `start` on, one after another.
    fn bytes(&self, start: usize, count: usize) -> &[u8] {
        match self.patterns.inputs() {
            Array::U8(bytes) => &bytes[start * PIXELS..(start + count) * PIXELS],
            Array::F32(_) => &[],
        }
    }

    /// Copies the pictures at `places` into `out`, one after another.
    pub(super) fn gather(&self, places: &[usize], out: &mut Vec<u8>) {
        out.clear();
        places.iter().for_each(|place| out.extend_from_slice(self.bytes(*place, 1)));
    }

    /// Share of the pictures, in percent, whose class has not the greatest output.
    pub(super) fn error(&self, engine: &mut dyn Engine<f32>) -> Result<f64, ExperimentError> {
        let (mut outputs, mut wrong) = (vec![0.0; BATCH * CLASSES], 0);
        for start in (0..self.len()).step_by(BATCH) {
            let count = BATCH.min(self.len() - start);
            let outputs = &mut outputs[..count * CLASSES];
            engine.forward(ParameterSet::Online, &[Input::U8(self.bytes(start, count))], count, outputs)?;
            let answers = outputs.chunks(CLASSES).zip(start..);
            wrong += answers.filter(|(outputs, place)| greedy(outputs) != self.class(*place)).count();
        }
        Ok(100.0 * wrong as f64 / self.len() as f64)
    }
}

/// Says of a report how many pictures are behind it, and takes its verdicts back if these are not all.
pub(super) fn label(report: &mut Report, train: &Pictures, test: &Pictures) {
    let counts = [train.len(), test.len()];
    let whole = counts == WHOLE;
    if !whole {
        report.rows.iter_mut().for_each(|row| *row = Row { expected: None, ..row.clone() });
    }
    let part = if whole { "" } else { ": a part of MNIST, whose accuracies do not compare with those published" };
    report.notes.push(format!("Learned from {} pictures, tested on {}{part}.", counts[0], counts[1]));
}

/// A network over one picture.
pub(super) fn network(layers: Vec<LayerSpec>) -> Result<Arc<Network>, ExperimentError> {
    let input = InputSpec { name: "frame".into(), kind: Kind::U8, shape: vec![1, 28, 28] };
    Ok(Arc::new(NetworkSpec::Layers(layers).build(&[input], CLASSES)?))
}

/// Dense layers of these numbers of units.
pub(super) fn dense(units: &[usize], activation: Activation) -> Vec<LayerSpec> {
    units.iter().map(|&units| LayerSpec::Dense { units, activation }).collect()
}
