//! What a module may use: its host, other hosts, and how the task is to be run.

use super::ModuleError;
use crate::transport::{Command, Connection, Output, RunAs, TransportError};
use async_trait::async_trait;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where a module finds other hosts than its own; the run's connection pool stands behind it.
#[async_trait]
pub trait Peers: Send + Sync {
    /// The host of that inventory name, connected, and how to become root there.
    async fn peer(
        &self,
        host: &str,
    ) -> Result<(Arc<dyn Connection>, Option<RunAs>), TransportError>;
}

/// How a module evaluates what stands unrendered in its arguments (`assert: that`, `debug: var`)
/// or in a template file, with the variables of its task on its host.
pub trait Templates: Send + Sync {
    /// Whether a bare expression holds.
    fn condition(&self, expression: &str) -> Result<bool, ModuleError>;

    /// The value of a bare expression.
    fn expression(&self, expression: &str) -> Result<Value, ModuleError>;

    /// The rendered text of a template file, `name` being the file's name for messages.
    fn template(
        &self,
        name: &str,
        text: &str,
        options: TemplateOptions,
    ) -> Result<String, ModuleError>;

    /// What a file of this machine holds that Ansible Vault encrypted.
    fn open(&self, file: &Path, _content: Vec<u8>) -> Result<Vec<u8>, ModuleError> {
        Err(no_variables(&file.display().to_string()))
    }

    /// The variables that a file of this machine holds. What was encrypted is kept
    /// from being shown.
    fn variables(&self, file: &Path) -> Result<Map<String, Value>, ModuleError> {
        Err(no_variables(&file.display().to_string()))
    }
}

/// Settings of the `template` module, with Ansible's defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateOptions {
    /// Whether the newline after a block is removed.
    pub trim_blocks: bool,
    /// Whether blanks before a block are removed.
    pub lstrip_blocks: bool,
    /// What the file knows of itself.
    pub about: Map<String, Value>,
}

impl Default for TemplateOptions {
    fn default() -> Self {
        Self { trim_blocks: true, lstrip_blocks: false, about: Map::new() }
    }
}

/// For tasks that have no variables: every expression is an error.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoTemplates;

impl Templates for NoTemplates {
    fn condition(&self, expression: &str) -> Result<bool, ModuleError> {
        Err(no_variables(expression))
    }

    fn expression(&self, expression: &str) -> Result<Value, ModuleError> {
        Err(no_variables(expression))
    }

    fn template(
        &self,
        name: &str,
        _text: &str,
        _options: TemplateOptions,
    ) -> Result<String, ModuleError> {
        Err(no_variables(name))
    }
}

fn no_variables(what: &str) -> ModuleError {
    ModuleError::Failed(format!("`{what}` cannot be evaluated here: there are no variables"))
}

/// One task on one host.
#[derive(Clone)]
pub struct Context {
    /// The host the module works on (after `delegate_to`).
    pub connection: Arc<dyn Connection>,
    /// As whom commands run there.
    pub run_as: Option<RunAs>,
    /// Other hosts, for steps between two hosts.
    pub peers: Arc<dyn Peers>,
    /// The task's variables, for what modules evaluate themselves.
    pub templates: Arc<dyn Templates>,
    /// Look, and write nothing.
    pub check: bool,
    /// Say line by line what changes.
    pub diff: bool,
    /// For each command, the task's `timeout`.
    pub deadline: Duration,
    /// Environment of the task.
    pub environment: Vec<(String, String)>,
    /// The run's id, a name for what is kept aside.
    pub run_id: String,
    /// A local directory of this run, mode 0700, for what is fetched from hosts.
    pub run_dir: PathBuf,
    /// Where relative local paths (`copy: src=`) are looked for, in order.
    pub search_path: Vec<PathBuf>,
    /// The playbook's directory, where relative paths of what is brought here start; `None` for a
    /// built-in one.
    pub playbook_dir: Option<PathBuf>,
}

impl Context {
    /// Runs a script on the host as the task's user and gives its output, whatever its exit code.
    pub async fn sh(&self, script: impl Into<String>) -> Result<Output, ModuleError> {
        Ok(self.connection.run(self.command(script)).await?)
    }

    /// Runs a script that has to succeed; `what` says in the error what was to be done.
    pub async fn must(&self, what: &str, script: impl Into<String>) -> Result<Output, ModuleError> {
        let script = script.into();
        let output = self.sh(script.clone()).await?;
        if output.success() {
            return Ok(output);
        }
        Err(ModuleError::Command {
            what: what.to_owned(),
            command: script,
            rc: output.rc,
            stderr: output.stderr_text(),
        })
    }

    /// A command with the task's user, deadline and environment.
    pub fn command(&self, script: impl Into<String>) -> Command {
        let mut text = String::new();
        for (name, value) in &self.environment {
            text.push_str(&format!("export {name}={}\n", crate::transport::quote(value)));
        }
        text.push_str(&script.into());
        Command::new(text).run_as(self.run_as.clone()).deadline(self.deadline)
    }

    /// The same task on another host of the inventory, as root there.
    pub async fn on(&self, host: &str) -> Result<Self, ModuleError> {
        let (connection, run_as) = self.peers.peer(host).await?;
        Ok(Self { connection, run_as, ..self.clone() })
    }
}
