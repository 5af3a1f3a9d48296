//! What the lab needs of this machine. As root it is installed and started; else it is said.

use super::process::{Process, search_path};
use super::{LabError, cache};
use std::process::Stdio;
use std::time::Duration;

const INSTALL: Duration = Duration::from_secs(300);
const ENGINE_START: Duration = Duration::from_secs(60);

/// Makes sure that a Docker engine answers.
pub(super) async fn need_docker() -> Result<(), LabError> {
    need_program("docker", "docker.io").await?;
    if engine_answers().await {
        return Ok(());
    }
    if !is_root() {
        return Err(LabError::NoDocker {
            reason: "`docker info` fails, and only root can start one; start it or run as root"
                .to_owned(),
        });
    }
    start_engine().await
}

/// Makes sure that `program` is there, from the Debian package `package`.
pub(super) async fn need_program(program: &str, package: &str) -> Result<(), LabError> {
    if is_program(program) {
        return Ok(());
    }
    let missing = LabError::MissingProgram {
        program: program.to_owned(),
        install: format!("apt-get install {package}"),
    };
    if !is_root() || !is_program("apt-get") {
        return Err(missing);
    }
    install(package).await?;
    if is_program(program) { Ok(()) } else { Err(missing) }
}

/// Installs a Debian package without asking anything.
pub(super) async fn install(package: &str) -> Result<(), LabError> {
    tracing::info!("installing `{package}`");
    Process::new("apt-get").args(["-q", "update"]).deadline(INSTALL).output().await?;
    Process::new("env")
        .args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"])
        .args(["install", package])
        .deadline(INSTALL)
        .output()
        .await
        .map(drop)
}

/// Whether this process may build images and start the engine.
pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn is_program(program: &str) -> bool {
    std::env::split_paths(&search_path()).any(|directory| directory.join(program).is_file())
}

async fn engine_answers() -> bool {
    let info = Process::docker().args(["info", "--format", "{{.ServerVersion}}"]);
    matches!(info.finish().await, Ok(finished) if finished.success())
}

/// Starts the engine in the background. It outlives this process: it is the machine's, not ours.
async fn start_engine() -> Result<(), LabError> {
    tracing::info!("starting the Docker engine");
    if std::path::Path::new("/run/systemd/system").is_dir() {
        Process::new("systemctl").args(["start", "docker"]).output().await?;
        return wait_for_engine("`systemctl start docker` succeeded".to_owned()).await;
    }
    need_program("dockerd", "docker.io").await?;
    let log = cache::directory()?.join("dockerd.log");
    let output = std::fs::File::create(&log).map_err(LabError::file("write", &log))?;
    let errors = output.try_clone().map_err(LabError::file("write", &log))?;
    tokio::process::Command::new("dockerd")
        .env("PATH", search_path())
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .process_group(0)
        .spawn()
        .map_err(LabError::file("run", "dockerd"))?;
    wait_for_engine(format!("`dockerd` was started; its log is `{}`", log.display())).await
}

async fn wait_for_engine(started: String) -> Result<(), LabError> {
    let answers = async {
        while !engine_answers().await {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let seconds = ENGINE_START.as_secs();
    tokio::time::timeout(ENGINE_START, answers).await.map_err(|_| LabError::NoDocker {
        reason: format!("{started}, but `docker info` still fails after {seconds} s"),
    })
}
