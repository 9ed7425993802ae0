//! Perceptual areas and development: who is paid learns, who is not stays as it is to the bit, and competence opens and closes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use innate::agents::trainer::Observer;
use innate::agents::{Checkpoint, Plan, RunConfig, RunFolder, Trainer};
use innate::envs::truth::Truth;
use innate::envs::{Array, ArraySpec, Env, EnvError, EnvSpec, Observation, Step};
use innate::nn::Random;
use innate::rewards::{Declaration, Moment, Pay, Purse, Reads, Signal, SignalError};
use innate::run_file::RunFile;
use innate::{NoOptions, Registries};
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Shows coins of three numbers and pays an area for telling on which side of 0 the first one lies.
#[derive(serde::Serialize, serde::Deserialize)]
struct Coins {
    stack: String,
    area: String,
    random: Random,
}

const SLOTS: usize = 4;

impl Coins {
    fn new(stack: &str, area: &str) -> Self {
        Self { stack: stack.into(), area: area.into(), random: Random::seed_from_u64(0) }
    }
}

impl Signal for Coins {
    fn declare(&self) -> Declaration {
        Declaration {
            writes: vec![self.stack.clone(), format!("{}.count", self.stack)],
            awaits: vec![self.stack.clone(), format!("{}/{}", self.area, self.stack)],
            pay: Pay::Trials,
            trials: vec![self.stack.clone()],
            metrics: vec!["coins".into(), "right".into()],
            ..Declaration::default()
        }
    }
    fn bind(&mut self, _: &[ArraySpec]) -> Result<Vec<ArraySpec>, SignalError> {
        let count = format!("{}.count", self.stack);
        Ok(vec![ArraySpec::f32(&self.stack, &[SLOTS, 3], -1.0, 1.0), ArraySpec::f32(&count, &[1], 0.0, SLOTS as f32)])
    }
    fn seed(&mut self, random: Random) {
        self.random = random;
    }
    fn perceive(&mut self, _: Reads<'_>, writes: &mut [Array]) -> Result<(), SignalError> {
        let (coins, count) = writes.split_at_mut(1);
        coins[0].as_f32_mut().unwrap().fill_with(|| self.random.random_range(-1.0..1.0));
        count[0].as_f32_mut().unwrap()[0] = self.random.random_range(0..=SLOTS) as f32;
        Ok(())
    }
    fn pay(&mut self, moment: Moment<'_>, purse: &mut Purse) -> Result<(), SignalError> {
        let (coins, decided) = (moment.after.f32(0)?, moment.after.f32(1)?);
        for (slot, (coin, row)) in coins.chunks_exact(3).zip(decided.chunks_exact(3)).enumerate() {
            if row.iter().any(|&number| number != 0.0) {
                let right = f64::from(u8::from((coin[0] > 0.0) == (row[0] == 1.0)));
                purse.pay_trial(0, slot, right);
                purse.note("right", right);
                purse.count("coins", 1.0);
            }
        }
        Ok(())
    }
    fn save(&self) -> Vec<u8> {
        serde_json::to_vec(&self.random).unwrap()
    }
    fn load(&mut self, state: &[u8]) -> Result<(), SignalError> {
        self.random = serde_json::from_slice(state).map_err(|error| SignalError::new(error.to_string()))?;
        Ok(())
    }
}

fn registries() -> Registries {
    let mut registries = innate::standard();
    for (name, area) in [("coins", "hand"), ("noise", "other")] {
        registries.signals.register(name, "coins", move |_: NoOptions| {
            Ok::<_, SignalError>(Box::new(Coins::new(name, area)) as Box<dyn Signal>)
        });
    }
    registries
}

/// A body on CartPole and an area that looks at coins, with `extra` keys of the run, of the area, and tables.
fn run_file(run: &str, area: &str, tables: &str) -> String {
    format!(
        "steps = 4096\nsteps_per_round = 64\n{run}\nevaluation = {{ every = 2048, episodes = 2 }}\n\
         checkpoint = {{ every = 1024, keep = 9 }}\nlog = {{ every = 64 }}\n\
         [env]\nid = 'CartPole-v1'\nslots = 2\n[signals.coins]\n\
         [area.body]\nnetwork = {{ hidden = [8] }}\nlearning_starts = 64\nupdates_per_round = 1\nbatch = 8\n\
         [area.hand]\nlearner = 'brainprop'\nchoices = 2\nview = ['coins']\nmemory = 'queue'\nbatch = 4\n\
         network = {{ hidden = [16] }}\npay = {{ coins = 1.0 }}\n{area}\n{tables}"
    )
}

