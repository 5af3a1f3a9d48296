//! YAML in and out.

use crate::template::call::{Arguments, Plugin, plugin};
use crate::template::lazy::{data, to_json};
use crate::template::value::{list, none, refuse};
use crate::yaml::{Layout, parse, write};
use minijinja::{Error, Value};

pub(super) const FILTERS: &[Plugin] = &[
    plugin("from_yaml", &[], |call| {
        let mut documents = documents(call)?;
        match documents.len() {
            0 => Ok(none()),
            1 => Ok(documents.remove(0)),
            _ => Err(refuse("there are several documents; use `from_yaml_all`")),
        }
    }),
    plugin("from_yaml_all", &[], |call| documents(call).map(list)),
    plugin("to_nice_yaml", OPTIONS, |call| {
        let default = Layout { indent: 4, flow: Some(false), ..Layout::default() };
        to_yaml(call, default)
    }),
    plugin("to_yaml", OPTIONS, |call| to_yaml(call, Layout::default())),
];

const OPTIONS: &[&str] = &[
    "indent?",
    "default_flow_style?",
    "width?",
    "sort_keys?",
    "explicit_start?",
    "explicit_end?",
    "default_style?",
];

fn documents(call: &Arguments<'_>) -> Result<Vec<Value>, Error> {
    if call.input.is_none() {
        return Ok(Vec::new());
    }
    let nodes = parse("YAML", call.input_str()?).map_err(|problem| refuse(problem.to_string()))?;
    Ok(nodes.iter().map(|node| data(&node.value())).collect())
}

fn to_yaml(call: &Arguments<'_>, mut layout: Layout) -> Result<Value, Error> {
    if let Some(indent) = call.count("indent")?.filter(|indent| (2..10).contains(indent)) {
        layout.indent = indent;
    }
    if let Some(flow) = call.get("default_flow_style") {
        layout.flow = if flow.is_none() { None } else { Some(flow.is_true()) };
    }
    if let Some(width) = call.some("width") {
        layout.width = match call.count("width") {
            Ok(Some(width)) => width,
            // An infinite width is written as a float.
            _ if crate::template::numbers::Number::of(width).is_some() => usize::MAX,
            _ => return Err(refuse("`width` must be a number")),
        };
    }
    if layout.width <= layout.indent * 2 {
        layout.width = 80;
    }
    layout.sort = call.flag("sort_keys", true)?;
    layout.start = call.flag("explicit_start", false)?;
    layout.end = call.flag("explicit_end", false)?;
    if call.some("default_style").is_some() {
        return Err(refuse("`default_style` is not supported; leave it out"));
    }
    Ok(Value::from(write(&to_json(&call.input)?, &layout)))
}
