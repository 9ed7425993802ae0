//! Options of a part (an environment, a signal, a learner) as they stand in a run file, decoded strictly.
//!
//! A key that the part does not know is refused with the nearest key that it does know.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use std::path::PathBuf;

/// A table of a run file that does not fit the part it is meant for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct OptionError {
    /// The full path of the offending key, such as `env.cells`.
    pub key: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a key of a run file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The key itself is not known.
    #[error("unknown key{}", suggestion(found, allowed))]
    UnknownKey {
        /// The last part of the key found.
        found: String,
        /// The keys that are known there.
        allowed: Vec<String>,
    },
    /// The key takes one of a few values, and this is none of them.
    #[error("unknown value `{found}`{}", suggestion(found, allowed))]
    UnknownValue {
        /// The value found.
        found: String,
        /// The values allowed.
        allowed: Vec<String>,
    },
    /// Anything else, in a sentence: what was found and what is allowed.
    #[error("{0}")]
    Other(String),
}

impl OptionError {
    /// The key `key` is wrong as the sentence `problem` says.
    pub fn new(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { key: key.into(), problem: Problem::Other(problem.into()) }
    }

    /// Adds keys that are known at the same place, though to another part.
    pub fn also_allow(&mut self, keys: &[&str]) {
        if let Problem::UnknownKey { allowed, .. } = &mut self.problem {
            allowed.extend(keys.iter().map(|key| key.to_string()));
        }
    }
}

/// "; did you mean `x`? (allowed: x, y)".
fn suggestion(found: &str, allowed: &[String]) -> String {
    let near = nearest(found, allowed.iter().map(String::as_str));
    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    let listing = if allowed.is_empty() { "it takes none".into() } else { format!("allowed: {}", allowed.join(", ")) };
    format!("{near} ({listing})")
}

/// The options of a part that has none: every key is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoOptions {}

/// Decodes `table`, which stands at the path `at` of the run file, into the options `T`.
///
/// # Errors
/// A key unknown to `T` (with the nearest spelling), a value of the wrong type, or one out of range.
pub fn decode<T: DeserializeOwned>(table: &toml::Table, at: &str) -> Result<T, OptionError> {
    let value = toml::Value::Table(table.clone());
    serde_path_to_error::deserialize(value).map_err(|error| {
        let inner = error.path().to_string();
        let message = error.into_inner().message().to_string();
        explain(at, if inner == "." { "" } else { &inner }, &message)
    })
}

/// The options `T` as a table, defaults filled in: what the resolved run file shows.
pub fn encode<T: Serialize>(options: &T) -> Result<toml::Table, OptionError> {
    toml::Table::try_from(options).map_err(|error| OptionError::new("", error.to_string()))
}

/// The path from the root, so that a run finds its files again from wherever it is resumed: for `deserialize_with`.
///
/// # Errors
/// It is no path, or there is no current directory.
pub fn absolute<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    std::path::absolute(PathBuf::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// A program's path from the root; one that is named without a folder is left to be found on the `PATH`.
pub(crate) fn absolute_program<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    let path = PathBuf::deserialize(deserializer)?;
    if path.components().count() == 1 {
        return Ok(path);
    }
    std::path::absolute(path).map_err(D::Error::custom)
}

/// The candidate nearest to `word`, if one is near enough to be a slip of the keyboard.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 3)
        .map(|(_, candidate)| candidate)
}

/// Turns serde's words for one error into a key path and a problem.
fn explain(at: &str, inner: &str, message: &str) -> OptionError {
    let key = |path: &[&str]| path.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(".");
    let mut names = message.split('`').skip(1).step_by(2).map(str::to_string);
    if message.starts_with("unknown field") {
        let found = names.next().unwrap_or_default();
        let outer = inner.strip_suffix(found.as_str()).map_or(inner, |outer| outer.trim_end_matches('.'));
        let path = key(&[at, outer, &found]);
        return OptionError { key: path, problem: Problem::UnknownKey { found, allowed: names.collect() } };
    }
    if message.starts_with("unknown variant") {
        let found = names.next().unwrap_or_default();
        return OptionError {
            key: key(&[at, inner]),
            problem: Problem::UnknownValue { found, allowed: names.collect() },
        };
    }
    if message.starts_with("missing field") {
        let missing = names.next().unwrap_or_default();
        return OptionError::new(key(&[at, inner, &missing]), "it must be given and is not there");
    }
    // A Rust type tells a user nothing.
    let said = message.lines().next().unwrap_or_default();
    let said = said.split_once("expected struct ").map_or(said.into(), |(found, _)| format!("{found}expected a table"));
    OptionError::new(key(&[at, inner]), said)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[derive(Debug, serde::Serialize, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Options {
        cells: usize,
        #[serde(default)]
        mode: Mode,
    }

    #[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Mode {
        #[default]
        Loop,
        End,
    }

    fn fault(text: &str) -> String {
        decode::<Options>(&text.parse().unwrap(), "env").unwrap_err().to_string()
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_spelling() {
        assert_eq!(fault("cells = 1\ncell = 3"), "env.cell: unknown key; did you mean `cells`? (allowed: cells, mode)");
    }

    #[test]
    fn an_unknown_value_names_its_key_and_what_is_allowed() {
        assert_eq!(
            fault("cells = 1\nmode = 'lop'"),
            "env.mode: unknown value `lop`; did you mean `loop`? (allowed: loop, end)"
        );
    }

    #[test]
    fn a_missing_key_is_named() {
        assert_eq!(fault("mode = 'end'"), "env.cells: it must be given and is not there");
    }

    #[test]
    fn a_number_where_a_table_belongs_is_told_so() {
        #[derive(Debug, serde::Deserialize)]
        struct Outer {
            #[expect(dead_code, reason = "it is only decoded")]
            inner: Options,
        }
        let said = decode::<Outer>(&"inner = 3".parse().unwrap(), "env").unwrap_err().to_string();
        assert_eq!(said, "env.inner: invalid type: integer `3`, expected a table");
    }

    #[test]
    fn a_wrong_type_names_its_key() {
        assert!(fault("cells = 'many'").starts_with("env.cells: invalid type"), "{}", fault("cells = 'many'"));
    }
}
