//! A chat with people in it: the same words over a fake Telegram and a fake Discord.

use discord::fake::FakeDiscord;
use telegram::fake::FakeTelegram;

/// A message of the bot's, as a person sees it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) labels: Vec<String>,
    /// Names and bytes.
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

impl Seen {
    /// The file of that name.
    pub(crate) fn file(&self, name: &str) -> Option<&[u8]> {
        self.files.iter().find(|(known, _)| known == name).map(|(_, bytes)| bytes.as_slice())
    }
}

/// A group chat with alice, bob and mallory in it; mallory is not listed.
pub(crate) enum Chat {
    Telegram { fake: FakeTelegram, group: i64, people: [i64; 3] },
    Discord { fake: FakeDiscord, channel: String, people: [String; 3] },
}

/// Who is in the chat.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Who {
    Alice,
    Bob,
    Mallory,
}

impl Chat {
    pub(crate) async fn telegram() -> Self {
        let fake = FakeTelegram::start().await;
        let group = fake.supergroup("ops");
        let people = ["alice", "bob", "mallory"].map(|name| fake.person(name));
        Self::Telegram { fake, group, people }
    }

    pub(crate) async fn discord() -> Self {
        let fake = FakeDiscord::start().await;
        let channel = fake.channel("ops");
        let people = ["alice", "bob", "mallory"].map(|name| fake.user(name));
        Self::Discord { fake, channel, people }
    }

