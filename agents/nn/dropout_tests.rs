#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    AttentionGated, CreditSpec, EngineSpec, InputSpec, Kind, LinearObjective, NetworkSpec, OptimiserSpec, Reciprocity,
    Sgd,
};
use rand::SeedableRng;

const RATE: f64 = 0.1;
const SEEN: [f32; 6] = [0.3, -0.9, 0.5, 1.1, 0.2, -0.4];
const ERROR: [f64; 4] = [0.7, -0.2, 0.4, 1.3];

/// Two hidden layers above three inputs, and how they are trained.
fn parts(credit: CreditSpec) -> (Arc<Network>, Training) {
    let input = InputSpec { name: "x".into(), kind: Kind::F32, shape: vec![3] };
    let network = Arc::new(NetworkSpec::Hidden(vec![6, 5]).build(&[input], 2).unwrap());
    let optimiser = OptimiserSpec::Sgd(Sgd { momentum: 0.0 });
    (network, Training { optimiser, learning_rate: RATE, credit, ..Training::default() })
}

fn around(rate: f64, engine: EngineSpec, credit: CreditSpec) -> Result<Dropout<f64>, EngineError> {
    let (network, training) = parts(credit);
    let mut random = Random::seed_from_u64(3);
    let weights: Vec<f64> = network.initialise_as(crate::Initialisation::Default, &mut random);
    let (mut engine, _) = engine.build::<f64>(network.clone(), Device::Cpu, training.clone(), &mut random).unwrap();
    engine.write_parameters(ParameterSet::Online, &weights).unwrap();
    DropoutSpec(rate).around(engine, network, &training, random)
}

fn dropout(rate: f64, engine: EngineSpec) -> Dropout<f64> {
    around(rate, engine, CreditSpec::Backprop).unwrap()
}

fn keep(dropout: &mut Dropout<f64>) -> [f64; 4] {
    let mut outputs = [0.0; 4];
    dropout.forward_keeping(&[Input::F32(&SEEN)], 2, &mut outputs).unwrap();
    outputs
}

fn learn(dropout: &mut Dropout<f64>) -> [f64; 4] {
    let outputs = keep(dropout);
    dropout.assign_credit(&LinearObjective(&ERROR)).unwrap();
    dropout.update().unwrap();
    outputs
}

/// L = Σ error ⊙ y of the parameters `weights`, of which those of silent units count as `mask` says.
fn loss(dropout: &mut Dropout<f64>, weights: &[f64], mask: &[f64]) -> f64 {
    let thinned: Vec<f64> = weights.iter().zip(mask).map(|(w, m)| w * m).collect();
    dropout.engine.write_parameters(ParameterSet::Online, &thinned).unwrap();
    let mut outputs = [0.0; 4];
    dropout.engine.forward(ParameterSet::Online, &[Input::F32(&SEEN)], 2, &mut outputs).unwrap();
    outputs.iter().zip(ERROR).map(|(y, error)| y * error).sum()
}

#[test]
fn weights_follow_the_slope_of_the_loss_of_the_units_that_speak_on_either_engine() {
    for engine in [EngineSpec::Native, EngineSpec::Libtorch] {
        let mut dropout = dropout(0.5, engine);
        let before = dropout.online.clone();
        learn(&mut dropout);
        let (after, mask) = (dropout.online.clone(), dropout.mask.clone());
        assert!(mask.contains(&0.0) && mask.contains(&2.0));
        for (place, (after, before_here)) in after.iter().zip(&before).enumerate() {
            let mut at = |shift: f64| {
                let mut weights = before.clone();
                weights[place] += shift;
                loss(&mut dropout, &weights, &mask)
            };
            let slope = (at(1e-6) - at(-1e-6)) / 2e-6;
            assert!((after - (before_here - RATE * slope)).abs() < 1e-7, "{place}: {after} {before_here} {slope}");
        }
    }
}

