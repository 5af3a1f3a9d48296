//! The transport against real OpenSSH servers, with the real sudo, su and doas. Needs root.

#[cfg(test)]
mod auth;
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
mod run_as;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
