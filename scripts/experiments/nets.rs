//! Networks and engines of experiments.

use super::ExperimentError;
use innate_nn::{
    Activation, CreditSpec, Device, Engine, EngineSpec, InputSpec, Kind, LayerSpec, Network, NetworkSpec, Objective,
    OptimiserSpec, Random, Real, Sgd, Training,
};
use std::sync::Arc;

/// A network of dense layers over one vector of numbers.
pub(super) fn dense(
    inputs: usize,
    hidden: &[usize],
    activation: Activation,
    outputs: usize,
) -> Result<Arc<Network>, ExperimentError> {
    let input = InputSpec { name: "x".into(), kind: Kind::F32, shape: vec![inputs] };
    let layers = hidden.iter().map(|&units| LayerSpec::Dense { units, activation }).collect();
    Ok(Arc::new(NetworkSpec::Layers(layers).build(&[input], outputs)?))
}

/// Plain gradient descent by a rule of credit.
pub(super) fn descent(learning_rate: f64, credit: CreditSpec) -> Training {
    Training { optimiser: OptimiserSpec::Sgd(Sgd::default()), learning_rate, credit, ..Training::default() }
}

/// The engine for `network` on the CPU, all parameters 0.
pub(super) fn engine<T: Real>(
    network: &Arc<Network>,
    training: Training,
    random: &mut Random,
) -> Result<Box<dyn Engine<T>>, ExperimentError> {
    Ok(EngineSpec::Auto.build(network.clone(), Device::Cpu, training, random)?.0)
}

/// The squared error ½ Σ (y − y*)² of each sample.
pub(super) struct SquaredError<T> {
    /// The outputs y* asked for, `[batch, outputs]`.
    pub(super) wanted: Vec<T>,
    error: Vec<T>,
    outputs: usize,
}

impl<T: Real> SquaredError<T> {
    /// For a batch of `batch` samples of `outputs` outputs, y* = 0.
    pub(super) fn new(batch: usize, outputs: usize) -> Self {
        let zeros = vec![T::zero(); batch * outputs];
        Self { wanted: zeros.clone(), error: zeros, outputs }
    }

    /// Takes note of the outputs y.
    pub(super) fn compare(&mut self, y: &[T]) {
        let batch = T::of((y.len() / self.outputs) as f64);
        let places = self.error.iter_mut().zip(y).zip(&self.wanted);
        places.for_each(|((error, &y), &wanted)| *error = (y - wanted) / batch);
    }
}

impl<T: Real> Objective<T> for SquaredError<T> {
    fn output_error(&self) -> &[T] {
        &self.error
    }

    fn costs(&self, outputs: &[T], costs: &mut [T]) {
        let samples = outputs.chunks(self.outputs).zip(self.wanted.chunks(self.outputs));
        for (cost, (y, wanted)) in costs.iter_mut().zip(samples) {
            *cost = T::of(0.5) * y.iter().zip(wanted).map(|(&y, &wanted)| (y - wanted) * (y - wanted)).sum::<T>();
        }
    }
}
