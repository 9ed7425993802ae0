//! Worker processes: one Python interpreter each, which hosts any number of environments.
//!
//! Steps that were begun are gathered, and sent with one message as soon as somebody waits for one of them, to all workers:
//! a worker then takes them one after the other while the others take theirs, and answers with one message.

use super::wire::{self, Answer, Asked, Opened, Request, Told};
use crate::picture::Picture;
use parking_lot::{Mutex, MutexGuard};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tempfile::{NamedTempFile, TempDir};

/// The program that a worker runs.
const SCRIPT: &str = include_str!("worker.py");
/// How long a worker whose connection is gone is given to end by itself.
const LAST_WORDS: Duration = Duration::from_millis(1000);
/// Bytes of what a worker printed that are looked at when it fails.
const LAST_BYTES: u64 = 1 << 16;
/// Bytes that a worker may print before they are forgotten, and messages between two looks at that.
const MOST_PRINTED: u64 = 1 << 24;
const TRIM_EVERY: u64 = 1 << 12;
/// Lines of a worker's output that are shown when it fails.
const LINES: usize = 12;

/// The workers of a program, shared by all its environments.
#[derive(Clone, Default)]
pub struct Workers(Arc<Mutex<Vec<Arc<Worker>>>>);

/// One process.
pub(super) struct Worker {
    python: PathBuf,
    process: u32,
    child: Mutex<Child>,
    /// Holds the script and, until they are opened, the shared files.
    folder: TempDir,
    /// What it and its environments print.
    printed: NamedTempFile,
    environments: AtomicU64,
    /// Steps that were begun and not sent: environment and action.
    begun: Mutex<Vec<(u64, u64)>>,
    channel: Mutex<Channel>,
}

/// The connection to a worker, which is asked one thing at a time.
struct Channel {
    stream: UnixStream,
    /// Environments whose steps were sent and not answered, in that order.
    awaited: Vec<u64>,
    /// Answers that came and were not asked for yet.
    answers: HashMap<u64, Answer>,
    /// Messages of steps.
    sent: u64,
    /// Why nothing more will come.
    broken: Option<String>,
    message: Vec<u8>,
    buffer: Vec<u8>,
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

    /// Sends the steps that were begun to every worker whose last answers have all been asked for: those that have not will be
    /// followed by more steps, and one message for many costs little more than one.
    pub(super) fn send_begun(&self) {
        for worker in self.0.lock().iter() {
            if let Some(mut channel) = worker.channel.try_lock().filter(|channel| channel.answers.is_empty()) {
                worker.send_begun(&mut channel);
            }
        }
    }
}

