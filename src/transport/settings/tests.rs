use super::*;
use serde_json::{Map, Value, json};

fn defaults() -> Defaults {
    Defaults { user: "me".into(), home: Some("/home/me".into()), ..Defaults::default() }
}

fn read_with(vars: Value, defaults: &Defaults) -> Result<Target, Problem> {
    let vars: Map<String, Value> = serde_json::from_value(vars).unwrap();
    Target::from_vars("node1", &vars, defaults)
}

fn read(vars: Value) -> Target {
    read_with(vars, &defaults()).unwrap()
}

fn wrong(vars: Value) -> String {
    read_with(vars, &defaults()).unwrap_err().to_string()
}

fn ssh(target: &Target) -> (&Endpoint, &[Endpoint]) {
    match &target.reach {
        Reach::Ssh { endpoint, jump } => (endpoint, jump),
        Reach::Local => panic!("local"),
    }
}

fn chain(target: &Target) -> Vec<String> {
    ssh(target).1.iter().map(|hop| format!("{}@{}", hop.user, hop.place())).collect()
}

#[test]
fn a_host_without_variables_is_reached_by_its_name() {
    let target = read(json!({}));
    let (endpoint, jump) = ssh(&target);
    assert_eq!((endpoint.place().as_str(), endpoint.user.as_str()), ("node1:22", "me"));
    assert!(jump.is_empty() && target.run_as.is_none());
    assert_eq!(endpoint.trust.policy, HostKeyPolicy::Strict);
    let files = ["/home/me/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts"].map(PathBuf::from);
    assert_eq!(endpoint.trust.files, files);
    assert_eq!(endpoint.connect_timeout, Duration::from_secs(10));
}

#[test]
fn variables_win_over_the_command_line_in_new_and_old_spelling() {
    for prefix in ["ansible_", "ansible_ssh_"] {
        let name = |rest: &str| format!("{prefix}{rest}");
        let target = read(json!({
            name("host"): "10.0.0.1", name("port"): "2222", name("user"): "admin",
            name("password"): "pw", name("private_key_file"): "~/key",
        }));
        let (endpoint, _) = ssh(&target);
        assert_eq!(endpoint.place(), "10.0.0.1:2222");
        assert_eq!(endpoint.user, "admin");
        assert_eq!(endpoint.credentials.keys, [PathBuf::from("/home/me/key")]);
        assert_eq!(endpoint.credentials.password.as_ref().unwrap().expose(), "pw");
    }
}

#[test]
fn ports_are_numbers_or_text_and_nothing_else() {
    assert_eq!(ssh(&read(json!({"ansible_port": 2222}))).0.port, 2222);
    assert!(wrong(json!({"ansible_port": "ssh"})).contains("`ansible_port` is `ssh`"));
    assert!(wrong(json!({"ansible_port": 70000})).contains("no port"));
    assert!(wrong(json!({"ansible_port": [1]})).contains("`ansible_port` is not text"));
}

#[test]
fn become_comes_from_variables_or_the_command_line() {
    let target = read(json!({
        "ansible_become": "yes", "ansible_become_user": "etcd", "ansible_become_method": "su",
        "ansible_become_pass": "pw",
    }));
    let wanted =
        RunAs { method: RunAsMethod::Su, user: "etcd".into(), password: Some(Secret::new("pw")) };
    assert_eq!(target.run_as, Some(wanted));
    for name in ["ansible_sudo_pass", "ansible_become_password", "ansible_su_pass"] {
        let target = read(json!({"ansible_become": true, name: "pw"}));
        assert_eq!(target.run_as.unwrap().password.unwrap().expose(), "pw", "{name}");
    }
    let asked = Defaults { run_as: true, ..defaults() };
    assert_eq!(read_with(json!({}), &asked).unwrap().run_as.unwrap().user, "root");
    assert!(read_with(json!({"ansible_become": false}), &asked).unwrap().run_as.is_none());
    assert!(wrong(json!({"ansible_become": "maybe"})).contains("neither yes nor no"));
    assert!(wrong(json!({"ansible_become_method": "pbrun"})).contains("pbrun"));
}

#[test]
fn what_is_not_supported_is_named() {
    assert!(wrong(json!({"ansible_connection": "winrm"})).contains("winrm"));
    assert!(wrong(json!({"ansible_become_flags": "-i"})).contains("ansible_become_flags"));
    let args = |text: &str| wrong(json!({ "ansible_ssh_common_args": text }));
    assert!(args("-F ssh-bastion.conf").contains("`-F`"));
    assert!(args("-o ForwardAgent=yes").contains("-o ForwardAgent"));
    assert!(args("-o ProxyCommand='nc %h %p'").contains("`nc %h %p`"));
    assert!(args("stray").contains("`stray`"));
    assert!(args("-o").contains("needs a value"));
    assert!(args("-o ProxyCommand=\"ssh").contains("does not end"));
    assert!(args("-W a:1").contains("`-W`"));
}

