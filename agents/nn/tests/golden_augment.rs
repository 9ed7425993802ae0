//! AuGMEnT's steps are those of its equations: compared with `golden/augment.safetensors`, which `scripts/golden/augment.py`
//! computes with NumPy. Every comparison allows 10⁻¹².
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use innate_nn::{Augment, AugmentSpec, MemoryTag, Reciprocity};
use safetensors::SafeTensors;

const INPUTS: usize = 5;
const ACTIONS: usize = 3;
const BOOTSTRAP: f64 = 0.7;

fn assert_close(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= 1e-12, "{what}, {place}: {found}, the equations give {expected}");
    }
}

fn check(form: &str, spec: &AugmentSpec) {
    let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/golden/augment.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let eights = |name: &str| file.tensor(name).expect(name).data().as_chunks::<8>().0;
    let numbers = |name: &str| -> Vec<f64> {
        eights(&format!("{form}.{name}")).iter().map(|&bytes| f64::from_le_bytes(bytes)).collect()
    };
    let counts =
        |name: &str| -> Vec<usize> { eights(name).iter().map(|&bytes| u64::from_le_bytes(bytes) as usize).collect() };
    let (lengths, actions) = (counts("lengths"), counts(&format!("{form}.actions")));
    let (inputs, q, weights) = (numbers("inputs"), numbers("q"), numbers("weights"));
    let (rewards, deltas) = (numbers("rewards"), numbers("deltas"));
    let mut augment = Augment::<f64>::new(spec, INPUTS, ACTIONS);
    let mut weights = weights.chunks(augment.parameters().len());
    augment.set_parameters(weights.next().unwrap()).unwrap();
    let (mut steps, mut changes) =
        (inputs.chunks(INPUTS).zip(q.chunks(ACTIONS)).zip(actions), rewards.iter().zip(deltas));
    let mut trial = augment.trial();
    for (number, &length) in lengths.iter().enumerate() {
        for ((x, q), action) in steps.by_ref().take(length) {
            augment.forward(&mut trial, x);
            assert_close(trial.q(), q, &format!("{form}, q"));
            let (&reward, delta) = changes.next().unwrap();
            assert_close(&[augment.learn(&mut trial, action, reward)], &[delta], &format!("{form}, delta"));
            assert_close(augment.parameters(), weights.next().unwrap(), &format!("{form}, weights"));
        }
        let (&reward, delta) = changes.next().unwrap();
        let bootstrap = if number + 1 == lengths.len() { BOOTSTRAP } else { 0.0 };
        assert_close(&[augment.finish(&mut trial, reward, bootstrap)], &[delta], &format!("{form}, last delta"));
        assert_close(augment.parameters(), weights.next().unwrap(), &format!("{form}, last weights"));
        assert_eq!(trial, augment.trial(), "the trial is not at rest");
    }
    assert!(weights.next().is_none() && changes.next().is_none());
}

#[test]
fn every_form_of_the_rule_follows_its_equations() {
    let spec = AugmentSpec::default();
    check("decaying", &spec);
    check("recomputed", &AugmentSpec { memory_tag: MemoryTag::Recomputed, ..spec.clone() });
    check("learned", &AugmentSpec { feedback: Reciprocity::Learned, ..spec.clone() });
    check("random", &AugmentSpec { feedback: Reciprocity::Random, ..spec });
}
