//! Secrets that a run has to use, looked for wherever it writes: the screen in every form, the
//! journal, the logs, and the argument lists on the host.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what failed by failing"
)]

mod support;

use std::path::Path;
use std::process::{Command, Output};
use support::sshd::{Sshd, User};

const VAULTED: &str = "planted-in-the-vault it's \"quoted\"";
const NO_LOG: &str = "planted-behind-no-log";
const PLAIN: &str = "planted-in-a-sealed-file";

/// [`VAULTED`], encrypted with the password `vault-password`.
const SEALED: &str = "\
$ANSIBLE_VAULT;1.1;AES256
30653335393933373462346432663534653630353534666565356332383361663563383064303863
3963613530636361613566613965643261643962316163340a373632393637363334323565643334
32316332303732343539383336636362663337316465646561353063333933316661663338653239
3530336235656561350a323239323332646536353733316562326161326164613835663230383063
62376461636564356234323363643766613738313365613134396464343963393832343235636130
3733306637353038616635363133316133646235393035666333
";

/// A file that says `of_file:` and [`PLAIN`], encrypted with the same password.
const SEALED_FILE: &str = "\
$ANSIBLE_VAULT;1.1;AES256
61333561306366626236313765656232373838333831336437383033383366633236373531633138
3835326365643763383731383066373338326461323366340a636439633834373332646363373431
32393839326234393434316538616330653661376265346662663161326330333339653432626333
6333306561393239320a363066363761633030353331613964303833303933353132343735333531
31323762653337613466373530343432616133373333363730333864626435623463653037303933
6466323663313263656436643765386530643065656538373133
";

/// Every way in which a failure quotes what it was given.
const FAILING: &str = r#"
- hosts: all
  gather_facts: false
  vars_files: [sealed.yml]
  tasks:
    - command: "false {{ sealed | quote }}"
      ignore_errors: true
    - command: {argv: [ls, "/nope/{{ sealed }}"]}
      ignore_errors: true
    - command: {argv: ["/no/such/{{ sealed }}"]}
      ignore_errors: true
    - shell: echo {{ sealed | quote }} >&2; echo {{ of_file }}; exit 3
      ignore_errors: true
    - shell: printf 'a\nb %s\n' {{ sealed | quote }}; exit 3
      register: told
      ignore_errors: true
    - file: {path: "/proc/{{ sealed }}/x", state: directory}
      ignore_errors: true
    - stat: {path: "relative {{ sealed }}"}
      ignore_errors: true
    - copy: {content: "{{ sealed }}", dest: "/proc/{{ of_file }}"}
      ignore_errors: true
    - fail: {msg: "it is {{ sealed }} and {{ of_file }}"}
      ignore_errors: true
    - assert: {that: "sealed == 'x'", fail_msg: "{{ sealed }}"}
      ignore_errors: true
    - debug: {var: told}
    - debug: {msg: {nested: ["{{ sealed }}"]}}
    - debug: {msg: "{{ item }}"}
      loop: ["{{ sealed }}", "{{ of_file }}"]
    - name: a name with {{ sealed }}
      debug: {msg: x}
    - include_tasks: one.yml
      loop: ["{{ sealed }}"]
    - command: "false planted-behind-no-log"
      no_log: true
      ignore_errors: true
    - command: {argv: ["/no/such/planted-behind-no-log"]}
      no_log: true
      ignore_errors: true
    - command: id -un
      become: true
    - shell: "echo {{ ansible_become_password }} {{ ansible_password }}; exit 1"
"#;

/// What works, and a look at every argument list on the host meanwhile.
const WORKING: &str = r#"
- hosts: all
  gather_facts: false
  vars_files: [sealed.yml]
  tasks:
    - copy: {content: "{{ sealed }}\n{{ of_file }}\n", dest: "{{ here }}/copied"}
    - copy: {content: "planted-behind-no-log\n", dest: "{{ here }}/hidden"}
      no_log: true
    - template: {src: t.j2, dest: "{{ here }}/rendered"}
    - shell: for p in /proc/[0-9]*; do tr '\0' ' ' < $p/cmdline; done > {{ here }}/arguments
      become: true
    - set_fact: {made: "x {{ sealed }}"}
    - debug: {var: made}
