use super::*;
use crate::cluster::status::Alarm;

const MEMBERS: &str = r#"{"header":{"cluster_id":7271353197286862742,"member_id":1817024846777882939,"raft_term":2},
"members":[
{"ID":1817024846777882939,"name":"etcd2","peerURLs":["https://127.0.0.1:22380"],"clientURLs":["https://127.0.0.1:22379"]},
{"ID":15060058854525860840,"peerURLs":["https://127.0.0.1:32380"],"isLearner":true},
{"ID":15982874738493873317,"name":"etcd3","peerURLs":["https://127.0.0.1:42380"],"clientURLS":["https://127.0.0.1:42379"]}]}"#;

#[test]
fn member_ids_are_unsigned_and_their_command_line_form_is_hexadecimal() {
    let list = member_list(MEMBERS).unwrap();
    assert_eq!(list.cluster_id, 7_271_353_197_286_862_742);
    let highest = &list.members[2];
    assert_eq!(highest.id, 15_982_874_738_493_873_317);
    assert_eq!(highest.hex_id(), "ddce93e4cd7ddca5");
    assert_eq!(parse_member_id("ddce93e4cd7ddca5"), Some(highest.id));
}

#[test]
fn a_member_id_has_one_spelling() {
    for text in ["", "0x1", "DDCE", "+1", "-1", " 1", "1ddce93e4cd7ddca5", "g"] {
        assert_eq!(parse_member_id(text), None, "{text:?}");
    }
    assert_eq!(parse_member_id("ffffffffffffffff"), Some(u64::MAX));
    assert_eq!(parse_member_id("5"), Some(5));
}

#[test]
fn a_member_that_never_started_has_no_name_and_no_client_urls() {
    let list = member_list(MEMBERS).unwrap();
    let new = &list.members[1];
    assert!(!new.started() && new.learner);
    assert!(new.client_urls.is_empty());
    assert!(list.members[0].started() && !list.members[0].learner);
    assert_eq!(list.members[2].client_urls, ["https://127.0.0.1:42379"]);
}

#[test]
fn the_gateway_writes_numbers_as_strings() {
    let body = r#"{"header":{"cluster_id":"7271353197286862742","member_id":"15982874738493873317"},
        "members":[{"ID":"15982874738493873317","name":"e"}]}"#;
    let list = member_list(body).unwrap();
    assert_eq!(list.member_id, 15_982_874_738_493_873_317);
    assert_eq!(list.members[0].id, list.member_id);
}

