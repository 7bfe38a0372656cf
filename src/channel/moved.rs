//! Channels that the platform gave another id, such as a group of Telegram's that became a supergroup: they stay listed
//! under the one that the configuration knows.

use crate::store::{Commit, ReadError, Record, Store, Table};
use contract::ChannelRef;
use serde::{Deserialize, Serialize};

/// By the present id: how the channel is listed.
const MOVED: Table<Moved> = Table::new("moved");

/// A channel with another id than the configuration has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Moved {
    listed: ChannelRef,
}

impl Record for Moved {
    const VERSION: u16 = 1;
}

/// How the configuration knows a channel.
///
/// # Errors
/// When the store cannot be read.
pub fn listed_as(store: &Store, channel: &ChannelRef) -> Result<ChannelRef, ReadError> {
    let moved = store.get(&MOVED, key(channel))?;
    Ok(moved.map_or_else(|| channel.clone(), |moved| moved.into_value().listed))
}

/// Keeps that a channel has a new id, by the platform's own word.
///
/// # Errors
/// When the store cannot be read.
pub fn follow(store: &Store, commit: &mut Commit, from: &ChannelRef, to: &ChannelRef) -> Result<(), ReadError> {
    commit.put(&MOVED, key(to), &Moved { listed: listed_as(store, from)? });
    Ok(())
}

/// A thread moves with its channel.
fn key(channel: &ChannelRef) -> (String, String) {
    (channel.platform.name().to_owned(), channel.id.clone())
}

#[cfg(test)]
mod tests {
    use super::{follow, listed_as};
    use crate::store::{Commit, Options, Store};
    use contract::{ChannelRef, Platform};

    #[tokio::test]
    async fn a_channel_that_moved_twice_is_listed_as_at_first() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Options::default()).unwrap();
        let [first, second, third] = ["-1", "-2", "-3"].map(|id| ChannelRef::new(Platform::Telegram, id));
        assert_eq!(listed_as(&store, &first).unwrap(), first);
        for (from, to) in [(&first, &second), (&second, &third)] {
            let mut commit = Commit::new();
            follow(&store, &mut commit, from, to).unwrap();
            store.commit(commit).await.unwrap();
        }
        assert_eq!(listed_as(&store, &third).unwrap(), first);
        let topic = ChannelRef { thread: Some("7".into()), ..third };
        assert_eq!(listed_as(&store, &topic).unwrap(), first);
    }
}
