//! Times a DQN update on both engines, and on PyTorch where there is one.
//!
//! ```text
//! cargo run --release -p innate-nn --example update_speed [-- --python PATH]
//! ```
//!
//! Unit: µs on one thread, the least mean of many short rounds. An update is: target forward, maximum, online forward that
//! keeps, Huber error of the chosen actions, backward, clip, Adam. A decision is the forward pass for acting, of one sample.
//! `peak` is the share of the update's multiplications and additions in the machine's greatest rate, that of a large matrix
//! product measured in the same run. The baseline is `scripts/peers/dqn_update.py`: the same update in PyTorch with the best
//! of its implementations of Adam, run by the Python at PATH.
#![allow(clippy::print_stdout, reason = "it is a program")]

use innate_nn::{
    Activation, Device, EngineError, EngineSpec, Input, InputSpec, Kind, LayerSpec, LinearObjective, NativeForward,
    Network, NetworkSpec, ParameterSet, Random, Training, prepare,
};
use rand::{Rng, SeedableRng};
use std::error::Error;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/peers/dqn_update.py");

/// Dense networks on a state of 4 numbers with 2 actions: hidden units and batch.
const DENSE: [([usize; 2], usize); 3] = [([64, 64], 32), ([120, 84], 128), ([256, 256], 64)];

fn main() -> Result<(), Box<dyn Error>> {
    prepare();
    let args: Vec<String> = std::env::args().skip(1).collect();
    let python = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => None,
        ["--python", path] => Some(path),
        _ => return Err("usage: update_speed [--python PATH]".into()),
    };
    let peak = peak();
    println!("large matrix product: {:.1} GFLOP/s on one thread\n", 2e-9 * peak);
    let header = ["native", "peak", "libtorch", "peak", "", "PyTorch", "", "decision"];
    println!("{:<40}{}", "network, batch", header.map(|word| format!("{word:>10}")).concat());
    for (hidden, batch) in DENSE {
        let state = InputSpec { name: "state".into(), kind: Kind::F32, shape: vec![4] };
        let network = NetworkSpec::Hidden(hidden.to_vec()).build(&[state], 2)?;
        let baseline = python.map(|python| pytorch(python, hidden, batch)).transpose()?;
        report(network, batch, peak, baseline)?;
    }
    for (size, filters) in [(10, &[(16, 3, 1)][..]), (84, &[(32, 8, 4), (64, 4, 2), (64, 3, 1)])] {
        report(convolutional(size, filters)?, 32, peak, None)?;
    }
    Ok(())
}

/// A network of filters (number, size and stride) on 4 square pictures, with one dense layer and 6 actions.
fn convolutional(size: usize, filters: &[(usize, usize, usize)]) -> Result<Network, Box<dyn Error>> {
    let activation = Activation::Relu;
    let conv = |&(filters, kernel, stride)| LayerSpec::Conv { filters, kernel, stride, activation };
    let mut layers: Vec<_> = filters.iter().map(conv).collect();
    layers.push(LayerSpec::Dense { units: if filters.len() == 1 { 128 } else { 512 }, activation });
    let frame = InputSpec { name: "frame".into(), kind: Kind::F32, shape: vec![4, size, size] };
    Ok(NetworkSpec::Layers(layers).build(&[frame], 6)?)
}

fn report(network: Network, batch: usize, peak: f64, baseline: Option<f64>) -> Result<(), Box<dyn Error>> {
    let network = Arc::new(network);
    let [native, libtorch] = [EngineSpec::Native, EngineSpec::Libtorch].map(|engine| time(engine, &network, batch));
    let (native, libtorch, decision) = (native?, libtorch?, decision(&network)?);
    let share = |micros: f64| 100.0 * batch as f64 * multiplications(&network) / (peak * micros * 1e-6);
    let [of_native, of_libtorch] = [native, libtorch].map(|micros| format!("{:>8.0} %", share(micros)));
    let ratio = |other: f64| format!("{:>8.1}\u{a0}×", other / native);
    let pytorch = baseline.map_or(format!("{:>20}", "–"), |other| format!("{other:>10.1}{}", ratio(other)));
    let name = format!("{network}, {batch}").replace(" parameters", "");
    let ours = format!("{native:>10.1}{of_native}{libtorch:>10.1}{of_libtorch}{}", ratio(libtorch));
    println!("{name:<40}{ours}{pytorch}{decision:>10.2}");
    Ok(())
}

/// Multiplications of an update for each sample: two forward passes, the gradient, and the error at all layers but the first.
fn multiplications(network: &Network) -> f64 {
    let layers = network.layers().iter();
    let each = layers.map(|layer| layer.multiplications() as f64);
    each.enumerate().map(|(index, count)| if index == 0 { 3.0 * count } else { 4.0 * count }).sum()
}

