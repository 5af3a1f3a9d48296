//! Tests of what tasks registered.

use crate::template::call::{Arguments, Plugin, plugin};
use crate::template::value::{entry, is_list, is_map, items, refuse, truth, type_name};
use minijinja::{Error, Value};

pub(super) const TESTS: &[Plugin] = &[
    plugin("change", &[], |call| changed(call).map(Value::from)),
    plugin("changed", &[], |call| changed(call).map(Value::from)),
    plugin("failed", &[], |call| flag(call, "failed", false).map(Value::from)),
    plugin("failure", &[], |call| flag(call, "failed", false).map(Value::from)),
    plugin("finished", &[], |call| flag(call, "finished", true).map(Value::from)),
    plugin("reachable", &[], |call| flag(call, "unreachable", false).map(|no| Value::from(!no))),
    plugin("skip", &[], |call| flag(call, "skipped", false).map(Value::from)),
    plugin("skipped", &[], |call| flag(call, "skipped", false).map(Value::from)),
    plugin("started", &[], |call| flag(call, "started", true).map(Value::from)),
    plugin("succeeded", &[], |call| flag(call, "failed", false).map(|no| Value::from(!no))),
    plugin("success", &[], |call| flag(call, "failed", false).map(|no| Value::from(!no))),
    plugin("successful", &[], |call| flag(call, "failed", false).map(|no| Value::from(!no))),
    plugin("timedout", &[], |call| {
        result(call)?;
        let timed_out = entry(&call.input, &Value::from("timedout")).filter(is_map);
        let period = timed_out.and_then(|found| entry(&found, &Value::from("period")));
        Ok(Value::from(period.is_some_and(|period| period.is_true())))
    }),
    plugin("unreachable", &[], |call| flag(call, "unreachable", false).map(Value::from)),
];

fn result(call: &Arguments<'_>) -> Result<(), Error> {
    if is_map(&call.input) {
        return Ok(());
    }
    let found = type_name(&call.input);
    Err(refuse(format!("only results of tasks are tested for `{}`, not `{found}`", call.name())))
}

fn flag(call: &Arguments<'_>, name: &str, default: bool) -> Result<bool, Error> {
    result(call)?;
    entry(&call.input, &Value::from(name)).map_or(Ok(default), |value| truth(&value))
}

/// Whether the task changed something; the result of a loop, whether one of its items did.
fn changed(call: &Arguments<'_>) -> Result<bool, Error> {
    result(call)?;
    let own = entry(&call.input, &Value::from("changed"));
    let results = entry(&call.input, &Value::from("results")).filter(is_list);
    let (None, Some(results)) = (&own, results) else {
        return own.map_or(Ok(false), |value| truth(&value));
    };
    for one in items(&results)? {
        let changed = entry(&one, &Value::from("changed"));
        if changed.is_some_and(|changed| changed.is_true()) {
            return Ok(true);
        }
    }
    Ok(false)
}