"#;

/// A home with an inventory, playbooks and what they need.
fn home(sshd: &Sshd, user: &User) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    put(".ssh/known_hosts", &sshd.known_hosts_line("ed25519"));
    put("vault", "vault-password\n");
    let password = user.password.expose();
    put(
        "hosts.ini",
        &format!(
            "h ansible_host={} ansible_port={} ansible_user={} ansible_password={password} \
             ansible_become_password={password}\n",
            sshd.address, sshd.port, user.name
        ),
    );
    let sealed = format!("  {}\n", SEALED.trim_end().replace('\n', "\n  "));
    put(
        "group_vars/all.yml",
        &format!("here: {}\nsealed: !vault |\n{sealed}", user.home().display()),
    );
    put("sealed.yml", SEALED_FILE);
    put("one.yml", "- debug: {msg: \"{{ item }}\"}\n");
    put("templates/t.j2", "{{ sealed }}\n");
    put("failing.yml", FAILING);
    put("working.yml", WORKING);
    home
}

fn rrecover(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rrecover"))
        .args(arguments)
        .args(["-i", "hosts.ini", "--vault-password-file", "vault"])
        .current_dir(home)
        .env("HOME", home)
        .env("XDG_STATE_HOME", home.join("state"))
        .env("RRECOVER_LOG", "trace")
        .env_remove("ANSIBLE_CONFIG")
        .env_remove("ANSIBLE_INVENTORY")
        .env_remove("RRECOVER_INVENTORY")
        .output()
        .unwrap()
}

/// Every file below a directory that holds the text.
fn holding(directory: &Path, text: &str) -> Vec<String> {
    let output = Command::new("grep").args(["-rlF", "--", text]).arg(directory).output().unwrap();
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// The lines that hold a secret, in any of the spellings in which it could be told.
fn lines_with<'t>(text: &'t str, secret: &str) -> Vec<&'t str> {
    text.lines().filter(|line| line.contains(secret)).collect()
}

#[test]
fn no_secret_is_told_by_runs_that_work_or_fail() {
    let sshd = Sshd::start(&["PubkeyAuthentication no"]);
    let user = User::make(Some("@USER@ ALL=(ALL) ALL"));
    let home = home(&sshd, &user);
    let home = home.path();
    // However it is quoted, this part of the vaulted value would show.
    let secrets = [user.password.expose(), "planted-in-the-vault", NO_LOG, PLAIN];
    assert!(VAULTED.starts_with(secrets[1]));
    for (arguments, code) in [
        (&["plan", "failing.yml"][..], 0),
        (&["plan", "working.yml", "--output", "json"], 0),
        (&["play", "failing.yml", "-vvv"], 2),
        (&["play", "failing.yml", "--output", "json"], 2),
        (&["play", "working.yml", "--check", "--diff", "-vvv"], 0),
        (&["play", "working.yml", "--diff", "-vvv"], 0),
        (&["play", "working.yml", "--diff", "--output", "json"], 0),
    ] {
        let output = rrecover(home, arguments);
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{stdout}\n{stderr}");
        for secret in secrets {
            for (name, text) in [("stdout", &stdout), ("stderr", &stderr)] {
                let found = lines_with(text, secret);
                assert!(found.is_empty(), "{arguments:?}: {name} tells `{secret}`: {found:#?}");
            }
        }
    }
    let state = home.join("state");
    assert!(!holding(&state, "working.yml").is_empty(), "there is no journal to look into");
    for secret in secrets {
        assert_eq!(holding(&state, secret), Vec::<String>::new(), "`{secret}` is kept");
    }
    let copied = std::fs::read_to_string(user.home().join("copied")).unwrap();
    assert_eq!(copied, format!("{VAULTED}\n{PLAIN}\n"));
    let arguments = std::fs::read_to_string(user.home().join("arguments")).unwrap();
    for secret in secrets {
        assert!(!arguments.contains(secret), "an argument list tells `{secret}`: {arguments}");
    }
}
