//! Worker processes: one Python interpreter each, which hosts any number of environments.

use parking_lot::Mutex;
use std::fs::{self, File};
use std::io;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The program that a worker runs.
const SCRIPT: &str = include_str!("worker.py");
/// How long a new worker may take until it listens.
const START: Duration = Duration::from_secs(60);
/// How long a worker whose connection broke is given to end, so that it can be said how it ended.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Lines of a worker's output that are shown when it fails.
const LINES: usize = 12;

/// The workers of a program, shared by all its environments.
#[derive(Clone, Default)]
pub struct Workers(Arc<Mutex<Vec<Arc<Worker>>>>);

/// One process.
pub(super) struct Worker {
    python: PathBuf,
    child: Mutex<Child>,
    pub(super) process: u32,
    /// Holds the script, the socket, the output and, until they are opened, the shared files.
    folder: TempDir,
    files: AtomicU64,
}

impl Workers {
    /// A worker for one more environment: the one with the fewest, unless there may be one more process.
    pub(super) fn host(&self, python: &Path, most: usize) -> io::Result<Arc<Worker>> {
        let mut workers = self.0.lock();
        workers.retain(|worker| worker.ended().is_none());
        let fitting = workers.iter().filter(|worker| worker.python == python);
        let (count, freest) = (fitting.clone().count(), fitting.min_by_key(|worker| Arc::strong_count(worker)));
        if let Some(freest) = freest.filter(|worker| count >= most || Arc::strong_count(worker) == 1) {
            return Ok(freest.clone());
        }
        let worker = Arc::new(Worker::start(python)?);
        workers.push(worker.clone());
        Ok(worker)
    }
}

impl Worker {
    /// Starts the interpreter and waits until it listens.
    fn start(python: &Path) -> io::Result<Self> {
        // In memory where there is such a place, so that shared files never touch a disk.
        let memory = Path::new("/dev/shm");
        let mut named = tempfile::Builder::new();
        named.prefix("innate-gym-");
        let folder = named.tempdir_in(memory).or_else(|_| named.tempdir())?;
        let script = folder.path().join("worker.py");
        fs::write(&script, SCRIPT)?;
        let output = File::create(folder.path().join("output"))?;
        let mut command = Command::new(python);
        command.arg(&script).arg(folder.path().join("socket"));
        command.stdin(Stdio::piped()).stdout(output.try_clone()?).stderr(output);
        command.env("PYTHONFAULTHANDLER", "1").env("PYTHONUNBUFFERED", "1");
        // Many processes with a thread for each core each would only wait for one another.
        for threads in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"] {
            if std::env::var_os(threads).is_none() {
                command.env(threads, "1");
            }
        }
        let child = command
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("cannot start {}: {error}", python.display())))?;
        let process = child.id();
        Ok(Self { python: python.into(), child: Mutex::new(child), process, folder, files: AtomicU64::new(0) })
    }

    /// A connection for one environment.
    pub(super) fn connect(&self, timeout: Duration) -> io::Result<UnixStream> {
        let (socket, start) = (self.folder.path().join("socket"), Instant::now());
        let stream = loop {
            match UnixStream::connect(&socket) {
                Ok(stream) => break stream,
                Err(error) if start.elapsed() > START || self.ended().is_some() => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        stream.set_read_timeout(Some(timeout))?;
        stream.set_write_timeout(Some(timeout))?;
        Ok(stream)
    }

    /// A name for one more shared file.
    pub(super) fn new_file(&self) -> PathBuf {
        self.folder.path().join(format!("{}.shared", self.files.fetch_add(1, Ordering::Relaxed)))
    }

    /// How it ended, if it did.
    fn ended(&self) -> Option<ExitStatus> {
        self.child.lock().try_wait().ok().flatten()
    }

    /// What became of it, and the last lines that it printed: the end of a sentence about a broken connection.
    pub(super) fn fate(&self, error: &io::Error) -> String {
        let start = Instant::now();
        let waiting = matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
        while !waiting && self.ended().is_none() && start.elapsed() < LAST_WORDS {
            std::thread::sleep(Duration::from_millis(5));
        }
        let fate = match self.ended() {
            None if waiting => "gave no answer in time and counts as hung (env.timeout)".into(),
            None => format!("broke the connection: {error}"),
            Some(status) => match (status.signal(), status.code()) {
                (Some(signal), _) => format!("was killed by signal {signal}"),
                (_, code) => format!("ended with exit code {}", code.unwrap_or_default()),
            },
        };
        let output = fs::read(self.folder.path().join("output")).unwrap_or_default();
        let output = String::from_utf8_lossy(&output);
        let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines[lines.len().saturating_sub(LINES)..].join("\n  ");
        let said = if last.is_empty() { String::new() } else { format!("; it printed:\n  {last}") };
        format!("its worker (process {} of {}) {fate}{said}", self.process, self.python.display())
    }

    /// Ends it: it hangs.
    pub(super) fn kill(&self) {
        let mut child = self.child.lock();
        // It may be gone already, which is as well.
        let _ = child.kill().and_then(|()| child.wait());
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}
