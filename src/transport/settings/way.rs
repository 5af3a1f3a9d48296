//! The way to an sshd: the jump hosts in front of it, in every spelling.

use super::{Defaults, Endpoint, Jump};
use crate::error::Problem;
use crate::transport::ssh_config::{CommandLine, Directive, Options, SshConfig, shell_words};
use std::path::PathBuf;
use std::sync::Arc;

/// More bastions than this in a row are a circle.
const LONGEST: usize = 16;

/// An sshd and what is in front of it.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) endpoint: Endpoint,
    /// The nearest first; `None` when nothing says whether there are any.
    pub(super) jump: Option<Vec<Endpoint>>,
}

impl Defaults {
    /// The way that `ssh … host` takes.
    pub(super) fn way(&self, host: &str, line: &CommandLine) -> Result<Way, Problem> {
        self.call(host, line, 0)
    }

    fn call(&self, host: &str, line: &CommandLine, depth: usize) -> Result<Way, Problem> {
        let config = match &line.config {
            None => Arc::clone(&self.ssh_config),
            Some(file) => {
                let config = SshConfig::of_file(&self.home().expand(file), self.home.as_deref());
                Arc::new(config.map_err(|problems| Problem::new(problems.to_string()))?)
            }
        };
        let options = config.options(host, &line.directives, &self.local_user, &self.home())?;
        self.follow(&options, &config, depth)
    }

    fn follow(
        &self,
        options: &Options,
        config: &Arc<SshConfig>,
        depth: usize,
    ) -> Result<Way, Problem> {
        if depth > LONGEST {
            let message = format!("the jump hosts of `{}` lead in a circle", options.address());
            return Err(options.problem("proxyjump", message));
        }
        let mut endpoint = self.endpoint(options)?;
        let mut jump = None;
        if let Some(list) = options.text("proxyjump") {
            let hops = Jump::parse_list(list).map_err(|problem| Problem {
                location: options.problem("proxyjump", "").location,
                ..problem
            })?;
            jump = Some(self.hops(&hops, config, &endpoint, depth)?);
        } else if let Some(command) = options.filled("proxycommand")? {
            if command.eq_ignore_ascii_case("none") {
                jump = Some(Vec::new());
            } else if let Some((host, line)) = as_jump(&command, &endpoint) {
                let way = self.call(&host, &line, depth + 1)?;
                let mut chain = way.jump.unwrap_or_default();
                chain.push(way.endpoint);
                jump = Some(chain);
            } else {
                endpoint.line.command = Some(command);
                jump = Some(Vec::new());
            }
        }
        let jump = jump.map(|chain| until(chain, &endpoint));
        Ok(Way { endpoint, jump })
    }

    /// The bastions of a list, which is `ssh -J <those before> <the last>`.
    fn hops(
        &self,
        hops: &[Jump],
        config: &Arc<SshConfig>,
        target: &Endpoint,
        depth: usize,
    ) -> Result<Vec<Endpoint>, Problem> {
        let Some((last, before)) = hops.split_last() else { return Ok(Vec::new()) };
        let options =
            config.options(&last.address, &directives(last), &self.local_user, &self.home())?;
        let endpoint = self.endpoint(&options)?;
        if before.is_empty() {
            if same(&endpoint, target) {
                return Ok(vec![endpoint]);
            }
            let way = self.follow(&options, config, depth + 1)?;
            let mut chain = way.jump.unwrap_or_default();
            chain.push(way.endpoint);
            return Ok(chain);
        }
        let mut chain = self.hops(before, config, target, depth)?;
        chain.push(endpoint);
        Ok(chain)
    }

    /// The bastions of our own `-J`. What `ssh_config` does not say about them is as for the hosts.
    pub(super) fn own_jump(&self, target: &Endpoint) -> Result<Vec<Endpoint>, Problem> {
        let fill = |hop: &Jump| -> Result<Jump, Problem> {
            let options =
                self.ssh_config.options(&hop.address, &[], &self.local_user, &self.home())?;
            let user = options.user().map(str::to_owned).or(self.user.clone());
            Ok(Jump { user: hop.user.clone().or(user), ..hop.clone() })
        };
        let hops = self.jump.iter().map(fill).collect::<Result<Vec<_>, _>>()?;
        let mut chain = self.hops(&hops, &self.ssh_config, target, 0)?;
        for hop in &mut chain {
            if hop.credentials.keys.is_empty() {
                hop.credentials.keys.extend(self.private_key.clone());
            }
            hop.credentials.password.clone_from(&self.password);
        }
        Ok(until(self.believed(chain), target))
    }

    /// The jump hosts under the host-key policy that was asked for, as the hosts behind them.
    pub(super) fn believed(&self, mut chain: Vec<Endpoint>) -> Vec<Endpoint> {
        for hop in &mut chain {
            hop.trust.policy = self.host_keys.unwrap_or(hop.trust.policy);
        }
        chain
    }
}

fn directives(jump: &Jump) -> Vec<Directive> {
    let user = jump.user.as_ref().and_then(|user| Directive::new("user", user));
    let port = jump.port.and_then(|port| Directive::new("port", port.to_string()));
    user.into_iter().chain(port).collect()
}

/// A bastion that is also a host of the inventory is not reached through itself.
pub(super) fn until(chain: Vec<Endpoint>, target: &Endpoint) -> Vec<Endpoint> {
    chain.into_iter().take_while(|hop| !same(hop, target)).collect()
}

fn same(one: &Endpoint, other: &Endpoint) -> bool {
    one.address == other.address && one.port == other.port
}

/// The host and command line of `ssh … -W <target> … bastion`; `None` for any other command, which
/// has to be run.
fn as_jump(command: &str, target: &Endpoint) -> Option<(String, CommandLine)> {
    let mut words = shell_words(command).ok()?;
    if words.first().is_some_and(|word| word == "exec") {
        words.remove(0);
    }
    let program = PathBuf::from(words.first()?);
    if program.file_name()? != "ssh" {
        return None;
    }
    let mut line = CommandLine::parse(words.split_off(1)).ok()?;
    let plain = format!("{}:{}", target.address, target.port);
    let bracketed = format!("[{}]:{}", target.address, target.port);
    if ![plain, bracketed].contains(line.forward.as_ref()?) || line.words.len() != 1 {
        return None;
    }
    let jump = Jump::parse(&line.words.pop()?).ok()?;
    line.directives.extend(directives(&jump));
    Some((jump.address, line))
}
