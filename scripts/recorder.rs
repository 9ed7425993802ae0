//! The recorder: one thread that owns the curves of a run.
//!
//! ```text
//! training ──Record──▶ bounded channel ──▶ recorder thread ──▶ metrics.csv          step,tag,value
//!                                                         └──▶ tensorboard/events…  scalars, images, text, hyper-parameters
//! ```
//!
//! Four promises:
//!
//! - **Its failure stops no training.** The first write that fails (a full disk) turns the recorder off; the files are cut
//!   back to their last whole record, and the failure is a value that [`Recorder::troubles`] hands out once. It stays off,
//!   so that curves have one gap and not many; a resumed run records again.
//! - **It never holds training up for long.** The channel holds `QUEUE` records. When it is full, because the disk is
//!   slower than the training, [`Recorder::record`] waits for room; when there is none within `PATIENCE`, the recorder counts
//!   as failed.
//! - **Resumed curves have no gap and no double.** [`Recorder::mark`] says where the files stand. It is part of each
//!   checkpoint, and [`Recorder::start`] cuts the files back to it.
//! - **Values are recorded as they are**, infinities and NaN included: those are what a person looks for in a curve.
//!
//! `tensorboard-rs` frames the records of the event files ([`RecordWriter`](tensorboard_rs::record_writer::RecordWriter))
//! but does not write them: its `FileWriter` has a thread that panics when the disk is full.

mod append;
mod csv;
mod events;
mod mark;
mod record;
mod summaries;

pub(crate) use csv::field;
pub(crate) use mark::refuse_occupied;
pub use mark::{EventFileMark, RecorderMark};
pub use record::{HyperParameter, Record, SessionStatus};

use crossbeam_channel::{Receiver, RecvTimeoutError, SendTimeoutError, Sender, bounded, unbounded};
use csv::CsvFile;
use events::EventFiles;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Records that wait for the recorder before training has to.
const QUEUE: usize = 1024;
/// How long training waits for the recorder before it goes on without.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes that are collected, while more records wait, before they are written.
const BLOCK: usize = 1 << 16;

/// What went wrong with the curves. None of it is a reason to stop a training.
#[derive(Debug, thiserror::Error)]
pub enum RecorderError {
    /// A file or folder that cannot be read or written.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried: "write", "open".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A failure of the recorder while training goes on.
    #[error("no curves from here on, while training goes on: {0}; `innate resume` records again")]
    Off(Box<RecorderError>),
    /// A new run's folder that already holds curves.
    #[error("{path} already holds the curves of another run; choose another folder, or remove it")]
    Occupied {
        /// The file found.
        path: PathBuf,
    },
    /// A file of an earlier session that is gone.
    #[error("{path} held {expected} bytes of curves at the checkpoint and is gone; the curves before it are lost")]
    Missing {
        /// The file.
        path: PathBuf,
        /// Its length when the checkpoint was written.
        expected: u64,
    },
    /// A file of an earlier session that was cut or changed since.
    #[error(
        "{path} held {expected} bytes of curves at the checkpoint, of which {kept} are left; the curves have a gap there"
    )]
    Cut {
        /// The file.
        path: PathBuf,
        /// Its length when the checkpoint was written.
        expected: u64,
        /// The length that could be kept.
        kept: u64,
    },
    /// A picture whose bytes are not as many as its sides ask for, or that cannot be encoded.
    #[error("picture {tag} of {width} x {height} pixels cannot be shown: {reason}")]
    Picture {
        /// Its tag.
        tag: String,
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
        /// Why not.
        reason: String,
    },
    /// A message that the event files cannot hold.
    #[error("cannot encode {tag} for TensorBoard: {reason}")]
    Encode {
        /// Its tag.
        tag: String,
        /// Why not.
        reason: String,
    },
    /// The recorder's thread did not answer.
    #[error("nothing could be written to {path} for {} seconds", PATIENCE.as_secs())]
    Stalled {
        /// The run's folder.
        path: PathBuf,
    },
    /// The recorder's thread could not be started, or is gone.
    #[error("the recorder's thread is not running")]
    NoThread,
}

enum Message {
    Record(Record),
    Mark(Sender<RecorderMark>),
}

/// The handle of the recorder's thread.
///
/// Dropping it, too, writes everything down that was recorded, without waiting for it.
pub struct Recorder {
    run: PathBuf,
    /// `None` once the thread does not answer any more.
    thread: Option<(Sender<Message>, JoinHandle<()>)>,
    reports: Receiver<RecorderError>,
    report: Sender<RecorderError>,
    last: RecorderMark,
}

