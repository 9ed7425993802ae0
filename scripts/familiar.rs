//! Where a key stands that somebody looked for elsewhere: under the name that another platform has for it, or in another table.

use documented::DocumentedFields;
use innate_agents::dqn::DqnOptions;
use innate_agents::run::{AreaConfig, EnvConfig, EvaluationConfig, ReplayConfig};

/// What Stable-Baselines3, CleanRL and Gymnasium call it, and where it stands here.
const FAMILIAR: [(&str, &str); 21] = [
    ("batch_size", "area.body.batch"),
    ("buffer_size", "replay.capacity"),
    ("env_id", "env.id"),
    ("epsilon", "area.body.exploration"),
    ("eval_freq", "evaluation.every"),
    ("exploration_final_eps", "area.body.exploration"),
    ("exploration_fraction", "area.body.exploration"),
    ("exploration_initial_eps", "area.body.exploration"),
    ("gradient_steps", "area.body.updates_per_round"),
    ("learning_rate", "area.body.lr"),
    ("max_grad_norm", "area.body.clip_gradient"),
    ("n_envs", "env.slots"),
    ("n_eval_episodes", "evaluation.episodes"),
    ("n_steps", "area.body.n_step"),
    ("net_arch", "area.body.network"),
    ("num_envs", "env.slots"),
    ("policy_kwargs", "area.body.network"),
    ("target_network_frequency", "area.body.target_every"),
    ("target_update_interval", "area.body.target_every"),
    ("total_timesteps", "steps"),
    ("train_freq", "steps_per_round"),
];

/// The key that somebody who wrote `key` may have meant, if it is not `key` itself.
pub(crate) fn meant(key: &str) -> Option<String> {
    let name = key.rsplit('.').next().unwrap_or(key);
    let tables = [
        ("area.body", AreaConfig::FIELD_NAMES),
        ("area.body", DqnOptions::FIELD_NAMES),
        ("replay", ReplayConfig::FIELD_NAMES),
        ("env", EnvConfig::FIELD_NAMES),
        ("evaluation", EvaluationConfig::FIELD_NAMES),
    ];
    let familiar = FAMILIAR.iter().find(|(theirs, _)| *theirs == name).map(|(_, ours)| (*ours).to_string());
    let elsewhere =
        || tables.iter().find(|(_, names)| names.contains(&name)).map(|(table, _)| format!("{table}.{name}"));
    familiar.or_else(elsewhere).filter(|ours| ours != key)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::run_file::RunFile;

    #[test]
    fn every_familiar_name_leads_to_a_key_that_is_there() {
        for (theirs, ours) in FAMILIAR {
            let mut file = RunFile::find("cartpole").unwrap();
            // A value of no type that a key has: the answer tells whether the key is known.
            file.set(ours, "1979-05-27").unwrap();
            let said = file.config().map_err(|error| error.to_string()).and_then(|config| {
                innate_agents::Plan::new(config, crate::standard()).map(drop).map_err(|error| error.to_string())
            });
            assert!(!said.as_ref().unwrap_err().contains("unknown key"), "{theirs}: {said:?}");
        }
    }

    #[test]
    fn a_key_of_another_table_is_found_there() {
        assert_eq!(meant("gamma").unwrap(), "area.body.gamma");
        assert_eq!(meant("area.body.storage").unwrap(), "replay.storage");
        assert_eq!(meant("area.body.learning_rate").unwrap(), "area.body.lr");
        assert_eq!(meant("area.body.gamma"), None);
        assert_eq!(meant("nonsense"), None);
    }
}
