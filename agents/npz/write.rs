//! Writing.

use super::{LANE, NEXT, TERMINATED, TRUNCATED};
use innate_replay::{Batch, ColumnId, Kind, Place, Replay, ReplayError, Role};
use npyz::{AutoSerialize, WriteOptions, WriterBuilder};
use std::fs::File;
use std::io;
use std::path::Path;
use zip::ZipWriter;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;

/// Transitions that are gathered at once.
const BATCH: usize = 1024;

/// A replay that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The archive.
    #[error(transparent)]
    Zip(#[from] ZipError),
    /// The replay.
    #[error(transparent)]
    Replay(#[from] ReplayError),
}

/// Writes all transitions of `replay`. Answers with their number.
///
/// # Errors
/// The file cannot be written.
pub fn write_npz(replay: &Replay, path: &Path) -> Result<usize, ExportError> {
    let mut places = Vec::new();
    for lane in 0..replay.lanes() {
        places.extend((0..replay.lane_len(lane)?).map(|row| Place { lane, row }));
    }
    let mut file = Archive { zip: ZipWriter::new(File::create(path)?), replay, places: &places };
    for (number, spec) in replay.schema().columns().iter().enumerate() {
        let column = ColumnId(number);
        let history = if spec.history > 1 && !spec.shape.is_empty() { spec.history } else { 1 };
        let mut shape = spec.shape.clone();
        shape.first_mut().into_iter().for_each(|side| *side *= history);
        match spec.kind {
            Kind::U8 => file.array::<u8>(&spec.name, &shape, |batch| batch.u8(column))?,
            Kind::F32 => file.array::<f32>(&spec.name, &shape, |batch| batch.f32(column))?,
            Kind::I64 => file.array::<i64>(&spec.name, &shape, |batch| batch.i64(column))?,
        }
        if spec.role == Role::Observation {
            let next = format!("{NEXT}{}", spec.name);
            match spec.kind {
                Kind::U8 => file.array::<u8>(&next, &shape, |batch| batch.next_u8(column))?,
                Kind::F32 => file.array::<f32>(&next, &shape, |batch| batch.next_f32(column))?,
                Kind::I64 => file.array::<i64>(&next, &shape, |batch| batch.next_i64(column))?,
            }
        }
    }
    file.array::<u8>(TERMINATED, &[], |batch| Ok(batch.terminated()))?;
    file.array::<u8>(TRUNCATED, &[], |batch| Ok(batch.truncated()))?;
    file.lanes()?;
    file.zip.finish()?;
    Ok(places.len())
}

/// The file as it grows, array by array.
struct Archive<'a> {
    zip: ZipWriter<File>,
    replay: &'a Replay,
    places: &'a [Place],
}

impl Archive<'_> {
    /// Writes what `values` gives of every transition.
    fn array<T: AutoSerialize + Copy>(
        &mut self,
        name: &str,
        shape: &[usize],
        values: impl Fn(&Batch) -> Result<&[T], ReplayError>,
    ) -> Result<(), ExportError> {
        let sides: Vec<u64> =
            std::iter::once(self.places.len()).chain(shape.iter().copied()).map(|side| side as u64).collect();
        self.begin(name)?;
        let mut writer = WriteOptions::new().default_dtype().shape(&sides).writer(&mut self.zip).begin_nd()?;
        let mut batch = Batch::new(self.replay.schema(), BATCH);
        for places in self.places.chunks(BATCH) {
            if places.len() < batch.size() {
                batch = Batch::new(self.replay.schema(), places.len());
            }
            self.replay.gather(places, &mut batch)?;
            writer.extend(values(&batch)?.iter().copied())?;
        }
        Ok(writer.finish()?)
    }

    /// Writes the lane of every transition.
    fn lanes(&mut self) -> Result<(), ExportError> {
        self.begin(LANE)?;
        let sides = [self.places.len() as u64];
        let mut writer = WriteOptions::new().default_dtype().shape(&sides).writer(&mut self.zip).begin_nd()?;
        writer.extend(self.places.iter().map(|place| place.lane as u32))?;
        Ok(writer.finish()?)
    }

    /// Begins the array `name`, which may have more than 4 GiB. Frames repeat from stack to stack, which compression finds.
    fn begin(&mut self, name: &str) -> Result<(), ExportError> {
        Ok(self.zip.start_file(format!("{name}.npy"), SimpleFileOptions::default().large_file(true))?)
    }
}
