//! `group_by`: puts the host into a group that is made for it.

use super::add_host::{GROW, group};
use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use async_trait::async_trait;

/// The module.
#[derive(Debug)]
pub(super) struct GroupBy;

#[async_trait]
impl Module for GroupBy {
    fn name(&self) -> &'static str {
        "group_by"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::required("key"), Parameter::optional("parents")] }
    }

    async fn run(&self, _context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        // As in Ansible, a blank cannot be part of a group's name.
        let name = |text: &String| text.replace(' ', "-");
        let key = name(&args.required_text("key")?);
        let mut parents: Vec<String> = args.list("parents")?.iter().map(name).collect();
        if parents.is_empty() {
            parents.push("all".to_owned());
        }
        let mut outcome = Outcome::default()
            .with("add_group", key.as_str())
            .with("parent_groups", parents.clone());
        outcome.values.insert(GROW.to_owned(), group(&key, &parents));
        Ok(outcome)
    }
}
