//! Columns: what a transition consists of.
//!
//! ```text
//! bytes of a row of a column = size of an element · ∏ shape
//! ```
//!
//! How an episode ended is kept in two columns that every schema has, `terminated` and `truncated`: 0 or 1, never merged,
//! since a value may be bootstrapped after a truncation and must not be after a termination.

use crate::error::ReplayError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// The column that says whether a transition reached a terminal state.
pub(crate) const TERMINATED: &str = "terminated";
/// The column that says whether an episode was cut off after a transition.
pub(crate) const TRUNCATED: &str = "truncated";

/// The element type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Bytes: pictures, flags.
    U8,
    /// Single-precision numbers: measurements, rewards.
    F32,
    /// Whole numbers: actions.
    I64,
}

impl Kind {
    /// Bytes of one element.
    pub fn size(self) -> usize {
        match self {
            Kind::U8 => 1,
            Kind::F32 => 4,
            Kind::I64 => 8,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::U8 => "u8",
            Kind::F32 => "f32",
            Kind::I64 => "i64",
        })
    }
}

/// When a column has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Before and after each step: what is perceived. The value after is not stored twice.
    Observation,
    /// Once per transition: actions, raw rewards.
    Step,
}

/// One column: name, element type, shape of a row, and when it has a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnSpec {
    /// The name by which it is looked up, and called in files.
    pub name: String,
    /// The element type.
    pub kind: Kind,
    /// Shape of one row, slowest index first; `[]` is a single element.
    pub shape: Vec<usize>,
    /// When it has a value.
    pub role: Role,
    /// Of an observation: how many of the latest ones a batch shows together, 1 or more. Each is stored once all the same.
    #[serde(default = "one")]
    pub history: usize,
}

fn one() -> usize {
    1
}

impl ColumnSpec {
    /// A column with a value before and after each step.
    pub fn observation(name: &str, kind: Kind, shape: &[usize]) -> Self {
        Self { name: name.into(), kind, shape: shape.into(), role: Role::Observation, history: 1 }
    }

    /// The same, of which a batch shows the latest `history` together, oldest first: `[history, …shape]`. Before an episode's
    /// first observation stands that one again.
    pub fn with_history(self, history: usize) -> Self {
        Self { history, ..self }
    }

    /// A column with one value per transition.
    pub fn step(name: &str, kind: Kind, shape: &[usize]) -> Self {
        Self { name: name.into(), kind, shape: shape.into(), role: Role::Step, history: 1 }
    }

    /// Elements of one row, if a row can exist: no length is 0, its bytes can be counted, and only an observation has a history.
    fn elements(&self) -> Option<usize> {
        let elements = self.shape.iter().try_fold(1_usize, |product, &length| product.checked_mul(length))?;
        let bytes = elements.checked_mul(self.kind.size())?.checked_mul(self.history)?;
        let fits = self.role == Role::Observation || self.history == 1;
        (fits && bytes > 0 && isize::try_from(bytes).is_ok()).then_some(elements)
    }
}

/// The number of a column in its schema, counted from 0 in the order given to [`Schema::new`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ColumnId(pub usize);

/// The columns of a replay, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<ColumnSpec>", into = "Vec<ColumnSpec>")]
pub struct Schema {
    /// The columns given, then `terminated` and `truncated`.
    specs: Vec<ColumnSpec>,
    /// Elements of a row, by column.
    elements: Vec<usize>,
    /// The columns that are observations.
    observations: Vec<usize>,
}

impl Schema {
    /// The schema of `columns`, to which `terminated` and `truncated` come by themselves.
    ///
    /// # Errors
    /// Two columns have one name, a name is `terminated` or `truncated`, or a shape holds a 0 or too many elements.
    pub fn new(columns: Vec<ColumnSpec>) -> Result<Self, ReplayError> {
        let mut names = BTreeSet::new();
        for ColumnSpec { name, .. } in &columns {
            if name == TERMINATED || name == TRUNCATED {
                return Err(ReplayError::ReservedName { name: name.clone() });
            }
            if !names.insert(name) {
                return Err(ReplayError::DuplicateColumn { name: name.clone() });
            }
        }
        let mut specs = columns;
        specs.extend([TERMINATED, TRUNCATED].map(|name| ColumnSpec::step(name, Kind::U8, &[])));
        let shape = |spec: &ColumnSpec| ReplayError::Shape { name: spec.name.clone(), shape: spec.shape.clone() };
        let elements = specs.iter().map(|spec| spec.elements().ok_or_else(|| shape(spec)));
        let elements = elements.collect::<Result<Vec<_>, _>>()?;
        let observed = specs.iter().enumerate().filter(|(_, spec)| spec.role == Role::Observation);
        let observations = observed.map(|(column, _)| column).collect();
        Ok(Self { specs, elements, observations })
    }

    /// The columns given to [`Schema::new`], in order.
    pub fn columns(&self) -> &[ColumnSpec] {
        &self.specs[..self.terminated()]
    }

    /// The column called `name`.
    ///
    /// # Errors
    /// There is none; the error names those that there are.
    pub fn column(&self, name: &str) -> Result<ColumnId, ReplayError> {
        self.columns().iter().position(|spec| spec.name == name).map(ColumnId).ok_or_else(|| {
            let similarity = |spec: &&ColumnSpec| (strsim::jaro_winkler(&spec.name, name) * 1e6) as u64;
            let near = self.columns().iter().filter(|spec| similarity(spec) > 700_000).max_by_key(similarity);
            ReplayError::UnknownColumn {
                name: name.into(),
                hint: near.map(|spec| spec.name.clone()),
                known: self.names(),
            }
        })
    }

