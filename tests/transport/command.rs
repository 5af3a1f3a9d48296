//! Connections, commands and streams.

use super::help::*;
use std::path::PathBuf;

#[tokio::test]
async fn a_command_gives_its_output_streams_and_exit_code() {
    let sshd = Sshd::start(&[]);
    let pool = Pool::new(vec![sshd.target("root")]);
    let connection = connect(&pool).await;
    let command = Command::new("printf out; printf err >&2; cat; exit 7")
        .stdin(Input::Bytes(Bytes::from_static(b"+in")));
    let output = connection.run(command).await.unwrap();
    assert_eq!(
        (output.rc, output.stdout_text(), output.stderr_text()),
        (7, "out+in".into(), "err".into())
    );
    assert_eq!(connection.host(), "h");
}

#[tokio::test]
async fn a_signal_gives_128_and_its_number() {
    let sshd = Sshd::start(&[]);
    let pool = Pool::new(vec![sshd.target("root")]);
    let output = connect(&pool).await.run(Command::new("kill -9 $$")).await.unwrap();
    assert_eq!(output.rc, 137);
}

#[tokio::test]
async fn scripts_reach_the_host_as_they_are() {
    let sshd = Sshd::start(&[]);
    let pool = Pool::new(vec![sshd.target("root")]);
    let connection = connect(&pool).await;
    let script =
        "a='it'\\''s'\nprintf '%s|%s|%s' \"$a\" '$HOME `x` !' \"$(printf 'zwei\nZeilen')\"";
    assert_eq!(stdout(&connection, script).await, "it's|$HOME `x` !|zwei\nZeilen");
}

#[tokio::test]
async fn many_commands_share_one_connection_at_once() {
    let sshd = Sshd::start(&[]);
    let pool = Pool::new(vec![sshd.target("root")]);
    let connection = connect(&pool).await;
    // More than MaxSessions, which is 10.
    let commands = (0..40).map(|n| {
        let connection = connection.clone();
        async move { stdout(&connection, &format!("echo {n}")).await }
    });
    let said = futures_util::future::join_all(commands).await;
    assert_eq!(said, (0..40).map(|n| format!("{n}\n")).collect::<Vec<_>>());
    assert_eq!(sshd.log().matches("Accepted publickey").count(), 1);
}

#[tokio::test]
async fn a_server_that_allows_one_session_runs_commands_one_after_the_other() {
    let sshd = Sshd::start(&["MaxSessions 1"]);
    let pool = Pool::new(vec![sshd.target("root")]);
    let connection = connect(&pool).await;
    for n in 0..3 {
        assert_eq!(stdout(&connection, &format!("echo {n}")).await, format!("{n}\n"));
    }
    // The second one waits for the first, however long that takes.
    let mut impatient = sshd.target("root");
    endpoint(&mut impatient).connect_timeout = Duration::from_secs(1);
    let pool = Pool::new(vec![impatient]);
    let connection = connect(&pool).await;
    let both = tokio::join!(stdout(&connection, "sleep 2; echo a"), stdout(&connection, "echo b"));
    assert_eq!(both, ("a\n".into(), "b\n".into()));
}

#[tokio::test]
async fn a_banner_and_rc_files_that_print_stay_out_of_the_output() {
    let user = User::make(None);
    std::fs::write(user.home().join(".bashrc"), "echo bashrc; echo bashrc >&2\n").unwrap();
    std::fs::create_dir(user.home().join(".ssh")).unwrap();
    std::fs::write(user.home().join(".ssh/rc"), "echo rc; echo rc >&2\n").unwrap();
    let sshd = Sshd::start(&["Banner @DIR@/banner", "PermitUserRC yes"]);
    std::fs::write(sshd.path().join("banner"), "NOISE\n".repeat(500)).unwrap();
    let pool = Pool::new(vec![sshd.target(&user.name)]);
    let command = Command::new("echo own; echo own >&2");
    let output = connect(&pool).await.run(command).await.unwrap();
    assert_eq!((output.stdout_text(), output.stderr_text()), ("own\n".into(), "own\n".into()));
}

#[tokio::test]
async fn a_shell_that_runs_nothing_is_an_error_with_its_words() {
    let sshd = Sshd::start(&["ForceCommand echo go away; exit 3"]);
    let pool = Pool::new(vec![sshd.target("root")]);
    let error = connect(&pool).await.run(Command::new("id")).await.unwrap_err();
    assert!(
        matches!(&error, TransportError::Auth { reason, .. } if reason.contains("go away")),
        "{error}"
    );
}

