//! What an experiment has found so far, so that one that was stopped goes on where it was.
//!
//! ```text
//! {"of": …}                          the program, the experiment and its options
//! {"call":0,"job":17,"result":…}     a job of the experiment's call of Lab::map, in postcard and base64
//! ```
//!
//! A notebook of another program is of no use: what it found may be found differently now. It is begun anew, and so is one of
//! other options.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What jobs found, in postcard, by the number of the call and of the job.
type Found = HashMap<(usize, usize), Vec<u8>>;

/// The results of the jobs that are done.
#[derive(Debug)]
pub struct Notebook {
    path: PathBuf,
    of: String,
    /// There is none before the first result. Locked as long as the experiment runs, so that no two write the same lines.
    file: Mutex<Option<File>>,
    /// What was found before this program began.
    known: Found,
    calls: AtomicUsize,
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head {
    of: String,
}

/// Any other line.
#[derive(Serialize, Deserialize)]
struct Line {
    call: usize,
    job: usize,
    result: String,
}

impl Notebook {
    /// Opens the notebook `path` of the experiment that `of` tells from all others: by its name, its options and the program.
    ///
    /// # Errors
    /// The file cannot be read, or another program is writing it.
    pub fn open(path: PathBuf, of: String) -> io::Result<Self> {
        let (mut file, mut known) = (None, Found::new());
        if path.exists() {
            let mut found = lock(&path)?;
            let (lines, length) = read(&found, &of)?;
            found.set_len(length)?;
            found.seek(SeekFrom::Start(length))?;
            if length == 0 {
                write(&mut found, &Head { of: of.clone() })?;
            }
            (file, known) = (Some(found), lines);
        }
        Ok(Self { path, of, file: Mutex::new(file), known, calls: AtomicUsize::new(0) })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number of the next call of [`Lab::map`](super::Lab::map).
    pub(super) fn call(&self) -> usize {
        self.calls.fetch_add(1, Ordering::Relaxed)
    }

    /// What the job found, if it is known and of this type.
    pub(super) fn find<R: DeserializeOwned>(&self, call: usize, job: usize) -> Option<R> {
        postcard::from_bytes(self.known.get(&(call, job))?).ok()
    }

    /// Notes what the job found.
    ///
    /// # Errors
    /// The disk refuses it.
    pub(super) fn note<R: Serialize>(&self, call: usize, job: usize, result: &R) -> io::Result<()> {
        let result = BASE64_STANDARD.encode(postcard::to_stdvec(result).map_err(io::Error::other)?);
        let mut file = self.file.lock();
        let file = match &mut *file {
            Some(file) => file,
            none => {
                self.path.parent().map_or(Ok(()), fs::create_dir_all)?;
                let mut new = lock(&self.path)?;
                write(&mut new, &Head { of: self.of.clone() })?;
                none.insert(new)
            }
        };
        write(file, &Line { call, job, result })
    }

    /// Throws it away: the experiment has come to its end.
    ///
    /// # Errors
    /// The disk refuses it.
    pub fn close(&self) -> io::Result<()> {
        match *self.file.lock() {
            Some(_) => fs::remove_file(&self.path),
            None => Ok(()),
        }
    }
}

/// Opens the file, which is made if it is not there, for this program alone.
fn lock(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => io::Error::other("another program is running this experiment"),
        TryLockError::Error(error) => error,
    })?;
    Ok(file)
}

/// Writes a line in one call, so that only the last one of a file can be torn.
fn write(file: &mut File, line: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(line)?;
    line.push(b'\n');
    file.write_all(&line)
}

/// The results of a notebook of `of`, and the bytes up to the end of its last whole line; none and 0 of any other file.
fn read(file: &File, of: &str) -> io::Result<(Found, u64)> {
    let (mut reader, mut line) = (BufReader::new(file), Vec::new());
    let (mut known, mut length) = (Found::new(), 0);
    let mut next = |line: &mut Vec<u8>| -> io::Result<bool> {
        line.clear();
        Ok(reader.read_until(b'\n', line)? > 0 && line.ends_with(b"\n"))
    };
    if !next(&mut line)? || serde_json::from_slice::<Head>(&line).ok().is_none_or(|head| head.of != of) {
        return Ok((known, length));
    }
    length += line.len() as u64;
    while next(&mut line)? {
        let Some(Line { call, job, result }) = serde_json::from_slice(&line).ok() else { break };
        let Ok(result) = BASE64_STANDARD.decode(result) else { break };
        known.insert((call, job), result);
        length += line.len() as u64;
    }
    Ok((known, length))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    type Result = (f64, Option<String>);

    #[test]
    fn what_was_noted_is_known_bit_for_bit_the_next_time() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.part");
        let results: [Result; 3] = [(f64::NAN, None), (-0.1, Some("diverged".into())), (f64::INFINITY, None)];
        let notebook = Notebook::open(path.clone(), "a".into()).unwrap();
        assert_eq!((notebook.call(), notebook.call()), (0, 1));
        for (job, result) in results.iter().enumerate() {
            assert!(notebook.find::<Result>(1, job).is_none());
            notebook.note(1, job, result).unwrap();
        }
        drop(notebook);
        let notebook = Notebook::open(path.clone(), "a".into()).unwrap();
        for (job, result) in results.iter().enumerate() {
            let found: Result = notebook.find(1, job).unwrap();
            assert_eq!((found.0.to_bits(), &found.1), (result.0.to_bits(), &result.1));
        }
        assert!(notebook.find::<Result>(0, 0).is_none() && notebook.find::<Result>(1, 3).is_none());
        notebook.close().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn a_torn_line_is_cut_off_and_written_again() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.part");
        let notebook = Notebook::open(path.clone(), "a".into()).unwrap();
        (0..3).for_each(|job| notebook.note(0, job, &(job as f64)).unwrap());
        drop(notebook);
        let whole = fs::read(&path).unwrap();
        for kept in 0..whole.len() {
            fs::write(&path, &whole[..kept]).unwrap();
            let notebook = Notebook::open(path.clone(), "a".into()).unwrap();
            let missing = (0..3).filter(|&job| notebook.find::<f64>(0, job).is_none());
            missing.for_each(|job| notebook.note(0, job, &(job as f64)).unwrap());
            drop(notebook);
            assert_eq!(fs::read(&path).unwrap(), whole, "{kept} bytes kept");
        }
    }

    #[test]
    fn what_another_program_found_counts_for_nothing() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.part");
        Notebook::open(path.clone(), "a".into()).unwrap().note(0, 0, &1.0).unwrap();
        let other = Notebook::open(path.clone(), "b".into()).unwrap();
        assert!(other.find::<f64>(0, 0).is_none());
        let said = Notebook::open(path, "b".into()).unwrap_err().to_string();
        assert_eq!(said, "another program is running this experiment");
    }
}
