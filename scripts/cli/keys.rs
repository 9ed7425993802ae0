//! `innate keys`: the reference of the run file, from the doc comments of the configuration itself.

use super::{Failure, say};
use documented::DocumentedFields;
use innate_agents::agrel::AgrelOptions;
use innate_agents::augment::AugmentOptions;
use innate_agents::brainprop::BrainpropOptions;
use innate_agents::dqn::{Categorical, DqnOptions, Munchausen, Quantile};
use innate_agents::exploration::Exploration;
use innate_agents::perturbation::PerturbationOptions;
use innate_agents::run::{
    AreaConfig, CheckpointConfig, EnvConfig, EvaluationConfig, LogConfig, Prioritised, ReplayConfig, RunConfig,
};
use innate_envs::classic::ClassicOptions;
use innate_envs::gym::{AtariOptions, FrameOptions, GymOptions};
use innate_envs::minatar::MinAtarOptions;
use innate_envs::nursery::{Distractors, Mix, NurseryOptions};
use innate_envs::options::{decode, encode};
use innate_envs::tasks::{
    CategoryOptions, ClassificationOptions, CountingOptions, DigitsOptions, MnistOptions, ParityOptions,
    ProbabilisticOptions, SaccadeOptions, TwelveAxOptions, VibrotactileOptions,
};
use innate_envs::video::VideoOptions;
use innate_envs::worlds::{DeepSeaOptions, KeyDoorOptions, NoisyTvOptions};
use innate_rewards::agreement::AgreementOptions;
use innate_rewards::context::ContextOptions;
use innate_rewards::face::FaceOptions;
use innate_rewards::gaze::GazeOptions;
use innate_rewards::hand::HandOptions;
use innate_rewards::joint_attention::JointAttentionOptions;
use innate_rewards::map::MapOptions;
use innate_rewards::motion::MotionOptions;
use innate_rewards::mover::MoverOptions;
use innate_rewards::optical_flow::FlowConfig;
use innate_rewards::passing::PassingOptions;
use innate_rewards::places::PlacesOptions;
use innate_rewards::track::TrackOptions;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Prints every key of a run file, table by table.
pub(super) fn keys() -> Result<(), Failure> {
    table::<RunConfig>("", "steps = 0\nenv = {}\narea = {}")?;
    table::<EnvConfig>("env", "id = ''")?;
    table::<ClassicOptions<500>>("env  (id = \"CartPole-v1\" and its like)", "")?;
    table::<MinAtarOptions>("env  (id = \"MinAtar/…\")", "")?;
    table::<DeepSeaOptions>("env  (id = \"deep-sea\")", "")?;
    table::<KeyDoorOptions>("env  (id = \"key-door\")", "")?;
    table::<NoisyTvOptions>("env  (id = \"noisy-tv\")", "")?;
    table::<GymOptions>("env  (id = \"gym:…\")", "")?;
    table::<AtariOptions>("env.atari  (id = \"gym:ALE/…\")", "")?;
    table::<FrameOptions>("env.frame  (id = \"gym:…\")", "width = 0\nheight = 0")?;
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
    table::<NurseryOptions>("env  (id = \"nursery\")", "")?;
    table::<Mix>("env.mix  (id = \"nursery\")", "")?;
    table::<Distractors>("env.distractors  (id = \"nursery\")", "")?;
    table::<FlowConfig>("signals.flow", "")?;
    table::<MotionOptions>("signals.motion", "")?;
    table::<MoverOptions>("signals.mover", "")?;
    table::<PassingOptions>("signals.passing", "")?;
    table::<TrackOptions>("signals.track", "")?;
    table::<PlacesOptions>("signals.places", "")?;
    table::<HandOptions>("signals.hand", "")?;
    table::<ContextOptions>("signals.context", "")?;
    table::<AgreementOptions>("signals.agreement", "")?;
    table::<MapOptions>("signals.map", "")?;
    table::<FaceOptions>("signals.face", "")?;
    table::<GazeOptions>("signals.gaze", "")?;
    table::<JointAttentionOptions>("signals.joint-attention", "")?;
    table::<ReplayConfig>("replay", "")?;
    table::<AreaConfig>("area.NAME", "")?;
    table::<Prioritised>("area.NAME.prioritised", "")?;
    table::<DqnOptions>("area.NAME  (learner = \"dqn\")", "")?;
    table::<Categorical>("area.NAME.distribution  (type = \"categorical\")", "")?;
    table::<Quantile>("area.NAME.distribution  (type = \"quantile\")", "")?;
    table::<Munchausen>("area.NAME.munchausen  (learner = \"dqn\")", "")?;
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
