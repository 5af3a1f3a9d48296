//! What one command line loads: the inventory, its variables, and the way to the hosts.

use super::catalog::Modules;
use super::configuration::Configuration;
use super::options::TargetOptions;
use crate::cluster::decision::Wanted;
use crate::cluster::paths::EtcdPaths;
use crate::cluster::probe::{ProbeHost, ProbeLimits, observe};
use crate::cluster::quorum::{ELECTION_SECONDS, unsettled};
use crate::cluster::status::ClusterStatus;
use crate::cluster::{snapshot_file, wanted};
use crate::error::{Failure, Kind, Problem, Problems};
use crate::inventory::Inventory;
use crate::plan::HostScopes;
use crate::playbook::Means;
use crate::redact::{Redactor, Secret};
use crate::template::Scope;
use crate::transport::settings::Reach;
use crate::transport::{Defaults, Pool, Target};
use crate::vault::Vault;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between two looks at a cluster that may be electing a leader.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// What is needed to read files: what is configured, and what opens what is encrypted.
pub struct Opening {
    configuration: Configuration,
    redactor: Redactor,
    vault: Vault,
}

impl Opening {
    /// Asks for the vault passwords that the options say are asked for.
    pub fn of(options: &TargetOptions) -> Result<Self, Failure> {
        let configuration = Configuration::of_process()?;
        let redactor = super::screen::redactor();
        let vault = configuration.vault(&options.sources.vault, &redactor)?;
        Ok(Self { configuration, redactor, vault })
    }

    /// What playbooks are loaded with.
    pub fn means(&self) -> Means {
        Means {
            catalog: &Modules,
            roles_path: self.configuration.roles_path(),
            vault: self.vault.clone(),
        }
    }
}

/// What one command line loads. Nothing has been contacted yet.
pub struct Session {
    /// Groups, hosts and variables.
    pub inventory: Arc<Inventory>,
    /// The inventories as they were given.
    pub sources: Vec<String>,
    /// The run's id.
    pub run_id: String,
    /// What must not be shown or kept.
    pub redactor: Redactor,
    /// How many hosts at a time.
    pub forks: usize,
    scopes: HostScopes,
    defaults: Defaults,
    /// What `ansible.cfg` says in place of connection variables that a host does not have.
    configured: Map<String, Value>,
}

impl Session {
    /// Loads the inventory and asks for the passwords that the options say are asked for.
    pub fn load(
        opening: Opening,
        options: &TargetOptions,
        playbook_dirs: Vec<PathBuf>,
    ) -> Result<Self, Failure> {
        let Opening { configuration, redactor, vault } = opening;
        let sources = options.sources.sources(playbook_dirs, &configuration, vault)?;
        let inventory = Inventory::load(&sources)?;
        let defaults = configuration.defaults(options)?;
        for secret in [&defaults.password, &defaults.run_as_password].into_iter().flatten() {
            redactor.add(secret);
        }
        let run_id = crate::journal::new_id();
        let inventory = Arc::new(inventory);
        let mut session = Self {
            scopes: HostScopes::new(&inventory, &run_id),
            inventory,
            sources: sources.inventory,
            run_id,
            redactor,
            forks: configuration.forks(options)?,
            defaults,
            configured: configuration.connection_vars(),
        };
        session.find_bastion(options.jump.is_some())?;
        Ok(session)
    }

    /// Whether commands run as another user when nothing says otherwise. Recovery needs root.
    pub fn needs_root(&mut self) {
        self.defaults.run_as = true;
    }

    /// Who logs in where no variable says so.
    pub fn user(&self) -> Option<String> {
        self.defaults.user.clone()
    }

    /// The password that the command line gave for becoming another user.
    pub fn become_password(&self) -> Option<Secret> {
        self.defaults.run_as_password.clone()
    }

    /// The host's variables, rendered when they are read.
    pub fn scope(&self, host: &str) -> Scope {
        self.scopes.of(host)
    }

    /// One variable of a host, rendered; `None` when it is not defined.
    pub fn lookup(&self, host: &str, name: &str) -> Result<Option<Value>, Problem> {
        self.scope(host).get(name).map_err(|error| {
            let message = format!("variable `{name}` of `{host}` cannot be rendered: {error}");
            Problem { hint: error.hint(), ..Problem::new(message) }
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
        let hosts = self.inventory.hosts().map(str::to_owned);
        // This machine is a host without being in the inventory, as in Ansible.
        let here = LOCALHOST.iter().filter(|name| !self.inventory.contains(name));
        let hosts: Vec<String> = hosts.chain(here.map(ToString::to_string)).collect();
        let reach = self.targets();
        for host in hosts {
            match reach.target(&self.scopes, &host) {
                Ok(target) => targets.push(target),
                Err(problem) => problems.push(problem),
            }
        }
        for target in &targets {
            for secret in target.secrets() {
                self.redactor.add(secret);
            }
        }
        let ask = |path: &Path| {
            super::screen::ask_secret(&format!("passphrase of `{}`: ", path.display())).ok()
        };
        Ok(Pool::new(problems.or(targets)?).ask_passphrase(ask))
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

    /// How hosts of this run are reached.
    pub(super) fn targets(&self) -> Targets {
        Targets {
            defaults: self.defaults.clone(),
            configured: self.configured.clone(),
            bastions: self.inventory.group_hosts("bastion"),
        }
    }

    /// Without `-J`, the first host of the group `bastion` is the way in.
    fn find_bastion(&mut self, jump_given: bool) -> Result<(), Problem> {
        let bastion = self.inventory.group_hosts("bastion").into_iter().next();
        let Some(bastion) = bastion.filter(|_| !jump_given) else { return Ok(()) };
        let target = self.targets().target(&self.scopes, &bastion)?;
        if let Reach::Ssh { endpoint, jump } = target.reach {
            self.defaults.bastion = jump;
            self.defaults.bastion.push(*endpoint);
        }
        Ok(())
    }
}

/// The names that mean this machine without being in the inventory.
const LOCALHOST: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// How hosts are reached, by what the command line, the environment and the inventory say.
pub(super) struct Targets {
    defaults: Defaults,
    /// What `ansible.cfg` says in place of connection variables that a host does not have.
    configured: Map<String, Value>,
    /// Kubespray's group `bastion`.
    bastions: Vec<String>,
}

impl Targets {
    /// The way to one host, by its variables in the inventory.
    pub(super) fn target(&self, scopes: &HostScopes, host: &str) -> Result<Target, Problem> {
        let mut vars = Map::new();
        let scope = scopes.of(host);
        for name in Target::variables() {
            let value = scope.get(name).map_err(|error| {
                let message = format!("variable `{name}` of `{host}` cannot be rendered: {error}");
                Problem { hint: error.hint(), ..Problem::new(message) }
            })?;
            vars.extend(value.map(|value| (name.to_owned(), value)));
        }
        self.of_variables(host, vars)
    }

    /// The way to one host by the variables that say how it is reached.
    pub(super) fn of_variables(
        &self,
        host: &str,
        variables: Map<String, Value>,
    ) -> Result<Target, Problem> {
        let mut vars = self.configured.clone();
        vars.extend(variables);
        // The bastions are the way to all hosts but themselves.
        if self.bastions.iter().any(|name| name == host) {
            let defaults = Defaults { bastion: Vec::new(), ..self.defaults.clone() };
            return Target::from_vars(host, &vars, &defaults);
        }
        Target::from_vars(host, &vars, &self.defaults)
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
