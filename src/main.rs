//! The binary: arguments, files, terminal and processes around the library.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
