//! Learning one trial at a time, in trials per second: `scripts/bench agrel [--python PATH]`.
//!
//! A trial of AGREL is forward, softmax, a draw, the amount f(δ) and the change of all weights; f32, one thread. Every figure
//! is the best of many rounds, each from fresh weights. Time depends on what may be skipped, so the inputs are named: dense
//! ones, digits of 8×8 pixels half of which are 0, and strokes on 28×28 pixels, as dark as MNIST's digits are (81 % of the
//! pixels and 61 % of the blocks of eight are 0 there).
//!
//! With `--python` (an interpreter with NumPy and PyTorch) the same trial is timed in both, by `scripts/peers/agrel_*.py`.
//!
//! The last column is the rule's multiply-adds, skipped ones included, as a share of what the CPU can do at most: a loop of
//! fused multiply-adds on registers, timed in the same run.

use innate::nn::{
    Activation, Expansion, Initialisation, InputSpec, Kind, LayerSpec, NetworkSpec, Online, OnlineFeedback, OnlineRule,
    Random, sample, softmax,
};
use rand::{Rng, SeedableRng};
use std::error::Error;
use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Patterns that come in turn, and the length of a round.
const PATTERNS: usize = 16;
const ROUNDS: usize = 300;
const SECONDS: f64 = 0.001;

struct Case {
    name: &'static str,
    sizes: &'static [usize],
    activation: Activation,
    inputs: fn(usize, &mut Random) -> Vec<f32>,
}

const CASES: &[Case] = &[
    Case { name: "XOR", sizes: &[2, 3, 2], activation: Activation::Sigmoid, inputs: bits },
    Case { name: "digits", sizes: &[64, 100, 10], activation: Activation::Relu, inputs: half_dark },
    Case { name: "dense", sizes: &[64, 100, 10], activation: Activation::Relu, inputs: dense },
    Case { name: "dense", sizes: &[64, 100, 10], activation: Activation::Sigmoid, inputs: dense },
    Case { name: "strokes", sizes: &[784, 500, 10], activation: Activation::Relu, inputs: strokes },
    Case { name: "dense", sizes: &[784, 500, 10], activation: Activation::Relu, inputs: dense },
    Case { name: "dense", sizes: &[784, 500, 10], activation: Activation::Sigmoid, inputs: dense },
];

fn main() -> Outcome {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let python = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => None,
        ["--python", python] => Some(python.to_string()),
        _ => return Err("usage: scripts/bench agrel [--peers | --python PATH]".into()),
    };
    let peak = multiply_adds_per_second();
    println!("multiply-adds, one thread, at most: {:.1} G/s\n", peak / 1e9);
    let peers =
        python.as_deref().map(|python| Ok::<_, Box<dyn Error>>([times(python, "numpy")?, times(python, "torch")?]));
    let peers = peers.transpose()?;
    let columns = ["trials/s", "ns/trial", "NumPy", "PyTorch", "of the peak"];
    println!(
        "{:<34} {:>12} {:>10} {:>9} {:>9} {:>12}",
        "AGREL, one trial at a time", columns[0], columns[1], columns[2], columns[3], columns[4]
    );
    for (place, case) in CASES.iter().enumerate() {
        let Measured { seconds, dark, dark_blocks } = measure(case)?;
        let sizes = case.sizes.iter().map(usize::to_string).collect::<Vec<_>>().join("-");
        let name = format!("{sizes} {}, {}", case.activation, case.name);
        let ratio = |peer: usize| match &peers {
            Some(times) => format!("{:.1}x", times[peer][place] / seconds),
            None => "-".into(),
        };
        let share = 100.0 * multiply_adds(case.sizes) / seconds / peak;
        println!(
            "{name:<34} {:>12.0} {:>10.0} {:>9} {:>9} {share:>10.1} %",
            1.0 / seconds,
            1e9 * seconds,
            ratio(0),
            ratio(1)
        );
        if dark > 0.0 {
            println!(
                "    {:.0} % of the inputs are 0, {:.0} % of the blocks of eight",
                100.0 * dark,
                100.0 * dark_blocks
            );
        }
    }
    if peers.is_none() {
        println!(
            "\nbeside NumPy and PyTorch: scripts/bench agrel --peers, or --python PATH of an interpreter that has both"
        );
    }
    Ok(())
}

struct Measured {
    /// Per trial.
    seconds: f64,
    /// Shares of the inputs, and of their blocks of eight, that are 0.
    dark: f64,
    dark_blocks: f64,
}

