//! What is offered in the key exchange: our own order, changed by `Ciphers`, `MACs`,
//! `KexAlgorithms` and `HostKeyAlgorithms`, and narrowed to the keys a host is known by.

use crate::transport::known_hosts::{Distrust, KnownHost};
use crate::transport::pattern;
use crate::transport::settings::Algorithms;
use russh::keys::{Algorithm, HashAlg};
use russh::{Preferred, cipher, compression, kex, mac};
use std::borrow::Cow;

/// AES-GCM has hardware support on every server; chacha20 stays for those without, CTR for the
/// old.
const CIPHERS: &[cipher::Name] = &[
    cipher::AES_128_GCM,
    cipher::AES_256_GCM,
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_CTR,
    cipher::AES_192_CTR,
    cipher::AES_128_CTR,
];

/// Why nothing can be offered.
#[derive(Debug)]
pub(super) enum NoOffer {
    HostKey(Distrust),
    /// An option of `ssh_config` leaves none.
    Option {
        name: &'static str,
        list: String,
    },
}

/// The key exchange's lists for one host.
pub(super) fn preferred(known: &KnownHost, options: &Algorithms) -> Result<Preferred, NoOffer> {
    let default = Preferred::DEFAULT;
    let host_keys = host_key_algorithms(options)?;
    let (kinds, only) = known.kinds();
    let is_known = |algorithm: &Algorithm| kinds.contains(&kind(algorithm));
    let mut keys = host_keys.clone();
    if only {
        keys.retain(is_known);
    } else {
        keys.sort_by_key(|algorithm| !is_known(algorithm));
    }
    if keys.is_empty() {
        return Err(NoOffer::HostKey(Distrust {
            reason: format!("it is known only by key types not offered: {}", kinds.join(", ")),
            hint: "add its ed25519, ecdsa or rsa key to `known_hosts`".into(),
        }));
    }
    let certificates = if known.has_authority() { host_keys } else { Vec::new() };
    Ok(Preferred {
        kex: Cow::Owned(exchanges(options, &default.kex)?),
        key: Cow::Owned(keys),
        host_key_certificates: Cow::Owned(certificates),
        cipher: Cow::Owned(choose("Ciphers", options.ciphers.as_ref(), CIPHERS, |name| {
            cipher::Name::try_from(name)
                .ok()
                .filter(|name| ![cipher::NONE, cipher::CLEAR].contains(name))
        })?),
        mac: Cow::Owned(choose("MACs", options.macs.as_ref(), &default.mac, |name| {
            mac::Name::try_from(name).ok().filter(|name| *name != mac::NONE)
        })?),
        // Only packets of text gain, and every packet pays.
        compression: Cow::Borrowed(&[compression::NONE]),
    })
}

/// Names that look like key exchanges but announce extensions; no option takes them away.
fn exchanges(options: &Algorithms, default: &[kex::Name]) -> Result<Vec<kex::Name>, NoOffer> {
    let announces = |name: &&kex::Name| {
        name.as_ref().starts_with("ext-info-") || name.as_ref().starts_with("kex-strict-")
    };
    let (extensions, exchanges): (Vec<kex::Name>, Vec<kex::Name>) =
        default.iter().partition(announces);
    let mut chosen = choose("KexAlgorithms", options.kex.as_ref(), &exchanges, |name| {
        kex::Name::try_from(name).ok().filter(|name| *name != kex::NONE && !announces(&name))
    })?;
    chosen.extend(extensions);
    Ok(chosen)
}

fn host_key_algorithms(options: &Algorithms) -> Result<Vec<Algorithm>, NoOffer> {
    // Signatures with SHA-1 are offered to nobody who does not ask for `ssh-rsa`.
    let weak = Algorithm::Rsa { hash: None };
    let default: Vec<Algorithm> =
        Preferred::DEFAULT.key.iter().filter(|algorithm| **algorithm != weak).cloned().collect();
    choose("HostKeyAlgorithms", options.host_keys.as_ref(), &default, |name| {
        let name = name.strip_suffix("-cert-v01@openssh.com").unwrap_or(name);
        Preferred::DEFAULT.key.iter().find(|algorithm| algorithm.as_str() == name).cloned()
    })
}

