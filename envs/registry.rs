//! Registries: a name, one line of what it is, and how to build it from a table of the run file.
//!
//! The same registry serves environments, signals and learners, so that adding one touches one new file and one line.

use crate::options::{self, OptionError, nearest};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Builds a product from its options and gives back the options as resolved (defaults filled in).
type Build<P> = dyn Fn(&toml::Table, &str) -> Result<(P, toml::Table), RegistryError> + Send + Sync;

/// Products by name.
pub struct Registry<P> {
    what: &'static str,
    entries: Vec<Entry<P>>,
}

/// One line of a registry.
pub struct Entry<P> {
    /// The name by which a run file asks for it.
    pub name: String,
    /// One line: what it is.
    pub summary: String,
    build: Box<Build<P>>,
}

/// Why a product could not be built.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// No entry has this name.
    #[error("there is no {what} `{name}`{hint} (known: {known})", hint = hint.as_ref().map(|h| format!("; did you mean `{h}`?")).unwrap_or_default())]
    Unknown {
        /// What was asked for: "environment", "signal", …
        what: &'static str,
        /// The name found.
        name: String,
        /// The nearest known name.
        hint: Option<String>,
        /// All known names.
        known: String,
    },
    /// Its options do not fit it.
    #[error(transparent)]
    Options(#[from] OptionError),
    /// Its options fit, but it could not be built from them.
    #[error("{name}: {reason}")]
    Build {
        /// The name of the entry.
        name: String,
        /// A sentence.
        reason: String,
    },
}

impl<P> Registry<P> {
    /// An empty registry of `what` ("environment", "signal", …).
    pub fn new(what: &'static str) -> Self {
        Self { what, entries: Vec::new() }
    }

    /// Adds an entry; one of the same name is replaced. `T` are its options, `build` makes it from them.
    pub fn register<T, E>(
        &mut self,
        name: &str,
        summary: &str,
        build: impl Fn(T) -> Result<P, E> + Send + Sync + 'static,
    ) -> &mut Self
    where
        T: Serialize + DeserializeOwned + Clone,
        E: std::fmt::Display,
    {
        let owner = name.to_string();
        let build = move |table: &toml::Table, at: &str| {
            let options: T = options::decode(table, at)?;
            let resolved = options::encode(&options)?;
            let product = build(options)
                .map_err(|reason| RegistryError::Build { name: owner.clone(), reason: reason.to_string() })?;
            Ok((product, resolved))
        };
        self.entries.retain(|entry| entry.name != name);
        self.entries.push(Entry { name: name.into(), summary: summary.into(), build: Box::new(build) });
        self
    }

    /// The entries, in the order in which they were registered.
    pub fn entries(&self) -> &[Entry<P>] {
        &self.entries
    }

    /// Builds `name` from `table`, which stands at the path `at` of the run file; with it come the resolved options.
    ///
    /// # Errors
    /// An unknown name, options that do not fit, or a product that cannot be built.
    pub fn build(&self, name: &str, table: &toml::Table, at: &str) -> Result<(P, toml::Table), RegistryError> {
        let entry = self.entries.iter().find(|entry| entry.name == name).ok_or_else(|| {
            let names = || self.entries.iter().map(|entry| entry.name.as_str());
            RegistryError::Unknown {
                what: self.what,
                name: name.into(),
                hint: nearest(name, names()).map(Into::into),
                known: names().collect::<Vec<_>>().join(", "),
            }
        })?;
        (entry.build)(table, at)
    }
}
