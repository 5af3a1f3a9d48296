//! Tables: what a template gives.

use super::*;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

fn scope() -> Scope {
    let Value::Object(vars) = json!({
        "name": "node1",
        "port": 2379,
        "zero": 0,
        "ratio": 0.5,
        "on": true,
        "off": false,
        "nothing": null,
        "empty": "",
        "yes_text": "yes",
        "hosts": ["n2", "n1", "n3"],
        "nested": [[1, [2]], [3], null],
        "member": {"name": "etcd1", "peer_urls": ["https://10.0.0.1:2380"], "learner": false},
        "members": [
            {"name": "etcd1", "host": "n1", "healthy": true},
            {"name": "etcd2", "host": "n2", "healthy": false},
            {"name": "etcd3", "healthy": true},
        ],
        "bin_dir": "/usr/local/bin",
        "etcdctl": "{{ bin_dir }}/etcdctl",
        "command_line": "{{ etcdctl }} --endpoints={{ endpoints | join(',') }}",
        "endpoints": ["https://{{ name }}:{{ port }}", "https://n2:{{ port }}"],
        "list_of_templates": "{{ hosts | sort }}",
        "broken": "{{ missing_one }}/x",
        "broken_further": "{{ broken }}/y",
        "partly": {"good": "{{ name }}", "bad": "{{ missing_one }}"},
        "snake": "{{ tail }}",
        "tail": "{{ head }}",
        "head": "{{ snake }}",
        "result": {"rc": 0, "changed": true, "failed": false, "stdout": "a\nb", "skipped": false},
    }) else {
        unreachable!()
    };
    Scope::new(vars)
        .with("printed", "{{ name }}")
        .later(["later".to_owned()])
        .extend(serde_json::Map::from_iter([("needs_later".to_owned(), json!("{{ later.rc }}"))]))
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn templates_render_as_in_ansible() {
    let table: &[(&str, Value)] = &[
        ("plain", json!("plain")),
        ("{{ port }}", json!(2379)),
        ("{{ port }}\n", json!(2379)),
        (" {{ port }}", json!(" 2379")),
        ("{{ port }}{{ zero }}", json!("23790")),
        ("{{ name }}", json!("node1")),
        ("{{ name }}\n", json!("node1\n")),
        ("{{ on }}", json!(true)),
        ("is {{ on }} and {{ nothing }}", json!("is True and ")),
        ("{{ ratio }}", json!(0.5)),
        ("x{{ ratio * 2 }}", json!("x1.0")),
        ("{{ hosts }}", json!(["n2", "n1", "n3"])),
        ("-{{ hosts }}", json!("-['n2', 'n1', 'n3']")),
        (
            "-{{ member }}",
            json!("-{'name': 'etcd1', 'peer_urls': ['https://10.0.0.1:2380'], 'learner': False}"),
        ),
        ("-{{ [\"it's\"] }}", json!("-[\"it's\"]")),
        ("{{ etcdctl }}", json!("/usr/local/bin/etcdctl")),
        (
            "{{ command_line }}",
            json!("/usr/local/bin/etcdctl --endpoints=https://node1:2379,https://n2:2379"),
        ),
        ("{{ endpoints[1] }}", json!("https://n2:2379")),
        ("{{ endpoints | length }}", json!(2)),
        ("{{ list_of_templates }}", json!(["n1", "n2", "n3"])),
        ("{{ printed }}", json!("{{ name }}")),
        ("{{ partly.good }}", json!("node1")),
        ("{{ missing_one | default('x') }}", json!("x")),
        ("{{ missing_one | d(5) }}", json!(5)),
        ("{{ broken | default('x') }}", json!("x")),
        ("{{ a.b.c | default('x') }}", json!("x")),
        ("{{ member.peer['x'].y | default('x') }}", json!("x")),
        ("{{ member['name'] | default('x') }}", json!("etcd1")),
        ("{{ members[0].host | default('x') }}", json!("n1")),
        ("{{ (missing_one | default({})).host | default('x') }}", json!("x")),
        ("{{ empty | default('x') }}", json!("")),
        ("{{ empty | default('x', true) }}", json!("x")),
        ("{{ empty | default('x', boolean=True) }}", json!("x")),
        ("{{ 'yes' | bool }}", json!(true)),
        ("{{ 'nope' | bool }}", json!(false)),
        ("{{ '42' | int + 1 }}", json!(43)),
        ("{{ 'x' | int }}", json!(0)),
        ("{{ 'x' | int(default=7) }}", json!(7)),
        ("{{ 'ff' | int(base=16) }}", json!(255)),
        ("{{ '1.5' | float }}", json!(1.5)),
        ("{{ port | string }}", json!("2379")),
        ("{{ on | string }}", json!("True")),
        ("{{ 'AbC' | lower }}{{ 'AbC' | upper }}", json!("abcABC")),
        ("{{ 'node one' | capitalize }}", json!("Node one")),
        ("{{ '  x ' | trim }}", json!("x")),
        ("{{ hosts | length }}", json!(3)),
        ("{{ hosts | join(',') }}", json!("n2,n1,n3")),
        ("{{ [1, true, none] | join('-') }}", json!("1-True-None")),
        ("{{ members | join(' ', attribute='name') }}", json!("etcd1 etcd2 etcd3")),
        ("{{ 'a, b,c' | split(',') }}", json!(["a", " b", "c"])),
        ("{{ ' a  b ' | split }}", json!(["a", "b"])),
        ("{{ 'a-b' | replace('-', '_') }}", json!("a_b")),
        ("{{ 'etcd1' | regex_replace('^etcd(\\d+)$', 'node\\1') }}", json!("node1")),
        ("{{ 'etcd1' | regex_replace('(?P<n>\\d)', '<\\g<n>$>') }}", json!("etcd<1$>")),
        ("{{ 'v3.5.9-x' | regex_search('\\d+\\.\\d+') }}", json!("3.5")),
        ("{{ 'v3.5.9' | regex_search('(\\d+)\\.(\\d+)', '\\1', '\\2') }}", json!(["3", "5"])),
        ("{{ 'x' | regex_search('y') }}", Value::Null),
        ("{{ 'a1b22' | regex_findall('\\d+') }}", json!(["1", "22"])),
        ("{{ members | map(attribute='name') | list }}", json!(["etcd1", "etcd2", "etcd3"])),
        ("{{ hosts | map('upper') | list }}", json!(["N2", "N1", "N3"])),
        (
            "{{ hosts | map('regex_replace', '^n', 'node') | list }}",
            json!(["node2", "node1", "node3"]),
        ),
        ("{{ members | map(attribute='host', default='-') | join }}", json!("n1n2-")),
        ("{{ hosts | select('match', 'n[12]') | list }}", json!(["n2", "n1"])),
        ("{{ hosts | reject('equalto', 'n1') | list }}", json!(["n2", "n3"])),
        (
            "{{ members | selectattr('healthy') | map(attribute='name') | list }}",
            json!(["etcd1", "etcd3"]),
        ),
        (
            "{{ members | selectattr('host', 'defined') | map(attribute='name') | list }}",
            json!(["etcd1", "etcd2"]),
        ),
        (
            "{{ members | rejectattr('name', 'in', ['etcd1']) | map(attribute='name') | list }}",
            json!(["etcd2", "etcd3"]),
        ),
        ("{{ hosts | first }}{{ hosts | last }}", json!("n2n3")),
        ("{{ [3, 1, 2] | min }}{{ [3, 1, 2] | max }}", json!("13")),
        ("{{ hosts | sort(reverse=true) | first }}", json!("n3")),
        ("{{ ['b', 'a', 'b'] | unique }}", json!(["b", "a"])),
        ("{{ hosts | union(['n4', 'n1']) }}", json!(["n2", "n1", "n3", "n4"])),
        ("{{ hosts | intersect(['n3', 'n2']) }}", json!(["n2", "n3"])),
        ("{{ hosts | difference(['n2']) }}", json!(["n1", "n3"])),
        ("{{ nested | flatten }}", json!([1, 2, 3])),
        ("{{ nested | flatten(levels=1) }}", json!([1, [2], 3])),
        (
            "{{ member | combine({'name': 'etcd9'}) | dict2items | map(attribute='key') | list }}",
            json!(["name", "peer_urls", "learner"]),
        ),
        (
            "{{ {'a': {'b': 1}} | combine({'a': {'c': 2}}, recursive=True) }}",
            json!({"a": {"b": 1, "c": 2}}),
        ),
        ("{{ {'a': [1]} | combine({'a': [2]}, list_merge='append') }}", json!({"a": [1, 2]})),
        ("{{ [{'key': 'a', 'value': 1}] | items2dict }}", json!({"a": 1})),
        ("{{ on | ternary('a', 'b') }}{{ off | ternary('a', 'b') }}", json!("ab")),
        ("{{ 'snap shot' | b64encode }}", json!("c25hcCBzaG90")),
        ("{{ 'c25hcCBzaG90' | b64decode }}", json!("snap shot")),
        ("{{ '/var/lib/etcd' | basename }}", json!("etcd")),
        ("{{ '/var/lib/etcd' | dirname }}{{ '/etcd' | dirname }}", json!("/var/lib/")),
        ("{{ \"it's\" | quote }}", json!("'it'\"'\"'s'")),
        ("{{ 'plain/path' | quote }}", json!("plain/path")),
        ("{{ {'a': [1, 'é']} | to_json }}", json!("{\"a\": [1, \"\\u00e9\"]}")),
        ("{{ {'b': 1, 'a': 2} | to_nice_json }}", json!("{\n    \"a\": 2,\n    \"b\": 1\n}")),
        ("{{ ('{\"a\": [1]}' | from_json).a[0] }}", json!(1)),
        ("{{ result.stdout.splitlines() }}", json!(["a", "b"])),
        ("{{ name.startswith('node') }}", json!(true)),
        ("{{ member.keys() | list }}", json!(["name", "peer_urls", "learner"])),
        ("{% for h in hosts %}\n{{ h }}\n{% endfor %}", json!("n2\nn1\nn3\n")),
        ("{% if on %}{{ port }}{% endif %}", json!(2379)),
        ("{{ 'a' if on else 'b' }}", json!("a")),
        ("{{ 7 // 2 + 1 }}", json!(4)),
        ("{{ '%s-%02d' | format('n', 3) }}", json!("n-03")),
        ("{{ 'a' ~ 1 ~ true }}", json!("a1True")),
        ("{{ vars['name'] }}", json!("node1")),
        ("{{ 'a\\nb' }}", json!("a\\nb")),
        ("{% set x = 'a\\tb' %}{{ x }}", json!("a\tb")),
        ("a\\nb {{ 'c\\d' }}", json!("a\\nb c\\d")),
        ("{{ 'it\\'s' }}", json!("it\\'s")),
        ("{% raw %}{{ '\\d' }}{% endraw %}", json!("{{ '\\d' }}")),
        ("{# c #}", Value::Null),
        ("{{ nothing }}", Value::Null),
        ("a{{ none }}", json!("a")),
        ("x{{ [none, true] }}", json!("x[None, True]")),
        ("{{ 'a' ~ none }}{{ none | string }}", json!("aNoneNone")),
        ("{% if off %}x{% endif %}", Value::Null),
        ("{{ none | bool }}", json!(false)),
        ("x{{ [1.0, 1e20] }}", json!("x[1.0, 1e+20]")),
        ("{{ nothing.x | default('u') }}", json!("u")),
    ];
    let scope = scope();
    for (template, wanted) in table {
        match scope.render(template) {
            Ok(found) => assert_eq!(found, *wanted, "{template}"),
            Err(error) => panic!("{template}: {error}"),
        }
    }
}

#[test]
fn conditions_hold_or_do_not() {
    let table = [
        ("on", true),
        ("not on", false),
        ("{{ on }}", true),
        ("true", true),
        ("False", false),
        ("port == 2379 and name in ['node1']", true),
        ("missing_one is defined", false),
        ("missing_one is undefined", true),
        ("broken is defined", false),
        ("a.b.c is defined", false),
        ("member.name is defined", true),
        ("nothing is none", true),
        ("off and missing_one", false),
        ("on or later", true),
        ("off and later.rc == 0", false),
        ("result is succeeded", true),
        ("result is failed or result is skipped", false),
        ("result is changed", true),
        ("name is match('node')", true),
        ("name is match('ode')", false),
        ("name is search('ode')", true),
        ("name is match('node\\d')", true),
        ("name is match('node\\\\d')", true),
        ("'3.5.10' is version('3.5.9', '>=')", true),
        ("'v1.9' is version('v1.10', '<')", true),
        ("['n1'] is subset(hosts)", true),
        ("hosts | length > 2", true),
    ];
    let scope = scope();
    for (expression, wanted) in table {
        match scope.condition(expression) {
            Ok(found) => assert_eq!(found, wanted, "{expression}"),
            Err(error) => panic!("{expression}: {error}"),
        }
    }
}

#[test]
fn errors_name_the_variable_the_place_and_the_way() {
    let templates = [
        "{{ missing_one }}",
        "{{ nmae }}",
        "x {{ member.nam }}",
        "{{ member.a.b }}",
        "{{ broken_further }}",
        "{{ partly }}",
        "{{ endpoints[7] }}",
        "{{ snake }}",
        "{{ name | no_such }}",
        "{{ name | lowr }}",
        "{{ name is no_such }}",
        "{{ lookup('file', 'x') }}",
        "{{ name + 1 }}",
        "{{ name",
        "{% if %}",
        "{{ later }}",
        "{{ needs_later }}",
        "{{ later.rc | default(0) }}",
        "{{ later is defined }}",
        "{{ 'x' | regex_search('(') }}",
        "{{ name | password_hash }}",
        "{{ name | indent(widht=2) }}",
        "{{ lookup('fiel', 'x') }}",
        "a\nb\nc\nd\n{{ nmae }}\nf",
        "{{ {'a': 1} | combine(hosts) }}",
        "{{ nothing.x }}",
    ];
    let conditions =
        ["port", "name", "hosts", "nothing", "missing_one", "a b", "result.rc is changed"];
    let scope = scope();
    let mut shown = String::new();
    for (text, outcome) in templates
        .iter()
        .map(|text| (text, scope.render(text)))
        .chain(conditions.iter().map(|text| (text, scope.condition(text).map(Value::from))))
    {
        let error = outcome.expect_err(text);
        shown.push_str(&format!("{text}\n    {error}\n"));
        if let Some(hint) = error.hint() {
            shown.push_str(&format!("    hint: {hint}\n"));
        }
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn omit_leaves_keys_out() {
    let value =
        json!({"path": "/x", "owner": "{{ owner | default(omit) }}", "list": ["{{ omit }}", 1]});
    assert_eq!(scope().render_value(&value).unwrap(), json!({"path": "/x", "list": [1]}));
}

#[test]
fn what_a_host_prints_is_never_rendered() {
    let scope = scope().with("registered", json!({"stdout": "{{ name }}"}));
    assert_eq!(scope.render("{{ registered.stdout }}").unwrap(), json!("{{ name }}"));
    assert_eq!(scope.render("say {{ registered.stdout }}").unwrap(), json!("say {{ name }}"));
}

struct TwoHosts;

impl HostVariables for TwoHosts {
    fn hosts(&self) -> Vec<String> {
        vec!["a".to_owned(), "b".to_owned()]
    }

    fn scope(&self, host: &str) -> Option<Scope> {
        let other = if host == "a" { "b" } else { "a" };
        let vars = json!({
            "address": format!("10.0.0.{host}"),
            "url": "https://{{ address }}",
            "peer": format!("{{{{ hostvars['{other}'].url }}}}"),
            "circle": format!("{{{{ hostvars['{other}'].circle }}}}"),
        });
        let Value::Object(vars) = vars else { unreachable!() };
        self.hosts()
            .contains(&host.to_owned())
            .then(|| Scope::new(vars).of_host(host, Arc::new(TwoHosts)))
    }
}

#[test]
fn variables_of_other_hosts_are_read_in_their_own_scope() {
    let scope = TwoHosts.scope("a").unwrap();
    assert_eq!(scope.render("{{ hostvars['b'].url }}").unwrap(), json!("https://10.0.0.b"));
    assert_eq!(
        scope.render("{{ hostvars.b.peer }} {{ peer }}").unwrap(),
        json!("https://10.0.0.a https://10.0.0.b")
    );
    assert_eq!(scope.render("{{ hostvars['c'].url | default('none') }}").unwrap(), json!("none"));
    assert_eq!(scope.render("{{ hostvars | length }}").unwrap(), json!(2));
    let error = scope.render("{{ circle }}").unwrap_err();
    assert_eq!(
        error.to_string(),
        "variables need each other: `circle` -> `hostvars['b'].circle` -> `circle`"
    );
}

#[test]
fn files_keep_their_newlines_and_follow_their_whitespace_settings() {
    let text = "# {{ name }}\n{% for h in hosts %}\n  {% if h != 'n1' %}\n{{ h }}\n  {% endif %}\n{% endfor %}\n\n";
    let default = scope().render_file(Path::new("x.j2"), text, Whitespace::default()).unwrap();
    assert_eq!(default, "# node1\n  n2\n      n3\n  \n\n");
    let stripped = scope()
        .render_file(Path::new("x.j2"), text, Whitespace { trim_blocks: true, lstrip_blocks: true })
        .unwrap();
    assert_eq!(stripped, "# node1\nn2\nn3\n\n");
}

#[test]
fn checking_finds_what_can_be_found_before_there_are_variables() {
    assert_eq!(check_text("{{ anything | default('x') | to_json }}"), Ok(()));
    assert_eq!(check_text("{{ lookup('env', 'HOME') | ansible.utils.ipaddr('net') }}"), Ok(()));
    assert_eq!(check_expression("a.b is defined and c is match('x')"), Ok(()));
    let shown = [
        check_text("{{ a | jion(',') }}"),
        check_text("{% for x in y %}"),
        check_text("{{ lookup('evn', 'HOME') }}"),
        check_text("{{ hosts | map('uper') | list }}"),
        check_text("{{ hosts | select('mach', 'x') | list }}"),
        check_text("{{ name | indent(widht=2) }}"),
        check_text("{{ name | password_hash }}"),
        check_text("{% do hosts.append(1) %}"),
        check_expression("a is deifned"),
        check_expression("a ="),
    ]
    .map(|outcome| {
        let error = outcome.unwrap_err();
        format!("{error} ({})", error.hint().unwrap_or_default())
    });
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn omitted_parts_are_left_out_of_values() {
    let rendered = scope().render("{{ {'a': omit, 'b': [omit, 1]} }}").unwrap();
    assert_eq!(rendered, json!({"b": [1]}));
}

#[test]
fn loops_with_lookups_go_through_what_ansible_goes_through() {
    let scope = scope();
    let table = [
        ("items", json!([1, [2, 3]]), json!([1, 2, 3])),
        ("dict", json!({"a": 1}), json!([{"key": "a", "value": 1}])),
        ("nested", json!([[1, 2], ["a"]]), json!([[1, "a"], [2, "a"]])),
        ("together", json!([[1, 2], ["a"]]), json!([[1, "a"], [2, null]])),
        ("indexed_items", json!(["a", "b"]), json!([[0, "a"], [1, "b"]])),
        ("sequence", json!("start=1 end=3"), json!(["1", "2", "3"])),
        ("subelements", json!([[{"name": "a", "keys": [1]}], "keys"]), json!([[{"name": "a"}, 1]])),
        ("first_found", json!([{"files": ["nope"], "skip": true}]), json!([])),
    ];
    for (name, terms, wanted) in table {
        assert_eq!(scope.with_lookup(name, &terms).map(Value::from), Ok(wanted), "{name}");
    }
    let error = scope.with_lookup("itmes", &json!([])).unwrap_err();
    assert_eq!(error.to_string(), "there is no lookup `itmes`");
}

#[test]
fn files_are_looked_for_where_ansible_looks() {
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(place.path().join("files")).unwrap();
    std::fs::create_dir_all(place.path().join("templates")).unwrap();
    std::fs::write(place.path().join("files/a.txt"), "from files\n").unwrap();
    std::fs::write(place.path().join("a.txt"), "beside\n").unwrap();
    std::fs::write(place.path().join("templates/t.j2"), "{{ name }} {% include 'p.j2' %}").unwrap();
    std::fs::write(place.path().join("templates/p.j2"), "{{ port }}\n").unwrap();
    let scope = scope().searching(vec![place.path().to_path_buf()], Some(place.path()));
    let table = [
        ("{{ lookup('file', 'a.txt') }}", json!("from files")),
        ("{{ lookup('template', 't.j2') }}", json!("node1 2379")),
        ("{{ lookup('template', 'p.j2', template_vars={'port': 1}) }}", json!(1)),
        ("{{ query('fileglob', '*.txt') | map('basename') | list }}", json!(["a.txt"])),
        ("{{ lookup('first_found', ['x', 'a.txt']) | basename }}", json!("a.txt")),
    ];
    for (template, wanted) in table {
        assert_eq!(scope.render(template), Ok(wanted), "{template}");
    }
    let error = scope.render("{{ lookup('file', 'b.txt') }}").unwrap_err().to_string();
    assert!(error.contains("there is no file `b.txt`; looked for `"), "{error}");
}

#[test]
fn hostile_templates_end() {
    let deep = "(".repeat(5000);
    let texts = [
        format!("{{{{ {deep}1 }}}}"),
        format!("{{{{ {}true }}}}", "not ".repeat(5000)),
        format!("{{{{ {}1 }}}}", "-".repeat(5000)),
        format!("{{{{ 1{} }}}}", " + 1".repeat(50_000)),
        format!("{{{{ 1{} }}}}", " | int".repeat(50_000)),
        format!("{{% if 1 %}}{}{{% endif %}}", "{% elif 1 %}".repeat(50_000)),
        format!("{}{}", "{% if 1 %}".repeat(5000), "{% endif %}".repeat(5000)),
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}".to_owned(),
        "{{ 'a' * 1000000000 }}".to_owned(),
        "{{ range(1000000000) }}".to_owned(),
        "{{ range(99999) | product(range(99999)) | list }}".to_owned(),
        "{{ '%1000000000d' % 1 }}".to_owned(),
        "{{ 2 ** 100000 }}".to_owned(),
        "{{ ('a' * 40) | regex_search('(a+)+$b') }}".to_owned(),
        "{% set l = [] %}{% set _ = l.append(l) %}{{ l }}".to_owned(),
    ];
    let scope = scope();
    for text in texts {
        if let Ok(value) = scope.render(&text) {
            assert_eq!(value, Value::Null, "{text}");
        }
    }
}