#[test]
fn ids_that_are_no_unsigned_64_bit_number_are_refused() {
    for id in ["-1", "1.0", "1e3", "18446744073709551616", r#""+1""#, r#""""#, r#"" 1""#, "null"] {
        let text = format!(r#"{{"header":{{"cluster_id":1}},"members":[{{"ID":{id}}}]}}"#);
        assert!(matches!(member_list(&text), Err(JsonError::Unexpected { .. })), "{id}");
    }
    assert!(member_list(r#"{"header":{"cluster_id":1},"members":[{"name":"x"}]}"#).is_err());
}

#[test]
fn lines_before_the_json_are_skipped_even_ones_that_begin_with_a_bracket() {
    let text = format!(
        "Deprecated: Use etcdutl snapshot instead.\n[check-expiration] Reading\n{{\"level\":\"warn\"}}\n{MEMBERS}\n"
    );
    assert_eq!(member_list(&text).unwrap(), member_list(MEMBERS).unwrap());
}

#[test]
fn help_on_standard_output_is_no_answer_whatever_the_exit_code() {
    let help = "NAME:\n\tsnapshot - Manages etcd node snapshots\n\nUSAGE:\n\tetcdctl snapshot\n";
    let error = snapshot_status(help).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`snapshot status` printed no JSON: NAME:",
        "the message shows what was printed"
    );
    assert!(matches!(member_list(""), Err(JsonError::Missing { .. })));
    assert!(matches!(member_list("{\"header\":{"), Err(JsonError::Missing { .. })));
}

#[test]
fn the_answer_to_another_command_is_refused() {
    assert!(snapshot_status(MEMBERS).is_err());
    assert!(endpoint_status(MEMBERS).is_err());
    assert!(member_list("[]").is_err());
    assert!(alarm_list(MEMBERS).is_err());
    assert!(alarm_list("[]").is_err());
    assert!(member_add(MEMBERS).is_err());
}

#[test]
fn a_long_output_is_shortened_in_the_message() {
    let message = member_list(&"x".repeat(5000)).unwrap_err().to_string();
    assert!(message.chars().count() < 200, "{message}");
}

#[test]
fn status_knows_leader_revision_and_log_position() {
    let text = r#"[{"Endpoint":"https://127.0.0.1:12379","Status":{"header":{"cluster_id":7271353197286862742,"member_id":2732228936434120864,"revision":31,"raft_term":2},
        "version":"3.5.30","dbSize":24576,"leader":1817024846777882939,"raftIndex":38,"raftTerm":2,"raftAppliedIndex":37,"dbSizeInUse":24576}}]"#;
    let answers = endpoint_status(text).unwrap();
    let (endpoint, view) = &answers[0];
    assert_eq!(endpoint, "https://127.0.0.1:12379");
    assert_eq!(view.leader, Some(1_817_024_846_777_882_939));
    assert_eq!((view.revision, view.raft_term), (31, 2));
    assert_eq!((view.raft_index, view.raft_applied_index), (38, 37));
    assert_eq!((view.db_size, view.version.as_str()), (24_576, "3.5.30"));
    assert!(!view.learner && view.alarms.is_empty() && view.errors.is_empty());
    assert_eq!(view.members, None, "status says nothing about members");
}

#[test]
fn status_without_quorum_has_no_leader_and_says_so() {
    let text = r#"{"header":{"cluster_id":"1","member_id":"2","revision":"31","raft_term":"3"},
        "version":"3.5.30","dbSize":"24576","raftIndex":"38","raftTerm":"3","errors":["etcdserver: no leader"]}"#;
    let view = gateway_status(text).unwrap();
    assert_eq!(view.leader, None);
    assert_eq!(view.errors, ["etcdserver: no leader"]);
    let zero = text.replace(r#""raftIndex""#, r#""leader":"0","raftIndex""#);
    assert_eq!(gateway_status(&zero).unwrap().leader, None);
}

#[test]
fn status_complains_of_alarms_and_of_being_a_learner() {
    let text = r#"[{"Endpoint":"e","Status":{"header":{"cluster_id":1,"member_id":2},
        "isLearner":true,"errors":["memberID:2732228936434120864 alarm:NOSPACE ","memberID:3 alarm:CORRUPT "]}}]"#;
    let view = &endpoint_status(text).unwrap()[0].1;
    assert!(view.learner);
    assert_eq!(view.alarms, [(2_732_228_936_434_120_864, Alarm::NoSpace), (3, Alarm::Corrupt)]);
}

#[test]
fn endpoints_that_did_not_answer_are_missing() {
    assert_eq!(endpoint_status("[]").unwrap(), []);
}

