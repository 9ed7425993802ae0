//! Checkpoints: everything that a run needs to go on as if nothing had happened.
//!
//! A run's folder holds `checkpoints/step-N/`, each with a `manifest.json` that lists the other files with their lengths and
//! BLAKE3 sums, and two links: `latest`, from which a run resumes, and `best`, which evaluation takes. A checkpoint is
//! written beside its place, flushed to the disk and renamed, so that at every moment each name holds a whole checkpoint or
//! none.

use crate::learner::NamedTensor;
use crate::plan::Plan;
use innate_replay::Replay;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The version of the layout of checkpoints; another one is refused.
pub const FORMAT: u32 = 5;

const MANIFEST: &str = "manifest.json";
/// Online and target weights of every area.
pub(crate) const WEIGHTS: &str = "weights.safetensors";
/// The optimisers' moments.
pub(crate) const OPTIMISER: &str = "optimiser.safetensors";
/// Everything that is remembered.
pub(crate) const REPLAY: &str = "replay.safetensors";
/// Everything else: counters, random streams, environments, signals.
pub(crate) const STATE: &str = "state.bin";

/// What a checkpoint holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Extent {
    /// Everything: a run can resume from it.
    Full,
    /// Weights alone: it can be evaluated.
    Weights,
}

impl Extent {
    /// The files that a checkpoint of this extent holds.
    fn files(self) -> &'static [&'static str] {
        match self {
            Extent::Full => &[WEIGHTS, OPTIMISER, REPLAY, STATE],
            Extent::Weights => &[WEIGHTS],
        }
    }
}

/// The manifest of a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the layout.
    pub format: u32,
    /// The program's version.
    pub innate: String,
    /// Environment steps trained.
    pub step: u64,
    /// What it holds.
    pub extent: Extent,
    /// The other files.
    pub files: BTreeMap<String, FileSum>,
}

/// Length and checksum of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSum {
    /// Length in bytes.
    pub bytes: u64,
    /// BLAKE3 of the contents, in hexadecimal.
    pub blake3: String,
}

/// Why a checkpoint could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// A file or folder could not be written or read.
    #[error("{path}: {source}")]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The replay could not be written or read.
    #[error("replay: {0}")]
    Replay(#[from] innate_replay::ReplayError),
    /// What was read is not what was written.
    #[error("the checkpoint {path} is damaged: {reason}")]
    Damaged {
        /// The checkpoint.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// Another version of the layout.
    #[error(
        "the checkpoint {path} has format {found}, this program reads format {FORMAT}; use the version of innate that wrote it ({writer})"
    )]
    Version {
        /// The checkpoint.
        path: PathBuf,
        /// The format found.
        found: u32,
        /// The program that wrote it.
        writer: String,
    },
    /// A checkpoint of weights cannot be resumed from.
    #[error("the checkpoint {path} holds weights alone; a run resumes from a full one")]
    Partial {
        /// The checkpoint.
        path: PathBuf,
    },
}

impl CheckpointError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| CheckpointError::Io { path: path.into(), source }
    }

    fn damaged(path: &Path, reason: impl Into<String>) -> Self {
        CheckpointError::Damaged { path: path.into(), reason: reason.into() }
    }
}

/// The folder of a run.
#[derive(Clone, Debug)]
pub struct RunFolder {
    /// Its path.
    pub path: PathBuf,
}

impl RunFolder {
    /// The folder at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where the checkpoints lie.
    pub fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    /// Where observations of the replay lie that are on disk.
    pub fn replay(&self) -> PathBuf {
        self.path.join("replay")
    }

    /// Writes the checkpoint of `step`: `fill` writes its files into the folder it is given. Those that `known` names are on the disk
    /// already, and have these sums. Answers with the sums of all.
    ///
    /// # Errors
    /// The disk refuses. Checkpoints that were there before are untouched.
    pub fn write(
        &self,
        step: u64,
        extent: Extent,
        known: &BTreeMap<String, FileSum>,
        fill: impl FnOnce(&Path) -> Result<(), CheckpointError>,
    ) -> Result<BTreeMap<String, FileSum>, CheckpointError> {
        let all = self.checkpoints();
        let name = format!("step-{step}");
        let (beside, place) = (all.join(format!(".writing-{name}")), all.join(&name));
        let written = fs::create_dir_all(&all).and_then(|()| clear(&beside)).and_then(|()| fs::create_dir(&beside));
        let written = written.map_err(CheckpointError::io(&beside)).and_then(|()| {
            fill(&beside)?;
            let files = write_manifest(&beside, step, extent, known)?;
            replace(&beside, &place, &all.join(format!(".old-{name}"))).map_err(CheckpointError::io(&place))?;
            sync(&all)?;
            Ok(files)
        });
        if written.is_err() {
            // What was begun takes room on a disk that may be full; should this fail too, the next attempt clears it.
            let _ = clear(&beside);
        }
        written
    }

