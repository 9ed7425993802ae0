//! An environment written against the trait of gymnasium-rs, trained by a program that registers it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![cfg(feature = "gymnasium-rs")]

use innate::agents::{Checkpoint, Mode, Outcome, Plan, RunConfig, RunFolder, Trainer, evaluate};
use innate::envs::TimeLimit;
use innate::envs::gymnasium_rs::gymnasium_rs::core::{Env, Info, Options, Reward, Space};
use innate::envs::gymnasium_rs::{Adapter, SpaceError};
use innate::envs::options::decode;
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A corridor of seven cells: from the middle to the right end, which pays 1, or the left one, which pays nothing.
struct Corridor {
    cell: i32,
}

impl Corridor {
    const LAST: i32 = 6;

    fn seen(&self) -> Vec<f32> {
        (0..=Self::LAST).map(|cell| f32::from(u8::from(cell == self.cell))).collect()
    }
}

impl Env<Vec<f32>, i32> for Corridor {
    fn observation_space(&self) -> Space {
        let length = Self::LAST as usize + 1;
        Space::Box { low: vec![0.0; length].into(), high: vec![1.0; length].into() }
    }

    fn action_space(&self) -> Space {
        Space::Discrete(2)
    }

    fn reset(&mut self, _: Option<i32>, _: Options) -> (Vec<f32>, Info) {
        self.cell = Self::LAST / 2;
        (self.seen(), Info::new())
    }

    fn step(&mut self, action: i32) -> (Vec<f32>, Reward, bool, bool, Info) {
        self.cell += if action == 1 { 1 } else { -1 };
        let reward = if self.cell == Self::LAST { 1.0 } else { 0.0 };
        (self.seen(), reward, self.cell == 0 || self.cell == Self::LAST, false, Info::new())
    }

    fn render(&self) -> Option<innate::envs::gymnasium_rs::ndarray::Array3<u8>> {
        None
    }

    fn close(&mut self) {}
}

struct Quiet;

impl innate::agents::trainer::Observer for Quiet {
    fn warn(&mut self, message: &str) {
        panic!("{message}");
    }
}

const RUN: &str = r#"
steps = 4000
steps_per_round = 40
env = { id = "corridor", slots = 4 }
evaluation = { every = 0 }

[area.body]
network = { hidden = [32] }
lr = 5e-3
gamma = 0.8
learning_starts = 200
updates_per_round = 10
target_every = 20
exploration = { from = 1.0, to = 0.1, steps = 2000 }
"#;

#[test]
fn an_environment_of_theirs_is_learned() {
    let registries = || {
        let mut registries = innate::standard();
        registries.envs.register("corridor", "walk to the right", |_: innate::NoOptions| {
            let env = Adapter::new("corridor", Corridor { cell: 0 })?;
            let env = TimeLimit::new(env, const { NonZeroU32::new(20).unwrap() });
            Ok::<_, SpaceError>(Box::new(env) as Box<dyn innate::envs::Env>)
        });
        registries
    };
    let config: RunConfig = decode(&RUN.parse().unwrap(), "").unwrap();
    let plan = Arc::new(Plan::new(config, registries()).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let run = RunFolder::new(folder.path());
    let mut trainer = Trainer::new(plan.clone()).unwrap();
    assert_eq!(trainer.train(&run, &mut Quiet, &AtomicBool::new(false)).unwrap(), Outcome::Done);
    let checkpoint = Checkpoint::open(&folder.path().join("latest")).unwrap();
    let mut watch = |_: &innate::agents::evaluation::Scene<'_>| ControlFlow::Continue(());
    let score = |mode, watch: &mut _| evaluate(&plan, &checkpoint, mode, 50, 0, watch).unwrap().mean_return();
    assert_eq!(score(Mode::Greedy, &mut watch), 1.0);
    assert!(score(Mode::Random, &mut watch) < 0.8);
}
