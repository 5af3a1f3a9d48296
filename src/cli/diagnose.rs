//! `rrecover diagnose`: observe and judge; strictly read-only.

use super::options::{OutputForm, TargetOptions};
use super::screen::Screen;
use super::session::{Opening, Session};
use crate::cluster::assess::assess;
use crate::error::{Failure, Kind};
use crate::report;
use clap::Args;
use serde_json::json;
use std::process::ExitCode;

/// What `rrecover diagnose` takes.
#[derive(Debug, Args)]
pub struct DiagnoseArgs {
    #[command(flatten)]
    target: TargetOptions,
    /// The form of the result.
    #[arg(long, short, value_enum, default_value = "human")]
    output: OutputForm,
}

/// Looks at every host and says what is broken.
///
/// Exits 0 when there is a result, whatever it says, and 4 when no host could be looked at.
pub async fn run(args: DiagnoseArgs) -> Result<ExitCode, Failure> {
    let screen = Screen::new(args.output, 0);
    let mut session = Session::load(Opening::of(&args.target)?, &args.target, Vec::new())?;
    session.needs_root();
    let wanted = session.wanted(None)?;
    let pool = session.pool()?;
    let status = session.observe(&pool, &wanted).await?;
    pool.close().await;
    let diagnosis = assess(&wanted, &status);
    let text = match args.output {
        OutputForm::Human => report::diagnosis(&diagnosis, &status, screen.result_style()),
        OutputForm::Json => json!({
            "event": "diagnosis",
            "version": crate::event::VERSION,
            "status": status,
            "diagnosis": diagnosis,
        })
        .to_string(),
    };
    screen.result(&text);
    let seen = status.hosts.values().any(|host| host.etcd.is_some());
    Ok(if seen { ExitCode::SUCCESS } else { ExitCode::from(Kind::Unreachable.exit_code()) })
}
