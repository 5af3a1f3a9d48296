//! What one command line loads: the inventory, its variables, and the way to the hosts.

use super::options::{BecomeMethod, HostKeys, TargetOptions};
use crate::cluster::decision::Wanted;
use crate::cluster::paths::EtcdPaths;
use crate::cluster::probe::{ProbeHost, ProbeLimits, observe};
use crate::cluster::quorum::{ELECTION_SECONDS, unsettled};
use crate::cluster::status::ClusterStatus;
use crate::cluster::{snapshot_file, wanted};
use crate::error::{Failure, Kind, Problem, Problems};
use crate::inventory::Inventory;
use crate::plan;
use crate::redact::{Redactor, Secret};
use crate::template::Scope;
use crate::transport::settings::{Endpoint, Reach};
use crate::transport::{Defaults, HostKeyPolicy, Jump, Pool, RunAsMethod, Target};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between two looks at a cluster that may be electing a leader.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// What one command line loads. Nothing has been contacted yet.
pub struct Session {
    /// Groups, hosts and variables.
    pub inventory: Arc<Inventory>,
    /// The run's id.
    pub run_id: String,
    /// What must not be shown or kept.
    pub redactor: Redactor,
    defaults: Defaults,
    bastion: Option<Endpoint>,
}

impl Session {
    /// Loads the inventory and asks for the passwords that the options say are asked for.
    pub fn load(options: &TargetOptions, playbook_dirs: Vec<PathBuf>) -> Result<Self, Failure> {
        let inventory = Inventory::load(&options.sources.sources(playbook_dirs)?)?;
        let defaults = defaults(options)?;
        let mut redactor = Redactor::default();
        for secret in [&defaults.password, &defaults.run_as_password].into_iter().flatten() {
            redactor.add(secret);
        }
        let run_id = crate::journal::new_id();
        let mut session =
            Self { inventory: Arc::new(inventory), run_id, redactor, defaults, bastion: None };
        session.find_bastion(options.jump.is_some())?;
        Ok(session)
    }

    /// Whether commands run as another user when nothing says otherwise. Recovery needs root.
    pub fn needs_root(&mut self) {
        self.defaults.run_as = true;
    }

    /// The password that the command line gave for becoming another user.
    pub fn become_password(&self) -> Option<Secret> {
        self.defaults.run_as_password.clone()
    }

    /// The host's variables, rendered when they are read.
    pub fn scope(&self, host: &str) -> Scope {
        plan::host_scope(&self.inventory, host, &self.run_id)
    }

    /// One variable of a host, rendered; `None` when it is not defined.
    pub fn lookup(&self, host: &str, name: &str) -> Result<Option<Value>, Problem> {
        self.scope(host).get(name).map_err(|error| {
            Problem::new(format!("variable `{name}` of `{host}` cannot be rendered: {error}"))
        })
    }

    /// What the operator wants of etcd, with the snapshot of `-e etcd_snapshot` looked at.
    pub fn wanted(&self, limit: Option<&str>) -> Result<Wanted, Failure> {
        let lookup = |host: &str, name: &str| self.lookup(host, name);
        wanted::check_deployment(&self.inventory, &lookup)?;
        let mut wanted = wanted::wanted(&self.inventory, &lookup, &self.run_id)?;
        if let Some(pattern) = limit {
            wanted.limit = Some(self.inventory.select(pattern)?);
        }
        let Some(first) = wanted.hosts.first().map(|host| host.host.clone()) else {
            return Ok(wanted);
        };
        if let Some(Value::String(path)) = self.lookup(&first, "etcd_snapshot")? {
            let digest = self.lookup(&first, "etcd_snapshot_sha256")?;
            wanted.snapshot = Some(snapshot(Path::new(&path), digest.as_ref())?);
        }
        Ok(wanted)
    }

    /// The way to every host of the inventory. Nothing is contacted before it is used.
    pub fn pool(&mut self) -> Result<Pool, Failure> {
        let mut problems = Problems::default();
        let mut targets = Vec::new();
        let hosts: Vec<String> = self.inventory.hosts().map(str::to_owned).collect();
        for host in hosts {
            match self.target(&host) {
                Ok(target) => targets.push(target),
                Err(problem) => problems.push(problem),
            }
        }
        for target in &targets {
            let password = target.run_as.as_ref().and_then(|run_as| run_as.password.as_ref());
            if let Some(secret) = password {
                self.redactor.add(secret);
            }
        }
        Ok(Pool::new(problems.or(targets)?))
    }