#[test]
fn health_is_read_with_its_time_and_reason() {
    let text = r#"[{"endpoint":"https://127.0.0.1:22379","health":true,"took":"8.118098ms"},
        {"endpoint":"https://127.0.0.1:32379","health":false,"took":"5.000976924s","error":"context deadline exceeded"}]"#;
    let health = endpoint_health(text).unwrap();
    assert!(health[0].healthy);
    assert_eq!(health[0].took, Some(Duration::from_nanos(8_118_098)));
    assert_eq!(health[0].error, None);
    assert!(!health[1].healthy);
    assert_eq!(health[1].took, Some(Duration::from_nanos(5_000_976_924)));
    assert_eq!(health[1].error.as_deref(), Some("context deadline exceeded"));
    assert!(endpoint_health(r#"[{"endpoint":"e"}]"#).is_err(), "no health is not unhealthy");
}

#[test]
fn alarms_are_numbers_or_names() {
    let text = r#"{"header":{"cluster_id":1},"alarms":[{"memberID":2732228936434120864,"alarm":1},
        {"memberID":"5","alarm":"CORRUPT"},{"memberID":6,"alarm":2},{"memberID":7,"alarm":"NOSPACE"}]}"#;
    assert_eq!(
        alarm_list(text).unwrap(),
        [
            (2_732_228_936_434_120_864, Alarm::NoSpace),
            (5, Alarm::Corrupt),
            (6, Alarm::Corrupt),
            (7, Alarm::NoSpace),
        ]
    );
    assert_eq!(alarm_list(r#"{"header":{"cluster_id":1}}"#).unwrap(), []);
    assert_eq!(alarm_list("{}\n").unwrap(), [], "etcdctl 3.4 prints no header");
    for alarm in ["3", r#""WAT""#, "-1"] {
        let text = format!(r#"{{"header":{{"cluster_id":1}},"alarms":[{{"alarm":{alarm}}}]}}"#);
        assert!(alarm_list(&text).is_err(), "{alarm}");
    }
}

#[test]
fn hashes_come_with_what_makes_them_comparable() {
    let text = r#"[{"Endpoint":"e","HashKV":{"header":{"cluster_id":1,"revision":31},"hash":2868172271,"compact_revision":-1}}]"#;
    let hashes = endpoint_hash_kv(text).unwrap();
    let expected = EndpointHash {
        endpoint: "e".to_owned(),
        hash: 2_868_172_271,
        revision: 31,
        compact_revision: -1,
    };
    assert_eq!(hashes, [expected]);
}

#[test]
fn snapshot_status_is_read_with_and_without_a_version() {
    let text = "Deprecated: Use `etcdutl snapshot status` instead.\n\n{\"hash\":2634918534,\"revision\":31,\"totalKey\":38,\"totalSize\":24576}\n";
    let status = snapshot_status(text).unwrap();
    assert_eq!((status.hash, status.revision), (2_634_918_534, 31));
    assert_eq!((status.total_keys, status.total_bytes), (38, 24_576));
    assert_eq!(status.version, None);
    let newer = r#"{"hash":1,"revision":31,"totalKey":38,"totalSize":24576,"version":"3.6.0"}"#;
    assert_eq!(snapshot_status(newer).unwrap().version.as_deref(), Some("3.6.0"));
}

#[test]
fn an_added_member_is_told_from_the_others() {
    let text = r#"{"header":{"cluster_id":1},"member":{"ID":15060058854525860840,"peerURLs":["https://10.0.0.3:2380"],"isLearner":true},
        "members":[{"ID":1,"name":"a"},{"ID":15060058854525860840,"peerURLs":["https://10.0.0.3:2380"],"isLearner":true}]}"#;
    let added = member_add(text).unwrap();
    assert_eq!(added.member.hex_id(), "d10013bc907d7be8");
    assert_eq!(added.members.len(), 2);
    assert_eq!(added.members[1], added.member);
}

#[test]
fn go_durations_are_read_without_floats() {
    let cases = [
        ("5.000976924s", 5_000_976_924),
        ("9.8ms", 9_800_000),
        ("1m2s", 62_000_000_000),
        ("1h0m0.5s", 3_600_500_000_000),
        ("312.5µs", 312_500),
        ("7us", 7_000),
        ("3ns", 3),
        ("0s", 0),
        ("0", 0),
        (".5s", 500_000_000),
    ];
    for (text, nanoseconds) in cases {
        assert_eq!(parse_go_duration(text), Some(Duration::from_nanos(nanoseconds)), "{text}");
    }
    for text in ["", "5", "s", "5x", "-1s", "1..2s", ".s", "5 s", "99999999999999999999s"] {
        assert_eq!(parse_go_duration(text), None, "{text}");
    }
}
