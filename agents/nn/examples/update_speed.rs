//! Times a DQN-like update and a decision, for three networks.
//!
//! ```text
//! cargo run --release -p innate-nn --example update_speed
//! ```
//!
//! Unit: µs, the least mean of 20 rounds. An update is: target forward, online forward that keeps, backward, clip, Adam.
//! A decision is the native forward pass of one sample. The baseline is the libtorch forward pass of one sample.
#![allow(clippy::print_stdout, reason = "it is a program")]

use innate_nn::{
    Activation, Device, Engine, EngineError, Input, InputSpec, Kind, LayerSpec, LibtorchEngine, NativeForward, Network,
    NetworkSpec, OptimiserSpec, ParameterSet, Training, prepare,
};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    prepare();
    let state = InputSpec { name: "state".into(), kind: Kind::F32, shape: vec![4] };
    let frame = InputSpec { name: "frame".into(), kind: Kind::F32, shape: vec![4, 10, 10] };
    let relu = Activation::Relu;
    let conv = LayerSpec::Conv { filters: 16, kernel: 3, stride: 1, activation: relu };
    let minatar = NetworkSpec::Layers(vec![conv, LayerSpec::Dense { units: 128, activation: relu }]);
    let cases = [
        (NetworkSpec::Hidden(vec![64, 64]), &state, 2, 32),
        (NetworkSpec::Hidden(vec![128, 128]), &state, 2, 64),
        (NetworkSpec::Hidden(vec![256, 256]), &state, 2, 64),
        (minatar, &frame, 6, 32),
    ];
    println!("{:>9} {:>9} {:>9}  network, batch", "update", "decision", "libtorch");
    for (spec, input, actions, batch) in cases {
        let network = Arc::new(spec.build(std::slice::from_ref(input), actions)?);
        let [update, decision, libtorch] = time(&network, batch)?;
        println!("{update:>9.1} {decision:>9.2} {libtorch:>9.1}  {network}, {batch}");
    }
    Ok(())
}

fn time(network: &Arc<Network>, batch: usize) -> Result<[f64; 3], EngineError> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(0);
    let training = Training { optimiser: OptimiserSpec::default(), learning_rate: 1e-4, clip_gradient: Some(10.0) };
    let mut engine = LibtorchEngine::new(network.clone(), Device::Cpu, training)?;
    let weights = network.initialise(&mut random);
    engine.write_parameters(ParameterSet::Online, &weights)?;
    engine.copy_online_to_target()?;
    let elements = network.inputs()[0].elements();
    let values: Vec<f32> = (0..batch * elements).map(|_| random.random_range(-1.0..1.0)).collect();
    let (batch_inputs, one_input) = ([Input::F32(&values)], [Input::F32(&values[..elements])]);
    let mut outputs = vec![0.0; batch * network.outputs()];
    let mut one_output = vec![0.0; network.outputs()];
    let update = least_mean(200, || {
        engine.forward(ParameterSet::Target, &batch_inputs, batch, &mut outputs)?;
        engine.forward_keeping(&batch_inputs, batch, &mut outputs)?;
        outputs.iter_mut().for_each(|output| *output /= batch as f32);
        engine.backward(&outputs)?;
        engine.update().map(drop)
    })?;
    let mut native = NativeForward::new(network.clone());
    let decision = least_mean(2_000, || native.forward(&weights, &one_input, &mut one_output))?;
    let libtorch = least_mean(500, || engine.forward(ParameterSet::Online, &one_input, 1, &mut one_output))?;
    Ok([update, decision, libtorch])
}

/// µs per call: the least of 20 rounds' means.
fn least_mean(calls: u32, mut call: impl FnMut() -> Result<(), EngineError>) -> Result<f64, EngineError> {
    let mut least = f64::INFINITY;
    for _ in 0..20 {
        let start = Instant::now();
        for _ in 0..calls {
            call()?;
        }
        least = least.min(start.elapsed().as_secs_f64() * 1e6 / f64::from(calls));
    }
    Ok(least)
}
