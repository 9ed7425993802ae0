//! Run files: found by name or path, changed by `--set`, and refused with file, line and key when they do not fit.

use crate::familiar;
use innate_agents::{ConfigError, RunConfig};
use innate_envs::options::{decode, nearest};
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// The run files that come with the platform: name and text.
pub const STANDARD: [(&str, &str); 13] = [
    ("acrobot", include_str!("runs/acrobot.toml")),
    ("atari-dqn2013", include_str!("runs/atari-dqn2013.toml")),
    ("atari-nature", include_str!("runs/atari-nature.toml")),
    ("atari-pong", include_str!("runs/atari-pong.toml")),
    ("cartpole", include_str!("runs/cartpole.toml")),
    ("digits", include_str!("runs/digits.toml")),
    ("look", include_str!("runs/look.toml")),
    ("minatar-breakout", include_str!("runs/minatar-breakout.toml")),
    ("mountaincar", include_str!("runs/mountaincar.toml")),
    ("nursery", include_str!("runs/nursery.toml")),
    ("rainbow", include_str!("runs/rainbow.toml")),
    ("saccade", include_str!("runs/saccade.toml")),
    ("xor", include_str!("runs/xor.toml")),
];

/// Where a user's own run files are looked for by name.
const FOLDER: &str = "scripts/runs";

/// A run file as it was found.
#[derive(Clone, Debug)]
pub struct RunFile {
    /// The name of the run: the file's, without its ending.
    pub name: String,
    /// Where it was found, for messages.
    pub origin: String,
    text: String,
    table: toml::Table,
    changed: Vec<String>,
}

/// A run file that cannot be used: a sentence with file, line and key.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RunFileError(String);

impl RunFile {
    /// Finds the run file `name`: a path, the name of a file in `scripts/runs`, or one that comes with the platform.
    ///
    /// # Errors
    /// There is none, it cannot be read, or it is not TOML.
    pub fn find(name: &str) -> Result<Self, RunFileError> {
        let local = Path::new(FOLDER).join(format!("{name}.toml"));
        let path = [PathBuf::from(name), local].into_iter().find(|path| path.is_file());
        let Some(path) = path else {
            let Some((_, text)) = STANDARD.iter().find(|(standard, _)| *standard == name) else {
                let known = Self::known();
                let names = || known.iter().map(|(name, _)| name.as_str());
                let hint = nearest(name, names()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                let known = names().collect::<Vec<_>>().join(", ");
                return Err(RunFileError(format!(
                    "there is no file `{name}` and no run of that name{hint} (runs: {known})"
                )));
            };
            return Self::parse(name, &format!("{FOLDER}/{name}.toml"), text);
        };
        Self::open(&path)
    }

    /// Reads the run file at `path`.
    ///
    /// # Errors
    /// It cannot be read, or it is not TOML.
    pub fn open(path: &Path) -> Result<Self, RunFileError> {
        let origin = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| RunFileError(format!("{origin}: {error}")))?;
        let stem = path.file_stem().map_or("run".into(), |stem| stem.to_string_lossy());
        Self::parse(&stem, &origin, &text)
    }

