//! Films in memory: grey frames of one size, read once and shared.

use super::options::VideoOptions;
use super::{ffmpeg, pictures, y4m};
use crate::eye::{COARSE, GridError, Scale};
use parking_lot::Mutex;
use std::fs::File;
use std::io::Read;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why there is no film to show.
#[derive(Debug, thiserror::Error)]
pub enum FilmError {
    /// The cells do not divide the frame, or there are none.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// The file or folder cannot be opened or read.
    #[error("cannot read the film `{}`: {error} (relative paths start from the current directory)", path.display())]
    Unreadable {
        /// The film.
        path: PathBuf,
        /// The system's word.
        error: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("the film `{}` is damaged or not a film: {reason}", path.display())]
    Damaged {
        /// The film.
        path: PathBuf,
        /// A sentence.
        reason: String,
    },
    /// Less than two frames.
    #[error("the film `{}` has {found} ({}); it needs at least 2 frames", path.display(), keys(*from, *every, *most), found = count(*frames))]
    Short {
        /// The film.
        path: PathBuf,
        /// Frames taken.
        frames: u32,
        /// Frames left out before them.
        from: u32,
        /// The stride.
        every: NonZeroU32,
        /// Frames that are taken at most.
        most: Option<NonZeroU32>,
    },
    /// The film does not fit the memory it may take.
    #[error(
        "the film `{}` needs more than the {allowed} bytes that `memory` = {memory} MiB allows: {frames} frames of {width}x{height} are not all; \
         raise `memory` or `every`, or lower `width` and `height`", path.display())]
    Large {
        /// The film.
        path: PathBuf,
        /// The limit in bytes.
        allowed: u64,
        /// The limit as configured.
        memory: u32,
        /// Frames held when the limit was met.
        frames: u32,
        /// Width of a frame.
        width: u32,
        /// Height of a frame.
        height: u32,
    },
    /// The program that should read it is not there.
    #[error(
        "reading the film `{}` needs the program `{program}`, which is not on PATH; install it (Debian: apt-get install ffmpeg), \
         or convert the film to a folder of PNG pictures, a GIF or a Y4M", path.display())]
    NoProgram {
        /// The film.
        path: PathBuf,
        /// The program.
        program: String,
    },
}

/// What says which frames of a film are taken.
fn keys(from: u32, every: NonZeroU32, most: Option<NonZeroU32>) -> String {
    let from = if from > 0 { format!("`from` = {from}, ") } else { String::new() };
    let most = most.map_or(String::new(), |most| format!(", `frames` = {most}"));
    format!("with {from}`every` = {every}{most}")
}

fn count(frames: u32) -> String {
    format!("{frames} frame{}", if frames == 1 { "" } else { "s" })
}

/// A film: at least two grey frames of one size, with a coarse copy of each.
pub struct Film {
    frames: Vec<u8>,
    frame_len: usize,
    coarse: Vec<u8>,
    coarse_len: usize,
    digest: u64,
}

impl Film {
    /// Reads the film that `options` name, at the size they name.
    ///
    /// # Errors
    /// The film is missing, unreadable, damaged, too short or too large, or needs a program that is not there.
    pub fn read(options: &VideoOptions) -> Result<Self, FilmError> {
        let grid = options.grid()?;
        let mut reel = Reel::new(options);
        decode(&mut reel, "ffmpeg")?;
        let Reel { frames, kept, .. } = reel;
        if kept < 2 {
            return Err(FilmError::Short {
                path: options.path.clone(),
                frames: kept,
                from: options.from,
                every: options.every,
                most: options.frames,
            });
        }
        let frame_len = grid.width() * grid.height();
        let mut blur = grid.blur();
        let mut coarse = Vec::new();
        frames.chunks_exact(frame_len).for_each(|frame| blur.append(frame, &mut coarse));
        let coarse_len = grid.coarse_width() * grid.coarse_height();
        let digest = digest(options, &frames);
        Ok(Self { frames, frame_len, coarse, coarse_len, digest })
    }

    /// Number of frames.
    pub fn len(&self) -> u32 {
        (self.frames.len() / self.frame_len) as u32
    }

    /// Never: a film has at least two frames.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Frame `number`: `height · width` bytes.
    pub fn frame(&self, number: u32) -> &[u8] {
        &self.frames[number as usize * self.frame_len..][..self.frame_len]
    }

    /// The coarse copy of frame `number`.
    pub fn coarse(&self, number: u32) -> &[u8] {
        &self.coarse[number as usize * self.coarse_len..][..self.coarse_len]
    }

    /// A number that another film, or this one at another size, hardly has.
    pub fn digest(&self) -> u64 {
        self.digest
    }
}

