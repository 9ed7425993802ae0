#![allow(clippy::unwrap_used)]

use super::*;

fn heads() -> Vec<Head> {
    let categorical = Distribution::Categorical(Categorical { atoms: 5, low: -2.0, high: 2.0 });
    let quantile = Distribution::Quantile(Quantile { quantiles: 4 });
    let kinds = [None, Some(categorical), Some(quantile)];
    let both = kinds.iter().flat_map(|kind| [false, true].map(|dueling| (kind, dueling)));
    let own = [false, true].map(|dueling| {
        let mut head = Head::per_signal(3, dueling, 2, Loss::Huber);
        head.weights_mut().copy_from_slice(&[1.0, -0.5]);
        head
    });
    both.map(|(kind, dueling)| Head::new(3, dueling, kind.as_ref(), Loss::Huber)).chain(own).collect()
}

/// Numbers without a pattern, between −1 and 1.
fn noise(count: usize, seed: u32) -> Vec<f32> {
    (0..count as u32).map(|i| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.5 - 1.0).collect()
}

/// To bootstrap from one action alone.
fn whole<'a>(rewards: &'a [f32], discounts: &'a [f32]) -> Bootstrap<'a> {
    Bootstrap { share: 1.0, rewards, discounts, entropy: 0.0 }
}

/// The loss of action 1 for a target that was bootstrapped from action 2 of `after`, as a function of the outputs.
fn loss_of(head: &Head, outputs: &[f32], target: &[f32]) -> f64 {
    let mut numbers = vec![0.0; head.width()];
    head.read(outputs, &mut numbers);
    f64::from(head.loss(&numbers[head.atoms()..][..head.atoms()], target, None).0)
}

#[test]
fn the_error_at_the_outputs_is_the_slope_of_the_loss() {
    for head in heads() {
        let (outputs, after) = (noise(head.outputs(), 1), noise(head.atoms(), 2));
        let mut target = vec![0.0; head.atoms()];
        let (rewards, discounts) = (vec![0.3; head.parts()], vec![0.9; head.parts()]);
        head.bootstrap(&after, whole(&rewards, &discounts), &mut target);
        let (mut numbers, mut error) = (vec![0.0; head.width()], vec![0.0; head.width()]);
        head.read(&outputs, &mut numbers);
        let taken = head.atoms()..2 * head.atoms();
        head.loss(&numbers[taken.clone()], &target, Some(&mut error[taken]));
        let mut slopes = vec![0.0; head.outputs()];
        head.write_error(&error, &mut slopes);
        for (place, slope) in slopes.iter().enumerate() {
            let at = |shift: f32| {
                let mut outputs = outputs.clone();
                outputs[place] += shift;
                loss_of(&head, &outputs, &target)
            };
            let expected = (at(1e-2) - at(-1e-2)) / 2e-2;
            assert!((f64::from(*slope) - expected).abs() < 2e-3, "{head:?}, output {place}: {slope}, {expected}");
        }
    }
}

#[test]
fn advantages_that_are_all_greater_change_no_value() {
    for head in heads().into_iter().filter(|head| head.dueling) {
        let mut outputs = noise(head.outputs(), 3);
        let mut before = vec![0.0; head.width()];
        head.read(&outputs, &mut before);
        outputs[head.atoms()..].iter_mut().for_each(|advantage| *advantage += 4.0);
        let mut after = vec![0.0; head.width()];
        head.read(&outputs, &mut after);
        assert!(before.iter().zip(&after).all(|(one, other)| (one - other).abs() < 1e-5));
    }
}