#[tokio::test]
async fn a_command_that_hangs_ends_at_its_deadline_and_is_stopped() {
    let user = User::make(None);
    let sshd = Sshd::start(&[]);
    // sshd passes signals on for everybody but root.
    let pool = Pool::new(vec![sshd.target(&user.name)]);
    let connection = connect(&pool).await;
    let pid_file = user.home().join("pid");
    let script = format!("echo $$ > {}; exec sleep 600", pid_file.display());
    let before = Instant::now();
    let command = Command::new(script).deadline(Duration::from_millis(700));
    let error = connection.run(command).await.unwrap_err();
    assert!(matches!(error, TransportError::Deadline { .. }), "{error}");
    assert!(error.outcome_unknown());
    assert!(before.elapsed() < Duration::from_secs(3), "{:?}", before.elapsed());
    let pid = std::fs::read_to_string(pid_file).unwrap();
    let process = PathBuf::from(format!("/proc/{}", pid.trim()));
    until("the command is gone", || !process.exists()).await;
    assert_eq!(stdout(&connection, "echo on").await, "on\n");
}

#[tokio::test]
async fn a_process_left_behind_does_not_hold_the_command() {
    let sshd = Sshd::start(&[]);
    let pool = Pool::new(vec![sshd.target("root")]);
    let connection = connect(&pool).await;
    let before = Instant::now();
    let pid = stdout(&connection, "sleep 600 & echo $!").await;
    assert!(before.elapsed() < Duration::from_secs(15));
    signal(pid.trim().parse().unwrap(), rustix::process::Signal::KILL);
}

