use super::file::{names, parse_line};
use super::*;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

#[test]
fn hashes_match_the_name_they_were_made_of() {
    // `ssh-keygen -H` on a line for `host.example`.
    let mac = Hmac::<Sha1>::new_from_slice(b"salt").unwrap().chain_update("host.example");
    let hash = STANDARD.encode(mac.finalize().into_bytes());
    let field = format!("|1|{}|{hash}", STANDARD.encode("salt"));
    assert!(names(&field, "host.example"));
    assert!(!names(&field, "other.example"));
    assert!(!names("|1|broken", "host.example"));
    let field = host_field("[h]:1", true).unwrap();
    assert!(names(&field, "[h]:1") && !names(&field, "h") && field.starts_with("|1|"));
}

#[test]
fn lines_of_other_hosts_are_passed_over_whatever_they_hold() {
    for line in
        ["", "# node1 x", "other ssh-ed25519 ???", "@revoked other", "@cert-authority *.x y z"]
    {
        assert_eq!(parse_line(line, "node1"), Ok(None), "{line}");
    }
    for line in ["node1", "node1 ssh-ed25519", "node1 ssh-ed25519 ?", "@new node1 a AAAA"] {
        assert!(parse_line(line, "node1").is_err(), "{line}");
    }
}

#[test]
fn names_that_would_corrupt_the_file_are_refused() {
    for address in ["a b", "a\nb", "a,b", "#a", "a|b", "*", "!a", "@a"] {
        assert!(KnownHost::load(address, 22, &Trust::default()).is_err(), "{address}");
    }
}
