//! A run: one training, described by one TOML file. The doc comment of each key is its reference: `innate keys` prints it.

use crate::learner::{LearnerPlan, Memory};
use documented::DocumentedFields;
use innate_envs::options::{OptionError, Problem, absolute, decode};
use innate_envs::wrappers::{FrameSkip, StickyActions};
use innate_envs::{Env, Registry, RegistryError};
use innate_nn::DeviceSpec;
use innate_rewards::{Condition, PayEntry, Signal};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;

/// The run file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct RunConfig {
    /// The seed from which every random stream of the run is derived.
    #[serde(default = "one")]
    pub seed: u64,
    /// Environment steps to train for, over all slots; rounded up to whole rounds.
    pub steps: u64,
    /// Environment steps in a round, over all slots: actors take them while the learner learns from what came before.
    #[serde(default = "default_round")]
    pub steps_per_round: u64,
    /// Actor threads: "auto" (one for each core but the learner's), or a number; 0 acts in the learner's thread. The
    /// number changes the speed and not one bit of the result.
    #[serde(default)]
    pub actors: Actors,
    /// Where learning is computed: "cpu", "cuda", "cuda:N", or "auto" (CUDA if it is there).
    #[serde(default)]
    pub device: DeviceSpec,
    /// The environment: `id`, `slots` (copies stepped side by side) and its own options.
    pub env: toml::Table,
    /// Signals beside `extrinsic`: `[signals.NAME]` with its options; `type` names the signal if NAME does not.
    #[serde(default)]
    pub signals: BTreeMap<String, toml::Table>,
    /// What is remembered.
    #[serde(default)]
    pub replay: ReplayConfig,
    /// Signals that are switched off for good, by name: they pay nothing, and what they write stays 0.
    #[serde(default)]
    pub lesions: Vec<String>,
    /// The learners: `[area.NAME]`. One moves the body; the others, those with `choices`, decide what it is that is perceived.
    pub area: BTreeMap<String, toml::Table>,
    /// Periodic greedy evaluation.
    #[serde(default)]
    pub evaluation: EvaluationConfig,
    /// Checkpoints.
    #[serde(default)]
    pub checkpoint: CheckpointConfig,
    /// Curves.
    #[serde(default)]
    pub log: LogConfig,
}

fn one() -> u64 {
    1
}

fn default_round() -> u64 {
    256
}

/// `[env]`: which environment, and how many copies of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct EnvConfig {
    /// The environment's id; `innate list` shows them.
    pub id: String,
    /// Copies that are stepped side by side; `steps_per_round` must be a multiple of it.
    #[serde(default = "one_slot")]
    pub slots: usize,
    /// Steps of the environment that an action lasts; their rewards are summed.
    #[serde(default = "one_step")]
    pub frame_skip: NonZeroU32,
    /// Probability, in each step of the environment, that the action taken before is taken again, 0 to 1.
    #[serde(default)]
    pub sticky_actions: f64,
}

impl EnvConfig {
    /// `env` with what these keys put around it.
    pub(crate) fn wrap(&self, env: Box<dyn Env>) -> Box<dyn Env> {
        let sticky = self.sticky_actions;
        let env: Box<dyn Env> = if sticky == 0.0 { env } else { Box::new(StickyActions::new(env, sticky)) };
        if self.frame_skip.get() == 1 { env } else { Box::new(FrameSkip::new(env, self.frame_skip)) }
    }
}

fn one_slot() -> usize {
    1
}

fn one_step() -> NonZeroU32 {
    NonZeroU32::MIN
}

/// `[replay]`: what is remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct ReplayConfig {
    /// Transitions that the replay holds, over all slots; the oldest make room for the newest.
    pub capacity: usize,
    /// Where observations are kept: "memory", or "disk": in files of the run's folder, of which the system keeps in memory what it has
    /// room for. It changes not one bit of the result.
    pub storage: Storage,
    /// Rows of a file where `storage` is "disk"; of each environment slot one file is in memory.
    pub segment: usize,
    /// A file of transitions that are remembered from the start, as `innate export` writes it; it must fit into memory.
    #[serde(deserialize_with = "from_the_root", skip_serializing_if = "Option::is_none")]
    pub import: Option<PathBuf>,
    /// Whether nothing is lived: the run learns from `import` alone, as often in `steps` as if it took them.
    pub offline: bool,
}

/// The path of a file that is given, from the root.
fn from_the_root<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    absolute(deserializer).map(Some)
}

impl Default for ReplayConfig {
    fn default() -> Self {
        Self { capacity: 100_000, storage: Storage::Memory, segment: 1_024, import: None, offline: false }
    }
}

/// Where observations are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Storage {
    /// In memory.
    Memory,
    /// In files of the run's folder.
    Disk,
}

