//! IDX files, the format of MNIST and its relatives: a small header, then the elements, as they are or gzipped.
//!
//! ```text
//! 0 0 type n | length of dimension 1 | … | length of dimension n | elements, slowest dimension first
//! ```
//!
//! with lengths as four bytes, the greatest first. Of the element types only bytes (`type` = 8) are read.

use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// How a gzipped file begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The content of an IDX file of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idx {
    /// The length of each dimension, the slowest first.
    pub shape: Vec<usize>,
    /// The elements.
    pub bytes: Vec<u8>,
}

/// Why an IDX file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum IdxError {
    /// There is no such file.
    #[error("there is no `{name}` in `{}`, nor `{name}.gz` (relative paths start from the current directory)", folder.display())]
    Missing {
        /// Where it was looked for.
        folder: PathBuf,
        /// Its name.
        name: &'static str,
    },
    /// The system, or the decompressor, cannot read it.
    #[error("cannot read `{}`: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's word.
        error: std::io::Error,
    },
    /// It begins as no such file does.
    #[error("`{}` is not an IDX file of bytes in {dimensions} dimensions: it begins with 0x{found:08x} (allowed: 0x{:08x})", path.display(), magic(*dimensions))]
    Magic {
        /// The file.
        path: PathBuf,
        /// Its first four bytes.
        found: u32,
        /// The number of dimensions that was asked for.
        dimensions: u8,
    },
    /// The header announces more, or less, than there is.
    #[error("`{}` {}: {shape:?} bytes are announced", path.display(), if *long { "goes on after its end".to_string() } else { format!("is cut short after {found} bytes of data") })]
    Length {
        /// The file.
        path: PathBuf,
        /// The shape in the header.
        shape: Vec<usize>,
        /// Bytes found after the header.
        found: usize,
        /// Whether there are too many rather than too few.
        long: bool,
    },
    /// Pictures and labels do not belong together.
    #[error("`{}` holds {images} pictures, but `{}` {labels} labels", images_path.display(), labels_path.display())]
    Counts {
        /// The file of the pictures.
        images_path: PathBuf,
        /// Their number.
        images: usize,
        /// The file of the labels.
        labels_path: PathBuf,
        /// Their number.
        labels: usize,
    },
}

/// The first four bytes of a file of bytes in so many dimensions.
fn magic(dimensions: u8) -> u32 {
    0x0800 | u32::from(dimensions)
}

impl Idx {
    /// Reads the file `name`, or `name.gz`, in `folder`, which must have this number of dimensions.
    ///
    /// # Errors
    /// It is missing, unreadable, of another kind, or its length is not what its header says.
    pub fn find(folder: &Path, name: &'static str, dimensions: u8) -> Result<(PathBuf, Self), IdxError> {
        let candidates = [folder.join(name), folder.join(format!("{name}.gz"))];
        let path = candidates.into_iter().find(|path| path.is_file());
        let path = path.ok_or_else(|| IdxError::Missing { folder: folder.into(), name })?;
        let idx = Self::read(&path, dimensions)?;
        Ok((path, idx))
    }

    /// Reads the file `path`, gzipped or not, which must have this number of dimensions.
    ///
    /// # Errors
    /// As for [`Idx::find`].
    pub fn read(path: &Path, dimensions: u8) -> Result<Self, IdxError> {
        let unreadable = |error| IdxError::Unreadable { path: path.into(), error };
        let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
        let mut start = Vec::with_capacity(GZIP.len());
        file.by_ref().take(GZIP.len() as u64).read_to_end(&mut start).map_err(unreadable)?;
        let gzipped = start == GZIP;
        let whole = std::io::Cursor::new(start).chain(file);
        if gzipped {
            Self::parse(path, MultiGzDecoder::new(whole), dimensions)
        } else {
            Self::parse(path, whole, dimensions)
        }
    }

    /// Reads what `source` gives, which is called `path` in errors.
    ///
    /// # Errors
    /// As for [`Idx::find`].
    pub fn parse(path: &Path, mut source: impl Read, dimensions: u8) -> Result<Self, IdxError> {
        let unreadable = |error| IdxError::Unreadable { path: path.into(), error };
        let mut word = || {
            let mut bytes = [0; 4];
            source.read_exact(&mut bytes).map(|()| u32::from_be_bytes(bytes)).map_err(unreadable)
        };
        let found = word()?;
        if found != magic(dimensions) {
            return Err(IdxError::Magic { path: path.into(), found, dimensions });
        }
        let shape = (0..dimensions).map(|_| Ok(word()? as usize)).collect::<Result<Vec<_>, IdxError>>()?;
        let announced = shape.iter().fold(1_u64, |product, length| product.saturating_mul(*length as u64));
        let mut bytes = Vec::new();
        source.take(announced.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 != announced {
            let (found, long) = (bytes.len(), bytes.len() as u64 > announced);
            return Err(IdxError::Length { path: path.into(), shape, found, long });
        }
        Ok(Self { shape, bytes })
    }
}
