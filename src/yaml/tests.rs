use super::*;
use serde_json::json;

fn value(text: &str) -> Value {
    parse("t.yml", text).unwrap()[0].value()
}

#[test]
fn plain_scalars_follow_yaml_1_1() {
    let cases = [
        ("yes", json!(true)),
        ("Off", json!(false)),
        ("y", json!("y")),
        ("~", Value::Null),
        ("010", json!(8)),
        ("09", json!("09")),
        ("0x1F", json!(31)),
        ("0b101", json!(5)),
        ("1_000", json!(1000)),
        ("-5", json!(-5)),
        ("1:30", json!(90)),
        ("22:70", json!("22:70")),
        ("1.5", json!(1.5)),
        ("1.", json!(1.0)),
        (".5", json!(0.5)),
        ("1e3", json!("1e3")),
        ("1.0e+3", json!(1000.0)),
        ("1.2.3", json!("1.2.3")),
        ("10.0.0.1", json!("10.0.0.1")),
        ("2001-01-01", json!("2001-01-01")),
        ("'yes'", json!("yes")),
        ("!!str 12", json!("12")),
    ];
    for (text, expected) in cases {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn own_keys_win_over_merged_ones_and_the_last_duplicate_wins() {
    let text = "a: &a {x: 1, y: 2}\nb:\n  y: 3\n  <<: *a\nc: {k: 1, k: 2}\n";
    assert_eq!(value(text), json!({"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}, "c": {"k": 2}}));
}

#[test]
fn only_a_merge_without_quotes_merges() {
    let text = "a: {'<<': {b: 1}}\nc: {!!str <<: {b: 1}}\nd: {<<: {b: 1}}\n";
    let kept = json!({"<<": {"b": 1}});
    assert_eq!(value(text), json!({"a": kept, "c": kept, "d": {"b": 1}}));
}

#[test]
fn mistakes_name_their_place() {
    let problem = parse("t.yml", "a: 1\nb: [1, 2\nc: 3\n").unwrap_err();
    assert_eq!(problem.location.unwrap().file, "t.yml");
}

#[test]
fn a_mistake_stands_inside_of_its_line() {
    let at = parse("t.yml", "%\"\u{2192}\"\u{2192}\0\"").unwrap_err().location.unwrap();
    assert_eq!(at.line, 1);
    assert!((1..=8).contains(&at.column), "{at}");
}

#[test]
fn nodes_keep_their_place_and_tags() {
    let nodes = parse("t.yml", "a: 1\nb: !vault |\n  $ANSIBLE\n").unwrap();
    let secret = nodes[0].get("b").unwrap();
    assert_eq!(secret.location.line, 2);
    assert_eq!(secret.kind, NodeKind::Tagged { tag: "!vault".into(), text: "$ANSIBLE\n".into() });
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut text = String::from("a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n");
    for level in 1..9 {
        let row = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{row}]\n"));
    }
    assert!(parse("t.yml", &text).unwrap_err().message.contains("too many"));
}
