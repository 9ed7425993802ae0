//! Observations on disk: segments of rows, written once and never changed.
//!
//! ```text
//! slot of ordinal o = o mod slots        segment k of a lane = its slots k·S … (k+1)·S − 1
//!
//!   sealed   sealed   open ▌head  sealed (of the time around before)   sealed
//!   ───────  ───────  ─────────── ──────────────────────────────────   ───────
//!   newer ───────────────▶        the oldest rows, forgotten one by one …
//! ```
//!
//! The segment that is being filled is open, and in memory. Once it is full it is written, mapped, and takes the place of the one that
//! held its slots the time around before; whose file is removed then, but for the links to it that checkpoints keep. So memory holds
//! one segment of each lane and column, whatever the capacity, and the system keeps as much of the others as it has room for.

use crate::error::ReplayError;
use crate::mapped::Mapped;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The ending of the files' names.
const ENDING: &str = ".rows";

/// The observations of a replay, lane by lane.
#[derive(Clone, Debug)]
pub(crate) struct Segments {
    /// Rows of a segment, S.
    rows: usize,
    /// Slots of a lane.
    slots: usize,
    /// Where files lie; until it is known, full segments stay in memory.
    folder: Option<PathBuf>,
    /// By column, and then by lane; nothing for a column of the step.
    strands: Vec<Vec<Strand>>,
}

/// One column of one lane.
#[derive(Clone, Debug)]
struct Strand {
    /// What the names of its files begin with.
    name: String,
    /// Bytes of a row.
    width: usize,
    /// The segment that is being filled, and its rows so far; the last one may be the head.
    number: usize,
    open: Vec<u8>,
    filled: usize,
    /// By number.
    sealed: Vec<Option<Sealed>>,
}

/// A segment that is full.
#[derive(Clone, Debug)]
struct Sealed {
    /// The ordinal of its first row.
    first: u64,
    bytes: Bytes,
}

#[derive(Clone, Debug)]
enum Bytes {
    Held(Arc<Vec<u8>>),
    Mapped(Arc<Mapped>, PathBuf),
}

impl Sealed {
    fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Held(bytes) => bytes,
            Bytes::Mapped(mapped, _) => mapped.bytes(),
        }
    }
}

fn io(path: &Path) -> impl FnOnce(io::Error) -> ReplayError + '_ {
    move |source| ReplayError::Io { path: path.into(), source }
}

impl Segments {
    /// Segments of `rows` rows, for `lanes` lanes of `slots` slots; `widths` are the bytes of a row of each column, 0 for a column of
    /// the step. Nothing if the memory cannot be had.
    pub(crate) fn new(rows: usize, lanes: usize, slots: usize, widths: &[usize]) -> Option<Self> {
        let rows = rows.min(slots);
        let mut strands = Vec::with_capacity(widths.len());
        for (column, &width) in widths.iter().enumerate() {
            let mut by_lane = Vec::new();
            for lane in (0..lanes).filter(|_| width > 0) {
                let mut open = Vec::new();
                open.try_reserve_exact(rows.checked_mul(width)?).ok()?;
                open.resize(rows * width, 0);
                let sealed = vec![None; slots.div_ceil(rows)];
                let name = format!("observations-{column}-{lane}");
                by_lane.push(Strand { name, width, number: 0, open, filled: 0, sealed });
            }
            strands.push(by_lane);
        }
        Some(Self { rows, slots, folder: None, strands })
    }

    /// Whether a file of this name is a segment.
    pub(crate) fn is_file(name: &str) -> bool {
        name.ends_with(ENDING)
    }

    /// Rows of a segment.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of the segments that are in memory, and of all that fit on the disk.
    pub(crate) fn memory(&self) -> (usize, usize) {
        let strands = || self.strands.iter().flatten();
        (strands().map(|strand| strand.open.len()).sum(), strands().map(|strand| self.slots * strand.width).sum())
    }

    /// The row in slot `slot`, or what was there the time around before, or zeros.
    #[inline]
    pub(crate) fn row(&self, lane: usize, column: usize, slot: usize) -> &[u8] {
        let strand = &self.strands[column][lane];
        let (number, begin) = (slot / self.rows, slot % self.rows * strand.width);
        let bytes = match &strand.sealed[number] {
            _ if number == strand.number && slot % self.rows < strand.filled => &strand.open,
            Some(sealed) => sealed.bytes(),
            None => &strand.open,
        };
        &bytes[begin..begin + strand.width]
    }

