use super::Bench;
use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc::{Receiver, channel};

/// A server on this machine that gives these answers one after the other, and what it was asked.
fn serve(answers: Vec<String>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, asked) = channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream);
            let mut request = String::new();
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                request.push_str(&line);
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            request.push_str(&String::from_utf8_lossy(&body));
            sender.send(request).unwrap();
            reader.get_mut().write_all(answer.as_bytes()).unwrap();
        }
    });
    (url, asked)
}

fn ok(headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
    )
}

const NOT_MODIFIED: &str = "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn get_url_fetches_once_and_compares() {
    let bench = Bench::new();
    let (url, asked) = serve(vec![ok("", "one\n"), NOT_MODIFIED.to_owned(), ok("", "two\n")]);
    let dest = bench.host("file");
    let task = json!({"url": format!("{url}/a/file"), "dest": dest, "mode": "0600",
        "headers": {"X-Token": "secret"}, "url_username": "u", "url_password": "p", "force_basic_auth": true});
    let first = bench.run("get_url", task.clone()).await.unwrap();
    assert!(first.changed && first.msg == "OK (4 bytes)", "{first:?}");
    assert_eq!(std::fs::read_to_string(&dest).unwrap(), "one\n");
    assert_eq!(std::fs::metadata(&dest).unwrap().permissions().mode() & 0o7777, 0o600);
    let request = asked.recv().unwrap();
    assert!(
        request.contains("X-Token: secret\r\n") && request.contains("ansible-httpget"),
        "{request}"
    );
    assert!(request.contains("Authorization: Basic dTpw\r\n"), "{request}");
    for script in bench.shell.sent.lock().unwrap().iter() {
        assert!(
            !script.contains("secret") && !script.contains("u:p"),
            "no secret in an argument list"
        );
    }
    assert_eq!(first.values["checksum_src"], "c7059bb19433cc3cabaa6236c83d56668a843dd2");
    let again = bench.run("get_url", task.clone()).await.unwrap();
    assert!(!again.changed && again.values["status_code"] == 304, "{again:?}");
    assert!(asked.recv().unwrap().contains("If-Modified-Since:"));
    let mut other = task;
    other["force"] = json!(true);
    other["backup"] = json!(true);
    let other = bench.run("get_url", other).await.unwrap();
    assert!(other.changed, "{other:?}");
    assert_eq!(
        std::fs::read_to_string(other.values["backup_file"].as_str().unwrap()).unwrap(),
        "one\n"
    );
    assert_eq!(std::fs::read_to_string(&dest).unwrap(), "two\n");
    assert_eq!(bench.picture().len(), 2, "nothing temporary is left");
}

#[tokio::test]
async fn get_url_trusts_a_checksum_and_nothing_else() {
    let bench = Bench::new();
    let digest = "2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806";
    let (url, asked) = serve(vec![
        ok("", &format!("{digest}  named.bin\n")),
        ok("Content-Disposition: attachment; filename=\"named.bin\"\r\n", "one\n"),
        ok("", "two\n"),
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(),
    ]);
    let task = json!({"url": format!("{url}/named.bin"), "dest": bench.host(""),
        "checksum": format!("sha256:{url}/SUMS")});
    let outcome = bench.run("get_url", task).await.unwrap();
    assert!(outcome.changed && outcome.values["dest"] == bench.host("named.bin"), "{outcome:?}");
    let same = json!({"url": format!("{url}/x"), "dest": bench.host("named.bin"), "checksum": format!("sha256:{digest}")});
    let same = bench.run("get_url", same).await.unwrap();
    assert!(!same.changed && same.msg == "file already exists", "{same:?}");
    let wrong = json!({"url": format!("{url}/x"), "dest": bench.host("new"), "checksum": format!("sha256:{digest}")});
    let wrong = bench.run("get_url", wrong).await.unwrap();
    assert!(wrong.failed && wrong.msg.contains("did not match"), "{wrong:?}");
    let gone = bench
        .run("get_url", json!({"url": format!("{url}/x"), "dest": bench.host("new")}))
        .await
        .unwrap();
    assert!(
        gone.failed && gone.values["status_code"] == 404 && gone.msg == "Request failed",
        "{gone:?}"
    );
    assert!(!std::path::Path::new(&bench.host("new")).exists());
    assert_eq!(asked.try_iter().count(), 4);
    let dead = json!({"url": "http://127.0.0.1:1/", "dest": bench.host("new")});
    let dead = bench.run("get_url", dead).await.unwrap();
    assert!(dead.failed && dead.msg.starts_with("Request failed: "), "{dead:?}");
}

