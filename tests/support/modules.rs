//! Modules on a host that is reached by a command of this machine: a container or a changed root.

use async_trait::async_trait;
use rrecover::modules::{Args, Context, ModuleError, NoTemplates, Outcome, Peers, find};
use rrecover::transport::{
    BoxStream, Command, Connection, Input, Output, RunAs, Sink, TransportError,
};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;

/// A root with nothing but busybox in it, and what Ansible's Python needs.
const BUSYBOX: &str = r#"set -eu
root=$1; shift
mkdir -p "$root/bin" "$root/etc" "$root/tmp" "$root/proc" "$root/sys" "$root/dev" "$root/root" \
    "$root/lib" "$root/lib64" "$root/usr/lib" "$root/sbin"
cp "$(command -v busybox)" "$root/bin/busybox"
for name in $("$root/bin/busybox" --list); do ln -sf busybox "$root/bin/$name"; done
if [ ! -e "$root/etc/passwd" ]; then
    printf 'root:x:0:0:root:/root:/bin/ash\n' >"$root/etc/passwd"
    printf 'root:x:0:\n' >"$root/etc/group"
    printf 'root:*:1:0:99999:7:::\n' >"$root/etc/shadow"
fi
printf 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.19.1\nPRETTY_NAME="Alpine Linux v3.19"\n' \
    >"$root/etc/os-release"
printf '3.19.1\n' >"$root/etc/alpine-release"
printf 'search example.org\nnameserver 192.0.2.53\noptions ndots:2 rotate\n' >"$root/etc/resolv.conf"
printf '127.0.0.1 localhost\n' >"$root/etc/hosts"
ln -sf /bin/busybox "$root/sbin/apk"
for directory in /proc /sys /dev /lib /lib64 /usr/lib; do
    mount --rbind "$directory" "$root$directory"
done
for directory; do
    mkdir -p "$root$directory"
    mount --bind "$directory" "$root$directory"
done
"#;

/// A host: what stands in front of `sh -c SCRIPT` to run a script there.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    prefix: Vec<String>,
}

impl Host {
    /// A host that is reached by a command, or this machine when that is empty.
    pub(crate) fn behind(prefix: &[&str]) -> Self {
        Self { prefix: prefix.iter().map(|word| (*word).to_owned()).collect() }
    }

    /// A root at `root` with nothing but busybox in it, and directories of this machine bound into
    /// it. `before` is a piece of shell that ends in `&&`, done in front in a network of its own.
    pub(crate) fn busybox(root: &str, directories: &[PathBuf], before: &str) -> Self {
        let directories: Vec<String> =
            directories.iter().map(|at| format!("'{}'", at.display())).collect();
        // The mounts are those of one command, and go with it.
        let enter = format!(
            "{before} {{ sh -s {root} {} <<'END'\n{BUSYBOX}\nEND\n}} && \
             exec chroot {root} /bin/env -i PATH=/bin:/sbin HOME=/root USER=root \"$@\"",
            directories.join(" ")
        );
        Self::behind(&["unshare", "--mount", "--net", "sh", "-c", &enter, "sh"])
    }

    /// Runs a module as a task would, without check mode.
    pub(crate) async fn run(&self, module: &str, args: Value) -> Result<Outcome, ModuleError> {
        self.run_with(module, args, |_| {}).await
    }

    /// Runs a module in check mode.
    pub(crate) async fn check(&self, module: &str, args: Value) -> Result<Outcome, ModuleError> {
        self.run_with(module, args, |context| context.check = true).await
    }

    /// Runs a module in a context that is changed first.
    pub(crate) async fn run_with(
        &self,
        module: &str,
        args: Value,
        change: impl FnOnce(&mut Context),
    ) -> Result<Outcome, ModuleError> {
        let mut context = Context {
            connection: Arc::new(self.clone()),
            run_as: None,
            peers: Arc::new(Alone),
            templates: Arc::new(NoTemplates),
            check: false,
            diff: true,
            deadline: Duration::from_secs(120),
            environment: Vec::new(),
            run_id: "RUN".to_owned(),
            run_dir: PathBuf::new(),
            search_path: Vec::new(),
            playbook_dir: None,
        };
        change(&mut context);
        let module = find(module).unwrap_or_else(|| panic!("there is no module `{module}`"));
        let mut named = serde_json::Map::new();
        for (name, value) in args.as_object().cloned().unwrap_or_default() {
            let known = module.parameters().iter();
            let known = known.clone().find(|it| it.name == name || it.aliases.contains(&&*name));
            let known = known.unwrap_or_else(|| panic!("`{}` takes no `{name}`", module.name()));
            named.insert(known.name.to_owned(), value);
        }
        module.run(&context, &Args(named)).await
    }

    /// What a script that has to go well prints on the host.
    pub(crate) async fn sh(&self, script: &str) -> String {
        let output = Connection::run(self, Command::new(script)).await.expect("the host answers");
        assert_eq!(output.rc, 0, "{script}: {}", output.stderr_text());
        output.stdout_text()
    }