    /// Looks at every host that etcd is wanted on or broken on, whatever `--limit` says; again and
    /// again while an election may be under way.
    pub async fn observe(&self, pool: &Pool, wanted: &Wanted) -> Result<ClusterStatus, Failure> {
        let peers: Vec<String> = wanted
            .hosts
            .iter()
            .map(|host| host.client_url.clone())
            .filter(|url| !url.is_empty())
            .collect();
        let mut hosts = Vec::new();
        for host in &wanted.hosts {
            hosts.push(ProbeHost {
                name: host.host.clone(),
                paths: self.paths(&host.host)?,
                client_url: host.client_url.clone(),
                peers: peers.clone(),
            });
        }
        let end = Instant::now() + Duration::from_secs(ELECTION_SECONDS);
        loop {
            let status = observe(pool, &hosts, &ProbeLimits::default()).await;
            if !unsettled(&status) || Instant::now() + BETWEEN_LOOKS > end {
                return Ok(status);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Where etcd's files are on a host.
    fn paths(&self, host: &str) -> Result<EtcdPaths, Problem> {
        let mut found = Map::new();
        for name in ["etcd_data_dir", "etcd_cert_dir", "bin_dir"] {
            if let Some(value) = self.lookup(host, name)? {
                found.insert(name.to_owned(), value);
            }
        }
        EtcdPaths::from_variables(|name| found.get(name).cloned())
            .map_err(|error| Problem::new(format!("host `{host}`: {error}")))
    }

    fn target(&self, host: &str) -> Result<Target, Problem> {
        let mut target = Target::from_vars(host, &self.connection_vars(host)?, &self.defaults)?;
        // Kubespray's group `bastion` is the way in wherever nothing else is said.
        if let (Some(bastion), Reach::Ssh { jump, .. }) = (&self.bastion, &mut target.reach)
            && jump.is_empty()
            && self.inventory.group_hosts("bastion").iter().all(|name| name != host)
        {
            jump.push(bastion.clone());
        }
        Ok(target)
    }

    /// The variables that say how a host is reached; no others are rendered.
    fn connection_vars(&self, host: &str) -> Result<Map<String, Value>, Problem> {
        let mut vars = Map::new();
        let scope = self.scope(host);
        for name in scope.names().into_iter().filter(|name| name.starts_with("ansible_")) {
            if let Some(value) = self.lookup(host, &name)? {
                vars.insert(name, value);
            }
        }
        Ok(vars)
    }

    /// Without `-J`, the first host of the group `bastion` is the way in.
    fn find_bastion(&mut self, jump_given: bool) -> Result<(), Problem> {
        let bastion = self.inventory.group_hosts("bastion").into_iter().next();
        let Some(bastion) = bastion.filter(|_| !jump_given) else { return Ok(()) };
        if let Reach::Ssh { endpoint, .. } = self.target(&bastion)?.reach {
            self.bastion = Some(*endpoint);
        }
        Ok(())
    }
}

/// Checks the operator's snapshot here, before any host is asked for anything (I-11).
fn snapshot(
    path: &Path,
    digest: Option<&Value>,
) -> Result<crate::cluster::decision::SnapshotFile, Failure> {
    let refused = |message: String| {
        Failure::new(Kind::Refused, message).hint("nothing was changed; give another snapshot")
    };
    let file = snapshot_file::inspect(path).map_err(|error| {
        refused(format!("the snapshot `{}` cannot be restored: {error}", path.display()))
    })?;
    match digest.and_then(Value::as_str) {
        Some(expected) if !expected.eq_ignore_ascii_case(&file.sha256) => Err(refused(format!(
            "the snapshot `{}` has SHA-256 {}, not {expected} as etcd_snapshot_sha256 says",
            path.display(),
            file.sha256
        ))),
        _ => Ok(file),
    }
}

fn defaults(options: &TargetOptions) -> Result<Defaults, Failure> {
    let environment = Defaults::from_environment();
    let jump = match &options.jump {
        Some(list) => Jump::parse_list(list)?,
        None => Vec::new(),
    };
    Ok(Defaults {
        user: options.user.clone().unwrap_or(environment.user.clone()),
        private_key: options.private_key.clone(),
        jump,
        password: password(options.ask_pass, "SSH password: ")?,
        run_as: options.r#become,
        run_as_user: options.become_user.clone().unwrap_or_else(|| "root".to_owned()),
        run_as_method: match options.become_method {
            None | Some(BecomeMethod::Sudo) => RunAsMethod::Sudo,
            Some(BecomeMethod::Su) => RunAsMethod::Su,
            Some(BecomeMethod::Doas) => RunAsMethod::Doas,
        },
        run_as_password: options.become_password()?,
        host_keys: match options.host_keys {
            HostKeys::Strict => HostKeyPolicy::Strict,
            HostKeys::AcceptNew => HostKeyPolicy::AcceptNew,
        },
        connect_timeout: Duration::from_secs(options.connect_timeout),
        ..environment
    })
}

fn password(wanted: bool, prompt: &str) -> Result<Option<Secret>, Failure> {
    if wanted { super::options::ask(prompt).map(Some) } else { Ok(None) }
}
