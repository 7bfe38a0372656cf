//! The page in a real browser, used as a person uses it. Pictures of it are left in the target's `tmp/console`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may panic; clippy knows test functions only, not what they call"
)]

mod support;

use console::{Console, Link, testing::Browser};
use contract::{
    Adapter, Block, Body, Button, ButtonStyle, InboundKind, MessageRef, OutboundKind, Reading, Receipt, Span, Token,
    Visibility,
};
use serde_json::{Value, json};
use std::path::PathBuf;
use support::{World, alice, config, ops, people, with_log};

const ENTER: &str = "\u{E007}";
const TAB: &str = "\u{E004}";
const DOWN: &str = "\u{E015}";
const ESCAPE: &str = "\u{E00C}";

fn folder() -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("console");
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

fn picture(name: &str) -> PathBuf {
    folder().join(format!("{name}.png"))
}

async fn signed_in(console: &Console) -> Browser {
    let browser = Browser::start().await.unwrap();
    browser.open(&console.one_time_link().unwrap()).await.unwrap();
    browser.wait_for_text("Connected").await.unwrap();
    browser
}

fn plain(text: &str) -> Span {
    Span::Plain(text.into())
}

fn strong(text: &str) -> Span {
    Span::Strong(text.into())
}

fn code(text: &str) -> Span {
    Span::Code(text.into())
}

fn muted(text: &str) -> Span {
    Span::Muted(text.into())
}

fn reading(field: &str, value: &str) -> Reading {
    Reading { field: field.into(), value: value.into() }
}

fn button(label: &str, token: &str, style: ButtonStyle) -> Button {
    Button { label: label.into(), token: Token::from(token), style }
}

fn report() -> Body {
    Body::new([
        Block::Heading("prod: 2 new problems, 1 ongoing; worst: checkout is down".into()),
        Block::Paragraph(vec![muted("Inspected 23 Nov 09:00 Europe/Berlin. 214 pods in 12 namespaces, all read.")]),
        Block::List(vec![
            vec![
                strong("critical · new "),
                code("shop/deployment/checkout"),
                plain(" has no ready pod since 08:41: the image "),
                code("registry.example/checkout:2.4.1"),
                plain(" cannot be pulled."),
            ],
            vec![
                strong("error · new "),
                code("shop/deployment/cart"),
                plain(" restarts again and again: 7 times in 30 min, killed for memory (limit 128Mi)."),
            ],
            vec![
                strong("warning · since 3 days "),
                code("batch/cronjob/nightly-export"),
                plain(" failed in its last 3 runs."),
            ],
        ]),
        Block::Table {
            header: vec!["namespace".into(), "workload".into(), "ready".into(), "restarts".into(), "since".into()],
            rows: vec![
                vec!["shop".into(), "checkout".into(), "0/3".into(), "0".into(), "08:41".into()],
                vec!["shop".into(), "cart".into(), "1/2".into(), "14".into(), "08:52".into()],
                vec!["batch".into(), "nightly-export".into(), "–".into(), "0".into(), "20 Nov".into()],
            ],
        },
        Block::Paragraph(vec![
            plain("Resolved since yesterday: "),
            code("ingress/www"),
            plain(". Runbook: "),
            Span::Link { text: "image pulls".into(), url: "https://runbooks.example/image-pull".into() },
            plain("."),
        ]),
        Block::Buttons(vec![
            button("Details", "details", ButtonStyle::Neutral),
            button("Explain", "explain", ButtonStyle::Neutral),
            button("Fix checkout…", "fix", ButtonStyle::Primary),
        ]),
    ])
}

fn answer() -> Body {
    Body::new([
        Block::Paragraph(vec![
            strong("checkout fails because its new image does not exist. "),
            plain("The rollout of 08:41 set the tag "),
            code("2.4.1"),
            plain("; the registry has no such tag. The old pods are gone, so nothing answers."),
        ]),
        Block::Evidence(vec![
            reading("pod", "shop/checkout-7d9f6c8b5-x2x7k"),
            reading("containers.checkout.state.waiting.reason", "ImagePullBackOff"),
            reading(
                "event",
                "Failed to pull image \"registry.example/checkout:2.4.1\": manifest unknown (x23 in 19 min)",
            ),
            reading("replicaset of revision 7", "checkout-5b4d7f9c6, image 2.4.0, last healthy 08:40"),
        ]),
        Block::code(
            "Warning  Failed     2m (x23)  kubelet  Failed to pull image \"registry.example/checkout:2.4.1\"\n\
             Warning  Failed     2m (x23)  kubelet  Error: ErrImagePull\n\
             Normal   BackOff    1m (x88)  kubelet  Back-off pulling image",
        ),
    ])
}

