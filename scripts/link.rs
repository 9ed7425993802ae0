// Build script of every package whose programs use libtorch: lets them find it when they run, and hands its place on.
//
// torch-sys says where it found libtorch; it says so only to packages that depend on it directly. So `innate-nn` repeats
// the word under its own link name, and so does `innate` for the crates of users. Each of them writes the run-time
// search path into its own programs.
use std::env;

fn main() {
    let told = ["DEP_TCH_LIBTORCH_LIB", "DEP_INNATE_NN_LIBTORCH_LIB", "DEP_INNATE_LIBTORCH_LIB"];
    for name in told {
        println!("cargo::rerun-if-env-changed={name}");
    }
    if let Some(lib) = told.iter().find_map(|name| env::var(name).ok()) {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{lib}");
        if env::var("CARGO_MANIFEST_LINKS").is_ok() {
            println!("cargo::metadata=LIBTORCH_LIB={lib}");
        }
    }
}
