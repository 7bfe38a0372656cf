//! Where proposals are kept, and which object is in the hands of one of them.

use super::{policy::Refusal, proposal::Proposal};
use crate::store::{Commit, ReadError, Record, Store, Table};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// By id.
pub const PROPOSALS: Table<Proposal> = Table::new("proposals");
/// By cluster and path of the object: whose turn it is, from an approval to the end of that repair.
pub const LEASES: Table<Lease> = Table::new("leases");

/// Beyond the watching, for a repair that begins late. A lease that is older belongs to nobody.
const SPARE: TimeDelta = TimeDelta::minutes(30);

/// One object in the hands of one repair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub proposal: String,
    pub until: DateTime<Utc>,
}

impl Record for Proposal {
    const VERSION: u16 = 1;
}

impl Record for Lease {
    const VERSION: u16 = 1;
}

/// Takes the object of a repair that was just approved: two repairs that change it at once would prove nothing about
/// either. Refused while another one has it.
///
/// # Errors
/// When the store cannot be read.
pub fn take(
    store: &Store,
    commit: &mut Commit,
    approved: &Proposal,
    now: DateTime<Utc>,
) -> Result<Result<(), Refusal>, ReadError> {
    let until = now + TimeDelta::seconds(i64::from(approved.verify_within)) + SPARE;
    let lease = Lease { proposal: approved.id.clone(), until };
    match store.get(&LEASES, key(approved))? {
        Some(held) if held.until > now => return Ok(Err(Refusal::Busy { other: held.proposal.clone() })),
        Some(stale) => commit.replace(&LEASES, key(approved), &stale, &lease),
        None => commit.insert(&LEASES, key(approved), &lease),
    };
    Ok(Ok(()))
}

/// Gives the object of a repair back that is over, if it still has it.
///
/// # Errors
/// When the store cannot be read.
pub fn give_back(store: &Store, commit: &mut Commit, proposal: &Proposal) -> Result<(), ReadError> {
    if let Some(held) = store.get(&LEASES, key(proposal))?.filter(|held| held.proposal == proposal.id) {
        commit.remove_expected(&LEASES, key(proposal), &held);
    }
    Ok(())
}

fn key(proposal: &Proposal) -> (String, String) {
    let target = proposal.action.target();
    (target.cluster.clone(), target.path())
}

#[cfg(test)]
mod tests {
    use super::{Refusal, give_back, take};
    use crate::{
        repair::{Proposal, samples},
        store::{Commit, Options, Store},
    };
    use chrono::TimeDelta;

    #[tokio::test]
    async fn one_repair_at_a_time_has_an_object() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Options::default()).unwrap();
        let first = samples::proposal(samples::undo());
        let second = Proposal { id: "r-other".into(), ..samples::proposal(samples::scale(2, 3)) };
        let other_object = Proposal { id: "r-third".into(), ..samples::proposal(samples::delete_pod()) };
        let now = samples::now();
        let busy = Err(Refusal::Busy { other: "r-abcde".into() });

        let mut commit = Commit::new();
        assert_eq!(take(&store, &mut commit, &first, now).unwrap(), Ok(()));
        store.commit(commit).await.unwrap();
        assert_eq!(take(&store, &mut Commit::new(), &second, now).unwrap(), busy);
        assert_eq!(take(&store, &mut Commit::new(), &other_object, now).unwrap(), Ok(()));

        // Only who has it gives it back.
        let mut commit = Commit::new();
        give_back(&store, &mut commit, &second).unwrap();
        assert!(commit.is_empty());
        give_back(&store, &mut commit, &first).unwrap();
        store.commit(commit).await.unwrap();
        let mut commit = Commit::new();
        assert_eq!(take(&store, &mut commit, &second, now).unwrap(), Ok(()));
        store.commit(commit).await.unwrap();

        // One that nobody gave back lasts only so long.
        let much_later = now + TimeDelta::hours(2);
        assert_eq!(take(&store, &mut Commit::new(), &first, much_later).unwrap(), Ok(()));
    }
}