#[tokio::test]
async fn uri_sends_and_tells_what_came_back() {
    let mut bench = Bench::new();
    let json = ok(
        "Content-Type: application/json\r\nX-Some-Header: v\r\nSet-Cookie: a=1; Path=/\r\n",
        r#"{"k": [1]}"#,
    );
    let moved =
        "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (url, asked) = serve(vec![
        json.clone(),
        moved.to_owned(),
        ok("", "there"),
        moved.to_owned(),
        ok("", "kept\n"),
        ok("", ""),
    ]);
    let post = json!({"url": format!("{url}/api"), "method": "POST", "body_format": "json",
        "body": {"name": "ä", "list": [1, true]}, "return_content": true});
    let outcome = bench.run("uri", post).await.unwrap();
    let request = asked.recv().unwrap();
    assert!(
        request.starts_with("POST /api ") && request.contains("Content-Type: application/json"),
        "{request}"
    );
    assert!(request.ends_with(r#"{"name": "\u00e4", "list": [1, true]}"#), "{request}");
    assert_eq!(
        (&outcome.values["status"], &outcome.values["json"]),
        (&json!(200), &json!({"k": [1]}))
    );
    assert_eq!(
        (&outcome.values["x_some_header"], &outcome.values["cookies"]),
        (&json!("v"), &json!({"a": "1"}))
    );
    assert_eq!((&outcome.values["content"], outcome.changed), (&json!(r#"{"k": [1]}"#), false));
    let followed = bench
        .run("uri", json!({"url": format!("{url}/here"), "return_content": true}))
        .await
        .unwrap();
    assert_eq!(
        (&followed.values["redirected"], &followed.values["content"]),
        (&json!(true), &json!("there"))
    );
    let stays = json!({"url": format!("{url}/here"), "follow_redirects": "none", "status_code": [200, 302]});
    let stays = bench.run("uri", stays).await.unwrap();
    assert_eq!((stays.failed, &stays.values["status"]), (false, &json!(302)));
    let kept = json!({"url": format!("{url}/f.txt"), "dest": bench.host(""), "mode": "0640"});
    let kept = bench.run("uri", kept).await.unwrap();
    assert!(kept.changed, "{kept:?}");
    assert_eq!(std::fs::read_to_string(bench.host("f.txt")).unwrap(), "kept\n");
    assert_eq!(kept.values["mode"], "0640");
    let wrong = bench.run("uri", json!({"url": url.clone(), "status_code": 204})).await.unwrap();
    assert!(
        wrong.failed && wrong.msg == "Status code was 200 and not [204]: OK (0 bytes)",
        "{wrong:?}"
    );
    let made = json!({"url": url.clone(), "creates": bench.host("f.txt")});
    assert!(!bench.run("uri", made).await.unwrap().failed);
    let dead = bench.run("uri", json!({"url": "http://127.0.0.1:1/"})).await.unwrap();
    assert!(dead.failed && dead.values["status"] == -1, "{dead:?}");
    bench.context.check = true;
    assert!(bench.run("uri", json!({"url": url})).await.unwrap().skipped);
}

/// Packs `a/f` and `a/sub/g` with a program of this machine.
fn packed(bench: &Bench, name: &str, program: &str, args: &[&str]) -> String {
    let base = bench.directory.path().join("local");
    bench.local("a/f", "1\n");
    bench.local("a/sub/g", "2\n");
    let done = std::process::Command::new(program).args(args).current_dir(&base).status().unwrap();
    assert!(done.success(), "{program} {args:?}");
    base.join(name).to_string_lossy().into_owned()
}

#[tokio::test]
async fn unarchive_unpacks_what_is_not_there_yet() {
    let mut bench = Bench::new();
    let tgz = packed(&bench, "a.tgz", "tar", &["czf", "a.tgz", "a"]);
    let tar = packed(&bench, "a.tar", "tar", &["cf", "a.tar", "a"]);
    let python =
        "import zipfile; z = zipfile.ZipFile('a.zip', 'w'); z.write('a/f'); z.write('a/sub/g')";
    let zip = packed(&bench, "a.zip", "python3", &["-c", python]);
    for (archive, handler) in
        [(tgz.clone(), "TgzArchive"), (tar, "TarArchive"), (zip, "ZipArchive")]
    {
        let dest = bench.host(handler);
        std::fs::create_dir(&dest).unwrap();
        let task = json!({"src": archive, "dest": dest, "list_files": true});
        bench.context.check = true;
        let would = bench.run("unarchive", task.clone()).await.unwrap();
        assert_eq!(
            (would.skipped, would.changed),
            (handler != "ZipArchive", handler == "ZipArchive")
        );
        assert!(std::fs::read_dir(&dest).unwrap().next().is_none());
        bench.context.check = false;
        let first = bench.run("unarchive", task.clone()).await.unwrap();
        assert!(first.changed && first.values["handler"] == handler, "{first:?}");
        assert_eq!(std::fs::read_to_string(format!("{dest}/a/sub/g")).unwrap(), "2\n");
        assert!(first.values["files"].as_array().unwrap().contains(&json!("a/sub/g")));
        let again = bench.run("unarchive", task.clone()).await.unwrap();
        assert!(!again.changed, "{again:?}");
        std::fs::write(format!("{dest}/a/f"), "other content\n").unwrap();
        assert!(bench.run("unarchive", task).await.unwrap().changed);
        assert_eq!(std::fs::read_to_string(format!("{dest}/a/f")).unwrap(), "1\n");
    }
    let dest = bench.host("part");
    std::fs::create_dir(&dest).unwrap();
    let part = json!({"src": tgz, "dest": dest, "exclude": ["a/sub"], "mode": "u=rwX,go="});
    assert!(bench.run("unarchive", part.clone()).await.unwrap().changed);
    assert!(!bench.run("unarchive", part).await.unwrap().changed);
    assert!(!std::path::Path::new(&format!("{dest}/a/sub")).exists());
    assert_eq!(
        std::fs::metadata(format!("{dest}/a/f")).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let strip = json!({"src": tgz, "dest": bench.host("part"), "extra_opts": ["--strip-components=1"], "include": ["a/f"]});
    assert!(bench.run("unarchive", strip).await.unwrap().changed);
    assert_eq!(std::fs::read_to_string(format!("{dest}/f")).unwrap(), "1\n");
    for (task, words) in [
        (json!({"src": tgz, "dest": bench.host("none")}), "must be an existing dir"),
        (json!({"src": bench.host("none"), "dest": dest, "remote_src": true}), "does not exist"),
        (json!({"src": bench.local("no.tgz", "no archive"), "dest": dest}), "failed to unpack"),
    ] {
        let failed = bench.run("unarchive", task).await.unwrap();
        assert!(failed.failed && failed.msg.contains(words), "{failed:?}");
    }
    let made = json!({"src": tgz, "dest": dest, "creates": format!("{dest}/a")});
    assert!(bench.run("unarchive", made).await.unwrap().skipped);
}
