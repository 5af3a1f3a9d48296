//! `ssh_config`: read, and asked about several hosts.

use super::places;
use rrecover::transport::settings::SshConfig;
use std::path::Path;

const NAME: &str = "ssh_config";

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if includes_at_large(text) {
        return;
    }
    let home = Some(Path::new("/nonexistent"));
    match SshConfig::parse(text, NAME) {
        Ok(config) => {
            for host in ["node1", "10.0.0.1", "fe80::1", "a.example.org", "x%hy", ""] {
                let asked =
                    [config.resolve(host, "me", home), config.resolve_as("root", host, "me", home)];
                for problem in asked.iter().filter_map(|answer| answer.as_ref().err()) {
                    places::inside([problem], NAME, text);
                }
            }
        }
        Err(problems) => places::inside(&problems.0, NAME, text),
    }
}

/// Whether files may be read that never end, or half of the disk be looked through.
fn includes_at_large(text: &str) -> bool {
    let includes = text.to_lowercase().contains("include");
    includes && text.contains(['/', '*', '?', '[', '~'])
}
