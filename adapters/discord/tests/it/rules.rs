//! The fake is as strict as Discord: each limit, provoked by bare HTTP.

use discord::fake::{FakeDiscord, Fault, Scope, TOKEN};
use reqwest12::{
    Client, Method,
    multipart::{Form, Part},
};
use serde_json::{Value, json};
use std::time::Duration;

struct Http {
    fake: FakeDiscord,
    client: Client,
    alice: String,
    ops: String,
}

impl Http {
    async fn new() -> Self {
        let fake = FakeDiscord::start().await;
        let (alice, ops) = (fake.user("alice"), fake.channel("ops"));
        Self { fake, client: Client::builder().no_proxy().build().unwrap(), alice, ops }
    }

    /// Status, Discord's code, and the body.
    async fn ask(&self, method: Method, path: &str, body: Value) -> (u16, u64, Value) {
        let url = format!("{}/api/v10{path}", self.fake.api_url());
        let request = self.client.request(method, url).header("authorization", format!("Bot {TOKEN}")).json(&body);
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null);
        (status, body["code"].as_u64().unwrap_or_default(), body)
    }

    async fn post(&self, body: Value) -> (u16, u64) {
        let (status, code, _) = self.ask(Method::POST, &format!("/channels/{}/messages", self.ops), body).await;
        (status, code)
    }

    async fn callback(&self, interaction: &str, body: Value) -> (u16, u64) {
        let path = format!("/interactions/{interaction}/interaction-token-{interaction}/callback");
        let (status, code, _) = self.ask(Method::POST, &path, body).await;
        (status, code)
    }

    fn webhook(&self, interaction: &str, rest: &str) -> String {
        format!("/webhooks/{}/interaction-token-{interaction}{rest}", self.fake.application())
    }
}

const OK: (u16, u64) = (200, 0);
const INVALID: (u16, u64) = (400, 50_035);

fn button(custom_id: &str, label: &str) -> Value {
    json!({ "type": 2, "style": 1, "custom_id": custom_id, "label": label })
}

fn rows(rows: Vec<Vec<Value>>) -> Value {
    let rows: Vec<Value> = rows.into_iter().map(|row| json!({ "type": 1, "components": row })).collect();
    json!({ "components": rows })
}

#[tokio::test]
async fn sizes() {
    let http = Http::new().await;
    let embed = |key: &str, length: usize| json!({ "embeds": [{ key: "x".repeat(length) }] });
    let many =
        |count: usize, length: usize| json!({ "embeds": vec![json!({ "description": "x".repeat(length) }); count] });
    let field = |name: usize, value: usize| json!({ "embeds": [{ "fields": [{ "name": "x".repeat(name), "value": "x".repeat(value) }] }] });
    let button_rows =
        |count: usize| rows((0..count).map(|row| vec![button(&format!("id{row}"), "Go")]).collect::<Vec<_>>());
    let in_row = |count: usize| rows(vec![(0..count).map(|place| button(&format!("id{place}"), "Go")).collect()]);
    let cases = [
        (json!({ "content": "😀".repeat(2_000) }), OK),
        (json!({ "content": "x".repeat(2_001) }), INVALID),
        (embed("title", 256), OK),
        (embed("title", 257), INVALID),
        (embed("description", 4_096), OK),
        (embed("description", 4_097), INVALID),
        (field(256, 1_024), OK),
        (field(257, 1), INVALID),
        (field(1, 1_025), INVALID),
        (many(2, 3_000), OK),
        (many(2, 3_001), INVALID),
        (many(10, 10), OK),
        (many(11, 10), INVALID),
        (button_rows(5), OK),
        (button_rows(6), INVALID),
        (in_row(5), OK),
        (in_row(6), INVALID),
        (rows(vec![vec![]]), INVALID),
        (rows(vec![vec![button("a", &"x".repeat(80))]]), OK),
        (rows(vec![vec![button("a", &"x".repeat(81))]]), INVALID),
        (rows(vec![vec![button("a", "")]]), INVALID),
        (rows(vec![vec![button(&"x".repeat(100), "Go")]]), OK),
        (rows(vec![vec![button(&"x".repeat(101), "Go")]]), INVALID),
        (rows(vec![vec![button("", "Go")]]), INVALID),
        (rows(vec![vec![button("a", "Go")], vec![button("a", "Stop")]]), INVALID),
        (json!({ "content": "x", "nonce": "n".repeat(26) }), INVALID),
        (json!({ "content": "  " }), (400, 50_006)),
        (json!({}), (400, 50_006)),
    ];
    for (body, expected) in cases {
        let answer = http.post(body.clone()).await;
        assert_eq!(answer, expected, "{body}");
    }
}

