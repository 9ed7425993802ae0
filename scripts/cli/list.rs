//! `innate list`.

use super::{Failure, say, say_json};
use crate::run_file::RunFile;
use innate_agents::Registries;
use serde_json::{Value, json};

/// Lists everything that a run can be made of.
pub(super) fn list(registries: &Registries, as_json: bool) -> Result<(), Failure> {
    fn of<P>(registry: &innate_envs::Registry<P>) -> Vec<(String, &str)> {
        registry.entries().iter().map(|entry| (entry.label(), entry.summary.as_str())).collect()
    }
    let known = RunFile::known();
    let runs = known.iter().map(|(name, summary)| (name.clone(), summary.as_str())).collect();
    let sections: [(&str, Vec<(String, &str)>); 4] = [
        ("environments", of(&registries.envs)),
        ("signals", of(&registries.signals)),
        ("learners", of(&registries.learners)),
        ("runs", runs),
    ];
    if as_json {
        let entries = |list: &[(String, &str)]| -> Value {
            list.iter().map(|(name, summary)| json!({ "name": name, "summary": summary })).collect()
        };
        let all: serde_json::Map<_, _> =
            sections.iter().map(|(title, list)| (title.to_string(), entries(list))).collect();
        say_json(&all.into());
        return Ok(());
    }
    for (title, list) in sections {
        say(title);
        list.iter().for_each(|(name, summary)| say(&format!("  {name:<16} {summary}")));
    }
    Ok(())
}
