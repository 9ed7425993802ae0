//! Networks, samples and engines for tests.
#![allow(dead_code, reason = "each test program uses a part of it")]

use innate_nn::{
    Activation, CreditSpec, Device, Engine, Input, InputSpec, Kind, LayerSpec, LibtorchEngine, LinearObjective,
    NativeEngine, Network, NetworkSpec, OptimiserSpec, ParameterSet, Random, Real, Sgd, Training,
};
use rand::{Rng, SeedableRng};
use std::sync::Arc;

pub(crate) fn input(name: &str, kind: Kind, shape: &[usize]) -> InputSpec {
    InputSpec { name: name.into(), kind, shape: shape.to_vec() }
}

/// Every kind of layer and input: two pictures through shared and then local filters, of which the stride leaves pixels
/// unseen, and two vectors that join them.
pub(crate) fn whole(activation: Activation) -> Arc<Network> {
    let layers = vec![
        LayerSpec::Conv { filters: 3, kernel: 3, stride: 2, activation },
        LayerSpec::Local { filters: 4, kernel: 2, stride: 1, activation },
        LayerSpec::Dense { units: 6, activation },
    ];
    let inputs = [
        input("speed", Kind::F32, &[3]),
        input("frame", Kind::U8, &[1, 8, 7]),
        input("flow", Kind::F32, &[2, 8, 7]),
        input("touch", Kind::U8, &[2, 2]),
    ];
    Arc::new(NetworkSpec::Layers(layers).build(&inputs, 3).unwrap())
}

/// Local filters over the inputs and shared ones above them.
pub(crate) fn local_first(activation: Activation) -> Arc<Network> {
    let layers = vec![
        LayerSpec::Local { filters: 2, kernel: 2, stride: 2, activation },
        LayerSpec::Conv { filters: 3, kernel: 2, stride: 1, activation },
    ];
    Arc::new(NetworkSpec::Layers(layers).build(&[input("frame", Kind::F32, &[2, 7, 7])], 2).unwrap())
}

pub(crate) fn dense(activation: Activation) -> Arc<Network> {
    let layers = [20, 9].map(|units| LayerSpec::Dense { units, activation }).to_vec();
    Arc::new(NetworkSpec::Layers(layers).build(&[input("state", Kind::F32, &[5])], 3).unwrap())
}

/// Inputs of a batch, with the memory behind them.
pub(crate) struct Sample {
    bytes: Vec<Vec<u8>>,
    numbers: Vec<Vec<f32>>,
    kinds: Vec<Kind>,
    pub(crate) batch: usize,
}

impl Sample {
    pub(crate) fn new(network: &Network, batch: usize, random: &mut Random) -> Self {
        let mut sample = Sample { bytes: vec![], numbers: vec![], kinds: vec![], batch };
        for spec in network.inputs() {
            let length = batch * spec.elements();
            sample.bytes.push((0..length).map(|_| random.random()).collect());
            sample.numbers.push((0..length).map(|_| random.random_range(-1.0..1.0)).collect());
            sample.kinds.push(spec.kind);
        }
        sample
    }

    pub(crate) fn inputs(&self) -> Vec<Input<'_>> {
        let choose = |place: usize| match self.kinds[place] {
            Kind::U8 => Input::U8(&self.bytes[place]),
            Kind::F32 => Input::F32(&self.numbers[place]),
        };
        (0..self.kinds.len()).map(choose).collect()
    }
}

pub(crate) fn numbers<T: Real>(count: usize, random: &mut Random) -> Vec<T> {
    (0..count).map(|_| T::of(random.random_range(-1.0..1.0))).collect()
}

/// Plain gradient descent by `credit`.
pub(crate) fn descending(credit: CreditSpec) -> Training {
    let optimiser = OptimiserSpec::Sgd(Sgd::default());
    Training { optimiser, learning_rate: 0.1, credit, ..Training::default() }
}

pub(crate) fn native<T: Real>(network: &Arc<Network>, training: Training) -> Box<dyn Engine<T>> {
    Box::new(NativeEngine::new(network.clone(), training, &mut Random::seed_from_u64(3)).unwrap())
}

pub(crate) fn libtorch<T: Real>(network: &Arc<Network>, training: Training) -> Box<dyn Engine<T>> {
    Box::new(LibtorchEngine::new(network.clone(), Device::Cpu, training, &mut Random::seed_from_u64(3)).unwrap())
}

/// Gives the engine fresh weights of both sets.
pub(crate) fn start<T: Real>(engine: &mut dyn Engine<T>, network: &Network) -> Vec<T> {
    let weights = network.initialise_as(innate_nn::Initialisation::Default, &mut Random::seed_from_u64(7));
    engine.write_parameters(ParameterSet::Online, &weights).unwrap();
    engine.copy_online_to_target().unwrap();
    weights
}

pub(crate) fn online<T: Real>(engine: &mut dyn Engine<T>, network: &Network) -> Vec<T> {
    let mut flat = vec![T::zero(); network.parameters()];
    engine.read_parameters(ParameterSet::Online, &mut flat).unwrap();
    flat
}

/// The gradient that the engine assigns to an output error, and the outputs.
pub(crate) fn gradient<T: Real>(
    engine: &mut dyn Engine<T>,
    network: &Network,
    sample: &Sample,
    error: &[T],
) -> (Vec<T>, Vec<T>) {
    let (mut outputs, mut gradient) = (vec![T::zero(); error.len()], vec![T::zero(); network.parameters()]);
    engine.forward_keeping(&sample.inputs(), sample.batch, &mut outputs).unwrap();
    engine.assign_credit(&LinearObjective(error)).unwrap();
    engine.read_gradient(&mut gradient).unwrap();
    (gradient, outputs)
}

/// The length of the difference, relative to the length of `expected`.
pub(crate) fn distance<T: Real>(found: &[T], expected: &[T]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let length = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>().sqrt();
    let difference = length(&mut found.iter().zip(expected).map(|(&a, &b)| (a - b).double()));
    difference / length(&mut expected.iter().map(|&b| b.double())).max(f64::MIN_POSITIVE)
}
