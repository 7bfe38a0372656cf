//! The parts of the configuration that are about people: who is listed, and who may decide what.

use super::{
    reader::{Mistakes, Table},
    sections::known_cluster,
};
use crate::{
    channel::{Access, ChannelGrant, People, PersonName},
    repair::{ActionKind, Policy, ProtectedLabel, Rule},
};
use contract::{Platform, UserId};
use std::{collections::BTreeSet, time::Duration};

const PLATFORMS: [Platform; 3] = [Platform::Telegram, Platform::Discord, Platform::Console];

/// Who is listed, and everybody who has a name, also where no id goes with it.
pub(super) fn access(
    root: &mut Table<'_>,
    clusters: &[&str],
    mistakes: &mut Mistakes,
) -> (Access, BTreeSet<PersonName>) {
    let mut access = Access::default();
    let mut names = BTreeSet::new();
    for mut table in root.tables("person", mistakes) {
        let name = table.required("name", mistakes);
        let ids: Vec<(Platform, String, std::ops::Range<usize>)> = PLATFORMS
            .iter()
            .filter_map(|platform| table.text(platform.name(), mistakes).map(|(id, span)| (*platform, id, span)))
            .collect();
        if ids.is_empty() {
            mistakes.at(
                &table.span(),
                "a person needs an id on a platform: telegram, discord or console (/whoami tells it)",
            );
        }
        table.done(mistakes);
        let Some((name, span)) = name else { continue };
        if !names.insert(name.clone()) {
            mistakes.at(&span, format!("there are two people called \"{name}\""));
        }
        for (platform, id, span) in ids {
            if !platform.is_user_id(&id) {
                mistakes.at(&span, format!("\"{id}\" is no {platform} id; it is a number, which /whoami tells"));
            }
            if access.people.insert((platform, UserId(id.clone())), name.clone()).is_some() {
                mistakes.at(&span, format!("the {platform} id {id} belongs to two people"));
            }
        }
    }
    for mut table in root.tables("channel", mistakes) {
        let name = table.required("name", mistakes);
        let platform = table.required("platform", mistakes).and_then(|(text, span)| {
            let found = PLATFORMS.into_iter().find(|platform| platform.name() == text);
            match found {
                None => {
                    mistakes.at(&span, format!("\"{text}\" is not a platform; known are telegram, discord, console"))
                }
                Some(platform) if !root.has(platform.name()) => {
                    mistakes.at(&span, format!("there is no [{platform}], so nobody could write in this channel"));
                }
                Some(_) => {}
            }
            found
        });
        let id = table.required("id", mistakes);
        let visible = table.texts("clusters", mistakes);
        let people = table.texts("people", mistakes);
        let people_place = table.place("people");
        let muters = table.texts("may_mute", mistakes).unwrap_or_default();
        let place = table.span();
        table.done(mistakes);
        for (person, span) in muters.iter().filter(|(person, _)| !names.contains(person)) {
            mistakes.at(span, format!("there is no [[person]] called \"{person}\""));
        }
        let may_mute = muters.into_iter().map(|(person, _)| person).collect();
        let visible = match visible {
            None => clusters.iter().map(|name| (*name).to_owned()).collect(),
            Some(list) => {
                list.iter().for_each(|(cluster, span)| known_cluster(clusters, cluster, span, mistakes));
                list.into_iter().map(|(cluster, _)| cluster).collect()
            }
        };
        let people = match people {
            None => {
                mistakes.at(&place, "people is missing; list their names, or write people = \"everyone\"");
                People::Listed(BTreeSet::new())
            }
            Some(list) if list.is_empty() => {
                let hint = "list names, or write people = \"everyone\"";
                mistakes.at(&people_place, format!("people is empty, so nobody would be answered here; {hint}"));
                People::Listed(BTreeSet::new())
            }
            Some(list) if list.iter().any(|(name, _)| name == "everyone") => People::Everyone,
            Some(list) => {
                for (person, span) in list.iter().filter(|(person, _)| !names.contains(person)) {
                    mistakes.at(span, format!("there is no [[person]] called \"{person}\""));
                }
                People::Listed(list.into_iter().map(|(person, _)| person).collect())
            }
        };
        if let (Some((name, place)), Some(platform), Some((id, span))) = (name, platform, id) {
            if !platform.is_channel_id(&id) {
                let form = channel_form(platform);
                mistakes.at(&span, format!("\"{id}\" is no id of a {platform} channel; it is {form}"));
            }
            if access.by_name(&name).is_some() {
                mistakes.at(&place, format!("there are two channels called \"{name}\""));
            }
            let grant = ChannelGrant { name, clusters: visible, people, may_mute };
            if access.channels.insert((platform, id.clone()), grant).is_some() {
                mistakes.at(&span, format!("the {platform} channel {id} is listed twice"));
            }
        }
    }
    (access, names)
}

