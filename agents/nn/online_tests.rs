#![allow(clippy::unwrap_used)]

use super::*;
use crate::selection::{Expansion, sample, softmax};
use crate::{
    Activation, AttentionGated, CreditSpec, CreditState, Device, Engine, Input, InputSpec, Kind, LayerSpec,
    LibtorchEngine, LinearObjective, NetworkSpec, OptimiserSpec, ParameterSet, Reciprocity, Sgd, Training,
};
use rand::{Rng, SeedableRng};

/// A network of dense layers.
fn network(inputs: usize, hidden: &[(usize, Activation)], outputs: usize) -> Arc<Network> {
    let layers = hidden.iter().map(|&(units, activation)| LayerSpec::Dense { units, activation }).collect();
    let input = InputSpec { name: "x".into(), kind: Kind::F32, shape: vec![inputs] };
    Arc::new(NetworkSpec::Layers(layers).build(&[input], outputs).unwrap())
}

/// Networks of one to four layers, with every activation.
fn networks() -> Vec<Arc<Network>> {
    use Activation::{Linear, Relu, Sigmoid, Tanh};
    let hidden: [&[_]; 6] = [
        &[],
        &[(6, Sigmoid)],
        &[(9, Relu)],
        &[(6, Sigmoid), (19, Tanh)],
        &[(11, Relu), (8, Relu), (6, Relu)],
        &[(7, Tanh), (8, Linear), (5, Sigmoid)],
    ];
    hidden.map(|hidden| network(21, hidden, 3)).into()
}

fn online<T: Real>(network: &Arc<Network>, feedback: OnlineFeedback, random: &mut Random) -> Online<T> {
    let rule = OnlineRule { learning_rate: 0.1, feedback, biases: Biases::Learned };
    let mut online = Online::new(network.clone(), rule, Initialisation::Uniform(0.5), random).unwrap();
    online.set_parameters(&network.initialise_as(Initialisation::Uniform(0.5), random)).unwrap();
    online
}

/// Plain SGD at the same rate, in the batched engine.
fn engine<T: Real>(network: &Arc<Network>, credit: CreditSpec, biases: Biases) -> LibtorchEngine<T> {
    let optimiser = OptimiserSpec::Sgd(Sgd { momentum: 0.0 });
    let training = Training { optimiser, learning_rate: 0.1, credit, biases, ..Training::default() };
    LibtorchEngine::new(network.clone(), Device::Cpu, training, &mut Random::seed_from_u64(0)).unwrap()
}

/// A sample of which about `dark` of the blocks of eight are 0.
fn input(network: &Network, dark: f64, random: &mut Random) -> Vec<f32> {
    let mut input: Vec<_> = (0..network.layers()[0].inputs()).map(|_| random.random_range(-1.0..1.0)).collect();
    input.chunks_mut(8).filter(|_| random.random_bool(dark)).for_each(|block| block.fill(0.0));
    input
}

fn as_real<T: Real>(values: &[f32]) -> Vec<T> {
    values.iter().map(|&x| T::of(x.into())).collect()
}

fn assert_close<T: Real>(found: &[T], expected: &[T], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (place, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a.double() - b.double()).abs() <= tolerance, "{what}, {place}: {a} and {b}");
    }
}

/// ΔW for each output that may be selected, with the amount that `amount` says, from the same weights.
fn changes(learner: &Online<f64>, x: &[f64], amount: impl Fn(usize, &[f64]) -> f64) -> Vec<Vec<f64>> {
    let outputs = learner.network().outputs();
    let change = |selected| {
        let mut learner = learner.clone();
        let before = learner.parameters().to_vec();
        let amount = amount(selected, learner.forward(x));
        learner.learn(selected, amount);
        learner.parameters().iter().zip(&before).map(|(after, before)| (after - before) / 0.1).collect()
    };
    (0..outputs).map(change).collect()
}

