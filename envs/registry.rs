//! Registries: a name, one line of what it is, and how to build it from a table of the run file.
//!
//! The same registry serves environments, signals and learners, so that adding one touches one new file and one line.

use crate::options::{self, OptionError, nearest};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Builds a product from its name and its options, which stand at a path of the run file, and gives back the options as
/// resolved (defaults filled in).
type Build<P> = dyn Fn(&str, &toml::Table, &str) -> Result<(P, toml::Table), RegistryError> + Send + Sync;

/// Products by name.
pub struct Registry<P> {
    what: &'static str,
    entries: Vec<Entry<P>>,
}

/// One line of a registry.
pub struct Entry<P> {
    /// The name by which a run file asks for it; of a family, what its names begin with.
    pub name: String,
    /// Whether it is one product, or a family of them.
    pub kind: EntryKind,
    /// One line: what it is.
    pub summary: String,
    build: Box<Build<P>>,
}

/// Whether an entry is one product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// One, of the entry's name.
    Single,
    /// One for each name that begins with the entry's.
    Family,
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
        self.add(name, EntryKind::Single, summary, move |_, options| build(options))
    }

    /// Adds a family: an entry for every name that begins with `prefix`. `build` gets what follows the prefix.
    pub fn register_family<T, E>(
        &mut self,
        prefix: &str,
        summary: &str,
        build: impl Fn(&str, T) -> Result<P, E> + Send + Sync + 'static,
    ) -> &mut Self
    where
        T: Serialize + DeserializeOwned + Clone,
        E: std::fmt::Display,
    {
        let begins = prefix.to_string();
        let build = move |name: &str, options| build(name.strip_prefix(begins.as_str()).unwrap_or(name), options);
        self.add(prefix, EntryKind::Family, summary, build)
    }

    fn add<T, E>(
        &mut self,
        name: &str,
        kind: EntryKind,
        summary: &str,
        build: impl Fn(&str, T) -> Result<P, E> + Send + Sync + 'static,
    ) -> &mut Self
    where
        T: Serialize + DeserializeOwned + Clone,
        E: std::fmt::Display,
    {
        let build = move |name: &str, table: &toml::Table, at: &str| {
            let options: T = options::decode(table, at)?;
            let resolved = options::encode(&options)?;
            let product = build(name, options)
                .map_err(|reason| RegistryError::Build { name: name.into(), reason: reason.to_string() })?;
            Ok((product, resolved))
        };
        self.entries.retain(|entry| entry.name != name);
        self.entries.push(Entry { name: name.into(), kind, summary: summary.into(), build: Box::new(build) });
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
        let entry = self.entry(name).ok_or_else(|| {
            let labels: Vec<String> = self.entries.iter().map(Entry::label).collect();
            let hint = nearest(name, labels.iter().map(String::as_str)).map(Into::into);
            RegistryError::Unknown { what: self.what, name: name.into(), hint, known: labels.join(", ") }
        })?;
        (entry.build)(name, table, at)
    }

    /// The entry of `name`; one of its own goes before a family.
    fn entry(&self, name: &str) -> Option<&Entry<P>> {
        let single = self.entries.iter().find(|entry| entry.kind == EntryKind::Single && entry.name == name);
        let belongs = |entry: &&Entry<P>| name.len() > entry.name.len() && name.starts_with(&entry.name);
        let mut families = self.entries.iter().filter(|entry| entry.kind == EntryKind::Family);
        single.or_else(|| families.find(belongs))
    }
}

impl<P> Entry<P> {
    /// The name as people are shown it.
    pub fn label(&self) -> String {
        match self.kind {
            EntryKind::Single => self.name.clone(),
            EntryKind::Family => format!("{}ID", self.name),
        }
    }
}