    /// Points the link `name` (`latest`, `best`) at the checkpoint of `step`.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn point(&self, name: &str, step: u64) -> Result<(), CheckpointError> {
        let (beside, place) = (self.path.join(format!(".{name}")), self.path.join(name));
        // Where a run was copied with its links followed, a folder stands in the link's place.
        let folder = fs::symlink_metadata(&place).is_ok_and(|found| found.is_dir());
        let cleared = if folder { clear(&place).and_then(|()| clear(&beside)) } else { clear(&beside) };
        cleared
            .and_then(|()| std::os::unix::fs::symlink(format!("checkpoints/step-{step}"), &beside))
            .and_then(|()| fs::rename(&beside, &place))
            .map_err(CheckpointError::io(&place))?;
        sync(&self.path)
    }

    /// Removes the link `name`, if it is there.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn unpoint(&self, name: &str) -> Result<(), CheckpointError> {
        let place = self.path.join(name);
        clear(&place).map_err(CheckpointError::io(&place))
    }

    /// The steps of the checkpoints that are there, ascending.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn steps(&self) -> Result<Vec<u64>, CheckpointError> {
        let all = self.checkpoints();
        let mut steps = Vec::new();
        for entry in fs::read_dir(&all).map_err(CheckpointError::io(&all))? {
            let name = entry.map_err(CheckpointError::io(&all))?.file_name();
            steps.extend(
                name.to_str().and_then(|name| name.strip_prefix("step-")).and_then(|step| step.parse::<u64>().ok()),
            );
        }
        steps.sort_unstable();
        Ok(steps)
    }

    /// Whether a run can resume from the checkpoint of `step`.
    pub fn is_full(&self, step: u64) -> bool {
        self.checkpoints().join(format!("step-{step}")).join(STATE).exists()
    }

    /// Removes checkpoints that `keep` does not want, and what was never finished.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn prune(&self, keep: impl Fn(u64) -> bool) -> Result<(), CheckpointError> {
        for step in self.steps()?.into_iter().filter(|&step| !keep(step)) {
            let path = self.checkpoints().join(format!("step-{step}"));
            clear(&path).map_err(CheckpointError::io(&path))?;
        }
        let all = self.checkpoints();
        for entry in fs::read_dir(&all).map_err(CheckpointError::io(&all))? {
            let entry = entry.map_err(CheckpointError::io(&all))?;
            if entry.file_name().to_string_lossy().starts_with('.') {
                clear(&entry.path()).map_err(CheckpointError::io(&entry.path()))?;
            }
        }
        Ok(())
    }
}

/// A checkpoint whose files have been found whole.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Its folder.
    pub path: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
}

