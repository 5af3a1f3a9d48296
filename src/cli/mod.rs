//! The command line: one subcommand a file, spelled like `ansible-playbook` where the meaning is the
//! same.

mod acting;
pub mod catalog;
pub mod configuration;
pub mod cycle;
pub mod diagnose;
pub mod exec;
pub mod inventory;
pub mod inventory_change;
pub mod lab;
pub mod meta;
pub mod options;
pub mod plan;
pub mod play;
pub mod playbooks;
mod prompts;
mod reach;
pub mod runs;
mod said;
pub mod screen;
pub mod session;
mod variables;

use crate::error::{Failure, Kind};
use clap::{CommandFactory, Parser, Subcommand};
use options::OutputForm;
use screen::Screen;
use std::process::ExitCode;

/// Brings a broken Kubernetes control plane back, over SSH, from the inventory it was built from.
///
/// Exit codes: 0 all well; 1 usage or load error (nothing was contacted); 2 a host failed; 3 refused
/// by a safety rule (nothing was changed); 4 a host was unreachable; 5 interrupted, resumable; 6 the
/// run finished but verification does not hold.
#[derive(Debug, Parser)]
#[command(name = "rrecover", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Observe, decide, plan, act and verify.
    Play(play::PlayArgs),
    /// Observe, decide and print the plan; change nothing.
    Plan(plan::PlanArgs),
    /// Say what is broken and what to type next; change nothing.
    Diagnose(diagnose::DiagnoseArgs),
    /// Run one module on the hosts of a pattern.
    Exec(exec::ExecArgs),
    /// Past runs, from their journals.
    Runs(runs::RunsArgs),
    /// What was understood of the inventory.
    Inventory(inventory::Args),
    /// The built-in playbooks, to read, copy and change.
    Playbooks(playbooks::PlaybooksArgs),
    /// A throw-away cluster of real hosts on this machine.
    Lab(lab::LabArgs),
    /// A completion script for a shell.
    Completions(meta::CompletionsArgs),
    /// The manual page.
    Man,
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let screen = Screen::new(OutputForm::Human, 0);
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    show_progress();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let failure = Failure::new(Kind::Usage, "the runtime does not start").cause(error);
            return screen.fail(&failure);
        }
    };
    match runtime.block_on(run(cli.command, &screen)) {
        Ok(code) => code,
        Err(failure) => screen.fail(&failure),
    }
}

/// What is said on stderr unless `RRECOVER_LOG` says otherwise.
const SHOWN: &str = "rrecover::lab=info,rrecover::cli::configuration=warn";

/// What takes long in the lab says on stderr how far it is; `RRECOVER_LOG` names other targets.
fn show_progress() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("RRECOVER_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(SHOWN));
    // Only a second subscriber could fail, and there is none.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| screen::Log)
        .without_time()
        .with_target(false)
        .with_level(false)
        .try_init();
}

/// Help and version end well; anything else is a usage error.
fn usage(error: &clap::Error) -> ExitCode {
    // A closed pipe is no reason to complain.
    let _ = error.print();
    if error.use_stderr() { ExitCode::from(Kind::Usage.exit_code()) } else { ExitCode::SUCCESS }
}

async fn run(command: Command, screen: &Screen) -> Result<ExitCode, Failure> {
    let text = match command {
        Command::Play(args) => return play::run(args).await,
        Command::Plan(args) => return plan::run(args).await,
        Command::Diagnose(args) => return diagnose::run(args).await,
        Command::Exec(args) => return exec::run(args).await,
        Command::Runs(args) => runs::run(&args)?,
        Command::Inventory(args) => inventory::run(&args)?,
        Command::Playbooks(args) => {
            let mut text = Vec::new();
            args.run(&mut text)?;
            String::from_utf8_lossy(&text).into_owned()
        }
        Command::Lab(args) => lab::run(args).await?,
        Command::Completions(args) => meta::completions(&args, &mut Cli::command()),
        Command::Man => meta::man(Cli::command())?,
    };
    screen.result(&text);
    Ok(ExitCode::SUCCESS)
}
