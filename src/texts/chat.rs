//! What the bot says about itself, its channels and its subscriptions.

use super::checks::of_set;
use crate::channel::{Denied, Subscription};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use contract::{Actor, Block, Body, ChannelRef, GRAMMAR, Span};
use std::fmt::Display;

fn plain(text: impl Into<String>) -> Span {
    Span::Plain(text.into())
}

fn code(text: impl Into<String>) -> Span {
    Span::Code(text.into())
}

/// What can be asked, from the grammar.
pub fn help(clusters: &[String]) -> Body {
    let items = GRAMMAR.iter().map(|spec| vec![code(spec.synopsis()), plain(format!(" – {}", spec.summary))]).collect();
    let clusters = match clusters.split_first() {
        None => "This channel sees no cluster yet.".to_owned(),
        Some((first, [])) => format!("This channel sees the cluster {first}."),
        Some((first, rest)) => format!("This channel sees {first} (when none is named) and {}.", rest.join(", ")),
    };
    Body::new([
        Block::paragraph(format!(
            "I inspect clusters, say what is wrong, and propose repairs that somebody here approves. {clusters} Reply to one of my messages to ask about it."
        )),
        Block::List(items),
    ])
}

/// The ids to write into the configuration.
pub fn whoami(channel: &ChannelRef, actor: &Actor, person: Option<&str>) -> Body {
    let who = match (actor, person) {
        (Actor::Person { id, name }, Some(person)) => {
            vec![
                plain(format!("You are {name}, {} id ", channel.platform)),
                code(id.as_str()),
                plain(format!(", known as {person}.")),
            ]
        }
        (Actor::Person { id, name }, None) => {
            vec![
                plain(format!("You are {name}, {} id ", channel.platform)),
                code(id.as_str()),
                plain(", not listed as a [[person]]."),
            ]
        }
        (Actor::Anonymous { name }, _) => {
            vec![plain(format!("You write as {name}: without an id of your own you cannot approve anything."))]
        }
    };
    Body::new([
        Block::Paragraph(vec![
            plain(format!("This is the {} channel ", channel.platform)),
            code(&channel.id),
            plain("."),
        ]),
        Block::Paragraph(who),
    ])
}

/// The one refusal.
pub fn refused(denied: Denied, channel: &ChannelRef, actor: &Actor) -> Body {
    let id = actor.id().map_or("none", |id| id.as_str());
    let text = match denied {
        Denied::Channel => format!(
            "I do not serve this chat. Whoever runs me can list it: {} channel {}, your id {id}. I will not answer again until then.",
            channel.platform, channel.id
        ),
        Denied::Person => format!(
            "I answer only people who are listed for this chat. Whoever runs me can add you: {} id {id}. I will not answer again until then.",
            channel.platform
        ),
    };
    Body::text(text)
}

/// No such cluster for this channel.
pub fn no_cluster(named: &str, known: &[String]) -> Body {
    let known = match known {
        [] => "This channel sees no cluster; list them under its [[channel]].".to_owned(),
        names => format!("This channel sees {}.", names.join(", ")),
    };
    Body::text(if named.is_empty() { known } else { format!("I know no cluster \"{named}\" here. {known}") })
}

/// Somebody has to try again, or an operator has to look.
pub fn gave_up(error: impl Display) -> Body {
    Body::text(format!("I could not do that and gave up after several tries: {error}. It is kept for whoever runs me."))
}

/// A mistake in what was written.
pub fn mistake(problem: impl Display) -> Body {
    Body::text(problem.to_string())
}

/// A report was subscribed.
pub fn subscribed(subscription: &Subscription, next: Option<DateTime<Utc>>, zone: Option<Tz>, replaced: bool) -> Body {
    let how = if subscription.only_changes { ", only when something changed" } else { "" };
    let verb = if replaced { "Already so" } else { "Done" };
    Body::text(format!(
        "{verb}: {}{} is reported here {}{how}. Next: {}.",
        subscription.cluster,
        of_set(subscription.set),
        subscription.schedule,
        when(next, zone)
    ))
}

/// There is no place for one more subscription.
pub fn enough_subscriptions(most: usize) -> Body {
    Body::text(format!("{most} reports are subscribed here already, and more I do not keep. /unsubscribe one first."))
}

/// There is no place for one more who waits for the same inspection.
pub fn too_many_wait(cluster: &str) -> Body {
    Body::text(format!("So many wait for the inspection of {cluster} that I take nobody on. /findings will show it."))
}

/// A report was unsubscribed.
pub fn unsubscribed(subscription: &Subscription) -> Body {
    let Subscription { cluster, set, schedule, .. } = subscription;
    Body::text(format!("Stopped: {cluster}{} is not reported here {schedule} any more.", of_set(*set)))
}

/// There is no such subscription.
pub fn nothing_to_unsubscribe(named: &str) -> Body {
    Body::text(format!("Nothing here is called \"{named}\". /subscriptions lists what is posted here, with numbers."))
}

/// Several subscriptions fit.
pub fn which_to_unsubscribe(named: &str) -> Body {
    Body::text(format!(
        "There is more than one report of {named} here. Name it by the number that /subscriptions shows."
    ))
}

/// A subscription with its next time and the zone that it is thought in.
pub type Listed = (Subscription, Option<DateTime<Utc>>, Option<Tz>);

/// The reports of this channel: each with its next time.
pub fn subscriptions(list: &[Listed]) -> Body {
    if list.is_empty() {
        return Body::text(
            "Nothing is posted here on a schedule. For example: /subscribe prod daily 09:00 Europe/Berlin",
        );
    }
    let items = list
        .iter()
        .enumerate()
        .map(|(place, (subscription, next, zone))| {
            let mut item = vec![
                plain(format!("{}. ", place + 1)),
                Span::Strong(subscription.cluster.clone()),
                plain(format!("{} {}", of_set(subscription.set), subscription.schedule)),
            ];
            if subscription.only_changes {
                item.push(plain(", only changes"));
            }
            item.push(match &subscription.paused {
                Some(why) => plain(format!(" – was paused ({why}); goes on now that this message arrives")),
                None => plain(format!(" – next {}", when(*next, *zone))),
            });
            item
        })
        .collect();
    Body::new([Block::List(items)])
}

/// Somebody asked to stop the question.
pub fn cancelled(anything: bool) -> Body {
    Body::text(if anything { "Stopped." } else { "Nothing is being worked on here." })
}

/// Why a channel's reports pause.
pub const REMOVED: &str = "I was removed from the channel";

/// An old or foreign button.
pub fn dead_button() -> Body {
    Body::text("That button is too old or not from here. Ask again, and I will make a new one.")
}

/// A time in the zone that people think in, with the zone's name.
pub fn when(at: Option<DateTime<Utc>>, zone: Option<Tz>) -> String {
    match (at, zone) {
        (None, _) => "never".to_owned(),
        (Some(at), Some(zone)) => format!("{} {}", at.with_timezone(&zone).format("%a %Y-%m-%d %H:%M"), zone.name()),
        (Some(at), None) => at.format("%a %Y-%m-%d %H:%M UTC").to_string(),
    }
}
