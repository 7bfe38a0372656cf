//! The part of the configuration that is about the web chat.

use super::{
    reader::{Mistakes, Table},
    sections::{listen, url},
};
use crate::channel::{Access, People};
use contract::{
    Platform, UserId,
    site::{Misplaced, placed},
};
use std::{collections::BTreeSet, net::SocketAddr};

/// The web console.
#[derive(Debug, Clone)]
pub struct ConsoleSettings {
    /// Loopback unless told otherwise.
    pub listen: SocketAddr,
    /// The address that people's browsers use, where a proxy stands in front.
    pub public_url: Option<String>,
    /// Who can sign in.
    pub users: Vec<ConsoleUser>,
}

/// Somebody who can sign in to the console.
#[derive(Debug, Clone)]
pub struct ConsoleUser {
    /// The login name.
    pub name: String,
    /// The argon2 hash of the password, in PHC form.
    pub password_hash: String,
}

pub(super) fn read(root: &mut Table<'_>, access: &Access, mistakes: &mut Mistakes) -> Option<ConsoleSettings> {
    let mut table = root.table("console", mistakes)?;
    let listen = listen(&mut table, SocketAddr::from(([127, 0, 0, 1], 8090)), mistakes);
    let public_url = url(&mut table, "public_url", mistakes);
    // An address that is mistaken is there all the same.
    if public_url.is_some() || !table.has("public_url") {
        match placed(listen, public_url.as_deref()) {
            Ok(()) => {}
            Err(open @ Misplaced::Open(_)) => mistakes.at(&table.place("listen"), open.to_string()),
            Err(no_origin @ Misplaced::NoOrigin(_)) => mistakes.at(&table.place("public_url"), no_origin.to_string()),
        }
    }
    let users = users(&mut table, access, mistakes);
    if users.is_empty() {
        mistakes.at(&table.span(), "nobody can sign in to the console; write a [[console.user]]");
    }
    if rooms(access).next().is_none() {
        mistakes.at(&table.span(), "the console has no room; write a [[channel]] with platform = \"console\"");
    }
    table.done(mistakes);
    Some(ConsoleSettings { listen, public_url, users })
}

fn users(table: &mut Table<'_>, access: &Access, mistakes: &mut Mistakes) -> Vec<ConsoleUser> {
    let is_open = rooms(access).any(|people| *people == People::Everyone);
    let (mut users, mut names) = (Vec::new(), BTreeSet::new());
    for mut user in table.tables("user", mistakes) {
        let name = user.required("name", mistakes);
        let hash = user.required("password_hash", mistakes);
        user.done(mistakes);
        let (Some((name, place)), Some((hash, span))) = (name, hash) else { continue };
        if argon2::PasswordHash::new(&hash).is_err() {
            mistakes.at(&span, "password_hash is not a PHC hash; make one with: roundsman hash-password");
        }
        if !names.insert(name.clone()) {
            mistakes.at(&place, format!("there are two users called \"{name}\""));
        }
        if !is_open && !access.people.contains_key(&(Platform::Console, UserId(name.clone()))) {
            mistakes.at(&place, format!("no [[person]] has console = \"{name}\", so this user would see no room"));
        }
        users.push(ConsoleUser { name, password_hash: hash });
    }
    users
}

/// Who is answered in each of its channels.
fn rooms(access: &Access) -> impl Iterator<Item = &People> {
    let channels = access.channels.iter().filter(|((platform, _), _)| *platform == Platform::Console);
    channels.map(|(_, grant)| &grant.people)
}