#[tokio::test]
async fn files() {
    let http = Http::new().await;
    let url = format!("{}/api/v10/channels/{}/messages", http.fake.api_url(), http.ops);
    let upload = async |sizes: &[usize]| {
        let mut form = Form::new().text("payload_json", "{}");
        for (index, size) in sizes.iter().enumerate() {
            form = form.part(format!("files[{index}]"), Part::bytes(vec![b'x'; *size]).file_name("a.txt"));
        }
        let request = http.client.post(&url).header("authorization", format!("Bot {TOKEN}")).multipart(form);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(upload(&[10 * 1024 * 1024]).await, 200);
    assert_eq!(upload(&[10 * 1024 * 1024 + 1]).await, 413);
    assert_eq!(upload(&[1; 11]).await, 400);
}

#[tokio::test]
async fn a_nonce_makes_one_message_for_a_few_minutes() {
    let http = Http::new().await;
    let path = format!("/channels/{}/messages", http.ops);
    let enforced = json!({ "content": "x", "nonce": "n", "enforce_nonce": true });
    let (_, _, first) = http.ask(Method::POST, &path, enforced.clone()).await;
    let (_, _, second) = http.ask(Method::POST, &path, enforced.clone()).await;
    assert_eq!(first["id"], second["id"]);
    let (_, _, third) = http.ask(Method::POST, &path, json!({ "content": "x", "nonce": "n" })).await;
    assert_ne!(first["id"], third["id"], "not enforced");
    http.fake.advance(Duration::from_secs(6 * 60));
    let (_, _, fourth) = http.ask(Method::POST, &path, enforced).await;
    assert_ne!(third["id"], fourth["id"], "forgotten");
}

#[tokio::test]
async fn a_reply_needs_its_message_unless_it_says_otherwise() {
    let http = Http::new().await;
    let reply = |strict: Value| json!({ "content": "x", "message_reference": { "message_id": "1", "fail_if_not_exists": strict } });
    assert_eq!(http.post(reply(Value::Null)).await, INVALID);
    assert_eq!(http.post(reply(json!(false))).await, OK);
}

#[tokio::test]
async fn the_first_response_has_three_seconds_and_there_is_one() {
    let http = Http::new().await;
    let deferred = json!({ "type": 5 });
    let in_time = http.fake.slash(&http.alice, &http.ops, "help", &[]);
    http.fake.advance(Duration::from_secs(3));
    assert_eq!(http.callback(&in_time, deferred.clone()).await, (204, 0));
    assert_eq!(http.callback(&in_time, deferred.clone()).await, (400, 40_060));
    let late = http.fake.slash(&http.alice, &http.ops, "help", &[]);
    http.fake.advance(Duration::from_millis(3_001));
    assert_eq!(http.callback(&late, deferred.clone()).await, (404, 10_062));
    assert_eq!(http.callback("1", deferred).await, (404, 10_062));
    let command = http.fake.slash(&http.alice, &http.ops, "help", &[]);
    assert_eq!(http.callback(&command, json!({ "type": 6 })).await, INVALID, "only a component can be updated");
    assert_eq!(http.callback(&command, json!({ "type": 4, "data": {} })).await, (400, 50_006));
}

#[tokio::test]
async fn an_interactions_token_lives_fifteen_minutes_and_only_once_answered() {
    let http = Http::new().await;
    let interaction = http.fake.slash(&http.alice, &http.ops, "help", &[]);
    let original = http.webhook(&interaction, "/messages/@original");
    let get = async || {
        let (status, code, _) = http.ask(Method::GET, &original, Value::Null).await;
        (status, code)
    };
    assert_eq!(get().await, (404, 10_015), "not acknowledged yet");
    http.callback(&interaction, json!({ "type": 5 })).await;
    assert_eq!(get().await, OK);
    http.fake.advance(Duration::from_secs(15 * 60));
    assert_eq!(get().await, OK);
    http.fake.advance(Duration::from_secs(1));
    assert_eq!(get().await, (401, 50_027));
}

#[tokio::test]
async fn the_first_follow_up_becomes_the_deferred_message_and_is_as_visible() {
    let http = Http::new().await;
    let interaction = http.fake.slash(&http.alice, &http.ops, "help", &[]);
    http.callback(&interaction, json!({ "type": 5 })).await;
    let follow = http.webhook(&interaction, "");
    let secret = json!({ "content": "secret", "flags": 64 });
    http.ask(Method::POST, &follow, secret.clone()).await;
    assert_eq!(http.fake.messages(&http.ops)[0].content, "secret", "the trap: the flag is ignored");
    http.ask(Method::POST, &follow, secret).await;
    assert_eq!(http.fake.messages(&http.ops).len(), 1);
    let (_, _, whispered) = http.ask(Method::POST, &follow, json!({ "content": "psst", "flags": 64 })).await;
    assert_eq!(http.fake.ephemeral(&http.alice).len(), 2);
    let path = format!("/channels/{}/messages/{}", http.ops, whispered["id"].as_str().unwrap());
    let (status, code, _) = http.ask(Method::PATCH, &path, json!({ "content": "x" })).await;
    assert_eq!((status, code), (404, 10_008), "the bot's own token does not reach it");
}

#[tokio::test]
async fn who_may_not_is_refused() {
    let http = Http::new().await;
    let url = format!("{}/api/v10/users/@me", http.fake.api_url());
    let status = http.client.get(&url).header("authorization", "Bot wrong").send().await.unwrap().status();
    assert_eq!(status.as_u16(), 401);
    let (status, code, _) = http.ask(Method::POST, "/channels/1/messages", json!({ "content": "x" })).await;
    assert_eq!((status, code), (404, 10_003));
    let theirs = http.fake.say(&http.alice, &http.ops, "mine");
    let path = format!("/channels/{}/messages/{theirs}", http.ops);
    let (status, code, _) = http.ask(Method::PATCH, &path, json!({ "content": "yours" })).await;
    assert_eq!((status, code), (403, 50_005));
    http.fake.forbid(&http.ops);
    assert_eq!(http.post(json!({ "content": "x" })).await, (403, 50_001));
}

#[tokio::test]
async fn commands_have_names_descriptions_and_required_options_first() {
    let http = Http::new().await;
    let path = format!("/applications/{}/commands", http.fake.application());
    let put = async |body: Value| http.ask(Method::PUT, &path, body).await.0;
    let command = |name: &str, options: Value| json!([{ "name": name, "description": "d", "options": options }]);
    let option =
        |name: &str, required: bool| json!({ "type": 3, "name": name, "description": "d", "required": required });
    assert_eq!(put(command("why", json!([option("a", true), option("b", false)]))).await, 200);
    assert_eq!(put(command("why", json!([option("b", false), option("a", true)]))).await, 400);
    assert_eq!(put(command("Why", json!([]))).await, 400);
    assert_eq!(put(command(&"w".repeat(33), json!([]))).await, 400);
    assert_eq!(put(command("why", json!(vec![option("a", true); 26]))).await, 400);
    assert_eq!(put(json!([{ "name": "why", "description": "d".repeat(101) }])).await, 400);
    let hundred: Vec<Value> = (0..101).map(|n| json!({ "name": format!("c{n}"), "description": "d" })).collect();
    assert_eq!(put(json!(hundred[..100])).await, 200);
    assert_eq!(put(json!(hundred)).await, 400);
}

#[tokio::test]
async fn a_rate_limit_has_discords_headers() {
    let http = Http::new().await;
    let after = Duration::from_millis(1_500);
    for (scope, word) in [(Scope::User, "user"), (Scope::Global, "global"), (Scope::Shared, "shared")] {
        http.fake.fail_next("GET /users/@me", Fault::RateLimited { after, scope });
        let url = format!("{}/api/v10/users/@me", http.fake.api_url());
        let response = http.client.get(&url).header("authorization", format!("Bot {TOKEN}")).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 429);
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header("x-ratelimit-scope").as_deref(), Some(word));
        assert_eq!(header("retry-after").as_deref(), Some("2"));
        assert_eq!(header("x-ratelimit-global").is_some(), scope == Scope::Global);
        let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        assert_eq!(body["retry_after"], 1.5);
    }
}

#[tokio::test]
async fn a_mention_rings_unless_it_is_switched_off() {
    let http = Http::new().await;
    let text = "@everyone";
    http.post(json!({ "content": text })).await;
    http.post(json!({ "content": text, "allowed_mentions": { "parse": [] } })).await;
    let pings: Vec<bool> = http.fake.messages(&http.ops).iter().map(|message| message.pings).collect();
    assert_eq!(pings, [true, false]);
}