impl Checkpoint {
    /// Opens the checkpoint at `path` and compares every file with its checksum.
    ///
    /// # Errors
    /// It is not there, of another version, or damaged.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let place = path.join(MANIFEST);
        let text = fs::read(&place).map_err(CheckpointError::io(&place))?;
        let damaged = |reason: String| CheckpointError::damaged(path, reason);
        let json: serde_json::Value = serde_json::from_slice(&text).map_err(|e| damaged(format!("{MANIFEST}: {e}")))?;
        let found = json["format"].as_u64().ok_or_else(|| damaged(format!("{MANIFEST} names no format")))? as u32;
        if found != FORMAT {
            let writer = json["innate"].as_str().unwrap_or("unknown").into();
            return Err(CheckpointError::Version { path: path.into(), found, writer });
        }
        let manifest: Manifest = serde_json::from_value(json).map_err(|e| damaged(format!("{MANIFEST}: {e}")))?;
        if let Some(missing) = manifest.extent.files().iter().find(|name| !manifest.files.contains_key(**name)) {
            return Err(damaged(format!("{MANIFEST} does not name {missing}")));
        }
        for (name, expected) in &manifest.files {
            let file = path.join(name);
            let found = sum(&file).map_err(|error| damaged(format!("{name}: {error}")))?;
            if found.bytes != expected.bytes {
                return Err(damaged(format!(
                    "{name} has {} bytes, it was written with {}",
                    found.bytes, expected.bytes
                )));
            }
            if found != *expected {
                return Err(damaged(format!("the contents of {name} do not have the checksum they were written with")));
            }
        }
        Ok(Self { path: path.into(), manifest })
    }

    /// What the run `plan` remembered.
    ///
    /// # Errors
    /// The checkpoint holds weights alone, or is of another run.
    pub fn replay(&self, plan: &Plan) -> Result<Replay, CheckpointError> {
        if self.manifest.extent != Extent::Full {
            return Err(CheckpointError::Partial { path: self.path.clone() });
        }
        Ok(plan.build_replay()?.restore(&self.path.join(REPLAY))?)
    }

    /// The bytes of one file.
    ///
    /// # Errors
    /// The checkpoint does not hold it.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, CheckpointError> {
        let path = self.path.join(name);
        fs::read(&path).map_err(CheckpointError::io(&path))
    }

    /// The tensors of one file.
    ///
    /// # Errors
    /// The checkpoint does not hold it, or it is not made of single-precision tensors.
    pub fn tensors(&self, name: &str) -> Result<Vec<NamedTensor>, CheckpointError> {
        let bytes = self.read(name)?;
        let damaged = |reason: String| CheckpointError::damaged(&self.path, format!("{name}: {reason}"));
        let file = SafeTensors::deserialize(&bytes).map_err(|error| damaged(error.to_string()))?;
        let mut tensors = Vec::new();
        for (name, view) in file.iter() {
            if view.dtype() != Dtype::F32 {
                return Err(damaged(format!("{name} is not made of single-precision numbers")));
            }
            let (numbers, _) = view.data().as_chunks::<4>();
            let values = numbers.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
            tensors.push(NamedTensor { name: name.into(), shape: view.shape().to_vec(), values });
        }
        tensors.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(tensors)
    }
}

/// Writes tensors as a safetensors file.
pub(crate) fn write_tensors(path: &Path, tensors: &[NamedTensor]) -> Result<(), CheckpointError> {
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|tensor| tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect()).collect();
    let damaged = |error: safetensors::SafeTensorError| CheckpointError::damaged(path, error.to_string());
    let mut views = Vec::new();
    for (tensor, bytes) in tensors.iter().zip(&bytes) {
        views.push((&tensor.name, TensorView::new(Dtype::F32, tensor.shape.clone(), bytes).map_err(damaged)?));
    }
    let file = safetensors::serialize(views, None).map_err(damaged)?;
    write_file(path, &file)
}

/// Writes a file.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), CheckpointError> {
    fs::write(path, bytes).map_err(CheckpointError::io(path))
}

/// Lists every file of `folder` in its manifest and flushes all to the disk, but for those `known` to be there.
fn write_manifest(
    folder: &Path,
    step: u64,
    extent: Extent,
    known: &BTreeMap<String, FileSum>,
) -> Result<BTreeMap<String, FileSum>, CheckpointError> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(CheckpointError::io(folder))? {
        let entry = entry.map_err(CheckpointError::io(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let sum = match known.get(&name) {
            Some(sum) => sum.clone(),
            None => {
                sync(&entry.path())?;
                sum(&entry.path()).map_err(CheckpointError::io(&entry.path()))?
            }
        };
        files.insert(name, sum);
    }
    let manifest =
        Manifest { format: FORMAT, innate: env!("CARGO_PKG_VERSION").into(), step, extent, files: files.clone() };
    let path = folder.join(MANIFEST);
    let text = serde_json::to_string_pretty(&manifest).map_err(|e| CheckpointError::damaged(&path, e.to_string()))?;
    write_file(&path, text.as_bytes())?;
    sync(&path)?;
    sync(folder)?;
    Ok(files)
}

/// Length and checksum of a file, read piece by piece.
fn sum(path: &Path) -> io::Result<FileSum> {
    let mut file = File::open(path)?;
    let (mut hasher, mut bytes, mut piece) = (blake3::Hasher::new(), 0, vec![0; 1 << 16]);
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(FileSum { bytes, blake3: hasher.finalize().to_hex().to_string() });
        }
        hasher.update(&piece[..read]);
        bytes += read as u64;
    }
}

