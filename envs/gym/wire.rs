//! What is said between the program and a worker, byte for byte: see `worker.py`.

use crate::array::Kind;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};

/// Bit of an answer: the episode reached a terminal state.
pub(super) const TERMINATED: u64 = 1;
/// Bit of an answer: the episode was cut off.
pub(super) const TRUNCATED: u64 = 2;
/// Bit of an answer: the next episode has begun.
pub(super) const BEGUN: u64 = 8;
/// What is added to an action if the next episode is to begin as soon as this one has ended.
pub(super) const AHEAD: u64 = 1 << 63;
/// Bit of an answer: the environment failed, and `number` is the length of a text.
const FAILED: u64 = 4;
/// Longest text or picture that is believed.
const LONGEST: u64 = 1 << 30;
/// Bytes of an answer.
const ANSWER: usize = 24;

/// What a worker is asked; environments are named by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// Make an environment; so many bytes of JSON follow.
    Open(u64, u32),
    /// So many pairs of an environment and its action follow.
    Step(u32),
    Reset(u64, Option<u64>),
    Picture(u64),
    Close(u64),
}

/// What an environment answers: flags, a number, the reward; or, if it failed, what Python says.
pub(super) type Answer = Result<Told, String>;

/// An answer of an environment that did not fail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Told {
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
    /// Bytes of half the shared file.
    pub(super) half: u64,
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

/// The answer to [`Request::Open`].
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Opened {
    Refused { error: String },
    Made(Made),
}

impl Request {
    /// The request as bytes, with what belongs to it.
    pub(super) fn write(self, more: &[u8], into: &mut Vec<u8>) {
        let (what, count, number) = match self {
            Request::Open(environment, length) => (0_u32, length, environment),
            Request::Step(count) => (1, count, 0),
            Request::Reset(environment, seed) => (2, seed.is_some().into(), environment),
            Request::Picture(environment) => (3, 0, environment),
            Request::Close(environment) => (4, 0, environment),
        };
        into.extend_from_slice(&what.to_le_bytes());
        into.extend_from_slice(&count.to_le_bytes());
        into.extend_from_slice(&number.to_le_bytes());
        if let Request::Reset(_, seed) = self {
            into.extend_from_slice(&seed.unwrap_or_default().to_le_bytes());
        }
        into.extend_from_slice(more);
    }
}

/// Asks for an environment of this number and waits until it is there.
pub(super) fn open(mut stream: impl Read + Write, environment: u64, asked: &Asked<'_>) -> io::Result<Opened> {
    let json = serde_json::to_vec(asked)?;
    let mut message = Vec::new();
    Request::Open(environment, json.len() as u32).write(&json, &mut message);
    stream.write_all(&message)?;
    let mut length = [0; 8];
    stream.read_exact(&mut length)?;
    let answer = read_long(stream, u64::from_le_bytes(length))?;
    Ok(serde_json::from_slice(&answer)?)
}

/// Waits for `count` answers; `buffer` is room for their bytes.
pub(super) fn receive(
    mut stream: impl Read,
    count: usize,
    buffer: &mut Vec<u8>,
    mut answer: impl FnMut(usize, Answer),
) -> io::Result<()> {
    buffer.resize(count * ANSWER, 0);
    stream.read_exact(buffer)?;
    for (place, bytes) in buffer.as_chunks::<ANSWER>().0.iter().enumerate() {
        let [flags, number, reward] = [0, 1, 2].map(|word| bytes.as_chunks::<8>().0[word]).map(u64::from_le_bytes);
        answer(
            place,
            match flags & FAILED {
                0 => Ok(Told { flags, number, reward: f64::from_bits(reward) }),
                _ => Err(format!("it failed:\n{}", String::from_utf8_lossy(&read_long(&mut stream, number)?))),
            },
        );
    }
    Ok(())
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
