//! The part of `ssh`'s command line that inventories put into `ansible_ssh_common_args`.
//!
//! Whatever is not understood is an error that names it: an option that is passed over could be
//! the one that the operator's safety hangs on.

use super::{HostKeyPolicy, Jump};
use crate::error::Problem;
use std::path::PathBuf;
use std::time::Duration;

/// What was read.
#[derive(Debug, Clone, Default)]
pub(super) struct SshArgs {
    pub(super) jump: Option<Vec<Jump>>,
    pub(super) policy: Option<HostKeyPolicy>,
    pub(super) known_hosts: Vec<PathBuf>,
    pub(super) keys: Vec<PathBuf>,
    pub(super) port: Option<u16>,
    pub(super) user: Option<String>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) configured_only: bool,
    /// `-W`, and the first word that is no option, with what follows it: only a `ProxyCommand`
    /// has them.
    forward: Option<String>,
    words: Vec<String>,
}

impl SshArgs {
    pub(super) fn files(&self) -> Vec<PathBuf> {
        self.known_hosts.clone()
    }
}

/// How `~` in a path is resolved.
type Expand<'a> = &'a dyn Fn(&str) -> PathBuf;

/// Reads `text` as further arguments; the first one that says something wins, as in `ssh`.
pub(super) fn parse(text: &str, args: &mut SshArgs, expand: Expand<'_>) -> Result<(), Problem> {
    read(split_words(text)?, args, expand)?;
    match (&args.forward, args.words.first()) {
        (Some(_), _) => Err(unknown("-W")),
        (None, Some(word)) => Err(unknown(word)),
        (None, None) => Ok(()),
    }
}

fn read(words: Vec<String>, args: &mut SshArgs, expand: Expand<'_>) -> Result<(), Problem> {
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let mut letters = word.chars();
        let flag = match (letters.next(), letters.next()) {
            (Some('-'), Some(letter)) => letter,
            // `ssh` takes options after the host too; after a command's first word no more.
            _ if args.words.is_empty() => {
                args.words.push(word);
                continue;
            }
            _ => {
                args.words.push(word);
                args.words.extend(words.by_ref());
                break;
            }
        };
        // Compression and quietness change nothing here; one shared connection is what we do.
        if matches!(word.as_str(), "-C" | "-q" | "-T" | "-x" | "-a") {
            continue;
        }
        let rest = letters.as_str().to_owned();
        let mut value = || {
            let given = if rest.is_empty() { words.next() } else { Some(rest.clone()) };
            given.ok_or_else(|| Problem::new(format!("`-{flag}` needs a value")))
        };
        match flag {
            'o' => option(&value()?, args, expand)?,
            'J' => set(&mut args.jump, Jump::parse_list(&value()?)?),
            'i' => args.keys.push(expand(&value()?)),
            'p' => set(&mut args.port, port(&value()?)?),
            'l' => set(&mut args.user, value()?),
            'W' => set(&mut args.forward, value()?),
            _ => return Err(unknown(&word)),
        }
    }
    Ok(())
}

/// One `-o Name=value` or `-o "Name value"`.
fn option(text: &str, args: &mut SshArgs, expand: Expand<'_>) -> Result<(), Problem> {
    let split = text.find(['=', ' ']).ok_or_else(|| unknown(&format!("-o {text}")))?;
    let (name, value) = (text[..split].trim(), text[split + 1..].trim());
    let wrong = || Problem::new(format!("`-o {name}` cannot be `{value}`"));
    match name.to_lowercase().as_str() {
        "proxycommand" => set(&mut args.jump, proxy_command(value, expand)?),
        "proxyjump" => set(&mut args.jump, Jump::parse_list(value)?),
        "stricthostkeychecking" => {
            // `no` switches the check off in ssh; here a host is at least remembered, and a key
            // that changes is refused.
            let policy = match value.to_lowercase().as_str() {
                "yes" | "ask" => HostKeyPolicy::Strict,
                "no" | "off" | "accept-new" => HostKeyPolicy::AcceptNew,
                _ => return Err(wrong()),
            };
            set(&mut args.policy, policy);
        }
        "userknownhostsfile" => {
            args.known_hosts.extend(value.split_whitespace().map(expand));
        }
        "identityfile" => args.keys.push(expand(value)),
        "identitiesonly" => args.configured_only |= yes_no(value).ok_or_else(wrong)?,
        "port" => set(&mut args.port, port(value)?),
        "user" => set(&mut args.user, value.to_owned()),
        "connecttimeout" => {
            let seconds: u64 = value.parse().map_err(|_| wrong())?;
            set(&mut args.connect_timeout, Duration::from_secs(seconds.max(1)));
        }
        // One shared connection and keepalives are what we do anyway; nothing here asks.
        "controlmaster"
        | "controlpersist"
        | "controlpath"
        | "compression"
        | "tcpkeepalive"
        | "serveraliveinterval"
        | "serveralivecountmax"
        | "batchmode"
        | "loglevel" => {}
        "forwardagent" | "forwardx11" if yes_no(value) == Some(false) => {}
        _ => return Err(unknown(&format!("-o {name}"))),
    }
    Ok(())
}

/// `ssh … -W %h:%p … user@bastion`, with the bastion's own jump hosts before it.
fn proxy_command(text: &str, expand: Expand<'_>) -> Result<Vec<Jump>, Problem> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(Vec::new());
    }
    let wrong = || {
        Problem::new(format!("the `ProxyCommand` `{text}` is not understood"))
            .hint("write `ssh -W %h:%p user@bastion`, or use `-J user@bastion`")
    };
    let mut words = split_words(text)?;
    if words.first().is_some_and(|word| word == "exec") {
        words.remove(0);
    }
    if !words.first().is_some_and(|word| word == "ssh" || word.ends_with("/ssh")) {
        return Err(wrong());
    }
    let mut args = SshArgs::default();
    read(words.split_off(1), &mut args, expand)?;
    let forwards = args.forward.as_deref().is_some_and(|to| ["%h:%p", "[%h]:%p"].contains(&to));
    let [host] = args.words.as_slice() else { return Err(wrong()) };
    if !forwards || args.connect_timeout.is_some() || args.configured_only || args.keys.len() > 1 {
        return Err(wrong());
    }
    let named = Jump::parse(host)?;
    let mut chain = args.jump.unwrap_or_default();
    chain.push(Jump {
        port: args.port.or(named.port),
        user: named.user.or(args.user),
        private_key: args.keys.pop(),
        policy: args.policy,
        known_hosts: args.known_hosts,
        ..named
    });
    Ok(chain)
}

/// The first value stays, as in `ssh`.
fn set<T>(slot: &mut Option<T>, value: T) {
    slot.get_or_insert(value);
}

fn port(text: &str) -> Result<u16, Problem> {
    text.parse().map_err(|_| Problem::new(format!("`{text}` is no port")))
}

fn yes_no(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "yes" | "true" => Some(true),
        "no" | "false" => Some(false),
        _ => None,
    }
}

fn unknown(what: &str) -> Problem {
    Problem::new(format!("the ssh argument `{what}` is not supported")).hint(
        "supported: -J, -i, -p, -l and -o ProxyCommand, ProxyJump, StrictHostKeyChecking, \
         UserKnownHostsFile, IdentityFile, IdentitiesOnly, Port, User, ConnectTimeout",
    )
}

/// Splits as a shell would: blanks, single and double quotes, backslashes.
fn split_words(text: &str) -> Result<Vec<String>, Problem> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some('"') | None, '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err(Problem::new(format!("`{text}` has a quote that does not end")));
    }
    words.extend(word);
    Ok(words)
}
