//! The binary: arguments, files, terminal and processes around the library.

mod cli;

use std::process::ExitCode;

/// A compiler makes and drops small pieces all the time, on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
