//! What an area of two actions says of one slot of a stack: no (action 0) or yes (action 1).

use crate::signal::SignalError;
use innate_envs::ArraySpec;

/// Numbers of a row: the decision, and what is expected of either action.
pub(crate) const ROW: usize = 3;

/// One row of `<area>/<stack>`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Verdict {
    /// Whether the area decided for yes.
    pub(crate) yes: bool,
    /// How much more it expects of yes than of no.
    pub(crate) margin: f32,
}

impl Verdict {
    /// The verdict in `row`, `[decision, no, yes]`.
    pub(crate) fn of(row: &[f32]) -> Self {
        Self { yes: row[0] > 0.5, margin: row[2] - row[1] }
    }
}

/// Refuses decisions of `area` that say something else than no or yes.
///
/// # Errors
/// They do.
pub(crate) fn check(decisions: &ArraySpec, area: &str) -> Result<(), SignalError> {
    match *decisions.shape.as_slice() {
        [_, ROW] => Ok(()),
        _ => Err(SignalError::new(format!("the area `{area}` must have choices = 2: no and yes"))),
    }
}
