//! Learning allocates nothing: neither an update on the native engine, nor one trial at a time.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Sample, dense, local_first, native, start, whole};
use innate_nn::{
    Activation, AttentionGated, Augment, AugmentSpec, CreditSpec, Expansion, Form, Initialisation, InputSpec, Kind,
    LayerSpec, LinearObjective, NetworkSpec, Online, OnlineFeedback, OnlineRule, ParameterSet, Perturbation, Random,
    Training, max_boltzmann, sample, softmax,
};
use rand::SeedableRng;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// Counts what each thread asks for.
struct Counting;

// SAFETY: everything is the system's allocator; the count is a thread-local number without a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `work` asks for memory.
fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.with(Cell::get);
    work();
    ALLOCATIONS.with(Cell::get) - before
}

#[test]
fn an_update_allocates_nothing_once_its_batch_was_seen() {
    let perturbation = |form| Perturbation { sigma: 1e-2, form };
    let rules = [
        CreditSpec::Backprop,
        CreditSpec::FeedbackAlignment,
        CreditSpec::DirectFeedbackAlignment,
        CreditSpec::SignSymmetric,
        CreditSpec::AttentionGated(AttentionGated::default()),
        CreditSpec::WeightPerturbation(perturbation(Form::Parallel)),
        CreditSpec::NodePerturbation(perturbation(Form::Parallel)),
        CreditSpec::NodePerturbation(perturbation(Form::Serial)),
    ];
    for network in [whole(Activation::Relu), local_first(Activation::Tanh), dense(Activation::Relu)] {
        for credit in &rules {
            let training = Training { credit: credit.clone(), clip_gradient: Some(1.0), ..Training::default() };
            let mut engine = native::<f32>(&network, training);
            start(&mut *engine, &network);
            let sample = Sample::new(&network, 16, &mut Random::seed_from_u64(1));
            let (inputs, mut outputs) = (sample.inputs(), vec![0.0; 16 * network.outputs()]);
            let mut learn = || {
                engine.forward(ParameterSet::Target, &inputs, 16, &mut outputs).unwrap();
                engine.forward_keeping(&inputs, 16, &mut outputs).unwrap();
                engine.assign_credit(&LinearObjective(&outputs)).unwrap();
                engine.update().unwrap();
                engine.copy_online_to_target().unwrap();
            };
            learn();
            assert_eq!(allocations(|| (0..3).for_each(|_| learn())), 0, "{network}, {}", credit.name());
        }
    }
}

#[test]
fn no_trial_of_agrel_allocates() {
    let mut random = Random::seed_from_u64(1);
    let hidden = [Activation::Sigmoid, Activation::Relu].map(|activation| LayerSpec::Dense { units: 20, activation });
    let input = InputSpec { name: "x".into(), kind: Kind::F32, shape: vec![30] };
    let network = Arc::new(NetworkSpec::Layers(hidden.into()).build(&[input], 4).unwrap());
    for feedback in [OnlineFeedback::Learned, OnlineFeedback::Tied, OnlineFeedback::Random, OnlineFeedback::Ungated] {
        let rule = OnlineRule { feedback, ..OnlineRule::default() };
        let mut learner = Online::<f32>::new(network.clone(), rule, Initialisation::Default, &mut random).unwrap();
        learner.set_parameters(&network.initialise(&mut random)).unwrap();
        let (mut x, mut p) = ([0.5; 30], [0.0; 4]);
        let found = allocations(|| {
            for trial in 0..100 {
                x[trial % 30] = 0.0;
                softmax(learner.forward(&x), &mut p);
                let selected = sample(&p, &mut random);
                learner.learn(selected, Expansion::Expansive.amount(1.0, p[selected]));
            }
        });
        assert_eq!(found, 0);
    }
}

#[test]
fn no_step_of_augment_allocates() {
    let mut random = Random::seed_from_u64(2);
    let mut augment = Augment::<f32>::new(&AugmentSpec::default(), 4, 3);
    augment.initialise(0.25, &mut random);
    let (mut trial, mut scratch) = (augment.trial(), [0.0; 3]);
    let found = allocations(|| {
        for step in 0..100 {
            augment.forward(&mut trial, &[1.0, 0.0, (step % 2) as f32, 0.0]);
            let selected = max_boltzmann(trial.choices(), 0.5, &mut scratch, &mut random);
            augment.learn(&mut trial, selected, 0.1);
            if step % 7 == 6 {
                augment.finish(&mut trial, 1.0, 0.0);
            }
        }
    });
    assert_eq!(found, 0);
}
