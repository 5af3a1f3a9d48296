//! Real etcd: snapshot files, and clusters as the probes see them, with 3.4 and with 3.5.
//!
//! The programs come from `tests/tools/etcd.sh`, which fetches them once.

#[cfg(test)]
mod cluster;
#[cfg(test)]
mod probe;
#[cfg(test)]
mod snapshot;
#[cfg(test)]
mod ssh;
#[cfg(test)]
mod support;