    fn process(&self, script: &str) -> tokio::process::Command {
        let words: Vec<&str> = self.prefix.iter().map(String::as_str).collect();
        let words = [&words[..], &["sh", "-c", script]].concat();
        let mut process = tokio::process::Command::new(words[0]);
        process.args(&words[1..]);
        process
    }
}

#[async_trait]
impl Connection for Host {
    fn host(&self) -> &'static str {
        "host"
    }

    async fn run(&self, command: Command) -> Result<Output, TransportError> {
        let broken = |error: std::io::Error| TransportError::Local {
            what: "a test's host".to_owned(),
            reason: error.to_string(),
        };
        let mut process = self.process(&command.script);
        process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = process.kill_on_drop(true).spawn().map_err(broken)?;
        let input = match command.stdin {
            Input::Empty => Vec::new(),
            Input::Bytes(bytes) => bytes.to_vec(),
            Input::File(path) => std::fs::read(path).map_err(broken)?,
        };
        let mut stdin = child.stdin.take().expect("a pipe");
        let feed = async move { stdin.write_all(&input).await };
        let both = async { tokio::join!(feed, child.wait_with_output()).1 };
        let Ok(output) = tokio::time::timeout(command.deadline, both).await else {
            return Err(TransportError::Deadline {
                host: "host".to_owned(),
                deadline: command.deadline,
            });
        };
        let output = output.map_err(broken)?;
        let stdout = match command.stdout {
            Sink::Capture => output.stdout,
            Sink::File(path) => {
                std::fs::write(path, &output.stdout).map_err(broken)?;
                Vec::new()
            }
        };
        Ok(Output { rc: output.status.code().unwrap_or(255), stdout, stderr: output.stderr })
    }

    async fn open_tcp(&self, address: &str, port: u16) -> Result<BoxStream, TransportError> {
        Err(TransportError::Local {
            what: format!("{address}:{port}"),
            reason: "not forwarded in this test".to_owned(),
        })
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

/// A container of the lab's host image that has booted systemd; gone when it is dropped.
pub(crate) struct Container {
    /// Its name.
    pub(crate) name: String,
    /// How modules run in it.
    pub(crate) host: Host,
}

impl Container {
    /// Boots one. `options` are further ones of `docker run`.
    pub(crate) async fn boot(tag: &str, options: &[String]) -> Self {
        let image = rrecover::lab::host_image().await.unwrap_or_else(|error| panic!("{error}"));
        let name = format!("rrecover-test-{tag}-{}", std::process::id());
        let start = ["run", "--detach", "--name", &name, "--hostname", tag, "--stop-signal"];
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let rights = [&start[..], &["SIGRTMIN+3"], &rrecover::lab::RIGHTS, &options, &[&image]];
        docker(&rights.concat());
        let host = Host::behind(&["docker", "exec", "--interactive", &name]);
        let container = Self { name, host };
        let booted = "until state=$(systemctl is-system-running --wait 2>/dev/null) || \
                      [ \"$state\" = degraded ]; do sleep 0.1; done";
        container.host.sh(booted).await;
        container
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        docker(&["rm", "--force", &self.name]);
    }
}

fn docker(arguments: &[&str]) {
    let output = std::process::Command::new("docker").args(arguments).output().expect("docker");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() || std::thread::panicking(), "docker {arguments:?}: {said}");
}

/// Ansible's Python on this machine: the program, and the directories that it needs.
pub(crate) struct Oracle {
    python: PathBuf,
    /// To be bound into a host, at the same places.
    pub(crate) directories: Vec<PathBuf>,
}

impl Oracle {
    /// The pinned ansible-core.
    pub(crate) fn find() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/ansible-venv.sh");
        let bin = PathBuf::from(said(&script, &[]));
        let python = bin.join("python");
        let base = PathBuf::from(said(&python, &["-c", "import sys; print(sys.base_prefix)"]));
        let venv = bin.parent().expect("a directory").to_owned();
        Self { python, directories: vec![base, venv] }
    }

    /// Options of `docker run` by which a container has it.
    pub(crate) fn volumes(&self) -> Vec<String> {
        let bind = |directory: &PathBuf| format!("--volume={0}:{0}:ro", directory.display());
        self.directories.iter().map(bind).collect()
    }

    /// What Ansible's own module answers on a host that has it.
    pub(crate) async fn run(&self, host: &Host, module: &str, args: &Value) -> Value {
        let args = json!({ "ANSIBLE_MODULE_ARGS": args }).to_string();
        let script = format!(
            "cat >/tmp/arguments.json && {} -m ansible.modules.{module} /tmp/arguments.json",
            self.python.display()
        );
        let command = Command::new(script).stdin(Input::Bytes(args.into()));
        let output = Connection::run(host, command).await.expect("the host answers");
        let text = output.stdout_text();
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{}", output.stderr_text()))
    }
}

/// What a program of this machine prints, without the newline.
fn said(program: &Path, arguments: &[&str]) -> String {
    let output = std::process::Command::new(program).args(arguments).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
