//! The texts were written by `ansible-vault` of ansible-core 2.19.

use super::*;

/// `hunter {{ 1+1 }}` under the password `pw1`.
const DEFAULT: &str = "\
$ANSIBLE_VAULT;1.1;AES256
33646232313063316366393830616264626466653236353863613263363364313837313630353933
3334646236326333353739643766653334383564626466330a653838386462623633366438656564
34616465353565333438643563613338626438623065643433626135343830386236336633613439
6439633166633237350a633935383538633531636635633435656566316432616238383166343636
62656166326538383839343132326332356662626663626434343263633564306235
";
/// `top`, a newline and `secret` under the password `pw2` of the id `prod`.
const PROD: &str = "\
$ANSIBLE_VAULT;1.2;AES256;prod
62363135303634616665636431393939393462353938373835316334646638386264613934613935
3334356632376138663531633932373837616638643735640a383635316438663838343465393539
63653934653239643331353731623930343761666262643436336339396532383061363363383633
3532643639643364390a373162303935393233343063656562666136373963626335346539623166
3938
";

struct Passwords(tempfile::TempDir);

impl Passwords {
    fn new() -> Self {
        let one = Self(tempfile::tempdir().unwrap());
        one.write("p1", " pw1\n", 0o600);
        one.write("p2", "pw2", 0o600);
        one.write("wrong", "pw3\n", 0o600);
        one
    }

    /// Writes from another process: a file that this one has open for writing cannot be run.
    fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.0.path().join(name).display().to_string();
        let write = format!("printf %s \"$1\" >{path}; chmod {mode:o} {path}");
        let mut shell = std::process::Command::new("sh");
        assert!(shell.args(["-c", &write, "-", text]).status().unwrap().success());
    }

    fn unlock(&self, identities: &[&str]) -> Result<Vault, Problem> {
        self.unlock_with(identities, false, &Redactor::default())
    }

    fn unlock_with(
        &self,
        identities: &[&str],
        only_own_id: bool,
        redactor: &Redactor,
    ) -> Result<Vault, Problem> {
        let parse = |text: &&str| Identity::parse(text, self.0.path());
        let identities: Vec<Identity> = identities.iter().map(parse).collect();
        let ask = |prompt: &str| match prompt {
            "Vault password (prod): " => Ok(Secret::new(" pw2 ")),
            other => Err(Problem::new(other)),
        };
        Vault::unlock(&identities, only_own_id, redactor, &ask)
    }
}

fn place() -> Location {
    Location::new("all.yml", 2, 6)
}

fn open(vault: &Vault, text: &str) -> Result<String, String> {
    vault.open(text, &place()).map_err(|problem| problem.to_string())
}

#[test]
fn both_versions_open_with_their_passwords() {
    let vault = Passwords::new().unlock(&["p1", "prod@p2"]).unwrap();
    assert_eq!(open(&vault, DEFAULT).unwrap(), "hunter {{ 1+1 }}");
    assert_eq!(open(&vault, PROD).unwrap(), "top\nsecret");
    assert_eq!(open(&vault, PROD).unwrap(), "top\nsecret", "the second time too");
}

#[test]
fn the_id_is_a_nickname_unless_only_it_may_match() {
    let passwords = Passwords::new();
    let other = passwords.unlock(&["a@wrong", "b@p2"]).unwrap();
    assert_eq!(open(&other, PROD).unwrap(), "top\nsecret");
    let strict = passwords.unlock_with(&["a@wrong", "b@p2"], true, &Redactor::default()).unwrap();
    assert_eq!(
        open(&strict, PROD).unwrap_err(),
        "all.yml:2:6: no vault password opens this; tried: none\n  hint: its vault id is `prod`: give \
         that password with `--vault-id prod@FILE` or `--vault-id prod@prompt`"
    );
}

