//! The rules of credit against their closed forms.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Sample, dense, descending, distance, gradient, input, libtorch, native, numbers, online, start, whole};
use innate_nn::{
    Activation, AttentionGated, Biases, CreditSpec, CreditState, Engine, Form, Kind, LinearObjective, NativeEngine,
    Network, NetworkSpec, Objective, Perturbation, Random, Reciprocity, Training, cosine,
};
use rand::SeedableRng;
use std::sync::Arc;

/// ½ Σ (y − target)² for each sample.
struct Squared {
    targets: Vec<f64>,
    error: Vec<f64>,
}

impl Squared {
    fn new(targets: Vec<f64>, outputs: &[f64], batch: usize) -> Self {
        let error = outputs.iter().zip(&targets).map(|(y, target)| (y - target) / batch as f64).collect();
        Self { targets, error }
    }
}

impl Objective<f64> for Squared {
    fn output_error(&self) -> &[f64] {
        &self.error
    }

    fn costs(&self, outputs: &[f64], costs: &mut [f64]) {
        let width = outputs.len() / costs.len();
        for ((cost, y), target) in costs.iter_mut().zip(outputs.chunks(width)).zip(self.targets.chunks(width)) {
            *cost = 0.5 * y.iter().zip(target).map(|(y, target)| (y - target).powi(2)).sum::<f64>();
        }
    }
}

fn gated(feedback: Reciprocity) -> CreditSpec {
    CreditSpec::AttentionGated(AttentionGated { feedback })
}

/// 3 numbers, 4 units of tanh, 2 outputs: W₁ `[4, 3]`, b₁, W₂ `[2, 4]`, b₂.
fn two_layers() -> Arc<Network> {
    let spec = NetworkSpec::Layers(vec![innate_nn::LayerSpec::Dense { units: 4, activation: Activation::Tanh }]);
    Arc::new(spec.build(&[input("state", Kind::F32, &[3])], 2).unwrap())
}

/// The gradient of [`two_layers`] for one sample, where `carrier`, `[2, 4]`, brings the error down.
fn by_hand(weights: &[f64], carrier: &[f64], x: &[f64], error: &[f64]) -> Vec<f64> {
    let (w1, b1) = (&weights[..12], &weights[12..16]);
    let y: Vec<f64> = (0..4).map(|k| (b1[k] + (0..3).map(|i| w1[3 * k + i] * x[i]).sum::<f64>()).tanh()).collect();
    let sent = |k: usize| (0..2).map(|o| error[o] * carrier[4 * o + k]).sum::<f64>();
    let delta: Vec<f64> = (0..4).map(|k| sent(k) * (1.0 - y[k] * y[k])).collect();
    let outer = |a: &[f64], b: &[f64]| a.iter().flat_map(|a| b.iter().map(move |b| a * b)).collect::<Vec<_>>();
    [outer(&delta, x), delta.clone(), outer(error, &y), error.to_vec()].concat()
}

/// What carries the error down, of the forward weights and the fixed numbers.
type Carrier = fn(&[f64], &[f64]) -> Vec<f64>;

#[test]
fn errors_go_down_through_the_weights_that_the_rule_names() {
    let network = two_layers();
    // The feedback weights are laid out as the parameters are; the direct ones are the one matrix [2, 4].
    let second = 16..24;
    let rules: [(CreditSpec, Carrier); 7] = [
        (CreditSpec::Backprop, |w, _| w.to_vec()),
        (gated(Reciprocity::Tied), |w, _| w.to_vec()),
        (CreditSpec::FeedbackAlignment, |_, b| b.to_vec()),
        (gated(Reciprocity::Random), |_, b| b.to_vec()),
        (CreditSpec::SignSymmetric, |w, m| w.iter().zip(m).map(|(w, m)| w.signum() * m).collect()),
        (gated(Reciprocity::Learned), |w, d| w.iter().zip(d).map(|(w, d)| w + d).collect()),
        (CreditSpec::DirectFeedbackAlignment, |_, b| b.to_vec()),
    ];
    for (credit, carrier) in rules {
        for engine in [native::<f64>, libtorch::<f64>] {
            let direct = credit == CreditSpec::DirectFeedbackAlignment;
            let mut engine = engine(&network, descending(credit.clone()));
            start(&mut *engine, &network);
            let fixed = engine.credit_state().feedback;
            let mut random = Random::seed_from_u64(6);
            for _ in 0..4 {
                let weights = online(&mut *engine, &network);
                let sample = Sample::new(&network, 1, &mut random);
                let x: Vec<f64> = match sample.inputs()[0] {
                    innate_nn::Input::F32(x) => x.iter().map(|&x| x.into()).collect(),
                    innate_nn::Input::U8(_) => vec![],
                };
                let error = numbers(2, &mut random);
                let kept = if direct { &fixed[..] } else { fixed.get(second.clone()).unwrap_or_default() };
                let expected = by_hand(&weights, &carrier(&weights[second.clone()], kept), &x, &error);
                let (found, _) = gradient(&mut *engine, &network, &sample, &error);
                assert!(distance(&found, &expected) < 1e-12, "{}", engine.describe());
                engine.update().unwrap();
            }
            assert_eq!(engine.credit_state().feedback, fixed, "{}: feedback weights change", engine.describe());
        }
    }
}

