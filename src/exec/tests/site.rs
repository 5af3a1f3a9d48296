//! Whole playbooks, loaded, planned and run against scripted hosts.

use super::*;
use crate::inventory::{Inventory, Sources};
use crate::modules;
use crate::plan::{Known, PlanInput, compile};
use crate::playbook::{Catalog, ParameterShape, Playbook, Signature, load};

/// Every module but those that gather facts.
struct Modules;

impl Catalog for Modules {
    fn find(&self, name: &str) -> Option<Signature> {
        let module = modules::find(name).filter(|module| module.name() != "setup")?;
        let parameters = module.parameters().iter().map(|parameter| ParameterShape {
            name: parameter.name,
            aliases: parameter.aliases,
            required: parameter.required,
            choices: parameter.choices,
            hint: parameter.hint,
        });
        Some(Signature {
            name: module.name(),
            parameters: parameters.collect(),
            free_form: module.free_form(),
            takes_any: module.takes_any(),
        })
    }

    fn names(&self) -> Vec<&'static str> {
        modules::REGISTRY.iter().map(|module| module.name()).collect()
    }

    fn lookups(&self) -> Vec<&'static str> {
        crate::template::lookups()
    }

    fn preview(&self, _module: &str, _args: &Map<String, Value>) -> Vec<String> {
        Vec::new()
    }
}

/// The inventory as it grows.
struct Growing(Mutex<Known>);

impl Variables for Growing {
    fn inventory(&self, host: &str) -> Option<Map<String, Value>> {
        self.0.lock().unwrap().written(host)
    }

    fn hosts(&self) -> Vec<String> {
        self.0.lock().unwrap().hosts()
    }

    fn top(&self, scope: Scope) -> Scope {
        self.0.lock().unwrap().top(&scope)
    }

    fn hosts_of(&self, play: &PlannedPlay) -> Result<PlayHosts, String> {
        self.0.lock().unwrap().hosts_of(&play.play).map_err(|problems| problems.to_string())
    }

    fn add_host(&self, new: &NewHost) -> bool {
        let mut known = self.0.lock().unwrap();
        known.inventory_mut().add_host(&new.name, &new.groups, &new.variables)
    }

    fn add_to_group(&self, host: &str, group: &str, parents: &[String]) -> bool {
        let mut known = self.0.lock().unwrap();
        known.inventory_mut().add_to_group(host, group, parents)
    }
}

/// A directory with a playbook, and hosts `a`, `b`, `c` in the group `g`, numbered from 1.
pub(super) struct Site {
    directory: tempfile::TempDir,
    tags: Vec<String>,
}

impl Site {
    pub(super) fn new(playbook: &str) -> Self {
        let site = Self { directory: tempfile::tempdir().unwrap(), tags: Vec::new() };
        site.file("site.yml", playbook);
        let inventory = "[g]\na num=1\nb num=2\nc num=3\n[others]\nd num=4\n";
        site.file("hosts.ini", inventory);
        site
    }

    pub(super) fn file(&self, name: &str, text: &str) -> &Self {
        let path = self.directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub(super) fn tags(mut self, tags: &[&str]) -> Self {
        self.tags = tags.iter().map(ToString::to_string).collect();
        self
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    fn inventory(&self) -> Arc<Inventory> {
        let sources = Sources { inventory: vec![self.path("hosts.ini")], ..Sources::default() };
        Arc::new(Inventory::load(&sources).unwrap())
    }

    fn playbook(&self) -> Result<Playbook, String> {
        load(&self.path("site.yml"), &Modules).map_err(|problems| {
            problems.to_string().replace(&self.directory.path().display().to_string(), "")
        })
    }

    /// What is said when it is loaded or planned.
    pub(super) fn refused(&self) -> String {
        match self.playbook() {
            Ok(playbook) => self.plan(playbook).map(|_| ()).unwrap_err(),
            Err(problems) => problems,
        }
    }

    fn plan(&self, playbook: Playbook) -> Result<Plan, String> {
        let input = PlanInput {
            playbooks: &[playbook],
            catalog: &Modules,
            inventory: self.inventory(),
            cluster: None,
            limit: None,
            tags: self.tags.clone(),
            skip_tags: Vec::new(),
            start_at_task: None,
            said: Map::new(),
            run_id: "RUN".to_owned(),
            user: None,
        };
        compile(&input).map_err(|problems| problems.to_string())
    }

    /// Runs it on hosts that answer every script well, but fail those that contain `FAIL-` and
    /// their own name.
    pub(super) async fn run(&self) -> Ran {
        self.run_on(["a", "b", "c", "d"].map(plain).into_iter().map(Ok).collect()).await
    }

    pub(super) async fn run_on(&self, hosts: Vec<Result<FakeConnection, TransportError>>) -> Ran {
        let plan = self.plan(self.playbook().unwrap_or_else(|problems| panic!("{problems}")));
        let plan = plan.unwrap_or_else(|problems| panic!("{problems}"));
        let mut bench = Bench::with(hosts);
        let known = Known {
            inventory: self.inventory(),
            cluster: None,
            run_id: "RUN".to_owned(),
            said: Map::new(),
            limit: None,
            user: None,
            magic: crate::plan::Magic::default(),
        };
        bench.services.variables = Arc::new(Growing(Mutex::new(known)));
        let outcome = Runner::new(bench.services.clone(), bench.options.clone()).run(&plan).await;
        Ran { bench, outcome }
    }
}

pub(super) fn plain(host: &str) -> FakeConnection {
    fine(host).on_command(
        |command| command.script.contains("FAIL"),
        vec![Ok(FakeConnection::fails(1, "asked to fail"))],
    )
}

/// What came of it.
pub(super) struct Ran {
    pub(super) bench: Bench,
    pub(super) outcome: RunOutcome,
}

impl Ran {
    /// The scripts that a host was sent, in order, with blanks between.
    pub(super) fn sent(&self, host: &str) -> String {
        self.bench.scripts(host).join(" ")
    }

    /// `ok changed failed skipped rescued ignored unreachable` of a host.
    pub(super) fn stats(&self, host: &str) -> [u32; 7] {
        let stats = self.outcome.stats.get(host).copied().unwrap_or_default();
        [
            stats.ok,
            stats.changed,
            stats.failures,
            stats.skipped,
            stats.rescued,
            stats.ignored,
            stats.unreachable,
        ]
    }

    /// The tasks that began, in order.
    pub(super) fn began(&self) -> Vec<String> {
        let began = |event| match event {
            Event::TaskStarted { task, .. } => Some(task),
            _ => None,
        };
        self.bench.events().into_iter().filter_map(began).collect()
    }
}
