//! `rrecover inventory`: what was understood of the inventory.

use super::configuration::{Configuration, VaultArgs};
use super::inventory_change::Change;
use crate::error::{Failure, Problem};
use crate::inventory::{Inventory, Sources, to_json, to_yaml};
use crate::redact::Redactor;
use crate::vault::Vault;
use std::path::PathBuf;

/// Where the inventory and the variables come from.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct SourceArgs {
    /// Inventory: a file, a script, a directory, or a list of hosts with a comma; may be repeated
    #[arg(short, long = "inventory", value_name = "INVENTORY")]
    pub inventory: Vec<String>,
    /// Extra variables: `key=value`, JSON or YAML in braces, or `@file`; may be repeated
    #[arg(short, long, value_name = "VARIABLES")]
    pub extra_vars: Vec<String>,
    /// What opens encrypted files and values.
    #[command(flatten)]
    pub vault: VaultArgs,
}

impl SourceArgs {
    /// The sources as given, or the default inventory; variables beside these playbooks count too.
    pub fn sources(
        &self,
        playbook_dirs: Vec<PathBuf>,
        configuration: &Configuration,
        vault: Vault,
    ) -> Result<Sources, Failure> {
        let inventory = if self.inventory.is_empty() {
            configuration.inventory()?
        } else {
            self.inventory.clone()
        };
        Ok(Sources {
            inventory,
            playbook_dirs,
            extra_vars: self.extra_vars.clone(),
            vault,
            ignored: configuration.ignored()?,
        })
    }
}

/// Show what was understood of the inventory, as `ansible-inventory` shows it
#[derive(Debug, Clone, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[group(id = "inventory-action")]
pub struct Args {
    /// Inventory and variables.
    #[command(flatten)]
    pub sources: SourceArgs,
    /// All groups, hosts and variables
    #[arg(long, conflicts_with_all = ["host", "graph"], required_unless_present_any = ["host", "graph"])]
    pub list: bool,
    /// The variables of one host
    #[arg(long, value_name = "HOST", conflicts_with = "graph")]
    pub host: Option<String>,
    /// A drawing of the groups
    #[arg(long)]
    pub graph: bool,
    /// Draw the variables too
    #[arg(long, conflicts_with_all = ["list", "host"])]
    pub vars: bool,
    /// YAML instead of JSON
    #[arg(short, long, conflicts_with = "graph")]
    pub yaml: bool,
    /// Show only these hosts
    #[arg(short, long, value_name = "PATTERN", conflicts_with_all = ["host", "graph"])]
    pub limit: Option<String>,
    /// The directory whose group_vars and host_vars count as a playbook's
    #[arg(long, value_name = "DIRECTORY", default_value = ".")]
    pub playbook_dir: PathBuf,
    /// Draw from this group down
    #[arg(value_name = "GROUP", conflicts_with_all = ["list", "host"])]
    pub group: Option<String>,
    #[command(subcommand)]
    change: Option<Change>,
}

/// Gives what goes to stdout.
pub fn run(args: &Args) -> Result<String, Failure> {
    if let Some(wanted) = &args.change {
        return wanted.run();
    }
    let configuration = Configuration::of_process()?;
    let directories = vec![args.playbook_dir.clone()];
    let vault = configuration.vault(&args.sources.vault, &Redactor::default())?;
    let sources = args.sources.sources(directories, &configuration, vault)?;
    let inventory = Inventory::load(&sources)?;
    if args.graph {
        return Ok(inventory.graph(args.group.as_deref().unwrap_or("all"), args.vars)? + "\n");
    }
    let print = if args.yaml { to_yaml } else { |value: &_| to_json(value) + "\n" };
    if let Some(pattern) = &args.host {
        let hosts = inventory.select(pattern)?;
        let [host] = hosts.as_slice() else {
            let message = format!("`--host {pattern}` means {} hosts", hosts.len());
            return Err(Problem::new(message).hint("name one host").into());
        };
        return Ok(print(&inventory.host(host)));
    }
    let limit = args.limit.as_deref().map(|pattern| inventory.select(pattern)).transpose()?;
    let limit = limit.as_deref();
    Ok(print(&if args.yaml { inventory.list_nested(limit) } else { inventory.list(limit) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use clap::{Args as _, Command, FromArgMatches as _};

    fn parse(words: &[&str]) -> Result<Args, clap::Error> {
        let command = Args::augment_args(Command::new("inventory"));
        Args::from_arg_matches(&command.try_get_matches_from([&["inventory"], words].concat())?)
    }

    fn output(words: &[&str]) -> Result<String, Failure> {
        run(&parse(&[&["-i", "n1,n2,"], words].concat()).unwrap())
    }

    #[test]
    fn each_action_prints_what_it_is_asked_for() {
        let list = output(&["--list", "--limit", "n2", "-e", "a=1"]).unwrap();
        let list: serde_json::Value = serde_json::from_str(&list).unwrap();
        assert_eq!(list["_meta"]["hostvars"], serde_json::json!({"n2": {"a": "1"}}));
        assert_eq!(output(&["--host", "n1", "-e", "a=b", "--yaml"]).unwrap(), "a: b\n");
        assert_eq!(output(&["--graph", "ungrouped"]).unwrap(), "@ungrouped:\n  |--n1\n  |--n2\n");
    }

    #[test]
    fn what_makes_no_sense_is_refused_before_anything_is_read() {
        for words in [
            &[][..],
            &["--list", "--graph"],
            &["--list", "--vars"],
            &["--host", "a", "--limit", "b"],
            &["--list", "g"],
        ] {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn unknown_names_are_usage_errors() {
        for words in [["--host", "n3"], ["--host", "all"], ["--graph", "n1"]] {
            assert_eq!(output(&words).unwrap_err().kind, Kind::Usage, "{words:?}");
        }
    }
}
