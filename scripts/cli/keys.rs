//! `innate keys`: the reference of the run file, from the doc comments of the configuration itself.

use super::{Failure, say};
use documented::DocumentedFields;
use innate_agents::dqn::DqnOptions;
use innate_agents::exploration::Exploration;
use innate_agents::run::{
    AreaConfig, CheckpointConfig, EnvConfig, EvaluationConfig, LogConfig, ReplayConfig, RunConfig,
};

/// Prints every key of a run file, table by table.
pub(super) fn keys() -> Result<(), Failure> {
    table::<RunConfig>("");
    table::<EnvConfig>("env");
    table::<ReplayConfig>("replay");
    table::<AreaConfig>("area.NAME");
    table::<DqnOptions>("area.NAME  (learner = \"dqn\")");
    table::<Exploration>("area.NAME.exploration  (learner = \"dqn\")");
    table::<EvaluationConfig>("evaluation");
    table::<CheckpointConfig>("checkpoint");
    table::<LogConfig>("log");
    say("\nThe defaults of a run are in its folder, in config.toml, which holds every key as resolved.");
    Ok(())
}

fn table<T: DocumentedFields>(path: &str) {
    if !path.is_empty() {
        say(&format!("\n[{path}]"));
    }
    for (name, doc) in T::FIELD_NAMES.iter().zip(T::FIELD_DOCS) {
        say(&format!("  {name:<18} {}", doc.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
}