impl Worker {
    /// Starts the interpreter.
    fn start(python: &Path) -> io::Result<Self> {
        // In memory where there is such a place, so that shared files never touch a disk.
        let mut named = tempfile::Builder::new();
        named.prefix("innate-gym-");
        let folder = named.tempdir_in("/dev/shm").or_else(|_| named.tempdir())?;
        let script = folder.path().join("worker.py");
        fs::write(&script, SCRIPT)?;
        let printed = NamedTempFile::with_prefix("innate-gym-")?;
        let output = File::options().append(true).open(printed.path())?;
        let (stream, theirs) = UnixStream::pair()?;
        let mut command = Command::new(python);
        command.arg(&script).env("PYTHONFAULTHANDLER", "1").env("PYTHONUNBUFFERED", "1");
        command.stdin(OwnedFd::from(theirs)).stdout(output.try_clone()?).stderr(Stdio::from(output));
        // Many processes with a thread for each core each would only wait for one another.
        for threads in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"] {
            if std::env::var_os(threads).is_none() {
                command.env(threads, "1");
            }
        }
        let child = command
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("cannot start {}: {error}", python.display())))?;
        Ok(Self {
            python: python.into(),
            printed,
            process: child.id(),
            child: Mutex::new(child),
            folder,
            environments: AtomicU64::new(0),
            begun: Mutex::default(),
            channel: Mutex::new(Channel::new(stream)),
        })
    }

    /// A number for one more environment, and the file through which its observations will go.
    pub(super) fn new_environment(&self) -> (u64, PathBuf) {
        let number = self.environments.fetch_add(1, Ordering::Relaxed);
        (number, self.folder.path().join(format!("{number}.shared")))
    }

    /// Has environment `number` made. An answer may take `timeout` from now on.
    pub(super) fn open(&self, number: u64, asked: &Asked<'_>, timeout: Duration) -> Result<Opened, String> {
        let mut channel = self.settled();
        let limits = [channel.stream.set_read_timeout(Some(timeout)), channel.stream.set_write_timeout(Some(timeout))];
        let opened = limits.into_iter().collect::<io::Result<()>>();
        self.exchange(&mut channel, |channel| opened.and_then(|()| wire::open(&channel.stream, number, asked)))
    }

    /// Gathers the step of environment `number` with the others.
    pub(super) fn begin_step(&self, number: u64, action: u64) {
        self.begun.lock().push((number, action));
    }

    /// Whether it is known what came of the step of environment `number`.
    pub(super) fn has_answer(&self, number: u64) -> bool {
        self.channel.lock().answers.contains_key(&number)
    }

    /// Waits for what came of the step of environment `number`, which was begun.
    pub(super) fn end_step(&self, number: u64) -> Answer {
        let mut channel = self.channel.lock();
        loop {
            if let Some(answer) = channel.answers.remove(&number) {
                return answer;
            }
            if let Some(broken) = &channel.broken {
                return Err(broken.clone());
            }
            self.send_begun(&mut channel);
            if !channel.awaited.contains(&number) {
                return Err("its step was not begun".into());
            }
            self.receive_awaited(&mut channel);
        }
    }

    /// Starts an episode of environment `number`.
    pub(super) fn reset(&self, number: u64, seed: Option<u64>) -> Answer {
        let mut channel = self.settled();
        self.exchange(&mut channel, |channel| channel.ask(Request::Reset(number, seed)))?
    }

    /// What environment `number` renders.
    pub(super) fn picture(&self, number: u64) -> Result<Picture, String> {
        let mut channel = self.settled();
        self.exchange(&mut channel, |channel| {
            let answer = channel.ask(Request::Picture(number))?;
            answer.map_or_else(|text| Ok(Err(text)), |told| channel.pixels(told).map(Ok))
        })?
    }

    /// Lets environment `number` go.
    pub(super) fn close(&self, number: u64) {
        self.begun.lock().retain(|(begun, _)| *begun != number);
        let mut channel = self.settled();
        channel.answers.remove(&number);
        // A worker that is gone has let it go already.
        let _ = self.exchange(&mut channel, |channel| channel.send(Request::Close(number), &[]));
    }

    /// The channel when no answer is outstanding.
    fn settled(&self) -> MutexGuard<'_, Channel> {
        let mut channel = self.channel.lock();
        self.receive_awaited(&mut channel);
        channel
    }

    /// Sends the steps that were begun, unless answers are outstanding.
    fn send_begun(&self, channel: &mut Channel) {
        let mut begun = self.begun.lock();
        if begun.is_empty() || !channel.awaited.is_empty() {
            return;
        }
        channel.sent += 1;
        if channel.sent.is_multiple_of(TRIM_EVERY) {
            self.trim_printed();
        }
        channel.awaited.extend(begun.iter().map(|(environment, _)| environment));
        // One that is broken says so when it is asked for an answer.
        let _ = self.exchange(channel, |channel| channel.send(Request::Step(begun.len() as u32), &begun));
        begun.clear();
    }

    /// Takes in the answers to the steps that were sent.
    fn receive_awaited(&self, channel: &mut Channel) {
        if !channel.awaited.is_empty() {
            let _ = self.exchange(channel, Channel::receive_awaited);
        }
    }

    /// Says or hears something; a connection that breaks in doing so stays broken, and the worker is ended.
    fn exchange<T>(&self, channel: &mut Channel, act: impl FnOnce(&mut Channel) -> io::Result<T>) -> Result<T, String> {
        if let Some(broken) = &channel.broken {
            return Err(broken.clone());
        }
        act(channel).map_err(|error| {
            let fate = self.fate(&error);
            self.kill();
            channel.awaited.clear();
            channel.broken.insert(fate).clone()
        })
    }

    /// How it ended, if it did.
    fn ended(&self) -> Option<ExitStatus> {
        self.child.lock().try_wait().ok().flatten()
    }

    /// What became of it, and the last lines that it printed: a sentence about a broken connection.
    fn fate(&self, error: &io::Error) -> String {
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
        let output = self.last_printed().unwrap_or_default();
        let lines: Vec<&str> = output.split(['\n', '\r']).filter(|line| !line.trim().is_empty()).collect();
        let last = lines[lines.len().saturating_sub(LINES)..].join("\n  ");
        let said = if last.is_empty() { String::new() } else { format!("; it printed:\n  {last}") };
        format!("its worker (process {} of {}) {fate}{said}", self.process, self.python.display())
    }

    /// The end of what it printed.
    fn last_printed(&self) -> io::Result<String> {
        let mut file = File::open(self.printed.path())?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LAST_BYTES)))?;
        let mut bytes = Vec::new();
        file.take(LAST_BYTES).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Forgets what it printed, if that is much.
    fn trim_printed(&self) {
        let printed = self.printed.as_file();
        if printed.metadata().is_ok_and(|file| file.len() > MOST_PRINTED) {
            // A disk that does not let it shrink does no harm to the run.
            let _ = printed.set_len(0);
        }
    }

    /// Ends it.
    fn kill(&self) {
        let mut child = self.child.lock();
        // It may be gone already, which is as well.
        let _ = child.kill().and_then(|()| child.wait());
    }
}

