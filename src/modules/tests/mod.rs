//! The generic modules, against a real `sh` on this machine.

mod commands;
mod edits;
mod files;
mod network;
mod reboots;
mod search;
mod services;
mod trees;
mod uploads;

use super::*;
use crate::transport::{BoxStream, Connection, Input, Output, RunAs, TransportError};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// `sh` on this machine, and every script that was sent to it.
#[derive(Debug, Default)]
pub(crate) struct LocalShell {
    pub(crate) sent: Mutex<Vec<String>>,
}

#[async_trait]
impl Connection for LocalShell {
    fn host(&self) -> &'static str {
        "here"
    }

    async fn run(&self, command: crate::transport::Command) -> Result<Output, TransportError> {
        self.sent.lock().unwrap().push(command.script.clone());
        let broken = |error: std::io::Error| TransportError::Local {
            what: "sh".to_owned(),
            reason: error.to_string(),
        };
        let mut child = tokio::process::Command::new("sh")
            .arg("-c")
            .arg(&command.script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(broken)?;
        let input = match command.stdin {
            Input::Empty => Vec::new(),
            Input::Bytes(bytes) => bytes.to_vec(),
            Input::File(path) => std::fs::read(path).map_err(broken)?,
        };
        let mut stdin = child.stdin.take().unwrap();
        let feed = async move { stdin.write_all(&input).await };
        let (_, output) = tokio::join!(feed, child.wait_with_output());
        let output = output.map_err(broken)?;
        let captured = match command.stdout {
            crate::transport::Sink::Capture => output.stdout,
            crate::transport::Sink::File(path) => {
                std::fs::write(path, &output.stdout).map_err(broken)?;
                Vec::new()
            }
        };
        let rc = output.status.code().unwrap_or(255);
        Ok(Output { rc, stdout: captured, stderr: output.stderr })
    }

    async fn open_tcp(&self, address: &str, port: u16) -> Result<BoxStream, TransportError> {
        let stream = tokio::net::TcpStream::connect((address, port)).await;
        match stream {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(TransportError::Unreachable {
                host: "here".to_owned(),
                address: format!("{address}:{port}"),
                reason: error.to_string(),
            }),
        }
    }
}

/// No other hosts.
struct Alone;

#[async_trait]
impl Peers for Alone {
    async fn peer(
        &self,
        host: &str,
    ) -> Result<(Arc<dyn Connection>, Option<RunAs>), TransportError> {
        Err(TransportError::Local { what: host.to_owned(), reason: "there is none".to_owned() })
    }
}

/// Expressions that say `true` or `false`, templates that say their own text in upper case.
struct Words;

impl Templates for Words {
    fn condition(&self, expression: &str) -> Result<bool, ModuleError> {
        Ok(expression == "true")
    }

    fn expression(&self, expression: &str) -> Result<Value, ModuleError> {
        Ok(Value::String(format!("value of {expression}")))
    }

    fn template(
        &self,
        _name: &str,
        text: &str,
        _options: TemplateOptions,
    ) -> Result<String, ModuleError> {
        Ok(text.to_uppercase())
    }
}

/// A task on this machine.
pub(crate) struct Bench {
    pub(crate) shell: Arc<LocalShell>,
    pub(crate) context: Context,
    pub(crate) directory: ::tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let shell = Arc::new(LocalShell::default());
        let directory = ::tempfile::tempdir().unwrap();
        let context = Context {
            connection: shell.clone(),
            run_as: None,
            peers: Arc::new(Alone),
            templates: Arc::new(Words),
            check: false,
            diff: true,
            deadline: Duration::from_secs(30),
            environment: Vec::new(),
            run_id: "RUN".to_owned(),
            run_dir: directory.path().join("run"),
            search_path: vec![directory.path().join("local")],
            playbook_dir: Some(directory.path().join("local")),
        };
        std::fs::create_dir(directory.path().join("local")).unwrap();
        std::fs::create_dir(directory.path().join("host")).unwrap();
        Self { shell, context, directory }
    }

    /// A path on "the host".
    pub(crate) fn host(&self, name: &str) -> String {
        self.directory.path().join("host").join(name).to_string_lossy().into_owned()
    }

    /// A file on the side of the controller.
    pub(crate) fn local(&self, name: &str, content: &str) -> String {
        let path = self.directory.path().join("local").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path.to_string_lossy().into_owned()
    }

    pub(crate) async fn run(&self, module: &str, args: Value) -> Result<Outcome, ModuleError> {
        self.shell.sent.lock().unwrap().clear();
        find(module).unwrap().run(&self.context, &Args(args.as_object().unwrap().clone())).await
    }

    pub(crate) fn round_trips(&self) -> usize {
        self.shell.sent.lock().unwrap().len()
    }

    /// Everything under "the host" as text, to prove that nothing was written.
    pub(crate) fn picture(&self) -> Vec<String> {
        let mut picture = Vec::new();
        paint(&self.directory.path().join("host"), &mut picture);
        picture
    }
}

fn paint(directory: &Path, picture: &mut Vec<String>) {
    use std::os::unix::fs::MetadataExt;
    let mut entries: Vec<_> = std::fs::read_dir(directory).unwrap().map(Result::unwrap).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let data = entry.path().symlink_metadata().unwrap();
        let content =
            if data.is_file() { std::fs::read(entry.path()).unwrap() } else { Vec::new() };
        let (mode, inode) = (data.mode(), data.ino());
        picture.push(format!("{} {mode:o} {inode} {content:?}", entry.path().display()));
        if data.is_dir() {
            paint(&entry.path(), picture);
        }
    }
}

#[test]
fn the_registry_is_sorted_and_every_name_is_found() {
    let names: Vec<&str> = REGISTRY.iter().map(|module| module.name()).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(names, sorted);
    assert_eq!(find("ansible.builtin.copy").unwrap().name(), "copy");
    assert_eq!(find("community.general.ini_file").unwrap().name(), "ini_file");
    assert!(find("ansible.builtin.ini_file").is_some() && find("community.general.copy").is_none());
}

#[test]
fn the_reference_has_every_option_of_each_module_it_describes() {
    let text = include_str!("../../../docs/reference/modules.md");
    let (shared, sections) = text.split_once("## One by one").unwrap();
    let mut described = 0;
    for section in sections.split("\n### `").skip(1) {
        let (name, table) = section.split_once('`').unwrap();
        let module = find(name).unwrap_or_else(|| panic!("there is no module `{name}`"));
        described += 1;
        for parameter in module.parameters() {
            let row = [table, shared]
                .into_iter()
                .flat_map(str::lines)
                .find(|line| line.starts_with(&format!("| `{}`", parameter.name)));
            let row = row.unwrap_or_else(|| panic!("`{name}` does not tell of {parameter:?}"));
            assert_eq!(row.contains("| no |"), parameter.is_refused(), "{name}: {row}");
        }
        for line in table.lines().filter_map(|line| line.strip_prefix("| `")) {
            let option = line.split('`').next().unwrap();
            assert!(
                module.parameters().iter().any(|known| known.name == option),
                "{name}: {option}"
            );
        }
    }
    assert!(described >= 20, "only {described} modules are described");
}
