//! `innate export`.

use super::{ExportArgs, Failure, eval, say};
use innate_agents::Registries;
use innate_agents::npz::write_npz;

/// Writes what a run remembers.
pub(super) fn export(registries: Registries, args: &ExportArgs) -> Result<(), Failure> {
    let path = args.file.display();
    if args.file.extension().is_none_or(|ending| ending != "npz") {
        return Err(Failure::usage(format!(
            "{path}: transitions are written for NumPy; give a name that ends in .npz"
        )));
    }
    // What is remembered is the same wherever it was learned from.
    let changes = [("device", &Some("cpu".to_string())), ("env.python", &args.python)];
    let (plan, checkpoint) = eval::open(registries, &args.run_dir, true, &changes)?;
    let replay = checkpoint.replay(&plan).map_err(Failure::failed)?;
    let written = write_npz(&replay, &args.file).map_err(|error| Failure::failed(format!("{path}: {error}")))?;
    say(&format!("{written} transitions up to step {} in {path}", checkpoint.manifest.step));
    Ok(())
}