/// The slope of `loss` of the outputs by every parameter, by central differences.
fn slope(learner: &Online<f64>, x: &[f64], loss: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let mut learner = learner.clone();
    let weights = learner.parameters().to_vec();
    let step = 1e-5;
    let mut at = |place: usize, change: f64| {
        let mut moved = weights.clone();
        moved[place] += change;
        learner.set_parameters(&moved).unwrap();
        loss(learner.forward(x))
    };
    (0..weights.len()).map(|place| (at(place, step) - at(place, -step)) / (2.0 * step)).collect()
}

/// The gradient of back-propagation for an output error.
fn gradient(learner: &Online<f64>, x: &[f32], error: &[f64]) -> Vec<f64> {
    let network = learner.network();
    let mut engine = engine::<f64>(network, CreditSpec::Backprop, Biases::Learned);
    engine.write_parameters(ParameterSet::Online, learner.parameters()).unwrap();
    engine.forward_keeping(&[Input::F32(x)], 1, &mut vec![0.0; network.outputs()]).unwrap();
    engine.assign_credit(&LinearObjective(error)).unwrap();
    let mut gradient = vec![0.0; network.parameters()];
    engine.read_gradient(&mut gradient).unwrap();
    gradient
}

fn probabilities(logits: &[f64]) -> Vec<f64> {
    let mut p = vec![0.0; logits.len()];
    softmax(logits, &mut p);
    p
}

#[test]
fn the_mean_change_of_agrel_is_minus_the_gradient_of_the_cross_entropy() {
    let mut random = Random::seed_from_u64(1);
    for network in networks() {
        let mut learner = online::<f64>(&network, OnlineFeedback::Tied, &mut random);
        let (x, class) = (input(&network, 0.3, &mut random), 1);
        let wide = as_real(&x);
        let p = probabilities(learner.forward(&wide));
        let amount = |selected, outputs: &[f64]| {
            let reward = if selected == class { 1.0 } else { 0.0 };
            Expansion::Expansive.amount(reward, probabilities(outputs)[selected])
        };
        let changes = changes(&learner, &wide, amount);
        let mean = |place: usize| changes.iter().zip(&p).map(|(change, p)| p * change[place]).sum::<f64>();
        let mean: Vec<_> = (0..network.parameters()).map(mean).collect();
        let mut error = p.clone();
        error[class] -= 1.0;
        let downhill: Vec<_> = gradient(&learner, &x, &error).iter().map(|g| -g).collect();
        assert_close(&mean, &downhill, 1e-12, &format!("{network}"));
        let cross_entropy = |outputs: &[f64]| -probabilities(outputs)[class].ln();
        let downhill: Vec<_> = slope(&learner, &wide, cross_entropy).iter().map(|g| -g).collect();
        assert_close(&mean, &downhill, 1e-8, &format!("{network}, central differences"));
    }
}

#[test]
fn the_change_of_brainprop_is_minus_the_gradient_of_the_selected_outputs_squared_error() {
    let mut random = Random::seed_from_u64(2);
    for network in networks() {
        let learner = online::<f64>(&network, OnlineFeedback::Tied, &mut random);
        let (x, reward) = (input(&network, 0.3, &mut random), 1.0);
        let wide = as_real(&x);
        let changes = changes(&learner, &wide, |selected, outputs| reward - outputs[selected]);
        for (selected, change) in changes.iter().enumerate() {
            let squared_error = |outputs: &[f64]| 0.5 * (reward - outputs[selected]).powi(2);
            let downhill: Vec<_> = slope(&learner, &wide, squared_error).iter().map(|g| -g).collect();
            assert_close(change, &downhill, 1e-8, &format!("{network}, central differences"));
            let mut error = vec![0.0; network.outputs()];
            error[selected] = learner.clone().forward(&wide)[selected] - reward;
            let downhill: Vec<_> = gradient(&learner, &x, &error).iter().map(|g| -g).collect();
            assert_close(change, &downhill, 1e-12, &format!("{network}"));
        }
    }
}

