//! How hosts are reached where neither their variables nor the command line say it.

use super::Configuration;
use crate::cli::options::{BecomeMethod, HostKeys, TargetOptions, ask};
use crate::error::{Failure, Kind, Problem};
use crate::redact::Secret;
use crate::transport::{Defaults, HostKeyPolicy, Jump, RunAsMethod};
use serde_json::{Map, Value};
use std::path::Path;
use std::time::Duration;

/// How many hosts at a time, unless it is said.
const FORKS: usize = 50;

/// Settings that are a host's variable as well.
const VARIABLES: [(&str, &str, &str); 4] = [
    ("defaults", "remote_port", "ansible_port"),
    ("ssh_connection", "ssh_args", "ansible_ssh_args"),
    ("ssh_connection", "ssh_common_args", "ansible_ssh_common_args"),
    ("ssh_connection", "ssh_extra_args", "ansible_ssh_extra_args"),
];

impl Configuration {
    /// The command line, else what is configured, else what holds anyway. Asks for the passwords
    /// that are to be asked for.
    pub fn defaults(&self, options: &TargetOptions) -> Result<Defaults, Failure> {
        let environment = Defaults::from_environment()?;
        let escalation = "privilege_escalation";
        let jump = match &options.jump {
            Some(list) => Jump::parse_list(list)?,
            None => Vec::new(),
        };
        let user = options.user.clone().or_else(|| self.text("defaults", "remote_user"));
        let key = options.private_key.clone();
        let timeout = match options.connect_timeout {
            Some(seconds) => Some(seconds),
            None => self.number("defaults", "timeout")?,
        };
        let ask_pass = options.ask_pass || self.truth("defaults", "ask_pass")? == Some(true);
        let run_as_user =
            options.become_user.clone().or_else(|| self.text(escalation, "become_user"));
        Ok(Defaults {
            user,
            private_key: key.or_else(|| self.path("defaults", "private_key_file")),
            jump,
            password: if ask_pass { Some(ask("SSH password: ")?) } else { None },
            run_as: options.r#become || self.truth(escalation, "become")? == Some(true),
            run_as_user: run_as_user.unwrap_or_else(|| "root".to_owned()),
            run_as_method: self.become_method(options.become_method)?,
            run_as_password: self.become_password(options)?,
            host_keys: self.host_keys(options.host_keys)?,
            connect_timeout: timeout.map(Duration::from_secs),
            ..environment
        })
    }

    /// How many hosts at a time.
    pub fn forks(&self, options: &TargetOptions) -> Result<usize, Problem> {
        let configured = self.number::<u16>("defaults", "forks")?;
        let forks = options.forks.or(configured).map_or(FORKS, usize::from);
        if forks == 0 {
            return Err(Problem::new("`forks` is 0").hint("at least one host at a time"));
        }
        Ok(forks)
    }

    /// What stands in for the connection variables that a host does not have.
    pub fn connection_vars(&self) -> Map<String, Value> {
        let set = VARIABLES.iter().filter_map(|(section, key, variable)| {
            Some(((*variable).to_owned(), Value::from(self.text(section, key)?)))
        });
        set.collect()
    }

    /// Without a word of ours `ssh_config` says.
    fn host_keys(&self, given: Option<HostKeys>) -> Result<Option<HostKeyPolicy>, Problem> {
        let checked = self.truth("defaults", "host_key_checking")?;
        Ok(match (given, checked) {
            (Some(HostKeys::Strict), _) => Some(HostKeyPolicy::Strict),
            // Never off: a key that changes is refused all the same.
            (Some(HostKeys::AcceptNew), _) | (None, Some(false)) => Some(HostKeyPolicy::AcceptNew),
            (None, None | Some(true)) => None,
        })
    }

    fn become_method(&self, given: Option<BecomeMethod>) -> Result<RunAsMethod, Problem> {
        if let Some(given) = given {
            return Ok(match given {
                BecomeMethod::Sudo => RunAsMethod::Sudo,
                BecomeMethod::Su => RunAsMethod::Su,
                BecomeMethod::Doas => RunAsMethod::Doas,
            });
        }
        match self.text("privilege_escalation", "become_method").as_deref() {
            None | Some("sudo" | "ansible.builtin.sudo") => Ok(RunAsMethod::Sudo),
            Some("su" | "ansible.builtin.su") => Ok(RunAsMethod::Su),
            Some("doas" | "community.general.doas") => Ok(RunAsMethod::Doas),
            Some(other) => Err(Problem::new(format!("`become_method` is `{other}`"))
                .hint("`sudo`, `su` and `doas` are supported")),
        }
    }

    /// The password of sudo, su or doas.
    fn become_password(&self, options: &TargetOptions) -> Result<Option<Secret>, Failure> {
        let configured = || self.path("defaults", "become_password_file");
        let asked = self.truth("privilege_escalation", "become_ask_pass")? == Some(true);
        match &options.become_password_file {
            Some(path) => first_line(path).map(Some),
            None if options.ask_become_pass || asked => ask("BECOME password: ").map(Some),
            None => configured().map(|path| first_line(&path)).transpose(),
        }
    }
}

fn first_line(path: &Path) -> Result<Secret, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::new(Kind::Usage, format!("cannot read `{}`", path.display())).cause(error)
    })?;
    Ok(Secret::new(text.lines().next().unwrap_or_default()))
}