fn measure(case: &Case) -> Outcome<Measured> {
    let mut random = Random::seed_from_u64(0);
    let (inputs, outputs) = (case.sizes[0], case.sizes[case.sizes.len() - 1]);
    let hidden = &case.sizes[1..case.sizes.len() - 1];
    let layers = hidden.iter().map(|&units| LayerSpec::Dense { units, activation: case.activation }).collect();
    let input = InputSpec { name: "x".into(), kind: Kind::F32, shape: vec![inputs] };
    let network = Arc::new(NetworkSpec::Layers(layers).build(&[input], outputs)?);
    let learning_rate = if case.activation == Activation::Sigmoid { 0.1 } else { 0.005 };
    let rule = OnlineRule { learning_rate, feedback: OnlineFeedback::Tied, ..OnlineRule::default() };
    let mut learner = Online::<f32>::new(network.clone(), rule, Initialisation::Default, &mut random)?;
    let fresh = network.initialise(&mut random);
    let patterns: Vec<_> =
        (0..PATTERNS).map(|_| ((case.inputs)(inputs, &mut random), random.random_range(0..outputs))).collect();
    let mut p = vec![0.0; outputs];
    let (mut least, mut trials) = (f64::INFINITY, PATTERNS);
    for _ in 0..ROUNDS {
        learner.set_parameters(&fresh)?;
        let start = Instant::now();
        for (x, label) in patterns.iter().cycle().take(trials) {
            softmax(learner.forward(x), &mut p);
            let selected = sample(&p, &mut random);
            let reward = if selected == *label { 1.0 } else { 0.0 };
            learner.learn(selected, Expansion::Expansive.amount(reward, p[selected]));
        }
        let seconds = start.elapsed().as_secs_f64() / trials as f64;
        least = least.min(seconds);
        trials = PATTERNS.max((SECONDS / seconds) as usize);
    }
    if let Some(layer) = learner.diverged_layer() {
        return Err(format!("layer {layer} of {network} holds a weight that is no finite number").into());
    }
    let (mut zeros, mut pixels, mut dark_blocks, mut blocks) = (0, 0, 0, 0);
    for (x, _) in &patterns {
        zeros += x.iter().filter(|&&x| x == 0.0).count();
        pixels += x.len();
        dark_blocks += x.chunks_exact(8).filter(|block| block.iter().all(|&x| x == 0.0)).count();
        blocks += x.len() / 8;
    }
    let share = |part: usize, all: usize| part as f64 / all.max(1) as f64;
    Ok(Measured { seconds: least, dark: share(zeros, pixels), dark_blocks: share(dark_blocks, blocks) })
}

/// Multiply-adds of one trial: one for each weight upwards, one for each weight below the selected output's row to change
/// it, and one for each of these above the first layer to send feedback down.
fn multiply_adds(sizes: &[usize]) -> f64 {
    let last = sizes.len() - 2;
    let weights = |layer: usize| sizes[layer] * sizes[layer + 1];
    let up: usize = (0..=last).map(weights).sum();
    let change: usize = (0..last).map(weights).sum::<usize>() + sizes[last];
    let down: usize = (1..last).map(weights).sum::<usize>() + if last > 0 { sizes[last] } else { 0 };
    (up + change + down) as f64
}

/// Seconds for a trial of each case in a peer.
fn times(python: &str, peer: &str) -> Outcome<Vec<f64>> {
    let sizes = |sizes: &[usize]| sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    let cases = CASES.iter().map(|case| format!("{}:{}", case.activation, sizes(case.sizes)));
    let script = format!("scripts/peers/agrel_{peer}.py");
    // OpenBLAS is left to choose its kernels for this CPU.
    let mut command = Command::new(python);
    let output =
        command.arg(&script).args(cases).env_remove("OPENBLAS_CORETYPE").env_remove("OPENBLAS_L2_SIZE").output()?;
    if !output.status.success() {
        return Err(format!("{python} {script} failed: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
    }
    let times: Vec<f64> =
        String::from_utf8(output.stdout)?.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    if times.len() == CASES.len() {
        Ok(times)
    } else {
        Err(format!("{script} gave {} times, allowed: {}", times.len(), CASES.len()).into())
    }
}

fn bits(inputs: usize, random: &mut Random) -> Vec<f32> {
    (0..inputs).map(|_| f32::from(u8::from(random.random::<bool>()))).collect()
}

fn dense(inputs: usize, random: &mut Random) -> Vec<f32> {
    (0..inputs).map(|_| random.random_range(0.01..1.0)).collect()
}

/// Each input is 0 with probability one half.
fn half_dark(inputs: usize, random: &mut Random) -> Vec<f32> {
    (0..inputs).map(|_| if random.random() { random.random_range(0.01..1.0) } else { 0.0 }).collect()
}

/// A pen three pixels wide that wanders, in three strokes, through the middle of a square picture.
fn strokes(inputs: usize, random: &mut Random) -> Vec<f32> {
    let side = inputs.isqrt();
    let (low, high) = (4.0, side as f64 - 5.0);
    let mut picture = vec![0.0; inputs];
    let mut place = [0.0; 2].map(|_: f64| random.random_range(low..high));
    for _ in 0..3 {
        let end = [0.0; 2].map(|_: f64| random.random_range(low..high));
        for step in 0..=40 {
            let along = f64::from(step) / 40.0;
            let [row, column] = [0, 1].map(|axis| (place[axis] + along * (end[axis] - place[axis])).round() as usize);
            for dot in 0..9 {
                let (row, column) = (row + dot / 3 - 1, column + dot % 3 - 1);
                picture[row * side + column] = random.random_range(0.3..1.0);
            }
        }
        place = end;
    }
    picture
}

/// The most multiply-adds of f32 that one thread can do in a second.
fn multiply_adds_per_second() -> f64 {
    const STEPS: usize = 1_000_000;
    let mut least = f64::INFINITY;
    for _ in 0..20 {
        let start = Instant::now();
        black_box(multiply_add(black_box(0.999_999), STEPS));
        least = least.min(start.elapsed().as_secs_f64());
    }
    (STEPS * CHAINS * LANES) as f64 / least
}

/// Chains that do not wait for each other, and numbers in each.
const CHAINS: usize = 12;
const LANES: usize = 8;

fn multiply_add(factor: f32, steps: usize) -> [[f32; LANES]; CHAINS] {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        // SAFETY: the CPU has AVX2 and FMA.
        return unsafe { multiply_add_avx2(factor, steps) };
    }
    chains(factor, steps)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn multiply_add_avx2(factor: f32, steps: usize) -> [[f32; LANES]; CHAINS] {
    chains(factor, steps)
}

#[inline(always)]
fn chains(factor: f32, steps: usize) -> [[f32; LANES]; CHAINS] {
    let mut sums = [[1.0_f32; LANES]; CHAINS];
    for _ in 0..steps {
        for chain in &mut sums {
            for sum in chain {
                *sum = sum.mul_add(factor, factor);
            }
        }
    }
    sums
}
