//! The learner itself against PyTorch: ten updates of [`Dqn`], its TD targets and its target network, compared with the
//! file that `scripts/golden/dqn_update.py` makes. (The gradient is compared in `agents/nn`, on the same file.)
#![allow(clippy::unwrap_used, clippy::expect_used)]

use innate_agents::dqn::{Dqn, DqnOptions};
use innate_agents::learner::NamedTensor;
use innate_agents::streams::Streams;
use innate_agents::{Experience, Learner, LearnerContext, Memory};
use innate_nn::{Device, Input, InputSpec, Kind};
use safetensors::SafeTensors;

const BATCH: usize = 8;
const STATE: usize = 4;

/// The dense network of the golden file, trained with Adam; its target is refreshed after five updates.
const OPTIONS: &str = "
    network.layers = [{ type = 'dense', units = 16 }, { type = 'dense', units = 16, activation = 'tanh' }]
    optimiser = 'adam'
    lr = 1e-2
    gamma = 0.99
    loss = 'huber'
    target_every = 5
    clip_gradient = 0.0
";

fn numbers(file: &SafeTensors<'_>, name: &str) -> Vec<f32> {
    let bytes = file.tensor(&format!("dense.{name}")).expect(name).data();
    bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

fn assert_close(found: &[f32], expected: &[f32], allowed: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= allowed * (0.1 + expected.abs()), "{what}: {found}, PyTorch {expected}");
    }
}

#[test]
fn ten_updates_of_the_learner_are_those_of_pytorch() {
    let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/nn/golden/dqn_update.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let input = InputSpec { name: "observation".into(), kind: Kind::F32, shape: vec![STATE] };
    let context = LearnerContext {
        pays: &["extrinsic"],
        memory: Memory::Replay,
        slots: 1,
        area: "body",
        inputs: &[input],
        actions: 2,
        batch: BATCH,
        device: Device::Cpu,
        streams: Streams::new(0),
    };
    let mut dqn = Dqn::new(toml::from_str::<DqnOptions>(OPTIONS).unwrap(), &context).unwrap();
    let mut weights = dqn.save().unwrap().weights;
    for NamedTensor { name, values, .. } in &mut weights {
        *values = numbers(&file, name);
    }
    dqn.load_weights(&weights).unwrap();

    let (before, after, rewards) = (numbers(&file, "before"), numbers(&file, "after"), numbers(&file, "rewards"));
    let actions = file.tensor("dense.actions").unwrap().data().as_chunks().0;
    let actions: Vec<i64> = actions.iter().map(|&bytes| i64::from_le_bytes(bytes)).collect();
    let truncated = [0; 10 * BATCH];
    let terminated = file.tensor("dense.terminated").unwrap().data().to_vec();
    for update in 0..10 {
        let rows = update * BATCH..(update + 1) * BATCH;
        let states = rows.start * STATE..rows.end * STATE;
        dqn.learn(&Experience {
            slot: 0,
            size: BATCH,
            before: &[Input::F32(&before[states.clone()])],
            after: &[Input::F32(&after[states])],
            actions: &actions[rows.clone()],
            rewards: &rewards[rows.clone()],
            discounts: &[0.99; BATCH],
            weights: &[1.0; BATCH],
            terminated: &terminated[rows.clone()],
            truncated: &truncated[rows],
        })
        .unwrap();
        let check = |dqn: &mut Dqn, golden: &str, allowed: f32| {
            for tensor in dqn.save().unwrap().weights {
                if let Some(name) = tensor.name.strip_prefix("online.") {
                    assert_close(&tensor.values, &numbers(&file, &format!("{golden}.{name}")), allowed, name);
                }
            }
        };
        match update {
            0 => {
                assert_close(dqn.targets(), &numbers(&file, "first.targets"), 1e-5, "TD targets");
                check(&mut dqn, "adam.1", 1e-5);
            }
            9 => check(&mut dqn, "adam.10", 1e-4),
            _ => {}
        }
    }
}