fn channel_form(platform: Platform) -> &'static str {
    match platform {
        Platform::Telegram | Platform::Discord => "a number, which /whoami tells",
        Platform::Console => "1 to 32 of a-z, 0-9, - and _",
    }
}

pub(super) fn policy(
    root: &mut Table<'_>,
    clusters: &[&str],
    people: &BTreeSet<PersonName>,
    mistakes: &mut Mistakes,
) -> Policy {
    let Some(mut table) = root.table("repair", mistakes) else { return Policy::default() };
    let enabled = table.flag("enabled", false, mistakes);
    let allow_self_approval = table.flag("allow_self_approval", false, mistakes);
    let minutes = table.number("expires_minutes", 15, 1..=1440, mistakes);
    let mut protected_labels = Vec::new();
    for (text, span) in table.texts("protected_labels", mistakes).unwrap_or_default() {
        let label = ProtectedLabel::from(text.as_str());
        if label.name.is_empty() {
            mistakes.at(&span, format!("a protected label is written name or name=value, not \"{text}\""));
        }
        protected_labels.push(label);
    }
    let mut rules = Vec::new();
    for mut entry in table.tables("rule", mistakes) {
        rules.push(rule(&mut entry, clusters, people, mistakes));
        entry.done(mistakes);
    }
    if enabled && rules.is_empty() {
        mistakes.at(&table.span(), "repair is enabled and nothing is allowed; write a [[repair.rule]]");
    }
    table.done(mistakes);
    let expires_after = Duration::from_secs(minutes * 60);
    Policy { enabled, allow_self_approval, expires_after, rules, protected_labels }
}

fn rule(entry: &mut Table<'_>, clusters: &[&str], people: &BTreeSet<PersonName>, mistakes: &mut Mistakes) -> Rule {
    let place = entry.span();
    let plain = |list: Option<Vec<(String, std::ops::Range<usize>)>>| -> Vec<String> {
        list.unwrap_or_default().into_iter().map(|(text, _)| text).collect()
    };
    let named = entry.texts("clusters", mistakes);
    for (cluster, span) in named.iter().flatten().filter(|(cluster, _)| cluster != "*") {
        known_cluster(clusters, cluster, span, mistakes);
    }
    let namespaces = plain(entry.texts("namespaces", mistakes));
    if namespaces.is_empty() {
        mistakes.at(&place, "namespaces is missing in this rule; list them, or write [\"*\"]");
    }
    let mut actions = BTreeSet::new();
    for (text, span) in entry.texts("actions", mistakes).unwrap_or_default() {
        match text.parse::<ActionKind>() {
            Ok(kind) => {
                actions.insert(kind);
            }
            Err(problem) => mistakes.at(&span, problem),
        }
    }
    let mut approvers = BTreeSet::new();
    for (text, span) in entry.texts("approvers", mistakes).unwrap_or_default() {
        if !people.contains(&text) {
            mistakes.at(&span, format!("there is no [[person]] called \"{text}\""));
        }
        approvers.insert(text);
    }
    if actions.is_empty() || approvers.is_empty() {
        mistakes.at(&place, "a rule needs actions and approvers");
    }
    let change = entry.number("max_replica_change", 10, 1..=1000, mistakes);
    Rule {
        clusters: named.map_or_else(|| vec!["*".to_owned()], |list| plain(Some(list))),
        namespaces,
        except_namespaces: plain(entry.texts("except_namespaces", mistakes)),
        actions,
        approvers,
        max_replica_change: u32::try_from(change).unwrap_or(u32::MAX),
    }
}
