//! Hosts as they are: other shells, other servers, noise, limits.

use super::help::*;
use crate::support::dropbear::Dropbear;
use rrecover::transport::RunAsMethod::Sudo;
use rrecover::transport::files;
use std::path::Path;

const FREE: &str = "@USER@ ALL=(ALL) NOPASSWD: ALL";

/// A script with everything that shells read differently.
const AWKWARD: &str = "a='it'\\''s'\nb=\"\\\\n \\$HOME ! !! `echo x` $((1+1))\"\n\
                       # a comment with a ' quote\nprintf '%s|%s|%s\\n' \"$a\" \"$b\" '~ * ? {1,2} ^H'";
const SAID: &str = "it's|\\n $HOME ! !! x 2|~ * ? {1,2} ^H\n";

#[tokio::test]
async fn scripts_mean_the_same_under_every_login_shell() {
    let sshd = Sshd::start(&[]);
    for shell in ["/bin/bash", "/bin/dash", "/usr/bin/tcsh", "/bin/csh", "/usr/bin/fish", "ash"] {
        let user = User::make(Some(FREE));
        if shell == "ash" {
            let link = user.home().join("ash");
            std::os::unix::fs::symlink("/usr/bin/busybox", &link).unwrap();
            user.shell(&link);
        } else {
            assert!(Path::new(shell).exists(), "{shell} is missing: tools/setup.sh");
            user.shell(Path::new(shell));
        }
        let pool = Pool::new(vec![sshd.target(&user.name)]);
        let connection = connect(&pool).await;
        // The first command asks which shell it is, the second one knows.
        for _ in 0..2 {
            for run_as in [
                None,
                Some(User::run_as(Sudo, "root", None)),
                Some(User::run_as(Sudo, "root", Some("x"))),
            ] {
                let command = Command::new(format!("{AWKWARD}\ncat; echo own >&2; exit 9"));
                let command = command.stdin(Input::Bytes(Bytes::from_static(b"in"))).run_as(run_as);
                let output =
                    connection.run(command).await.unwrap_or_else(|e| panic!("{shell}: {e}"));
                assert_eq!((output.rc, output.stdout_text()), (9, format!("{SAID}in")), "{shell}");
                assert_eq!(output.stderr_text(), "own\n", "{shell}");
            }
        }
    }
}

#[tokio::test]
async fn a_long_script_reaches_a_csh_whole() {
    let sshd = Sshd::start(&[]);
    let user = User::make(None);
    user.shell(Path::new("/usr/bin/tcsh"));
    let pool = Pool::new(vec![sshd.target(&user.name)]);
    let script = format!("cat <<'END' | wc -c\n{}END\n", "a line with a ' in it!\n".repeat(1500));
    assert_eq!(stdout(&connect(&pool).await, &script).await.trim(), (23 * 1500).to_string());
}

#[tokio::test]
async fn a_shell_that_prints_at_login_stays_out_of_the_output() {
    let sshd = Sshd::start(&[]);
    for (shell, file) in [
        ("/usr/bin/tcsh", ".tcshrc"),
        ("/usr/bin/fish", ".config/fish/config.fish"),
        ("/bin/bash", ".bashrc"),
    ] {
        let user = User::make(None);
        user.shell(Path::new(shell));
        let file = user.home().join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "echo welcome; sh -c 'echo password: >&2'\n").unwrap();
        let pool = Pool::new(vec![sshd.target(&user.name)]);
        let output =
            connect(&pool).await.run(Command::new("echo own; echo err >&2")).await.unwrap();
        assert_eq!(
            (output.stdout_text(), output.stderr_text()),
            ("own\n".into(), "err\n".into()),
            "{shell}"
        );
    }
}

#[tokio::test]
async fn dropbear_runs_commands_streams_files_and_forwards() {
    let user = User::make(None);
    let server = Dropbear::start(&[]);
    user.authorize(&server.client_public());
    let pool = Pool::new(vec![target(server.endpoint(&user.name))]);
    let connection = connect(&pool).await;
    let command = Command::new("id -un; cat; echo own >&2; exit 5")
        .stdin(Input::Bytes(Bytes::from_static(b"in")));
    let output = connection.run(command).await.unwrap();
    assert_eq!(
        (output.rc, output.stdout_text(), output.stderr_text()),
        (5, format!("{}\nin", user.name), "own\n".into())
    );
    let big = Command::new("wc -c").stdin(Input::Bytes(vec![7; 8 << 20].into()));
    assert_eq!(connection.run(big).await.unwrap().stdout_text().trim(), "8388608");
    let many = (0..20).map(|n| {
        let connection = connection.clone();
        async move { stdout(&connection, &format!("echo {n}")).await }
    });
    let said = futures_util::future::join_all(many).await;
    assert_eq!(said, (0..20).map(|n| format!("{n}\n")).collect::<Vec<_>>());
    let output = connection.run(Command::new("kill -9 $$")).await.unwrap();
    assert_eq!(output.rc, 137);
    let behind = Sshd::start(&[]);
    let mut stream = connection.open_tcp(&behind.address, 2222).await.unwrap();
    let mut banner = [0; 4];
    stream.read_exact(&mut banner).await.unwrap();
    assert_eq!(&banner, b"SSH-");
}

