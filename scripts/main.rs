//! The program `innate`.

fn main() -> std::process::ExitCode {
    innate::main(innate::standard())
}
