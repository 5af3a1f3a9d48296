//! What a task can do: one file a module, each needs only POSIX `sh` and coreutils on the host.
//!
//! A module looks before it changes, tells `changed` truly, and under check mode looks and writes
//! nothing. Adding one is one new file and one line in [`REGISTRY`].

mod account_lines;
mod add_host;
mod apt;
mod args;
mod assert;
mod async_status;
mod attributes;
mod blockinfile;
mod command;
mod context;
mod copy;
mod debug;
mod delimiters;
pub mod diff;
mod edit;
mod etcd_config;
mod etcd_health;
mod etcd_member;
mod etcd_restore;
mod etcd_snapshot;
mod etcdctl;
mod fail;
mod fetch;
mod file;
mod find;
mod get_url;
mod group;
mod group_by;
mod host_script;
mod hostname;
mod http;
mod include_vars;
mod ini_file;
mod lineinfile;
mod look;
mod meta;
mod mode;
mod modprobe;
mod mount;
mod outcome;
mod package;
mod paths;
mod pattern;
mod pause;
mod peer_copy;
mod ping;
mod pki;
mod raw;
mod reboot;
mod replace;
mod script;
mod seen;
mod service;
mod service_facts;
mod set_fact;
mod setup;
mod shell;
mod slurp;
mod source;
mod stat;
mod sysctl;
mod tempfile;
mod template;
mod unarchive;
mod uri;
mod user;
mod validate;
mod wait_for;
mod wait_for_connection;
mod write;

pub use add_host::GROW;
pub use args::{Args, Parameter};
pub use async_status::job_dir;
pub use context::{Context, NoTemplates, Peers, TemplateOptions, Templates};
pub use outcome::{ModuleError, Outcome};
pub use set_fact::{CACHEABLE, FACTS};
pub use setup::fact_variables;

use async_trait::async_trait;

/// One module.
#[async_trait]
pub trait Module: Sync + Send {
    /// Its short name. `ansible.builtin.NAME` and the name with its collection name it as well.
    fn name(&self) -> &'static str;

    /// The collection it is from, for its long name.
    fn collection(&self) -> &'static str {
        "ansible.builtin"
    }

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
    &add_host::AddHost,
    &apt::Apt,
    &assert::Assert,
    &async_status::AsyncStatus,
    &blockinfile::BlockInFile,
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
    &find::Find,
    &setup::Setup("gather_facts"),
    &get_url::GetUrl,
    &group::Group,
    &group_by::GroupBy,
    &hostname::Hostname,
    &include_vars::IncludeVars,
    &ini_file::IniFile,
    &lineinfile::LineInFile,
    &meta::Meta,
    &modprobe::Modprobe,
    &mount::Mount,
    &package::Package,
    &pause::Pause,
    &peer_copy::PeerCopy,
    &ping::Ping,
    &pki::Pki,
    &raw::Raw,
    &reboot::Reboot,
    &replace::Replace,
    &script::Script,
    &service::Service("service"),
    &service_facts::ServiceFacts,
    &set_fact::SetFact,
    &setup::Setup("setup"),
    &shell::Shell,
    &slurp::Slurp,
    &stat::Stat,
    &sysctl::Sysctl,
    &service::Service("systemd"),
    &service::Service("systemd_service"),
    &tempfile::TempFile,
    &template::Template,
    &unarchive::Unarchive,
    &uri::Uri,
    &user::User,
    &wait_for::WaitFor,
    &wait_for_connection::WaitForConnection,
];

/// The module of that name: alone, with its collection, or with `ansible.builtin.`, from where
/// Ansible leads to the collection that has it now.
pub fn find(name: &str) -> Option<&'static dyn Module> {
    let (collection, short) = name.rsplit_once('.').unwrap_or(("ansible.builtin", name));
    let module = REGISTRY.iter().copied().find(|module| module.name() == short)?;
    let known = ["ansible.builtin", "ansible.legacy", module.collection()];
    known.contains(&collection).then_some(module)
}

#[cfg(test)]
mod tests;
