//! One encrypted value among variables.

use crate::error::Location;
use serde_json::{Map, Value, json};

/// The key under which encrypted text stands; the spelling of `ansible-inventory --list`.
pub const VAULT_KEY: &str = "__ansible_vault";
/// The key that says where it was written.
const PLACE_KEY: &str = "__place";

/// An encrypted value, and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// From `$ANSIBLE_VAULT` on.
    pub text: String,
    /// Where it stands; what an inventory script printed stands nowhere.
    pub location: Option<Location>,
}

impl Sealed {
    /// The sealed value in `value`, when it is one.
    pub fn of(value: &Value) -> Option<Self> {
        let entries = value.as_object()?;
        let text = entries.get(VAULT_KEY)?.as_str()?.to_owned();
        let location = match entries.get(PLACE_KEY) {
            Some(place) if entries.len() == 2 => Some(Location::new(
                place[0].as_str()?,
                place[1].as_u64()?.try_into().ok()?,
                place[2].as_u64()?.try_into().ok()?,
            )),
            None if entries.len() == 1 => None,
            _ => return None,
        };
        Some(Self { text, location })
    }

    /// As data among other variables.
    pub fn value(&self) -> Value {
        let mut entries = Map::new();
        entries.insert(VAULT_KEY.to_owned(), Value::from(self.text.as_str()));
        if let Some(at) = &self.location {
            entries.insert(PLACE_KEY.to_owned(), json!([at.file, at.line, at.column]));
        }
        Value::Object(entries)
    }

    /// Where to look when it does not open.
    pub(super) fn place(&self) -> Location {
        self.location.clone().unwrap_or_else(|| Location::new("<inventory script>", 1, 1))
    }
}
