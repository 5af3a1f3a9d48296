//! The two tools, behind one server that runs either in a world of its own.

use super::case::Case;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex};

/// What makes Ansible's answers: with the case itself, the key under which they are kept.
const RECIPE: [&str; 5] = [
    "ansible-venv.sh",
    "playbook-hosts.sh",
    "playbook_runs.py",
    "playbook_runs.cfg",
    "callbacks/result_lines.py",
];

/// What a tool did with a case.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Answer {
    /// The exit code.
    pub(crate) code: i32,
    /// One object for each result, and one for the counts.
    pub(crate) events: Vec<Value>,
    /// What it said on standard error.
    pub(crate) stderr: String,
    /// What is different on each host, and in the case's folder: path to kind, mode, owner, content.
    pub(crate) files: BTreeMap<String, BTreeMap<String, String>>,
}

/// The tools; servers are started as they are needed.
#[derive(Default)]
pub(crate) struct Tools {
    idle: Mutex<Vec<Server>>,
    paths: LazyLock<Paths>,
}

struct Paths {
    ansible: PathBuf,
    roots: PathBuf,
    answers: PathBuf,
}

impl Default for Paths {
    fn default() -> Self {
        let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
        let cache = std::env::var_os("RRECOVER_CACHE").map(PathBuf::from);
        let cache = cache.unwrap_or_else(|| home.join(".cache/rrecover"));
        let answers = cache.join("playbook-answers");
        std::fs::create_dir_all(&answers).unwrap();
        Self { ansible: script("ansible-venv.sh"), roots: script("playbook-hosts.sh"), answers }
    }
}

impl Tools {
    /// What rrecover does.
    pub(crate) fn ours(&self, case: &Case) -> Result<Answer, String> {
        self.ask(case, env!("CARGO_BIN_EXE_rrecover"))
    }

    /// What Ansible does; it is asked once and the answer kept, since it does not change.
    pub(crate) fn ansibles(&self, case: &Case) -> Result<Answer, String> {
        let kept = self.paths.answers.join(fingerprint(case)).with_extension("json");
        if let Some(answer) =
            std::fs::read(&kept).ok().and_then(|text| serde_json::from_slice(&text).ok())
        {
            return Ok(answer);
        }
        let answer = self.ask(case, "ansible")?;
        let mut file = tempfile::NamedTempFile::new_in(&self.paths.answers).unwrap();
        serde_json::to_writer(&mut file, &answer).unwrap();
        file.persist(kept).unwrap();
        Ok(answer)
    }

    fn ask(&self, case: &Case, tool: &str) -> Result<Answer, String> {
        assert!(rustix::process::geteuid().is_root(), "these tests mount and start sshd as root");
        let idle = self.idle.lock().unwrap().pop();
        let mut server = idle.unwrap_or_else(|| Server::start(&self.paths.ansible));
        let answer = server.ask(&json!({
            "tool": tool,
            "case": case.path,
            "hosts": case.hosts,
            "roots": self.paths.roots,
            "arguments": case.arguments,
        }));
        self.idle.lock().unwrap().push(server);
        serde_json::from_str(&answer).map_err(|_| format!("{}: {tool}: {answer}", case.name))
    }
}

/// The line that one of our scripts prints: a path.
fn script(name: &str) -> PathBuf {
    let output = Command::new(tool_path(name)).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{name} failed");
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

fn tool_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools").join(name)
}

fn fingerprint(case: &Case) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &[u8]| hash.update([&text.len().to_le_bytes(), text].concat());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in RECIPE.iter().map(|name| tool_path(name)).chain(case.files()) {
        // Another checkout has the same answers.
        add(file.strip_prefix(root).unwrap().as_os_str().as_encoded_bytes());
        add(&std::fs::read(&file).unwrap());
    }
    add(json!([case.hosts, case.arguments]).to_string().as_bytes());
    hex::encode(hash.finalize())
}

/// `playbook_runs.py`, running.
struct Server {
    process: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Server {
    fn start(ansible: &Path) -> Self {
        let mut process = Command::new(ansible.join("python"))
            .arg(tool_path("playbook_runs.py"))
            .env_clear()
            .envs([("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), ("LC_ALL", "C.UTF-8")])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let questions = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().unwrap());
        Self { process, questions, answers }
    }

    fn ask(&mut self, question: &Value) -> String {
        writeln!(self.questions.as_mut().unwrap(), "{question}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Without questions it ends.
        self.questions = None;
        let _ = self.process.wait();
    }
}
