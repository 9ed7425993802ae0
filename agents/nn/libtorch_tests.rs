#![allow(clippy::unwrap_used)]

use super::tensor_optimiser::TensorOptimiser;
use super::*;
use crate::flat_optimiser::FlatOptimiser;
use crate::{
    Activation, Adam, InputSpec, Kind, LayerSpec, LinearObjective, NativeForward, NetworkSpec, OptimiserSpec,
    Precision, Rmsprop, RmspropUncentred, Sgd,
};
use rand::{Rng, SeedableRng};

fn input(name: &str, kind: Kind, shape: &[usize]) -> InputSpec {
    InputSpec { name: name.into(), kind, shape: shape.to_vec() }
}

/// Every kind of layer, activation and input: pictures of both types through convolutions with all pixels seen or not.
fn whole(activation: Activation) -> Network {
    let conv = |filters, kernel, stride| LayerSpec::Conv { filters, kernel, stride, activation };
    let layers = vec![conv(3, 3, 2), conv(4, 2, 1), LayerSpec::Dense { units: 6, activation }];
    let inputs = [
        input("speed", Kind::F32, &[3]),
        input("frame", Kind::U8, &[1, 8, 7]),
        input("flow", Kind::F32, &[2, 8, 7]),
        input("touch", Kind::U8, &[2, 2]),
    ];
    NetworkSpec::Layers(layers).build(&inputs, 3).unwrap()
}

fn dense() -> Network {
    NetworkSpec::Hidden(vec![20, 9]).build(&[input("state", Kind::F32, &[5])], 3).unwrap()
}

/// Inputs of a batch, with the memory behind them.
struct Sample {
    bytes: Vec<Vec<u8>>,
    numbers: Vec<Vec<f32>>,
    kinds: Vec<Kind>,
}

impl Sample {
    fn new(network: &Network, batch: usize, random: &mut Random) -> Self {
        let mut sample = Sample { bytes: vec![], numbers: vec![], kinds: vec![] };
        for spec in network.inputs() {
            let length = batch * spec.elements();
            sample.bytes.push((0..length).map(|_| random.random()).collect());
            sample.numbers.push((0..length).map(|_| random.random_range(-1.0..1.0)).collect());
            sample.kinds.push(spec.kind);
        }
        sample
    }

    fn inputs(&self) -> Vec<Input<'_>> {
        let choose = |place: usize| match self.kinds[place] {
            Kind::U8 => Input::U8(&self.bytes[place]),
            Kind::F32 => Input::F32(&self.numbers[place]),
        };
        (0..self.kinds.len()).map(choose).collect()
    }
}

fn engine(network: &Arc<Network>, optimiser: OptimiserSpec, clip_gradient: Option<f64>) -> LibtorchEngine {
    let training = Training { optimiser, learning_rate: 0.01, clip_gradient, ..Training::default() };
    LibtorchEngine::new(network.clone(), Device::Cpu, training, &mut Random::seed_from_u64(1)).unwrap()
}

fn started(network: &Arc<Network>, optimiser: OptimiserSpec) -> (LibtorchEngine, Random) {
    let mut random = Random::seed_from_u64(7);
    let mut engine = engine(network, optimiser, None);
    engine.write_parameters(ParameterSet::Online, &network.initialise(&mut random)).unwrap();
    (engine, random)
}

fn parameters(engine: &mut LibtorchEngine, set: ParameterSet) -> Vec<f32> {
    let mut flat = vec![0.0; engine.network.parameters()];
    engine.read_parameters(set, &mut flat).unwrap();
    flat
}

