//! What can be recorded.

use innate_envs::Picture;

/// One thing to record. `step` is the environment step, over all slots.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// Points of curves, by tag. The CSV file holds them in this order and in full, the event file as `f32`.
    Scalars {
        /// The environment step.
        step: u64,
        /// Tag and value.
        values: Vec<(String, f64)>,
    },
    /// A picture, shown under IMAGES.
    Image {
        /// The environment step.
        step: u64,
        /// Its tag.
        tag: String,
        /// The picture.
        picture: Picture,
    },
    /// A picture that is already a PNG, JPEG or GIF file; an animated GIF plays under IMAGES.
    EncodedImage {
        /// The environment step.
        step: u64,
        /// Its tag.
        tag: String,
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
        /// The bytes of the file.
        bytes: Vec<u8>,
    },
    /// Markdown, shown under TEXT.
    Text {
        /// The environment step.
        step: u64,
        /// Its tag.
        tag: String,
        /// The text.
        markdown: String,
    },
    /// What the run was made with, shown under HPARAMS beside the last values of `metrics`. Recorded once, at the start.
    HyperParameters {
        /// Name and value.
        parameters: Vec<(String, HyperParameter)>,
        /// Tags of the scalars by which runs are compared.
        metrics: Vec<String>,
    },
    /// The end of the run, shown under HPARAMS.
    SessionEnd {
        /// How it ended.
        status: SessionStatus,
    },
}

/// The value of a hyper-parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum HyperParameter {
    /// A number. TensorBoard cannot show infinities and NaN in this table, so they are recorded as text.
    Number(f64),
    /// A truth value.
    Bool(bool),
    /// A text.
    Text(String),
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionStatus {
    /// It took all its steps.
    Success,
    /// It stopped before.
    Failure,
}
