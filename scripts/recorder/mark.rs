//! Where the curves stood at a checkpoint, and how they are brought back there.
//!
//! What was recorded after the checkpoint is recorded again by the resumed run. So `metrics.csv` and the event files are
//! cut to the lengths of the mark, and event files that began later are removed.

use super::RecorderError;
use super::append::{AppendFile, failed};
use serde::{Deserialize, Serialize};
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Scalars as a table, in the run's folder.
const CSV: &str = "metrics.csv";
/// The folder of the event files, in the run's folder.
pub(super) const FOLDER: &str = "tensorboard";
/// How the names of event files begin.
pub(super) const EVENTS: &str = "events.out.tfevents.";

/// Where the curves of a run stand. The default is its beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecorderMark {
    /// Bytes in `metrics.csv`.
    pub metrics: u64,
    /// The event files, oldest first.
    pub events: Vec<EventFileMark>,
}

/// Where an event file stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventFileMark {
    /// Its name in the folder `tensorboard`.
    pub name: String,
    /// Its bytes.
    pub length: u64,
}

/// Makes the run's folder with all that the recorder needs in it.
pub(super) fn make_folder(run: &Path) -> Result<(), RecorderError> {
    let folder = run.join(FOLDER);
    fs::create_dir_all(&folder).map_err(|source| failed("make", &folder, source))
}

/// Refuses a folder that already holds curves.
pub(crate) fn refuse_occupied(run: &Path) -> Result<(), RecorderError> {
    let csv = run.join(CSV);
    let events = event_names(run)?.into_iter().next().map(|name| run.join(FOLDER).join(name));
    match csv.exists().then_some(csv).or(events) {
        Some(path) => Err(RecorderError::Occupied { path }),
        None => Ok(()),
    }
}

/// Cuts `metrics.csv` back to the mark, or to the last whole row before it, and opens it.
pub(super) fn restore_csv(
    run: &Path,
    mark: &RecorderMark,
    warn: &mut dyn FnMut(RecorderError),
) -> Result<AppendFile, RecorderError> {
    let path = run.join(CSV);
    let expected = mark.metrics;
    if !path.exists() {
        if expected > 0 {
            warn(RecorderError::Missing { path: path.clone(), expected });
        }
        return AppendFile::open(path);
    }
    let kept = whole_rows(&path, expected).map_err(|source| failed("read", &path, source))?;
    cut(&path, kept)?;
    if kept < expected {
        warn(RecorderError::Cut { path: path.clone(), expected, kept });
    }
    AppendFile::open(path)
}

/// Cuts the event files back to the mark and removes those that it does not know; the files that remain.
pub(super) fn restore_events(
    run: &Path,
    mark: &RecorderMark,
    warn: &mut dyn FnMut(RecorderError),
) -> Result<Vec<EventFileMark>, RecorderError> {
    let mut kept = Vec::new();
    for name in event_names(run)? {
        let path = run.join(FOLDER).join(&name);
        let Some(known) = mark.events.iter().find(|known| known.name == name) else {
            fs::remove_file(&path).map_err(|source| failed("remove", &path, source))?;
            continue;
        };
        let found = fs::metadata(&path).map_err(|source| failed("read", &path, source))?.len();
        let length = found.min(known.length);
        cut(&path, length)?;
        if length < known.length {
            warn(RecorderError::Cut { path, expected: known.length, kept: length });
        }
        kept.push(EventFileMark { name, length });
    }
    for known in &mark.events {
        if !kept.iter().any(|file| file.name == known.name) {
            warn(RecorderError::Missing { path: run.join(FOLDER).join(&known.name), expected: known.length });
        }
    }
    Ok(kept)
}

/// The names of the event files, in the order in which TensorBoard reads them.
fn event_names(run: &Path) -> Result<Vec<String>, RecorderError> {
    let folder = run.join(FOLDER);
    let unreadable = |source| failed("read", &folder, source);
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unreadable)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        // A name that is not Unicode is none of ours.
        let name = entry.map_err(unreadable)?.file_name().into_string();
        names.extend(name.ok().filter(|name| name.starts_with(EVENTS)));
    }
    names.sort();
    Ok(names)
}

/// The length of the whole rows within the first `limit` bytes of a file.
fn whole_rows(path: &Path, limit: u64) -> io::Result<u64> {
    let mut file = fs::File::open(path)?;
    let limit = limit.min(file.metadata()?.len());
    if limit == 0 {
        return Ok(0);
    }
    let mut last = [0];
    file.seek(SeekFrom::Start(limit - 1))?;
    file.read_exact(&mut last)?;
    if last == *b"\n" {
        return Ok(limit);
    }
    // Only a file that something else has changed ends within a row.
    file.rewind()?;
    let mut rows = Vec::new();
    file.take(limit).read_to_end(&mut rows)?;
    Ok(rows.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end as u64 + 1))
}

fn cut(path: &Path, length: u64) -> Result<(), RecorderError> {
    let file = OpenOptions::new().write(true).open(path);
    file.and_then(|file| file.set_len(length)).map_err(|source| failed("cut", path, source))
}
