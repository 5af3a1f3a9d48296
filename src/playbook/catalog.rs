//! What the loader and the planner have to know about modules. They stand above this one.

use serde_json::{Map, Value};

/// The modules that there are.
pub trait Catalog: Sync {
    /// The module of that short name.
    fn find(&self, name: &str) -> Option<Signature>;

    /// Every module's short name.
    fn names(&self) -> Vec<&'static str>;

    /// The lookups that `with_NAME` may name.
    fn lookups(&self) -> Vec<&'static str>;

    /// The exact commands that a module would send with these rendered arguments; empty when that
    /// depends on what it finds.
    fn preview(&self, module: &str, args: &Map<String, Value>) -> Vec<String>;
}

/// What a module takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Its short name.
    pub name: &'static str,
    /// Its arguments.
    pub parameters: Vec<ParameterShape>,
    /// The argument that may be written without a name.
    pub free_form: Option<&'static str>,
    /// Whether it takes arguments of any name.
    pub takes_any: bool,
}

/// One argument of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParameterShape {
    /// Its name.
    pub name: &'static str,
    /// Other names of it.
    pub aliases: &'static [&'static str],
    /// Whether it has to be given.
    pub required: bool,
    /// The values it may have; empty when any.
    pub choices: &'static [&'static str],
    /// What to do instead, when it is refused or given another value.
    pub hint: Option<&'static str>,
}