/// Σ (outputs · direction), a loss whose derivative by the outputs is `direction`.
fn loss(engine: &mut LibtorchEngine, inputs: &[Input<'_>], direction: &[f32]) -> f64 {
    let mut outputs = vec![0.0; direction.len()];
    engine.forward(ParameterSet::Online, inputs, direction.len() / 3, &mut outputs).unwrap();
    outputs.iter().zip(direction).map(|(y, d)| f64::from(y * d)).sum()
}

#[test]
fn the_gradient_is_the_slope_of_the_loss_for_every_kind_of_layer() {
    for activation in [Activation::Linear, Activation::Tanh, Activation::Sigmoid, Activation::Relu] {
        let network = Arc::new(whole(activation));
        let (mut engine, mut random) = started(&network, OptimiserSpec::default());
        let sample = Sample::new(&network, 4, &mut random);
        let direction: Vec<f32> = (0..12).map(|_| random.random_range(-1.0..1.0)).collect();
        engine.forward_keeping(&sample.inputs(), 4, &mut [0.0; 12]).unwrap();
        engine.assign_credit(&LinearObjective(&direction)).unwrap();
        let mut gradient = vec![0.0; network.parameters()];
        engine.read_gradient(&mut gradient).unwrap();
        let weights = parameters(&mut engine, ParameterSet::Online);
        // A central difference, with a step that is small to the weights and large to rounding. A ReLU may bend within it:
        // then, and only then, the one-sided slopes differ.
        let step = 2e-3;
        let (mut compared, mut bent) = (0, 0);
        for place in 0..weights.len() {
            let mut at = |change: f32| {
                let mut moved = weights.clone();
                moved[place] += change;
                engine.write_parameters(ParameterSet::Online, &moved).unwrap();
                loss(&mut engine, &sample.inputs(), &direction)
            };
            let (below, here, above) = (at(-step), at(0.0), at(step));
            let [left, right] = [here - below, above - here].map(|rise| rise / f64::from(step));
            if activation == Activation::Relu && (left - right).abs() > 2e-3 {
                bent += 1;
                continue;
            }
            compared += 1;
            let (slope, found) = ((left + right) / 2.0, f64::from(gradient[place]));
            assert!((slope - found).abs() < 1e-3 + 1e-2 * slope.abs(), "{activation}, {place}: {found}, slope {slope}");
        }
        assert!(bent * 5 < compared, "{bent} of {compared}");
    }
}

#[test]
fn the_native_forward_pass_agrees_at_every_batch() {
    let networks = [Activation::Relu, Activation::Tanh, Activation::Sigmoid].map(whole);
    for network in networks.into_iter().chain([dense()]).map(Arc::new) {
        let (mut engine, mut random) = started(&network, OptimiserSpec::default());
        let flat = parameters(&mut engine, ParameterSet::Online);
        let mut native = NativeForward::new(network.clone());
        for batch in [1, 2, 9] {
            let sample = Sample::new(&network, batch, &mut random);
            let [mut theirs, mut ours] = [(); 2].map(|()| vec![0.0; 3 * batch]);
            engine.forward(ParameterSet::Online, &sample.inputs(), batch, &mut theirs).unwrap();
            native.forward(&flat, &sample.inputs(), &mut ours).unwrap();
            for (a, b) in theirs.iter().zip(&ours) {
                assert!((a - b).abs() <= 1e-5, "{network}: {a} and {b}");
            }
        }
    }
}

#[test]
fn the_native_forward_pass_of_a_sample_does_not_depend_on_its_batch() {
    let network = Arc::new(dense());
    let mut random = Random::seed_from_u64(2);
    let flat = network.initialise(&mut random);
    let sample = Sample::new(&network, 4, &mut random);
    let mut native = NativeForward::new(network.clone());
    let (mut together, mut alone) = ([0.0; 12], [0.0; 3]);
    native.forward(&flat, &sample.inputs(), &mut together).unwrap();
    for place in 0..4 {
        native.forward(&flat, &[Input::F32(&sample.numbers[0][place * 5..][..5])], &mut alone).unwrap();
        assert_eq!(alone, together[place * 3..][..3]);
    }
}

#[test]
fn a_saved_state_goes_on_bit_for_bit() {
    let cases = [
        (OptimiserSpec::Adam(Adam::default()), Precision::Single),
        (OptimiserSpec::Rmsprop(Rmsprop::default()), Precision::Single),
        (OptimiserSpec::Sgd(Sgd { momentum: 0.5 }), Precision::Single),
        (OptimiserSpec::Adam(Adam::default()), Precision::Bfloat16),
    ];
    let network = Arc::new(whole(Activation::Relu));
    for (optimiser, precision) in cases {
        let mut random = Random::seed_from_u64(7);
        let [mut first, mut second] = [(); 2].map(|()| {
            let training =
                Training { optimiser: optimiser.clone(), learning_rate: 0.01, precision, ..Training::default() };
            LibtorchEngine::new(network.clone(), Device::Cpu, training, &mut Random::seed_from_u64(1)).unwrap()
        });
        first.write_parameters(ParameterSet::Online, &network.initialise(&mut random)).unwrap();
        let samples: Vec<_> = (0..8).map(|_| Sample::new(&network, 16, &mut random)).collect();
        let learn = |engine: &mut LibtorchEngine, sample: &Sample| {
            let mut outputs = [0.0; 48];
            engine.forward_keeping(&sample.inputs(), 16, &mut outputs).unwrap();
            engine.assign_credit(&LinearObjective(&outputs)).unwrap();
            engine.update().unwrap();
        };
        samples[..4].iter().for_each(|sample| learn(&mut first, sample));
        second.write_parameters(ParameterSet::Online, &parameters(&mut first, ParameterSet::Online)).unwrap();
        second.set_optimiser_state(first.optimiser_state().unwrap()).unwrap();
        for sample in &samples[4..] {
            learn(&mut first, sample);
            learn(&mut second, sample);
        }
        assert_eq!(parameters(&mut first, ParameterSet::Online), parameters(&mut second, ParameterSet::Online));
        assert_eq!(first.optimiser_state().unwrap(), second.optimiser_state().unwrap());
    }
}

#[test]
fn the_target_changes_only_when_it_is_copied() {
    let network = Arc::new(dense());
    let (mut engine, mut random) = started(&network, OptimiserSpec::default());
    engine.copy_online_to_target().unwrap();
    let before = parameters(&mut engine, ParameterSet::Target);
    assert_eq!(before, parameters(&mut engine, ParameterSet::Online));
    let sample = Sample::new(&network, 2, &mut random);
    engine.forward_keeping(&sample.inputs(), 2, &mut [0.0; 6]).unwrap();
    engine.assign_credit(&LinearObjective(&[1.0; 6])).unwrap();
    engine.update().unwrap();
    assert_eq!(before, parameters(&mut engine, ParameterSet::Target));
    assert_ne!(before, parameters(&mut engine, ParameterSet::Online));
}

#[test]
fn clipping_shortens_the_step_and_reports_the_length_before() {
    let network = Arc::new(dense());
    let mut random = Random::seed_from_u64(1);
    let start = network.initialise(&mut random);
    let sample = Sample::new(&network, 2, &mut random);
    let moved = |clip| {
        let mut engine = engine(&network, OptimiserSpec::Sgd(Sgd::default()), clip);
        engine.write_parameters(ParameterSet::Online, &start).unwrap();
        engine.forward_keeping(&sample.inputs(), 2, &mut [0.0; 6]).unwrap();
        engine.assign_credit(&LinearObjective(&[3.0; 6])).unwrap();
        let norm = engine.update().unwrap();
        let end = parameters(&mut engine, ParameterSet::Online);
        let step = start.iter().zip(&end).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt();
        (norm, step)
    };
    let ((free_norm, free_step), (norm, step)) = (moved(None), moved(Some(0.5)));
    assert_eq!(free_norm, norm);
    assert!((free_step / (0.01 * norm) - 1.0).abs() < 1e-3);
    assert!((step / (0.01 * 0.5) - 1.0).abs() < 1e-3);
}

#[test]
fn a_gradient_that_is_no_number_changes_nothing() {
    let network = Arc::new(dense());
    let (mut engine, mut random) = started(&network, OptimiserSpec::default());
    let before = parameters(&mut engine, ParameterSet::Online);
    let sample = Sample::new(&network, 1, &mut random);
    engine.forward_keeping(&sample.inputs(), 1, &mut [0.0; 3]).unwrap();
    engine.assign_credit(&LinearObjective(&[1.0, f32::NAN, 0.0])).unwrap();
    let error = engine.update().unwrap_err().to_string();
    assert_eq!(
        error,
        "the gradient of layer `0` has the norm NaN, allowed: a finite number; the parameters were left as they are"
    );
    assert_eq!(before, parameters(&mut engine, ParameterSet::Online));
    assert_eq!(engine.optimiser_state().unwrap().steps, 0);
}

#[test]
fn the_optimisers_of_both_kinds_of_memory_agree() {
    let specs = [
        OptimiserSpec::Adam(Adam::default()),
        OptimiserSpec::Rmsprop(Rmsprop::default()),
        OptimiserSpec::RmspropUncentred(RmspropUncentred::default()),
        OptimiserSpec::Sgd(Sgd { momentum: 0.9 }),
    ];
    for spec in specs {
        let mut random = Random::seed_from_u64(5);
        let mut in_memory = FlatOptimiser::new(spec.clone(), 0.01, 50);
        let mut on_device = TensorOptimiser::new(spec.clone(), 0.01, 50, tch::Device::Cpu).unwrap();
        let mut flat: Vec<f32> = (0..50).map(|_| random.random_range(-1.0..1.0)).collect();
        let mut tensor = Tensor::from_slice(&flat);
        for _ in 0..10 {
            let gradient: Vec<f32> = (0..50).map(|_| random.random_range(-1.0..1.0)).collect();
            in_memory.step(&mut flat, &gradient, 0.5);
            on_device.step(&mut tensor, &Tensor::from_slice(&gradient), 0.5).unwrap();
        }
        let moved = Vec::<f32>::try_from(&tensor).unwrap();
        for (a, b) in flat.iter().zip(&moved) {
            assert!((a - b).abs() < 1e-5, "{}: {a} and {b}", spec.name());
        }
        let state = on_device.state().unwrap();
        assert_eq!(state.steps, 10);
        in_memory.restore(state.clone(), 50).unwrap();
        on_device.restore(in_memory.state(), 50).unwrap();
        assert_eq!(on_device.state().unwrap(), state);
    }
}

#[test]
fn what_does_not_fit_is_refused_in_a_sentence() {
    let network = Arc::new(dense());
    let (mut engine, _) = started(&network, OptimiserSpec::default());
    let mut forward = |inputs: &[Input<'_>], outputs: &mut [f32]| {
        engine.forward(ParameterSet::Online, inputs, 2, outputs).unwrap_err().to_string()
    };
    assert_eq!(forward(&[], &mut [0.0; 6]), "the network takes 1 inputs, found 0");
    assert_eq!(forward(&[Input::U8(&[0; 10])], &mut [0.0; 6]), "input `state` is of u8, allowed: f32");
    assert_eq!(forward(&[Input::F32(&[0.0; 9])], &mut [0.0; 6]), "input `state`: 9 elements, allowed: 10 (batch 2)");
    assert_eq!(forward(&[Input::F32(&[0.0; 10])], &mut [0.0; 5]), "the outputs: 5 elements, allowed: 6 (batch 2)");
    assert!(
        engine
            .assign_credit(&LinearObjective(&[0.0; 6]))
            .unwrap_err()
            .to_string()
            .starts_with("credit needs the activations")
    );
    engine.forward_keeping(&[Input::F32(&[0.0; 10])], 2, &mut [0.0; 6]).unwrap();
    assert!(engine.assign_credit(&LinearObjective(&[0.0; 5])).is_err());
    assert!(engine.assign_credit(&LinearObjective(&[0.0; 6])).is_ok());
    engine.update().unwrap();
    assert!(matches!(engine.assign_credit(&LinearObjective(&[0.0; 6])), Err(EngineError::NothingKept)));
    assert!(engine.write_parameters(ParameterSet::Target, &[0.0; 3]).is_err());
    let mut native = NativeForward::new(network.clone());
    let error = native.forward(&[0.0; 3], &[Input::F32(&[0.0; 5])], &mut [0.0; 3]).unwrap_err().to_string();
    assert!(error.contains("the flat parameters"), "{error}");
    let wrong = Training { learning_rate: 0.0, ..Training::default() };
    let error = LibtorchEngine::<f32>::new(network, Device::Cpu, wrong, &mut Random::seed_from_u64(1))
        .err()
        .unwrap()
        .to_string();
    assert_eq!(error, "adam: learning rate is 0, allowed: a finite number greater than 0, in single precision");
}

/// The length of `a − b` as a share of that of `b`.
fn apart(a: &[f32], b: &[f32]) -> f32 {
    let length = |values: &mut dyn Iterator<Item = f32>| values.map(|x| x * x).sum::<f32>().sqrt();
    length(&mut a.iter().zip(b).map(|(a, b)| a - b)) / length(&mut b.iter().copied())
}

#[test]
fn layers_in_half_precision_compute_nearly_the_same_whatever_brings_the_error_down() {
    let (whole, dense) = (Arc::new(whole(Activation::Tanh)), Arc::new(dense()));
    let others = ["feedback-alignment", "direct-feedback-alignment", "sign-symmetric"];
    let cases = [(&whole, "backprop"), (&dense, "backprop")].into_iter().chain(others.map(|rule| (&dense, rule)));
    for (network, rule) in cases {
        let [single, half] = [Precision::Single, Precision::Bfloat16].map(|precision| {
            let credit = toml::Value::String(rule.into()).try_into().unwrap();
            let training = Training { credit, precision, ..Training::default() };
            let mut random = Random::seed_from_u64(5);
            let mut engine = LibtorchEngine::new(network.clone(), Device::Cpu, training, &mut random).unwrap();
            engine.write_parameters(ParameterSet::Online, &network.initialise(&mut random)).unwrap();
            engine.copy_online_to_target().unwrap();
            let sample = Sample::new(network, 16, &mut random);
            let error: Vec<f32> = (0..48).map(|_| random.random_range(-1.0..1.0)).collect();
            let (mut outputs, mut of_target) = (vec![0.0; 48], vec![0.0; 48]);
            engine.forward(ParameterSet::Target, &sample.inputs(), 16, &mut of_target).unwrap();
            engine.forward_keeping(&sample.inputs(), 16, &mut outputs).unwrap();
            assert_eq!(outputs, of_target);
            // The last layer keeps the digits that tell actions apart.
            assert!(outputs.iter().any(|output| output.to_bits() & 0xffff != 0));
            engine.assign_credit(&LinearObjective(&error)).unwrap();
            let mut gradient = vec![0.0; network.parameters()];
            engine.read_gradient(&mut gradient).unwrap();
            (outputs, gradient)
        });
        let (outputs, gradient) = (apart(&half.0, &single.0), apart(&half.1, &single.1));
        // Rounding errs by up to 1/512 of a number, and here and there turns a ReLU on or off.
        assert!(outputs > 0.0 && outputs < 0.01, "{network}, {rule}: {outputs}");
        assert!(gradient > 0.0 && gradient < 0.05, "{network}, {rule}: {gradient}");
    }
}

#[test]
fn in_half_precision_a_step_that_rounding_would_lose_is_taken_all_the_same() {
    let network = Arc::new(dense());
    let training = Training {
        optimiser: OptimiserSpec::Sgd(Sgd { momentum: 0.0 }),
        learning_rate: 1e-6,
        precision: Precision::Bfloat16,
        ..Training::default()
    };
    let mut random = Random::seed_from_u64(5);
    let mut engine = LibtorchEngine::new(network.clone(), Device::Cpu, training, &mut random).unwrap();
    let written: Vec<f32> = network.initialise(&mut random);
    engine.write_parameters(ParameterSet::Online, &written).unwrap();
    assert_eq!(parameters(&mut engine, ParameterSet::Online), written);
    let sample = Sample::new(&network, 4, &mut random);
    engine.forward_keeping(&sample.inputs(), 4, &mut [0.0; 12]).unwrap();
    engine.assign_credit(&LinearObjective(&[1.0; 12])).unwrap();
    let mut gradient = vec![0.0; network.parameters()];
    engine.read_gradient(&mut gradient).unwrap();
    engine.update().unwrap();
    let expected: Vec<f32> = written.iter().zip(&gradient).map(|(weight, slope)| weight - 1e-6 * slope).collect();
    assert_eq!(parameters(&mut engine, ParameterSet::Online), expected);
    assert_ne!(expected, written);
    // A soft update of the target reaches what its layers compute with.
    let outputs = |engine: &mut LibtorchEngine| {
        let mut outputs = [0.0; 12];
        engine.forward(ParameterSet::Target, &sample.inputs(), 4, &mut outputs).unwrap();
        outputs
    };
    assert_eq!(outputs(&mut engine), [0.0; 12]);
    engine.move_target(0.5).unwrap();
    assert_ne!(outputs(&mut engine), [0.0; 12]);
}
