//! A real OpenSSH server for one test, on an address of its own in 127.0.0.0/8, and real users.
//!
//! Needs root, since logging in does. Whatever is made is removed on drop.

use rrecover::redact::Secret;
use rrecover::transport::settings::{Credentials, Endpoint, Reach, Trust};
use rrecover::transport::{RunAs, Target};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a server may take to listen, and a user to be made.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running sshd.
pub(crate) struct Sshd {
    /// Its own address.
    pub(crate) address: String,
    /// Its port.
    pub(crate) port: u16,
    directory: TempDir,
    process: Child,
    /// Commands that outlived their server.
    left: Vec<u32>,
}

impl Sshd {
    /// A server with further lines of configuration; the first one of a kind wins in sshd, so they
    /// override what stands below them.
    pub(crate) fn start(lines: &[&str]) -> Self {
        Self::start_at(&free_address(), 2222, lines)
    }

    /// A server at a known place, to take another one's.
    pub(crate) fn start_at(address: &str, port: u16, lines: &[&str]) -> Self {
        Self::start_after(address, port, lines, |_| {})
    }

    /// A server that starts after `prepare` has had its directory, in which the keys are.
    pub(crate) fn start_after(
        address: &str,
        port: u16,
        lines: &[&str],
        prepare: impl FnOnce(&Path),
    ) -> Self {
        assert!(rustix::process::geteuid().is_root(), "these tests start sshd, which needs root");
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path();
        open_up(path);
        for kind in ["ed25519", "ecdsa", "rsa"] {
            make_key(&path.join(format!("host_{kind}")), kind, "");
        }
        make_key(&path.join("client"), "ed25519", "");
        fs::copy(path.join("client.pub"), path.join("authorized_keys")).expect("authorized keys");
        fs::create_dir_all("/run/sshd").expect("sshd's own directory");
        let place = path.display();
        let mut config = lines.join("\n");
        if !config.contains("HostKey ") {
            for kind in ["ed25519", "ecdsa", "rsa"] {
                config += &format!("\nHostKey {place}/host_{kind}");
            }
        }
        config += &format!(
            "\nListenAddress {address}:{port}\nPidFile none\nUsePAM no\nStrictModes no\n\
             PermitRootLogin yes\nMaxStartups 500:30:1000\nLogLevel VERBOSE\n\
             KbdInteractiveAuthentication no\nAuthorizedKeysFile {place}/authorized_keys\n"
        );
        fs::write(path.join("sshd_config"), config.replace("@DIR@", &place.to_string()))
            .expect("a configuration");
        prepare(path);
        let process = listen(path, address, port);
        Self { address: address.to_owned(), port, directory, process, left: Vec::new() }
    }

    /// The server's own directory.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The key that every user of the server lets in.
    pub(crate) fn client_key(&self) -> PathBuf {
        self.path().join("client")
    }

