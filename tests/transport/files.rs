//! Files to, from and between hosts.

use super::help::*;
use rrecover::transport::files::{FileError, Place, download, relay, upload};
use rrecover::transport::{LocalConnection, RunAsMethod};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_secs(60);

fn place(path: &Path) -> Place {
    Place { path: path.display().to_string(), ..Place::default() }
}

fn bytes(text: &'static str) -> Input {
    Input::Bytes(Bytes::from_static(text.as_bytes()))
}

fn sha256(path: &Path) -> String {
    let output = std::process::Command::new("sha256sum").arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split_whitespace().next().unwrap().to_owned()
}

fn names(directory: &Path) -> Vec<String> {
    let name = |entry: std::fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<_> = std::fs::read_dir(directory).unwrap().flatten().map(name).collect();
    names.sort();
    names
}

/// 64 MiB and a bit that do not repeat.
fn large_file(directory: &TempDir) -> std::path::PathBuf {
    let path = directory.path().join("large");
    let mut state = 1_u64;
    let words = (0..=(64 << 20) / 8).flat_map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_le_bytes()
    });
    std::fs::write(&path, words.collect::<Vec<_>>()).unwrap();
    path
}

#[tokio::test]
async fn sixty_four_mebibytes_go_there_and_back_without_sftp() {
    let (sshd, directory) = (Sshd::start(&["Subsystem sftp /bin/false"]), TempDir::new().unwrap());
    let pool = Pool::new(vec![sshd.target("root")]);
    let connection = connect(&pool).await;
    let source = large_file(&directory);
    let there = directory.path().join("it's there");
    let input = Input::File(source.clone());
    let digest = upload(&*connection, None, input, &place(&there), DEADLINE).await.unwrap();
    assert_eq!(digest, sha256(&source));
    assert_eq!(sha256(&there), digest);
    let back = directory.path().join("back");
    let path = there.to_str().unwrap();
    let digest = download(&*connection, None, path, &back, DEADLINE).await.unwrap();
    assert_eq!(digest, sha256(&back));
    assert_eq!(sha256(&back), sha256(&source));
    assert_eq!(std::fs::metadata(&back).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(names(directory.path()), ["back", "it's there", "large"]);
}

#[tokio::test]
async fn mode_and_owner_are_set_or_kept() {
    let (sshd, directory) = (Sshd::start(&[]), TempDir::new().unwrap());
    let pool = Pool::new(vec![sshd.target("root")]);
    let connection = connect(&pool).await;
    let file = directory.path().join("f");
    let look = || {
        let meta = std::fs::metadata(&file).unwrap();
        (format!("{:o}", meta.mode() & 0o7777), meta.uid(), meta.gid())
    };
    let send = async |place: &Place| {
        upload(&*connection, None, bytes("x"), place, DEADLINE).await.unwrap()
    };
    send(&place(&file)).await;
    assert_eq!(look(), ("600".into(), 0, 0));
    let full = Place {
        mode: Some("0640".into()),
        owner: Some("nobody".into()),
        group: Some("65534".into()),
        ..place(&file)
    };
    send(&full).await;
    assert_eq!(look(), ("640".into(), 65534, 65534));
    send(&place(&file)).await;
    assert_eq!(look(), ("640".into(), 65534, 65534), "kept");
    send(&Place { group: Some("root".into()), ..place(&file) }).await;
    assert_eq!(look(), ("640".into(), 65534, 0), "the owner is kept, the group set");
}

#[tokio::test]
async fn an_upload_as_root_by_a_user_with_sudo() {
    let user = User::make(Some("@USER@ ALL=(ALL) ALL"));
    let (sshd, directory) = (Sshd::start(&[]), TempDir::new().unwrap());
    let pool = Pool::new(vec![sshd.target(&user.name)]);
    let connection = connect(&pool).await;
    let run_as = User::run_as(RunAsMethod::Sudo, "root", Some(user.password.expose()));
    let file = directory.path().join("f");
    upload(&*connection, Some(run_as.clone()), bytes("secret\n"), &place(&file), DEADLINE)
        .await
        .unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "secret\n");
    let back = directory.path().join("back");
    download(&*connection, Some(run_as), file.to_str().unwrap(), &back, DEADLINE).await.unwrap();
    assert_eq!(std::fs::read_to_string(&back).unwrap(), "secret\n");
    let denied = download(&*connection, None, file.to_str().unwrap(), &back, DEADLINE).await;
    assert!(matches!(denied, Err(FileError::Host { .. })), "{denied:?}");
}