/// One trial after the other, both execution forms from the same weights.
fn compare_with_the_batched_engine<T: Real>(feedback: OnlineFeedback, biases: Biases, tolerance: f64) {
    let reciprocity = match feedback {
        OnlineFeedback::Learned => Reciprocity::Learned,
        OnlineFeedback::Random => Reciprocity::Random,
        _ => Reciprocity::Tied,
    };
    let mut random = Random::seed_from_u64(3);
    for network in networks() {
        let mut learner = online::<T>(&network, feedback, &mut random);
        learner.rule.biases = biases;
        let credit = CreditSpec::AttentionGated(AttentionGated { feedback: reciprocity });
        let mut engine = engine::<T>(&network, credit, biases);
        for trial in 0..30 {
            engine.write_parameters(ParameterSet::Online, learner.parameters()).unwrap();
            engine.set_credit_state(CreditState { feedback: engine_feedback(&learner), noise: None }).unwrap();
            let x = input(&network, [0.0, 0.5, 0.9][trial % 3], &mut random);
            let selected = random.random_range(0..network.outputs());
            let amount = T::of(random.random_range(-1.0..2.0));
            let mut outputs = vec![T::zero(); network.outputs()];
            engine.forward_keeping(&[Input::F32(&x)], 1, &mut outputs).unwrap();
            assert_close(learner.forward(&as_real(&x)), &outputs, tolerance, &format!("{network}, outputs"));
            learner.learn(selected, amount);
            let mut error = vec![T::zero(); network.outputs()];
            error[selected] = -amount;
            engine.assign_credit(&LinearObjective(&error)).unwrap();
            engine.update().unwrap();
            let mut parameters = vec![T::zero(); network.parameters()];
            engine.read_parameters(ParameterSet::Online, &mut parameters).unwrap();
            assert_close(learner.parameters(), &parameters, tolerance, &format!("{feedback:?}, {network}"));
        }
    }
}

/// What the batched engine keeps for the same feedback: W′, or W′ − W where it learns, laid out as the parameters are.
fn engine_feedback<T: Real>(learner: &Online<T>) -> Vec<T> {
    if learner.rule.feedback == OnlineFeedback::Tied {
        return Vec::new();
    }
    let mut flat = vec![T::zero(); learner.parameters.len()];
    for layer in &learner.layers[1..] {
        let (weights, carriers) = (layer.weights.clone(), layer.feedback.clone());
        flat[weights].copy_from_slice(&learner.feedback[carriers]);
        if learner.rule.feedback == OnlineFeedback::Learned {
            layer.weights.clone().for_each(|place| flat[place] -= learner.parameters[place]);
        }
    }
    flat
}

#[test]
fn one_trial_at_a_time_changes_weights_as_the_batched_engine_does() {
    for feedback in [OnlineFeedback::Tied, OnlineFeedback::Learned, OnlineFeedback::Random] {
        compare_with_the_batched_engine::<f64>(feedback, Biases::Learned, 1e-12);
        compare_with_the_batched_engine::<f32>(feedback, Biases::Learned, 1e-6);
    }
    compare_with_the_batched_engine::<f64>(OnlineFeedback::Tied, Biases::Fixed, 1e-12);
}

#[test]
fn learned_feedback_keeps_its_distance_from_the_forward_weights() {
    let mut random = Random::seed_from_u64(4);
    let network = network(5, &[(6, Activation::Sigmoid), (4, Activation::Tanh)], 3);
    let mut learner = online::<f64>(&network, OnlineFeedback::Learned, &mut random);
    let before = engine_feedback(&learner);
    let start = learner.parameters().to_vec();
    for _ in 0..100 {
        learner.forward(&as_real(&input(&network, 0.0, &mut random)));
        learner.learn(random.random_range(0..3), 0.5);
    }
    assert_ne!(start, learner.parameters());
    assert_close(&engine_feedback(&learner)[30..], &before[30..], 1e-12, "w′ − w");
}

