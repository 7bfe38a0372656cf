//! What a report's buttons and the commands beside them show: the score explained, the days as a picture, the file.

use crate::world::{
    World,
    chat::{Chat, Seen, Who},
    checkout::break_checkout,
};

async fn everything_is_shown(chat: Chat) {
    let world = World::new(chat, None).await;
    break_checkout(&world).await;
    world.chat.command(Who::Alice, "trend", &[("cluster", "prod")]);
    world.chat.wait(Who::Alice, "nothing to show yet", |seen| seen.text.contains("no report of prod yet")).await;

    world.chat.command(Who::Alice, "inspect", &[("cluster", "prod"), ("namespace", &world.namespace)]);
    let has = |label: &'static str| move |seen: &Seen| seen.labels.iter().any(|known| known == label);
    let report = world.chat.wait(Who::Alice, "the report", has("Report file")).await;

    world.chat.press(Who::Alice, &report, "Why this score");
    let score = world.chat.wait(Who::Alice, "the score", |seen| seen.text.contains("points went")).await;
    assert!(score.text.contains(&format!("{}/checkout", world.namespace)), "{}", score.text);

    world.chat.press(Who::Alice, &report, "Trend");
    let trend = world.chat.wait(Who::Alice, "the picture", |seen| seen.file("prod-trend.png").is_some()).await;
    assert!(trend.file("prod-trend.png").unwrap().starts_with(b"\x89PNG"));

    world.chat.press(Who::Alice, &report, "Report file");
    let page =
        |seen: &Seen| seen.files.iter().find(|(name, _)| name.ends_with(".html")).map(|(_, bytes)| bytes.clone());
    let file = world.chat.wait(Who::Alice, "the file", |seen| page(seen).is_some()).await;
    let text = String::from_utf8(page(&file).unwrap()).unwrap();
    assert!(text.starts_with("<!DOCTYPE html>") && text.contains(&format!("{}/checkout", world.namespace)));

    // The commands show the cluster's reports, of which there is none but the namespace's.
    world.chat.command(Who::Alice, "score", &[("cluster", "prod")]);
    world.chat.command(Who::Alice, "trend", &[("cluster", "prod"), ("days", "many")]);
    world.chat.wait(Who::Alice, "the mistake", |seen| seen.text.contains("--days needs a number")).await;
    let mut bot = world.bot;
    bot.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_telegram() {
    everything_is_shown(Chat::telegram().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_discord() {
    everything_is_shown(Chat::discord().await).await;
}
