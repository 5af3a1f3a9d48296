//! The transport against real OpenSSH servers, with the real sudo, su and doas. Needs root.

#[cfg(test)]
mod auth;
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod command;
#[cfg(test)]
mod files;
#[cfg(test)]
mod help;
#[cfg(test)]
mod host_keys;
#[cfg(test)]
mod jump;
#[cfg(test)]
mod odd_hosts;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod run_as;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod ssh_config;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
