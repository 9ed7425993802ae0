//! The program `innate` with additions.

fn main() -> std::process::ExitCode {
    innate::main(innate::standard())
}
