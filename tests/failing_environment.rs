//! An environment that fails in the middle of a run: the run saves itself first, and can go on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use innate::agents::{Checkpoint, Outcome, Plan, Registries, RunConfig, RunFolder, TrainError, Trainer};
use innate::envs::options::decode;
use innate::envs::{ArraySpec, Discrete, Env, EnvError, EnvSpec, Observation, Step};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Counts its steps; fails in step `fuse` of all its copies together, once.
struct Fuse {
    spec: EnvSpec,
    step: u32,
    left: Arc<AtomicU64>,
}

impl Fuse {
    fn show(&self, observation: &mut Observation) {
        if let Some(numbers) = observation.arrays[0].as_f32_mut() {
            numbers[0] = self.step as f32;
        }
    }
}

impl Env for Fuse {
    fn spec(&self) -> &EnvSpec {
        &self.spec
    }
    fn reset(&mut self, _: Option<u64>, observation: &mut Observation) -> Result<(), EnvError> {
        self.step = 0;
        self.show(observation);
        Ok(())
    }
    fn step(&mut self, _: usize, observation: &mut Observation) -> Result<Step, EnvError> {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            return Err(EnvError::Outside { env: "fuse".into(), reason: "it blew".into() });
        }
        self.step += 1;
        self.show(observation);
        Ok(Step { reward: 1.0, terminated: false, truncated: self.step == 50 })
    }
    fn save(&self) -> Option<Vec<u8>> {
        None
    }
    fn load(&mut self, _: &[u8]) -> Result<(), EnvError> {
        Err(self.spec.bad_state("it has none"))
    }
}

const RUN: &str = r#"
steps = 1600
steps_per_round = 80
env = { id = "fuse", slots = 4 }
evaluation = { every = 0 }
checkpoint = { every = 0 }

[area.body]
network = { hidden = [8] }
learning_starts = 200
updates_per_round = 4
"#;

struct Quiet;

impl innate::agents::trainer::Observer for Quiet {
    fn warn(&mut self, message: &str) {
        panic!("{message}");
    }
}

#[test]
fn the_run_saves_itself_and_goes_on() {
    for actors in ["0", "2"] {
        let left = Arc::new(AtomicU64::new(701));
        let registries = || -> Registries {
            let (mut registries, left) = (innate::standard(), left.clone());
            registries.envs.register("fuse", "fails once", move |_: innate::NoOptions| {
                let spec = EnvSpec {
                    id: "fuse".into(),
                    observation: vec![ArraySpec::f32("observation", &[1], 0.0, 50.0)],
                    actions: Discrete::named(["a", "b"]),
                    max_episode_steps: None,
                    reward_threshold: None,
                };
                Ok::<_, EnvError>(Box::new(Fuse { spec, step: 0, left: left.clone() }) as Box<dyn Env>)
            });
            registries
        };
        let plan = || {
            let config: RunConfig = decode(&format!("actors = {actors}\n{RUN}").parse().unwrap(), "").unwrap();
            Arc::new(Plan::new(config, registries()).unwrap())
        };
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::new(folder.path());
        let mut trainer = Trainer::new(plan()).unwrap();
        let error = trainer.train(&run, &mut Quiet, &AtomicBool::new(false)).unwrap_err();
        assert_eq!(error.to_string(), "fuse: it blew");
        // The step that failed is number 701: in the ninth round of 80, which is whole but for one slot.
        let TrainError::Saved { step: 720, .. } = error else { panic!("{error:?}") };
        drop(trainer);
        let checkpoint = Checkpoint::open(&folder.path().join("latest")).unwrap();
        let (mut trainer, _) = Trainer::resume(plan(), &run, &checkpoint).unwrap();
        assert_eq!(trainer.step(), 720);
        let told = trainer.describe();
        assert!(told.iter().any(|line| line.starts_with("4 environments cannot be restored")), "{told:?}");
        let kept = told.iter().find(|line| line.starts_with("replay:")).unwrap();
        assert!(kept.contains("transitions"), "{kept}");
        let done = trainer.train(&run, &mut Quiet, &AtomicBool::new(false)).unwrap();
        assert_eq!((done, trainer.step()), (Outcome::Done, 1600));
    }
}
