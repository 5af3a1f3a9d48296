use super::*;

const FILE: &str = "\
# Environment file for etcd 3.5.16
ETCD_DATA_DIR=/var/lib/etcd
ETCD_ADVERTISE_CLIENT_URLS=https://10.0.0.1:2379
ETCD_INITIAL_ADVERTISE_PEER_URLS=https://10.0.0.1:2380, https://[fd00::1]:2380
ETCD_INITIAL_CLUSTER_STATE=existing

  ; kept as well
ETCD_NAME=etcd1
ETCD_INITIAL_CLUSTER=etcd1=https://10.0.0.1:2380,etcd1=https://[::1]:2380,etcd2=https://10.0.0.2:2380
ETCD_INITIAL_CLUSTER_TOKEN=\"k8s_etcd\"
SOME_UNKNOWN='a b=c,$d'
not a setting
";

#[test]
fn what_is_not_changed_comes_back_byte_for_byte() {
    assert_eq!(EnvFile::parse(FILE).render(), FILE);
}

#[test]
fn values_may_be_quoted_and_hold_equal_signs_and_commas() {
    let file = EnvFile::parse(FILE);
    assert_eq!(file.get("ETCD_INITIAL_CLUSTER_TOKEN").unwrap(), "k8s_etcd");
    assert_eq!(file.get("SOME_UNKNOWN").unwrap(), "a b=c,$d");
    assert_eq!(file.get("ETCD_MISSING"), None);
    assert_eq!(file.get("not a setting"), None);
}

#[test]
fn the_configuration_is_what_etcd_would_read() {
    let config = EnvFile::parse(FILE).config();
    assert_eq!(config.name, "etcd1");
    assert_eq!(config.peer_urls, ["https://10.0.0.1:2380", "https://[fd00::1]:2380"]);
    assert_eq!(config.client_urls, ["https://10.0.0.1:2379"]);
    assert_eq!(config.initial_cluster_state, "existing");
    assert_eq!(config.token, "k8s_etcd");
    assert_eq!(config.data_dir, "/var/lib/etcd");
    assert_eq!(config.wal_dir, "", "not set");
    let members: Vec<_> =
        config.initial_cluster.iter().map(|(name, url)| (name.as_str(), url.as_str())).collect();
    assert_eq!(
        members,
        [
            ("etcd1", "https://10.0.0.1:2380"),
            ("etcd1", "https://[::1]:2380"),
            ("etcd2", "https://10.0.0.2:2380"),
        ]
    );
}

#[test]
fn nothing_is_expanded() {
    let file = EnvFile::parse("A=1\nB=$A\nC=\"${A}\"\n");
    assert_eq!(file.get("B").unwrap(), "$A");
    assert_eq!(file.get("C").unwrap(), "${A}");
}

#[test]
fn the_last_duplicate_wins_and_is_the_one_that_is_set() {
    let mut file = EnvFile::parse("A=1\nB=2\nA=3\n");
    assert_eq!(file.get("A").unwrap(), "3");
    file.set("A", "4");
    assert_eq!(file.render(), "A=1\nB=2\nA=4\n");
    assert_eq!(file.get("A").unwrap(), "4");
    assert_eq!(file.keys(), ["A", "B"]);
}

#[test]
fn setting_changes_one_line_and_keeps_the_rest() {
    let mut file = EnvFile::parse(FILE);
    file.set("ETCD_INITIAL_CLUSTER_STATE", "new");
    let expected =
        FILE.replace("ETCD_INITIAL_CLUSTER_STATE=existing", "ETCD_INITIAL_CLUSTER_STATE=new");
    assert_eq!(file.render(), expected);
}

#[test]
fn setting_the_same_value_respells_nothing() {
    let mut file = EnvFile::parse(FILE);
    file.set("ETCD_INITIAL_CLUSTER_TOKEN", "k8s_etcd");
    assert_eq!(file.render(), FILE);
}

#[test]
fn a_new_key_goes_to_the_end_and_removing_takes_every_line() {
    let mut file = EnvFile::parse("A=1\nA=2\n# c\n");
    file.set("B", "x=y,z=[::1]");
    assert_eq!(file.render(), "A=1\nA=2\n# c\nB=x=y,z=[::1]\n");
    assert!(file.remove("A"));
    assert!(!file.remove("A"));
    assert_eq!(file.render(), "# c\nB=x=y,z=[::1]\n");
}

#[test]
fn whatever_is_set_reads_back_from_the_rendered_file() {
    for value in ["", "plain", "two words", "a\"b", "a'b", "a\\b", "$HOME `id`", "'", "# no", "é"]
    {
        let mut file = EnvFile::default();
        file.set("KEY", value);
        assert_eq!(EnvFile::parse(&file.render()).get("KEY").as_deref(), Some(value));
    }
}

#[test]
fn a_line_break_cannot_smuggle_in_another_setting() {
    let mut file = EnvFile::default();
    file.set("KEY", "a\nETCD_NAME=evil");
    assert_eq!(EnvFile::parse(&file.render()).get("ETCD_NAME"), None);
}

#[test]
fn carriage_returns_and_spaces_around_do_not_belong_to_the_value() {
    let file = EnvFile::parse("A=1\r\n  B =  2  \n\"=x\n1C=3\n");
    assert_eq!(file.get("A").unwrap(), "1");
    assert_eq!(file.get("B").unwrap(), "2");
    assert_eq!(file.keys(), ["A", "B"]);
}

#[test]
fn any_text_can_be_read_and_comes_back() {
    for text in ["", "\n", "=", "A", "A=", "A=\"", "A='", "A=\"\\", "\0=\0", "A=\"\\\"\n"] {
        let rendered = EnvFile::parse(text).render();
        assert_eq!(rendered.trim_end_matches('\n'), text.trim_end_matches('\n'));
    }
}