    /// What sshd wrote so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path().join("log")).unwrap_or_default()
    }

    /// `kind blob` of a host key.
    pub(crate) fn host_key(&self, kind: &str) -> String {
        let line = fs::read_to_string(self.path().join(format!("host_{kind}.pub"))).expect("key");
        line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    }

    /// The line of `known_hosts` for a host key.
    pub(crate) fn known_hosts_line(&self, kind: &str) -> String {
        format!("[{}]:{} {}\n", self.address, self.port, self.host_key(kind))
    }

    /// Writes a `known_hosts` file into the server's directory.
    pub(crate) fn known_hosts(&self, text: &str) -> PathBuf {
        let file = self.path().join("known_hosts");
        fs::write(&file, text).expect("known_hosts");
        file
    }

    /// How to log in as `user` with the client's key, the host key known.
    pub(crate) fn endpoint(&self, user: &str) -> Endpoint {
        let file = self.path().join("known_hosts.right");
        fs::write(&file, self.known_hosts_line("ed25519")).expect("known_hosts");
        Endpoint {
            address: self.address.clone(),
            port: self.port,
            user: user.into(),
            credentials: Credentials { keys: vec![self.client_key()], ..Credentials::default() },
            trust: Trust { files: vec![file], ..Trust::default() },
            ..Endpoint::default()
        }
    }

    /// A host named `h` behind [`Self::endpoint`].
    pub(crate) fn target(&self, user: &str) -> Target {
        target(self.endpoint(user))
    }

    /// Whether OpenSSH's own client lets itself in with this `known_hosts` file.
    pub(crate) fn openssh_trusts(&self, known_hosts: &Path, options: &[&str]) -> bool {
        let files = format!("UserKnownHostsFile={}", known_hosts.display());
        let output = Command::new("ssh")
            .args(["-F", "none", "-o", "BatchMode=yes", "-o", "GlobalKnownHostsFile=/dev/null"])
            .args(["-o", "StrictHostKeyChecking=yes", "-o", &files, "-p", &self.port.to_string()])
            .args(options)
            .arg("-i")
            .arg(self.client_key())
            .args([&format!("root@{}", self.address), "true"])
            .output()
            .expect("ssh starts");
        output.status.success()
    }

    /// Ends the server and every session of it, as a crash would: no goodbye, and the commands
    /// that run live on.
    pub(crate) fn kill(&mut self) {
        let (servers, commands) = self.family();
        for server in servers {
            signal(server, rustix::process::Signal::KILL);
        }
        self.left.extend(commands);
        self.process.wait().expect("sshd ends");
    }

    /// Stops the server and every session of it: connections stay, nothing answers.
    pub(crate) fn freeze(&self) {
        for server in self.family().0 {
            signal(server, rustix::process::Signal::STOP);
        }
    }

    /// The processes of sshd, and those of the commands it runs.
    fn family(&self) -> (Vec<u32>, Vec<u32>) {
        let mut family = vec![self.process.id()];
        let mut next = 0;
        while let Some(parent) = family.get(next).copied() {
            family.extend(children(parent));
            next += 1;
        }
        let is_sshd = |id: &u32| {
            fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|name| name.trim() == "sshd")
        };
        family.into_iter().partition(is_sshd)
    }
}

impl Drop for Sshd {
    #[expect(clippy::print_stderr, reason = "a failed test shows what the server saw")]
    fn drop(&mut self) {
        self.kill();
        for command in &self.left {
            signal(*command, rustix::process::Signal::KILL);
        }
        if std::thread::panicking() {
            eprintln!("--- sshd {}:{}\n{}", self.address, self.port, self.log());
        }
    }
}

/// A host named `h`, nothing in between.
pub(crate) fn target(endpoint: Endpoint) -> Target {
    let reach = Reach::Ssh { endpoint: Box::new(endpoint), jump: Vec::new() };
    Target { name: "h".into(), reach, run_as: None, become_as: RunAs::default() }
}

/// The endpoint of a target, to change it.
pub(crate) fn endpoint(target: &mut Target) -> &mut Endpoint {
    match &mut target.reach {
        Reach::Ssh { endpoint, .. } => endpoint,
        Reach::Local => panic!("not an SSH target"),
    }
}

/// A user of this machine with a password, in no group, with or without sudo.
pub(crate) struct User {
    /// The login name.
    pub(crate) name: String,
    /// The password.
    pub(crate) password: Secret,
    home: TempDir,
    sudoers: Option<PathBuf>,
}

impl User {
    /// Makes a user; `rule` is a line of sudoers in which `@USER@` is its name.
    pub(crate) fn make(rule: Option<&str>) -> Self {
        let name = format!("rrt{}", random(5));
        let password = Secret::new(random(8));
        let home = tempfile::tempdir().expect("a home");
        open_up(home.path());
        let home_path = home.path().display().to_string();
        patiently(&[
            "useradd",
            "--no-create-home",
            "--home-dir",
            &home_path,
            "-s",
            "/bin/bash",
            &name,
        ]);
        set_password(&name, &password);
        let sudoers = rule.map(|rule| {
            let file = PathBuf::from(format!("/etc/sudoers.d/{name}"));
            fs::write(&file, format!("{}\n", rule.replace("@USER@", &name))).expect("sudoers");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o440)).expect("mode");
            file
        });
        patiently(&["chown", "-R", &name, &home_path]);
        Self { name, password, home, sudoers }
    }

    /// The home directory.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Gives the user another login shell.
    pub(crate) fn shell(&self, shell: &Path) {
        patiently(&["usermod", "-s", shell.to_str().expect("plain"), &self.name]);
    }

    /// Lets a key log in on servers that look into the home directory.
    pub(crate) fn authorize(&self, public: &Path) {
        let directory = self.home().join(".ssh");
        fs::create_dir_all(&directory).expect("a directory");
        fs::copy(public, directory.join("authorized_keys")).expect("a key");
        patiently(&["chown", "-R", &self.name, self.home().to_str().expect("plain")]);
    }

    /// To become this user, or another one, by `method`.
    pub(crate) fn run_as(
        method: rrecover::transport::RunAsMethod,
        user: &str,
        password: Option<&str>,
    ) -> RunAs {
        RunAs { method, user: user.into(), password: password.map(Secret::new), ..RunAs::default() }
    }
}