fn fix() -> Body {
    Body::new([
        Block::Heading("Undo the rollout of checkout in shop (prod)?".into()),
        Block::Paragraph(vec![plain("Back to revision 7, which was healthy until 08:40. This cures the cause: the image of revision 8 cannot be pulled.")]),
        Block::Code {
            language: "diff".into(),
            text: "--- shop/deployment/checkout (revision 8)\n+++ shop/deployment/checkout (revision 7)\n@@ spec.template.spec.containers[checkout] @@\n   name: checkout\n-  image: registry.example/checkout:2.4.1\n+  image: registry.example/checkout:2.4.0\n   resources:".into(),
        },
        Block::Evidence(vec![
            reading("dry run", "accepted by the API server, 1 field changes"),
            reading("who may approve", "alice, owner"),
            reading("expires", "09:34"),
        ]),
        Block::Buttons(vec![
            button("Approve", "approve", ButtonStyle::Danger),
            button("Reject", "reject", ButtonStyle::Neutral),
        ]),
        Block::Paragraph(vec![muted("r-k3f9")]),
    ])
}

fn verified() -> Body {
    Body::new([
        Block::Heading("Done: checkout is back on revision 7".into()),
        Block::Paragraph(vec![plain("Approved by owner. 3 of 3 pods are ready after 38 s.")]),
        Block::Evidence(vec![
            reading("written", "1 patch, generation 8 → 9"),
            reading("verified", "ready 3/3, no new warning events"),
        ]),
        Block::Paragraph(vec![muted("r-k3f9")]),
    ])
}

async fn pictures(browser: &Browser, name: &str) {
    browser.pictures(&folder(), name).await.expect("nothing is wider than the window");
}

#[tokio::test]
async fn a_night_on_call() {
    let links = vec![Link { title: "Reports".into(), url: "/reports".into() }];
    let mut world = World::new(console::Config { links, ..config() });
    let browser = signed_in(&world.console).await;
    browser.wait_for_text("Nothing here yet").await.unwrap();
    let first = world.post(report()).await;
    browser.wait_for_text("checkout is down").await.unwrap();
    pictures(&browser, "1-report").await;
    browser.size(390, 500).await.unwrap();
    browser.open(&world.console.url()).await.unwrap();
    browser.wait_for_text("checkout is down").await.unwrap();
    let first_line = "const top = document.querySelector('.card h2').getBoundingClientRect().top; \
        return top > document.querySelector('.bar').offsetHeight && top < 120";
    browser.wait_until(first_line, json!([])).await.expect("a report taller than the window is read from its top");
    browser.size(1100, 900).await.unwrap();

    browser.click("Reply to: prod: 2 new problems, 1 ongoing; worst: checkout is down").await.unwrap();
    browser.say("why is checkout failing?").await.unwrap();
    let seen = world.core.wait_for(1).await;
    assert_eq!(seen[0].kind, InboundKind::Text("why is checkout failing?".into()));
    assert_eq!(seen[0].reply_to, Some(first.clone()));
    world.console.working(&ops()).await;
    browser.wait_for_text("The bot is working…").await.unwrap();
    let question = seen[0].message.clone();
    let said = OutboundKind::Answer { receipt: None, reply_to: question, visibility: Visibility::Channel };
    let said = world.outbound(said, answer());
    world.console.deliver(&said).await.unwrap();
    browser.wait_for_text("ImagePullBackOff").await.unwrap();
    browser.wait_until("return document.getElementById('working').hidden", json!([])).await.unwrap();
    pictures(&browser, "2-answer").await;

    browser.click("Fix checkout…").await.unwrap();
    let seen = world.core.wait_for(2).await;
    assert_eq!(seen[1].kind, InboundKind::Press { token: Token::from("fix") });
    assert_eq!(seen[1].reply_to, Some(first));
    browser.wait_for_text("Fix checkout… ✓").await.unwrap();
    let card = world.post(fix()).await;
    browser.wait_for_text("Undo the rollout").await.unwrap();
    let colours = "const of = (name) => getComputedStyle(document.querySelector(name)).backgroundColor; \
        return new Set([of('.line.added'), of('.line.dropped'), of('.line.path')]).size === 3";
    browser.wait_until(colours, json!([])).await.unwrap();
    pictures(&browser, "3-fix").await;

    browser.click("Approve").await.unwrap();
    world.core.wait_for(3).await;
    let locked =
        "return [...document.querySelectorAll('.message:last-child .buttons button')].every((one) => one.disabled)";
    browser.wait_until(locked, json!([])).await.expect("a decision locks the card");
    pictures(&browser, "4-approved").await;
    world.edit(&card, verified()).await;
    browser.wait_for_text("checkout is back on revision 7").await.unwrap();
    browser
        .wait_until("return document.querySelectorAll('.message:last-child button.danger').length === 0", json!([]))
        .await
        .unwrap();
    browser.say("/subscribe prod daily 09:00 Europe/Berlin").await.unwrap();
    world.core.wait_for(4).await;
    let private =
        OutboundKind::Answer { receipt: Some(Receipt::from("owner")), reply_to: None, visibility: Visibility::Private };
    let private =
        world.outbound(private, Body::text("Subscribed: prod, daily at 09:00 Europe/Berlin. Next: tomorrow 09:00."));
    world.console.deliver(&private).await.unwrap();
    browser.wait_for_text("only you see this").await.unwrap();
    pictures(&browser, "5-verified").await;
    assert_eq!(browser.complaints().await.unwrap(), Vec::<String>::new(), "the browser had nothing to complain about");
    world.stop().await;
}

