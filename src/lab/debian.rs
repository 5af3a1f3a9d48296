//! Debian's archive as this machine is set up to reach it.

use super::process::Process;
use super::{LabError, cache, prerequisites};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Debian's own address, for machines that name no mirror.
const FALLBACK: &str = "http://deb.debian.org/debian";
pub(super) const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const DOWNLOAD: Duration = Duration::from_secs(300);

/// The mirror that this machine's apt uses for Debian itself.
pub(super) async fn mirror() -> String {
    let targets = Process::new("apt-get")
        .args(["indextargets", "--format", "$(SITE) $(LABEL)", "Created-By: Packages"])
        .output()
        .await;
    first_mirror(&targets.unwrap_or_default())
}

/// The first address whose archive calls itself `Debian`, not `Debian-Security` or another.
fn first_mirror(targets: &str) -> String {
    let debian = |line: &str| Some(line.strip_suffix(" Debian")?.trim_end_matches('/').to_owned());
    targets.lines().find_map(debian).unwrap_or_else(|| FALLBACK.to_owned())
}

/// Makes sure that Debian's signing keys are there.
pub(super) async fn need_keyring() -> Result<(), LabError> {
    if Path::new(KEYRING).is_file() {
        return Ok(());
    }
    if prerequisites::is_root() {
        prerequisites::install("debian-archive-keyring").await?;
    }
    if Path::new(KEYRING).is_file() {
        return Ok(());
    }
    Err(LabError::MissingProgram {
        program: KEYRING.to_owned(),
        install: "apt-get install debian-archive-keyring".to_owned(),
    })
}

/// Unpacks packages of a Debian release into a new directory, `target/`. apt's own state stays
/// untouched: lists and sources are private, only mirror and proxy settings are the machine's.
pub(super) async fn unpack(
    suite: &str,
    packages: &[&str],
    work: &Path,
) -> Result<PathBuf, LabError> {
    prerequisites::need_program("apt-get", "apt").await?;
    need_keyring().await?;
    let apt = PrivateApt::new(suite, work).await?;
    apt.run(&["update"]).await?;
    apt.run(&[&["download"], packages].concat()).await?;
    let target = work.join("target");
    for package in files_ending(&work.join("packages"), "deb")? {
        Process::new("dpkg").arg("-x").arg(&package).arg(&target).output().await?;
    }
    Ok(target)
}

struct PrivateApt {
    work: PathBuf,
}

impl PrivateApt {
    async fn new(suite: &str, work: &Path) -> Result<Self, LabError> {
        for directory in ["lists/partial", "archives/partial", "packages"] {
            let path = work.join(directory);
            std::fs::create_dir_all(&path).map_err(LabError::file("make", &path))?;
        }
        let source = format!("deb [signed-by={KEYRING}] {} {suite} main\n", mirror().await);
        for (file, text) in [("sources.list", source.as_str()), ("status", "")] {
            let path = work.join(file);
            std::fs::write(&path, text).map_err(LabError::file("write", &path))?;
        }
        Ok(Self { work: work.to_owned() })
    }

    async fn run(&self, arguments: &[&str]) -> Result<(), LabError> {
        let work = self.work.display();
        let settings = [
            format!("Dir::State::lists={work}/lists"),
            format!("Dir::State::status={work}/status"),
            format!("Dir::Cache={work}"),
            format!("Dir::Etc::sourcelist={work}/sources.list"),
            "Dir::Etc::sourceparts=/dev/null".to_owned(),
            "Acquire::Languages=none".to_owned(),
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false".to_owned(),
            // apt's own download user cannot write to our temporary directory.
            "APT::Sandbox::User=root".to_owned(),
        ];
        // `apt-get download` writes to the working directory.
        Process::new("apt-get")
            .directory(self.work.join("packages"))
            .arg("-q")
            .args(settings.iter().flat_map(|setting| ["-o", setting]))
            .args(arguments)
            .deadline(DOWNLOAD)
            .output()
            .await
            .map(drop)
    }
}

fn files_ending(directory: &Path, ending: &str) -> Result<Vec<PathBuf>, LabError> {
    let failed = || LabError::file("read", directory);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        if path.extension().is_some_and(|extension| extension == ending) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A temporary directory in the cache; what is finished in it is renamed into place.
pub(super) fn workbench() -> Result<tempfile::TempDir, LabError> {
    let cache = cache::directory()?;
    tempfile::Builder::new()
        .prefix("building-")
        .tempdir_in(&cache)
        .map_err(LabError::file("make a directory in", cache))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_debians_own_archive_not_its_security_one() {
        let targets = "http://one/debian-security Debian-Security\nhttp://two/debian/ Debian\n";
        assert_eq!(first_mirror(targets), "http://two/debian");
    }

    #[test]
    fn a_machine_without_debian_sources_gets_debians_own_address() {
        assert_eq!(first_mirror("http://archive/ubuntu Ubuntu\n"), FALLBACK);
    }
}
