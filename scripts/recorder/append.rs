//! A file that only grows, by whole records.
//!
//! Records are collected and then written in one call. A write that fails half-way is undone, so that what is on the disk
//! always ends with a whole record, and the length that counts is known without asking the disk.

use super::RecorderError;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A growing file.
pub(super) struct AppendFile {
    path: PathBuf,
    file: File,
    /// Bytes of whole records on the disk.
    length: u64,
    /// Records that are not on the disk yet.
    pending: Vec<u8>,
}

impl AppendFile {
    /// A new, empty file; fails if there is one.
    pub(super) fn create(path: PathBuf) -> Result<Self, RecorderError> {
        let file = OpenOptions::new().append(true).create_new(true).open(&path);
        let file = file.map_err(|source| failed("make", &path, source))?;
        Ok(Self { path, file, length: 0, pending: Vec::new() })
    }

    /// The file as it is, which is made if it is not there.
    pub(super) fn open(path: PathBuf) -> Result<Self, RecorderError> {
        let file = OpenOptions::new().append(true).create(true).open(&path);
        let file = file.map_err(|source| failed("open", &path, source))?;
        let length = file.metadata().map_err(|source| failed("open", &path, source))?.len();
        Ok(Self { path, file, length, pending: Vec::new() })
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of whole records on the disk.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The records that wait to be written; more are added at the end.
    pub(super) fn pending(&mut self) -> &mut Vec<u8> {
        &mut self.pending
    }

    /// Writes what waits, all of it or nothing.
    pub(super) fn flush(&mut self) -> Result<(), RecorderError> {
        let written = self.file.write_all(&self.pending);
        let bytes = self.pending.len() as u64;
        self.pending.clear();
        match written {
            Ok(()) => self.length += bytes,
            Err(source) => {
                // A disk that refuses this as well leaves a torn record: readers skip it, and the next resume cuts it.
                let _ = self.file.set_len(self.length);
                return Err(failed("write", &self.path, source));
            }
        }
        Ok(())
    }

    /// Waits until what was written is on the disk for good.
    pub(super) fn sync(&self) -> Result<(), RecorderError> {
        self.file.sync_data().map_err(|source| failed("write", &self.path, source))
    }
}

/// The error of an operation on a path.
pub(super) fn failed(action: &'static str, path: &Path, source: io::Error) -> RecorderError {
    RecorderError::Io { action, path: path.to_path_buf(), source }
}
