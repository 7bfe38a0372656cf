//! The fake refuses what the real Bot API refuses: asked by bare HTTP, not through the adapter.

use reqwest12::{
    Client,
    multipart::{Form, Part},
};
use serde_json::{Value, json};
use std::time::Duration;
use telegram::fake::{FakeTelegram, TOKEN};

struct Caller {
    fake: FakeTelegram,
    client: Client,
    chat: i64,
}

impl Caller {
    async fn new(fake: FakeTelegram) -> Self {
        let client = Client::builder().no_proxy().build().unwrap();
        let chat = fake.person("Ada");
        Self { fake, client, chat }
    }

    async fn start() -> Self {
        Self::new(FakeTelegram::start().await).await
    }

    async fn at(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/{path}", self.fake.url());
        let bytes = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    async fn call(&self, method: &str, body: Value) -> Value {
        self.at(&format!("bot{TOKEN}/{method}"), body).await
    }

    async fn send(&self, text: &str) -> Value {
        self.call("SendMessage", json!({ "chat_id": self.chat, "text": text })).await
    }

    async fn send_html(&self, text: &str) -> Value {
        self.call("sendMessage", json!({ "chat_id": self.chat, "text": text, "parse_mode": "HTML" })).await
    }

    async fn with_markup(&self, rows: Value) -> Value {
        let body = json!({ "chat_id": self.chat, "text": "x", "reply_markup": { "inline_keyboard": rows } });
        self.call("sendMessage", body).await
    }

    async fn upload(&self, method: &str, field: &str, bytes: Vec<u8>, caption: &str) -> Value {
        let form = Form::new()
            .text("chat_id", self.chat.to_string())
            .text("caption", caption.to_owned())
            .part(field.to_owned(), Part::bytes(bytes).file_name("a.txt"));
        let url = format!("{}/bot{TOKEN}/{method}", self.fake.url());
        let bytes = self.client.post(url).multipart(form).send().await.unwrap().bytes().await.unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }
}

#[track_caller]
fn refuses(answer: &Value, code: u16, description: &str) {
    assert_eq!(
        (&answer["ok"], &answer["error_code"], &answer["description"]),
        (&json!(false), &json!(code), &json!(description))
    );
}

#[track_caller]
fn agrees(answer: &Value) {
    assert_eq!(answer["ok"], json!(true), "{answer}");
}

const TOO_OLD: &str = "Bad Request: query is too old and response timeout expired or query ID is invalid";

#[tokio::test]
async fn a_text_has_4096_utf16_units_after_parsing() {
    let caller = Caller::start().await;
    agrees(&caller.send(&"😀".repeat(2048)).await);
    refuses(&caller.send(&"😀".repeat(2049)).await, 400, "Bad Request: message is too long");
    agrees(&caller.send_html(&"&lt;".repeat(4096)).await);
    refuses(&caller.send_html(&"&lt;".repeat(4097)).await, 400, "Bad Request: message is too long");
    refuses(&caller.send(" \n ").await, 400, "Bad Request: message text is empty");
}

#[tokio::test]
async fn markup_must_be_well_formed() {
    let caller = Caller::start().await;
    agrees(&caller.send_html("<b>5 &lt; 6</b> <a href=\"https://e.org\">x</a>").await);
    assert_eq!(caller.fake.messages(caller.chat)[0].text, "5 < 6 x");
    refuses(
        &caller.send_html("<b>x").await,
        400,
        "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\"",
    );
    refuses(
        &caller.send_html("a<h1>x</h1>").await,
        400,
        "Bad Request: can't parse entities: Unsupported start tag \"h1\" at byte offset 1",
    );
    agrees(&caller.send("<b>x").await);
}

#[tokio::test]
async fn a_caption_has_1024_and_a_file_its_bytes() {
    let caller = Caller::start().await;
    agrees(&caller.upload("sendDocument", "document", vec![1], &"😀".repeat(512)).await);
    let long = caller.upload("sendDocument", "document", vec![1], &"😀".repeat(513)).await;
    refuses(&long, 400, "Bad Request: message caption is too long");
    refuses(&caller.upload("sendDocument", "document", vec![], "").await, 400, "Bad Request: file must be non-empty");
    refuses(
        &caller.upload("sendDocument", "other", vec![1], "").await,
        400,
        "Bad Request: there is no document in the request",
    );
    refuses(&caller.upload("sendPhoto", "photo", vec![1], "").await, 400, "Bad Request: IMAGE_PROCESS_FAILED");
    let mut photo = b"\x89PNG".to_vec();
    photo.resize(10_000_001, 0);
    refuses(&caller.upload("sendPhoto", "photo", photo, "").await, 413, "Request Entity Too Large");
}

#[tokio::test]
async fn buttons_have_64_bytes_and_there_are_100() {
    let caller = Caller::start().await;
    let key = |data: &str| json!({ "text": "x", "callback_data": data });
    agrees(&caller.with_markup(json!([[key(&"a".repeat(64))]])).await);
    refuses(&caller.with_markup(json!([[key(&"é".repeat(33))]])).await, 400, "Bad Request: BUTTON_DATA_INVALID");
    refuses(&caller.with_markup(json!([[key("")]])).await, 400, "Bad Request: BUTTON_DATA_INVALID");
    agrees(&caller.with_markup(json!(vec![vec![key("a"); 2]; 50])).await);
    refuses(
        &caller.with_markup(json!(vec![vec![key("a"); 101]; 1])).await,
        400,
        "Bad Request: reply markup is too long",
    );
}

#[tokio::test]
async fn an_edit_needs_an_own_message_and_a_change() {
    let caller = Caller::start().await;
    let id = caller.send("x").await["result"]["message_id"].clone();
    let edit = async |id: &Value, text: &str| {
        let body = json!({ "chat_id": caller.chat, "message_id": id, "text": text });
        caller.call("editMessageText", body).await
    };
    refuses(
        &edit(&id, "x").await,
        400,
        "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as \
         a current content and reply markup of the message",
    );
    refuses(&edit(&id, &"x".repeat(4097)).await, 400, "Bad Request: MESSAGE_TOO_LONG");
    agrees(&edit(&id, "y").await);
    refuses(&edit(&json!(4040), "y").await, 400, "Bad Request: message to edit not found");
    let theirs = caller.fake.say(caller.chat, caller.chat, "mine");
    refuses(&edit(&json!(theirs), "y").await, 400, "Bad Request: message can't be edited");
    let document = caller.upload("sendDocument", "document", vec![1], "c").await["result"]["message_id"].clone();
    refuses(&edit(&document, "y").await, 400, "Bad Request: there is no text in the message to edit");
    let caption = json!({ "chat_id": caller.chat, "message_id": id, "caption": "c" });
    let answer = caller.call("editMessageCaption", caption).await;
    refuses(&answer, 400, "Bad Request: there is no caption in the message to edit");
}

#[tokio::test]
async fn a_message_can_be_deleted_once_and_for_48_hours() {
    let caller = Caller::start().await;
    let delete =
        async |id: &Value| caller.call("deleteMessage", json!({ "chat_id": caller.chat, "message_id": id })).await;
    let id = caller.send("x").await["result"]["message_id"].clone();
    agrees(&delete(&id).await);
    refuses(&delete(&id).await, 400, "Bad Request: message to delete not found");
    let old = caller.send("x").await["result"]["message_id"].clone();
    caller.fake.advance(Duration::from_secs(48 * 3600 + 1));
    refuses(&delete(&old).await, 400, "Bad Request: message can't be deleted");
}

#[tokio::test]
async fn a_press_is_answered_once_and_in_time() {
    let caller = Caller::start().await;
    let answer = async |query: &str| caller.call("answerCallbackQuery", json!({ "callback_query_id": query })).await;
    let press = caller.fake.press_raw(caller.chat, caller.chat, 1, "x");
    let long = json!({ "callback_query_id": press, "text": "x".repeat(201) });
    refuses(&caller.call("answerCallbackQuery", long).await, 400, "Bad Request: MESSAGE_TOO_LONG");
    agrees(&answer(&press).await);
    refuses(&answer(&press).await, 400, TOO_OLD);
    refuses(&answer("invented").await, 400, TOO_OLD);
    let late = caller.fake.press_raw(caller.chat, caller.chat, 1, "x");
    caller.fake.expire_presses();
    refuses(&answer(&late).await, 400, TOO_OLD);
    assert!(!caller.fake.is_answered(&late));
}

#[tokio::test]
async fn rates_of_a_chat_a_group_and_the_bot() {
    let mut caller = Caller::new(FakeTelegram::start_paced().await).await;
    agrees(&caller.send("one").await);
    let flood = caller.send("two").await;
    refuses(&flood, 429, "Too Many Requests: retry after 1");
    assert_eq!(flood["parameters"], json!({ "retry_after": 1 }));
    caller.chat = caller.fake.group("Ops");
    for _ in 0..20 {
        agrees(&caller.send("x").await);
        caller.fake.advance(Duration::from_secs(1));
    }
    let flood = caller.send("x").await;
    let wait = flood["parameters"]["retry_after"].as_u64().unwrap();
    assert!((35..=40).contains(&wait), "{flood}");
    caller.fake.advance(Duration::from_secs(wait));
    agrees(&caller.send("x").await);
    caller.fake.advance(Duration::from_secs(60));
    // As fast as it goes: 30 chats, one message each, then one more.
    let mut answers = Vec::new();
    for number in 0..31 {
        caller.chat = caller.fake.person(&format!("P{number}"));
        answers.push(caller.send("x").await["ok"] == json!(true));
    }
    assert_eq!(answers.iter().filter(|agreed| **agreed).count(), 30, "{answers:?}");
}

#[tokio::test]
async fn chats_that_are_unknown_left_muted_or_moved() {
    let mut caller = Caller::start().await;
    let ada = caller.chat;
    caller.chat = 4040;
    refuses(&caller.send("x").await, 400, "Bad Request: chat not found");
    for (chat, description) in [
        (ada, "Forbidden: bot was blocked by the user"),
        (caller.fake.group("G"), "Forbidden: bot was kicked from the group chat"),
        (caller.fake.supergroup("S"), "Forbidden: bot was kicked from the supergroup chat"),
    ] {
        caller.fake.kick_bot(chat, ada);
        caller.chat = chat;
        refuses(&caller.send("x").await, 403, description);
        caller.fake.add_bot(chat, ada);
        agrees(&caller.send("x").await);
    }
    caller.fake.mute_bot(caller.chat);
    refuses(&caller.send("x").await, 400, "Bad Request: not enough rights to send text messages to the chat");
    caller.chat = caller.fake.group("Old");
    let new = caller.fake.migrate(caller.chat);
    let moved = caller.send("x").await;
    refuses(&moved, 400, "Bad Request: group chat was upgraded to a supergroup chat");
    assert_eq!(moved["parameters"], json!({ "migrate_to_chat_id": new }));
}

#[tokio::test]
async fn replies_and_topics_must_exist() {
    let caller = Caller::start().await;
    let reply = |id: i64, anyway: bool| {
        json!({ "chat_id": caller.chat, "text": "x",
            "reply_parameters": { "message_id": id, "allow_sending_without_reply": anyway } })
    };
    let lost = caller.call("sendMessage", reply(4040, false)).await;
    refuses(&lost, 400, "Bad Request: message to be replied not found");
    agrees(&caller.call("sendMessage", reply(4040, true)).await);
    let forum = caller.fake.forum("F");
    let in_topic = |topic: i64| json!({ "chat_id": forum, "text": "x", "message_thread_id": topic });
    refuses(&caller.call("sendMessage", in_topic(4040)).await, 400, "Bad Request: message thread not found");
    agrees(&caller.call("sendMessage", in_topic(caller.fake.topic(forum))).await);
}

#[tokio::test]
async fn tokens_methods_webhooks_and_commands() {
    let caller = Caller::start().await;
    refuses(&caller.at("bot1:wrong/getMe", json!({})).await, 401, "Unauthorized");
    refuses(&caller.at("what/getMe", json!({})).await, 404, "Not Found");
    refuses(&caller.call("sendTelepathy", json!({})).await, 404, "Not Found: method not found");
    agrees(&caller.call("setWebhook", json!({ "url": "https://e.org" })).await);
    let poll = caller.call("getUpdates", json!({})).await;
    assert_eq!(poll["error_code"], json!(409));
    agrees(&caller.call("deleteWebhook", json!({})).await);
    agrees(&caller.call("getUpdates", json!({})).await);
    let set = async |word: &str, about: &str| {
        caller.call("setMyCommands", json!({ "commands": [{ "command": word, "description": about }] })).await
    };
    agrees(&set("inspect", "x").await);
    refuses(&set("Inspect", "x").await, 400, "Bad Request: BOT_COMMAND_INVALID");
    refuses(&set("inspect", "").await, 400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID");
    let many: Vec<Value> = (0..101).map(|n| json!({ "command": format!("c{n}"), "description": "x" })).collect();
    refuses(
        &caller.call("setMyCommands", json!({ "commands": many })).await,
        400,
        "Bad Request: BOT_COMMANDS_TOO_MUCH",
    );
}

#[tokio::test]
async fn updates_wait_until_a_higher_offset_confirms_them() {
    let caller = Caller::start().await;
    caller.fake.say(caller.chat, caller.chat, "one");
    caller.fake.say(caller.chat, caller.chat, "two");
    caller.fake.press_raw(caller.chat, caller.chat, 1, "x");
    let poll = async |offset: i64| {
        let body = json!({ "offset": offset, "limit": 2, "allowed_updates": ["message"] });
        let ids = caller.call("getUpdates", body).await["result"].clone();
        ids.as_array().unwrap().iter().map(|update| update["update_id"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    let first = poll(0).await;
    assert_eq!(first.len(), 2, "the press was not asked for");
    assert_eq!(poll(0).await, first);
    assert_eq!(poll(first[0] + 1).await, [first[1]]);
    assert_eq!(caller.fake.acknowledged(), first[0]);
}

#[tokio::test]
async fn of_two_pollers_the_older_one_is_cut_off() {
    let caller = Caller::start().await;
    let older = caller.call("getUpdates", json!({ "timeout": 20 }));
    let newer = async {
        assert!(caller.fake.wait_until(|fake| fake.calls("getUpdates") == 1).await);
        caller.call("getUpdates", json!({})).await
    };
    let (older, newer) = tokio::join!(older, newer);
    refuses(
        &older,
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    );
    agrees(&newer);
}
