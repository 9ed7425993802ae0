//! The arrows between the packages: which may be built without libtorch and without Python, and who may name `tch`.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::process::Command;

/// The packages of the tree that `cargo tree` prints for `arguments`, the root of the tree included.
fn tree(arguments: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--offline", "--locked", "--prefix=none", "--format={p}"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo tree {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let packages = String::from_utf8(output.stdout).unwrap();
    packages.lines().filter_map(|line| line.split(' ').next()).map(String::from).collect()
}

#[test]
fn envs_and_replay_need_neither_libtorch_nor_python() {
    for package in ["innate-envs", "innate-replay"] {
        let tree = tree(&["--package", package]);
        assert!(tree.contains(package), "the tree of {package} holds {package}");
        for heavy in ["tch", "torch-sys", "pyo3", "pyo3-ffi", "numpy"] {
            assert!(!tree.contains(heavy), "{package} depends on {heavy}");
        }
    }
}

#[test]
fn only_the_networks_name_tch() {
    for crate_of_libtorch in ["tch", "torch-sys"] {
        let users = tree(&["--workspace", "--invert", crate_of_libtorch, "--depth=1"]);
        let members = users.iter().filter(|user| user.starts_with("innate")).collect::<Vec<_>>();
        assert_eq!(members, ["innate-nn"], "who depends on {crate_of_libtorch}");
    }
}

#[test]
fn arrows_point_one_way() {
    let below = |package| -> BTreeSet<String> {
        let mut tree = tree(&["--package", package, "--edges=normal,build"]);
        tree.retain(|name| name.starts_with("innate-") && name != package);
        tree
    };
    let set = |names: &[&str]| -> BTreeSet<String> { names.iter().map(|name| format!("innate-{name}")).collect() };
    assert_eq!(below("innate-envs"), set(&[]));
    assert_eq!(below("innate-replay"), set(&[]));
    assert_eq!(below("innate-nn"), set(&[]));
    assert_eq!(below("innate-rewards"), set(&["envs", "nn", "replay"]));
    assert_eq!(below("innate-agents"), set(&["envs", "nn", "replay", "rewards"]));
}
