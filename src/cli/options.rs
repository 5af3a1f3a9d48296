//! Options that several subcommands share.

use super::inventory::SourceArgs;
use crate::error::{Failure, Problem};
use crate::redact::Secret;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Which hosts, and how they are reached.
#[derive(Debug, Clone, Args)]
pub struct TargetOptions {
    /// Inventory and variables.
    #[command(flatten)]
    pub sources: SourceArgs,
    /// Log in as this user.
    #[arg(short, long)]
    pub user: Option<String>,
    /// Log in with this private key.
    #[arg(long, alias = "key-file", value_name = "FILE")]
    pub private_key: Option<PathBuf>,
    /// Ask for the login password.
    #[arg(short = 'k', long)]
    pub ask_pass: bool,
    /// Reach the hosts through these jump hosts: `[user@]host[:port]`, separated by commas.
    #[arg(short = 'J', long, value_name = "HOSTS")]
    pub jump: Option<String>,
    /// Become root, or `--become-user`. Recovery needs it unless the login user is root.
    #[arg(short, long)]
    pub r#become: bool,
    /// The user to become.
    #[arg(long, value_name = "USER")]
    pub become_user: Option<String>,
    /// How to become that user.
    #[arg(long, value_name = "METHOD", value_enum)]
    pub become_method: Option<BecomeMethod>,
    /// Ask for the password of sudo, su or doas.
    #[arg(short = 'K', long)]
    pub ask_become_pass: bool,
    /// Read that password from the first line of this file.
    #[arg(long, value_name = "FILE", conflicts_with = "ask_become_pass")]
    pub become_password_file: Option<PathBuf>,
    /// Host keys: only known ones, or remember those of hosts never seen before. Without it
    /// `StrictHostKeyChecking` of `ssh_config` says; strict when nothing does.
    #[arg(long, value_name = "POLICY", value_enum)]
    pub host_keys: Option<HostKeys>,
    /// Seconds until a host that does not answer counts as unreachable; without it
    /// `ConnectTimeout` of `ssh_config`, or 10.
    #[arg(short = 'T', long = "timeout", value_name = "SECONDS")]
    pub connect_timeout: Option<u64>,
    /// How many hosts at a time; 50 by default.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub forks: Option<u16>,
}

/// What of the playbooks is run, and where.
#[derive(Debug, Clone, Args)]
pub struct Selection {
    /// Built-in names (see `rrecover playbooks`) or paths.
    #[arg(required = true, value_name = "PLAYBOOK")]
    pub playbooks: Vec<String>,
    /// Change only these hosts. It never narrows which hosts are looked at or counted.
    #[arg(short, long, value_name = "PATTERN")]
    pub limit: Option<String>,
    /// Run only tasks with these tags.
    #[arg(short, long, value_delimiter = ',')]
    pub tags: Vec<String>,
    /// Leave out tasks with these tags.
    #[arg(long, value_delimiter = ',')]
    pub skip_tags: Vec<String>,
    /// Begin with the task of this name.
    #[arg(long, value_name = "NAME")]
    pub start_at_task: Option<String>,
}

impl Selection {
    /// All of one playbook.
    pub fn of(playbook: String) -> Self {
        Self {
            playbooks: vec![playbook],
            limit: None,
            tags: Vec::new(),
            skip_tags: Vec::new(),
            start_at_task: None,
        }
    }
}

/// How another user is become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BecomeMethod {
    /// `sudo`.
    Sudo,
    /// `su`.
    Su,
    /// `doas`.
    Doas,
}

/// What to do with host keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HostKeys {
    /// Only keys that `known_hosts` has.
    Strict,
    /// Keys of hosts never seen before are remembered; changed ones are refused.
    AcceptNew,
}

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputForm {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// Asks on the terminal without showing what is typed.
pub fn ask(prompt: &str) -> Result<Secret, Failure> {
    super::screen::ask_secret(prompt).map_err(|error| {
        Problem::new(format!("cannot ask for a password: {error}"))
            .hint("use `--become-password-file FILE`, or run on a terminal")
            .into()
    })
}
