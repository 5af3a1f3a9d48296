//! The variables of one host at one moment.

use super::chain::Chain;
use super::error::TemplateError;
use super::lazy;
use crate::error::{Location, near_matches};
use crate::vault::{Vault, is_sealed};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What `omit` is: a key with this value is as if it had not been written.
pub const OMIT: &str = "__omit_place_holder__rrecover_3f1c9d5a7b__";

/// The variables of all hosts, for `hostvars`.
pub trait HostVariables: Send + Sync {
    /// Every host's name.
    fn hosts(&self) -> Vec<String>;
    /// The variables of one host; `None` when there is no such host.
    fn scope(&self, host: &str) -> Option<Scope>;
}

/// The variables of one host at one moment. Cheap to clone and to add to.
#[derive(Clone, Default)]
pub struct Scope {
    top: Option<Arc<Layer>>,
    hosts: Option<Arc<dyn HostVariables>>,
    /// The host that a task is delegated to, for `ansible_delegated_vars`.
    delegate: Option<Arc<Delegate>>,
    /// Whose variables these are; tells variables of several hosts apart in chains.
    owner: Option<Arc<str>>,
    /// Where lookups look for relative paths, in this order.
    search_path: Arc<Vec<PathBuf>>,
    /// Whether this is before the run: what tasks may change on this machine is not known yet.
    planned: bool,
    /// The playbook's directory, where programs run.
    base: Option<Arc<Path>>,
    pub(super) chain: Chain,
    /// What opens the encrypted values among the variables.
    pub(super) vault: Vault,
}

/// The host that a task is delegated to, and its variables.
pub(super) struct Delegate {
    pub(super) host: String,
    pub(super) variables: Scope,
}

struct Layer {
    below: Option<Arc<Layer>>,
    content: Content,
}

enum Content {
    /// Rendered when read.
    Templates(Map<String, Value>),
    /// Never rendered; what many scopes have is there once.
    Data(Arc<Map<String, Value>>),
    /// Not known yet.
    Later(BTreeSet<String>),
    /// What is below may be replaced by what is not known yet.
    Open(Open),
}

/// Which variables are not known yet when their names are not known either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// Facts: names that begin with `ansible_`, but not those that say how a host is reached.
    Facts,
    /// Any variable.
    Anything,
}

/// How the names begin that say how a host is reached and worked on: facts never replace them.
const CONNECTION: [&str; 13] = [
    "ansible_host",
    "ansible_port",
    "ansible_user",
    "ansible_password",
    "ansible_connection",
    "ansible_ssh_",
    "ansible_become",
    "ansible_become_",
    "ansible_sudo_",
    "ansible_su_",
    "ansible_private_key_file",
    "ansible_shell_",
    "ansible_python_interpreter",
];

impl Open {
    fn has(self, name: &str) -> bool {
        if matches!(name, "omit" | "hostvars" | "vars") {
            return false;
        }
        match self {
            Self::Facts => {
                let connection = CONNECTION.iter().any(|begin| {
                    name == *begin || (begin.ends_with('_') && name.starts_with(begin))
                });
                name.starts_with("ansible_") && !connection
            }
            Self::Anything => super::functions::find(name).is_none(),
        }
    }
}

impl Scope {
    /// A scope of variables whose templates are rendered when they are read.
    pub fn new(vars: Map<String, Value>) -> Self {
        Self::default().extend(vars)
    }

    /// Adds data: `value` is what it is and is never rendered.
    #[must_use]
    pub fn with(&self, name: &str, value: impl Into<Value>) -> Self {
        self.extend_data(Map::from_iter([(name.to_owned(), value.into())]))
    }

    /// Adds variables whose templates are rendered when they are read. They win over what is there.
    #[must_use]
    pub fn extend(&self, vars: Map<String, Value>) -> Self {
        if vars.is_empty() { self.clone() } else { self.over(Content::Templates(vars)) }
    }

    /// Adds data, which is never rendered: results, facts, loop items. It wins over what is there.
    #[must_use]
    pub fn extend_data(&self, data: Map<String, Value>) -> Self {
        self.extend_shared(&Arc::new(data))
    }

