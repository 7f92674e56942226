//! The `attr` command: parse, run, exit code. Everything else is in the library.

use std::hint::black_box;
use std::process::ExitCode;

/// A scan makes and drops columns of half a megabyte by the dozen. The GNU allocator gives each back to the kernel, and
/// faults it in again, until it has once seen a larger block come and go.
const LARGER_BLOCK: usize = 30 << 20;

fn main() -> ExitCode {
    drop(black_box(Vec::<u8>::with_capacity(LARGER_BLOCK)));
    attr::cli::main(std::env::args_os())
}