#[tokio::test]
async fn markup_in_a_log_line_is_shown_as_text() {
    let mut world = World::new(config());
    let browser = signed_in(&world.console).await;
    let nasty = "<script>window.pwned = 1</script><img src=x onerror=\"window.pwned = 1\">&amp;";
    world
        .post_blocks([
            Block::Heading(nasty.into()),
            Block::Paragraph(vec![
                plain(nasty),
                strong(nasty),
                muted(nasty),
                code(nasty),
                Span::Link { text: nasty.into(), url: "javascript:window.pwned=1".into() },
                Span::Link { text: "runbook".into(), url: "https://example.org/\"><script>".into() },
            ]),
            Block::List(vec![vec![plain(nasty)]]),
            Block::Code { language: "diff".into(), text: format!("+{nasty}") },
            Block::Code { language: nasty.into(), text: nasty.into() },
            Block::Table { header: vec![nasty.into()], rows: vec![vec![nasty.into()]] },
            Block::Evidence(vec![reading(nasty, nasty)]),
            Block::File { name: nasty.into(), media_type: "text/plain".into(), bytes: vec![1] },
            Block::Buttons(vec![button(nasty, "t", ButtonStyle::Neutral)]),
        ])
        .await;
    browser.say(nasty).await.unwrap();
    world.core.wait_for(1).await;
    browser.wait_until("return document.querySelectorAll('.message').length === 2", json!([])).await.unwrap();
    let shown = "return document.getElementById('messages').innerText.split(arguments[0]).length - 1";
    assert_eq!(browser.script(shown, json!([nasty])).await.unwrap(), 16);
    let parsed = "return document.querySelectorAll('#messages script, #messages img, #messages [onerror]').length";
    assert_eq!(browser.script(parsed, json!([])).await.unwrap(), 0);
    assert_eq!(browser.script("return window.pwned ?? null", json!([])).await.unwrap(), Value::Null);
    let links = "return [...document.querySelectorAll('#messages p a')].map((a) => a.protocol)";
    assert_eq!(browser.script(links, json!([])).await.unwrap(), json!(["https:"]));

    // And if somebody ever writes it into the page as markup, the browser itself refuses.
    let inject = "try { document.body.innerHTML = '<b>x</b>'; return 'taken'; } catch (error) { return error.name; }";
    assert_eq!(browser.script(inject, json!([])).await.unwrap(), "TypeError");
    world.stop().await;
}