#[test]
fn dark_blocks_change_no_bit() {
    let mut random = Random::seed_from_u64(5);
    let network = network(43, &[(9, Activation::Relu)], 3);
    let mut skipping = online::<f32>(&network, OnlineFeedback::Tied, &mut random);
    let mut walking = skipping.clone();
    for _ in 0..20 {
        let x = input(&network, 0.7, &mut random);
        skipping.forward(&x);
        walking.forward(&x);
        // The same, as if every block were lit.
        walking.sparse.look_at(&[1.0_f32; 43]);
        sweep::forward(&walking.layers, &walking.parameters, &walking.sparse, &mut walking.values);
        assert_eq!(skipping.outputs(), walking.outputs());
        skipping.learn(1, 0.5);
        walking.learn(1, 0.5);
        assert_eq!(skipping.parameters(), walking.parameters());
    }
}

#[test]
fn a_sum_is_taken_in_eight_lanes_on_every_machine() {
    let mut random = Random::seed_from_u64(6);
    for inputs in [1, 2, 7, 8, 9, 16, 43] {
        let network = network(inputs, &[], 6);
        let mut learner = online::<f32>(&network, OnlineFeedback::Tied, &mut random);
        let x = input(&network, 0.2, &mut random);
        let (weights, biases) = network.layer_parameters(0, learner.parameters());
        let whole = inputs / 8 * 8;
        let sum = |(row, bias): (&[f32], &f32)| {
            let mut sums = [0.0; 8];
            (0..whole).for_each(|i| sums[i % 8] += row[i] * x[i]);
            let [a, b, c, d, e, f, g, h] = sums;
            let product = ((a + b) + (c + d)) + ((e + f) + (g + h));
            bias + (whole..inputs).fold(product, |sum, i| sum + row[i] * x[i])
        };
        let expected: Vec<_> = weights.chunks(inputs).zip(biases).map(sum).collect();
        assert_eq!(learner.forward(&x), expected);
    }
}

/// Trials until AGREL on 2-3-2 tells all four patterns with P(correct) > 0.75, asked every 5 trials; none within `most`.
fn trials_to_exclusive_or(seed: u64, feedback: OnlineFeedback, expansion: Expansion, most: usize) -> Option<usize> {
    let mut random = Random::seed_from_u64(seed);
    let network = network(2, &[(3, Activation::Sigmoid)], 2);
    let rule = OnlineRule { learning_rate: 0.2, feedback, biases: Biases::Learned };
    let initial = Initialisation::Uniform(0.25);
    let mut learner = Online::<f64>::new(network.clone(), rule, initial, &mut random).unwrap();
    learner.set_parameters(&network.initialise_as(initial, &mut random)).unwrap();
    let patterns = [([0.0, 0.0], 0), ([0.0, 1.0], 1), ([1.0, 0.0], 1), ([1.0, 1.0], 0)];
    let mut p = [0.0; 2];
    (1..=most).find(|trial| {
        let (x, class) = patterns[random.random_range(0..4)];
        softmax(learner.forward(&x), &mut p);
        let selected = sample(&p, &mut random);
        let reward = if selected == class { 1.0 } else { 0.0 };
        learner.learn(selected, expansion.amount(reward, p[selected]));
        let mut told = |(x, class): &([f64; 2], usize)| {
            softmax(learner.forward(x), &mut p);
            p[*class] > 0.75
        };
        trial % 5 == 0 && patterns.iter().all(&mut told)
    })
}