/// Trains in a folder of its own; its points by tag.
fn train(text: &str, folder: &Path) -> Points {
    let mut trainer = Trainer::new(plan(text).unwrap()).unwrap();
    let mut points = Points::default();
    trainer.train(&RunFolder::new(folder), &mut points, &AtomicBool::new(false)).unwrap();
    points
}

fn plan(text: &str) -> Result<Arc<Plan>, String> {
    let config: RunConfig = toml::from_str(text).map_err(|error| error.to_string())?;
    Plan::new(config, registries()).map(Arc::new).map_err(|error| error.to_string())
}

#[derive(Default)]
struct Points {
    curves: BTreeMap<String, Vec<(u64, f64)>>,
}

impl Observer for Points {
    fn warn(&mut self, message: &str) {
        panic!("{message}");
    }
    fn points(&mut self, step: u64, points: &[(String, f64)]) {
        points.iter().for_each(|(tag, value)| self.curves.entry(tag.clone()).or_default().push((step, *value)));
    }
}

impl Points {
    fn last(&self, tag: &str) -> f64 {
        self.curves[tag].last().unwrap().1
    }
}

/// The weights of `area` in the checkpoint of `step`.
fn weights(folder: &Path, step: u64, area: &str) -> Vec<(String, Vec<f32>)> {
    let checkpoint = Checkpoint::open(&folder.join(format!("checkpoints/step-{step}"))).unwrap();
    let tensors = checkpoint.tensors("weights.safetensors").unwrap().into_iter();
    tensors.filter(|tensor| tensor.name.starts_with(area)).map(|tensor| (tensor.name, tensor.values)).collect()
}

fn home() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_perceptual_area_learns_from_what_its_trials_are_paid() {
    let points = train(&run_file("", "", ""), home().path());
    assert!(points.last("signal/coins/right") > 0.9, "{:?}", points.curves["signal/coins/right"]);
    // Every trial is learned from once, in batches of 4, but for those of the last round and what made no whole batch.
    let left = points.last("signal/coins/coins") - 4.0 * points.last("area/hand/n_updates");
    assert!((0.0..=(64 * SLOTS + 2 * 3) as f64).contains(&left), "{left}");
}

#[test]
fn trials_are_remembered_and_sampled_too() {
    let area = "memory = 'replay'\nlearning_starts = 64\nupdates_per_round = 32";
    let points = train(&run_file("", "", "").replace("memory = 'queue'", area), home().path());
    assert!(points.last("signal/coins/right") > 0.9, "{:?}", points.curves["signal/coins/right"]);
}

#[test]
fn thread_count_and_interruption_change_no_bit_of_a_perceptual_area() {
    let files = |folder: &Path| Checkpoint::open(&folder.join("latest")).unwrap().manifest.files;
    let whole = home();
    train(&run_file("actors = 0", "", ""), whole.path());
    let threaded = home();
    train(&run_file("actors = 2", "", ""), threaded.path());
    assert_eq!(files(whole.path()), files(threaded.path()));
    let checkpoint = Checkpoint::open(&threaded.path().join("checkpoints/step-2048")).unwrap();
    let folder = RunFolder::new(threaded.path());
    let (mut trainer, _) =
        Trainer::resume(plan(&run_file("actors = 1", "", "")).unwrap(), &folder, &checkpoint).unwrap();
    trainer.train(&folder, &mut Points::default(), &AtomicBool::new(false)).unwrap();
    assert_eq!(files(whole.path()), files(threaded.path()));
}

const OTHER: &str = "[signals.noise]\n[area.other]\nlearner = 'agrel'\nchoices = 2\nview = ['noise']\nmemory = 'queue'\nbatch = 4\n\
                     pay = { noise = 1.0 }\n";

#[test]
fn a_channel_scoped_elsewhere_changes_no_weight() {
    let (alone, beside) = (home(), home());
    train(&run_file("", "", ""), alone.path());
    train(&run_file("", "", OTHER), beside.path());
    for area in ["body", "hand"] {
        assert_eq!(weights(alone.path(), 4096, area), weights(beside.path(), 4096, area), "{area}");
    }
    assert_ne!(weights(beside.path(), 1024, "other"), weights(beside.path(), 4096, "other"));
}