    /// The same for data that many scopes have.
    #[must_use]
    pub fn extend_shared(&self, data: &Arc<Map<String, Value>>) -> Self {
        if data.is_empty() { self.clone() } else { self.over(Content::Data(Arc::clone(data))) }
    }

    /// Marks variables as known only while the run goes on: reading one is
    /// [`TemplateError::Later`].
    #[must_use]
    pub fn later(&self, names: impl IntoIterator<Item = String>) -> Self {
        let names: BTreeSet<String> = names.into_iter().collect();
        if names.is_empty() { self.clone() } else { self.over(Content::Later(names)) }
    }

    /// Marks variables whose names are not known as known only while the run goes on. What is added
    /// afterwards is known again.
    #[must_use]
    pub fn open(&self, open: Open) -> Self {
        self.over(Content::Open(open))
    }

    /// Says whose variables these are and where those of the others are, for `hostvars`.
    #[must_use]
    pub fn of_host(&self, host: &str, hosts: Arc<dyn HostVariables>) -> Self {
        Self { hosts: Some(hosts), owner: Some(host.into()), ..self.clone() }
    }

    /// Says to which host the task is delegated and what its variables are.
    #[must_use]
    pub fn with_delegate(&self, host: &str, variables: Self) -> Self {
        let delegate = Delegate { host: host.to_owned(), variables };
        Self { delegate: Some(Arc::new(delegate)), ..self.clone() }
    }

    /// Says what opens encrypted values when they are read.
    #[must_use]
    pub fn with_vault(&self, vault: &Vault) -> Self {
        Self { vault: vault.clone(), ..self.clone() }
    }

    /// The content of a file of this machine, in the clear.
    pub fn open_file(&self, path: &Path, content: Vec<u8>) -> Result<Vec<u8>, TemplateError> {
        if !is_sealed(&content) {
            return Ok(content);
        }
        let at = Location::new(path.display().to_string(), 1, 1);
        let text = String::from_utf8_lossy(&content);
        self.vault.open_bytes(&text, &at).map_err(TemplateError::Sealed)
    }

    /// Keeps what came out of an encrypted file from being shown.
    pub fn hide(&self, value: &Value) {
        self.vault.hide(value);
    }

    /// Says where lookups look for relative paths: below the folder of their kind (`files`,
    /// `templates`) of each place, then at the place itself. Programs run in the playbook's
    /// directory.
    #[must_use]
    pub fn searching(&self, places: Vec<PathBuf>, playbook: Option<&Path>) -> Self {
        Self { search_path: Arc::new(places), base: playbook.map(Arc::from), ..self.clone() }
    }

    /// Says that this is before the run: lookups of what tasks may change on this machine, and of
    /// what programs say, are [`TemplateError::Later`].
    #[must_use]
    pub fn planned(&self) -> Self {
        Self { planned: true, ..self.clone() }
    }

    pub(super) fn is_planned(&self) -> bool {
        self.planned
    }

    pub(super) fn base(&self) -> Option<&Path> {
        self.base.as_deref()
    }

    pub(super) fn search_path(&self) -> &[PathBuf] {
        &self.search_path
    }

    /// The scope of a template file, with what it knows of itself.
    #[must_use]
    pub fn of_template(&self, about: Map<String, Value>) -> Self {
        let scope = self.extend_data(about);
        match self.lookup("ansible_managed") {
            Ok(None) => scope.with("ansible_managed", super::about::MANAGED),
            _ => scope,
        }
    }

    /// The variable, rendered; `None` when there is none.
    pub fn get(&self, name: &str) -> Result<Option<Value>, TemplateError> {
        match self.lookup(name)? {
            Some(value) => lazy::to_json(&value)
                .map(Some)
                .map_err(|error| super::render::translate(&error, name, self)),
            None => Ok(None),
        }
    }

