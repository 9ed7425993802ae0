#![allow(clippy::unwrap_used)]

use super::*;
use crate::Random;
use rand::SeedableRng;

fn network(feedback: Reciprocity) -> Augment<f64> {
    let spec = AugmentSpec { feedback, ..AugmentSpec::default() };
    let mut augment = Augment::new(&spec, 4, 3);
    augment.initialise(0.25, &mut Random::seed_from_u64(1));
    augment
}

/// A few steps with inputs that come and go.
fn run(augment: &mut Augment<f64>, trial: &mut Trial<f64>, steps: usize, random: &mut Random) {
    for _ in 0..steps {
        let x = [(); 4].map(|()| f64::from(random.random_range(0..2)));
        augment.forward(trial, &x);
        augment.learn(trial, random.random_range(0..3), random.random_range(-1.0..1.0));
    }
}

#[test]
fn the_first_step_changes_no_weight_and_the_second_does() {
    let mut augment = network(Reciprocity::Tied);
    let (before, mut trial) = (augment.parameters().to_vec(), augment.trial());
    let mut random = Random::seed_from_u64(2);
    run(&mut augment, &mut trial, 1, &mut random);
    assert_eq!(before, augment.parameters());
    run(&mut augment, &mut trial, 1, &mut random);
    assert_ne!(before, augment.parameters());
}

#[test]
fn only_the_tags_of_the_chosen_output_are_set() {
    let mut augment = network(Reciprocity::Tied);
    let mut trial = augment.trial();
    augment.forward(&mut trial, &[1.0, 0.0, 0.0, 1.0]);
    augment.learn(&mut trial, 1, 0.0);
    for action in 0..3 {
        let (regular, memory) = augment.layout.output_rows(action);
        let tagged = trial.tags[regular].iter().chain(&trial.tags[memory]).any(|&tag| tag != 0.0);
        assert_eq!(tagged, action == 1);
    }
}

#[test]
fn memory_outlasts_its_stimulus_and_ends_with_the_trial() {
    let mut augment = network(Reciprocity::Tied);
    let mut trial = augment.trial();
    let dark = [0.0; 4];
    augment.forward(&mut trial, &dark);
    let never_lit = trial.q().to_vec();
    augment.finish(&mut trial, 0.0, 0.0);
    augment.forward(&mut trial, &[1.0, 0.0, 0.0, 0.0]);
    (0..5).for_each(|_| augment.forward(&mut trial, &dark));
    assert_ne!(trial.q(), never_lit);
    augment.finish(&mut trial, 0.0, 0.0);
    augment.forward(&mut trial, &dark);
    assert_eq!(trial.q(), never_lit);
}

#[test]
fn equal_values_stay_equal_whatever_their_last_digit() {
    let mut augment = Augment::<f32>::new(&AugmentSpec::default(), 4, 3);
    let mut trial = augment.trial();
    let mut weights = augment.parameters().to_vec();
    let biases = augment.layout.output_biases.clone();
    weights[biases].copy_from_slice(&[0.3, 0.300_001, 0.2999]);
    augment.set_parameters(&weights).unwrap();
    augment.forward(&mut trial, &[0.0; 4]);
    let choices = trial.choices();
    assert_ne!(trial.q()[0], trial.q()[1]);
    assert_eq!(choices[0], choices[1]);
    assert_ne!(choices[0], choices[2]);
}

#[test]
fn a_saved_trial_goes_on_bit_for_bit() {
    for feedback in [Reciprocity::Tied, Reciprocity::Learned, Reciprocity::Random] {
        let mut first = network(feedback);
        let mut trial = first.trial();
        let mut random = Random::seed_from_u64(3);
        run(&mut first, &mut trial, 5, &mut random);
        let text = toml::to_string(&trial).unwrap();
        let mut restored: Trial<f64> = toml::from_str(&text).unwrap();
        assert_eq!(restored, trial);
        let mut second = network(feedback);
        second.set_parameters(first.parameters()).unwrap();
        let mut same = random.clone();
        run(&mut first, &mut trial, 5, &mut random);
        run(&mut second, &mut restored, 5, &mut same);
        assert_eq!((first.parameters(), &trial), (second.parameters(), &restored));
    }
}

#[test]
fn named_parts_cover_the_flat_vector() {
    for (feedback, parts, parameters) in [(Reciprocity::Tied, 6, 71), (Reciprocity::Learned, 8, 92)] {
        let augment = network(feedback);
        assert_eq!(augment.tensors().count(), parts);
        let flat: Vec<_> = augment.tensors().flat_map(|(.., values)| values.to_vec()).collect();
        assert_eq!(flat, augment.parameters());
        assert!(augment.tensors().all(|(_, shape, values)| shape.iter().product::<usize>() == values.len()));
        assert_eq!(augment.to_string(), format!("4 → 3 regular + 4 memory → 3 ({parameters} parameters)"));
    }
}

#[test]
fn a_network_without_memory_units_is_one() {
    let mut augment = Augment::<f64>::new(&AugmentSpec { memory: 0, ..AugmentSpec::default() }, 4, 3);
    augment.initialise(0.25, &mut Random::seed_from_u64(4));
    let mut trial = augment.trial();
    run(&mut augment, &mut trial, 5, &mut Random::seed_from_u64(5));
    assert_eq!(augment.diverged_tensor(), None);
    augment.finish(&mut trial, f64::NAN, 0.0);
    assert_eq!(augment.diverged_tensor(), Some("regular.weight"));
}
