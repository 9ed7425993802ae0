#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::bank::{Bank, Service};
use crate::stack::{Decide, Perceiver};
use innate_envs::{Observation, Step};

/// Four places, of the last of which nothing is seen: what the teacher sees (one number), and what the pupil does (two).
fn scene() -> Observation {
    let on = vec![0.9, -0.8, 0.1, 0.0];
    let items = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.0, 0.0];
    Observation { arrays: [on, items, vec![3.0], vec![3.0]].into_iter().map(Array::F32).collect() }
}

fn bank(options: AgreementOptions) -> Bank {
    let agreement: Box<dyn Signal> = Box::new(Agreement::new(options).unwrap());
    let seen = [("places", vec![4, 1]), ("context", vec![4, 2]), ("places.count", vec![1]), ("context.count", vec![1])];
    let seen = seen.map(|(name, shape)| ArraySpec::f32(name, &shape, -9.0, 9.0));
    let area = |name: &str, stacks: &[&str]| Perceiver {
        name: name.into(),
        stacks: stacks.iter().map(|stack| (*stack).into()).collect(),
        actions: 2,
    };
    let areas = [area("hand", &["places"]), area("context", &["context", "agreement.examples"])];
    let mut bank = Bank::with_areas(vec![("agreement".into(), agreement)], &areas, &seen).unwrap();
    bank.seed(|_| Random::seed_from_u64(7));
    bank
}

/// The teacher's margin is the number that it sees; the pupil always says yes.
struct Minds;

impl Decide for Minds {
    fn decide(&mut self, area: usize, item: &[f32], row: &mut [f32]) -> Result<(), SignalError> {
        let margin = if area == 0 { item[0] } else { 1.0 };
        row.copy_from_slice(&[f32::from(u8::from(margin > 0.0)), 0.0, margin]);
        Ok(())
    }
}

/// The examples that were taught and what was paid for them.
fn taught(bank: &mut Bank, steps: usize) -> Vec<(Vec<f32>, f32)> {
    let mut taught = Vec::new();
    for _ in 0..steps {
        let mut paid = Vec::new();
        bank.step(&scene(), 0, Step::default(), &mut Minds, |payment| paid.push(payment)).unwrap();
        let stack = bank.percepts().iter().position(|spec| spec.name == "agreement.examples").unwrap();
        let items = bank.following()[stack].as_f32().unwrap();
        for payment in paid {
            let Service::Trial { slot, .. } = payment.service else { panic!("{payment:?}") };
            taught.push((items[2 * slot..][..2].to_vec(), payment.amount));
        }
        bank.advance();
    }
    taught
}

#[test]
fn what_the_teacher_is_sure_of_is_taught_and_nothing_else() {
    let mut bank = bank(AgreementOptions::default());
    bank.begin_episode(&scene(), &mut Minds).unwrap();
    let taught = taught(&mut bank, 5);
    // The first step only tells what there is to teach.
    assert_eq!(taught.len(), 4 * 4);
    for (item, amount) in taught {
        // The pupil says yes, which is right where the teacher saw 0.9.
        assert!(item == [1.0, 2.0] && amount == 1.0 || item == [3.0, 4.0] && amount == 0.0, "{item:?}: {amount}");
    }
    let notes = bank.take_ledgers().next().unwrap().notes;
    let same = notes.iter().find(|note| note.metric == "same").unwrap();
    assert_eq!(same.sum / same.count as f64, 0.5);
}

#[test]
fn an_unsure_teacher_teaches_nothing() {
    let mut bank = bank(AgreementOptions { sure: 0.95, ..AgreementOptions::default() });
    bank.begin_episode(&scene(), &mut Minds).unwrap();
    assert_eq!(taught(&mut bank, 5), []);
}

#[test]
fn a_saved_teacher_goes_on_with_what_it_remembers() {
    let (mut one, mut two) = (bank(AgreementOptions::default()), bank(AgreementOptions::default()));
    one.begin_episode(&scene(), &mut Minds).unwrap();
    taught(&mut one, 5);
    two.load(one.save()).unwrap();
    assert_eq!(taught(&mut one, 3), taught(&mut two, 3));
}

#[test]
fn areas_of_other_choices_are_refused() {
    let agreement: Box<dyn Signal> = Box::new(Agreement::new(AgreementOptions::default()).unwrap());
    let seen = [("places", vec![4, 1]), ("context", vec![4, 2]), ("places.count", vec![1]), ("context.count", vec![1])];
    let seen = seen.map(|(name, shape)| ArraySpec::f32(name, &shape, -9.0, 9.0));
    let area = |name: &str, stacks: &[&str], actions| Perceiver {
        name: name.into(),
        stacks: stacks.iter().map(|stack| (*stack).into()).collect(),
        actions,
    };
    let areas = [area("hand", &["places"], 1), area("context", &["context", "agreement.examples"], 2)];
    let said = Bank::with_areas(vec![("agreement".into(), agreement)], &areas, &seen).err().unwrap().to_string();
    assert!(said.contains("`hand` must have choices = 2"), "{said}");
}

#[test]
fn stacks_of_different_places_are_refused() {
    let agreement: Box<dyn Signal> = Box::new(Agreement::new(AgreementOptions::default()).unwrap());
    let seen = [("places", vec![4, 1]), ("context", vec![5, 2]), ("places.count", vec![1]), ("context.count", vec![1])];
    let seen = seen.map(|(name, shape)| ArraySpec::f32(name, &shape, -9.0, 9.0));
    let said = Bank::build(vec![("agreement".into(), agreement)], &seen).err().unwrap().to_string();
    assert!(said.contains("no stacks of the same places") || said.contains("hand/places"), "{said}");
}
