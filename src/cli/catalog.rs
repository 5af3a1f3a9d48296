//! What the loader and the planner see of the modules.

use crate::modules::{self, Args};
use crate::playbook::{Catalog, ParameterShape, Signature};
use serde_json::{Map, Value};

/// Every module of [`modules::REGISTRY`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Modules;

impl Catalog for Modules {
    fn find(&self, name: &str) -> Option<Signature> {
        let module = modules::find(name)?;
        let parameters = module.parameters().iter().map(|parameter| ParameterShape {
            name: parameter.name,
            aliases: parameter.aliases,
            required: parameter.required,
            choices: parameter.choices,
            hint: parameter.hint,
        });
        Some(Signature {
            name: module.name(),
            parameters: parameters.collect(),
            free_form: module.free_form(),
            takes_any: module.takes_any(),
        })
    }

    fn names(&self) -> Vec<&'static str> {
        modules::REGISTRY.iter().map(|module| module.name()).collect()
    }

    fn lookups(&self) -> Vec<&'static str> {
        crate::template::lookups()
    }

    fn preview(&self, module: &str, args: &Map<String, Value>) -> Vec<String> {
        modules::find(module).map(|module| module.preview(&Args(args.clone()))).unwrap_or_default()
    }
}