impl Drop for User {
    fn drop(&mut self) {
        if let Some(file) = &self.sudoers {
            let _ = fs::remove_file(file);
        }
        patiently(&["userdel", "--force", &self.name]);
    }
}

fn set_password(name: &str, password: &Secret) {
    use std::io::Write as _;
    let mut process =
        Command::new("chpasswd").stdin(Stdio::piped()).spawn().expect("chpasswd starts");
    let mut stdin = process.stdin.take().expect("a pipe");
    writeln!(stdin, "{name}:{}", password.expose()).expect("chpasswd reads");
    drop(stdin);
    assert!(process.wait().expect("chpasswd ends").success());
}

/// Runs a command that fails while another test holds the lock of the password file.
fn patiently(command: &[&str]) {
    let until = Instant::now() + PATIENCE;
    loop {
        let output = Command::new(command[0]).args(&command[1..]).output().expect("it starts");
        if output.status.success() {
            return;
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        // `userdel --force` removes a user who is still logged in, but says so.
        if command[0] == "userdel" && !said.contains("lock") {
            return;
        }
        assert!(said.contains("lock") && Instant::now() < until, "{command:?}: {said}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Makes a key pair.
pub(crate) fn make_key(path: &Path, kind: &str, passphrase: &str) {
    make_key_with(path, kind, passphrase, &[]);
}

/// Makes a key pair with further arguments of `ssh-keygen`.
pub(crate) fn make_key_with(path: &Path, kind: &str, passphrase: &str, more: &[&str]) {
    let path = path.to_str().expect("a plain path");
    let output = Command::new("ssh-keygen")
        .args(["-q", "-t", kind, "-N", passphrase, "-C", "test", "-f", path])
        .args(more)
        .output()
        .expect("ssh-keygen starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// sshd reads keys as the user who logs in.
fn open_up(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("mode");
}

fn listen(path: &Path, address: &str, port: u16) -> Child {
    let (config, log) = (path.join("sshd_config"), path.join("log"));
    let mut process = Command::new("/usr/sbin/sshd")
        .args(["-D", "-E", log.to_str().expect("plain"), "-f", config.to_str().expect("plain")])
        .stderr(Stdio::piped())
        .spawn()
        .expect("sshd starts");
    let until = Instant::now() + PATIENCE;
    while TcpStream::connect((address, port)).is_err() {
        let ended = process.try_wait().expect("sshd is ours").is_some();
        assert!(!ended && Instant::now() < until, "sshd: {:?}", fs::read_to_string(&log));
        std::thread::sleep(Duration::from_millis(5));
    }
    process
}

/// An address of this machine that no other test uses.
pub(crate) fn free_address() -> String {
    loop {
        let mut bytes = [0_u8; 3];
        getrandom::fill(&mut bytes).expect("random numbers");
        let address = format!("127.{}.{}.{}", 1 + bytes[0] % 250, bytes[1], 1 + bytes[2] % 250);
        if TcpListener::bind((address.as_str(), 2222)).is_ok() {
            return address;
        }
    }
}

fn random(bytes: usize) -> String {
    let mut random = vec![0_u8; bytes];
    getrandom::fill(&mut random).expect("random numbers");
    hex::encode(random)
}

/// Sends a signal to a process of ours; it may have ended.
pub(crate) fn signal(process: u32, signal: rustix::process::Signal) {
    let id = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw);
    let _ = rustix::process::kill_process(id.expect("a process id"), signal);
}

/// The processes that `parent` started.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let read = |entry: fs::DirEntry| {
        let id: u32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        // The name in brackets may hold blanks.
        let after = stat.rsplit_once(')')?.1;
        (after.split_whitespace().nth(1)?.parse() == Ok(parent)).then_some(id)
    };
    fs::read_dir("/proc").expect("/proc").flatten().filter_map(read).collect()
}
