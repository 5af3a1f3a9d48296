//! What a playbook is loaded with, beside its files.

use super::catalog::Catalog;
use crate::vault::Vault;
use std::path::PathBuf;

/// What a playbook is loaded with.
#[derive(Clone)]
pub struct Means {
    /// The modules that there are.
    pub catalog: &'static dyn Catalog,
    /// Where roles are looked for, beside the playbook's own `roles`.
    pub roles_path: Vec<PathBuf>,
    /// What opens encrypted files.
    pub vault: Vault,
}

impl<C: Catalog> From<&'static C> for Means {
    fn from(catalog: &'static C) -> Self {
        Self { catalog, roles_path: Vec::new(), vault: Vault::default() }
    }
}