#[test]
fn exclusive_or_is_learned_and_needs_the_expansion_and_the_gate() {
    let learned = |feedback, expansion| {
        (0..40).filter_map(|seed| trials_to_exclusive_or(seed, feedback, expansion, 20_000)).count()
    };
    for feedback in [OnlineFeedback::Tied, OnlineFeedback::Learned] {
        let count = learned(feedback, Expansion::Expansive);
        assert!(count >= 33, "{feedback:?}: {count} of 40");
    }
    assert_eq!(learned(OnlineFeedback::Tied, Expansion::Linear), 0);
    let ungated = learned(OnlineFeedback::Ungated, Expansion::Expansive);
    assert!(ungated <= 8, "{ungated} of 40 without a gate");
}

#[test]
fn a_saved_state_goes_on_bit_for_bit() {
    let mut random = Random::seed_from_u64(7);
    let network = network(21, &[(9, Activation::Relu), (5, Activation::Sigmoid)], 4);
    let mut first = online::<f32>(&network, OnlineFeedback::Learned, &mut random);
    let inputs: Vec<_> = (0..20).map(|_| input(&network, 0.4, &mut random)).collect();
    let learn = |learner: &mut Online<f32>, x: &[f32]| {
        let amount = learner.forward(x)[2];
        learner.learn(2, amount);
    };
    inputs[..10].iter().for_each(|x| learn(&mut first, x));
    let mut second = online::<f32>(&network, OnlineFeedback::Learned, &mut random);
    second.set_parameters(first.parameters()).unwrap();
    second.set_feedback(first.feedback()).unwrap();
    for x in &inputs[10..] {
        learn(&mut first, x);
        learn(&mut second, x);
    }
    assert_eq!(first.parameters(), second.parameters());
    assert_eq!(first.feedback(), second.feedback());
}

#[test]
fn a_weight_that_is_no_number_is_found_when_asked_for() {
    let mut random = Random::seed_from_u64(8);
    let network = network(21, &[(9, Activation::Relu)], 3);
    let mut learner = online::<f32>(&network, OnlineFeedback::Tied, &mut random);
    learner.forward(&input(&network, 0.0, &mut random));
    learner.learn(0, 1.0);
    assert_eq!(learner.diverged_layer(), None);
    learner.learn(0, f32::INFINITY);
    assert!(learner.diverged_layer().is_some());
    assert!(learner.forward(&[0.5; 21])[0].is_nan());
}

#[test]
fn what_it_cannot_do_is_refused_in_a_sentence() {
    let mut random = Random::seed_from_u64(9);
    let mut refused = |network: &Arc<Network>, learning_rate, feedback| {
        let rule = OnlineRule { learning_rate, ..OnlineRule::default() };
        Online::<f32>::new(network.clone(), rule, feedback, &mut random).err().unwrap().to_string()
    };
    let picture = InputSpec { name: "frame".into(), kind: Kind::F32, shape: vec![1, 4, 4] };
    let conv = LayerSpec::Conv { filters: 2, kernel: 3, stride: 1, activation: Activation::Relu };
    let filters = Arc::new(NetworkSpec::Layers(vec![conv]).build(&[picture], 2).unwrap());
    assert_eq!(
        refused(&filters, 0.1, Initialisation::Default),
        "the online engine computes dense layers alone, and layer 1 is one of filters; batched engines do it"
    );
    let dense = network(2, &[(3, Activation::Sigmoid)], 2);
    assert_eq!(
        refused(&dense, -0.1, Initialisation::Default),
        "attention-gated: learning rate is -0.1, allowed: a finite number greater than 0"
    );
    assert_eq!(
        refused(&dense, 0.1, Initialisation::Uniform(-1.0)),
        "the online engine cannot draw feedback weights: initial.uniform = -1 must be a finite number, 0 or more"
    );
    let mut learner = online::<f32>(&dense, OnlineFeedback::Tied, &mut random);
    assert!(learner.set_parameters(&[0.0; 3]).is_err());
    assert_eq!(
        learner.set_feedback(&[0.0; 3]).unwrap_err().to_string(),
        "the credit rule attention-gated keeps 0 feedback weights, found 3"
    );
}
