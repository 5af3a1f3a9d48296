use super::*;
use serde_json::{Map, Value, json};

fn defaults() -> Defaults {
    Defaults { local_user: "me".into(), home: Some("/home/me".into()), ..Defaults::default() }
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
    let files = ["/home/me/.ssh/known_hosts", "/home/me/.ssh/known_hosts2"].map(PathBuf::from);
    assert_eq!(endpoint.trust.files, files);
    let files = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"].map(PathBuf::from);
    assert_eq!(endpoint.trust.global_files, files);
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
    let wanted = RunAs {
        method: RunAsMethod::Su,
        user: "etcd".into(),
        password: Some(Secret::new("pw")),
        ..RunAs::default()
    };
    assert_eq!(target.run_as, Some(wanted));
    for name in ["ansible_sudo_pass", "ansible_become_password", "ansible_become_pass"] {
        let target = read(json!({"ansible_become": true, name: "pw"}));
        assert_eq!(target.run_as.unwrap().password.unwrap().expose(), "pw", "{name}");
    }
    let other = read(json!({"ansible_become": true, "ansible_su_pass": "pw"}));
    assert!(other.run_as.unwrap().password.is_none());
    let may = read(json!({"ansible_become_method": "doas", "ansible_doas_pass": "pw"}));
    assert!(may.run_as.is_none());
    assert_eq!(may.become_as.method, RunAsMethod::Doas);
    assert_eq!(may.become_as.password.unwrap().expose(), "pw");
    let asked = Defaults { run_as: true, ..defaults() };
    assert_eq!(read_with(json!({}), &asked).unwrap().run_as.unwrap().user, "root");
    assert!(read_with(json!({"ansible_become": false}), &asked).unwrap().run_as.is_none());
    assert!(wrong(json!({"ansible_become": "maybe"})).contains("neither yes nor no"));
    assert!(wrong(json!({"ansible_become_method": "pbrun"})).contains("pbrun"));
}

#[test]
fn another_program_and_flags_can_be_named_for_become() {
    for method in ["sudo", "su", "doas"] {
        for prefix in ["ansible_become", &format!("ansible_{method}")] {
            let target = read(json!({
                "ansible_become": true, "ansible_become_method": method,
                format!("{prefix}_exe"): "/opt/x", format!("{prefix}_flags"): "-E",
            }));
            let run_as = target.run_as.unwrap();
            assert_eq!(run_as.program.as_deref(), Some("/opt/x"), "{prefix}");
            assert_eq!(run_as.flags.as_deref(), Some("-E"), "{prefix}");
        }
    }
}