#[tokio::test]
async fn a_server_that_dies_under_a_command_leaves_its_outcome_unknown() {
    let mut sshd = Sshd::start(&[]);
    let pool = Pool::new(vec![sshd.target("root")]);
    let connection = connect(&pool).await;
    let started = sshd.path().join("started");
    let script = format!("touch {}; exec sleep 20", started.display());
    let running = tokio::spawn(async move { connection.run(Command::new(script)).await });
    until("the command runs", || started.exists()).await;
    sshd.kill();
    let before = Instant::now();
    let error = running.await.unwrap().unwrap_err();
    assert!(matches!(error, TransportError::Lost { .. }), "{error}");
    assert!(before.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_peer_that_falls_silent_is_found_while_a_command_runs() {
    let sshd = Sshd::start(&[]);
    let pool = Pool::new(vec![sshd.target("root")]);
    let connection = connect(&pool).await;
    let started = sshd.path().join("started");
    let script = format!("touch {}; exec sleep 100", started.display());
    let command = Command::new(script).deadline(Duration::from_secs(90));
    let running = tokio::spawn(async move { connection.run(command).await });
    until("the command runs", || started.exists()).await;
    sshd.freeze();
    let before = Instant::now();
    let error = running.await.unwrap().unwrap_err();
    assert!(
        matches!(&error, TransportError::Lost { reason, .. } if reason.contains("keepalive")),
        "{error}"
    );
    assert!(before.elapsed() < Duration::from_secs(20), "{:?}", before.elapsed());
}

#[tokio::test]
async fn a_lost_connection_is_made_anew_when_the_host_is_back() {
    let mut sshd = Sshd::start(&["HostKey /etc/ssh/ssh_host_ed25519_key"]);
    let mut target = sshd.target("root");
    endpoint(&mut target).trust.policy = rrecover::transport::HostKeyPolicy::AcceptNew;
    endpoint(&mut target).trust.files = vec![sshd.path().join("new")];
    let pool = Pool::new(vec![target]);
    let connection = connect(&pool).await;
    stdout(&connection, "true").await;
    sshd.kill();
    until("the loss is known", || {
        futures_util::FutureExt::now_or_never(pool.connect("h")).is_none()
    })
    .await;
    let error = pool.connect("h").await.unwrap_err();
    assert!(error.no_sign_of_life(), "{error}");
    let again =
        Sshd::start_at(&sshd.address, sshd.port, &["HostKey /etc/ssh/ssh_host_ed25519_key"]);
    std::fs::copy(sshd.path().join("authorized_keys"), again.path().join("authorized_keys"))
        .unwrap();
    assert_eq!(pool.connect("h").await.unwrap_err(), error, "a failure is remembered");
    let connection = pool.reconnect("h").await.unwrap();
    assert_eq!(stdout(&connection, "echo back").await, "back\n");
    assert_eq!(stdout(&connect(&pool).await, "echo back").await, "back\n");
}

#[tokio::test]
async fn a_host_that_is_off_costs_one_timeout_however_many_ask() {
    // Listens and never accepts: its queue is full, so a connection gets no answer at all.
    let address = free_address();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(format!("{address}:2222").parse().unwrap()).unwrap();
    let _listener = socket.listen(1).unwrap();
    let mut full = Vec::new();
    for _ in 0..8 {
        let connecting = tokio::net::TcpStream::connect((address.as_str(), 2222));
        full.push(tokio::time::timeout(Duration::from_millis(100), connecting).await);
    }
    let sshd = Sshd::start(&[]);
    let mut off = sshd.endpoint("root");
    off.address = address;
    off.connect_timeout = Duration::from_secs(1);
    let pool = Pool::new(vec![target(off)]);
    let before = Instant::now();
    let tries = futures_util::future::join_all((0..20).map(|_| pool.connect("h"))).await;
    for error in tries.into_iter().map(Result::unwrap_err) {
        assert!(error.no_sign_of_life(), "{error}");
    }
    assert!(pool.connect("h").await.is_err());
    let took = before.elapsed();
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test]
async fn a_port_that_does_not_speak_ssh_is_unreachable_in_time() {
    let listener = tokio::net::TcpListener::bind((free_address(), 2222)).await.unwrap();
    let sshd = Sshd::start(&[]);
    let mut silent = sshd.endpoint("root");
    silent.address = listener.local_addr().unwrap().ip().to_string();
    silent.connect_timeout = Duration::from_millis(500);
    let before = Instant::now();
    let error = Pool::new(vec![target(silent)]).connect("h").await.unwrap_err();
    assert!(error.no_sign_of_life() && before.elapsed() < Duration::from_secs(2), "{error}");
}

#[tokio::test]
async fn a_tcp_stream_starts_on_the_host() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let echo = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut word = [0; 4];
        stream.read_exact(&mut word).await.unwrap();
        stream.write_all(&word).await.unwrap();
    });
    let sshd = Sshd::start(&[]);
    let pool = Pool::new(vec![sshd.target("root")]);
    let connection = connect(&pool).await;
    let mut stream = connection.open_tcp("127.0.0.1", port).await.unwrap();
    stream.write_all(b"ping").await.unwrap();
    let mut word = [0; 4];
    stream.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"ping");
    echo.await.unwrap();
    let error = connection.open_tcp("127.0.0.1", 1).await.err().unwrap();
    assert!(matches!(error, TransportError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_forbids_forwarding_says_so() {
    let sshd = Sshd::start(&["AllowTcpForwarding no"]);
    let pool = Pool::new(vec![sshd.target("root")]);
    let connection = connect(&pool).await;
    let error = connection.open_tcp("127.0.0.1", 2379).await.err().unwrap();
    assert!(matches!(error, TransportError::ForwardingRefused { .. }), "{error}");
    assert_eq!(stdout(&connection, "echo on").await, "on\n");
}

#[tokio::test]
async fn large_output_goes_to_a_file_whole() {
    let sshd = Sshd::start(&[]);
    let pool = Pool::new(vec![sshd.target("root")]);
    let file = sshd.path().join("large");
    let command = Command::new("head -c 67108864 /dev/zero").stdout(Sink::File(file.clone()));
    let output = connect(&pool).await.run(command).await.unwrap();
    assert!(output.success() && output.stdout.is_empty());
    assert_eq!(std::fs::metadata(&file).unwrap().len(), 64 << 20);
}

#[tokio::test]
async fn output_without_end_is_cut_off_with_an_error() {
    let sshd = Sshd::start(&[]);
    let pool = Pool::new(vec![sshd.target("root")]);
    let error = connect(&pool).await.run(Command::new("cat /dev/zero")).await.unwrap_err();
    assert!(error.to_string().contains("more than 64 MiB"), "{error}");
}

#[tokio::test]
async fn a_command_that_does_not_read_its_input_still_ends() {
    let sshd = Sshd::start(&[]);
    let pool = Pool::new(vec![sshd.target("root")]);
    let command = Command::new("exit 4").stdin(Input::Bytes(vec![0; 16 << 20].into()));
    assert_eq!(connect(&pool).await.run(command).await.unwrap().rc, 4);
}