    /// Whether there is such a variable, or may be one while the run goes on.
    pub fn has(&self, name: &str) -> bool {
        let has = |content: &Content| match content {
            Content::Templates(map) => map.contains_key(name),
            Content::Data(map) => map.contains_key(name),
            Content::Later(names) => names.contains(name),
            Content::Open(open) => open.has(name),
        };
        self.walk(|content| has(content).then_some(())).is_some()
    }

    /// The names of all variables, sorted. `hostvars`, `vars` and `omit` are always there.
    pub fn names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        self.walk(|content| {
            match content {
                Content::Templates(map) => names.extend(map.keys().cloned()),
                Content::Data(map) => names.extend(map.keys().cloned()),
                Content::Later(set) => names.extend(set.iter().cloned()),
                Content::Open(_) => {}
            }
            None::<()>
        });
        names
    }

    /// What looks like `name` among the variables.
    pub(super) fn near(&self, name: &str) -> Vec<String> {
        let mut names = self.names();
        names.extend(["hostvars", "omit", "vars"].map(str::to_owned));
        names.extend(super::functions::names().map(str::to_owned));
        near_matches(name, names.iter().map(String::as_str))
    }

    /// The variable as the engine sees it.
    pub(super) fn lookup(&self, name: &str) -> Result<Option<minijinja::Value>, TemplateError> {
        if let Some(found) = self.walk(|content| self.read(content, name)) {
            return found.map(Some);
        }
        match name {
            "omit" => Ok(Some(minijinja::Value::from(OMIT))),
            "hostvars" => Ok(self.hosts.clone().map(|hosts| lazy::hostvars(hosts, &self.chain))),
            "ansible_delegated_vars" => {
                Ok(self.delegate.as_ref().map(|delegate| lazy::delegated(delegate, self)))
            }
            "vars" => Ok(Some(lazy::all_variables(self))),
            _ => Ok(None),
        }
    }

    /// A variable of another scope, its templates rendered with the variables of this one.
    pub(super) fn lookup_of(
        &self,
        other: &Self,
        name: &str,
    ) -> Result<Option<minijinja::Value>, TemplateError> {
        other.walk(|content| self.read(content, name)).transpose()
    }

    fn read(
        &self,
        content: &Content,
        name: &str,
    ) -> Option<Result<minijinja::Value, TemplateError>> {
        match content {
            Content::Data(map) => map.get(name).map(|value| Ok(lazy::data(value))),
            Content::Templates(map) => map.get(name).map(|value| {
                let label = self.label(name);
                let scope = Self { chain: self.chain.enter(&label)?, ..self.clone() };
                lazy::templates(&scope, name, value)
            }),
            Content::Later(names) => {
                names.contains(name).then(|| Err(TemplateError::Later { name: name.to_owned() }))
            }
            Content::Open(open) => {
                open.has(name).then(|| Err(TemplateError::Later { name: name.to_owned() }))
            }
        }
    }

    fn label(&self, name: &str) -> String {
        match &self.owner {
            Some(owner) if self.chain.left_host(owner) => format!("hostvars['{owner}'].{name}"),
            _ => name.to_owned(),
        }
    }

    pub(super) fn owner(&self) -> Option<&Arc<str>> {
        self.owner.as_ref()
    }

    /// The same variables, read on the way of another scope's chain.
    pub(super) fn on_the_way(&self, chain: &Chain) -> Self {
        Self { chain: chain.clone(), ..self.clone() }
    }

    fn over(&self, content: Content) -> Self {
        let layer = Layer { below: self.top.clone(), content };
        Self { top: Some(Arc::new(layer)), ..self.clone() }
    }

    /// The first layer from the top that gives something.
    fn walk<T>(&self, mut visit: impl FnMut(&Content) -> Option<T>) -> Option<T> {
        let mut layer = self.top.as_ref();
        while let Some(current) = layer {
            if let Some(found) = visit(&current.content) {
                return Some(found);
            }
            layer = current.below.as_ref();
        }
        None
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be secret.
        f.debug_struct("Scope").field("names", &self.names()).finish_non_exhaustive()
    }
}