#[test]
fn what_is_not_supported_is_named() {
    assert!(wrong(json!({"ansible_connection": "winrm"})).contains("winrm"));
    assert!(wrong(json!({"ansible_ssh_executable": "x"})).contains("ansible_ssh_executable"));
    assert!(wrong(json!({"ansible_become": true, "ansible_become_flags": "'"})).contains("flags"));
    let args = |text: &str| wrong(json!({ "ansible_ssh_common_args": text }));
    assert!(args("-F no-such.conf").contains("`no-such.conf`"));
    assert!(args("-o KnownHostsCommand=x").contains("`knownhostscommand x` is not supported"));
    assert!(args("-o Bogus=yes").contains("`bogus` is no option of ssh"));
    assert!(args("-L 1:a:2").contains("`-L`"));
    assert!(args("-o 'ProxyCommand nc %h %z'").contains("`%z`"));
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
fn the_host_key_policy_that_is_asked_for_holds_for_the_bastions_too() {
    let asked = Defaults { host_keys: Some(HostKeyPolicy::AcceptNew), ..defaults() };
    for args in ["-J a,b", "-o ProxyCommand='ssh -W %h:%p b'"] {
        let target = read_with(json!({ "ansible_ssh_common_args": args }), &asked).unwrap();
        let (_, jump) = ssh(&target);
        assert!(!jump.is_empty());
        assert!(jump.iter().all(|hop| hop.trust.policy == HostKeyPolicy::AcceptNew), "{args}");
    }
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

fn with_config(text: &str) -> Defaults {
    let config = SshConfig::parse(text, "config").unwrap();
    Defaults { ssh_config: Arc::new(config), ..defaults() }
}

#[test]
fn ssh_config_fills_what_variables_and_command_line_leave_open() {
    let config = with_config(
        "Host node1\n HostName 10.0.0.7\n User core\n Port 2200\n IdentityFile ~/k\n \
         ConnectTimeout 3\n StrictHostKeyChecking accept-new\n HostKeyAlias n\n",
    );
    let target = read_with(json!({}), &config).unwrap();
    let (endpoint, _) = ssh(&target);
    assert_eq!((endpoint.place().as_str(), endpoint.user.as_str()), ("10.0.0.7:2200", "core"));
    assert_eq!(endpoint.credentials.keys, [PathBuf::from("/home/me/k")]);
    assert!(endpoint.credentials.default_keys.is_empty());
    assert_eq!(endpoint.connect_timeout, Duration::from_secs(3));
    assert_eq!(endpoint.trust.policy, HostKeyPolicy::AcceptNew);
    let vars = json!({"ansible_user": "a", "ansible_port": 1, "ansible_ssh_private_key_file": "/v",
        "ansible_timeout": 5});
    let cli = Defaults {
        user: Some("cli".into()),
        private_key: Some("/cli".into()),
        host_keys: Some(HostKeyPolicy::Strict),
        connect_timeout: Some(Duration::from_secs(9)),
        ..config
    };
    let target = read_with(vars, &cli).unwrap();
    let (endpoint, _) = ssh(&target);
    assert_eq!((endpoint.place().as_str(), endpoint.user.as_str()), ("10.0.0.7:1", "a"));
    assert_eq!(endpoint.credentials.keys, ["/v", "/home/me/k"].map(PathBuf::from));
    assert_eq!(endpoint.connect_timeout, Duration::from_secs(5));
    assert_eq!(endpoint.trust.policy, HostKeyPolicy::Strict);
    let target = read_with(json!({}), &cli).unwrap();
    assert_eq!(ssh(&target).0.user, "cli");
    // The pattern is held against the address that ssh is called with, as in Ansible.
    let target = read_with(json!({"ansible_host": "x"}), &cli).unwrap();
    assert_eq!(ssh(&target).0.place(), "x:22");
}

#[test]
fn ssh_config_names_jump_hosts_and_says_what_holds_for_them() {
    let config = with_config(
        "Host node1\n ProxyJump outer,inner\nHost outer\n HostName 1.2.3.4\n User o\n \
         ProxyJump first\nHost inner\n Port 23\n ProxyJump ignored\n",
    );
    let target = read_with(json!({"ansible_user": "root"}), &config).unwrap();
    assert_eq!(chain(&target), ["me@first:22", "o@1.2.3.4:22", "me@inner:23"]);
    // The first of the command line wins over the file.
    let own = json!({"ansible_ssh_common_args": "-J z"});
    assert_eq!(chain(&read_with(own, &config).unwrap()), ["me@z:22"]);
    let everywhere = with_config("Host *\n ProxyJump bastion\n User u\n");
    assert_eq!(chain(&read_with(json!({}), &everywhere).unwrap()), ["u@bastion:22"]);
    let bastion = json!({"ansible_host": "bastion"});
    assert_eq!(chain(&read_with(bastion, &everywhere).unwrap()), Vec::<String>::new());
    let circle =
        with_config("Host node1\n ProxyJump a\nHost a\n ProxyJump b\nHost b\n ProxyJump a\n");
    assert!(read_with(json!({}), &circle).unwrap_err().to_string().contains("circle"));
}

#[test]
fn our_own_jump_hosts_log_in_as_the_hosts_do_unless_ssh_config_says_otherwise() {
    let config = with_config("Host b\n User special\n IdentityFile /b\n");
    let cli = Defaults {
        user: Some("ops".into()),
        private_key: Some("/key".into()),
        jump: Jump::parse_list("a,b,x@c").unwrap(),
        ..config
    };
    let target = read_with(json!({}), &cli).unwrap();
    assert_eq!(chain(&target), ["ops@a:22", "special@b:22", "x@c:22"]);
    let keys: Vec<_> = ssh(&target).1.iter().map(|hop| hop.credentials.keys.clone()).collect();
    assert_eq!(keys, [["/key"], ["/b"], ["/key"]].map(|keys| keys.map(PathBuf::from).to_vec()));
}

#[test]
fn any_other_proxy_command_is_run_with_its_letters_filled_in() {
    for (command, wanted) in [
        ("nc -x proxy:1080 %h %p", Some("nc -x proxy:1080 10.0.0.1 2222")),
        ("ssh bastion nc %h %p 2>/dev/null", Some("ssh bastion nc 10.0.0.1 2222 2>/dev/null")),
        ("ssh -W other:22 bastion", Some("ssh -W other:22 bastion")),
        ("ssh -W %h:%p bastion", None),
    ] {
        let target = read(json!({
            "ansible_host": "10.0.0.1", "ansible_port": 2222,
            "ansible_ssh_common_args": format!("-o ProxyCommand='{command}'"),
        }));
        let (endpoint, jump) = ssh(&target);
        assert_eq!(endpoint.line.command.as_deref(), wanted, "{command}");
        assert_eq!(jump.is_empty(), wanted.is_some(), "{command}");
    }
}

#[test]
fn another_configuration_file_can_be_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ssh-bastion.conf");
    std::fs::write(&file, "Host node1\n ProxyCommand ssh -F none -W %h:%p core@10.0.0.9\n")
        .unwrap();
    let config = with_config("Host *\n User nobody\n");
    let args = format!("-F {}", file.display());
    let target = read_with(json!({"ansible_ssh_args": args}), &config).unwrap();
    assert_eq!(
        (chain(&target), ssh(&target).0.user.as_str()),
        (vec!["core@10.0.0.9:22".into()], "me")
    );
}

#[test]
fn every_password_is_named_as_a_secret() {
    let cli = Defaults {
        password: Some(Secret::new("login")),
        jump: Jump::parse_list("a").unwrap(),
        ..defaults()
    };
    let target =
        read_with(json!({"ansible_become_pass": "become", "ansible_password": "own"}), &cli);
    let target = target.unwrap();
    let secrets: Vec<_> = target.secrets().map(Secret::expose).collect();
    assert_eq!(secrets, ["login", "own", "become"]);
}