#[test]
fn an_area_that_is_not_open_changes_no_weight() {
    let folder = home();
    train(&run_file("", "opens = 'step >= 1_000_000'", ""), folder.path());
    assert_eq!(weights(folder.path(), 1024, "hand"), weights(folder.path(), 4096, "hand"));
    let learnt = home();
    train(&run_file("", "", ""), learnt.path());
    assert_eq!(weights(folder.path(), 4096, "body"), weights(learnt.path(), 4096, "body"));
}

#[test]
fn what_came_before_an_area_opened_it_never_learns_from() {
    let folder = home();
    let every_round = "checkpoint = { every = 64, keep = 99 }";
    let text =
        run_file("", "opens = 'step >= 1024'", "").replace("checkpoint = { every = 1024, keep = 9 }", every_round);
    train(&text.replace("steps = 4096", "steps = 1152"), folder.path());
    // The round from 1024 on could learn from the one before alone, in which the area was closed.
    assert_eq!(weights(folder.path(), 1088, "hand"), weights(folder.path(), 1024, "hand"));
    assert_ne!(weights(folder.path(), 1152, "hand"), weights(folder.path(), 1024, "hand"));
}

#[test]
fn competence_closes_an_area_for_good_and_what_it_does_stays() {
    let folder = home();
    let points = train(&run_file("", "closes = 'coins.right >= 0.85'", ""), folder.path());
    let closed = points.curves["area/hand/learns"].iter().find(|point| point.1 == 0.0).unwrap().0;
    assert!((64..3072).contains(&closed), "{closed}");
    let kept = closed.div_ceil(1024) * 1024;
    assert_eq!(weights(folder.path(), kept, "hand"), weights(folder.path(), 4096, "hand"));
    assert!(points.last("signal/coins/right") > 0.8);
}

#[test]
fn pay_opens_by_competence_and_fades_in() {
    let pay = "pay = { extrinsic = { weight = 2.0, opens = 'coins.coins >= 1000', fade = 512 } }\n[area.hand]";
    let points = train(&run_file("", "", "").replace("[area.hand]", pay), home().path());
    let weights = &points.curves["pay/body/extrinsic"];
    let events = &points.curves["signal/coins/coins"];
    let opened = events.iter().find(|point| point.1 >= 1000.0).unwrap().0;
    for &(step, weight) in weights {
        let expected = 2.0 * (step.saturating_sub(opened) as f64 / 512.0).min(1.0);
        assert!((weight - expected).abs() < 1e-9, "step {step}: {weight} and not {expected}");
    }
}

#[test]
fn a_lesioned_signal_is_silent_and_its_area_stays_as_it_is() {
    let folder = home();
    let points = train(&run_file("lesions = ['coins']", "", ""), folder.path());
    assert!(!points.curves.contains_key("signal/coins/right"));
    assert_eq!(weights(folder.path(), 1024, "hand"), weights(folder.path(), 4096, "hand"));
}

#[test]
fn what_does_not_fit_together_is_refused_in_a_sentence() {
    let refusal = |text: String| plan(&text).err().unwrap();
    let said = refusal(run_file("lesions = ['coin']", "", ""));
    assert!(said.contains("did you mean `coins`?"), "{said}");
    let said = refusal(run_file("", "opens = 'coins.rigth >= 0.9'", ""));
    assert!(said.contains("did you mean `coins.right`?"), "{said}");
    let said = refusal(run_file("", "", "").replace("memory = 'queue'", "memory = 'online'"));
    assert!(said.contains("area.hand.memory"), "{said}");
    let said = refusal(run_file("", "", "").replace("pay = { coins = 1.0 }", "pay = { extrinsic = 1.0 }"));
    assert!(said.contains("pays steps of the body"), "{said}");
    let said = refusal(run_file("", "", "").replace("[area.hand]", "pay = { coins = 1.0 }\n[area.hand]"));
    assert!(said.contains("pays trials of coins"), "{said}");
    let said = refusal(run_file("", "", "").replace("choices = 2", "choices = 9223372036854775807"));
    assert!(said.contains("area.hand.choices") && said.contains("at most 4096"), "{said}");
    let said = refusal(run_file("", "capacity = 6", ""));
    assert!(said.contains("area.hand.capacity"), "{said}");
    let said = refusal(run_file("", "", "").replace("choices = 2\n", ""));
    assert!(said.contains("one area moves the body"), "{said}");
    let said = refusal(run_file("", "", "").replace("[area.body]", "[area.'bo/dy']"));
    assert!(said.contains("`bo/dy` is no name of an area (letters, digits, - and _)"), "{said}");
    let said = refusal(run_file("", "", "").replace("pay = { coins = 1.0 }\n", ""));
    assert!(said.contains("say which signals pay"), "{said}");
}