/// `[evaluation]`: periodic greedy evaluation, on environments and random streams of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluationConfig {
    /// Environment steps between two evaluations; 0: none.
    pub every: u64,
    /// Episodes of each evaluation.
    pub episodes: usize,
    /// Episodes of the last evaluation, of the best checkpoint, at the end of training; 0: none.
    pub final_episodes: usize,
    /// Probability of a random action in place of the greedy one, 0 to 1 (published Atari scores: 0.05).
    pub exploration_rate: f64,
    /// Options of the environment that evaluations have instead of those of `[env]`, such as `{ split = "test" }`.
    pub env: toml::Table,
}

impl Default for EvaluationConfig {
    fn default() -> Self {
        Self { every: 5_000, episodes: 10, final_episodes: 100, exploration_rate: 0.0, env: toml::Table::new() }
    }
}

/// `[checkpoint]`: when to write one and how many to keep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct CheckpointConfig {
    /// Environment steps between two checkpoints; 0: at the end and on interruption alone.
    pub every: u64,
    /// Checkpoints kept, beside the best.
    pub keep: usize,
}

impl Default for CheckpointConfig {
    fn default() -> Self {
        Self { every: 10_000, keep: 2 }
    }
}

/// `[log]`: curves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// Environment steps between two points of a curve.
    pub every: u64,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { every: 1_000 }
    }
}

/// `[area.NAME]`: what every area has, whatever learns in it. The remaining keys are its learner's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct AreaConfig {
    /// Who learns; `innate list` shows the learners.
    #[serde(default = "default_learner")]
    pub learner: String,
    /// The percepts it sees, by name; all arrays of the observation if left out.
    #[serde(default)]
    pub view: Vec<String>,
    /// How many of the latest observations of its view an area that moves the body sees at once, oldest first along the first axis:
    /// 1 to 16. Each is remembered once.
    #[serde(default = "one_frame")]
    pub frames: usize,
    /// What it is paid: signal = weight, or a table that changes the weight over time.
    #[serde(default = "default_pay")]
    pub pay: BTreeMap<String, PayEntry>,
    /// How experience reaches the learner: "replay" (batches drawn at random), "queue" (every transition once, in order,
    /// a round late) or "online" (one at a time, before the next action; wants steps_per_round = env.slots).
    #[serde(default)]
    pub memory: Memory,
    /// Transitions per update; 1 where memory = "online".
    #[serde(default = "default_batch")]
    pub batch: usize,
    /// Updates in a round, where memory = "replay".
    #[serde(default = "default_updates")]
    pub updates_per_round: u64,
    /// Environment steps before the first update, where memory = "replay".
    #[serde(default = "default_learning_starts")]
    pub learning_starts: u64,
    /// Draws transitions by their TD errors, where memory = "replay": `{ alpha, beta, epsilon }`; `{}` for the usual ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prioritised: Option<Prioritised>,
    /// Choices of a perceptual area, whose view is then made of stacks; it decides on everything in them and learns from the
    /// decisions that are paid. 0: the area moves the body.
    #[serde(default)]
    pub choices: usize,
    /// Trials that a perceptual area remembers, over all slots. The body's transitions are in `[replay]`.
    #[serde(default = "default_capacity")]
    pub capacity: usize,
    /// A condition, such as "mover.events >= 200", before which the area learns nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens: Option<Condition>,
    /// A condition from which on the area is frozen: it decides as before, and not a bit of it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes: Option<Condition>,
}

/// Prioritised replay (Schaul et al. 2016): see [`innate_replay::priorities`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct Prioritised {
    /// How much priorities count: α, 0 (not at all) to 1.
    pub alpha: f64,
    /// How much of the bias that they bring is corrected at first: β, 0 to 1; it rises linearly to 1 at the run's end.
    pub beta: f64,
    /// What every error counts more: ε > 0.
    pub epsilon: f64,
}

impl Default for Prioritised {
    /// α = .6, β = .4 (Schaul et al. 2016, section 4), ε = 10⁻⁶.
    fn default() -> Self {
        Self { alpha: 0.6, beta: 0.4, epsilon: 1e-6 }
    }
}

impl Prioritised {
    /// β when a share `done` of the run is over.
    pub fn beta_at(&self, done: f64) -> f64 {
        self.beta + (1.0 - self.beta) * done.clamp(0.0, 1.0)
    }

    /// Whether it can be.
    ///
    /// # Errors
    /// The key, and a sentence that names its value and what is allowed.
    pub(crate) fn check(&self) -> Result<(), (&'static str, String)> {
        for (key, value) in [("alpha", self.alpha), ("beta", self.beta)] {
            // A comparison with NaN is false, so that NaN is refused as well.
            if !(0.0..=1.0).contains(&value) {
                return Err((key, format!("{value} must lie between 0 and 1")));
            }
        }
        if !(1e-12..=1e6).contains(&self.epsilon) {
            return Err(("epsilon", format!("{} must lie between 1e-12 and 1e6", self.epsilon)));
        }
        Ok(())
    }
}

fn one_frame() -> usize {
    1
}

fn default_capacity() -> usize {
    20_000
}

