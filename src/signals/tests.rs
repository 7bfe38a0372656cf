//! What asking does with servers that are strict, large, endless or odd; real answers are in `tests/it/signals.rs`.

use super::fake::{Says, fake, json};
use super::{Endpoint, alertmanager, prometheus};
use crate::snapshot::Why;

#[tokio::test]
async fn a_refusal_is_told_in_its_words_without_pages_and_secrets() {
    let this = |status, body: &str| Says::This(status, "", body.as_bytes().to_vec());
    let failed = |why: &str| Why::Failed(why.to_owned());
    let table = [
        (this("403 Forbidden", "no"), Why::Forbidden),
        (this("404 Not Found", "<html>"), failed("404: it has no such API; is the address right?")),
        (this("401 Unauthorized", "<html>Sign in</html>"), failed("401 Unauthorized")),
        (this("503 Service Unavailable", "starting"), failed("503 Service Unavailable")),
        (
            this(
                "422 Unprocessable Entity",
                r#"{"status":"error","errorType":"execution","error":"too many samples; token=abcdef0123456789"}"#,
            ),
            failed("422: too many samples; token=[redacted]"),
        ),
        (this("302 Found\r\nlocation: http://127.0.0.1:1/", ""), failed("302 Found")),
    ];
    for (says, why) in table {
        let server = fake(says).await;
        assert_eq!(prometheus::volumes(&server.endpoint, None).await, Err(why.clone()));
        assert_eq!(alertmanager::firing(&server.endpoint).await, Err(why));
    }
    let thanos = fake(this("404 Not Found", "404 page not found")).await;
    assert_eq!(prometheus::status(&thanos.endpoint).await, Err(Why::NotServed));
    let why = prometheus::status(&Endpoint::at("http://127.0.0.1:1")).await.unwrap_err();
    assert!(matches!(&why, Why::Failed(why) if why.contains("refused")), "{why:?}");
}

#[tokio::test]
async fn an_answer_without_end_or_sense_is_given_up() {
    let said = |why: Why| if let Why::Failed(why) = why { why } else { panic!("{why:?}") };
    let endless = fake(Says::Endlessly(&[b' '; 1 << 16])).await;
    assert_eq!(said(alertmanager::firing(&endless.endpoint).await.unwrap_err()), "the answer is too large");
    for odd in [&b"\xff\xfe{}"[..], b"", b"{", b"[1,2]", br#"{"status":"success"}"#, &vec![b'['; 1 << 20]] {
        let server = fake(Says::This("200 OK", "", odd.to_vec())).await;
        let why = said(prometheus::volumes(&server.endpoint, None).await.unwrap_err());
        assert!(why.starts_with("the answer makes no sense: "), "{why}");
    }
}

#[tokio::test]
async fn numbers_that_are_none_are_left_out() {
    let series = |name: &str, claim: &str, value: &str| {
        format!(
            r#"{{"metric":{{"__name__":"kubelet_volume_stats_{name}","namespace":"shop","persistentvolumeclaim":"{claim}"}},"value":[1700000000.5,"{value}"]}}"#
        )
    };
    let all = [
        series("capacity_bytes", "a", "1000"),
        series("available_bytes", "a", "40"),
        series("available_bytes", "a", "60"),
        series("inodes", "a", "NaN"),
        series("inodes_used", "a", "-1"),
        series("capacity_bytes", "b", "+Inf"),
        series("available_bytes", "b", "1"),
        series("capacity_bytes", "c", "1e30"),
        series("available_bytes", "c", "many"),
    ];
    let server =
        json(&format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{}]}}}}"#, all.join(","))).await;
    let volumes = prometheus::volumes(&server.endpoint, None).await.unwrap();
    let [a] = volumes.as_slice() else { panic!("{volumes:?}") };
    assert_eq!((&*a.meta.name, a.used.used_bytes, a.used.capacity_bytes, a.used.inodes), ("a", 960, 1000, 0));
}

#[tokio::test]
async fn who_needs_a_token_or_a_label_is_asked_with_it() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "first\n").unwrap();
    let server = json("[]").await;
    let labels = vec![("cluster".to_owned(), "pr\"od".to_owned())];
    let endpoint = Endpoint { token_file: Some(file.path().to_owned()), labels, ..server.endpoint.clone() };
    alertmanager::firing(&endpoint).await.unwrap();
    std::fs::write(file.path(), "second").unwrap();
    alertmanager::firing(&endpoint).await.unwrap();
    let asked = server.asked.lock().unwrap().clone();
    let query =
        "GET /api/v2/alerts?active=true&silenced=false&inhibited=false&filter=cluster%3D%22pr%5C%22od%22 HTTP/1.1";
    assert!(asked[0].starts_with(query), "{}", asked[0]);
    assert!(
        asked[0].contains("authorization: Bearer first\r\n") && asked[1].contains("authorization: Bearer second\r\n")
    );
    std::fs::remove_file(file.path()).unwrap();
    let why = alertmanager::firing(&endpoint).await.unwrap_err();
    assert!(matches!(&why, Why::Failed(why) if why.contains("No such file")), "{why:?}");
}

/// As Alertmanager 0.28 answers, shortened.
const ALERTS: &str = r#"[
  {"annotations":{"description":"Pod shop/db-0 is crash looping.","summary":"It crashes with password=hunter2hunter2."},
   "endsAt":"2026-11-23T09:04:00.000Z","fingerprint":"5d1b6a5c2f2d3e10","receivers":[{"name":"ops"}],
   "startsAt":"2026-11-23T08:00:00.000Z","status":{"inhibitedBy":[],"mutedBy":[],"silencedBy":[],"state":"active"},
   "updatedAt":"2026-11-23T09:00:00.000Z","generatorURL":"http://prometheus/graph?g0.expr=x",
   "labels":{"alertname":"KubePodCrashLooping","namespace":"shop","pod":"db-0","severity":"critical"}},
  {"annotations":{},"startsAt":"2026-11-23T08:00:00.000+01:00","fingerprint":"a","labels":{"alertname":"Watchdog","severity":"none"}}]"#;

#[tokio::test]
async fn alerts_are_taken_with_their_labels_and_without_secrets() {
    let server = json(ALERTS).await;
    let alerts = alertmanager::firing(&server.endpoint).await.unwrap();
    let [crash, watchdog] = alerts.as_slice() else { panic!("{alerts:?}") };
    assert_eq!((&*crash.meta.name, crash.meta.uid.to_string().as_str()), ("KubePodCrashLooping", "5d1b6a5c2f2d3e10"));
    assert_eq!(crash.labels.get("pod").map(|pod| &**pod), Some("db-0"));
    assert_eq!(crash.summary, "It crashes with password=[redacted].");
    assert_eq!(crash.starts_at.unwrap().to_rfc3339(), "2026-11-23T08:00:00+00:00");
    assert_eq!(
        (&*watchdog.summary, watchdog.starts_at.unwrap().to_rfc3339().as_str()),
        ("", "2026-11-23T07:00:00+00:00")
    );
}
