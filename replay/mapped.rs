//! A file mapped into memory, to be read.

use memmap2::{Advice, Mmap};
use std::fs::File;
use std::io;
use std::path::Path;

/// A file that is read as memory.
#[derive(Debug)]
pub(crate) struct Mapped(Mmap);

impl Mapped {
    /// Maps the file at `path`.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: who writes a segment is done with it before it is mapped, and nothing here changes it afterwards; it is removed, or
        // linked, which leaves its contents. A user who changes a file of a run that goes on must expect the run to end.
        let map = unsafe { Mmap::map(&file)? };
        // Else the system reads 128 KiB around every row, and drawing from more than fits into memory takes five times as long.
        map.advise(Advice::Random)?;
        Ok(Self(map))
    }

    /// Has the system begin to read `length` bytes from `begin` on. A hint, whose failure changes nothing.
    pub(crate) fn announce(&self, begin: usize, length: usize) {
        let _ = self.0.advise_range(Advice::WillNeed, begin, length);
    }

    /// Its contents.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}
