//! What asking does with servers that are strict, large, endless or odd; real answers are in `tests/it/signals.rs`.

use super::eks::{self, EksCluster};
use super::fake::{Says, fake, json};
use super::{Endpoint, alertmanager, prometheus};
use crate::snapshot::{ProviderIssue, Why};
use reqsign_core::StaticEnv;

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

/// What EKS answers, and what it was asked, by these variables beside its address.
async fn eks_says(says: Says, more: &[(&str, &str)]) -> (Result<Vec<ProviderIssue>, Why>, Vec<String>) {
    let server = fake(says).await;
    let address = [("AWS_ENDPOINT_URL_EKS", server.endpoint.url.as_str())];
    let envs = address.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let cluster: EksCluster = "arn:aws:eks:eu-central-1:123456789012:cluster/prod".parse().unwrap();
    let issues = eks::issues_for(&cluster, StaticEnv { home_dir: None, envs }).await;
    let asked = server.asked.lock().unwrap().clone();
    (issues, asked)
}

const KEYS: &[(&str, &str)] =
    &[("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_SESSION_TOKEN", "session")];

#[tokio::test]
async fn eks_is_asked_with_a_signature_and_tells_each_issue_once() {
    let body = r#"{"cluster": {"name": "prod", "health": {"issues": [
        {"code": "SubnetNotFound", "message": "Subnets are gone.", "resourceIds": ["subnet-1"]},
        {"code": "KmsKeyDisabled"},
        {"code": "SubnetNotFound", "message": "Subnets are gone.", "resourceIds": ["subnet-2"]}]}}}"#;
    let (issues, asked) = eks_says(Says::This("200 OK", "", body.into()), KEYS).await;
    let issues = issues.unwrap();
    let told: Vec<(&str, &str, usize)> =
        issues.iter().map(|issue| (&*issue.code, &*issue.message, issue.resource_ids.len())).collect();
    assert_eq!(told, [("KmsKeyDisabled", "", 0), ("SubnetNotFound", "Subnets are gone.", 2)]);
    let [head] = asked.as_slice() else { panic!("{asked:?}") };
    assert!(head.starts_with("GET /clusters/prod HTTP/1.1\r\n"), "{head}");
    let signed = head.lines().find_map(|line| line.strip_prefix("authorization: AWS4-HMAC-SHA256 ")).unwrap();
    assert!(signed.starts_with("Credential=AKIDEXAMPLE/"), "{signed}");
    assert!(signed.contains("/eu-central-1/eks/aws4_request") && signed.contains("Signature="), "{signed}");
    assert!(head.contains("x-amz-security-token: session\r\n") && !head.contains("secret"), "{head}");

    for calm in [r#"{"cluster": {"name": "prod"}}"#, r#"{"cluster": {"health": {"issues": []}}}"#] {
        let (issues, _) = eks_says(Says::This("200 OK", "", calm.into()), KEYS).await;
        assert_eq!(issues, Ok(Vec::new()));
    }
}

#[tokio::test]
async fn what_keeps_eks_from_telling_is_said_in_its_words() {
    let refusal = r#"{"message": "User: arn:aws:iam::1:role/bot is not authorized to perform: eks:DescribeCluster"}"#;
    for (says, word) in [
        (Says::This("403 Forbidden", "", refusal.into()), "403: User: arn:aws:iam::1:role/bot is not authorized"),
        (Says::This("404 Not Found", "", b"{}".to_vec()), "EKS has no cluster prod in eu-central-1; is the ARN right?"),
        (Says::This("200 OK", "", b"<html>".to_vec()), "the answer makes no sense"),
    ] {
        let (issues, _) = eks_says(says, KEYS).await;
        assert!(matches!(&issues, Err(Why::Failed(why)) if why.contains(word)), "{word}: {issues:?}");
    }
}

/// EKS Pod Identity: the agent on the node hands out credentials.
#[tokio::test]
async fn a_role_of_the_pod_is_taken() {
    let role =
        r#"{"AccessKeyId": "AKIDPOD", "SecretAccessKey": "x", "Token": "t", "Expiration": "2999-01-01T00:00:00Z"}"#;
    let agent = json(role).await;
    let variables = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.endpoint.url.as_str())];
    let (issues, asked) = eks_says(Says::This("200 OK", "", br#"{"cluster": {}}"#.to_vec()), &variables).await;
    assert_eq!(issues, Ok(Vec::new()));
    assert!(asked[0].contains("Credential=AKIDPOD/"), "{asked:?}");
    assert_eq!(agent.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn without_credentials_eks_is_not_asked() {
    let (issues, asked) =
        eks_says(Says::This("200 OK", "", Vec::new()), &[("AWS_EC2_METADATA_DISABLED", "true")]).await;
    assert!(matches!(&issues, Err(Why::Failed(why)) if why.contains("no AWS credentials that work")), "{issues:?}");
    assert_eq!(asked, Vec::<String>::new());
}

#[test]
fn a_cluster_of_eks_goes_by_its_arn() {
    let arn = "arn:aws-cn:eks:cn-north-1:123456789012:cluster/prod_1";
    assert_eq!(arn.parse::<EksCluster>().unwrap().to_string(), arn);
    for wrong in [
        "prod",
        "arn:aws:ecs:eu-central-1:1:cluster/prod",
        "arn:aws:eks::1:cluster/prod",
        "arn:aws:eks:eu-central-1:1:cluster/",
        "arn:aws:eks:evil.example/:1:cluster/prod",
        "arn:aws:eks:eu-central-1:1:cluster/../x",
        "arn:aws:eks:eu-central-1:1:cluster/prod:more",
    ] {
        assert!(wrong.parse::<EksCluster>().is_err(), "{wrong}");
    }
}
