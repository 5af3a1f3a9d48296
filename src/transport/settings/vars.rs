//! A host's variables, read into a [`Target`].

use super::ssh_args::{self, SshArgs};
use super::{Credentials, Defaults, Endpoint, Reach, Target, Trust};
use crate::error::Problem;
use crate::redact::Secret;
use crate::transport::{RunAs, RunAsMethod};
use serde_json::{Map, Value};
use std::time::Duration;

/// The names of one setting. The last one that is set wins, as in Ansible.
type Names = &'static [&'static str];

const CONNECTION: Names = &["ansible_connection"];
const ADDRESS: Names = &["ansible_host", "ansible_ssh_host"];
const PORT: Names = &["ansible_port", "ansible_ssh_port"];
const USER: Names = &["ansible_user", "ansible_ssh_user"];
const PASSWORD: Names = &["ansible_password", "ansible_ssh_pass", "ansible_ssh_password"];
const KEY: Names = &["ansible_private_key_file", "ansible_ssh_private_key_file"];
const TIMEOUT: Names = &["ansible_timeout", "ansible_ssh_timeout"];
const CHECK_HOST_KEY: Names = &["ansible_host_key_checking", "ansible_ssh_host_key_checking"];
const ARGS: [&str; 3] = ["ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args"];
const RUN_AS: Names = &["ansible_sudo", "ansible_su", "ansible_become"];
const RUN_AS_METHOD: Names = &["ansible_become_method"];
const RUN_AS_USER: Names = &["ansible_sudo_user", "ansible_su_user", "ansible_become_user"];
const RUN_AS_PASSWORD: Names = &[
    "ansible_sudo_password",
    "ansible_sudo_pass",
    "ansible_su_password",
    "ansible_su_pass",
    "ansible_become_password",
    "ansible_become_pass",
];
/// What would change what runs on the host, and is not built.
const REFUSED: Names = &["ansible_become_exe", "ansible_become_flags", "ansible_ssh_executable"];

impl Target {
    /// Reads how `host` is reached from its rendered variables; `defaults` fills the gaps.
    pub fn from_vars(
        host: &str,
        vars: &Map<String, Value>,
        defaults: &Defaults,
    ) -> Result<Self, Problem> {
        let read = Vars { host, vars };
        if let Some(name) = REFUSED.iter().find(|name| vars.get(**name).is_some_and(is_set)) {
            return Err(read.problem(name, "is not supported"));
        }
        let run_as = read.run_as(defaults)?;
        let reach = match read.text(CONNECTION)?.as_deref() {
            Some("local" | "ansible.builtin.local") => Reach::Local,
            None | Some("ssh" | "smart" | "paramiko" | "paramiko_ssh" | "ansible.builtin.ssh") => {
                read.ssh(defaults)?
            }
            Some(other) => {
                let message = format!("is `{other}`, which is not supported");
                return Err(read.problem(CONNECTION[0], &message).hint("use `ssh` or `local`"));
            }
        };
        Ok(Self { name: host.to_owned(), reach, run_as })
    }
}

struct Vars<'a> {
    host: &'a str,
    vars: &'a Map<String, Value>,
}

