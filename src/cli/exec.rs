//! `rrecover exec`: one module on the hosts of a pattern, as `ansible PATTERN -m MODULE -a ARGS`.

use super::cycle::{Cycle, Say};
use super::options::{OutputForm, Selection, TargetOptions};
use super::screen::Screen;
use super::session::Opening;
use crate::error::Failure;
use crate::plan;
use crate::playbook;
use clap::Args;
use serde_json::json;
use std::process::ExitCode;
use std::sync::Arc;

/// How messages name the place of a mistake.
const SOURCE: &str = "<command line>";

/// What `rrecover exec` takes.
#[derive(Debug, Args)]
pub struct ExecArgs {
    /// Which hosts: a pattern, `etcd:&kube_control_plane` or `kube_node[0]`.
    pattern: String,
    /// The module.
    #[arg(short, long, value_name = "MODULE", default_value = "shell")]
    module: String,
    /// Its arguments as one text: a command line, or `key=value` words.
    #[arg(short, long, value_name = "ARGUMENTS", conflicts_with = "words")]
    args: Option<String>,
    /// Its arguments, behind `--`.
    #[arg(last = true, value_name = "ARGUMENTS")]
    words: Vec<String>,
    #[command(flatten)]
    target: TargetOptions,
    /// Only these of the pattern's hosts.
    #[arg(short, long, value_name = "PATTERN")]
    limit: Option<String>,
    /// Look and report what would change; write nothing.
    #[arg(short = 'C', long)]
    check: bool,
    /// Show line by line what changes.
    #[arg(short = 'D', long)]
    diff: bool,
    /// The form of the output.
    #[arg(long, short, value_enum, default_value = "human")]
    output: OutputForm,
}

/// Runs the module and exits as a play would.
pub async fn run(args: ExecArgs) -> Result<ExitCode, Failure> {
    let arguments = args.args.clone().unwrap_or_else(|| args.words.join(" "));
    // Every JSON text is YAML: the loader checks it as it checks a file.
    let text = json!([{
        "name": "exec",
        "hosts": args.pattern.as_str(),
        "gather_facts": false,
        "tasks": [{ "name": args.module, args.module.as_str(): arguments }],
    }]);
    let opening = Opening::of(&args.target)?;
    let playbook = playbook::load_text(SOURCE, &text.to_string(), opening.means())?;
    let selection =
        Selection { limit: args.limit, ..Selection::of(format!("exec {}", args.module)) };
    let say = Say { check: args.check, diff: args.diff, ..Say::default() };
    let screen = Arc::new(Screen::of_results(args.output));
    let mut cycle = Cycle::new(opening, vec![playbook], &args.target, &selection, say, screen)?;
    // What is typed has to be there; `hosts` of a playbook may name a group that there is not.
    if !plan::is_local(&args.pattern) {
        cycle.session.inventory.select(&args.pattern)?;
    }
    cycle.play().await.map(ExitCode::from)
}
