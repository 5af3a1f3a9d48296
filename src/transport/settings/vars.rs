//! A host's variables, read into a [`Target`].

use super::{Defaults, HostKeyPolicy, Reach, Target};
use crate::error::Problem;
use crate::redact::Secret;
use crate::transport::ssh_config::{CommandLine, Directive, shell_words};
use crate::transport::{RunAs, RunAsMethod};
use serde_json::{Map, Value};

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
const SSH_ARGS: &str = "ansible_ssh_args";
const MORE_ARGS: Names = &["ansible_ssh_common_args", "ansible_ssh_extra_args"];
const RUN_AS: Names = &["ansible_become"];
const RUN_AS_METHOD: Names = &["ansible_become_method"];
/// What would change how hosts are reached, and is not built.
const REFUSED: Names =
    &["ansible_ssh_executable", "ansible_ssh_pkcs11_provider", "ansible_sudo_chdir"];

impl Target {
    /// The names of all variables that say how a host is reached and as whom commands run there.
    pub fn variables() -> impl Iterator<Item = &'static str> {
        let methods = [RunAsMethod::Sudo, RunAsMethod::Su, RunAsMethod::Doas].map(run_as_names);
        let of_methods = methods
            .into_iter()
            .flat_map(|names| [names.user, names.password, names.program, names.flags]);
        let lists = [
            CONNECTION,
            ADDRESS,
            PORT,
            USER,
            PASSWORD,
            KEY,
            TIMEOUT,
            CHECK_HOST_KEY,
            RUN_AS,
            RUN_AS_METHOD,
            REFUSED,
            &[SSH_ARGS],
            MORE_ARGS,
        ];
        lists.into_iter().chain(of_methods).flatten().copied()
    }

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
        let become_as = read.become_as(defaults)?;
        let wanted = read.truth(RUN_AS)?.unwrap_or(defaults.run_as);
        let run_as = wanted.then(|| become_as.clone());
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
        Ok(Self { name: host.to_owned(), reach, run_as, become_as })
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

    fn become_as(&self, defaults: &Defaults) -> Result<RunAs, Problem> {
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
        let names = run_as_names(method);
        let user = self.text(names.user)?.unwrap_or_else(|| defaults.run_as_user.clone());
        let password = self.text(names.password)?.map(Secret::new);
        let password = password.or_else(|| defaults.run_as_password.clone());
        let program = self.text(names.program)?;
        let flags = self.text(names.flags)?;
        if let Some(flags) = &flags {
            shell_words(flags).map_err(|what| self.problem(names.flags[0], what))?;
        }
        Ok(RunAs { method, user, password, program, flags })
    }

    fn ssh(&self, defaults: &Defaults) -> Result<Reach, Problem> {
        let address = self.text(ADDRESS)?.unwrap_or_else(|| self.host.to_owned());
        let bare = address.trim_start_matches('[').trim_end_matches(']');
        if bare.is_empty() || bare.starts_with('-') {
            return Err(self.problem(ADDRESS[0], &format!("is `{address}`, which is no address")));
        }
        let line = self.command_line(defaults)?;
        let named = |problem: Problem| Problem {
            message: format!("host `{}`: {}", self.host, problem.message),
            ..problem
        };
        let way = defaults.way(bare, &line).map_err(named)?;
        let mut endpoint = way.endpoint;
        let password = self.text(PASSWORD)?.map(Secret::new);
        endpoint.credentials.password = password.or_else(|| defaults.password.clone());
        let jump = match way.jump {
            Some(jump) => defaults.believed(jump),
            None if !defaults.jump.is_empty() => defaults.own_jump(&endpoint).map_err(named)?,
            None => super::way::until(defaults.bastion.clone(), &endpoint),
        };
        Ok(Reach::Ssh { endpoint: Box::new(endpoint), jump })
    }

    /// What Ansible would call `ssh` with, in its order: the first of a kind wins.
    fn command_line(&self, defaults: &Defaults) -> Result<CommandLine, Problem> {
        let mut line = self.arguments(SSH_ARGS)?;
        let mut set = |name: &str, value: Option<String>| {
            line.directives.extend(value.and_then(|value| Directive::new(name, value)));
        };
        let accept = self.truth(CHECK_HOST_KEY)? == Some(false);
        set("stricthostkeychecking", accept.then(|| "accept-new".to_owned()));
        set("port", self.number::<u16>(PORT, "port")?.map(|port| port.to_string()));
        let key = defaults.private_key.as_ref().map(|path| path.display().to_string());
        set("identityfile", self.text(KEY)?.or(key));
        set("user", self.text(USER)?.or_else(|| defaults.user.clone()));
        let timeout = self.number::<u64>(TIMEOUT, "number of seconds")?;
        let timeout = timeout.or(defaults.connect_timeout.map(|timeout| timeout.as_secs()));
        set("connecttimeout", timeout.map(|seconds| seconds.to_string()));
        for name in MORE_ARGS {
            let more = self.arguments(name)?;
            line.directives.extend(more.directives);
            line.config = more.config.or(line.config);
        }
        let policy = defaults.host_keys.map(|policy| match policy {
            HostKeyPolicy::Strict => "yes",
            HostKeyPolicy::AcceptNew => "accept-new",
        });
        line.directives
            .extend(policy.and_then(|policy| Directive::new("stricthostkeychecking", policy)));
        Ok(line)
    }

    /// The arguments of `ssh` in one variable.
    fn arguments(&self, name: &'static str) -> Result<CommandLine, Problem> {
        let Some(value) = self.vars.get(name).filter(|value| is_set(value)) else {
            return Ok(CommandLine::default());
        };
        let text = value.as_str().ok_or_else(|| self.problem(name, "is not text"))?;
        CommandLine::options(text).map_err(|problem| Problem {
            message: format!("host `{}`: `{name}`: {}", self.host, problem.message),
            ..problem
        })
    }
}

/// The variables of one `become` method; those of the others say nothing, as in Ansible.
struct RunAsNames {
    user: Names,
    password: Names,
    program: Names,
    flags: Names,
}

macro_rules! run_as_names {
    ($method:literal) => {
        RunAsNames {
            user: &["ansible_become_user", concat!("ansible_", $method, "_user")],
            password: &[
                "ansible_become_password",
                "ansible_become_pass",
                concat!("ansible_", $method, "_pass"),
            ],
            program: &["ansible_become_exe", concat!("ansible_", $method, "_exe")],
            flags: &["ansible_become_flags", concat!("ansible_", $method, "_flags")],
        }
    };
}

fn run_as_names(method: RunAsMethod) -> RunAsNames {
    match method {
        RunAsMethod::Sudo => run_as_names!("sudo"),
        RunAsMethod::Su => run_as_names!("su"),
        RunAsMethod::Doas => run_as_names!("doas"),
    }
}

/// Empty text is as good as nothing: inventories blank a variable to switch it off.
fn is_set(value: &Value) -> bool {
    !value.is_null() && value.as_str() != Some("")
}
