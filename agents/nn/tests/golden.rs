//! The engines' updates are PyTorch's: compared with `golden/dqn_update.safetensors`, which
//! `scripts/golden/dqn_update.py` makes with PyTorch's autograd and optimisers.
//!
//! Every comparison allows 10⁻⁶ plus 10⁻⁵ of the value after one update. Ten updates of an adaptive optimiser multiply
//! rounding where a gradient is close to 0, so there 10⁻⁵ plus 10⁻⁴ of the value is allowed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use innate_nn::{
    Adam, Device, EngineSpec, Input, InputSpec, Kind, LinearObjective, NetworkSpec, OptimiserSpec, ParameterSet,
    Random, Rmsprop, RmspropUncentred, Sgd, Training,
};
use rand::SeedableRng;
use safetensors::SafeTensors;
use serde::Deserialize;
use std::sync::Arc;

const BATCH: usize = 8;
const UPDATES: usize = 10;
const REFRESH: usize = 5;
const GAMMA: f32 = 0.99;

struct Golden<'a> {
    file: SafeTensors<'a>,
    network: &'static str,
}

impl Golden<'_> {
    fn bytes(&self, name: &str) -> &[u8] {
        self.file.tensor(&format!("{}.{name}", self.network)).expect(name).data()
    }

    fn f32(&self, name: &str) -> Vec<f32> {
        self.bytes(name).as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
    }

    fn i64(&self, name: &str) -> Vec<i64> {
        self.bytes(name).as_chunks().0.iter().map(|&bytes| i64::from_le_bytes(bytes)).collect()
    }

    /// The flat parameters under `prefix`.
    fn flat(&self, network: &innate_nn::Network, prefix: &str) -> Vec<f32> {
        let parts: Vec<_> =
            network.parameter_tensors().iter().map(|t| self.f32(&format!("{prefix}.{}", t.name))).collect();
        let find = |name: &str| {
            let place = network.parameter_tensors().iter().position(|tensor| tensor.name == name)?;
            Some((network.parameter_tensors()[place].shape.as_slice(), parts[place].as_slice()))
        };
        network.flatten(find).unwrap()
    }
}

fn assert_close(found: &[f32], expected: &[f32], absolute: f32, relative: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (place, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let allowed = absolute + relative * expected.abs();
        assert!((found - expected).abs() <= allowed, "{what}[{place}]: {found}, PyTorch has {expected}");
    }
}

fn network(name: &str) -> innate_nn::Network {
    #[derive(Deserialize)]
    struct File {
        network: NetworkSpec,
    }
    let (text, kind, shape, outputs) = match name {
        "dense" => {
            let layers = "network.layers = [{ type = 'dense', units = 16 }, \
                          { type = 'dense', units = 16, activation = 'tanh' }]";
            (layers, Kind::F32, vec![4], 2)
        }
        _ => {
            let layers = "network.layers = [{ type = 'conv', filters = 4, kernel = 3 }, \
                          { type = 'conv', filters = 5, kernel = 2, stride = 2, activation = 'sigmoid' }, \
                          { type = 'dense', units = 8 }]";
            (layers, Kind::U8, vec![2, 7, 7], 3)
        }
    };
    let spec = toml::from_str::<File>(text).unwrap().network;
    spec.build(&[InputSpec { name: "observation".into(), kind, shape }], outputs).unwrap()
}

fn check(name: &'static str, spec: OptimiserSpec, learning_rate: f64, clip_gradient: Option<f64>) {
    for engine in [EngineSpec::Native, EngineSpec::Libtorch] {
        check_engine(engine, name, spec.clone(), learning_rate, clip_gradient);
    }
}

