//! The `attr` command: parse, run, exit code. Everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    attr::cli::main(std::env::args_os())
}