    fn parse(name: &str, origin: &str, text: &str) -> Result<Self, RunFileError> {
        let table = text.parse::<toml::Table>().map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            RunFileError(format!("{origin}, line {line}: {}", error.message()))
        })?;
        Ok(Self { name: name.into(), origin: origin.into(), text: text.into(), table, changed: Vec::new() })
    }

    /// Sets the key at the path `key` (`area.body.lr`) to `value`, which is read as TOML, or else as a string.
    ///
    /// # Errors
    /// A part of the path is a value and not a table.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), RunFileError> {
        if key.split('.').any(str::is_empty) {
            return Err(RunFileError(format!("--set {key}={value}: expected KEY=VALUE, such as area.body.lr=1e-3")));
        }
        let parsed = format!("value = {value}").parse::<toml::Table>().ok().and_then(|mut table| table.remove("value"));
        let value = parsed.unwrap_or_else(|| toml::Value::String(value.into()));
        let (path, last) = key.rsplit_once('.').map_or((None, key), |(path, last)| (Some(path), last));
        let mut table = &mut self.table;
        for part in path.into_iter().flat_map(|path| path.split('.')) {
            let inner = table.entry(part).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            table = inner
                .as_table_mut()
                .ok_or_else(|| RunFileError(format!("--set {key}: `{part}` is a value and holds no keys")))?;
        }
        table.insert(last.into(), value);
        self.changed.push(key.into());
        Ok(())
    }

    /// The run that the file describes.
    ///
    /// # Errors
    /// An unknown key, a wrong type, a missing key.
    pub fn config(&self) -> Result<RunConfig, RunFileError> {
        decode(&self.table, "").map_err(|error| self.explain(&error.into()))
    }

    /// `error` with the place where its key stands: the file's line, or the command line.
    pub fn explain(&self, error: &ConfigError) -> RunFileError {
        let key = error.key();
        let meant = error.is_unknown_key().then(|| familiar::meant(key)).flatten();
        let hint = meant.map_or(String::new(), |meant| format!("; there is the key {meant}"));
        // The key itself, a table that holds it, or, where only the table is known, a key in it.
        let within = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'));
        let changed = |changed: &String| key == changed || within(key, changed) || within(changed, key);
        if self.changed.iter().any(changed) {
            return RunFileError(format!("command line: {error}{hint}"));
        }
        match self.line(key) {
            Some(line) => RunFileError(format!("{}, line {line}: {error}{hint}", self.origin)),
            None => RunFileError(format!("{}: {error}{hint}", self.origin)),
        }
    }

    /// The line of the key at `path`, or of the nearest table that holds it.
    fn line(&self, path: &str) -> Option<usize> {
        let root = DeTable::parse(&self.text).ok()?;
        let mut table = root.get_ref();
        let mut place = None;
        for part in path.split('.') {
            let Some((key, value)) = table.iter().find(|(key, _)| key.get_ref() == part) else { break };
            place = Some(key.span().start);
            match value.get_ref() {
                DeValue::Table(inner) => table = inner,
                _ => break,
            }
        }
        place.map(|place| line_of(&self.text, place))
    }

    /// The runs that `innate train NAME` knows, with what they say of themselves: those in `scripts/runs`, then those that
    /// come with the platform.
    pub fn known() -> Vec<(String, String)> {
        let entries = std::fs::read_dir(FOLDER).into_iter().flatten().flatten();
        let own = entries.filter_map(|entry| {
            let path = entry.path();
            let name = path.file_name()?.to_str()?.strip_suffix(".toml")?.to_string();
            Some((name, Self::summary(&std::fs::read_to_string(&path).ok()?).to_string()))
        });
        let standard = STANDARD.iter().map(|(name, text)| (name.to_string(), Self::summary(text).to_string()));
        let mut known: Vec<(String, String)> = own.chain(standard).collect();
        // Stable, so that of one name a user's own comes first and stays.
        known.sort_by(|a, b| a.0.cmp(&b.0));
        known.dedup_by(|a, b| a.0 == b.0);
        known
    }

    /// What the file says of itself in its first comment.
    pub fn summary(text: &str) -> &str {
        text.lines().next().and_then(|line| line.strip_prefix('#')).unwrap_or_default().trim()
    }
}

fn line_of(text: &str, place: usize) -> usize {
    text.bytes().take(place).filter(|&byte| byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use innate_agents::Plan;

    fn file(text: &str) -> RunFile {
        RunFile::parse("test", "test.toml", text).unwrap()
    }

    #[test]
    fn every_run_that_comes_with_the_platform_can_be_planned() {
        let python = concat!(env!("CARGO_MANIFEST_DIR"), "/.venv/bin/python");
        for (name, text) in STANDARD {
            let mut file = RunFile::parse(name, name, text).unwrap();
            if name.starts_with("atari") {
                if !Path::new(python).exists() {
                    eprintln!("skipped: {name} asks for Python (scripts/setup --dev)");
                    continue;
                }
                file.set("env.python", python).unwrap();
            }
            let config = file.config().unwrap();
            let plan = Plan::new(config, crate::standard()).unwrap();
            let resolved = toml::to_string(&plan.config).unwrap();
            let again = RunFile::parse(name, name, &resolved).unwrap().config().unwrap();
            assert_eq!(again, plan.config, "{name}: the resolved run file reads back as itself");
            assert!(!RunFile::summary(text).is_empty(), "{name} says what it is in its first line");
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_file_line_and_nearest_spelling() {
        let said = file("steps = 10\nsede = 2\n").config().unwrap_err().to_string();
        assert!(said.starts_with("test.toml, line 2: sede: unknown key; did you mean `seed`?"), "{said}");
    }

    #[test]
    fn set_changes_a_value_and_is_named_in_errors() {
        let mut run = file("steps = 10\n[env]\nid = 'CartPole-v1'\n[area.body]\n");
        run.set("area.body.batch", "64").unwrap();
        run.set("device", "cpu").unwrap();
        assert_eq!(run.config().unwrap().area["body"]["batch"].as_integer(), Some(64));
        run.set("steps", "many").unwrap();
        let said = run.config().unwrap_err().to_string();
        assert!(said.starts_with("command line: steps: invalid type: string"), "{said}");
        assert!(run.set("steps.deep", "1").is_err());
    }

    #[test]
    fn a_missing_run_is_answered_with_the_nearest_name() {
        let said = RunFile::find("cartpol").unwrap_err().to_string();
        assert!(said.contains("did you mean `cartpole`?"), "{said}");
    }
}