#[tokio::test]
async fn dropbear_takes_a_password_and_is_a_bastion() {
    let user = User::make(None);
    let server = Dropbear::start(&[]);
    let mut hop = server.endpoint(&user.name);
    hop.credentials.keys.clear();
    hop.credentials.password = Some(user.password.clone());
    let host = Sshd::start(&[]);
    let mut target = host.target("root");
    let rrecover::transport::settings::Reach::Ssh { jump, .. } = &mut target.reach else {
        panic!()
    };
    jump.push(hop);
    assert_eq!(stdout(&connect(&Pool::new(vec![target])).await, "echo in").await, "in\n");
}

#[tokio::test]
async fn a_server_that_is_slow_to_greet_or_talks_before_is_waited_for() {
    let sshd = Sshd::start(&[]);
    for (delay, before) in
        [(Duration::from_millis(1500), ""), (Duration::ZERO, "Welcome\r\nto this host\r\n")]
    {
        let mut behind = sshd.endpoint("root");
        behind.address = in_front_of(&sshd, delay, before).await;
        behind.trust.alias = Some(format!("[{}]:2222", sshd.address));
        let pool = Pool::new(vec![target(behind)]);
        assert_eq!(stdout(&connect(&pool).await, "echo in").await, "in\n", "{before}");
    }
}

/// A relay that waits and says something before the server does.
async fn in_front_of(sshd: &Sshd, delay: Duration, before: &'static str) -> String {
    let listener = tokio::net::TcpListener::bind((free_address(), 2222)).await.unwrap();
    let address = listener.local_addr().unwrap().ip().to_string();
    let place = (sshd.address.clone(), sshd.port);
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        tokio::time::sleep(delay).await;
        client.write_all(before.as_bytes()).await.unwrap();
        let mut server = tokio::net::TcpStream::connect(place).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    });
    address
}

#[tokio::test]
async fn one_session_no_forwarding_and_no_sftp_are_enough_for_commands_and_files() {
    let user = User::make(Some(FREE));
    let sshd = Sshd::start(&["MaxSessions 1", "AllowTcpForwarding no", "PermitTTY no"]);
    let pool = Pool::new(vec![sshd.target(&user.name)]);
    let connection = connect(&pool).await;
    let root = Some(User::run_as(Sudo, "root", None));
    let file = user.home().join("written");
    let script = format!("cat > {}", file.display());
    let commands = (0..5).map(|n| {
        let script = if n == 0 { script.clone() } else { format!("echo {n}") };
        let command = Command::new(script).stdin(Input::Bytes(Bytes::from_static(b"data")));
        connection.run(command.run_as(root.clone()))
    });
    for output in futures_util::future::join_all(commands).await {
        assert_eq!(output.unwrap().rc, 0);
    }
    assert_eq!(std::fs::read(&file).unwrap(), b"data");
}

#[tokio::test]
async fn bytes_that_are_no_text_pass_unchanged() {
    let sshd = Sshd::start(&[]);
    let pool = Pool::new(vec![sshd.target("root")]);
    let all: Vec<u8> = (0..=255).collect();
    let command = Command::new("cat; printf '\\377\\000\\200' >&2");
    let command = command.stdin(Input::Bytes(all.clone().into()));
    let output = connect(&pool).await.run(command).await.unwrap();
    assert_eq!((output.stdout, output.stderr), (all, vec![255, 0, 128]));
}

#[tokio::test]
async fn commands_and_files_need_no_temporary_directory() {
    let user = User::make(None);
    let sshd = Sshd::start(&["SetEnv TMPDIR=/nowhere"]);
    let pool = Pool::new(vec![sshd.target(&user.name)]);
    let connection = connect(&pool).await;
    assert_eq!(stdout(&connection, "echo $TMPDIR").await, "/nowhere\n");
    let place = files::Place {
        path: user.home().join("file").display().to_string(),
        ..files::Place::default()
    };
    let source = Input::Bytes(Bytes::from_static(b"x"));
    let written = files::upload(&*connection, None, source, &place, Duration::from_secs(20)).await;
    written.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(std::fs::read(user.home().join("file")).unwrap(), b"x");
}
