//! `set_fact`: variables of the host for the rest of the run.

use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use async_trait::async_trait;
use serde_json::Value;

/// The key under which an outcome carries variables that the host keeps.
pub const FACTS: &str = "ansible_facts";

/// The key under which an outcome says that the variables are facts as well.
pub const CACHEABLE: &str = "_ansible_facts_cacheable";

/// The module.
#[derive(Debug)]
pub(super) struct SetFact;

#[async_trait]
impl Module for SetFact {
    fn name(&self) -> &'static str {
        "set_fact"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::optional("cacheable")] }
    }

    fn takes_any(&self) -> bool {
        true
    }

    async fn run(&self, _context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let cacheable = args.boolean("cacheable", false)?;
        let mut facts = args.0.clone();
        facts.remove("cacheable");
        if facts.is_empty() {
            return Err(ModuleError::Failed("no variable is given".to_owned()));
        }
        for name in facts.keys() {
            let rest = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(rest) {
                return Err(ModuleError::Argument {
                    name: name.clone(),
                    reason: "is not a name that a variable can have".to_owned(),
                });
            }
        }
        let outcome = Outcome::default().with(FACTS, Value::Object(facts));
        Ok(if cacheable { outcome.with(CACHEABLE, true) } else { outcome })
    }
}