#[test]
fn what_does_not_open_says_where_it_stands_and_what_was_tried() {
    let vault = Passwords::new().unlock(&["wrong", "dev@wrong"]).unwrap();
    assert_eq!(
        open(&vault, DEFAULT).unwrap_err().lines().next().unwrap(),
        "all.yml:2:6: no vault password opens this; tried: `default`, `dev`"
    );
    assert_eq!(
        open(&Vault::default(), DEFAULT).unwrap_err(),
        "all.yml:2:6: this is encrypted with Ansible Vault, and no vault password is given\n  hint: \
         name it with `--vault-password-file FILE`, or be asked with `--ask-vault-pass`"
    );
}

#[test]
fn damaged_texts_are_told_from_wrong_passwords() {
    let vault = Passwords::new().unlock(&["p1"]).unwrap();
    let first_line = DEFAULT.lines().next().unwrap();
    for (text, expected) in [
        (first_line.to_owned(), "no complete Ansible Vault text: salt, code or text is missing"),
        (format!("{first_line}\nxyz\n"), "its lines must be hexadecimal digits"),
        ("$ANSIBLE_VAULT;1.1\n31\n".to_owned(), "the header is not `$ANSIBLE_VAULT;1.1;AES256`"),
        (DEFAULT.replace("AES256", "AES"), "1.1 with the cipher `AES` is not supported"),
        (DEFAULT.replace("1.1", "1.3"), "1.3 with the cipher `AES256` is not supported"),
        (DEFAULT.replacen("33646232", "33646233", 1), "no vault password opens this"),
        (DEFAULT.replacen("62656166", "62656165", 1), "no vault password opens this"),
    ] {
        let error = open(&vault, &text).unwrap_err();
        assert!(error.contains(expected), "{error}\nis not: {expected}");
    }
}

#[test]
fn passwords_come_from_files_programs_and_the_terminal() {
    let passwords = Passwords::new();
    passwords.write("say", "#!/bin/sh\necho pw2\n", 0o700);
    passwords.write(
        "keys-client.sh",
        "#!/bin/sh\n[ \"$2\" = prod ] && echo pw2 || exit 2\n",
        0o700,
    );
    passwords.write("sealed", DEFAULT, 0o600);
    for identity in ["say", "prod@keys-client.sh", "prod@prompt"] {
        let vault = passwords.unlock(&[identity]).unwrap();
        assert_eq!(open(&vault, PROD).unwrap(), "top\nsecret", "{identity}");
    }
    assert!(passwords.unlock(&["p1", "sealed"]).is_ok(), "p1 opens the second password file");
    assert!(passwords.unlock(&["sealed", "p1"]).is_err());
}

#[test]
fn a_password_that_cannot_be_had_is_an_error_at_once() {
    let passwords = Passwords::new();
    passwords.write("empty", "\n", 0o600);
    passwords.write("data", "pw1\n", 0o700);
    passwords.write("fails", "#!/bin/sh\necho locked >&2\nexit 1\n", 0o700);
    passwords.write("keys-client", "#!/bin/sh\nexit 2\n", 0o700);
    for (identity, expected) in [
        ("missing", "cannot be read"),
        ("empty", "the vault password for `default` is empty"),
        ("data", "take its execute permission away"),
        ("fails", "ended with exit status: 1"),
        ("dev@keys-client", "it knows no password for the vault id `dev`"),
        (".", "is a directory"),
    ] {
        let problem = passwords.unlock(&[identity]).unwrap_err().to_string();
        assert!(problem.contains(expected), "{identity}: {problem}");
    }
}

#[test]
fn a_revealed_value_is_struck_out_from_then_on() {
    let redactor = Redactor::default();
    let vault = Passwords::new().unlock_with(&["p1"], false, &redactor).unwrap();
    let sealed = Sealed { text: DEFAULT.to_owned(), location: Some(place()) };
    assert_eq!(Sealed::of(&sealed.value()), Some(sealed.clone()));
    assert_eq!(redactor.clean("a hunter {{ 1+1 }} b"), "a hunter {{ 1+1 }} b");
    vault.reveal(&sealed).unwrap();
    assert_eq!(redactor.clean("a hunter {{ 1+1 }} b"), "a *** b");
    assert!(!format!("{vault:?}").contains("pw1"));
}
