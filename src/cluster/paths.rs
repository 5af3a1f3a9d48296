//! Where Kubespray puts etcd on a host (DOMAIN 2.3).

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where etcd's parts are on one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EtcdPaths {
    /// The data directory, `etcd_data_dir`.
    pub data_dir: String,
    /// The unit's environment file.
    pub env_file: String,
    /// The certificates, `etcd_cert_dir`.
    pub cert_dir: String,
    /// Where the programs are looked for before `PATH`, `bin_dir`.
    pub bin_dir: String,
    /// The systemd unit.
    pub unit: String,
}

impl Default for EtcdPaths {
    fn default() -> Self {
        Self {
            data_dir: "/var/lib/etcd".to_owned(),
            env_file: "/etc/etcd.env".to_owned(),
            cert_dir: "/etc/ssl/etcd/ssl".to_owned(),
            bin_dir: "/usr/local/bin".to_owned(),
            unit: "etcd".to_owned(),
        }
    }
}

/// A variable that cannot be a directory that we read and move things in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{variable}` must be an absolute path below `/`, not `{value}`")]
pub struct PathError {
    /// The variable.
    pub variable: &'static str,
    /// What it rendered to.
    pub value: String,
}

impl EtcdPaths {
    /// The paths that the rendered variables of a host name, Kubespray's defaults for the rest.
    /// `variable` gives the rendered value of a variable, `None` when it is not defined.
    ///
    /// Refuses what is not an absolute path below `/`, has `..` in it, or holds a glob or a line
    /// break: these directories are moved about later.
    pub fn from_variables(variable: impl Fn(&str) -> Option<Value>) -> Result<Self, PathError> {
        let directory = |name: &'static str, default: String| match variable(name) {
            None | Some(Value::Null) => Ok(default),
            Some(Value::String(text)) => checked(name, &text),
            Some(other) => Err(PathError { variable: name, value: other.to_string() }),
        };
        let default = Self::default();
        Ok(Self {
            data_dir: directory("etcd_data_dir", default.data_dir)?,
            cert_dir: directory("etcd_cert_dir", default.cert_dir)?,
            bin_dir: directory("bin_dir", default.bin_dir)?,
            env_file: default.env_file,
            unit: default.unit,
        })
    }
}

fn checked(variable: &'static str, text: &str) -> Result<String, PathError> {
    let path = text.trim_end_matches('/');
    let usable = path.len() > 1
        && path.starts_with('/')
        && !path.split('/').any(|part| part == "..")
        && !path.contains(|c: char| "*?[".contains(c) || c.is_control());
    if usable { Ok(path.to_owned()) } else { Err(PathError { variable, value: text.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &str) -> Result<EtcdPaths, PathError> {
        let value = Value::String(value.to_owned());
        EtcdPaths::from_variables(|wanted| (wanted == name).then(|| value.clone()))
    }

    #[test]
    fn without_variables_kubesprays_defaults_hold() {
        let paths = EtcdPaths::from_variables(|_| None).unwrap();
        assert_eq!(paths, EtcdPaths::default());
    }

    #[test]
    fn rendered_variables_win_and_lose_trailing_slashes() {
        assert_eq!(with("etcd_data_dir", "/data/etcd/").unwrap().data_dir, "/data/etcd");
        assert_eq!(with("etcd_cert_dir", "/c").unwrap().cert_dir, "/c");
        assert_eq!(with("bin_dir", "/opt/bin").unwrap().bin_dir, "/opt/bin");
    }

    #[test]
    fn paths_that_could_hit_everything_are_refused() {
        for value in ["", "/", "//", "var/lib/etcd", "/var/*", "/a/../b", "/a\nb", "/a[0]"] {
            let error = with("etcd_data_dir", value).unwrap_err();
            assert_eq!(error.variable, "etcd_data_dir", "{value}");
        }
    }

    #[test]
    fn a_value_that_is_no_text_is_refused() {
        assert!(EtcdPaths::from_variables(|_| Some(Value::Bool(true))).is_err());
    }
}
