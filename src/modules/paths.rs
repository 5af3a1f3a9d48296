//! Which paths a file-touching module accepts: never one that rendered empty, `/`, or a glob.

use super::command::expand;
use super::{Args, Context, ModuleError};

/// Directories that are part of every system: never removed and never replaced.
const SYSTEM: &[&str] = &[
    "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/opt", "/proc", "/root", "/run",
    "/sbin", "/srv", "/sys", "/tmp", "/usr", "/var", "/var/lib", "/var/log",
];

/// The path on the host in argument `name`, without a trailing slash; a leading `~` and variables
/// are filled in by the host, as Ansible does.
pub(super) async fn on_host(
    context: &Context,
    args: &Args,
    name: &'static str,
) -> Result<String, ModuleError> {
    check(name, &expanded(context, &args.required_text(name)?).await?)
}

/// `text` with a leading `~` and variables filled in by the host; that costs a round trip only
/// where there is one.
pub(super) async fn expanded(context: &Context, text: &str) -> Result<String, ModuleError> {
    if !text.starts_with('~') && !text.contains('$') {
        return Ok(text.to_owned());
    }
    let output = context.must("expanding a path", format!("printf %s {}", expand(text))).await?;
    Ok(output.stdout_text())
}

/// `text` as a path that may be touched, or why it may not.
pub(super) fn check(name: &str, text: &str) -> Result<String, ModuleError> {
    let refuse = |reason: &str| {
        Err(ModuleError::Refused {
            reason: format!("argument `{name}` {reason}: `{text}`"),
            hint: "give the absolute path of one file or directory".to_owned(),
        })
    };
    if text.trim().is_empty() {
        return refuse("rendered empty");
    }
    if !text.starts_with('/') {
        return refuse("is not an absolute path");
    }
    if text.contains(['*', '?', '[']) {
        return refuse("is a glob");
    }
    if text.contains(['\n', '\0']) {
        return refuse("is not one line");
    }
    if text.split('/').any(|part| part == "..") {
        return refuse("goes up with `..`");
    }
    let parts: Vec<&str> =
        text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.is_empty() {
        return refuse("is the root directory");
    }
    Ok(format!("/{}", parts.join("/")))
}

/// Refuses to remove what every system needs.
pub(super) fn check_removable(path: &str) -> Result<(), ModuleError> {
    if SYSTEM.contains(&path) {
        return Err(ModuleError::Refused {
            reason: format!("`{path}` is a system directory and is not removed"),
            hint: "name the file or directory inside it".to_owned(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_are_too_wide_are_refused() {
        for path in
            ["", "  ", "/", "//", "/.", "/etc/*", "/a/?b", "/a[1]", "a/b", "/a/../..", "/a\nb"]
        {
            assert!(matches!(check("path", path), Err(ModuleError::Refused { .. })), "{path:?}");
        }
    }

    #[test]
    fn a_good_path_loses_only_what_is_superfluous() {
        assert_eq!(check("path", "/var//lib/./etcd/").unwrap(), "/var/lib/etcd");
    }

    #[test]
    fn system_directories_are_not_removable() {
        assert!(check_removable("/var/lib").is_err());
        assert!(check_removable("/var/lib/etcd").is_ok());
    }
}
