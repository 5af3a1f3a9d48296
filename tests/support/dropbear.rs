//! A real dropbear server for one test, as small systems have it.

use super::sshd::free_address;
use rrecover::transport::settings::{Credentials, Endpoint, Trust};
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A running dropbear.
pub(crate) struct Dropbear {
    address: String,
    directory: TempDir,
    process: Child,
}

impl Dropbear {
    /// A server with further arguments.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let address = free_address();
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path();
        let key = path.join("host_key");
        let made = Command::new("dropbearkey").args(["-t", "ed25519", "-f"]).arg(&key).output();
        let made = made.expect("dropbearkey starts; is the package dropbear-bin there?");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let text = String::from_utf8_lossy(&made.stdout).into_owned();
        let public = text.lines().find(|line| line.starts_with("ssh-")).expect("a public key");
        let words: Vec<&str> = public.split_whitespace().take(2).collect();
        let line = format!("[{address}]:2222 {}\n", words.join(" "));
        fs::write(path.join("known_hosts"), line).expect("known_hosts");
        super::sshd::make_key(&path.join("client"), "ed25519", "");
        let process = Command::new("dropbear")
            .args(["-F", "-E", "-p", &format!("{address}:2222"), "-P"])
            .arg(path.join("pid"))
            .arg("-r")
            .arg(&key)
            .args(arguments)
            .stderr(Stdio::from(fs::File::create(path.join("log")).expect("a log")))
            .spawn()
            .expect("dropbear starts");
        let server = Self { address, directory, process };
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect((server.address.as_str(), 2222)).is_err() {
            assert!(Instant::now() < until, "dropbear does not listen: {}", server.log());
            std::thread::sleep(Duration::from_millis(5));
        }
        server
    }

    /// The public half of the key that [`Self::endpoint`] logs in with.
    pub(crate) fn client_public(&self) -> PathBuf {
        self.directory.path().join("client.pub")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// How to log in as `user` with the client's key.
    pub(crate) fn endpoint(&self, user: &str) -> Endpoint {
        let file = |name: &str| -> PathBuf { Path::new(self.directory.path()).join(name) };
        Endpoint {
            address: self.address.clone(),
            port: 2222,
            user: user.into(),
            credentials: Credentials { keys: vec![file("client")], ..Credentials::default() },
            trust: Trust { files: vec![file("known_hosts")], ..Trust::default() },
            ..Endpoint::default()
        }
    }
}

impl Drop for Dropbear {
    #[expect(clippy::print_stderr, reason = "a failed test shows what the server saw")]
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("--- dropbear {}\n{}", self.address, self.log());
        }
    }
}
