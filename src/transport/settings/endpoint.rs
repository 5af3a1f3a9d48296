//! One sshd, from the options that hold for it.

use super::{
    Algorithms, CONNECT_TIMEOUT, Credentials, Defaults, Endpoint, HostKeyPolicy, KEEPALIVE_EVERY,
    KEEPALIVES, Line, Method, Trust,
};
use crate::error::Problem;
use crate::transport::ssh_config::Options;
use std::path::PathBuf;
use std::time::Duration;

/// Default key files, in OpenSSH's order.
const KEYS: &[&str] = &["id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"];
const USER_KNOWN_HOSTS: &[&str] = &["known_hosts", "known_hosts2"];
const GLOBAL_KNOWN_HOSTS: [&str; 2] = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"];

impl Defaults {
    /// The sshd that `options` lead to.
    pub(super) fn endpoint(&self, options: &Options) -> Result<Endpoint, Problem> {
        let address = options.address();
        if address.is_empty() || address.starts_with('-') {
            return Err(options.problem("hostname", format!("`{address}` is no address")));
        }
        let timeout = options.seconds("connecttimeout").filter(|seconds| *seconds > 0);
        Ok(Endpoint {
            address: address.to_owned(),
            port: options.port(),
            user: options.user().unwrap_or(&self.local_user).to_owned(),
            credentials: self.credentials(options)?,
            trust: self.trust(options)?,
            line: line(options)?,
            algorithms: algorithms(options),
            forward_agent: self.forward_agent(options)?,
            connect_timeout: timeout.map_or(CONNECT_TIMEOUT, Duration::from_secs),
            keepalive: keepalive(options),
        })
    }

    fn credentials(&self, options: &Options) -> Result<Credentials, Problem> {
        let configured = !options.words("identityfile").is_empty();
        let agent = match options.text("identityagent") {
            None => self.agent.clone(),
            Some("SSH_AUTH_SOCK") => std::env::var_os("SSH_AUTH_SOCK").map(PathBuf::from),
            Some(name) if name.starts_with('$') && !name.starts_with("${") => {
                std::env::var_os(&name[1..]).map(PathBuf::from)
            }
            Some(_) => options.paths("identityagent")?.pop(),
        };
        Ok(Credentials {
            keys: options.paths("identityfile")?,
            default_keys: if configured { Vec::new() } else { self.ssh_files(KEYS) },
            certificates: options.paths("certificatefile")?,
            agent,
            password: None,
            configured_only: options.flag("identitiesonly") == Some(true),
            methods: methods(options)?,
        })
    }

    fn trust(&self, options: &Options) -> Result<Trust, Problem> {
        // `no` switches the check off in ssh; here a host is at least remembered, and a key that
        // changes is refused.
        let policy = options.text("stricthostkeychecking").map(str::to_lowercase);
        let policy = match policy.as_deref() {
            Some("no" | "false" | "off" | "accept-new") => HostKeyPolicy::AcceptNew,
            _ => HostKeyPolicy::Strict,
        };
        let files = |name: &str, default: Vec<PathBuf>| {
            if options.words(name).is_empty() { Ok(default) } else { options.paths(name) }
        };
        Ok(Trust {
            policy,
            files: files("userknownhostsfile", self.ssh_files(USER_KNOWN_HOSTS))?,
            global_files: files(
                "globalknownhostsfile",
                GLOBAL_KNOWN_HOSTS.map(PathBuf::from).into(),
            )?,
            alias: options.text("hostkeyalias").map(str::to_owned),
            hash_names: options.flag("hashknownhosts") == Some(true),
        })
    }

    fn forward_agent(&self, options: &Options) -> Result<bool, Problem> {
        match (options.text("forwardagent"), options.flag("forwardagent")) {
            (None, _) => Ok(false),
            (Some(_), Some(wanted)) => Ok(wanted && self.agent.is_some()),
            (Some(other), None) => {
                let message = format!("`ForwardAgent {other}` is not supported");
                Err(options.problem("forwardagent", message).hint("use `yes` or `no`"))
            }
        }
    }
}

/// `None` when nothing restricts the methods.
fn methods(options: &Options) -> Result<Option<Vec<Method>>, Problem> {
    let every = [
        ("publickey", Method::PublicKey, "pubkeyauthentication"),
        ("keyboard-interactive", Method::KeyboardInteractive, "kbdinteractiveauthentication"),
        ("password", Method::Password, "passwordauthentication"),
    ];
    let on = |option: &str| options.flag(option) != Some(false);
    let preferred = options.text("preferredauthentications");
    if preferred.is_none() && every.iter().all(|(_, _, option)| on(option)) {
        return Ok(None);
    }
    let names: Vec<&str> = match preferred {
        Some(list) => list.split(',').collect(),
        None => every.iter().map(|(name, ..)| *name).collect(),
    };
    let find = |name: &&str| every.iter().find(|(known, ..)| known == name);
    let found: Vec<_> = names.iter().filter_map(find).filter(|(.., option)| on(option)).collect();
    if found.is_empty() {
        let message = "no way to log in is left: only `publickey`, `keyboard-interactive` and \
                       `password` are supported";
        return Err(options.problem("preferredauthentications", message));
    }
    Ok(Some(found.into_iter().map(|(_, method, _)| *method).collect()))
}

fn line(options: &Options) -> Result<Line, Problem> {
    let from = match options.text("bindaddress") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| {
            options.problem("bindaddress", format!("`BindAddress {text}` is no IP address"))
        })?),
    };
    let only_ipv6 = match options.text("addressfamily").map(str::to_lowercase).as_deref() {
        Some("inet") => Some(false),
        Some("inet6") => Some(true),
        _ => None,
    };
    Ok(Line { command: None, from, only_ipv6 })
}

fn algorithms(options: &Options) -> Algorithms {
    let list = |name: &str| options.text(name).map(str::to_owned);
    Algorithms {
        ciphers: list("ciphers"),
        macs: list("macs"),
        kex: list("kexalgorithms"),
        host_keys: list("hostkeyalgorithms"),
        public_keys: list("pubkeyacceptedalgorithms"),
        authorities: list("casignaturealgorithms"),
    }
}

/// OpenSSH asks no silent peer by default; here a dead one is always found.
fn keepalive(options: &Options) -> (Duration, usize) {
    let every = options.seconds("serveraliveinterval").filter(|seconds| *seconds > 0);
    let Some(every) = every else { return (KEEPALIVE_EVERY, KEEPALIVES) };
    let most = options.text("serveralivecountmax").and_then(|count| count.parse().ok());
    (Duration::from_secs(every), most.filter(|count| *count > 0).unwrap_or(3))
}
