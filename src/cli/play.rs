//! `rrecover play`: observe, decide, plan, act and verify.

use super::cycle::{Cycle, Say};
use super::options::{OutputForm, Selection, TargetOptions};
use super::screen::Screen;
use crate::error::Failure;
use clap::Args;
use std::process::ExitCode;
use std::sync::Arc;

/// What `rrecover play` takes.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct PlayArgs {
    /// Which hosts, and how they are reached.
    #[command(flatten)]
    pub target: TargetOptions,
    /// What is run.
    #[command(flatten)]
    pub selection: Selection,
    /// Look and report what would change; write nothing.
    #[arg(short = 'C', long)]
    pub check: bool,
    /// Show line by line what changes.
    #[arg(short = 'D', long)]
    pub diff: bool,
    /// Say yes to what the plan shows.
    #[arg(long)]
    pub yes: bool,
    /// Take the cluster's lock from a run that holds it and is known to be dead.
    #[arg(long)]
    pub take_over: bool,
    /// Name the hosts of each play and stop.
    #[arg(long, group = "only")]
    pub list_hosts: bool,
    /// Name the tasks of each play and stop.
    #[arg(long, group = "only")]
    pub list_tasks: bool,
    /// Name the tags of each play and stop.
    #[arg(long, group = "only")]
    pub list_tags: bool,
    /// Load everything, contact nothing and stop.
    #[arg(long, group = "only")]
    pub syntax_check: bool,
    /// Show every output, not only those of failures.
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// The form of the output.
    #[arg(long, short, value_enum, default_value = "human")]
    pub output: OutputForm,
}

/// Runs playbooks.
pub async fn run(args: PlayArgs) -> Result<ExitCode, Failure> {
    let say = Say {
        check: args.check,
        diff: args.diff,
        yes: args.yes,
        take_over: args.take_over,
        verbosity: args.verbose,
    };
    let screen = Arc::new(Screen::new(args.output, args.verbose));
    let mut cycle = Cycle::load(&args.target, &args.selection, say, Arc::clone(&screen))?;
    let only = [args.list_hosts, args.list_tasks, args.list_tags, args.syntax_check];
    if only.contains(&true) {
        cycle.ask_nothing();
        let plan = cycle.compile(None)?;
        let text = match () {
            () if args.list_hosts => crate::plan::list_hosts(&plan),
            () if args.list_tasks => crate::plan::list_tasks(&plan),
            () if args.list_tags => crate::plan::list_tags(&plan),
            () => String::new(),
        };
        screen.result(&text);
        return Ok(ExitCode::SUCCESS);
    }
    cycle.play().await.map(ExitCode::from)
}