/// Flushes a file or folder to the disk.
fn sync(path: &Path) -> Result<(), CheckpointError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(CheckpointError::io(path))
}

/// Puts the folder `from` in the place of the folder `to`, which waits at `aside` until it may go.
fn replace(from: &Path, to: &Path, aside: &Path) -> io::Result<()> {
    clear(aside)?;
    if to.exists() {
        fs::rename(to, aside)?;
    }
    fs::rename(from, to)?;
    clear(aside)
}

/// Removes a file, link or folder, if it is there.
fn clear(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn tensors() -> Vec<NamedTensor> {
        vec![NamedTensor { name: "a.weight".into(), shape: vec![1, 2], values: vec![0.5, -1.0] }]
    }

    fn written() -> (tempfile::TempDir, RunFolder, PathBuf) {
        let home = tempfile::tempdir().unwrap();
        let run = RunFolder::new(home.path());
        run.write(7, Extent::Weights, &BTreeMap::new(), |to| write_tensors(&to.join(WEIGHTS), &tensors())).unwrap();
        run.point("latest", 7).unwrap();
        let latest = home.path().join("latest");
        (home, run, latest)
    }

    #[test]
    fn what_is_written_is_read_back() {
        let (_home, _run, latest) = written();
        let checkpoint = Checkpoint::open(&latest).unwrap();
        assert_eq!((checkpoint.manifest.step, checkpoint.manifest.extent), (7, Extent::Weights));
        assert_eq!(checkpoint.tensors("weights.safetensors").unwrap(), tensors());
    }

    #[test]
    fn a_damaged_file_is_named() {
        let (_home, _run, latest) = written();
        let file = latest.join("weights.safetensors");
        let mut bytes = fs::read(&file).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&file, &bytes).unwrap();
        assert!(
            Checkpoint::open(&latest).unwrap_err().to_string().contains("weights.safetensors do not have the checksum")
        );
        bytes.pop();
        fs::write(&file, &bytes).unwrap();
        assert!(Checkpoint::open(&latest).unwrap_err().to_string().contains("bytes, it was written with"));
    }

    #[test]
    fn another_version_is_refused() {
        let (_home, _run, latest) = written();
        let place = latest.join(MANIFEST);
        let text = fs::read_to_string(&place).unwrap().replace(&format!("\"format\": {FORMAT}"), "\"format\": 99");
        fs::write(&place, text).unwrap();
        assert!(Checkpoint::open(&latest).unwrap_err().to_string().contains("has format 99"));
    }

    #[test]
    fn a_failed_write_leaves_the_old_checkpoint_whole() {
        let (_home, run, latest) = written();
        let failed = run.write(7, Extent::Weights, &BTreeMap::new(), |to| write_file(&to.join("no/such/folder"), b""));
        assert!(failed.is_err());
        assert!(Checkpoint::open(&latest).is_ok());
        assert_eq!(run.steps().unwrap(), [7]);
    }

    #[test]
    fn a_manifest_that_forgets_a_file_is_damaged() {
        let (_home, run, _) = written();
        run.write(8, Extent::Full, &BTreeMap::new(), |to| write_tensors(&to.join(WEIGHTS), &tensors())).unwrap();
        let said = Checkpoint::open(&run.checkpoints().join("step-8")).unwrap_err().to_string();
        assert!(said.contains("does not name optimiser.safetensors"), "{said}");
    }

    #[test]
    fn a_link_that_was_copied_as_a_folder_becomes_a_link_again() {
        let (_home, run, latest) = written();
        fs::remove_file(&latest).unwrap();
        fs::create_dir(&latest).unwrap();
        run.point("latest", 7).unwrap();
        assert!(Checkpoint::open(&latest).is_ok());
    }

    #[test]
    fn pruning_keeps_what_is_wanted() {
        let (_home, run, _) = written();
        run.write(9, Extent::Weights, &BTreeMap::new(), |_| Ok(())).unwrap();
        run.prune(|step| step == 9).unwrap();
        assert_eq!(run.steps().unwrap(), [9]);
    }
}
