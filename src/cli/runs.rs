//! `rrecover runs`: past runs, from their journals.

use crate::error::{Failure, Kind};
use crate::event::Status;
use crate::journal::{Run, State, StepState, latest, list, root};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What `rrecover runs` takes.
#[derive(Debug, Args)]
pub struct RunsArgs {
    #[command(subcommand)]
    what: Option<RunsCommand>,
}

#[derive(Debug, Subcommand)]
enum RunsCommand {
    /// Every run, the newest first.
    List,
    /// One run's steps.
    Show {
        /// The run, or how its id begins; the latest one when left out.
        run: Option<String>,
    },
}

/// Where runs are kept for this user.
pub fn directory() -> Result<PathBuf, Failure> {
    root(|name| std::env::var(name).ok()).ok_or_else(|| {
        Failure::new(Kind::Usage, "neither XDG_STATE_HOME nor HOME says where runs are kept")
            .hint("set HOME to an absolute path")
    })
}

/// Gives what goes to stdout.
pub fn run(args: &RunsArgs) -> Result<String, Failure> {
    let root = directory()?;
    let failed = |error: crate::journal::JournalError| Failure::new(Kind::Usage, error.to_string());
    match &args.what {
        None | Some(RunsCommand::List) => {
            let runs = list(&root).map_err(failed)?;
            if runs.is_empty() {
                return Ok(format!("there are no runs in `{}`", root.display()));
            }
            Ok(runs.iter().map(row).collect::<Vec<_>>().join("\n"))
        }
        Some(RunsCommand::Show { run }) => {
            let run = latest(&root, run.as_deref()).map_err(failed)?;
            let state = run.state.as_ref().map_err(|error| failed(error.clone()))?;
            Ok(format!("{}\n{}", row(&run), steps(state)))
        }
    }
}

/// One run in a line.
fn row(run: &Run) -> String {
    let playbooks =
        run.invocation.as_ref().map(|call| call.playbooks.join(" ")).unwrap_or_default();
    let (started, end) = match &run.state {
        Ok(state) => (state.started_at.clone().unwrap_or_default(), ending(state)),
        Err(error) => (String::new(), error.to_string()),
    };
    format!("{}  {started:20.20}  {playbooks}  {end}", run.id)
}

fn ending(state: &State) -> String {
    match &state.finished {
        Some((_, 0)) => "well".to_owned(),
        Some((_, code)) => format!("exit code {code}"),
        None => format!("cut off, {} in flight", state.in_flight().count()),
    }
}

/// Each step in a line, in the order in which they were started.
fn steps(state: &State) -> String {
    let line = |(step, how): (&crate::journal::Step, &StepState)| {
        let how = match how {
            StepState::InFlight => "in flight",
            StepState::Finished { status, .. } => word(*status),
        };
        format!("  {how:11}  {step}")
    };
    state.steps.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Changed => "changed",
        Status::Skipped => "skipped",
        Status::Failed => "failed",
        Status::Unreachable => "unreachable",
        Status::Unknown => "unknown",
    }
}