fn default_learner() -> String {
    "dqn".into()
}

fn default_pay() -> BTreeMap<String, PayEntry> {
    BTreeMap::from([(innate_rewards::EXTRINSIC.into(), PayEntry::constant(1.0))])
}

fn default_batch() -> usize {
    32
}

fn default_updates() -> u64 {
    64
}

fn default_learning_starts() -> u64 {
    1_000
}

/// Number of actor threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Actors {
    /// One for each core but the learner's, at least one.
    #[default]
    Auto,
    /// This many; 0 acts in the learner's thread.
    Threads(usize),
}

impl Actors {
    /// The number of threads for `slots` environment slots: no more threads than slots.
    pub fn threads(self, slots: usize) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        match self {
            Actors::Auto => cores.saturating_sub(1).max(1).min(slots),
            Actors::Threads(threads) => threads.min(slots),
        }
    }
}

impl std::str::FromStr for Actors {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse::<usize>()) {
            ("auto", _) => Ok(Actors::Auto),
            (_, Ok(threads)) if threads <= 1024 => Ok(Actors::Threads(threads)),
            _ => Err(format!("actors = {text} must be \"auto\" or a number from 0 to 1024")),
        }
    }
}

impl Serialize for Actors {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Actors::Auto => serializer.serialize_str("auto"),
            Actors::Threads(threads) => serializer.serialize_u64(*threads as u64),
        }
    }
}

impl<'de> Deserialize<'de> for Actors {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => text,
            other => other.to_string(),
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a run can be made of: environments, signals and learners by name.
pub struct Registries {
    /// Environments.
    pub envs: Registry<Box<dyn Env>>,
    /// Signals.
    pub signals: Registry<Box<dyn Signal>>,
    /// Learners.
    pub learners: Registry<LearnerPlan>,
}

/// A run file that cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A key or value that does not fit.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// An unknown name, or a part that cannot be built from its options.
    #[error("{at}: {source}")]
    Part {
        /// The path in the run file.
        at: String,
        /// What is wrong.
        source: RegistryError,
    },
    /// The signals do not form a bank.
    #[error("signals: {0}")]
    Bank(#[from] innate_rewards::BankError),
    /// The device is not there.
    #[error("device: {0}")]
    Device(#[from] innate_nn::DeviceError),
}

impl ConfigError {
    /// `key` is wrong as `message` says.
    pub fn at(key: impl Into<String>, message: impl Into<String>) -> Self {
        OptionError::new(key, message).into()
    }

    /// Whether it is about a key that is not known where it stands.
    pub fn is_unknown_key(&self) -> bool {
        matches!(self, Self::Option(OptionError { problem: Problem::UnknownKey { .. }, .. }))
    }

    /// What a registry said of the table at `at`, whose key `name` chose the entry; `also` are keys that stand in the same
    /// table and belong to another part.
    pub(crate) fn part(error: RegistryError, at: &str, name: &str, also: &[&str]) -> Self {
        match error {
            RegistryError::Options(mut error) => {
                error.also_allow(also);
                error.into()
            }
            unknown @ RegistryError::Unknown { .. } => {
                ConfigError::Part { at: format!("{at}.{name}"), source: unknown }
            }
            source => ConfigError::Part { at: at.into(), source },
        }
    }

    /// The path of the offending key, as far as it is known.
    pub fn key(&self) -> &str {
        match self {
            ConfigError::Option(error) => &error.key,
            ConfigError::Part { at, .. } => at,
            ConfigError::Bank(_) => "signals",
            ConfigError::Device(_) => "device",
        }
    }
}

/// Splits a table whose first keys are those of `T` and whose others belong to the part that `T` names.
pub(crate) fn split<T>(table: &toml::Table, at: &str) -> Result<(T, toml::Table), OptionError>
where
    T: serde::de::DeserializeOwned + DocumentedFields,
{
    let own = |key: &str| T::FIELD_NAMES.contains(&key);
    let (own, rest): (toml::Table, toml::Table) = table.clone().into_iter().partition(|(key, _)| own(key));
    Ok((decode(&own, at)?, rest))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn actors_are_auto_or_a_number() {
        assert_eq!("auto".parse(), Ok(Actors::Auto));
        assert_eq!("0".parse(), Ok(Actors::Threads(0)));
        assert!("many".parse::<Actors>().unwrap_err().contains("\"auto\" or a number"));
        assert!(Actors::Auto.threads(8) >= 1);
        assert_eq!(Actors::Threads(4).threads(2), 2);
    }

    #[test]
    fn common_keys_and_learner_keys_part_ways() {
        let table: toml::Table = "batch = 8\nlr = 0.1".parse().unwrap();
        let (area, rest): (AreaConfig, _) = split(&table, "area.body").unwrap();
        assert_eq!((area.batch, area.updates_per_round), (8, 64));
        assert_eq!(rest.to_string().trim(), "lr = 0.1");
    }
}
