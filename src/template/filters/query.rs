//! `json_query` of community.general: JMESPath.

use crate::template::call::{Arguments, Plugin, plugin};
use crate::template::lazy::{data, to_json};
use crate::template::value::refuse;
use minijinja::{Error, Value};

pub(super) const FILTERS: &[Plugin] = &[plugin("json_query", &["expr"], json_query)];

fn json_query(call: &Arguments<'_>) -> Result<Value, Error> {
    let text = call.text("expr")?;
    let failed = |error: jmespath::JmespathError| {
        refuse(format!("the query `{text}` fails: {}", error.reason))
    };
    let query = jmespath::compile(&text).map_err(failed)?;
    let found = query.search(to_json(&call.input)?).map_err(failed)?;
    let found = serde_json::to_value(found).map_err(|error| refuse(error.to_string()))?;
    Ok(data(&found))
}