    pub(crate) fn platform(&self) -> &'static str {
        match self {
            Self::Telegram { .. } => "telegram",
            Self::Discord { .. } => "discord",
        }
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Telegram { fake, .. } => fake.url().to_owned(),
            Self::Discord { fake, .. } => fake.api_url().to_owned(),
        }
    }

    pub(crate) fn token(&self) -> &'static str {
        match self {
            Self::Telegram { .. } => telegram::fake::TOKEN,
            Self::Discord { .. } => discord::fake::TOKEN,
        }
    }

    pub(crate) fn channel(&self) -> String {
        match self {
            Self::Telegram { group, .. } => group.to_string(),
            Self::Discord { channel, .. } => channel.clone(),
        }
    }

    pub(crate) fn alice(&self) -> String {
        self.id(Who::Alice)
    }

    pub(crate) fn bob(&self) -> String {
        self.id(Who::Bob)
    }

    fn id(&self, who: Who) -> String {
        match self {
            Self::Telegram { people, .. } => people[who as usize].to_string(),
            Self::Discord { people, .. } => people[who as usize].clone(),
        }
    }

    /// The bot receives.
    pub(crate) async fn ready(&self) {
        match self {
            Self::Telegram { fake, .. } => assert!(fake.wait_until(|fake| fake.calls("getUpdates") > 0).await),
            Self::Discord { fake, .. } => fake.wait_ready().await,
        }
    }

    /// Writes a command, given as the grammar's name with its arguments.
    pub(crate) fn command(&self, who: Who, word: &str, arguments: &[(&str, &str)]) {
        match self {
            Self::Telegram { fake, group, people } => {
                let name = contract::GRAMMAR.iter().find(|spec| spec.word == word).unwrap().name;
                let given = arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
                let line = contract::Invocation::new(name, given).unwrap().to_string();
                fake.say(*group, people[who as usize], &line);
            }
            Self::Discord { fake, channel, people } => {
                fake.slash(&people[who as usize], channel, word, arguments);
            }
        }
    }

    /// Writes a line to the bot as it is, a command or not.
    pub(crate) fn write(&self, who: Who, line: &str) {
        match self {
            Self::Telegram { fake, group, people } => {
                fake.say(*group, people[who as usize], line);
            }
            Self::Discord { fake, channel, people } => {
                fake.mention(&people[who as usize], channel, line);
            }
        }
    }

    /// Replies to a message of the bot's.
    pub(crate) fn reply(&self, who: Who, to: &Seen, text: &str) {
        match self {
            Self::Telegram { fake, group, people } => {
                fake.reply(*group, people[who as usize], to.id.parse().unwrap(), text);
            }
            Self::Discord { fake, people, .. } => {
                fake.reply(&people[who as usize], &to.id, text);
            }
        }
    }

    /// Presses a button.
    pub(crate) fn press(&self, who: Who, message: &Seen, label: &str) {
        match self {
            Self::Telegram { fake, group, people } => {
                fake.press(people[who as usize], *group, message.id.parse().unwrap(), label);
            }
            Self::Discord { fake, people, .. } => {
                fake.press(&people[who as usize], &message.id, label);
            }
        }
    }

    /// Sends what a forged client could send as a press.
    pub(crate) fn press_raw(&self, who: Who, message: &Seen, data: &str) {
        match self {
            Self::Telegram { fake, group, people } => {
                fake.press_raw(people[who as usize], *group, message.id.parse().unwrap(), data);
            }
            Self::Discord { fake, people, .. } => {
                fake.press_raw(&people[who as usize], &message.id, data);
            }
        }
    }

    /// What a button carries, as a forged client could keep it.
    pub(crate) fn data(&self, message: &Seen, label: &str) -> String {
        match self {
            Self::Telegram { fake, group, .. } => {
                let all = fake.messages(*group);
                let found = all.iter().find(|known| known.id.to_string() == message.id).unwrap();
                found.buttons.iter().flatten().find(|button| button.label == label).unwrap().data.clone()
            }
            Self::Discord { fake, .. } => fake.message(&message.id).unwrap().button(label).unwrap().custom_id,
        }
    }

    /// Everything that the bot said that this person can see, oldest first, as it stands now.
    pub(crate) fn seen_by(&self, who: Who) -> Vec<Seen> {
        match self {
            Self::Telegram { fake, group, .. } => fake
                .messages(*group)
                .into_iter()
                .filter(|message| !message.deleted)
                .map(|message| Seen {
                    id: message.id.to_string(),
                    labels: message.labels().into_iter().map(str::to_owned).collect(),
                    files: message.file.into_iter().map(|file| (file.name, file.bytes)).collect(),
                    text: message.text,
                })
                .collect(),
            Self::Discord { fake, channel, people } => {
                let all = fake.posts(channel).into_iter().chain(fake.ephemeral(&people[who as usize]));
                all.map(|message| Seen {
                    labels: message.buttons().into_iter().map(|button| button.label).collect(),
                    text: message.text(),
                    files: message.files.into_iter().map(|file| (file.name, file.bytes)).collect(),
                    id: message.id,
                })
                .collect()
            }
        }
    }

    /// Waits until this person sees so many of such messages.
    pub(crate) async fn wait_for(&self, who: Who, count: usize, what: &str, wanted: impl Fn(&Seen) -> bool) {
        let enough = async || (self.seen_by(who).iter().filter(|seen| wanted(seen)).count() >= count).then_some(());
        super::eventually(&format!("{count} times: {what}"), enough).await;
    }

    /// The platform has nothing left to hand in, and nobody is shown that the bot is still thinking.
    pub(crate) fn all_acknowledged(&self) -> bool {
        match self {
            Self::Telegram { fake, .. } => fake.pending() == 0,
            Self::Discord { fake, channel, .. } => fake.thinking(channel) == 0,
        }
    }

    /// Waits for a message that this person sees.
    pub(crate) async fn wait(&self, who: Who, what: &str, wanted: impl Fn(&Seen) -> bool) -> Seen {
        let looked = super::eventually_with(async || self.seen_by(who).into_iter().find(|seen| wanted(seen))).await;
        looked.unwrap_or_else(|| {
            let seen: Vec<String> = self
                .seen_by(who)
                .into_iter()
                .map(|seen| format!("{} {:?}\n{}", seen.id, seen.labels, seen.text))
                .collect();
            panic!("waited in vain for {what}; what {who:?} sees:\n{}", seen.join("\n---\n"))
        })
    }
}
