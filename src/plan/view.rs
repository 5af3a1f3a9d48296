//! The plan as data, and its hash.

use super::model::Plan;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The plan as one JSON value: what `rrecover plan --output json` prints and the journal keeps.
pub fn view(plan: &Plan) -> Value {
    // Nothing in a plan can fail to be data: no maps with keys other than strings, no NaN.
    serde_json::to_value(plan).unwrap_or_else(|error| json!({"error": error.to_string()}))
}

/// SHA-256 of [`view`], hexadecimal: two plans with the same hash do the same.
pub fn hash(plan: &Plan) -> String {
    hex::encode(Sha256::digest(view(plan).to_string().as_bytes()))
}