/// A nursery in which nobody may ask for the truth.
struct Secretive(Box<dyn Env>);

impl Env for Secretive {
    fn spec(&self) -> &EnvSpec {
        self.0.spec()
    }
    fn reset(&mut self, seed: Option<u64>, observation: &mut Observation) -> Result<(), EnvError> {
        self.0.reset(seed, observation)
    }
    fn step(&mut self, action: usize, observation: &mut Observation) -> Result<Step, EnvError> {
        self.0.step(action, observation)
    }
    fn save(&self) -> Option<Vec<u8>> {
        self.0.save()
    }
    fn load(&mut self, state: &[u8]) -> Result<(), EnvError> {
        self.0.load(state)
    }
    fn truth(&self) -> Option<Truth> {
        panic!("somebody asked for the truth")
    }
}

/// The run `nursery`, short, in the environment `env`.
fn nursery(env: &str, steps: u64) -> RunConfig {
    let mut file = RunFile::find("nursery").unwrap();
    let changes = [
        ("env.id", env.to_string()),
        ("env.slots", "2".into()),
        ("steps", steps.to_string()),
        ("evaluation.every", steps.to_string()),
        ("evaluation.episodes", "1".into()),
        ("checkpoint.every", "512".into()),
        ("area.body.learning_starts", "256".into()),
    ];
    changes.iter().for_each(|(key, value)| file.set(key, value).unwrap());
    file.config().unwrap()
}

fn secretive() -> Registries {
    let mut registries = innate::standard();
    registries.envs.register("secretive", "a nursery without truth", |options: toml::Table| {
        let built = innate::envs::standard().build("nursery", &options, "env");
        built.map(|(env, _)| Box::new(Secretive(env)) as Box<dyn Env>)
    });
    registries
}

#[test]
fn a_development_never_asks_for_the_truth_and_is_the_same_without_it() {
    let files = |config: RunConfig| {
        let folder = home();
        let plan = Arc::new(Plan::new(config, secretive()).unwrap());
        Trainer::new(plan)
            .unwrap()
            .train(&RunFolder::new(folder.path()), &mut Points::default(), &AtomicBool::new(false))
            .unwrap();
        Checkpoint::open(&folder.path().join("latest")).unwrap().manifest.files
    };
    assert_eq!(files(nursery("secretive", 1_024)), files(nursery("nursery", 1_024)));
}

#[test]
fn a_development_resumes_bit_for_bit() {
    let config = || {
        let mut config = nursery("nursery", 1_536);
        // A stack of faces that come and go: what of it is not there now is not of the past.
        let view = config.area.get_mut("body").unwrap()["view"].as_array_mut().unwrap();
        view.push("gaze.faces".into());
        config
    };
    let files = |folder: &Path| Checkpoint::open(&folder.join("latest")).unwrap().manifest.files;
    let train = |trainer: &mut Trainer, folder: &Path| {
        trainer.train(&RunFolder::new(folder), &mut Points::default(), &AtomicBool::new(false)).unwrap();
    };
    let plan = || Arc::new(Plan::new(config(), innate::standard()).unwrap());
    let (whole, again) = (home(), home());
    train(&mut Trainer::new(plan()).unwrap(), whole.path());
    train(&mut Trainer::new(plan()).unwrap(), again.path());
    let checkpoint = Checkpoint::open(&again.path().join("checkpoints/step-1024")).unwrap();
    let (mut trainer, _) = Trainer::resume(plan(), &RunFolder::new(again.path()), &checkpoint).unwrap();
    train(&mut trainer, again.path());
    assert_eq!(files(whole.path()), files(again.path()));
}