fn check_engine(
    engine: EngineSpec,
    name: &'static str,
    spec: OptimiserSpec,
    learning_rate: f64,
    clip_gradient: Option<f64>,
) {
    let optimiser = spec.name();
    let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/golden/dqn_update.safetensors")).unwrap();
    let golden = Golden { file: SafeTensors::deserialize(&bytes).unwrap(), network: name };
    let network = Arc::new(network(name));
    let training = Training { optimiser: spec, learning_rate, clip_gradient, ..Training::default() };
    let random = &mut Random::seed_from_u64(1);
    let (mut engine, _) = engine.build::<f32>(network.clone(), Device::Cpu, training, random).unwrap();
    engine.write_parameters(ParameterSet::Online, &golden.flat(&network, "online")).unwrap();
    engine.write_parameters(ParameterSet::Target, &golden.flat(&network, "target")).unwrap();

    let (actions, rewards) = (golden.i64("actions"), golden.f32("rewards"));
    let elements = network.inputs()[0].elements() * BATCH;
    let outputs = network.outputs();
    let [mut q_before, mut q_after, mut error] = [(); 3].map(|()| vec![0.0; BATCH * outputs]);
    let mut weights = vec![0.0; network.parameters()];
    for update in 0..UPDATES {
        let mut forward = |name: &str, keep: bool, q: &mut [f32]| {
            let numbers;
            let span = update * elements..(update + 1) * elements;
            let input = match network.inputs()[0].kind {
                Kind::U8 => Input::U8(&golden.bytes(name)[span]),
                Kind::F32 => {
                    numbers = golden.f32(name);
                    Input::F32(&numbers[span])
                }
            };
            if keep {
                engine.forward_keeping(&[input], BATCH, q).unwrap();
            } else {
                engine.forward(ParameterSet::Target, &[input], BATCH, q).unwrap();
            }
        };
        forward("after", false, &mut q_after);
        forward("before", true, &mut q_before);
        error.fill(0.0);
        let (mut targets, mut loss) = (Vec::new(), 0.0);
        for sample in 0..BATCH {
            let row = update * BATCH + sample;
            let best = q_after[sample * outputs..][..outputs].iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let y = rewards[row] + GAMMA * (1.0 - f32::from(golden.bytes("terminated")[row])) * best;
            let place = sample * outputs + actions[row] as usize;
            let delta = q_before[place] - y;
            loss += if delta.abs() < 1.0 { 0.5 * delta * delta } else { delta.abs() - 0.5 };
            error[place] = delta.clamp(-1.0, 1.0) / BATCH as f32;
            targets.push(y);
        }
        engine.assign_credit(&LinearObjective(&error)).unwrap();
        if update == 0 {
            let mut gradient = vec![0.0; network.parameters()];
            engine.read_gradient(&mut gradient).unwrap();
            assert_close(&q_before, &golden.f32("first.q_before"), 1e-6, 1e-5, "Q(s)");
            assert_close(&q_after, &golden.f32("first.q_after"), 1e-6, 1e-5, "Q(s')");
            assert_close(&targets, &golden.f32("first.targets"), 1e-6, 1e-5, "targets");
            assert_close(&[loss / BATCH as f32], &golden.f32("first.loss"), 1e-6, 1e-5, "loss");
            assert_close(&gradient, &golden.flat(&network, "gradient"), 1e-6, 1e-5, "gradient");
        }
        let norm = engine.update().unwrap();
        assert!(clip_gradient.is_none_or(|clip| update > 0 || f64::from(norm) > clip), "clipping is not tested");
        engine.read_parameters(ParameterSet::Online, &mut weights).unwrap();
        if update == 0 {
            assert_close(&weights, &golden.flat(&network, &format!("{optimiser}.1")), 1e-6, 1e-5, "weights after 1");
        }
        if update + 1 == REFRESH {
            engine.copy_online_to_target().unwrap();
        }
    }
    assert_close(&weights, &golden.flat(&network, &format!("{optimiser}.10")), 1e-5, 1e-4, "weights after 10");
}

#[test]
fn adam_updates_of_a_dense_network_are_those_of_pytorch() {
    check("dense", OptimiserSpec::Adam(Adam::default()), 1e-2, None);
}

#[test]
fn adam_updates_of_a_convolutional_network_are_those_of_pytorch() {
    check("conv", OptimiserSpec::Adam(Adam::default()), 1e-2, None);
}

#[test]
fn centred_rmsprop_updates_are_those_of_the_equations_of_2015() {
    for network in ["dense", "conv"] {
        check(network, OptimiserSpec::Rmsprop(Rmsprop::default()), 2.5e-3, None);
    }
}

#[test]
fn uncentred_rmsprop_updates_are_those_of_pytorch() {
    for network in ["dense", "conv"] {
        check(network, OptimiserSpec::RmspropUncentred(RmspropUncentred::default()), 1e-3, None);
    }
}

#[test]
fn clipped_sgd_updates_with_momentum_are_those_of_pytorch() {
    for network in ["dense", "conv"] {
        check(network, OptimiserSpec::Sgd(Sgd { momentum: 0.9 }), 1e-1, Some(0.25));
    }
}
