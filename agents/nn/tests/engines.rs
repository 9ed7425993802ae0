//! What both engines promise: the gradient is the slope of the loss, and they agree.
#![allow(clippy::unwrap_used)]

mod common;

use common::{
    Sample, dense, descending, distance, gradient, libtorch, local_first, native, numbers, online, start, whole,
};
use innate_nn::{
    Activation, AttentionGated, Biases, CreditSpec, Engine, EngineError, LinearObjective, NativeForward, Network,
    ParameterSet, Random, Real, Reciprocity, Training,
};
use rand::SeedableRng;
use std::sync::Arc;

const ACTIVATIONS: [Activation; 4] = [Activation::Linear, Activation::Tanh, Activation::Sigmoid, Activation::Relu];

fn networks(activation: Activation) -> [Arc<Network>; 3] {
    [whole(activation), local_first(activation), dense(activation)]
}

/// The slope of `Σ error ⊙ y` by each parameter, by central differences.
fn slopes(engine: &mut dyn Engine<f64>, network: &Network, sample: &Sample, error: &[f64]) -> Vec<f64> {
    let weights = online(engine, network);
    let mut outputs = vec![0.0; error.len()];
    let mut slopes = Vec::new();
    for place in 0..weights.len() {
        let mut at = |step: f64| {
            let mut moved = weights.clone();
            moved[place] += step;
            engine.write_parameters(ParameterSet::Online, &moved).unwrap();
            engine.forward(ParameterSet::Online, &sample.inputs(), sample.batch, &mut outputs).unwrap();
            outputs.iter().zip(error).map(|(y, e)| y * e).sum::<f64>()
        };
        // The step's error falls with its square, that of rounding grows as it shrinks.
        let step = 1e-5;
        slopes.push((at(step) - at(-step)) / (2.0 * step));
    }
    engine.write_parameters(ParameterSet::Online, &weights).unwrap();
    slopes
}

#[test]
fn the_gradient_is_the_slope_of_the_loss_for_every_layer_and_activation() {
    for activation in ACTIVATIONS {
        for network in networks(activation) {
            let mut random = Random::seed_from_u64(5);
            let sample = Sample::new(&network, 3, &mut random);
            let error = numbers(3 * network.outputs(), &mut random);
            let training = descending(CreditSpec::Backprop);
            for mut engine in [native::<f64>(&network, training.clone()), libtorch::<f64>(&network, training)] {
                start(&mut *engine, &network);
                let (found, _) = gradient(&mut *engine, &network, &sample, &error);
                let slopes = slopes(&mut *engine, &network, &sample, &error);
                let distance = distance(&found, &slopes);
                assert!(distance < 1e-6, "{}: {network}: {distance}", engine.describe());
            }
        }
    }
}

fn rules() -> Vec<CreditSpec> {
    let gated = |feedback| CreditSpec::AttentionGated(AttentionGated { feedback });
    vec![
        CreditSpec::Backprop,
        CreditSpec::FeedbackAlignment,
        CreditSpec::DirectFeedbackAlignment,
        CreditSpec::SignSymmetric,
        gated(Reciprocity::Learned),
        gated(Reciprocity::Tied),
        gated(Reciprocity::Random),
    ]
}

fn assert_agreement<T: Real>(allowed: f64) {
    for activation in ACTIVATIONS {
        for network in networks(activation) {
            for credit in rules() {
                for biases in [Biases::Learned, Biases::Fixed] {
                    let training = Training { biases, clip_gradient: Some(0.5), ..descending(credit.clone()) };
                    agree::<T>(&network, &training, allowed);
                }
            }
        }
    }
}

