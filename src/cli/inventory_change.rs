//! `rrecover inventory mark-broken|unmark|add|remove`.

use super::configuration::Configuration;
use super::inventory::SourceArgs;
use crate::error::Failure;
use crate::inventory::{Edit, Inventory};
use crate::modules::diff;
use crate::redact::Redactor;

/// Changes to the inventory's own files, which keep every other byte as it is.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Change {
    /// Copy an etcd or control-plane host into `broken_etcd`, `broken_kube_control_plane`
    MarkBroken(HostArgs),
    /// Take a host out of `broken_etcd` and `broken_kube_control_plane` again
    Unmark(HostArgs),
    /// Put a host into groups that are there
    Add {
        /// Which host, in which inventory.
        #[command(flatten)]
        of: HostArgs,
        /// The group; may be repeated
        #[arg(short, long, value_name = "GROUP", required = true)]
        group: Vec<String>,
        /// A variable of a new host; may be repeated
        #[arg(short, long, value_name = "KEY=VALUE", value_parser = key_value)]
        set: Vec<(String, String)>,
    },
    /// Take a host out of every group
    Remove(HostArgs),
}

/// Which host, in which inventory.
#[derive(Debug, Clone, clap::Args)]
pub struct HostArgs {
    /// The host's name in the inventory
    #[arg(value_name = "HOST")]
    host: String,
    #[command(flatten)]
    sources: SourceArgs,
    /// Show the change and write nothing
    #[arg(short = 'C', long)]
    check: bool,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().into(), value.into())),
        _ => Err("write `KEY=VALUE`".to_owned()),
    }
}

impl Change {
    fn parts(&self) -> (&HostArgs, Edit) {
        match self {
            Self::MarkBroken(of) => (of, Edit::MarkBroken(of.host.clone())),
            Self::Unmark(of) => (of, Edit::Unmark(of.host.clone())),
            Self::Remove(of) => (of, Edit::Remove(of.host.clone())),
            Self::Add { of, group, set } => {
                let (host, groups, variables) = (of.host.clone(), group.clone(), set.clone());
                (of, Edit::Add { host, groups, variables })
            }
        }
    }

    /// Makes the change and gives what changed, line by line.
    pub(super) fn run(&self) -> Result<String, Failure> {
        let (args, edit) = self.parts();
        let configuration = Configuration::of_process()?;
        let vault = configuration.vault(&args.sources.vault, &Redactor::default())?;
        let sources = args.sources.sources(Vec::new(), &configuration, vault)?;
        let changes = Inventory::load(&sources)?.edit(&sources, &edit)?;
        let mut text = String::new();
        for change in &changes {
            if !args.check {
                change.write()?;
            }
            let path = change.path.display().to_string();
            text.push_str(&diff::lines(&path, &change.before, &change.after));
        }
        Ok(text)
    }
}