/// A list of `ssh_config`: `+` adds, `-` takes away, `^` prefers, anything else replaces. What we
/// do not have is passed over, as long as something is left.
fn choose<T: AsRef<str> + Clone + PartialEq>(
    name: &'static str,
    list: Option<&String>,
    default: &[T],
    find: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, NoOffer> {
    let Some(list) = list else { return Ok(default.to_vec()) };
    let (sign, names) = match list.chars().next() {
        Some(sign @ ('+' | '-' | '^')) => (sign, &list[1..]),
        _ => ('=', list.as_str()),
    };
    let mut chosen: Vec<T> = Vec::new();
    let mut add = |items: &mut dyn Iterator<Item = T>| {
        for item in items {
            if !chosen.contains(&item) {
                chosen.push(item);
            }
        }
    };
    let mut named = names.split(',').filter_map(find);
    match sign {
        '+' => add(&mut default.iter().cloned().chain(named)),
        '^' => add(&mut named.by_ref().chain(default.iter().cloned())),
        '-' => {
            let taken = |item: &&T| pattern::any_matches(names.split(','), item.as_ref());
            add(&mut default.iter().filter(|item| !taken(item)).cloned());
        }
        _ => add(&mut named),
    }
    if chosen.is_empty() {
        return Err(NoOffer::Option { name, list: list.clone() });
    }
    Ok(chosen)
}

/// Whether a list of `ssh_config` lets `name` through; without one everything that is not weak.
pub(super) fn allows(list: Option<&String>, name: &str) -> bool {
    let Some(list) = list else { return name != "ssh-rsa" };
    let (sign, names) = match list.chars().next() {
        Some(sign @ ('+' | '-' | '^')) => (sign, &list[1..]),
        _ => ('=', list.as_str()),
    };
    let bare = |name: &str| name.replace("-cert-v01@openssh.com", "");
    let named = names.split(',').any(|pattern| pattern::matches(&bare(pattern), &bare(name)));
    match sign {
        '-' => name != "ssh-rsa" && !named,
        '=' => named,
        _ => named || name != "ssh-rsa",
    }
}

/// The key type as `known_hosts` names it: signature hashes of RSA share one.
pub(super) fn kind(algorithm: &Algorithm) -> &str {
    match algorithm {
        Algorithm::Rsa { .. } => "ssh-rsa",
        other => other.as_str(),
    }
}

/// The hash of an RSA signature that the list lets through, the best first.
pub(super) fn rsa_hashes(list: Option<&String>) -> Vec<Option<HashAlg>> {
    let all = [
        (Some(HashAlg::Sha512), "rsa-sha2-512"),
        (Some(HashAlg::Sha256), "rsa-sha2-256"),
        (None, "ssh-rsa"),
    ];
    all.into_iter().filter(|(_, name)| allows(list, name)).map(|(hash, _)| hash).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(list: &str) -> Vec<&'static str> {
        const ALL: [&str; 4] = ["a", "b", "c", "weak"];
        let find = |name: &str| ALL.iter().find(|known| **known == name).copied();
        choose("X", Some(&list.to_owned()), &ALL[..3], find).unwrap_or_default()
    }

    #[test]
    fn lists_change_the_default_as_in_openssh() {
        for (list, wanted) in [
            ("c,a,a,unknown", vec!["c", "a"]),
            ("+weak,unknown", vec!["a", "b", "c", "weak"]),
            ("-b*,c", vec!["a"]),
            ("^c", vec!["c", "a", "b"]),
            ("unknown", vec![]),
            ("-*", vec![]),
        ] {
            assert_eq!(chosen(list), wanted, "{list}");
        }
    }

    #[test]
    fn the_weak_one_has_to_be_asked_for() {
        let list = |text: &str| Some(text.to_owned());
        assert!(!allows(None, "ssh-rsa") && allows(None, "ssh-ed25519"));
        assert!(allows(list("+ssh-rsa").as_ref(), "ssh-rsa"));
        assert!(allows(list("+ssh-rsa").as_ref(), "ssh-ed25519"));
        assert!(!allows(list("ssh-ed25519*").as_ref(), "rsa-sha2-512"));
        assert!(allows(list("ssh-ed25519-cert-v01@openssh.com").as_ref(), "ssh-ed25519"));
        assert_eq!(rsa_hashes(list("-rsa-sha2-512").as_ref()), [Some(HashAlg::Sha256)]);
    }
}