/// The 64-bit FNV-1a hash of the sizes and the frames.
fn digest(options: &VideoOptions, frames: &[u8]) -> u64 {
    let sizes = [options.width, options.height, options.columns, options.rows].map(u32::to_le_bytes);
    let bytes = sizes.as_flattened().iter().chain(frames);
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Films that were read, so that environments of equal options share one.
#[derive(Default)]
pub struct Films {
    shelf: Mutex<Vec<(VideoOptions, Arc<Film>)>>,
}

impl Films {
    /// The film of `options`, read now unless an environment shows it already or it was the last one asked for.
    ///
    /// # Errors
    /// As [`Film::read`].
    pub fn get(&self, options: &VideoOptions) -> Result<Arc<Film>, FilmError> {
        let mut shelf = self.shelf.lock();
        let same = |other: &VideoOptions| {
            let key = |o: &VideoOptions| (o.width, o.height, o.columns, o.rows, o.from, o.every, o.frames, o.memory);
            other.path == options.path && key(other) == key(options)
        };
        if let Some((_, film)) = shelf.iter().find(|(other, _)| same(other)) {
            return Ok(film.clone());
        }
        // The shelf alone holds those that no environment shows any more.
        shelf.retain(|(_, film)| Arc::strong_count(film) > 1);
        let film = Arc::new(Film::read(options)?);
        shelf.push((options.clone(), film.clone()));
        Ok(film)
    }
}

/// What a decoder writes to: takes each frame or skips it, scales it, and minds the memory.
pub(super) struct Reel<'a> {
    pub(super) options: &'a VideoOptions,
    frames: Vec<u8>,
    seen: u64,
    kept: u32,
    scale: Option<Scale>,
}

impl<'a> Reel<'a> {
    pub(super) fn new(options: &'a VideoOptions) -> Self {
        Self { options, frames: Vec::new(), seen: 0, kept: 0, scale: None }
    }

    /// The film's place on disk.
    pub(super) fn path(&self) -> &'a Path {
        &self.options.path
    }

    /// Frames of the film until the last one that is taken, if there is a last one.
    pub(super) fn needed(&self) -> Option<u64> {
        let VideoOptions { from, every, frames, .. } = self.options;
        frames.map(|frames| u64::from(*from) + u64::from(frames.get() - 1) * u64::from(every.get()) + 1)
    }

    /// Whether all frames that are taken have been.
    pub(super) fn is_full(&self) -> bool {
        self.needed().is_some_and(|needed| self.seen >= needed)
    }

    /// Takes one grey frame of `[height, width]`, or skips it as `from`, `every` and `frames` say.
    pub(super) fn push(&mut self, size: [usize; 2], grey: &[u8]) -> Result<(), FilmError> {
        let VideoOptions { width, height, rows, columns, memory, from, every, .. } = *self.options;
        let taken = self.seen.checked_sub(from.into()).is_some_and(|since| since.is_multiple_of(every.get().into()));
        let over = self.is_full();
        self.seen += 1;
        if !taken || over {
            return Ok(());
        }
        let allowed = u64::from(memory) << 20;
        let bytes =
            u64::from(width) * u64::from(height) + (COARSE * COARSE) as u64 * u64::from(rows) * u64::from(columns);
        if (u64::from(self.kept) + 1) * bytes > allowed {
            let (path, frames) = (self.path().to_path_buf(), self.kept);
            return Err(FilmError::Large { path, allowed, memory, frames, width, height });
        }
        let scale = match self.scale.take() {
            Some(scale) if scale.is_from(size) => scale,
            _ => Scale::new(size, [height as usize, width as usize]),
        };
        self.scale.insert(scale).append(grey, &mut self.frames);
        self.kept += 1;
        Ok(())
    }

    /// That the file is not what it should be.
    pub(super) fn damaged(&self, reason: impl std::fmt::Display) -> FilmError {
        FilmError::Damaged { path: self.path().to_path_buf(), reason: reason.to_string() }
    }

    /// That the system could not read it.
    pub(super) fn unreadable(&self, error: std::io::Error) -> FilmError {
        FilmError::Unreadable { path: self.path().to_path_buf(), error }
    }
}

/// Reads the film by what it is: a folder, a file that begins as a GIF or a Y4M does, or anything else by `program`.
fn decode(reel: &mut Reel, program: &str) -> Result<(), FilmError> {
    if reel.path().is_dir() {
        return pictures::folder(reel);
    }
    let mut start = Vec::new();
    let read = File::open(reel.path()).and_then(|file| file.take(9).read_to_end(&mut start));
    match read {
        Err(error) => Err(reel.unreadable(error)),
        Ok(0) => Err(reel.damaged("it is empty")),
        Ok(_) if start.starts_with(b"GIF8") => pictures::gif(reel),
        Ok(_) if start.starts_with(b"YUV4MPEG2") => y4m::film(reel),
        Ok(_) => ffmpeg::film(reel, program),
    }
}