    /// Has the system begin to read `rows` rows of a lane from slot `slot` on, as far as they lie in one segment on disk.
    pub(crate) fn announce(&self, lane: usize, slot: usize, rows: usize) {
        for strand in self.strands.iter().filter_map(|lanes| lanes.get(lane)) {
            if let Some(Sealed { bytes: Bytes::Mapped(mapped, _), .. }) = &strand.sealed[slot / self.rows] {
                let place = slot % self.rows;
                let rows = rows.min(self.length(slot / self.rows) - place);
                mapped.announce(place * strand.width, rows * strand.width);
            }
        }
    }

    /// The head of a lane, in slot `slot`, to be written.
    pub(crate) fn head_mut(&mut self, lane: usize, column: usize, slot: usize) -> &mut [u8] {
        let (rows, strand) = (self.rows, &mut self.strands[column][lane]);
        if slot / rows != strand.number {
            (strand.number, strand.filled) = (slot / rows, 0);
        }
        let place = slot % rows;
        strand.filled = place + 1;
        &mut strand.open[place * strand.width..][..strand.width]
    }

    /// Writes row `ordinal` of a lane, which follows the one written before.
    ///
    /// # Errors
    /// It was the last one of its segment, which cannot be written to the disk.
    pub(crate) fn write_row(
        &mut self,
        lane: usize,
        column: usize,
        ordinal: u64,
        bytes: &[u8],
    ) -> Result<(), ReplayError> {
        let slot = (ordinal % self.slots as u64) as usize;
        self.head_mut(lane, column, slot).copy_from_slice(bytes);
        let (number, place) = (slot / self.rows, slot % self.rows);
        let length = self.length(number);
        if place + 1 < length {
            return Ok(());
        }
        let first = ordinal - place as u64;
        let strand = &mut self.strands[column][lane];
        let bytes = &strand.open[..length * strand.width];
        let bytes = match &self.folder {
            None => Bytes::Held(Arc::new(bytes.to_vec())),
            Some(folder) => write(&folder.join(strand.file(first)), bytes)?,
        };
        let old = strand.sealed[number].replace(Sealed { first, bytes });
        (strand.number, strand.filled) = ((number + 1) % strand.sealed.len(), 0);
        match old.map(|old| old.bytes) {
            Some(Bytes::Mapped(_, path)) if self.folder.is_some() => remove(&path).map_err(io(&path)),
            _ => Ok(()),
        }
    }

    /// Rows of segment `number`: S, but for the last.
    fn length(&self, number: usize) -> usize {
        self.rows.min(self.slots - number * self.rows)
    }

    /// Has files lie in `folder` from now on, together with those of segments that are full already; what else of segments lies there
    /// is removed.
    ///
    /// # Errors
    /// The disk refuses.
    pub(crate) fn keep_in(&mut self, folder: &Path) -> Result<(), ReplayError> {
        fs::create_dir_all(folder).map_err(io(folder))?;
        let own: BTreeSet<PathBuf> = self.strands.iter().flatten().flat_map(Strand::files).collect();
        for entry in fs::read_dir(folder).map_err(io(folder))? {
            let path = entry.map_err(io(folder))?.path();
            if Self::is_file(&path.to_string_lossy()) && !own.contains(&path) {
                fs::remove_file(&path).map_err(io(&path))?;
            }
        }
        for strand in self.strands.iter_mut().flatten() {
            for sealed in strand.sealed.iter_mut().flatten() {
                let path = folder.join(format!("{}-{}{ENDING}", strand.name, sealed.first));
                sealed.bytes = place(&sealed.bytes, &path)?;
            }
        }
        self.folder = Some(folder.into());
        Ok(())
    }

