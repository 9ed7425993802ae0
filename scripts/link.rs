//! Build script of every package whose programs use libtorch: lets them find it when they run, and hands its place on.
//!
//! torch-sys says where it found libtorch, but only to packages that depend on it directly. So `innate-nn` repeats the
//! word under its own link name for the other members, and `innate` does for the crates of users. Each of them writes
//! the place into its own programs as their run-time search path: tests, examples and doctests included, wherever they
//! are built.

use std::env;

/// Who may have said where libtorch's libraries are, nearest first: the `links` names of torch-sys, innate-nn, innate.
const TOLD: [&str; 3] = ["DEP_TCH_LIBTORCH_LIB", "DEP_INNATE_NN_LIBTORCH_LIB", "DEP_INNATE_LIBTORCH_LIB"];

fn main() {
    // Cargo runs this again when a dependency's word changes; without this line, also after every change of a source.
    println!("cargo::rerun-if-env-changed=LIBTORCH");
    if let Some(lib) = TOLD.iter().find_map(|name| env::var(name).ok()) {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{lib}");
        if env::var("CARGO_MANIFEST_LINKS").is_ok() {
            println!("cargo::metadata=LIBTORCH_LIB={lib}");
        }
    }
}
