//! `rrecover plan`: observe, decide and print what would be done; change nothing.

use super::cycle::{Cycle, Say};
use super::options::{OutputForm, Selection, TargetOptions};
use super::screen::Screen;
use crate::error::Failure;
use clap::Args;
use std::process::ExitCode;
use std::sync::Arc;

/// What `rrecover plan` takes.
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    target: TargetOptions,
    #[command(flatten)]
    selection: Selection,
    /// The form of the result.
    #[arg(long, short, value_enum, default_value = "human")]
    output: OutputForm,
}

/// Exits 0 even when there is something to do, 3 when the decision is a refusal.
pub async fn run(args: PlanArgs) -> Result<ExitCode, Failure> {
    let screen = Arc::new(Screen::new(args.output, 0));
    let mut cycle = Cycle::load(&args.target, &args.selection, Say::default(), screen)?;
    cycle.plan().await?;
    Ok(ExitCode::SUCCESS)
}
