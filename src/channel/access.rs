//! Default deny: which channels and which people the configuration lists, and what each may reach. Pure.

use contract::{Actor, ChannelRef, Platform, UserId};
use std::collections::{BTreeMap, BTreeSet};

/// The configured name of a person: what roles, policies and the audit are written with.
pub type PersonName = String;

/// Who is listed.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// By platform and id; a thread belongs to its channel.
    pub channels: BTreeMap<(Platform, String), ChannelGrant>,
    /// People by their ids on the platforms.
    pub people: BTreeMap<(Platform, UserId), PersonName>,
}

/// What a listed channel may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelGrant {
    /// The configuration's name for it, used by alert routes.
    pub name: String,
    /// The clusters that may be seen from it; the first is its default.
    pub clusters: Vec<String>,
    /// Who in it is answered.
    pub people: People,
    /// Who in it may keep findings out of the reports, by configured name.
    pub may_mute: BTreeSet<PersonName>,
}

/// Who in a channel is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum People {
    /// Everybody who can write there, also without an id of their own. For reading only: approving needs a name.
    Everyone,
    /// Only these, by configured name.
    Listed(BTreeSet<PersonName>),
}

/// What somebody in some channel may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant<'a> {
    /// The channel's grant.
    pub channel: &'a ChannelGrant,
    /// The person's configured name; `None` for somebody unlisted in a channel that is open to everyone.
    pub person: Option<&'a PersonName>,
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// The channel is not listed.
    Channel,
    /// The channel is listed, the person is not.
    Person,
}

impl Access {
    /// What this actor may do in this channel.
    ///
    /// # Errors
    /// When the configuration does not list the channel, or not the person in it.
    pub fn check(&self, channel: &ChannelRef, actor: &Actor) -> Result<Grant<'_>, Denied> {
        let grant = self.channel(channel).ok_or(Denied::Channel)?;
        let person = self.person(channel.platform, actor);
        match (&grant.people, person) {
            (People::Everyone, person) => Ok(Grant { channel: grant, person }),
            (People::Listed(names), Some(person)) if names.contains(person) => {
                Ok(Grant { channel: grant, person: Some(person) })
            }
            (People::Listed(_), _) => Err(Denied::Person),
        }
    }

    /// The grant of a channel.
    pub fn channel(&self, channel: &ChannelRef) -> Option<&ChannelGrant> {
        self.channels.get(&(channel.platform, channel.id.clone()))
    }

    /// The configured name of an actor.
    pub fn person(&self, platform: Platform, actor: &Actor) -> Option<&PersonName> {
        self.people.get(&(platform, actor.id()?.clone()))
    }

    /// The ids of the people who are answered in a channel of this platform; `None` where everybody is.
    pub fn readers(&self, platform: Platform, grant: &ChannelGrant) -> Option<BTreeSet<&UserId>> {
        match &grant.people {
            People::Everyone => None,
            People::Listed(names) => {
                let there = self.people.iter().filter(|((known, _), name)| *known == platform && names.contains(*name));
                Some(there.map(|((_, id), _)| id).collect())
            }
        }
    }

    /// The channel that the configuration calls by this name.
    pub fn by_name(&self, name: &str) -> Option<ChannelRef> {
        self.channels
            .iter()
            .find(|(_, grant)| grant.name == name)
            .map(|((platform, id), _)| ChannelRef::new(*platform, id.clone()))
    }
}

impl Grant<'_> {
    /// Whether this person may keep findings out of the reports.
    pub fn may_mute(&self) -> bool {
        self.person.is_some_and(|person| self.channel.may_mute.contains(person))
    }
}

impl ChannelGrant {
    /// The cluster that is meant: the one that was named if the channel may see it, else the channel's default.
    ///
    /// # Errors
    /// The name that the channel may not see. Whether such a cluster exists is not told.
    pub fn cluster<'a>(&'a self, named: Option<&'a str>) -> Result<&'a str, &'a str> {
        match named {
            Some(name) => self.clusters.iter().find(|known| *known == name).map(String::as_str).ok_or(name),
            None => self.clusters.first().map(String::as_str).ok_or(""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, ChannelGrant, Denied, People};
    use contract::{Actor, ChannelRef, Platform, UserId};
    use std::collections::BTreeSet;

    fn access(people: People) -> Access {
        let mut access = Access::default();
        let grant = ChannelGrant {
            name: "ops".into(),
            clusters: vec!["prod".into(), "stage".into()],
            people,
            may_mute: ["alice".into()].into(),
        };
        access.channels.insert((Platform::Telegram, "-1".into()), grant);
        access.people.insert((Platform::Telegram, UserId::from("7")), "alice".into());
        access
    }

    fn person(id: &str) -> Actor {
        Actor::Person { id: UserId::from(id), name: "A".into() }
    }

    #[test]
    fn who_is_not_listed_is_denied() {
        let access = access(People::Listed(["alice".into()].into()));
        let ops = ChannelRef { thread: Some("4".into()), ..ChannelRef::new(Platform::Telegram, "-1") };
        let alice = access.check(&ops, &person("7")).unwrap();
        assert!(alice.person == Some(&"alice".to_owned()) && alice.may_mute());
        assert_eq!(access.check(&ops, &person("8")), Err(Denied::Person));
        assert_eq!(access.check(&ops, &Actor::Anonymous { name: "ops".into() }), Err(Denied::Person));
        let elsewhere = ChannelRef::new(Platform::Telegram, "-2");
        assert_eq!(access.check(&elsewhere, &person("7")), Err(Denied::Channel));
        assert_eq!(access.readers(Platform::Telegram, alice.channel), Some([&UserId::from("7")].into()));
        assert_eq!(access.readers(Platform::Discord, alice.channel), Some(BTreeSet::new()), "she has no id there");
        let other_platform = ChannelRef::new(Platform::Discord, "-1");
        assert_eq!(access.check(&other_platform, &person("7")), Err(Denied::Channel));
    }

    #[test]
    fn an_open_channel_answers_everyone_and_names_only_listed_people() {
        let access = access(People::Everyone);
        let ops = ChannelRef::new(Platform::Telegram, "-1");
        let anybody = access.check(&ops, &person("8")).unwrap();
        assert!(anybody.person.is_none() && !anybody.may_mute());
        assert!(access.check(&ops, &person("7")).unwrap().person.is_some());
        assert_eq!(access.readers(Platform::Telegram, anybody.channel), None);
    }

    #[test]
    fn a_channel_sees_only_its_clusters() {
        let access = access(People::Everyone);
        let grant = access.channel(&ChannelRef::new(Platform::Telegram, "-1")).unwrap();
        assert_eq!(grant.cluster(None), Ok("prod"));
        assert_eq!(grant.cluster(Some("stage")), Ok("stage"));
        assert_eq!(grant.cluster(Some("secret")), Err("secret"));
    }
}
