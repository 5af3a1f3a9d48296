//! What integration tests share. A test that uses it says `mod support;`.

#![allow(dead_code, reason = "each test binary uses its own part")]

pub(crate) mod dropbear;
pub(crate) mod modules;
pub(crate) mod sshd;
