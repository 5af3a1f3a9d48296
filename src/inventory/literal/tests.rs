use super::value;
use serde_json::{Value, json};

#[test]
fn literals_are_python_s() {
    let cases: [(&str, Value); 40] = [
        ("", json!("")),
        ("5", json!(5)),
        ("-5", json!(-5)),
        ("+ 5", json!(5)),
        ("--5", json!("--5")),
        ("010", json!("010")),
        ("00", json!(0)),
        ("0o17", json!(15)),
        ("0x_ff", json!(255)),
        ("1_000", json!(1000)),
        ("1__0", json!("1__0")),
        ("1.50", json!(1.5)),
        ("1e3", json!(1000.0)),
        (".5", json!(0.5)),
        ("10.0.0.1", json!("10.0.0.1")),
        ("yes", json!("yes")),
        ("True", json!(true)),
        ("true", json!("true")),
        ("None", Value::Null),
        ("'a' \"b\"", json!("ab")),
        ("'a", json!("'a")),
        (r"'\x41\t\q'", json!("A\t\\q")),
        (r"r'\n'", json!("\\n")),
        ("b'x'", json!({"__ansible_unsafe": "x"})),
        ("f'x'", json!("f'x'")),
        ("1,2", json!([1, 2])),
        ("1,", json!([1])),
        ("(1)", json!(1)),
        ("()", json!([])),
        ("[1, 'a', [True]]", json!([1, "a", [true]])),
        ("[1 2]", json!("[1 2]")),
        ("{'a': {1: None}}", json!({"a": {"1": null}})),
        ("{1, 1, 2}", json!([1, 2])),
        ("{}", json!({})),
        ("{{ x }}", json!("{{ x }}")),
        ("5 # five", json!(5)),
        ("a # b", json!("a # b")),
        ("[1, 2,] # l", json!([1, 2])),
        ("12345678901234567890123", json!("12345678901234567890123")),
        ("...", json!("...")),
    ];
    for (text, expected) in cases {
        assert_eq!(value(text), Ok(expected), "{text}");
    }
}

#[test]
fn what_python_cannot_use_as_a_key_is_refused() {
    assert!(value("{{'a'}}").is_err());
    assert!(value("{[1]: 2}").is_err());
    assert_eq!(value("{(1, 2): 3}").unwrap(), json!({"[1,2]": 3}));
}

#[test]
fn deep_nesting_stays_text() {
    let text = "[".repeat(10_000);
    assert_eq!(value(&text), Ok(Value::String(text.clone())));
}