    /// What column `column` is.
    ///
    /// # Errors
    /// There is no such column.
    pub fn spec(&self, column: ColumnId) -> Result<&ColumnSpec, ReplayError> {
        let no_column = ReplayError::NoColumn { column: column.0, columns: self.columns().len() };
        self.columns().get(column.0).ok_or(no_column)
    }

    /// Column `column` is an observation of elements of type `asked`.
    pub(crate) fn check_observation(&self, column: ColumnId, asked: Kind) -> Result<(), ReplayError> {
        let spec = self.spec(column)?;
        if spec.role != Role::Observation {
            return Err(ReplayError::NotObserved { name: spec.name.clone() });
        }
        if spec.kind != asked {
            return Err(ReplayError::Kind { name: spec.name.clone(), kind: spec.kind, asked });
        }
        Ok(())
    }

    /// The columns' names, for messages.
    fn names(&self) -> String {
        self.columns().iter().map(|spec| spec.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// All columns, `terminated` and `truncated` among them.
    pub(crate) fn specs(&self) -> &[ColumnSpec] {
        &self.specs
    }

    /// Elements of a row of column `column`.
    pub(crate) fn elements(&self, column: usize) -> usize {
        self.elements[column]
    }

    /// Elements that a batch shows of column `column` for each transition.
    pub(crate) fn shown(&self, column: usize) -> usize {
        self.elements[column] * self.specs[column].history
    }

    /// Rows before the oldest one that must be kept, since it shows their observations.
    pub(crate) fn tail(&self) -> usize {
        self.specs.iter().map(|spec| spec.history - 1).max().unwrap_or(0)
    }

    /// Bytes of a row of column `column`.
    pub(crate) fn row_bytes(&self, column: usize) -> usize {
        self.elements[column] * self.specs[column].kind.size()
    }

    /// The columns that are observations.
    pub(crate) fn observations(&self) -> &[usize] {
        &self.observations
    }

    /// The column `terminated`.
    pub(crate) fn terminated(&self) -> usize {
        self.specs.len() - 2
    }

    /// The column `truncated`.
    pub(crate) fn truncated(&self) -> usize {
        self.specs.len() - 1
    }

    /// Whether `found` has the columns of `expected`. Parts of one run share their schema, which makes this cheap.
    pub(crate) fn check_same(expected: &Arc<Schema>, found: &Arc<Schema>) -> Result<(), ReplayError> {
        if Arc::ptr_eq(expected, found) || expected == found {
            return Ok(());
        }
        let told = |schema: &Schema| {
            let told = schema.columns().iter();
            let history =
                |spec: &ColumnSpec| if spec.history == 1 { String::new() } else { format!(" x {}", spec.history) };
            told.map(|spec| format!("{} {}{:?}{}", spec.name, spec.kind, spec.shape, history(spec)))
                .collect::<Vec<_>>()
                .join(", ")
        };
        Err(ReplayError::Schema { found: told(found), expected: told(expected) })
    }
}

impl TryFrom<Vec<ColumnSpec>> for Schema {
    type Error = ReplayError;

    fn try_from(columns: Vec<ColumnSpec>) -> Result<Self, ReplayError> {
        Self::new(columns)
    }
}

impl From<Schema> for Vec<ColumnSpec> {
    fn from(schema: Schema) -> Self {
        schema.columns().to_vec()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn said(columns: Vec<ColumnSpec>) -> String {
        Schema::new(columns).unwrap_err().to_string()
    }

    #[test]
    fn a_missing_column_is_named_with_the_nearest_and_with_all() {
        let frame = ColumnSpec::observation("frame", Kind::U8, &[4, 84, 84]);
        let schema = Schema::new(vec![frame, ColumnSpec::step("action/body", Kind::I64, &[])]).unwrap();
        assert_eq!(schema.column("action/body").unwrap(), ColumnId(1));
        let said = schema.column("frames").unwrap_err().to_string();
        assert_eq!(said, "there is no column `frames`; did you mean `frame`? (columns: frame, action/body)");
        assert!(!schema.column("zzz").unwrap_err().to_string().contains("did you mean"));
        assert!(schema.spec(ColumnId(2)).unwrap_err().to_string().contains("no column number 2: there are 2"));
    }

    #[test]
    fn columns_that_cannot_be_are_refused() {
        let step = |name: &str, shape: &[usize]| ColumnSpec::step(name, Kind::F32, shape);
        assert!(said(vec![step("a", &[]), step("a", &[])]).contains("two columns are called `a`"));
        assert!(said(vec![step("terminated", &[])]).contains("`terminated`"));
        assert!(said(vec![step("a", &[3, 0])]).contains("[3, 0]"));
        assert!(said(vec![step("a", &[usize::MAX, 2])]).contains("column `a`"));
    }

    #[test]
    fn a_schema_from_a_file_is_checked_like_any_other() {
        let schema = Schema::new(vec![ColumnSpec::observation("x", Kind::F32, &[2])]).unwrap();
        let text = serde_json::to_string(&schema).unwrap();
        assert_eq!(serde_json::from_str::<Schema>(&text).unwrap(), schema);
        assert!(serde_json::from_str::<Schema>(&text.replace("[2]", "[0]")).is_err());
    }
}