fn agree<T: Real>(network: &Arc<Network>, training: &Training, allowed: f64) {
    let (mut ours, mut theirs) = (native::<T>(network, training.clone()), libtorch::<T>(network, training.clone()));
    start(&mut *ours, network);
    start(&mut *theirs, network);
    theirs.set_credit_state(ours.credit_state()).unwrap();
    let mut random = Random::seed_from_u64(11);
    for batch in [4, 9, 1] {
        let sample = Sample::new(network, batch, &mut random);
        let error: Vec<T> = numbers(batch * network.outputs(), &mut random);
        let (our_gradient, our_outputs) = gradient(&mut *ours, network, &sample, &error);
        let (their_gradient, their_outputs) = gradient(&mut *theirs, network, &sample, &error);
        let [mut our_angles, mut their_angles] = [(); 2].map(|()| vec![0.0; network.layers().len()]);
        ours.angles(&LinearObjective(&error), &mut our_angles).unwrap();
        theirs.angles(&LinearObjective(&error), &mut their_angles).unwrap();
        let what = format!("{network}, {}, batch {batch}", ours.describe());
        assert!(distance(&our_outputs, &their_outputs) < allowed, "outputs of {what}");
        assert!(distance(&our_gradient, &their_gradient) < allowed, "gradient of {what}");
        for (a, b) in our_angles.iter().zip(&their_angles) {
            assert!((a - b).abs() < 0.1, "angles of {what}: {a} and {b}");
        }
        ours.update().unwrap();
        theirs.update().unwrap();
        let (a, b) = (online(&mut *ours, network), online(&mut *theirs, network));
        assert!(distance(&a, &b) < allowed, "parameters of {what}");
        // They go on from the same place, so that each update is compared by itself.
        theirs.write_parameters(ParameterSet::Online, &a).unwrap();
    }
}

#[test]
fn the_engines_agree_in_single_precision_under_every_rule_that_sends_errors_down() {
    assert_agreement::<f32>(1e-5);
}

#[test]
fn the_engines_agree_in_double_precision_under_every_rule_that_sends_errors_down() {
    assert_agreement::<f64>(1e-12);
}

#[test]
fn the_forward_pass_for_acting_agrees_with_both_engines() {
    for network in ACTIVATIONS.into_iter().flat_map(networks) {
        let mut random = Random::seed_from_u64(2);
        for engine in [native::<f32>, libtorch::<f32>] {
            let mut engine = engine(&network, Training::default());
            let weights = start(&mut *engine, &network);
            let mut acting = NativeForward::new(network.clone());
            for batch in [1, 2, 9] {
                let sample = Sample::new(&network, batch, &mut random);
                let [mut theirs, mut ours] = [(); 2].map(|()| vec![0.0; batch * network.outputs()]);
                engine.forward(ParameterSet::Target, &sample.inputs(), batch, &mut theirs).unwrap();
                acting.forward(&weights, &sample.inputs(), &mut ours).unwrap();
                assert!(distance(&ours, &theirs) < 1e-5, "{network}, {}", engine.describe());
            }
        }
    }
}

#[test]
fn fixed_biases_stay_and_do_not_tilt_the_angle() {
    for engine in [native::<f64>, libtorch::<f64>] {
        let network = whole(Activation::Tanh);
        let mut engine = engine(&network, Training { biases: Biases::Fixed, ..Training::default() });
        let before = start(&mut *engine, &network);
        let mut random = Random::seed_from_u64(1);
        let (sample, error) = (Sample::new(&network, 4, &mut random), numbers(12, &mut random));
        gradient(&mut *engine, &network, &sample, &error);
        let mut angles = vec![90.0; network.layers().len()];
        engine.angles(&LinearObjective(&error), &mut angles).unwrap();
        assert!(angles.iter().all(|&angle| angle < 1e-5), "{angles:?}");
        engine.update().unwrap();
        let after = online(&mut *engine, &network);
        for tensor in network.parameter_tensors() {
            let stays = before[tensor.range.clone()] == after[tensor.range.clone()];
            assert_eq!(stays, tensor.is_bias(), "{}", tensor.name);
        }
    }
}

