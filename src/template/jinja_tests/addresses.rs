//! Tests of addresses, of ansible.utils; there are none without the collection's name.

use crate::template::addresses::Address;
use crate::template::call::{Arguments, Plugin, plugin};
use minijinja::Value;

pub(super) const TESTS: &[Plugin] = &[
    plugin("ansible.utils.ip", &[], |call| Ok(is(call, |_| true))),
    plugin("ansible.utils.ip_address", &[], |call| Ok(is(call, is_alone))),
    plugin("ansible.utils.ipv4", &[], |call| Ok(is(call, |address| address.version() == 4))),
    plugin("ansible.utils.ipv4_address", &[], |call| {
        Ok(is(call, |address| address.version() == 4 && is_alone(address)))
    }),
    plugin("ansible.utils.ipv6", &[], |call| Ok(is(call, |address| address.version() == 6))),
    plugin("ansible.utils.ipv6_address", &[], |call| {
        Ok(is(call, |address| address.version() == 6 && is_alone(address)))
    }),
];

fn is_alone(address: &Address) -> bool {
    address.written_prefix.is_none()
}

/// An address, or a network written with its first address.
fn is(call: &Arguments<'_>, fits: fn(&Address) -> bool) -> Value {
    let address = call.input.as_str().and_then(Address::read);
    let strict = |address: &Address| is_alone(address) || address.is_first();
    Value::from(address.filter(strict).is_some_and(|address| fits(&address)))
}
