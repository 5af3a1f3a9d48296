//! What a task can do: one file a module, each needs only POSIX `sh` and coreutils on the host.
//!
//! A module looks before it changes, tells `changed` truly, and under check mode looks and writes
//! nothing. Adding one is one new file and one line in [`REGISTRY`].

mod args;
mod assert;
mod attributes;
mod command;
mod context;
mod copy;
mod debug;
mod diff;
mod etcd_config;
mod etcd_health;
mod etcd_member;
mod etcd_restore;
mod etcd_snapshot;
mod etcdctl;
mod fail;
mod fetch;
mod file;
mod host_script;
mod lineinfile;
mod look;
mod meta;
mod outcome;
mod paths;
mod pause;
mod peer_copy;
mod ping;
mod pki;
mod raw;
mod service;
mod set_fact;
mod shell;
mod slurp;
mod stat;
mod template;
mod wait_for;
mod write;

pub use args::{Args, Parameter};
pub use context::{Context, NoTemplates, Peers, TemplateOptions, Templates};
pub use meta::META;
pub use outcome::{ModuleError, Outcome};
pub use set_fact::FACTS;

use async_trait::async_trait;

/// One module.
#[async_trait]
pub trait Module: Sync + Send {
    /// Its short name. `ansible.builtin.NAME` names it as well.
    fn name(&self) -> &'static str;

    /// What it takes; anything else is refused when the playbook is loaded.
    fn parameters(&self) -> &'static [Parameter];

    /// Whether its one free-form argument may be written without a name, as `command: id`.
    fn free_form(&self) -> Option<&'static str> {
        None
    }

    /// Whether it takes arguments of any name beside [`Module::parameters`], as `set_fact` does.
    fn takes_any(&self) -> bool {
        false
    }

    /// The exact commands it would send, for the plan; empty when that depends on what it finds.
    fn preview(&self, _args: &Args) -> Vec<String> {
        Vec::new()
    }

    /// Looks, changes what has to be changed unless [`Context::check`], and says what it did.
    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError>;
}

/// Every module, sorted by name.
pub static REGISTRY: &[&dyn Module] = &[
    &assert::Assert,
    &command::Command,
    &copy::Copy,
    &debug::Debug,
    &etcd_config::EtcdConfig,
    &etcd_health::EtcdHealth,
    &etcd_member::EtcdMember,
    &etcd_restore::EtcdRestore,
    &etcd_snapshot::EtcdSnapshot,
    &fail::Fail,
    &fetch::Fetch,
    &file::File,
    &lineinfile::LineInFile,
    &meta::Meta,
    &pause::Pause,
    &peer_copy::PeerCopy,
    &ping::Ping,
    &pki::Pki,
    &raw::Raw,
    &service::Service("service"),
    &set_fact::SetFact,
    &shell::Shell,
    &slurp::Slurp,
    &stat::Stat,
    &service::Service("systemd"),
    &service::Service("systemd_service"),
    &template::Template,
    &wait_for::WaitFor,
];

/// The module of that name, with or without `ansible.builtin.`.
pub fn find(name: &str) -> Option<&'static dyn Module> {
    let short = name.strip_prefix("ansible.builtin.").unwrap_or(name);
    REGISTRY.iter().copied().find(|module| module.name() == short)
}

#[cfg(test)]
mod tests;
