//! What has no host to be compared on: other distributions, odd files, a clock of the south.

use super::*;
use crate::modules::NoTemplates;
use crate::modules::tests::Bench;

fn seen(records: &[(&str, &str)]) -> Seen {
    let text: Vec<String> =
        records.iter().map(|(name, content)| format!("\u{1e}{name}\n{content}\n")).collect();
    Seen::parse(&text.concat())
}

/// The distribution, version, major version, release and family of a host with these files.
fn distribution(files: &[(&str, &str)]) -> [String; 5] {
    let facts = distribution::facts(&seen(files));
    ["", "_version", "_major_version", "_release"]
        .map(|part| format!("distribution{part}"))
        .into_iter()
        .chain(["os_family".to_owned()])
        .map(|name| facts[&name].as_str().unwrap().to_owned())
        .collect::<Vec<_>>()
        .try_into()
        .unwrap()
}

#[test]
fn distributions_are_told_apart_by_their_files() {
    let ubuntu = "NAME=\"Ubuntu\"\nVERSION_ID=\"24.04\"\nVERSION_CODENAME=noble\nID=ubuntu\n";
    assert_eq!(
        distribution(&[("/etc/os-release", ubuntu)]),
        ["Ubuntu", "24.04", "24", "noble", "Debian"]
    );
    let rocky =
        "NAME=\"Rocky Linux\"\nVERSION=\"9.3 (Blue Onyx)\"\nID=\"rocky\"\nVERSION_ID=\"9.3\"\n";
    let release = "Rocky Linux release 9.3 (Blue Onyx)\n";
    assert_eq!(
        distribution(&[("/etc/os-release", rocky), ("/etc/redhat-release", release)]),
        ["Rocky", "9.3", "9", "Blue Onyx", "RedHat"]
    );
    let centos = "NAME=\"CentOS Linux\"\nVERSION=\"7 (Core)\"\nID=\"centos\"\nVERSION_ID=\"7\"\n";
    let release = "CentOS Linux release 7.9.2009 (Core)\n";
    assert_eq!(
        distribution(&[
            ("/etc/os-release", centos),
            ("/etc/centos-release", release),
            ("/etc/redhat-release", release),
        ]),
        ["CentOS", "7.9", "7", "Core", "RedHat"]
    );
    let rhel = "NAME=\"Red Hat Enterprise Linux\"\nVERSION=\"8.9 (Ootpa)\"\nID=\"rhel\"\nVERSION_ID=\"8.9\"\n";
    let release = "Red Hat Enterprise Linux release 8.9 (Ootpa)\n";
    assert_eq!(
        distribution(&[("/etc/os-release", rhel), ("/etc/redhat-release", release)]),
        ["RedHat", "8.9", "8", "Ootpa", "RedHat"]
    );
    let leap =
        "NAME=\"openSUSE Leap\"\nVERSION=\"15.5\"\nID=\"opensuse-leap\"\nVERSION_ID=\"15.5\"\n";
    assert_eq!(
        distribution(&[("/etc/os-release", leap)]),
        ["openSUSE Leap", "15.5", "15", "5", "Suse"]
    );
    let amazon = "NAME=\"Amazon Linux\"\nVERSION=\"2023\"\nID=\"amzn\"\nVERSION_ID=\"2023\"\n";
    assert_eq!(
        distribution(&[("/etc/os-release", amazon)]),
        ["Amazon", "2023", "2023", "NA", "RedHat"]
    );
    let flatcar = "NAME=\"Flatcar Container Linux by Kinvolk\"\nID=flatcar\nVERSION=3815.2.0\nVERSION_ID=3815.2.0\n";
    assert_eq!(
        distribution(&[("/etc/os-release", flatcar)]),
        ["Flatcar", "3815.2.0", "3815", "NA", "Flatcar"]
    );
    let gentoo = "NAME=Gentoo\nID=gentoo\nVERSION_ID=\"2.14\"\n";
    assert_eq!(
        distribution(&[("/etc/os-release", gentoo)]),
        ["Gentoo", "2.14", "2", "NA", "Gentoo"]
    );
    assert_eq!(distribution(&[("/etc/arch-release", "")])[0], "Archlinux");
}

#[test]
fn words_of_the_kernel_keep_their_quotes_and_all_values() {
    let line = "quiet a=1 b=\"x y\" \"c d\"=2 a=2 a=3\n";
    let facts = kernel::command_line(&seen(&[("/proc/cmdline", line)]));
    assert_eq!(
        facts["cmdline"],
        json!({"quiet": true, "a": "3", "b": "\"x", "y\"": true, "\"c d\"": true, "": "2"})
    );
    assert_eq!(facts["proc_cmdline"]["a"], json!(["1", "2", "3"]));
    let open = kernel::command_line(&seen(&[("/proc/cmdline", "a \"b\n")]));
    assert_eq!(open["cmdline"], json!({}));
}