#[tokio::test]
async fn the_box_completes_commands_and_keeps_what_was_not_sent() {
    let world = World::new(config());
    let browser = signed_in(&world.console).await;
    let value = async || browser.script("return document.getElementById('text').value", json!([])).await.unwrap();

    browser.type_into("#text", "/su").await.unwrap();
    browser.wait_for_text("/subscriptions").await.unwrap();
    browser.size(390, 844).await.unwrap();
    browser.screenshot(&picture("6-menu-phone")).await.unwrap();
    browser.size(1100, 900).await.unwrap();
    browser.screenshot(&picture("6-menu")).await.unwrap();
    browser.type_into("#text", &format!("{DOWN}{TAB}")).await.unwrap();
    assert_eq!(value().await, "/subscriptions");
    browser.type_into("#text", "\u{E003}\u{E003}\u{E003}\u{E003}\u{E003}\u{E003}\u{E003}").await.unwrap();
    assert_eq!(value().await, "/subscr");
    browser.type_into("#text", ENTER).await.unwrap();
    assert_eq!(value().await, "/subscribe ", "Enter completes a command that is not whole, and sends nothing");
    browser.wait_for_text("/subscribe CLUSTER SCHEDULE… [--only-changes]").await.unwrap();
    assert_eq!(world.core.seen(), vec![]);
    browser.type_into("#text", &format!("prod daily 09:00{ESCAPE}")).await.unwrap();

    world.core.refuse(true);
    browser.type_into("#text", ENTER).await.unwrap();
    browser.wait_for_text("The bot could not store this. Nothing was sent; try again in a moment.").await.unwrap();
    assert_eq!(value().await, "/subscribe prod daily 09:00", "the text is still there");
    browser.screenshot(&picture("7-refused")).await.unwrap();
    browser.open(&world.console.url()).await.unwrap();
    browser.wait_for_text("Connected").await.unwrap();
    assert_eq!(value().await, "/subscribe prod daily 09:00", "also after loading the page again");
    world.core.refuse(false);
    browser.type_into("#text", ENTER).await.unwrap();
    let seen = world.core.wait_for(1).await;
    assert!(matches!(&seen[0].kind, InboundKind::Command(command) if command.get("cluster") == Some("prod")));
    browser.wait_until("return document.getElementById('text').value === ''", json!([])).await.unwrap();

    browser.type_into("#text", "two\u{E008}\u{E007}\u{E000}lines").await.unwrap();
    assert_eq!(value().await, "two\nlines");
    browser.type_into("#text", ENTER).await.unwrap();
    let seen = world.core.wait_for(2).await;
    assert_eq!(seen[1].kind, InboundKind::Text("two\nlines".into()));
    world.stop().await;
}

#[tokio::test]
async fn a_lost_connection_is_shown_and_nothing_is_missed() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("chat.jsonl");
    let world = World::new(with_log(&log));
    let browser = signed_in(&world.console).await;
    let address = world.console.address();
    browser.type_into("#text", "half a thought").await.unwrap();
    world.stop().await;
    browser.wait_for_text("Reconnecting…").await.unwrap();
    browser.type_into("#text", ENTER).await.unwrap();
    browser.wait_for_text("The bot cannot be reached. Your text is kept").await.unwrap();
    browser.screenshot(&picture("8-reconnecting")).await.unwrap();

    // Sessions are in memory: after a restart the person signs in again, and finds the text in the box.
    let mut world = World::new(console::Config { listen: address, ..with_log(&log) });
    world.post(Body::text("said while nobody was looking")).await;
    browser.wait_for_text("Signed out").await.unwrap();
    browser.wait_for_text("Sign in again; your text is kept.").await.unwrap();
    browser.open(&world.console.one_time_link().unwrap()).await.unwrap();
    browser.wait_for_text("said while nobody was looking").await.unwrap();
    browser.type_into("#text", ENTER).await.unwrap();
    let seen = world.core.wait_for(1).await;
    assert_eq!(seen[0].kind, InboundKind::Text("half a thought".into()));
    world.stop().await;
}

