//! The `rrecover` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    rrecover::cli::main()
}