#[test]
fn units_fall_silent_with_their_probability_and_what_is_seen_never_does() {
    let mut dropout = dropout(0.25, EngineSpec::Native);
    let (mut silent, draws) = (0, 4_000);
    for _ in 0..draws {
        dropout.draw();
        let network = dropout.network.clone();
        let (seen, _) = network.layer_parameters(0, &dropout.mask);
        assert!(seen.iter().all(|&m| m == 1.0));
        for (layer, units) in [(1, 6), (2, 5)] {
            let (weights, biases) = network.layer_parameters(layer, &dropout.mask);
            let rows: Vec<&[f64]> = weights.chunks_exact(units).collect();
            assert!(rows.iter().all(|row| row == &rows[0]) && biases.iter().all(|&m| m == 1.0));
            assert!(rows[0].iter().all(|&m| m == 0.0 || (m - 4.0 / 3.0).abs() < 1e-12));
            silent += rows[0].iter().filter(|&&m| m == 0.0).count();
        }
    }
    let share = silent as f64 / f64::from(11 * draws);
    assert!((share - 0.25).abs() < 0.01, "{share}");
}

#[test]
fn who_acts_has_the_whole_network() {
    let (mut thinned, mut whole) = (dropout(0.5, EngineSpec::Native), dropout(0.0, EngineSpec::Native));
    let outputs = |dropout: &mut Dropout<f64>| {
        let mut outputs = [0.0; 4];
        dropout.forward(ParameterSet::Online, &[Input::F32(&SEEN)], 2, &mut outputs).unwrap();
        outputs
    };
    assert_ne!(learn(&mut thinned), learn(&mut whole));
    let mut learned = vec![0.0; thinned.online.len()];
    thinned.read_parameters(ParameterSet::Online, &mut learned).unwrap();
    whole.write_parameters(ParameterSet::Online, &learned).unwrap();
    assert_eq!(outputs(&mut thinned), outputs(&mut whole));
    thinned.copy_online_to_target().unwrap();
    let mut target = vec![0.0; learned.len()];
    thinned.read_parameters(ParameterSet::Target, &mut target).unwrap();
    assert_eq!(learned, target);
}

#[test]
fn an_update_that_fails_leaves_the_whole_network_as_it_was() {
    let mut dropout = dropout(0.5, EngineSpec::Native);
    let before = dropout.online.clone();
    keep(&mut dropout);
    dropout.assign_credit(&LinearObjective(&[f64::NAN; 4])).unwrap();
    assert!(dropout.update().is_err());
    let mut held = vec![0.0; before.len()];
    dropout.engine.read_parameters(ParameterSet::Online, &mut held).unwrap();
    assert!(before == dropout.online && before == held);
}

#[test]
fn what_was_saved_goes_on_bit_for_bit() {
    let (mut one, mut two) = (dropout(0.5, EngineSpec::Native), dropout(0.5, EngineSpec::Native));
    (0..3).for_each(|_| {
        learn(&mut one);
    });
    let mut learned = vec![0.0; one.online.len()];
    one.read_parameters(ParameterSet::Online, &mut learned).unwrap();
    two.write_parameters(ParameterSet::Online, &learned).unwrap();
    two.set_optimiser_state(one.optimiser_state().unwrap()).unwrap();
    two.set_credit_state(one.credit_state()).unwrap();
    (0..3).for_each(|_| assert_eq!(learn(&mut one), learn(&mut two)));
    assert_eq!(one.online, two.online);
    let said = two.set_credit_state(CreditState::default()).unwrap_err().to_string();
    assert!(said.contains("dropout"), "{said}");
}

#[test]
fn what_cannot_be_is_refused_in_a_sentence() {
    let said = |rate: f64, credit: CreditSpec| around(rate, EngineSpec::Native, credit).err().unwrap().to_string();
    assert!(said(1.0, CreditSpec::Backprop).contains("dropout = 1 must lie between 0 and below 1"));
    assert!(said(f64::NAN, CreditSpec::Backprop).contains("dropout = NaN"));
    let learned = CreditSpec::AttentionGated(AttentionGated { feedback: Reciprocity::Learned });
    assert!(said(0.5, learned).contains("feedback = \"tied\""));
}
