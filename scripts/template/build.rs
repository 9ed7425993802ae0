//! Lets the program find libtorch when it runs: innate tells where its own build found it.

fn main() {
    println!("cargo::rerun-if-env-changed=LIBTORCH");
    if let Ok(lib) = std::env::var("DEP_INNATE_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{lib}");
    }
}
