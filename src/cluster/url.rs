//! When two etcd URLs are the same (DOMAIN section 10).

use std::net::IpAddr;

/// Whether two URLs lead to the same place: scheme, host and port are equal; how an address is
/// written, upper case and a slash at the end do not matter.
pub fn same_url(one: &str, other: &str) -> bool {
    !one.is_empty() && normal(one) == normal(other)
}

/// Whether any URL stands in both lists.
pub fn share_url(some: &[String], others: &[String]) -> bool {
    some.iter().any(|one| others.iter().any(|other| same_url(one, other)))
}

/// Whether both lists hold the same URLs, in whatever order.
pub fn same_urls(some: &[String], others: &[String]) -> bool {
    let set = |urls: &[String]| {
        let mut set: Vec<String> = urls.iter().map(|url| normal(url)).collect();
        set.sort();
        set.dedup();
        set
    };
    set(some) == set(others)
}

fn normal(url: &str) -> String {
    let lower = url.trim().trim_end_matches('/').to_lowercase();
    let (scheme, rest) = lower.split_once("://").unwrap_or(("", &lower));
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (rest, ""),
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let host = bare.parse::<IpAddr>().map_or_else(|_| bare.to_owned(), |ip| ip.to_string());
    format!("{scheme}://{host}#{port}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_place_written_differently_is_the_same() {
        for (one, other) in [
            ("https://10.0.0.1:2380", "https://10.0.0.1:2380/"),
            ("https://Node1:2380", "HTTPS://node1:2380"),
            ("https://[::1]:2380", "https://[0:0:0:0:0:0:0:1]:2380"),
        ] {
            assert!(same_url(one, other), "{one} {other}");
        }
    }

    #[test]
    fn other_places_are_other() {
        for (one, other) in [
            ("https://node1:2380", "https://node10:2380"),
            ("https://10.0.0.1:2380", "https://10.0.0.1:2379"),
            ("http://10.0.0.1:2380", "https://10.0.0.1:2380"),
            ("https://[::1]:2380", "https://[::2]:2380"),
            ("", ""),
        ] {
            assert!(!same_url(one, other), "{one} {other}");
        }
    }

    #[test]
    fn lists_are_compared_without_order() {
        let urls = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(same_urls(&urls("http://a:1 http://b:1"), &urls("http://b:1/ http://a:1")));
        assert!(!same_urls(&urls("http://a:1"), &urls("http://b:1 http://a:1")));
        assert!(share_url(&urls("http://a:1"), &urls("http://b:1 http://a:1")));
        assert!(!share_url(&[], &urls("http://a:1")));
    }
}
