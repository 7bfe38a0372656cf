//! What must go, what must stay, and what it may cost.

use super::*;
use serde_json::json;

const JWT: &str =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";

/// Every secret in these texts is called `s3cr3t…`; a telling piece of the rest has to stay.
#[test]
fn secrets_go_and_their_names_stay() {
    for (input, stays) in [
        ("DB_PASSWORD=s3cr3t", "DB_PASSWORD="),
        ("export API_KEY='s3cr3t value'", "export API_KEY="),
        ("PASSWORD=s3cr3t,with;all&kinds\nUSER=bob", "USER=bob"),
        (r#"{"password": "s3cr3t \" quoted", "user": "bob"}"#, r#""user": "bob""#),
        (r#"{"a":"{\"apiKey\":\"s3cr3t\",\"user\":\"bob\"}"}"#, r#"\"user\":\"bob\""#),
        ("db:\n  password: s3cr3t # of the database\n  user: bob", "user: bob"),
        ("password: |\n  s3cr3t one\n  s3cr3t two\nuser: bob", "user: bob"),
        ("token: \"s3cr3t\"", "token: "),
        ("- name: DB_PASSWORD\n  value: s3cr3t\n- name: DB_USER\n  value: bob", "value: bob"),
        (r#"[{"name":"DB_PASSWORD","value":"s3cr3t"},{"name":"U","value":"bob"}]"#, r#""value":"bob""#),
        ("mysqld --password s3cr3t --user bob", "--user bob"),
        ("mysqld --password=s3cr3t --user=bob", "--user=bob"),
        (r#"args: ["--token", "s3cr3t", "--user", "bob"]"#, "bob"),
        ("GET /login?user=bob&access_token=s3cr3t&page=2", "&page=2"),
        ("Server=db;User=bob;Password=s3cr3t;Timeout=5", ";Timeout=5"),
        ("connecting to postgres://bob:s3cr3t@db:5432/shop", "postgres://bob:[redacted]@db:5432/shop"),
        ("redis://:s3cr3t@cache:6379", "@cache:6379"),
        ("amqp://bob:s3cr3t@with@at@mq/", "@mq/"),
        ("https://s3cr3ts3cr3ts3cr3t0123@github.com/acme", "@github.com/acme"),
        ("bob:s3cr3t@tcp(db:3306)/shop", "@tcp(db:3306)/shop"),
        ("Authorization: Bearer s3cr3t", "Authorization: "),
        ("authorization: Basic czNjcjN0OnMzY3IzdA==s3cr3t", "authorization: "),
        (r#"headers: {"Authorization":"s3cr3t","Accept":"*/*"}"#, r#""Accept":"*/*""#),
        ("12:00 DEBUG call, header Authorization: Bearer s3cr3t-opaque done", " done"),
        ("12:00 sent proxy-authorization: Basic s3cr3t== twice", " twice"),
        ("curl -H \"Authorization: Bearer s3cr3t\" https://api", "https://api"),
        ("X-Api-Key: s3cr3t", "X-Api-Key: "),
        ("curl -H 'Authorization: token s3cr3t' https://api", "https://api"),
        ("used Bearer s3cr3ts3cr3t then left", "then left"),
        ("authorization: acme:s3cr3t", "authorization: "),
        ("sent it, authorization: acme:s3cr3t twice", " twice"),
        ("connected, password: acme.s3cr3t as bob", "as bob"),
        ("Cookie: session=s3cr3t", "Cookie: "),
        ("kind: Secret\ndata:\n  user: s3cr3t\n  other:   s3cr3t\nmetadata:\n  name: db", "name: db"),
        (
            "apiVersion: v1\nstringData:\n  a: |\n    s3cr3t: x\n    s3cr3t\nkind: Secret\n---\nkind: ConfigMap\ndata:\n  a: b",
            "  a: b",
        ),
        (r#"{"kind":"Secret","metadata":{"name":"db"},"data":{"user":"s3cr3t"}}"#, r#""name":"db""#),
        ("users:\n- name: bob\n  user:\n    client-key-data: s3cr3t", "name: bob"),
        (r#"{"auths":{"ghcr.io":{"auth":"s3cr3t"}}}"#, "ghcr.io"),
        ("-----BEGIN RSA PRIVATE KEY-----\ns3cr3t\n-----END RSA PRIVATE KEY-----\nafter", "\nafter"),
        ("key\\n-----BEGIN PRIVATE KEY-----\\ns3cr3t\\n-----END PRIVATE KEY-----\\nafter", "after"),
        ("before -----BEGIN EC PRIVATE KEY-----\ns3cr3t and cut off", "before "),
        ("spring.datasource.password=s3cr3t\nspring.datasource.url=jdbc:x", "jdbc:x"),
        ("level=info password=s3cr3t user=bob", "user=bob"),
    ] {
        let output = text(input);
        assert!(!output.contains("s3cr3t"), "{input}\n-> {output}");
        assert!(output.contains(stays), "{input}\n-> {output}");
        assert!(output.contains("[redacted"), "{output}");
        assert_eq!(text(&output), output, "a second pass changes nothing");
    }
}

#[test]
fn tokens_are_known_by_their_form() {
    for token in [
        JWT,
        "ghp_0123456789abcdefghijABCDEFGHIJ012345",
        "glpat-0123456789abcdefghij",
        "xoxb-123456789012-abcdef",
        "AKIAIOSFODNN7EXAMPLE",
        "sk-proj-0123456789abcdefghijkl",
        "123456789:AAF0123456789abcdefghij0123456789AB",
        "bot123456789:AAF0123456789abcdefghij0123456789AB",
        "https://hooks.slack.com/services/T0/B0/xyz",
    ] {
        let output = text(&format!("got {token} from it")).into_owned();
        assert_eq!(output, "got [redacted] from it", "{token}");
    }
}

#[test]
fn what_is_no_secret_stays() {
    for input in [
        "image: registry:5000/token-service:1.2@sha256:0123456789abcdef0123456789abcdef",
        "Pulling image \"acme/secret-store:1.2\"",
        "ghcr.io/acme/password:v1",
        "docker-pullable://nginx:1.2@sha256:0123456789abcdef",
        "secretName: web-tls",
        "secretKeyRef:\n  name: db\n  key: password",
        r#"{"secretKeyRef":{"name":"db","key":"password","optional":false}}"#,
        "tokenReviews: create",
        "resources: [\"secrets\", \"tokenreviews\"]",
        "uid: 7b3f0c9e-2d1b-4c55-9a55-0c7f5a1f0a11",
        "pod-template-hash: 5d59d67564",
        "automountServiceAccountToken: false",
        "couldn't find key password in Secret shop/db",
        "MountVolume.SetUp failed for volume \"db\" : secret \"db-password\" not found",
        "Error: secret \"api-token\" not found",
        "Basic authentication is off; bearer authentication is on",
        "invalid bearer token: token is expired",
        "error: password: authentication failed",
        "Failed to accept authorization: acme: authorization error for shop.example.com: 403 rateLimited",
        "authorization: acme: order is invalid",
        "TOKEN_FILE=/var/run/secrets/kubernetes.io/serviceaccount/token",
        "GOOGLE_APPLICATION_CREDENTIALS=/etc/gcp/key.json",
        "PWD=/app",
        "PASSWORD_MIN_LENGTH=8",
        "max_tokens=4096",
        "DB_PASSWORD=$(OTHER)",
        "DB_PASSWORD:  <set to the key 'password' in secret 'db'>  Optional: false",
        "https://shop.example.com:8443/a@b",
        "user@example.com wrote",
        "kubectl get secret db -n shop",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "topologyKey: kubernetes.io/hostname",
        "pass: 12, fail: 0",
        "2026-11-23T09:00:00Z INFO started in 12:34:56",
        "std::token::Token at src/token.rs:12",
    ] {
        assert_eq!(text(input), input);
    }
}

#[test]
fn objects_keep_their_shape() {
    let mut object = json!({
        "kind": "Secret", "metadata": {"name": "db", "annotations": {"kubectl.kubernetes.io/last-applied-configuration":
            "{\"kind\":\"Secret\",\"stringData\":{\"user\":\"s3cr3t\"}}"}},
        "data": {"user": "s3cr3t", "empty": null}, "stringData": {"x": "s3cr3t"}, "type": "Opaque",
    });
    value(&mut object);
    assert!(!object.to_string().contains("s3cr3t"), "{object}");
    assert_eq!(object["data"], json!({"user": MARK, "empty": null}));
    assert_eq!((&object["type"], &object["metadata"]["name"]), (&json!("Opaque"), &json!("db")));

    let mut list = json!({"kind": "SecretList", "items": [{"data": {"a": "s3cr3t"}}]});
    value(&mut list);
    assert_eq!(list["items"][0]["data"]["a"], MARK);

    let mut pod = json!({"kind": "Pod", "spec": {"containers": [{"image": "acme/api:1", "args": ["--token", "s3cr3t", "--v=2"],
        "env": [{"name": "DB_PASSWORD", "value": "s3cr3t"}, {"name": "DB_USER", "value": "bob"},
                {"name": "API_TOKEN", "valueFrom": {"secretKeyRef": {"name": "api", "key": "token"}}},
                {"name": "URL", "value": "amqp://bob:s3cr3t@mq"}]}],
        "volumes": [{"secret": {"secretName": "web-tls"}}], "imagePullSecrets": [{"name": "regcred"}],
        "automountServiceAccountToken": true}});
    let before = pod.clone();
    value(&mut pod);
    assert!(!pod.to_string().contains("s3cr3t"), "{pod}");
    let container = &pod["spec"]["containers"][0];
    assert_eq!(container["args"], json!(["--token", MARK, "--v=2"]));
    assert_eq!(container["env"][0], json!({"name": "DB_PASSWORD", "value": MARK}));
    assert_eq!(container["env"][2], before["spec"]["containers"][0]["env"][2]);
    for part in ["volumes", "imagePullSecrets", "automountServiceAccountToken"] {
        assert_eq!(pod["spec"][part], before["spec"][part]);
    }
}

#[test]
fn a_megabyte_of_the_worst_is_done_in_linear_time() {
    let patterns = [
        "a=",
        "password",
        "password=\"",
        "eyJ",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
        "://",
        "x://a:",
        "a:b@",
        "token: ",
        "\\\"",
        "bearer ",
        "kind: Secret\ndata:\n",
        "name: TOKEN\n",
        "{\"Secret",
        "_",
        "é=",
        "--token ",
    ];
    for pattern in patterns {
        // What takes time that grows with the square would need hours for the larger one, not twenty-odd times as long.
        let time = |size: usize| {
            let input = pattern.repeat(size / pattern.len());
            let begun = std::time::Instant::now();
            let output = text(&input);
            assert!(output.len() <= 8 * input.len());
            begun.elapsed()
        };
        let (small, large) = (time(20_000), time(400_000));
        assert!(large.as_secs_f64() < 2.0 + 100.0 * small.as_secs_f64(), "{pattern:?}: {small:?}, then {large:?}");
    }
}

#[test]
fn any_text_is_taken_without_a_panic() {
    let pieces = [
        "password",
        "=",
        ":",
        "\"",
        "'",
        "\\",
        "é",
        "☃",
        "\n",
        " ",
        "value",
        "--",
        "Secret",
        "://",
        "@",
        "-----BEGIN ",
        "{",
        "[",
    ];
    let mut state = 7_u64;
    for _ in 0..20_000 {
        let mut input = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            input.push_str(pieces[(state >> 33) as usize % pieces.len()]);
        }
        assert!(text(&input).len() < 1000);
    }
}
