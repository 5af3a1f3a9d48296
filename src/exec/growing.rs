//! `add_host` and `group_by`: what a task adds to the inventory of this run.

use super::services::Services;
use super::variables::NewHost;
use crate::modules::{GROW, Outcome};
use serde_json::Value;

/// Adds what the module asks for, and says whether that changed anything.
pub(super) fn grow(services: &Services, host: &str, outcome: &mut Outcome) {
    let Some(Value::Object(wanted)) = outcome.values.remove(GROW) else { return };
    let texts = |name: &str| -> Vec<String> {
        let list = wanted.get(name).and_then(Value::as_array);
        let texts = list.into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    };
    let text = |name: &str| wanted.get(name).and_then(Value::as_str).unwrap_or_default();
    outcome.changed = if wanted.contains_key("host_name") {
        let variables = wanted.get("host_vars").and_then(Value::as_object).cloned();
        services.variables.add_host(&NewHost {
            name: text("host_name").to_owned(),
            groups: texts("groups"),
            variables: variables.unwrap_or_default(),
        })
    } else {
        services.variables.add_to_group(host, text("group"), &texts("parents"))
    };
}
