//! `innate export`.

use super::{ExportArgs, Failure, say, train::plan};
use crate::run_file::RunFile;
use innate_agents::npz::write_npz;
use innate_agents::{Checkpoint, Registries};

/// Writes what a run remembers.
pub(super) fn export(registries: Registries, args: &ExportArgs) -> Result<(), Failure> {
    let path = args.file.display();
    if args.file.extension().is_none_or(|ending| ending != "npz") {
        return Err(Failure::usage(format!(
            "{path}: transitions are written for NumPy; give a name that ends in .npz"
        )));
    }
    let file = RunFile::open(&args.run_dir.join("config.toml")).map_err(Failure::usage)?;
    let plan = plan(&file, registries)?;
    let checkpoint = Checkpoint::open(&args.run_dir.join("latest")).map_err(Failure::failed)?;
    let replay = checkpoint.replay(&plan).map_err(Failure::failed)?;
    let written = write_npz(&replay, &args.file).map_err(|error| Failure::failed(format!("{path}: {error}")))?;
    say(&format!("{written} transitions up to step {} in {path}", checkpoint.manifest.step));
    Ok(())
}