#[test]
fn a_projection_keeps_mass_and_mean_and_clips_at_the_ends() {
    let head = &heads()[2];
    let logits = [0.2_f32.ln(), 0.3_f32.ln(), 0.1_f32.ln(), 0.4_f32.ln(), f32::MIN_POSITIVE.ln()];
    let mut target = [0.0; 5];
    head.bootstrap(&logits, whole(&[0.5], &[0.5]), &mut target);
    // z = −2, −1, 0, 1 become −.5, 0, .5, 1.
    let expected = [0.0, 0.1, 0.1 + 0.3 + 0.05, 0.05 + 0.4, 0.0];
    assert!(target.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-5), "{target:?}");
    let mut ends = [0.0; 5];
    head.bootstrap(&logits, whole(&[10.0], &[1.0]), &mut ends);
    assert!((ends[4] - 1.0).abs() < 1e-5);
    let mut terminal = [0.0; 5];
    head.bootstrap(&logits, whole(&[-1.25], &[0.0]), &mut terminal);
    assert!((terminal[0] - 0.25).abs() < 1e-5 && (terminal[1] - 0.75).abs() < 1e-5, "{terminal:?}");
}

#[test]
fn quantiles_of_a_coin_are_its_two_sides() {
    // Gradient descent on the loss for a return of 0 or 1, each half of the time: quantiles 1/8, 3/8, 5/8, 7/8.
    let mut theta = [0.2, 0.4, 0.6, 0.8_f32];
    for _ in 0..4_000 {
        let mut error = [0.0; 4];
        quantile_huber(&theta, &[0.0, 1.0, 0.0, 1.0], Some(&mut error));
        theta.iter_mut().zip(error).for_each(|(theta, error)| *theta -= 0.05 * error);
    }
    // Within the Huber range a quantile is an expectile: at τ the mean weighs 1 by τ and 0 by 1 − τ.
    for (theta, tau) in theta.iter().zip([0.125, 0.375, 0.625, 0.875]) {
        assert!((theta - tau).abs() < 1e-3, "{theta} {tau}");
    }
}

#[test]
fn the_divergence_is_zero_at_the_target_only() {
    let target = [0.1, 0.2, 0.3, 0.4_f32];
    let (_, there) = cross_entropy(&target.map(f32::ln), &target, None);
    let (_, off) = cross_entropy(&[0.0; 4], &target, None);
    assert!(there < 1e-6 && off > 0.05, "{there} {off}");
}

#[test]
fn values_are_means() {
    let [value, _, categorical, _, quantile, _, own, _] = &heads()[..] else { unreachable!() };
    assert_eq!(value.value(&[0.7]), 0.7);
    assert!(
        (categorical.value(&[0.0, 0.0, f32::NEG_INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY]) + 1.5).abs() < 1e-6
    );
    assert_eq!(quantile.value(&[0.0, 1.0, 2.0, 5.0]), 2.0);
    assert_eq!(own.value(&[3.0, 2.0]), 2.0);
}

#[test]
fn a_distribution_that_cannot_be_is_refused() {
    let said = |distribution: Distribution| distribution.check().unwrap_err().to_string();
    let categorical = |atoms, low, high| Distribution::Categorical(Categorical { atoms, low, high });
    assert!(said(categorical(1, -1.0, 1.0)).contains("distribution.atoms = 1"));
    assert!(said(categorical(51, 1.0, f64::NAN)).contains("found low = 1, high = NaN"));
    assert!(said(categorical(51, -1e300, 1.0)).contains("found low = -1000"));
    assert!(said(categorical(51, 1.0, 1.00000001)).contains("told apart in single precision"));
    assert!(said(Distribution::Quantile(Quantile { quantiles: 0 })).contains("distribution.quantiles = 0"));
}

#[test]
fn each_signal_is_bootstrapped_with_its_own_reward_and_discount() {
    let head = &heads()[6];
    let mut target = [0.0; 2];
    head.bootstrap(&[10.0, f32::INFINITY], whole(&[1.0, 2.0], &[0.9, 0.0]), &mut target);
    assert_eq!(target, [10.0, 2.0]);
    let (loss, delta) = head.loss(&[10.5, 1.0], &target, None);
    // δ = .5 and −1, mixed by 1 and −.5; the loss of each signal counts whatever it weighs.
    assert_eq!((loss, delta), (0.125 + 0.5, 1.0));
}