#[test]
fn summer_is_the_half_of_the_year_that_is_further_east() {
    let line = "2026 01 Friday 5 46 20 18 47 01 1795200421 CET +0100 321561002\n";
    let zone = |halves: &str| {
        let facts = clock::facts(&seen(&[("date", &format!("{line}{halves}"))]));
        facts["date_time"].clone()
    };
    let north = zone("CET +0100\nCEST +0200\n");
    assert_eq!((&north["tz"], &north["tz_dst"]), (&json!("CET"), &json!("CEST")));
    assert_eq!(north["iso8601_micro"], "2026-11-20T18:47:01.321561Z");
    assert_eq!(zone("AEDT +1100\nAEST +1000\n")["tz_dst"], "AEDT");
    let busybox =
        clock::facts(&seen(&[("date", "2026 01 Fri 5 46 20 18 47 01 1795200421 UTC +0000 %N\n")]));
    assert_eq!(busybox["date_time"]["iso8601_basic"], "20260120T184701000000");
}

#[test]
fn processors_are_counted_by_socket_and_core() {
    let cpu = |id: u32, socket: u32, core: u32| {
        format!(
            "processor : {id}\nvendor_id : GenuineIntel\nmodel name : Xeon\nphysical id : {socket}\n\
             siblings : 4\ncore id : {core}\ncpu cores : 2\n"
        )
    };
    let text: String = (0..8).map(|id| cpu(id, id / 4, 8 + id % 2)).collect();
    let facts = hardware::facts(&seen(&[
        ("uname -snrvm", "Linux n 6.1 #1 SMP x86_64"),
        ("/proc/cpuinfo", &text),
        ("/proc/self/status", "Cpus_allowed_list:\t0-2,5\n"),
    ]));
    let numbers = ["count", "cores", "threads_per_core", "vcpus", "nproc"]
        .map(|name| facts[&format!("processor_{name}")].as_u64().unwrap());
    assert_eq!(numbers, [2, 2, 2, 8, 4]);
    assert_eq!(facts["lvm"], "N/A");
}

#[test]
fn a_server_that_did_not_answer_is_said_to_be_late() {
    let facts = mounts::facts(&seen(&[
        (
            "mounts",
            "srv:/a /mnt/a\\040b nfs4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/a / ext4 rw 0 1\n",
        ),
        ("sizes of file systems", "timeout /mnt/a b\n4096 4096 100 40 50 20 /\n"),
    ]));
    let mounts = facts["mounts"].as_array().unwrap();
    assert_eq!(mounts.len(), 2);
    assert_eq!(mounts[0]["mount"], "/mnt/a b");
    assert_eq!(mounts[0]["note"], "Could not get extra information due to timeout");
    assert_eq!((&mounts[1]["size_available"], &mounts[1]["passno"]), (&json!(163_840), &json!(1)));
}

#[test]
fn selinux_is_told_as_the_kernel_and_its_file_say() {
    let facts = kernel::selinux(&seen(&[
        ("exists /sys/fs/selinux/enforce", ""),
        ("/sys/fs/selinux/enforce", "0"),
        ("/sys/fs/selinux/policyvers", "33"),
        ("/etc/selinux/config", "# SELINUX= here\nSELINUX=enforcing\nSELINUXTYPE=targeted"),
    ]));
    assert_eq!(
        facts["selinux"],
        json!({"status": "enabled", "policyvers": 33, "config_mode": "enforcing",
               "mode": "permissive", "type": "targeted"})
    );
}

#[test]
fn facts_become_variables_but_say_nothing_of_how_the_host_is_reached() {
    let facts = object(json!({
        "ansible_hostname": "n1", "ansible_local": {"a": 1}, "services": {}, "ansible_host": "evil",
        "ansible_become_password": "x", "ansible_ssh_host_key_rsa_public": "AAAA",
        "ansible_python_interpreter": "/tmp/x",
    }));
    let known = json!({"hostname": "old", "kernel": "6"});
    let variables = fact_variables(Some(&known), &facts);
    let names: Vec<&str> = variables.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "ansible_hostname",
            "ansible_local",
            "services",
            "ansible_ssh_host_key_rsa_public",
            "ansible_facts"
        ]
    );
    let named = &variables["ansible_facts"];
    assert_eq!((&named["hostname"], &named["kernel"]), (&json!("n1"), &json!("6")));
    assert_eq!(named["ansible_local"]["a"], 1);
}

#[tokio::test]
async fn what_other_programs_would_gather_is_refused_by_name() {
    let mut bench = Bench::new();
    bench.context.templates = std::sync::Arc::new(NoTemplates);
    for subset in ["facter", "nothing"] {
        let task = json!({"gather_subset": ["!all", subset]});
        let error = bench.run("setup", task).await.unwrap_err().to_string();
        assert!(error.contains(subset), "{error}");
        assert_eq!(bench.round_trips(), 0);
    }
}
