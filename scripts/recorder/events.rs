//! TensorBoard's event files: one for each session of a run, read one after the other.
//!
//! ```text
//! record = length (u64) · masked CRC-32C of it (u32) · event (protobuf) · masked CRC-32C of it (u32)
//! ```
//!
//! A file is named `events.out.tfevents.SECONDS.innate`. TensorBoard reads a run's files in the order of their names, so a
//! new file is always named after a later second than those before it, even if the clock went back.

use super::append::{AppendFile, failed};
use super::mark::{EVENTS, EventFileMark, FOLDER};
use super::summaries;
use super::{Record, RecorderError};
use protobuf::Message;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use tensorboard_proto::event::Event;
use tensorboard_rs::record_writer::RecordWriter;

/// The event files of a run: those of earlier sessions, and the one that grows.
pub(super) struct EventFiles {
    earlier: Vec<EventFileMark>,
    name: String,
    file: AppendFile,
}

impl EventFiles {
    /// Starts a new file after those of earlier sessions.
    pub(super) fn create(run: &Path, earlier: Vec<EventFileMark>) -> Result<Self, RecorderError> {
        let after =
            earlier.iter().filter_map(|file| seconds(&file.name)).max().map_or(0, |last| last.saturating_add(1));
        let name = format!("{EVENTS}{:010}.innate", after.max(now() as u64));
        let file = AppendFile::create(run.join(FOLDER).join(&name))?;
        let mut files = Self { earlier, name, file };
        let mut version = Event::new();
        version.set_file_version("brain.Event:2".into());
        files.push(version)?;
        files.flush()?;
        Ok(files)
    }

    /// Collects a record.
    pub(super) fn add(&mut self, record: &Record) -> Result<(), RecorderError> {
        let (step, summary) = summaries::summary(record, now())?;
        let mut event = Event::new();
        event.set_step(i64::try_from(step).unwrap_or(i64::MAX));
        event.set_summary(summary);
        self.push(event)
    }

    fn push(&mut self, mut event: Event) -> Result<(), RecorderError> {
        event.set_wall_time(now());
        let bytes = event.write_to_bytes();
        let bytes =
            bytes.map_err(|error| RecorderError::Encode { tag: "an event".into(), reason: error.to_string() })?;
        let framed = RecordWriter::new(self.file.pending()).write(&bytes);
        framed.map_err(|source| failed("write", self.file.path(), source))
    }

    /// Bytes that wait to be written.
    pub(super) fn pending(&mut self) -> usize {
        self.file.pending().len()
    }

    /// The files as they are on the disk.
    pub(super) fn lengths(&self) -> Vec<EventFileMark> {
        let present = EventFileMark { name: self.name.clone(), length: self.file.length() };
        self.earlier.iter().cloned().chain([present]).collect()
    }

    pub(super) fn flush(&mut self) -> Result<(), RecorderError> {
        self.file.flush()
    }

    pub(super) fn sync(&self) -> Result<(), RecorderError> {
        self.file.sync()
    }
}

/// The second after which a file is named.
fn seconds(name: &str) -> Option<u64> {
    name.strip_prefix(EVENTS)?.split('.').next()?.parse().ok()
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