#[tokio::test]
async fn who_reads_the_past_is_left_there() {
    let mut world = World::new(config());
    let browser = signed_in(&world.console).await;
    let mut refs: Vec<MessageRef> = Vec::new();
    for number in 0..40 {
        refs.push(world.post(Body::text(format!("message number {number}"))).await);
    }
    browser.wait_for_text("message number 39").await.unwrap();
    let bottom =
        "const s = document.getElementById('scroller'); return s.scrollHeight - s.scrollTop - s.clientHeight < 4";
    browser.wait_until(bottom, json!([])).await.expect("at the bottom it follows");

    browser.script("document.getElementById('scroller').scrollTop = 0", json!([])).await.unwrap();
    browser.wait_until("return document.getElementById('scroller').scrollTop === 0", json!([])).await.unwrap();
    let reply = world.outbound(OutboundKind::Post { reply_to: Some(refs[2].clone()) }, Body::text("the newest"));
    world.console.deliver(&reply).await.unwrap();
    browser.wait_for_text("New messages ↓").await.unwrap();
    assert_eq!(browser.script("return document.getElementById('scroller').scrollTop", json!([])).await.unwrap(), 0);
    let retract = world.outbound(OutboundKind::Retract { message: refs[1].clone() }, Body::default());
    world.console.deliver(&retract).await.unwrap();
    browser.wait_for_text("This message was removed.").await.unwrap();
    let place = "return document.querySelectorAll('.message')[1].innerText.includes('removed')";
    browser.wait_until(place, json!([])).await.expect("what is removed keeps its place");
    browser.screenshot(&picture("9-past")).await.unwrap();

    browser.click("New messages ↓").await.unwrap();
    browser.wait_until(bottom, json!([])).await.unwrap();
    browser.click_on(".quote").await.unwrap();
    let focus = "return document.activeElement.innerText.includes('message number 2')";
    browser.wait_until(focus, json!([])).await.expect("the quotation leads to its message");
    world.stop().await;
}

#[tokio::test]
async fn who_sees_no_room_is_told_so() {
    let mut rooms = config().rooms;
    rooms.iter_mut().for_each(|room| room.readers = Some(["alice".to_owned()].into()));
    let world = World::new(console::Config { sign_in: people(&["alice", "eve"]), rooms, ..config() });
    let browser = Browser::start().await.unwrap();
    browser.open(&world.console.url()).await.unwrap();
    browser.type_into("#name", "eve").await.unwrap();
    browser.type_into("#password", &format!("open sesame{ENTER}")).await.unwrap();
    browser.wait_for_text("No room is open to eve.").await.unwrap();
    browser.wait_until("return document.getElementById('form').hidden", json!([])).await.unwrap();
    browser.screenshot(&picture("10-no-room")).await.unwrap();
    assert_eq!(browser.complaints().await.unwrap(), Vec::<String>::new());
    world.stop().await;
}

#[tokio::test]
async fn the_password_page_lets_in_and_says_what_is_wrong() {
    let world = World::new(console::Config { sign_in: alice(), ..config() });
    let browser = Browser::start().await.unwrap();
    browser.open(&world.console.url()).await.unwrap();
    browser.type_into("#name", "alice").await.unwrap();
    browser.type_into("#password", &format!("wrong{ENTER}")).await.unwrap();
    browser.wait_for_text("Name or password is wrong.").await.unwrap();
    browser.screenshot(&picture("0-sign-in")).await.unwrap();
    browser.type_into("#password", &format!("open sesame{ENTER}")).await.unwrap();
    browser.wait_for_text("Connected").await.unwrap();
    browser.click("Shop").await.unwrap();
    browser.say("hello shop").await.unwrap();
    let seen = world.core.wait_for(1).await;
    assert_eq!((seen[0].channel.id.as_str(), seen[0].actor.name()), ("shop", "alice"));
    browser.wait_for_text("hello shop").await.unwrap();
    browser.click("Operations").await.unwrap();
    browser.wait_for_text("Nothing here yet").await.unwrap();
    browser.click("Sign out").await.unwrap();
    browser.wait_for("#password").await.unwrap();
    world.stop().await;
}