#[test]
fn the_native_engine_refuses_as_the_other_one_does() {
    let network = dense(Activation::Relu);
    let mut random = Random::seed_from_u64(1);
    let sample = Sample::new(&network, 2, &mut random);
    let refusals = |engine: &mut dyn Engine<f32>| {
        start(engine, &network);
        let mut found = Vec::new();
        let mut note = |refusal: Result<(), EngineError>| found.push(refusal.unwrap_err().to_string());
        note(engine.forward(ParameterSet::Online, &[], 2, &mut [0.0; 6]));
        note(engine.forward(ParameterSet::Online, &sample.inputs(), 3, &mut [0.0; 9]));
        note(engine.forward_keeping(&sample.inputs(), 2, &mut [0.0; 5]));
        note(engine.assign_credit(&LinearObjective(&[0.0; 6])));
        engine.forward_keeping(&sample.inputs(), 2, &mut [0.0; 6]).unwrap();
        note(engine.assign_credit(&LinearObjective(&[0.0; 5])));
        note(engine.angles(&LinearObjective(&[0.0; 6]), &mut [0.0; 2]));
        note(engine.write_parameters(ParameterSet::Target, &[0.0; 3]));
        note(engine.read_gradient(&mut [0.0; 3]));
        let before = online(engine, &network);
        engine.assign_credit(&LinearObjective(&[1.0, f32::NAN, 0.0, 0.0, 0.0, 0.0])).unwrap();
        note(engine.update().map(drop));
        assert_eq!(before, online(engine, &network));
        engine.assign_credit(&LinearObjective(&[1.0; 6])).unwrap();
        engine.update().unwrap();
        note(engine.assign_credit(&LinearObjective(&[1.0; 6])));
        found
    };
    let training = Training::default();
    assert_eq!(refusals(&mut *native(&network, training.clone())), refusals(&mut *libtorch(&network, training)));
}

#[test]
fn a_saved_state_goes_on_bit_for_bit() {
    for credit in rules() {
        let network = whole(Activation::Relu);
        let mut random = Random::seed_from_u64(8);
        let samples: Vec<_> = (0..6).map(|_| Sample::new(&network, 16, &mut random)).collect();
        let training = Training { credit, ..Training::default() };
        let learn = |engine: &mut dyn Engine<f32>, sample: &Sample| {
            let mut outputs = vec![0.0; 48];
            engine.forward_keeping(&sample.inputs(), 16, &mut outputs).unwrap();
            engine.assign_credit(&LinearObjective(&outputs)).unwrap();
            engine.update().unwrap();
        };
        let mut first = native::<f32>(&network, training.clone());
        start(&mut *first, &network);
        samples[..3].iter().for_each(|sample| learn(&mut *first, sample));
        let mut second = native::<f32>(&network, training);
        second.write_parameters(ParameterSet::Online, &online(&mut *first, &network)).unwrap();
        second.set_optimiser_state(first.optimiser_state().unwrap()).unwrap();
        second.set_credit_state(first.credit_state()).unwrap();
        for sample in &samples[3..] {
            learn(&mut *first, sample);
            learn(&mut *second, sample);
        }
        assert_eq!(online(&mut *first, &network), online(&mut *second, &network));
        assert_eq!(first.optimiser_state().unwrap(), second.optimiser_state().unwrap());
    }
}

#[test]
fn passes_between_do_not_disturb_what_is_kept() {
    let network = whole(Activation::Tanh);
    let mut random = Random::seed_from_u64(4);
    let (sample, other) = (Sample::new(&network, 3, &mut random), Sample::new(&network, 7, &mut random));
    let error = numbers(9, &mut random);
    let mut engine = native::<f64>(&network, Training::default());
    start(&mut *engine, &network);
    let (expected, _) = gradient(&mut *engine, &network, &sample, &error);
    let mut found = vec![0.0; network.parameters()];
    engine.forward_keeping(&sample.inputs(), 3, &mut [0.0; 9]).unwrap();
    engine.forward(ParameterSet::Online, &other.inputs(), 7, &mut [0.0; 21]).unwrap();
    engine.forward(ParameterSet::Target, &other.inputs(), 7, &mut [0.0; 21]).unwrap();
    engine.assign_credit(&LinearObjective(&error)).unwrap();
    engine.read_gradient(&mut found).unwrap();
    assert_eq!(found, expected);
}