#[test]
fn sizes_of_sign_symmetric_feedback_are_not_negative() {
    let engine = native::<f64>(&whole(Activation::Relu), descending(CreditSpec::SignSymmetric));
    assert!(engine.credit_state().feedback.iter().all(|&size| size >= 0.0));
}

fn disturbing(site: fn(Perturbation) -> CreditSpec, sigma: f64, form: Form) -> CreditSpec {
    site(Perturbation { sigma, form })
}

const SITES: [fn(Perturbation) -> CreditSpec; 2] = [CreditSpec::WeightPerturbation, CreditSpec::NodePerturbation];

/// The gradient of the squared error of some batch by back-propagation, and the mean of `draws` estimates by `credit`.
fn true_and_estimated(network: &Arc<Network>, credit: CreditSpec, biases: Biases, draws: usize) -> [Vec<f64>; 2] {
    let mut random = Random::seed_from_u64(21);
    let sample = Sample::new(network, 3, &mut random);
    let targets = numbers(3 * network.outputs(), &mut random);
    [(CreditSpec::Backprop, 1), (credit, draws)].map(|(credit, draws)| {
        let mut engine = native::<f64>(network, Training { biases, ..descending(credit) });
        start(&mut *engine, network);
        let mut outputs = vec![0.0; targets.len()];
        engine.forward_keeping(&sample.inputs(), 3, &mut outputs).unwrap();
        let objective = Squared::new(targets.clone(), &outputs, 3);
        let [mut sum, mut gradient] = [(); 2].map(|()| vec![0.0; network.parameters()]);
        for _ in 0..draws {
            engine.assign_credit(&objective).unwrap();
            engine.read_gradient(&mut gradient).unwrap();
            sum.iter_mut().zip(&gradient).for_each(|(sum, g)| *sum += g / draws as f64);
        }
        sum
    })
}

#[test]
fn serial_perturbation_is_the_gradient_as_the_disturbance_vanishes() {
    for site in SITES {
        for network in [whole(Activation::Tanh), dense(Activation::Sigmoid)] {
            for biases in [Biases::Learned, Biases::Fixed] {
                let credit = disturbing(site, 1e-6, Form::Serial);
                let [expected, found] = true_and_estimated(&network, credit.clone(), biases, 1);
                assert!(distance(&found, &expected) < 1e-4, "{}, {network}", credit.name());
            }
        }
    }
}

#[test]
fn parallel_perturbation_is_the_gradient_in_the_mean_over_the_noise() {
    for site in SITES {
        for network in [whole(Activation::Tanh), dense(Activation::Tanh)] {
            let credit = disturbing(site, 1e-4, Form::Parallel);
            // N draws of D numbers leave an angle of about √(D/N) radians.
            let [expected, found] = true_and_estimated(&network, credit.clone(), Biases::Learned, 8000);
            let (cosine, length) = (cosine(&found, &expected), distance(&found, &expected));
            assert!(cosine > 0.9 && length < 0.5, "{}, {network}: {cosine}, {length}", credit.name());
        }
    }
}

#[test]
fn parallel_perturbation_of_weights_moves_along_its_noise() {
    // For an objective that is linear in the one output of a linear network, the estimate is (g·ξ) ξ exactly.
    let network = Arc::new(NetworkSpec::Hidden(vec![]).build(&[input("state", Kind::F32, &[4])], 1).unwrap());
    let mut random = Random::seed_from_u64(2);
    let sample = Sample::new(&network, 2, &mut random);
    let error = [0.3, -0.8];
    let mut engine = native::<f64>(&network, descending(disturbing(SITES[0], 0.5, Form::Parallel)));
    start(&mut *engine, &network);
    let mut noise = engine.credit_state().noise.unwrap();
    let xi: Vec<f64> = (0..5).map(|_| innate_nn::Element::normal(&mut noise)).collect();
    let (found, _) = gradient(&mut *engine, &network, &sample, &error);
    let (slope, _) = gradient(&mut *native::<f64>(&network, Training::default()), &network, &sample, &error);
    let along = slope.iter().zip(&xi).map(|(g, xi)| g * xi).sum::<f64>();
    let expected: Vec<f64> = xi.iter().map(|xi| along * xi).collect();
    assert!(distance(&found, &expected) < 1e-12);
}

