//! What is said between the program and a worker: see `worker.py`.

use crate::array::Kind;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};

/// Bit of a reply: the episode reached a terminal state.
pub(super) const TERMINATED: u64 = 1;
/// Bit of a reply: the episode was cut off.
pub(super) const TRUNCATED: u64 = 2;
/// Bit of a reply: the environment failed, and a text of so many bytes follows.
const FAILED: u64 = 4;
/// Longest text or picture that is believed.
const LONGEST: u64 = 1 << 30;

/// What an environment is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Step(u64),
    Reset(Option<u64>),
    Picture,
}

/// What it answers, unless it failed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reply {
    pub(super) flags: u64,
    pub(super) number: u64,
    pub(super) reward: f64,
}

/// An environment to be made.
#[derive(Serialize)]
pub(super) struct Asked<'a> {
    pub(super) id: &'a str,
    pub(super) kwargs: &'a toml::Table,
    pub(super) imports: &'a [String],
    pub(super) atari: Option<super::AtariOptions>,
    pub(super) frame: bool,
    pub(super) max_episode_steps: Option<u32>,
    /// Where the shared file is to be.
    pub(super) path: &'a str,
}

/// An environment that was made.
#[derive(Debug, Deserialize)]
pub(super) struct Made {
    pub(super) arrays: Vec<Layout>,
    pub(super) actions: Vec<String>,
    pub(super) max_episode_steps: Option<u32>,
    pub(super) reward_threshold: Option<f64>,
}

/// An array in the shared file.
#[derive(Debug, Deserialize)]
pub(super) struct Layout {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) shape: Vec<usize>,
    pub(super) low: Vec<Option<f32>>,
    pub(super) high: Vec<Option<f32>>,
    pub(super) offset: u64,
}

/// The first answer.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Opened {
    Refused { error: String },
    Made(Made),
}

/// Why there is no reply.
pub(super) enum Silence {
    /// The environment failed: what Python says.
    Failed(String),
    /// The connection is gone, or too slow.
    Broken(io::Error),
}

impl From<io::Error> for Silence {
    fn from(error: io::Error) -> Self {
        Silence::Broken(error)
    }
}

/// Asks for an environment and waits until it is there.
pub(super) fn open(mut stream: impl Read + Write, asked: &Asked<'_>) -> io::Result<Opened> {
    let message = serde_json::to_vec(asked)?;
    stream.write_all(&(message.len() as u64).to_le_bytes())?;
    stream.write_all(&message)?;
    let mut length = [0; 8];
    stream.read_exact(&mut length)?;
    let answer = read_long(stream, u64::from_le_bytes(length))?;
    Ok(serde_json::from_slice(&answer)?)
}

/// Sends a request.
pub(super) fn send(mut stream: impl Write, request: Request) -> io::Result<()> {
    let (what, number) = match request {
        Request::Step(action) => (0, action),
        Request::Reset(None) => (1, 0),
        Request::Reset(Some(seed)) => (2, seed),
        Request::Picture => (3, 0),
    };
    let mut message = [0; 16];
    message[..8].copy_from_slice(&u64::to_le_bytes(what));
    message[8..].copy_from_slice(&number.to_le_bytes());
    stream.write_all(&message)
}

/// Waits for the reply to a request.
pub(super) fn receive(mut stream: impl Read) -> Result<Reply, Silence> {
    let mut message = [0; 24];
    stream.read_exact(&mut message)?;
    let word = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&message[at..at + 8]);
        u64::from_le_bytes(bytes)
    };
    let reply = Reply { flags: word(0), number: word(8), reward: f64::from_bits(word(16)) };
    if reply.flags & FAILED == 0 {
        return Ok(reply);
    }
    let text = read_long(stream, reply.number)?;
    Err(Silence::Failed(String::from_utf8_lossy(&text).into_owned()))
}

/// Reads so many bytes.
pub(super) fn read_long(stream: impl Read, length: u64) -> io::Result<Vec<u8>> {
    if length > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it announces {length} bytes")));
    }
    let mut bytes = Vec::new();
    stream.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
