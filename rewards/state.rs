//! How signals save what they hold.

use crate::signal::SignalError;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// `state` as bytes.
pub(crate) fn save<T: Serialize + ?Sized>(state: &T) -> Vec<u8> {
    postcard::to_stdvec(state).unwrap_or_default()
}

/// What [`save`] was given.
///
/// # Errors
/// The bytes are of something else.
pub(crate) fn load<T: DeserializeOwned>(saved: &[u8]) -> Result<T, SignalError> {
    postcard::from_bytes(saved).map_err(|error| SignalError::new(format!("its saved state does not fit: {error}")))
}

/// Numbers that [`save`] was given, as many as are there already.
///
/// # Errors
/// The bytes are of something else, or there are more or fewer numbers.
pub(crate) fn load_numbers(saved: &[u8], numbers: &mut [f32]) -> Result<(), SignalError> {
    let found: Vec<f32> = load(saved)?;
    if found.len() != numbers.len() {
        let said = format!("its saved state holds {} numbers, expected {}", found.len(), numbers.len());
        return Err(SignalError::new(said));
    }
    numbers.copy_from_slice(&found);
    Ok(())
}
