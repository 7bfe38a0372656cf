//! The commands: parsed arguments in, an answer out.

use super::{Desk, Failure, Taken, heeding, inspecting, looking, numbered, proposals, questions, repairs, showing};
use crate::{
    channel::{Grant, SUBSCRIPTIONS, Subscription},
    ids,
    inspection::archive::{self, Asked, Listener, Scope},
    report::{CheckSet, UnknownSet},
    schedule::Schedule,
    store::{Commit, Versioned},
    texts,
};
use contract::{Body, CommandName, Inbound, Invocation};

/// Reports that one channel can have on a schedule.
const SUBSCRIPTIONS_OF_A_CHANNEL: usize = 50;

pub(super) async fn handle(
    desk: &Desk,
    taken: &Taken,
    inbound: &Inbound,
    grant: &Grant<'_>,
    invocation: &Invocation,
) -> Result<(), Failure> {
    let order = Order { desk, taken, inbound, grant, invocation };
    match invocation.command {
        CommandName::Help => order.say(texts::chat::help(&grant.channel.clusters)).await,
        CommandName::Whoami => {
            let body = texts::chat::whoami(&inbound.channel, &inbound.actor, grant.person.map(String::as_str));
            order.say(body).await
        }
        CommandName::Subscribe => subscribe(&order).await,
        CommandName::Unsubscribe => unsubscribe(&order).await,
        CommandName::Subscriptions => subscriptions(&order).await,
        CommandName::Inspect => inspect(&order).await,
        CommandName::Findings => showing::findings(&order).await,
        CommandName::Score => showing::score(&order).await,
        CommandName::Trend => showing::trend(&order).await,
        CommandName::Why => looking::why(&order).await,
        CommandName::Describe => looking::describe(&order).await,
        CommandName::Logs => looking::logs(&order).await,
        CommandName::Events => looking::events(&order).await,
        CommandName::Ask => {
            let question = invocation.get("question").unwrap_or_default();
            questions::handle_chat(desk, taken, inbound, grant, question).await
        }
        CommandName::Ack => heeding::ack(&order).await,
        CommandName::Snooze => heeding::snooze(&order).await,
        CommandName::Mute => heeding::mute(&order).await,
        CommandName::Unmute => heeding::unmute(&order).await,
        CommandName::Muted => heeding::muted(&order).await,
        CommandName::Fix => match invocation.get("action").filter(|action| action.parse::<usize>().is_ok()) {
            Some(number) => numbered::fix(&order, number).await,
            None => repairs::fix(&order).await,
        },
        CommandName::Proposals => proposals::handle(&order).await,
        CommandName::Approve | CommandName::Reject => repairs::decide_by_command(&order).await,
        CommandName::Cancel => {
            let anything = desk.cancel(&inbound.channel);
            order.say(texts::chat::cancelled(anything)).await
        }
    }
}

/// A command with everything that its handler needs.
#[derive(Clone, Copy)]
pub(super) struct Order<'a> {
    pub(super) desk: &'a Desk,
    pub(super) taken: &'a Taken,
    pub(super) inbound: &'a Inbound,
    pub(super) grant: &'a Grant<'a>,
    pub(super) invocation: &'a Invocation,
}

impl Order<'_> {
    /// Answers and is done.
    pub(super) async fn say(&self, body: Body) -> Result<(), Failure> {
        self.desk
            .finish(self.taken, |commit| {
                self.desk.answer(commit, self.taken, self.inbound, body, "answer");
            })
            .await
    }

    /// The checks that are meant, or the sentence for the person.
    pub(super) fn set(&self) -> Result<CheckSet, Body> {
        let named = self.invocation.get("set").map(str::parse).transpose();
        named.map(Option::unwrap_or_default).map_err(|unknown: UnknownSet| texts::chat::mistake(unknown))
    }
}

