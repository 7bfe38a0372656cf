//! Sentences of a plan, of what is seen while a repair is watched, and of what came of a write.

use super::{refusal::quote, span};
use chrono::TimeDelta;

pub fn serving(revision: i64, pods: i64) -> String {
    let pods = if pods == 1 { "1 pod of it still serves".to_owned() } else { format!("{pods} pods of it still serve") };
    format!("revision {revision} worked: {pods}.")
}

pub fn lasted(revision: i64, length: TimeDelta) -> String {
    format!("revision {revision} was in place for {} before the next one.", span(length))
}

/// A reason as a sentence.
pub fn because(why: &str) -> String {
    format!("{why}.")
}

pub fn managed(by: &str) -> String {
    format!("{by} manages this object and may set it back. Make the same change at its source.")
}

pub fn autoscaler(name: &str, min: i64, max: i64) -> String {
    format!(
        "the autoscaler {name} sets the replicas of this workload, between {min} and {max}: it will change the number again."
    )
}

pub fn unseen(what: &str) -> String {
    format!("I could not look at the {what} of this namespace, so I cannot say whether one matters here.")
}

pub fn disruption_budget(name: &str) -> String {
    format!("the PodDisruptionBudget {name} allows no disruption now; deleting a pod goes around it.")
}

pub fn last_ready(owner: &str) -> String {
    format!("it is the only ready pod of {owner}: nothing serves until the new one is ready.")
}

pub const TO_ZERO: &str = "without a replica nothing serves any more.";
pub const RECREATE: &str = "the strategy is Recreate: all pods stop before the new ones start.";
pub const HIDDEN_ONLY: &str = "(only values that I do not show differ)\n";

pub fn deleted(pod: &str, owner: &str) -> String {
    format!("- pod {pod}\n+ a new pod, made by {owner}\n")
}

pub fn already(replicas: i32) -> String {
    let word = if replicas == 1 { "replica" } else { "replicas" };
    format!("It already has {replicas} {word}: there is nothing to do.")
}

pub fn already_current(revision: i64) -> String {
    format!("Revision {revision} is the current one: there is nothing to undo.")
}

pub fn same_template(revision: i64) -> String {
    format!("Revision {revision} is the same as the current one: going back to it changes nothing.")
}

pub fn going_away(target: &str) -> String {
    format!("{target} is being deleted already.")
}

pub const NEGATIVE: &str = "Less than 0 replicas is not possible.";

pub fn gone(target: &str) -> String {
    format!("Meanwhile {target} is gone.")
}

pub fn another(target: &str) -> String {
    format!("Meanwhile {target} was deleted and made again.")
}

pub fn changed(target: &str) -> String {
    format!("Somebody changed {target} after this was planned.")
}

pub fn earlier_changed(keeper: &str) -> String {
    format!("The earlier revision in {keeper} is no longer there as it was.")
}

pub fn conflict(said: &str) -> String {
    format!("The object changed in the same moment ({}).", quote(said))
}

pub fn refused(said: &str) -> String {
    format!("The server refused it: {}. Nothing was changed.", quote(said))
}

pub fn unreadable(said: &str) -> String {
    format!("I could not read the object before the change: {}. Nothing was changed; ask again.", quote(said))
}

pub fn not_sent(said: &str) -> String {
    format!("I could not reach the server: {}. Nothing was changed; ask again.", quote(said))
}

pub fn no_answer(said: &str) -> String {
    format!("the request was sent and the answer is missing ({}).", quote(said))
}

pub fn cannot_look(said: &str) -> String {
    format!("I was interrupted, and cannot look at the object ({}).", quote(said))
}

pub fn interrupted(target: &str) -> String {
    format!("I was interrupted, and {target} was changed since then, maybe by somebody else.")
}

pub const NOT_CARRIED_OUT: &str = "I was interrupted before it was carried out. Nothing was changed; ask again.";
pub const FOUND_DONE: &str = "found done";

// What is seen while it is verified.

pub const NOT_OBSERVED: &str = "The controller has not seen the change yet.";
pub const DEADLINE_EXCEEDED: &str = "The rollout exceeded its own progress deadline.";

pub fn updated(updated: i64, wanted: i64) -> String {
    format!("{updated} of {wanted} pods are new.")
}

pub fn old_left(left: i64) -> String {
    if left == 1 { "1 old pod is still there.".into() } else { format!("{left} old pods are still there.") }
}

pub fn available(available: i64, wanted: i64) -> String {
    format!("{available} of {wanted} new pods are available.")
}

pub fn ready(ready: i64, wanted: i64) -> String {
    format!("{ready} of {wanted} pods are ready.")
}

pub fn pods_left(left: i64, wanted: i64) -> String {
    format!("{left} pods are there, {wanted} are wanted.")
}

pub fn pod_gone(name: &str) -> String {
    format!("Pod {name} is gone.")
}

pub fn pod_going(name: &str) -> String {
    format!("Pod {name} is stopping.")
}

pub fn stuck(pod: &str, why: &str) -> String {
    format!("Pod {pod}: {why}.")
}

pub fn steady(seconds: i64) -> String {
    format!("All pods are ready; I wait whether they stay so for {seconds} s.")
}

pub fn ended_again(pod: &str, reason: &str, ran: TimeDelta) -> String {
    format!("A container of pod {pod} has ended after {}: {reason}. I wait whether it stays up now.", span(ran))
}

pub fn no_endpoints(service: &str) -> String {
    format!("All pods are ready, but Service {service} has no ready endpoint.")
}

pub fn not_yet(said: &str) -> String {
    format!("I cannot look at it right now ({}).", quote(said))
}

pub fn still_found(title: &str) -> String {
    format!("All pods are as wanted, and what it was meant to cure is still there: {title}.")
}

pub fn not_checked_again(why: &str) -> String {
    format!("All pods are as wanted; what it was meant to cure could not be checked again ({}).", quote(why))
}

pub fn may_come_back(watched: TimeDelta, before: TimeDelta) -> String {
    format!(
        "All runs for {} and what it was meant to cure is not there; but before, it came only after up to {}: it can come back.",
        span(watched),
        span(before)
    )
}

pub const ALL_WELL: &str = "All is as wanted.";

pub fn ran_out(missing: &str) -> String {
    format!("the change was made, but in time it did not have the effect. {missing}")
}

pub fn went_wrong(what: &str) -> String {
    format!("the change was made, but went wrong. {what}")
}