#[tokio::test]
async fn an_upload_that_fails_leaves_the_old_file_and_nothing_beside_it() {
    let user = User::make(None);
    let (sshd, directory) = (Sshd::start(&[]), TempDir::new().unwrap());
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let file = directory.path().join("f");
    std::fs::write(&file, "old").unwrap();
    let pool = Pool::new(vec![sshd.target(&user.name)]);
    let connection = connect(&pool).await;
    let error =
        upload(&*connection, None, bytes("new"), &place(&file), DEADLINE).await.unwrap_err();
    assert!(
        matches!(&error, FileError::Host { reason, .. } if reason.contains("denied")),
        "{error}"
    );
    let nowhere = directory.path().join("no/such/f");
    let error =
        upload(&*connection, None, bytes("new"), &place(&nowhere), DEADLINE).await.unwrap_err();
    assert!(error.to_string().contains("does not exist"), "{error}");
    let owned = Place { owner: Some("root".into()), ..place(&user.home().join("f")) };
    let error = upload(&*connection, None, bytes("new"), &owned, DEADLINE).await.unwrap_err();
    assert!(matches!(error, FileError::Host { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "old");
    assert_eq!(names(directory.path()), ["f"]);
    assert_eq!(names(user.home()), Vec::<String>::new());
    for path in ["relative", "/", "/tmp/", ""] {
        let place = Place { path: path.into(), ..Place::default() };
        assert!(upload(&*connection, None, bytes("x"), &place, DEADLINE).await.is_err(), "{path}");
    }
}

#[tokio::test]
async fn a_full_disk_leaves_nothing() {
    let (sshd, directory) = (Sshd::start(&[]), TempDir::new().unwrap());
    let small = directory.path().join("small");
    std::fs::create_dir(&small).unwrap();
    let mount = ["-t", "tmpfs", "-o", "size=1m", "tmpfs", small.to_str().unwrap()];
    assert!(std::process::Command::new("mount").args(mount).status().unwrap().success());
    let pool = Pool::new(vec![sshd.target("root")]);
    let connection = connect(&pool).await;
    let input = Input::Bytes(vec![1; 8 << 20].into());
    let result = upload(&*connection, None, input, &place(&small.join("f")), DEADLINE).await;
    let left = names(&small);
    assert!(std::process::Command::new("umount").arg(&small).status().unwrap().success());
    let error = result.unwrap_err();
    assert!(error.to_string().contains("No space left"), "{error}");
    assert_eq!(left, Vec::<String>::new());
}

#[tokio::test]
async fn an_upload_that_is_cut_off_leaves_nothing() {
    let (mut sshd, directory) = (Sshd::start(&[]), TempDir::new().unwrap());
    let pool = Pool::new(vec![sshd.target("root")]);
    let connection = connect(&pool).await;
    let (source, target) = (directory.path().join("source"), directory.path().join("there"));
    std::fs::create_dir(&target).unwrap();
    std::fs::File::create(&source).unwrap().set_len(256 << 20).unwrap();
    let place = place(&target.join("f"));
    let running = tokio::spawn(async move {
        upload(&*connection, None, Input::File(source), &place, DEADLINE).await
    });
    until("the host writes", || !names(&target).is_empty()).await;
    sshd.kill();
    let error = running.await.unwrap().unwrap_err();
    assert!(matches!(error, FileError::Transport(TransportError::Lost { .. })), "{error}");
    until("nothing is left", || names(&target).is_empty()).await;
}

#[tokio::test]
async fn a_file_that_is_not_there_leaves_no_local_file() {
    let (sshd, directory) = (Sshd::start(&[]), TempDir::new().unwrap());
    let pool = Pool::new(vec![sshd.target("root")]);
    let connection = connect(&pool).await;
    let into = directory.path().join("into");
    for path in ["/no/such/file", "/etc"] {
        let error = download(&*connection, None, path, &into, DEADLINE).await.unwrap_err();
        assert!(matches!(error, FileError::Host { .. }), "{error}");
    }
    assert_eq!(names(directory.path()), Vec::<String>::new());
}

#[tokio::test]
async fn a_file_goes_from_host_to_host() {
    let (one, two, directory) = (Sshd::start(&[]), Sshd::start(&[]), TempDir::new().unwrap());
    let (from, to) = (Pool::new(vec![one.target("root")]), Pool::new(vec![two.target("root")]));
    let (from, to) = (connect(&from).await, connect(&to).await);
    let source = large_file(&directory);
    let copy = place(&directory.path().join("copy"));
    let from = (&*from, None, source.to_str().unwrap());
    let digest = relay(from, (&*to, None, &copy), DEADLINE).await.unwrap();
    assert_eq!(digest, sha256(&directory.path().join("copy")));
    assert_eq!(digest, sha256(&source));
}

#[tokio::test]
async fn this_machine_takes_files_like_any_host() {
    let directory = TempDir::new().unwrap();
    let local = LocalConnection::new("localhost");
    let file = directory.path().join("f");
    upload(&local, None, bytes("x"), &place(&file), DEADLINE).await.unwrap();
    let back = directory.path().join("back");
    download(&local, None, file.to_str().unwrap(), &back, DEADLINE).await.unwrap();
    assert_eq!(std::fs::read_to_string(back).unwrap(), "x");
}