/// Multiplications per second of a product of two matrices of 256², the best of many short ones.
fn peak() -> f64 {
    const SIZE: usize = 256;
    let (a, b, mut c) = (vec![0.5_f32; SIZE * SIZE], vec![0.25_f32; SIZE * SIZE], vec![0.0_f32; SIZE * SIZE]);
    let (rows, none) = (SIZE as isize, gemm::Parallelism::None);
    let mut least = f64::INFINITY;
    for _ in 0..500 {
        let start = Instant::now();
        // SAFETY: the three slices hold SIZE × SIZE numbers each, as the sizes and strides say.
        unsafe {
            let (to, a, b) = (c.as_mut_ptr(), a.as_ptr(), b.as_ptr());
            gemm::gemm(
                SIZE, SIZE, SIZE, to, rows, 1, false, a, rows, 1, b, rows, 1, 0.0, 1.0, false, false, false, none,
            );
        }
        least = least.min(start.elapsed().as_secs_f64());
    }
    (SIZE * SIZE * SIZE) as f64 / least
}

/// µs of an update in PyTorch.
fn pytorch(python: &str, hidden: [usize; 2], batch: usize) -> Result<f64, Box<dyn Error>> {
    let case = format!("4,{},{},2:{batch}", hidden[0], hidden[1]);
    let output = Command::new(python).args([SCRIPT, &case]).output()?;
    let (found, problem) = (String::from_utf8(output.stdout)?, String::from_utf8_lossy(&output.stderr));
    found.trim().parse().map_err(|_| format!("{python} {SCRIPT} {case}: {problem}").into())
}

/// µs of an update.
fn time(engine: EngineSpec, network: &Arc<Network>, batch: usize) -> Result<f64, EngineError> {
    let mut random = Random::seed_from_u64(0);
    let training = Training { learning_rate: 1e-4, clip_gradient: Some(10.0), ..Training::default() };
    let (mut engine, _) = engine.build::<f32>(network.clone(), Device::Cpu, training, &mut random)?;
    engine.write_parameters(ParameterSet::Online, &network.initialise(&mut random))?;
    engine.copy_online_to_target()?;
    let (elements, actions) = (network.inputs()[0].elements(), network.outputs());
    let mut numbers = |count: usize| (0..count).map(|_| random.random_range(-1.0..1.0)).collect::<Vec<f32>>();
    let (before, after, rewards) = (numbers(batch * elements), numbers(batch * elements), numbers(batch));
    let chosen: Vec<usize> = (0..batch).map(|sample| sample % actions).collect();
    let [mut q_before, mut q_after, mut error] = [(); 3].map(|()| vec![0.0; batch * actions]);
    least_mean(|| {
        engine.forward(ParameterSet::Target, &[Input::F32(&after)], batch, &mut q_after)?;
        engine.forward_keeping(&[Input::F32(&before)], batch, &mut q_before)?;
        error.fill(0.0);
        for (sample, q_after) in q_after.chunks_exact(actions).enumerate() {
            let best = q_after.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let place = sample * actions + chosen[sample];
            let delta = q_before[place] - (rewards[sample] + 0.99 * best);
            error[place] = delta.clamp(-1.0, 1.0) / batch as f32;
        }
        engine.assign_credit(&LinearObjective(&error))?;
        engine.update().map(drop)
    })
}

/// µs of a decision.
fn decision(network: &Arc<Network>) -> Result<f64, EngineError> {
    let weights = network.initialise(&mut Random::seed_from_u64(0));
    let (values, mut outputs) = (vec![0.5; network.inputs()[0].elements()], vec![0.0; network.outputs()]);
    let mut acting = NativeForward::new(network.clone());
    least_mean(|| acting.forward(&weights, &[Input::F32(&values)], &mut outputs))
}

/// µs per call: the least of many rounds' means. A round is short, so that some go undisturbed on a busy machine.
fn least_mean(mut call: impl FnMut() -> Result<(), EngineError>) -> Result<f64, EngineError> {
    let (round, start) = (Duration::from_millis(3), Instant::now());
    let mut calls = 0;
    while start.elapsed() < 10 * round {
        call()?;
        calls += 1;
    }
    let calls = (calls / 10).max(1);
    let mut least = f64::INFINITY;
    for _ in 0..150 {
        let start = Instant::now();
        for _ in 0..calls {
            call()?;
        }
        least = least.min(start.elapsed().as_secs_f64() * 1e6 / f64::from(calls));
    }
    Ok(least)
}