impl Channel {
    fn new(stream: UnixStream) -> Self {
        let (message, buffer) = (Vec::new(), Vec::new());
        Self { stream, awaited: Vec::new(), answers: HashMap::new(), sent: 0, broken: None, message, buffer }
    }

    /// Sends a request with the pairs that belong to it.
    fn send(&mut self, request: Request, pairs: &[(u64, u64)]) -> io::Result<()> {
        self.message.clear();
        request.write(&[], &mut self.message);
        for (environment, action) in pairs {
            self.message.extend_from_slice(&environment.to_le_bytes());
            self.message.extend_from_slice(&action.to_le_bytes());
        }
        self.stream.write_all(&self.message)
    }

    /// Sends a request and waits for its one answer.
    fn ask(&mut self, request: Request) -> io::Result<Answer> {
        self.send(request, &[])?;
        let mut answered = Err("it gave no answer".into());
        wire::receive(&self.stream, 1, &mut self.buffer, |_, answer| answered = answer)?;
        Ok(answered)
    }

    fn receive_awaited(&mut self) -> io::Result<()> {
        let Self { stream, awaited, answers, buffer, .. } = self;
        wire::receive(&*stream, awaited.len(), buffer, |place, answer| {
            answers.insert(awaited[place], answer);
        })?;
        awaited.clear();
        Ok(())
    }

    /// The picture that follows an answer.
    fn pixels(&mut self, told: Told) -> io::Result<Picture> {
        let (height, width) = (told.number >> 32, told.number & u64::from(u32::MAX));
        let rgb = wire::read_long(&self.stream, 3 * height * width)?;
        Ok(Picture { width: width as usize, height: height as usize, rgb })
    }
}

impl Drop for Worker {
    /// Lets it close its environments, and ends it if it does not.
    fn drop(&mut self) {
        let _ = self.channel.get_mut().stream.shutdown(Shutdown::Both);
        let start = Instant::now();
        while self.ended().is_none() && start.elapsed() < LAST_WORDS {
            std::thread::sleep(Duration::from_millis(2));
        }
        self.kill();
    }
}
