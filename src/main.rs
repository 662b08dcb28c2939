//! The program: parse, run, error → exit code. Everything else lives in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    storyd::cli::main()
}
