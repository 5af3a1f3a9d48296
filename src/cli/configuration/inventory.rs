//! Which inventory is meant when none is named, what of it is left out, and what opens it.

use super::Configuration;
use crate::error::{Failure, Problem};
use crate::inventory::Ignored;
use crate::redact::Redactor;
use crate::vault::{Identity, Vault};
use regex::Regex;
use std::path::{Path, PathBuf};

/// Where Ansible looks for roles when nothing else is said.
const SYSTEM_ROLES: [&str; 2] = ["/usr/share/ansible/roles", "/etc/ansible/roles"];

/// What the command line says about vault passwords.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(id = "vault")]
pub struct VaultArgs {
    /// A vault password: `ID@FILE`, `ID@prompt`, or `FILE`; a program prints it; may be repeated
    #[arg(long, value_name = "ID@SOURCE")]
    pub vault_id: Vec<String>,
    /// A file that holds a vault password, or a program that prints it; may be repeated
    #[arg(long, alias = "vault-pass-file", value_name = "FILE")]
    pub vault_password_file: Vec<PathBuf>,
    /// Ask for the vault password
    #[arg(long, alias = "ask-vault-password")]
    pub ask_vault_pass: bool,
}

impl Configuration {
    /// The inventory of `RRECOVER_INVENTORY`, else `ANSIBLE_INVENTORY`, else of `ansible.cfg`, else
    /// `./inventory`.
    pub fn inventory(&self) -> Result<Vec<String>, Problem> {
        if let Some(own) = &self.own_inventory {
            return Ok(vec![own.clone()]);
        }
        let (words, base) = self.words_and_base("defaults", "inventory");
        if !words.is_empty() {
            let relative = |path: PathBuf| match path.strip_prefix(&self.directory) {
                Ok(below) if below.as_os_str().is_empty() => PathBuf::from("."),
                Ok(below) => below.to_owned(),
                Err(_) => path,
            };
            let paths = words.iter().map(|word| relative(self.resolve(word, &base)));
            return Ok(paths.map(|path| path.display().to_string()).collect());
        }
        if self.directory.join("inventory").exists() {
            return Ok(vec!["inventory".into()]);
        }
        Err(Problem::new("no inventory is named and `./inventory` does not exist")
            .hint("name one with `-i PATH`, or set RRECOVER_INVENTORY"))
    }

    /// Where roles are looked for beside the playbook's own: what is set, else Ansible's places.
    pub fn roles_path(&self) -> Vec<PathBuf> {
        let set = self.paths("defaults", "roles_path");
        if !set.is_empty() {
            return set;
        }
        let home = self.home.iter().map(|home| home.join(".ansible/roles"));
        home.chain(SYSTEM_ROLES.map(PathBuf::from)).collect()
    }

    /// What is left out of directories: the ends of names in place of the usual ones, and patterns.
    pub fn ignored(&self) -> Result<Ignored, Problem> {
        let ends = self.words("defaults", "inventory_ignore_extensions");
        let patterns = self.words("defaults", "inventory_ignore_patterns").unwrap_or_default();
        let compiled = patterns.iter().map(|pattern| {
            Regex::new(pattern).map_err(|_| {
                let message = format!("`ignore_patterns`: `{pattern}` is no regular expression");
                Problem::new(message).hint("look-around is not supported")
            })
        });
        Ok(Ignored { ends, patterns: compiled.collect::<Result<_, _>>()? })
    }

    /// What opens encrypted files and values: `vault_identity_list`, then what the command line
    /// names, then `vault_password_file`, then the terminal.
    pub fn vault(&self, args: &VaultArgs, redactor: &Redactor) -> Result<Vault, Failure> {
        let (listed, base) = self.words_and_base("defaults", "vault_identity_list");
        let mut identities: Vec<Identity> =
            listed.iter().map(|text| self.identity(text, &base)).collect();
        let here = Path::new("");
        identities.extend(args.vault_id.iter().map(|text| self.identity(text, here)));
        identities.extend(args.vault_password_file.iter().cloned().map(Identity::file));
        identities.extend(self.path("defaults", "vault_password_file").map(Identity::file));
        if args.ask_vault_pass || self.truth("defaults", "ask_vault_pass")? == Some(true) {
            identities.push(Identity::ask());
        }
        let only_own_id = self.truth("defaults", "vault_id_match")? == Some(true);
        let ask = |prompt: &str| {
            crate::cli::screen::ask_secret(prompt).map_err(|error| {
                Problem::new(format!("cannot ask for the vault password: {error}"))
                    .hint("use `--vault-password-file FILE`, or run on a terminal")
            })
        };
        Ok(Vault::unlock(&identities, only_own_id, redactor, &ask)?)
    }

    fn identity(&self, text: &str, base: &Path) -> Identity {
        match text.split_once('@') {
            Some((id, path)) if path.starts_with("~/") => {
                Identity::parse(&format!("{id}@{}", self.resolve(path, base).display()), base)
            }
            None if text.starts_with("~/") => Identity::file(self.resolve(text, base)),
            _ => Identity::parse(text, base),
        }
    }
}