async fn subscribe(order: &Order<'_>) -> Result<(), Failure> {
    let Order { desk, taken, inbound, grant, invocation } = *order;
    let cluster = match desk.cluster(grant.channel, invocation.get("cluster")) {
        Ok(cluster) => cluster,
        Err(body) => return order.say(body).await,
    };
    let schedule = match Schedule::parse(invocation.get("schedule").unwrap_or_default(), desk.time_zone) {
        Ok(schedule) => schedule,
        Err(problem) => return order.say(texts::chat::mistake(problem)).await,
    };
    let set = match order.set() {
        Ok(set) => set,
        Err(body) => return order.say(body).await,
    };
    let now = desk.clock.now();
    let subscription = Subscription {
        id: ids::random(),
        channel: inbound.channel.clone(),
        cluster: cluster.name().to_owned(),
        set,
        schedule: schedule.to_string(),
        only_changes: invocation.is_on("only-changes"),
        created_by: grant.person.cloned().unwrap_or_else(|| inbound.actor.name().to_owned()),
        created_at: now,
        last_planned: None,
        missed: None,
        paused: None,
    };
    let known = desk.store.get(&SUBSCRIPTIONS, subscription.key())?;
    let mut commit = Commit::new();
    match &known {
        Some(known) => {
            // Asked again: the same promise, perhaps with another wish about silence; nothing is due twice.
            let changed =
                Subscription { only_changes: subscription.only_changes, paused: None, ..Subscription::clone(known) };
            commit.replace(&SUBSCRIPTIONS, subscription.key(), known, &changed);
        }
        None if desk.subscriptions_of(&inbound.channel)?.len() >= SUBSCRIPTIONS_OF_A_CHANNEL => {
            return order.say(texts::chat::enough_subscriptions(SUBSCRIPTIONS_OF_A_CHANNEL)).await;
        }
        None => {
            commit.insert(&SUBSCRIPTIONS, subscription.key(), &subscription);
        }
    }
    let body = texts::chat::subscribed(&subscription, schedule.next_after(now), Some(schedule.zone()), known.is_some());
    desk.answer(&mut commit, taken, inbound, body, "answer");
    taken.done(&mut commit);
    Ok(desk.store.commit(commit).await?)
}

async fn unsubscribe(order: &Order<'_>) -> Result<(), Failure> {
    let Order { desk, taken, inbound, invocation, .. } = *order;
    let named = invocation.get("cluster").unwrap_or_default();
    let all = desk.subscriptions_of(&inbound.channel)?;
    let fitting: Vec<&(String, Versioned<Subscription>)> = match named.parse::<usize>() {
        Ok(number) => number.checked_sub(1).and_then(|place| all.get(place)).into_iter().collect(),
        Err(_) => all.iter().filter(|(_, subscription)| subscription.cluster == named).collect(),
    };
    match fitting.as_slice() {
        [] => order.say(texts::chat::nothing_to_unsubscribe(named)).await,
        [(key, subscription)] => {
            desk.finish(taken, |commit| {
                commit.remove_expected(&SUBSCRIPTIONS, key.clone(), subscription);
                desk.answer(commit, taken, inbound, texts::chat::unsubscribed(subscription), "answer");
            })
            .await
        }
        _ => order.say(texts::chat::which_to_unsubscribe(named)).await,
    }
}

async fn subscriptions(order: &Order<'_>) -> Result<(), Failure> {
    let now = order.desk.clock.now();
    let mut list = Vec::new();
    for (_, subscription) in order.desk.subscriptions_of(&order.inbound.channel)? {
        let schedule = Schedule::parse(&subscription.schedule, order.desk.time_zone).ok();
        let next = schedule.as_ref().and_then(|schedule| schedule.next_after(now));
        list.push((subscription.into_value(), next, schedule.map(|schedule| schedule.zone())));
    }
    order.say(texts::chat::subscriptions(&list)).await
}

async fn inspect(order: &Order<'_>) -> Result<(), Failure> {
    let Order { desk, taken, inbound, grant, invocation } = *order;
    let cluster = match desk.cluster(grant.channel, invocation.get("cluster")) {
        Ok(cluster) => cluster,
        Err(body) => return order.say(body).await,
    };
    let set = match order.set() {
        Ok(set) => set,
        Err(body) => return order.say(body).await,
    };
    let listener = Listener::Chat { inbound: Box::new(inbound.clone()) };
    let mut commit = Commit::new();
    taken.done(&mut commit);
    let scope = Scope { cluster: cluster.name(), namespace: invocation.get("namespace"), set };
    match archive::ask(&desk.store, &mut commit, scope, vec![listener], desk.clock.now())? {
        Asked::Full => return order.say(texts::chat::too_many_wait(cluster.name())).await,
        asked @ (Asked::Opened | Asked::Joined) => inspecting::open_if(asked, desk, &mut commit, scope),
    }
    Ok(desk.store.commit(commit).await?)
}
