//! What is to be seen of the fake Discord, and waiting for it: for a state, and never for a time.

use super::{
    FakeDiscord, number,
    state::{Call, Message},
};
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

/// A story that waits longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(30);

impl FakeDiscord {
    /// What everybody in the channel sees, in order, without the "thinking" ones.
    pub fn messages(&self, channel: &str) -> Vec<Message> {
        self.select(|message| message.channel == channel && message.only_for.is_none() && !message.loading)
    }

    /// What the bot wrote of it.
    pub fn posts(&self, channel: &str) -> Vec<Message> {
        let me = self.me();
        self.messages(channel).into_iter().filter(|message| message.author == me).collect()
    }

    /// What only this person saw, in order.
    pub fn ephemeral(&self, user: &str) -> Vec<Message> {
        self.select(|message| message.only_for.as_deref() == Some(user) && !message.loading)
    }

    /// How many "thinking" messages everybody in the channel sees.
    pub fn thinking(&self, channel: &str) -> usize {
        self.select(|message| message.channel == channel && message.loading && message.only_for.is_none()).len()
    }

    /// The message with this id, whoever sees it.
    pub fn message(&self, id: &str) -> Option<Message> {
        self.shared.with_quietly(|state| state.message(id).cloned())
    }

    /// The type of the first response to an interaction.
    pub fn response(&self, interaction: &str) -> Option<u64> {
        self.shared.with_quietly(|state| state.interactions.get(&number(interaction)).and_then(|known| known.response))
    }

    /// The registered commands: the guild's, or the global ones.
    pub fn commands(&self, guild: Option<&str>) -> Vec<Value> {
        self.shared.with_quietly(|state| state.commands.get(&guild.map(str::to_owned)).cloned().unwrap_or_default())
    }

    /// Every request that came in, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.with_quietly(|state| state.calls.clone())
    }

    /// In which channels the bot was shown as typing, in order.
    pub fn typing(&self) -> Vec<String> {
        self.shared.with_quietly(|state| state.typing.clone())
    }

    /// How many sessions were begun (IDENTIFY) and how many were gone on with (RESUME).
    pub fn sessions(&self) -> (u32, u32) {
        self.shared.with_quietly(|state| (state.gateway.identifies, state.gateway.resumes))
    }

    /// How many heartbeats came.
    pub fn heartbeats(&self) -> u32 {
        self.shared.with_quietly(|state| state.gateway.heartbeats)
    }

    /// Waits until the bot is connected and its commands are registered.
    pub async fn wait_ready(&self) {
        self.until("the bot is ready", |fake| {
            let ready = fake.shared.with_quietly(|state| state.gateway.is_ready() && !state.commands.is_empty());
            ready.then_some(())
        })
        .await;
    }

    /// Waits until this many sessions were begun since the fake started, and the last one is ready: for a bot that was
    /// started again.
    pub async fn wait_session(&self, number: u32) {
        self.until("a session", |fake| {
            fake.shared
                .with_quietly(|state| state.gateway.identifies >= number && state.gateway.is_ready())
                .then_some(())
        })
        .await;
    }

    /// Waits until everybody in the channel sees such a message.
    pub async fn wait_for(&self, channel: &str, matches: impl Fn(&Message) -> bool) -> Message {
        self.until("a message in the channel", |fake| fake.messages(channel).into_iter().find(&matches)).await
    }

    /// Waits until this person alone sees such a message.
    pub async fn wait_ephemeral(&self, user: &str, matches: impl Fn(&Message) -> bool) -> Message {
        self.until("an ephemeral message", |fake| fake.ephemeral(user).into_iter().find(&matches)).await
    }

    /// Waits until the look at the fake brings something.
    ///
    /// # Panics
    /// When it does not within half a minute, with everything that is to be seen.
    pub async fn until<T>(&self, what: &str, look: impl Fn(&Self) -> Option<T>) -> T {
        let mut changed = self.shared.changed.subscribe();
        let waiting = async {
            loop {
                changed.mark_unchanged();
                if let Some(found) = look(self) {
                    return found;
                }
                if changed.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        match timeout(PATIENCE, waiting).await {
            Ok(found) => found,
            Err(_) => {
                let calls: Vec<String> =
                    self.calls().iter().map(|call| format!("{} {} {}", call.method, call.path, call.status)).collect();
                panic!("waited in vain for: {what}\n{:#?}\n{calls:#?}", self.select(|_| true))
            }
        }
    }

    fn select(&self, wanted: impl Fn(&Message) -> bool) -> Vec<Message> {
        self.shared.with_quietly(|state| state.messages.iter().filter(|message| wanted(message)).cloned().collect())
    }
}
