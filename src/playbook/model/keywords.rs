//! What plays and blocks hand down to tasks.

use super::Templated;

/// Keywords that plays and blocks hand down to tasks. What is `None` was not written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Keywords {
    /// Whether commands run as another user.
    pub r#become: Option<Templated>,
    /// Which user.
    pub become_user: Option<Templated>,
    /// By which program: `sudo`, `su`, `doas`.
    pub become_method: Option<Templated>,
    /// With which further arguments.
    pub become_flags: Option<Templated>,
    /// What is called instead of that program.
    pub become_exe: Option<Templated>,
    /// Who logs in.
    pub remote_user: Option<Templated>,
    /// The port of the host's sshd.
    pub port: Option<Templated>,
    /// How the host is reached: `ssh` or `local`.
    pub connection: Option<Templated>,
    /// Environments, the outermost first; later ones win.
    pub environment: Vec<Templated>,
    /// Tags; those of blocks included, not the play's.
    pub tags: Vec<String>,
    /// Whether a failure is noted and passed over.
    pub ignore_errors: Option<Templated>,
    /// Whether an unreachable host is noted and passed over.
    pub ignore_unreachable: Option<Templated>,
    /// Whether it runs on the first host only, for all.
    pub run_once: Option<Templated>,
    /// Check mode, whatever the command line says.
    pub check_mode: Option<Templated>,
    /// Diff mode, whatever the command line says.
    pub diff: Option<Templated>,
    /// Whether arguments and results are secret.
    pub no_log: Option<Templated>,
    /// Seconds that the task may take.
    pub timeout: Option<Templated>,
    /// How many hosts at once.
    pub throttle: Option<Templated>,
    /// Whether a failure on one host ends the play on all hosts.
    pub any_errors_fatal: Option<Templated>,
}

impl Keywords {
    /// What an outer block or play hands down, with what is written here on top.
    #[must_use]
    pub fn under(&self, outer: &Self) -> Self {
        let pick = |own: &Option<Templated>, handed: &Option<Templated>| {
            own.as_ref().or(handed.as_ref()).cloned()
        };
        let mut tags = outer.tags.clone();
        tags.extend(self.tags.iter().filter(|tag| !outer.tags.contains(tag)).cloned());
        Self {
            r#become: pick(&self.r#become, &outer.r#become),
            become_user: pick(&self.become_user, &outer.become_user),
            become_method: pick(&self.become_method, &outer.become_method),
            become_flags: pick(&self.become_flags, &outer.become_flags),
            become_exe: pick(&self.become_exe, &outer.become_exe),
            remote_user: pick(&self.remote_user, &outer.remote_user),
            port: pick(&self.port, &outer.port),
            connection: pick(&self.connection, &outer.connection),
            environment: [outer.environment.clone(), self.environment.clone()].concat(),
            tags,
            ignore_errors: pick(&self.ignore_errors, &outer.ignore_errors),
            ignore_unreachable: pick(&self.ignore_unreachable, &outer.ignore_unreachable),
            run_once: pick(&self.run_once, &outer.run_once),
            check_mode: pick(&self.check_mode, &outer.check_mode),
            diff: pick(&self.diff, &outer.diff),
            no_log: pick(&self.no_log, &outer.no_log),
            timeout: pick(&self.timeout, &outer.timeout),
            throttle: pick(&self.throttle, &outer.throttle),
            any_errors_fatal: pick(&self.any_errors_fatal, &outer.any_errors_fatal),
        }
    }
}