impl Recorder {
    /// Starts recording to `metrics.csv` and `tensorboard/` in the folder `run`, which is made if need be.
    ///
    /// Without a mark this is a new run. With one the files are cut back to it, and event files that it does not know are
    /// removed: they hold what was recorded after the checkpoint and will be recorded again. The default mark is the
    /// beginning of a run: everything is removed. Files that are missing, or shorter than the mark, are among the first
    /// [`Recorder::troubles`].
    ///
    /// # Errors
    ///
    /// [`RecorderError::Occupied`] for a new run where curves already are; [`RecorderError::Io`] where the files cannot be
    /// made.
    pub fn start(run: &Path, from: Option<&RecorderMark>) -> Result<Self, RecorderError> {
        let (report, reports) = unbounded();
        let mut warn = |error| drop(report.send(error));
        let files = match from {
            None => {
                mark::refuse_occupied(run)?;
                Files::open(run, &RecorderMark::default(), &mut warn)?
            }
            Some(mark) => Files::open(run, mark, &mut warn)?,
        };
        let last = files.mark();
        let (sender, inbox) = bounded(QUEUE);
        let thread_report = report.clone();
        let thread = thread::Builder::new().name("recorder".into());
        let thread = thread.spawn(move || work(&inbox, files, &thread_report)).map_err(|_| RecorderError::NoThread)?;
        Ok(Self { run: run.to_path_buf(), thread: Some((sender, thread)), reports, report, last })
    }

    /// Records in the order of the calls; returns at once unless the disk lags 1024 records behind.
    pub fn record(&mut self, record: Record) {
        let Some((sender, _)) = &self.thread else { return };
        match sender.send_timeout(Message::Record(record), PATIENCE) {
            Ok(()) => {}
            Err(SendTimeoutError::Timeout(_)) => self.give_up(RecorderError::Stalled { path: self.run.clone() }),
            Err(SendTimeoutError::Disconnected(_)) => self.give_up(RecorderError::NoThread),
        }
    }

    /// Brings everything recorded so far to the disk and says where the files stand.
    ///
    /// If the recorder has failed, that is where they stood before.
    pub fn mark(&mut self) -> RecorderMark {
        if let Some((sender, _)) = &self.thread {
            let (answer, answered) = bounded(1);
            let asked = sender.send_timeout(Message::Mark(answer), PATIENCE).is_ok();
            match answered.recv_timeout(PATIENCE) {
                Ok(mark) => self.last = mark,
                Err(RecvTimeoutError::Timeout) => self.give_up(RecorderError::Stalled { path: self.run.clone() }),
                Err(RecvTimeoutError::Disconnected) if asked => self.give_up(RecorderError::NoThread),
                Err(RecvTimeoutError::Disconnected) => self.give_up(RecorderError::Stalled { path: self.run.clone() }),
            }
        }
        self.last.clone()
    }

    /// What went wrong since the last call: each trouble once, as a sentence for the user.
    pub fn troubles(&self) -> impl Iterator<Item = RecorderError> {
        self.reports.try_iter()
    }

    /// Writes everything down and ends; the troubles that were not yet told.
    pub fn finish(mut self) -> Vec<RecorderError> {
        self.mark();
        if let Some((sender, thread)) = self.thread.take() {
            drop(sender);
            if thread.join().is_err() {
                self.tell(RecorderError::NoThread);
            }
        }
        self.troubles().collect()
    }

    /// Goes on without the thread.
    fn give_up(&mut self, error: RecorderError) {
        self.thread = None;
        self.tell(RecorderError::Off(error.into()));
    }

    fn tell(&self, error: RecorderError) {
        // The receiving end is a field of this value: it is there.
        let _ = self.report.send(error);
    }
}

/// The files of a run.
struct Files {
    csv: CsvFile,
    events: EventFiles,
}

impl Files {
    fn open(run: &Path, mark: &RecorderMark, warn: &mut dyn FnMut(RecorderError)) -> Result<Self, RecorderError> {
        mark::make_folder(run)?;
        let csv = CsvFile::resume(mark::restore_csv(run, mark, warn)?)?;
        let events = EventFiles::create(run, mark::restore_events(run, mark, warn)?)?;
        Ok(Self { csv, events })
    }

    fn mark(&self) -> RecorderMark {
        RecorderMark { metrics: self.csv.length(), events: self.events.lengths() }
    }

    /// Collects the record; [`Files::flush`] writes it.
    fn add(&mut self, record: &Record) -> Result<(), RecorderError> {
        if let Record::Scalars { step, values } = record {
            self.csv.add(*step, values);
        }
        self.events.add(record)
    }

    fn flush(&mut self) -> Result<(), RecorderError> {
        self.events.flush()?;
        self.csv.flush()
    }

    fn sync(&mut self) -> Result<(), RecorderError> {
        self.events.sync()?;
        self.csv.sync()
    }
}

/// The recorder's thread: writes until every sender is gone.
fn work(inbox: &Receiver<Message>, mut files: Files, report: &Sender<RecorderError>) {
    let mut off = false;
    let stop = |error: RecorderError| {
        // Nobody may be left to listen when the program ends; then there is nobody to tell.
        let _ = report.send(RecorderError::Off(error.into()));
        true
    };
    for message in inbox {
        match message {
            Message::Record(record) if !off => {
                if let Err(error) = files.add(&record) {
                    let _ = report.send(error);
                }
                let due = inbox.is_empty() || files.events.pending() > BLOCK;
                if due && let Err(error) = files.flush() {
                    off = stop(error);
                }
            }
            Message::Record(_) => {}
            Message::Mark(answer) => {
                if !off && let Err(error) = files.flush().and_then(|()| files.sync()) {
                    off = stop(error);
                }
                let _ = answer.send(files.mark());
            }
        }
    }
    if !off && let Err(error) = files.flush() {
        stop(error);
    }
}

#[cfg(test)]
mod tests;
