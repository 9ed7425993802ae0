//! `innate keys`: the reference of the run file, from the doc comments of the configuration itself.

use super::{Failure, say};
use documented::DocumentedFields;
use innate_agents::agrel::AgrelOptions;
use innate_agents::augment::AugmentOptions;
use innate_agents::brainprop::BrainpropOptions;
use innate_agents::dqn::DqnOptions;
use innate_agents::exploration::Exploration;
use innate_agents::perturbation::PerturbationOptions;
use innate_agents::run::{
    AreaConfig, CheckpointConfig, EnvConfig, EvaluationConfig, LogConfig, ReplayConfig, RunConfig,
};
use innate_envs::options::{decode, encode};
use innate_envs::tasks::{
    CategoryOptions, ClassificationOptions, CountingOptions, DigitsOptions, MnistOptions, ParityOptions,
    ProbabilisticOptions, SaccadeOptions, TwelveAxOptions, VibrotactileOptions,
};
use innate_envs::video::VideoOptions;
use innate_rewards::motion::MotionOptions;
use innate_rewards::optical_flow::FlowConfig;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Prints every key of a run file, table by table.
pub(super) fn keys() -> Result<(), Failure> {
    table::<RunConfig>("", "steps = 0\nenv = {}\narea = {}")?;
    table::<EnvConfig>("env", "id = ''")?;
    table::<VideoOptions>("env  (id = \"video\")", "path = 'film.gif'")?;
    table::<ClassificationOptions>("env  (id = \"XOR\")", "")?;
    table::<ParityOptions>("env  (id = \"Parity\")", "")?;
    table::<CountingOptions>("env  (id = \"Counting\")", "")?;
    table::<DigitsOptions>("env  (id = \"Digits\")", "")?;
    table::<MnistOptions>("env  (id = \"MNIST\")", "path = 'mnist'")?;
    table::<SaccadeOptions>("env  (id = \"Saccade\")", "")?;
    table::<ProbabilisticOptions>("env  (id = \"ProbabilisticClassification\")", "")?;
    table::<CategoryOptions>("env  (id = \"DelayedMatchToCategory\")", "")?;
    table::<VibrotactileOptions>("env  (id = \"Vibrotactile\")", "")?;
    table::<TwelveAxOptions>("env  (id = \"12AX\")", "")?;
    table::<FlowConfig>("signals.flow", "")?;
    table::<MotionOptions>("signals.motion", "")?;
    table::<ReplayConfig>("replay", "")?;
    table::<AreaConfig>("area.NAME", "")?;
    table::<DqnOptions>("area.NAME  (learner = \"dqn\")", "")?;
    table::<Exploration>("area.NAME.exploration  (learner = \"dqn\")", "")?;
    table::<AgrelOptions>("area.NAME  (learner = \"agrel\")", "")?;
    table::<BrainpropOptions>("area.NAME  (learner = \"brainprop\")", "")?;
    table::<AugmentOptions>("area.NAME  (learner = \"augment\")", "")?;
    table::<PerturbationOptions>("area.NAME  (learner = \"perturbation\")", "")?;
    table::<EvaluationConfig>("evaluation", "")?;
    table::<CheckpointConfig>("checkpoint", "")?;
    table::<LogConfig>("log", "")
}

/// Prints the keys of one table with their defaults; `required` holds those that have none.
fn table<T: DocumentedFields + Serialize + DeserializeOwned>(path: &str, required: &str) -> Result<(), Failure> {
    let required: toml::Table = required.parse().map_err(Failure::failed)?;
    let defaults = encode(&decode::<T>(&required, "").map_err(Failure::failed)?).map_err(Failure::failed)?;
    if !path.is_empty() {
        say(&format!("\n[{path}]"));
    }
    for (name, doc) in T::FIELD_NAMES.iter().zip(T::FIELD_DOCS) {
        let default = match defaults.get(*name) {
            _ if required.contains_key(*name) => " (required)".into(),
            Some(toml::Value::Table(inner)) if inner.is_empty() => String::new(),
            Some(value) => format!(" [default: {value}]"),
            None => String::new(),
        };
        say(&format!("  {name:<18} {}{default}", doc.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
    Ok(())
}
