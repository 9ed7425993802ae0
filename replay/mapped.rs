//! A file mapped into memory, to be read.

use memmap2::Mmap;
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
        Ok(Self(unsafe { Mmap::map(&file)? }))
    }

    /// Its contents.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}