    /// The numbers of the full segments that hold rows from ordinal `oldest` on, in a lane whose next row is `next`, each with the
    /// ordinal of its first row.
    fn present(&self, oldest: u64, next: u64) -> impl Iterator<Item = (usize, u64)> + '_ {
        let (around, slot) = (next / self.slots as u64, (next % self.slots as u64) as usize);
        (0..self.slots.div_ceil(self.rows)).filter_map(move |number| {
            // The open segment, and those after it, were full the time around before.
            let around = if number < slot / self.rows { around } else { around.checked_sub(1)? };
            let first = around * self.slots as u64 + (number * self.rows) as u64;
            (first + self.length(number) as u64 > oldest).then_some((number, first))
        })
    }

    /// Puts the full segments of a lane that hold rows from ordinal `oldest` on into `folder`, as links where that can be.
    ///
    /// # Errors
    /// The disk refuses.
    pub(crate) fn save(&self, lane: usize, (oldest, next): (u64, u64), folder: &Path) -> Result<(), ReplayError> {
        for strand in self.strands.iter().filter_map(|lanes| lanes.get(lane)) {
            for (number, first) in self.present(oldest, next) {
                if let Some(sealed) = &strand.sealed[number] {
                    place(&sealed.bytes, &folder.join(strand.file(first)))?;
                }
            }
        }
        Ok(())
    }

    /// Maps the segments that [`Segments::save`] put into `folder`.
    ///
    /// # Errors
    /// One is missing, or of another length.
    pub(crate) fn load(&mut self, lane: usize, (oldest, next): (u64, u64), folder: &Path) -> Result<(), ReplayError> {
        let present: Vec<_> = self.present(oldest, next).collect();
        let on_disk: Vec<usize> = (0..self.strands.len()).filter(|&column| !self.strands[column].is_empty()).collect();
        for column in on_disk {
            for &(number, first) in &present {
                let length = self.length(number);
                let strand = &mut self.strands[column][lane];
                let path = folder.join(strand.file(first));
                let mapped = Mapped::open(&path).map_err(io(&path))?;
                let (found, expected) = (mapped.bytes().len(), length * strand.width);
                if found != expected {
                    let reason = format!("it has {found} bytes, {length} rows take {expected}");
                    return Err(ReplayError::Damaged { path, reason });
                }
                strand.sealed[number] = Some(Sealed { first, bytes: Bytes::Mapped(Arc::new(mapped), path) });
            }
        }
        Ok(())
    }

    /// The rows of the open segment of a lane whose next row is `next`.
    pub(crate) fn open(&self, lane: usize, column: usize, next: u64) -> &[u8] {
        let strand = &self.strands[column][lane];
        &strand.open[..self.filled(next) * strand.width]
    }

    /// The same, to be read into.
    pub(crate) fn open_mut(&mut self, lane: usize, column: usize, next: u64) -> &mut [u8] {
        let (filled, number) = (self.filled(next), (next % self.slots as u64) as usize / self.rows);
        let strand = &mut self.strands[column][lane];
        (strand.number, strand.filled) = (number, filled);
        &mut strand.open[..filled * strand.width]
    }

    /// Rows in the open segment of a lane whose next row is `next`.
    fn filled(&self, next: u64) -> usize {
        (next % self.slots as u64) as usize % self.rows
    }
}

impl Strand {
    /// The files of its full segments.
    fn files(&self) -> impl Iterator<Item = PathBuf> + '_ {
        self.sealed.iter().flatten().filter_map(|sealed| match &sealed.bytes {
            Bytes::Held(_) => None,
            Bytes::Mapped(_, path) => Some(path.clone()),
        })
    }

    /// The name of the file of the segment whose first row is `first`.
    fn file(&self, first: u64) -> String {
        format!("{}-{first}{ENDING}", self.name)
    }
}

/// Writes a segment and maps it. An ordinary write, so that a full disk is an error and no signal.
fn write(path: &Path, bytes: &[u8]) -> Result<Bytes, ReplayError> {
    let written =
        remove(path).and_then(|()| fs::write(path, bytes)).and_then(|()| Mapped::open(path)).map_err(io(path));
    if written.is_err() {
        // What was begun takes room on a disk that may be full; the error that is told is the first one.
        let _ = fs::remove_file(path);
    }
    Ok(Bytes::Mapped(Arc::new(written?), path.into()))
}

/// Has the file of a segment lie at `path` as well: as a link, or where there can be none as a copy.
fn place(bytes: &Bytes, path: &Path) -> Result<Bytes, ReplayError> {
    match bytes {
        Bytes::Held(bytes) => write(path, bytes),
        Bytes::Mapped(_, from) if from == path => Ok(bytes.clone()),
        Bytes::Mapped(mapped, from) => match remove(path).and_then(|()| fs::hard_link(from, path)) {
            Ok(()) => Ok(Bytes::Mapped(mapped.clone(), path.into())),
            Err(_) => write(path, mapped.bytes()),
        },
    }
}

/// Removes a file if it is there. It is never written over: somebody may have it mapped.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
