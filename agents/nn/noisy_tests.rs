#![allow(clippy::unwrap_used)]

use super::*;
use crate::{EngineSpec, InputSpec, Kind, LinearObjective, NetworkSpec, OptimiserSpec, Sgd};
use rand::SeedableRng;

const RATE: f64 = 0.1;

fn noisy(engine: EngineSpec, sigma: f64) -> (Noisy<f64>, Arc<Network>) {
    let input = InputSpec { name: "x".into(), kind: Kind::F32, shape: vec![3] };
    let network = Arc::new(NetworkSpec::Hidden(vec![5]).build(&[input], 2).unwrap());
    let optimiser = OptimiserSpec::Sgd(Sgd { momentum: 0.0 });
    let training = Training { optimiser, learning_rate: RATE, ..Training::default() };
    let mut random = Random::seed_from_u64(3);
    let weights: Vec<f64> = network.initialise_as(crate::Initialisation::Default, &mut random);
    let built = engine.build::<f64>(network.clone(), Device::Cpu, training.clone(), &mut random);
    let (mut engine, _) = built.unwrap();
    engine.write_parameters(ParameterSet::Online, &weights).unwrap();
    engine.copy_online_to_target().unwrap();
    (NoisySpec { sigma }.around(engine, network.clone(), &training, random).unwrap(), network)
}

/// L = Σ error ⊙ y for these values of μ and σ.
fn loss(noisy: &mut Noisy<f64>, values: &[f64], error: &[f64]) -> f64 {
    noisy.online.values.copy_from_slice(values);
    noisy.write(ParameterSet::Online).unwrap();
    let mut outputs = [0.0; 4];
    noisy.forward(ParameterSet::Online, &[Input::F32(&[0.3, -0.9, 0.5, 1.1, 0.2, -0.4])], 2, &mut outputs).unwrap();
    outputs.iter().zip(error).map(|(y, error)| y * error).sum()
}

#[test]
fn means_and_sizes_of_noise_follow_the_slope_of_the_loss_on_either_engine() {
    for engine in [EngineSpec::Native, EngineSpec::Libtorch] {
        let (mut noisy, _) = noisy(engine, 0.5);
        let (values, error) = (noisy.online.values.clone(), [0.7, -0.2, 0.4, 1.3]);
        let slopes: Vec<f64> = (0..values.len())
            .map(|place| {
                let mut at = |shift: f64| {
                    let mut values = values.clone();
                    values[place] += shift;
                    loss(&mut noisy, &values, &error)
                };
                (at(1e-6) - at(-1e-6)) / 2e-6
            })
            .collect();
        loss(&mut noisy, &values, &error);
        let mut outputs = [0.0; 4];
        noisy.forward_keeping(&[Input::F32(&[0.3, -0.9, 0.5, 1.1, 0.2, -0.4])], 2, &mut outputs).unwrap();
        noisy.assign_credit(&LinearObjective(&error)).unwrap();
        noisy.update().unwrap();
        assert!(slopes[values.len() / 2..].iter().any(|slope| slope.abs() > 0.1));
        for ((after, before), slope) in noisy.online.values.iter().zip(&values).zip(&slopes) {
            assert!((after - (before - RATE * slope)).abs() < 1e-7, "{after} {before} {slope}");
        }
    }
}

#[test]
fn noise_is_a_product_of_factors_drawn_anew_for_each_set_and_update() {
    let (mut noisy, network) = noisy(EngineSpec::Native, 0.5);
    let (before, target) = (noisy.online.noise.clone(), noisy.target.noise.clone());
    assert_ne!(before, target);
    noisy.draw().unwrap();
    assert_ne!(before, noisy.online.noise);
    let (weights, biases) = network.layer_parameters(0, &before);
    // Rows of the weights' noise are multiples of each other, by the biases' noise.
    for (row, bias) in weights.chunks(3).zip(biases) {
        for (noise, first) in row.iter().zip(weights) {
            assert!((noise * biases[0] - first * bias).abs() < 1e-12);
        }
    }
    let (mut sum, mut squares, count) = (0.0, 0.0, 20_000);
    for _ in 0..count {
        noisy.draw().unwrap();
        let bias = network.layer_parameters(0, &noisy.online.noise).1[0];
        (sum, squares) = (sum + bias, squares + bias * bias);
    }
    // f(ε)² = |ε|, whose mean is √(2/π).
    assert!((sum / f64::from(count)).abs() < 0.03);
    assert!((squares / f64::from(count) - (2.0 / std::f64::consts::PI).sqrt()).abs() < 0.02);
}

#[test]
fn without_noise_it_is_the_engine_that_it_was() {
    let (mut noisy, network) = noisy(EngineSpec::Native, 0.0);
    let (mut mean, mut acting) = (vec![0.0; network.parameters()], vec![0.0; network.parameters()]);
    noisy.read_parameters(ParameterSet::Online, &mut mean).unwrap();
    noisy.read_acting(&mut acting).unwrap();
    assert_eq!(mean, acting);
}

#[test]
fn what_was_saved_goes_on_bit_for_bit() {
    let step = |noisy: &mut Noisy<f64>| {
        let mut outputs = [0.0; 2];
        noisy.forward_keeping(&[Input::F32(&[0.3, -0.9, 0.5])], 1, &mut outputs).unwrap();
        noisy.assign_credit(&LinearObjective(&[0.5, -0.5])).unwrap();
        noisy.update().unwrap();
        outputs
    };
    let ((mut one, network), (mut two, _)) = (noisy(EngineSpec::Native, 0.5), noisy(EngineSpec::Native, 0.1));
    step(&mut one);
    for set in [ParameterSet::Online, ParameterSet::Target] {
        let mut mean = vec![0.0; network.parameters()];
        one.read_parameters(set, &mut mean).unwrap();
        two.write_parameters(set, &mean).unwrap();
    }
    two.set_optimiser_state(one.optimiser_state().unwrap()).unwrap();
    two.set_credit_state(one.credit_state()).unwrap();
    for _ in 0..3 {
        assert_eq!(step(&mut one), step(&mut two));
    }
    assert_eq!(one.online.values, two.online.values);
    let said = two.set_credit_state(CreditState::default()).unwrap_err().to_string();
    assert!(said.contains("noisy networks"), "{said}");
}
