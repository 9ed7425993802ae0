//! Mover events as other signals read them.

use crate::signal::SignalError;
use innate_envs::{ArraySpec, Kind};

/// The percept of the events recognised in this step: rows of [`Event`], unused ones 0.
pub(crate) const EVENTS: &str = "mover.events";
/// Numbers of a row.
pub(crate) const ROW: usize = 6;
/// Steps after motion entered at which what moves is well in place.
pub const SEEN: usize = 3;

/// Something moved where a moving thing had come to a still place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Event {
    /// Middle of the motion [`SEEN`] steps after it entered, in pixels.
    pub(crate) mover: (f32, f32),
    /// Middle of the cells that changed, in pixels.
    pub(crate) changed: (f32, f32),
    /// Steps since motion entered: the mean over the cells, each as much as it tells.
    pub(crate) age: usize,
}

impl Event {
    /// Refuses a percept that does not hold events.
    ///
    /// # Errors
    /// It has another shape.
    pub(crate) fn check(percept: &ArraySpec) -> Result<(), SignalError> {
        match *percept.shape.as_slice() {
            [_, ROW] if percept.kind == Kind::F32 => Ok(()),
            _ => {
                let said = format!("`{}` has the shape {:?}, expected [events, {ROW}]", percept.name, percept.shape);
                Err(SignalError::new(said))
            }
        }
    }
}

/// The events in the percept.
pub(crate) fn events(percept: &[f32]) -> impl Iterator<Item = Event> + '_ {
    percept.chunks_exact(ROW).filter(|row| row[5] > 0.0).map(|row| Event {
        mover: (row[0], row[1]),
        changed: (row[2], row[3]),
        age: row[4].max(0.0).round() as usize,
    })
}