#[test]
fn fixed_biases_get_no_credit_from_a_disturbance() {
    for site in SITES {
        for form in [Form::Serial, Form::Parallel] {
            let network = dense(Activation::Tanh);
            let credit = disturbing(site, 1e-2, form);
            let [_, found] = true_and_estimated(&network, credit, Biases::Fixed, 1);
            for tensor in network.parameter_tensors() {
                let silent = found[tensor.range.clone()].iter().all(|&g| g == 0.0);
                assert_eq!(silent, tensor.is_bias(), "{}", tensor.name);
            }
        }
    }
}

#[test]
fn a_saved_generator_goes_on_bit_for_bit() {
    for site in SITES {
        let network = dense(Activation::Tanh);
        let training = descending(disturbing(site, 1e-2, Form::Parallel));
        let mut random = Random::seed_from_u64(4);
        let sample = Sample::new(&network, 3, &mut random);
        let error: Vec<f32> = numbers(9, &mut random);
        let mut first = native::<f32>(&network, training.clone());
        start(&mut *first, &network);
        let one = gradient(&mut *first, &network, &sample, &error).0;
        let mut second = NativeEngine::<f32>::new(network.clone(), training, &mut Random::seed_from_u64(99)).unwrap();
        start(&mut second, &network);
        second.set_credit_state(first.credit_state()).unwrap();
        let [next, same] = [&mut *first, &mut second].map(|engine| gradient(engine, &network, &sample, &error).0);
        assert_eq!(next, same);
        assert_ne!(one, next, "the noise stands still");
    }
}

#[test]
fn an_angle_is_to_the_gradient_of_back_propagation() {
    let network = dense(Activation::Tanh);
    let mut random = Random::seed_from_u64(4);
    let sample = Sample::new(&network, 3, &mut random);
    let error: Vec<f64> = numbers(9, &mut random);
    let (truth, _) = {
        let mut engine = native::<f64>(&network, descending(CreditSpec::Backprop));
        start(&mut *engine, &network);
        gradient(&mut *engine, &network, &sample, &error)
    };
    for credit in [CreditSpec::FeedbackAlignment, disturbing(SITES[0], 1e-3, Form::Parallel)] {
        let mut engine = native::<f64>(&network, descending(credit));
        start(&mut *engine, &network);
        let (found, _) = gradient(&mut *engine, &network, &sample, &error);
        let mut angles = [0.0; 3];
        engine.angles(&LinearObjective(&error), &mut angles).unwrap();
        let (mut start, mut tensors) = (0, network.parameter_tensors().iter());
        for degrees in angles {
            let (_, biases) = (tensors.next().unwrap(), tensors.next().unwrap());
            let layer = start..biases.range.end;
            assert!((degrees - innate_nn::angle(&found[layer.clone()], &truth[layer])).abs() < 1e-6);
            start = biases.range.end;
        }
        let mut kept = vec![0.0; network.parameters()];
        engine.read_gradient(&mut kept).unwrap();
        assert_eq!(kept, found, "asking for angles changes the gradient");
    }
}

#[test]
fn a_state_of_another_rule_is_refused_in_a_sentence() {
    let network = two_layers();
    let refuse = |credit, state| native::<f64>(&network, descending(credit)).set_credit_state(state).unwrap_err();
    assert_eq!(
        refuse(CreditSpec::FeedbackAlignment, CreditState::default()).to_string(),
        "the credit rule feedback-alignment keeps 26 feedback weights, found 0"
    );
    assert_eq!(
        refuse(disturbing(SITES[1], 0.1, Form::Serial), CreditState::default()).to_string(),
        "the credit rule node-perturbation keeps a generator of disturbances, found none"
    );
    let mut random = Random::seed_from_u64(0);
    let wrong = descending(disturbing(SITES[0], 0.0, Form::Serial));
    assert_eq!(
        NativeEngine::<f32>::new(network.clone(), wrong, &mut random).err().unwrap().to_string(),
        "credit.sigma = 0 must be a finite number greater than 0, in single precision"
    );
}
