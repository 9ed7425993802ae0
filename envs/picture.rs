//! A picture of an environment, for people: recordings and reports, never for the agent.

/// A colour picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green and blue of each pixel, row by row: `3 · width · height` bytes.
    pub rgb: Vec<u8>,
}
