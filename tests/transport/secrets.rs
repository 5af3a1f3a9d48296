//! Secrets stay where they belong.

use super::help::*;
use rrecover::transport::RunAsMethod::{Doas, Su, Sudo};
use std::path::Path;

/// Every file below a directory that holds the text.
fn holding(directory: &Path, text: &str) -> Vec<String> {
    let output =
        std::process::Command::new("grep").args(["-rlF", "--", text]).arg(directory).output();
    String::from_utf8_lossy(&output.unwrap().stdout).lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn no_secret_shows_in_argument_lists_environments_files_or_logs() {
    let (from, to) = (User::make(Some("@USER@ ALL=(ALL) ALL")), User::make(None));
    let sshd = Sshd::start(&["LogLevel DEBUG3", "PubkeyAuthentication no"]);
    let mut target = sshd.target(&from.name);
    endpoint(&mut target).credentials.password = Some(from.password.clone());
    let pool = Pool::new(vec![target]);
    let connection = connect(&pool).await;
    // Whatever runs while the command does, ours and the host's.
    let spy = "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; tr '\\0' ' ' < $p/environ; echo; \
               done 2>/dev/null; cat > /dev/null; env";
    for (method, user, password) in [
        (Sudo, "root", &from.password),
        (Su, to.name.as_str(), &to.password),
        (Doas, "root", &from.password),
    ] {
        let run_as = User::run_as(method, user, Some(password.expose()));
        let command =
            Command::new(spy).run_as(Some(run_as)).stdin(Input::Bytes(Bytes::from_static(b"x")));
        // doas has no rule here: its refusal must not tell either.
        let said = match connection.run(command).await {
            Ok(output) => output.stdout_text() + &output.stderr_text(),
            Err(error) => format!("{error} {error:?}"),
        };
        for secret in [&from.password, &to.password] {
            assert!(!said.contains(secret.expose()), "{method:?}");
        }
    }
    for secret in [&from.password, &to.password] {
        for place in [sshd.path(), from.home(), to.home()] {
            assert_eq!(holding(place, secret.expose()), Vec::<String>::new());
        }
    }
    let shown = format!("{pool:?} {connection:?}");
    assert!(!shown.contains(from.password.expose()));
}