impl Vars<'_> {
    fn problem(&self, name: &str, what: &str) -> Problem {
        Problem::new(format!("host `{}`: `{name}` {what}", self.host))
    }

    /// The name and value that win.
    fn value(&self, names: Names) -> Option<(&'static str, &Value)> {
        let find = |name: &&'static str| Some((*name, self.vars.get(*name).filter(|v| is_set(v))?));
        names.iter().rev().find_map(find)
    }

    fn text(&self, names: Names) -> Result<Option<String>, Problem> {
        match self.value(names) {
            None => Ok(None),
            Some((_, Value::String(text))) => Ok(Some(text.clone())),
            Some((_, Value::Number(number))) => Ok(Some(number.to_string())),
            Some((name, _)) => Err(self.problem(name, "is not text")),
        }
    }

    fn number<T: std::str::FromStr>(&self, names: Names, what: &str) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(names)? else { return Ok(None) };
        let name = self.value(names).map_or(names[0], |(name, _)| name);
        let wrong = |_| self.problem(name, &format!("is `{text}`, which is no {what}"));
        text.trim().parse().map(Some).map_err(wrong)
    }

    fn truth(&self, names: Names) -> Result<Option<bool>, Problem> {
        let Some((name, value)) = self.value(names) else { return Ok(None) };
        let word = match value {
            Value::Bool(truth) => return Ok(Some(*truth)),
            Value::String(text) => text.to_lowercase(),
            other => other.to_string(),
        };
        match word.as_str() {
            "yes" | "true" | "on" | "y" | "t" | "1" | "1.0" => Ok(Some(true)),
            "no" | "false" | "off" | "n" | "f" | "0" | "0.0" => Ok(Some(false)),
            _ => Err(self.problem(name, &format!("is `{word}`, neither yes nor no"))),
        }
    }

    fn run_as(&self, defaults: &Defaults) -> Result<Option<RunAs>, Problem> {
        let method = match self.text(RUN_AS_METHOD)?.as_deref() {
            None => defaults.run_as_method,
            Some("sudo" | "ansible.builtin.sudo") => RunAsMethod::Sudo,
            Some("su" | "ansible.builtin.su") => RunAsMethod::Su,
            Some("doas" | "community.general.doas") => RunAsMethod::Doas,
            Some(other) => {
                let message = format!("is `{other}`, which is not supported");
                let problem = self.problem(RUN_AS_METHOD[0], &message);
                return Err(problem.hint("use `sudo`, `su` or `doas`"));
            }
        };
        let user = self.text(RUN_AS_USER)?.unwrap_or_else(|| defaults.run_as_user.clone());
        let password = self.text(RUN_AS_PASSWORD)?.map(Secret::new);
        let password = password.or_else(|| defaults.run_as_password.clone());
        let wanted = self.truth(RUN_AS)?.unwrap_or(defaults.run_as);
        Ok(wanted.then_some(RunAs { method, user, password }))
    }

    fn ssh(&self, defaults: &Defaults) -> Result<Reach, Problem> {
        let mut args = SshArgs::default();
        for name in ARGS {
            if let Some((_, value)) = self.vars.get_key_value(name).filter(|(_, v)| is_set(v)) {
                let text = value.as_str().ok_or_else(|| self.problem(name, "is not text"))?;
                let wrong = |problem: Problem| Problem {
                    message: format!("host `{}`: `{name}`: {}", self.host, problem.message),
                    ..problem
                };
                ssh_args::parse(text, &mut args, &|path| defaults.expand(path)).map_err(wrong)?;
            }
        }
        let address = self.text(ADDRESS)?.unwrap_or_else(|| self.host.to_owned());
        let endpoint = self.endpoint(&address, &args, defaults)?;
        let hops = args.jump.as_deref().unwrap_or(&defaults.jump);
        // A bastion that is also a host of the inventory is not reached through itself.
        let same = |hop: &Endpoint| hop.address == endpoint.address && hop.port == endpoint.port;
        let hops = hops.iter().map(|hop| defaults.endpoint(hop));
        let jump = hops.take_while(|hop| !same(hop)).collect();
        Ok(Reach::Ssh { endpoint: Box::new(endpoint), jump })
    }

    fn endpoint(
        &self,
        address: &str,
        args: &SshArgs,
        defaults: &Defaults,
    ) -> Result<Endpoint, Problem> {
        let keys = match self.text(KEY)? {
            Some(path) => vec![defaults.expand(&path)],
            None if !args.keys.is_empty() => Vec::new(),
            None => defaults.private_key.clone().into_iter().collect(),
        };
        let mut trust =
            Trust { policy: args.policy.unwrap_or(defaults.host_keys), files: args.files() };
        if trust.files.is_empty() {
            trust.files = defaults.known_hosts();
        }
        if args.policy.is_none() && self.truth(CHECK_HOST_KEY)? == Some(false) {
            trust.policy = super::HostKeyPolicy::AcceptNew;
        }
        let user = self.text(USER)?.or_else(|| args.user.clone());
        let password = self.text(PASSWORD)?.map(Secret::new);
        let timeout = self.number(TIMEOUT, "number of seconds")?.map(Duration::from_secs);
        let address = address.trim_start_matches('[').trim_end_matches(']');
        if address.is_empty() || address.starts_with('-') {
            return Err(self.problem(ADDRESS[0], &format!("is `{address}`, which is no address")));
        }
        Ok(Endpoint {
            address: address.to_owned(),
            port: self.number(PORT, "port")?.or(args.port).unwrap_or(22),
            user: user.unwrap_or_else(|| defaults.user.clone()),
            credentials: Credentials {
                keys: keys.into_iter().chain(args.keys.clone()).collect(),
                default_keys: defaults.default_keys(),
                agent: defaults.agent.clone(),
                password: password.or_else(|| defaults.password.clone()),
                configured_only: args.configured_only,
            },
            trust,
            connect_timeout: args.connect_timeout.or(timeout).unwrap_or(defaults.connect_timeout),
        })
    }
}

/// Empty text is as good as nothing: inventories blank a variable to switch it off.
fn is_set(value: &Value) -> bool {
    !value.is_null() && value.as_str() != Some("")
}