#[test]
fn a_local_connection_is_local() {
    assert!(matches!(read(json!({"ansible_connection": "local"})).reach, Reach::Local));
}

#[test]
fn jump_hosts_come_in_many_spellings() {
    for args in [
        "-J user@bastion:2222",
        "-Juser@bastion:2222",
        "-o ProxyJump=user@bastion:2222",
        r#"-o ProxyCommand="ssh -W %h:%p -q user@bastion -p 2222""#,
        "-o ProxyCommand='ssh -p 2222 -l user -W %h:%p bastion'",
        "-o 'ProxyCommand ssh user@bastion -p2222 -W %h:%p'",
        "-C -o ControlMaster=auto -o ControlPersist=60s -J ssh://user@bastion:2222",
    ] {
        let target = read(json!({ "ansible_ssh_common_args": args }));
        assert_eq!(chain(&target), ["user@bastion:2222"], "{args}");
    }
    let two = read(json!({"ansible_ssh_extra_args": "-J a,b@[fd00::1]:23"}));
    assert_eq!(chain(&two), ["me@a:22", "b@[fd00::1]:23"]);
    let nested = r#"-o ProxyCommand="ssh -J a -W %h:%p b""#;
    let nested = read(json!({ "ansible_ssh_common_args": nested }));
    assert_eq!(chain(&nested), ["me@a:22", "me@b:22"]);
}

#[test]
fn a_bastions_own_options_stay_its_own() {
    let args =
        r#"-i host.key -o ProxyCommand="ssh -i hop.key -o StrictHostKeyChecking=no -W %h:%p b""#;
    let target = read(json!({ "ansible_ssh_common_args": args }));
    let (endpoint, jump) = ssh(&target);
    assert_eq!(endpoint.credentials.keys, [PathBuf::from("host.key")]);
    assert_eq!(endpoint.trust.policy, HostKeyPolicy::Strict);
    assert_eq!(jump[0].credentials.keys, [PathBuf::from("hop.key")]);
    assert_eq!(jump[0].trust.policy, HostKeyPolicy::AcceptNew);
}

#[test]
fn the_command_lines_bastion_yields_to_the_hosts_own_and_never_leads_to_itself() {
    let bastion = Defaults { jump: Jump::parse_list("node1,x").unwrap(), ..defaults() };
    let target = read_with(json!({"ansible_host": "10.0.0.1"}), &bastion).unwrap();
    assert_eq!(chain(&target), ["me@node1:22", "me@x:22"]);
    assert_eq!(chain(&read_with(json!({}), &bastion).unwrap()), Vec::<String>::new());
    let own = json!({"ansible_host": "10.0.0.1", "ansible_ssh_common_args": "-J y"});
    assert_eq!(chain(&read_with(own, &bastion).unwrap()), ["me@y:22"]);
    let none = json!({"ansible_host": "z", "ansible_ssh_common_args": "-o ProxyCommand=none"});
    assert_eq!(chain(&read_with(none, &bastion).unwrap()), Vec::<String>::new());
}

#[test]
fn no_option_switches_the_host_key_check_off() {
    for vars in [
        json!({"ansible_ssh_common_args": "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"}),
        json!({"ansible_host_key_checking": false}),
    ] {
        assert_eq!(ssh(&read(vars)).0.trust.policy, HostKeyPolicy::AcceptNew);
    }
    let file =
        json!({"ansible_ssh_common_args": "-o UserKnownHostsFile='~/a /b' -o ConnectTimeout=3"});
    let target = read(file);
    let (endpoint, _) = ssh(&target);
    assert_eq!(endpoint.trust.files, ["/home/me/a", "/b"].map(PathBuf::from));
    assert_eq!(endpoint.connect_timeout, Duration::from_secs(3));
}

#[test]
fn an_address_or_bastion_cannot_become_an_option() {
    assert!(wrong(json!({"ansible_host": "-oX"})).contains("no address"));
    for text in ["", "-x", "@host", "a:port", "[::1"] {
        assert!(Jump::parse_list(text).is_err(), "{text}");
    }
    assert_eq!(Jump::parse("fd00::1").unwrap().address, "fd00::1");
}
