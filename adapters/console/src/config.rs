//! What the console is told at start, and the mistakes that keep it from starting.

use chrono::{DateTime, Utc};
use contract::{Platform, site::placed};
use std::{
    borrow::Cow,
    collections::BTreeSet,
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};
use thiserror::Error;

/// The configuration of the web chat.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes a free one. Not loopback only together with `public_url`.
    pub listen: SocketAddr,
    /// The rooms, in the order in which they are shown. At least one.
    pub rooms: Vec<Room>,
    /// How people get in.
    pub sign_in: SignIn,
    /// The message log, which outlives a restart. `None` keeps messages in memory only.
    pub log_path: Option<PathBuf>,
    /// The address that people use, where it is not the listening one: scheme, host and port (`https://chat.example`).
    pub public_url: Option<String>,
    /// Pages beside the chat, for the navigation.
    pub links: Vec<Link>,
    /// Takes secrets out of what people write, before it is kept and shown.
    pub clean: Clean,
    /// Messages that a room keeps; the oldest go first.
    pub kept: usize,
    /// What time it is.
    pub clock: Clock,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8090)),
            rooms: vec![Room { id: "rounds".into(), title: "Rounds".into(), readers: None }],
            sign_in: SignIn::OneTimeLink { name: "owner".into() },
            log_path: None,
            public_url: None,
            links: Vec::new(),
            clean: |text| Cow::Borrowed(text),
            kept: 500,
            clock: Clock::default(),
        }
    }
}

/// What a text becomes before it is kept.
pub type Clean = fn(&str) -> Cow<'_, str>;

/// A room: the console's channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// The channel's id: 1 to 32 of `a-z0-9_-`.
    pub id: String,
    /// What people read.
    pub title: String,
    /// The login names of those who see it; `None`: everybody who can sign in.
    pub readers: Option<BTreeSet<String>>,
}

impl Room {
    /// Whether this person sees it.
    pub(crate) fn admits(&self, person: &str) -> bool {
        self.readers.as_ref().is_none_or(|readers| readers.contains(person))
    }
}

/// An entry of the navigation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What people read.
    pub title: String,
    /// A path of this server (`/reports`), or http or https.
    pub url: String,
}

/// How people get in.
#[derive(Debug, Clone)]
pub enum SignIn {
    /// By links that are good for one sign-in each ([`crate::Console::one_time_link`]).
    OneTimeLink {
        /// The login name, which is the user id that roles are bound to.
        name: String,
    },
    /// By name and password.
    Password {
        /// Who.
        users: Vec<User>,
    },
}

/// Somebody who can sign in with a password.
#[derive(Clone)]
pub struct User {
    /// The login name, which is the user id that roles are bound to.
    pub name: String,
    /// Argon2 in PHC form; [`crate::hash_password`] makes one.
    pub password_hash: String,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Where the time comes from: the console is a platform of its own, so it stamps its messages itself.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    /// A clock that asks this function.
    pub fn new(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.0)()
    }
}

impl Default for Clock {
    #[expect(clippy::disallowed_methods, reason = "the default of the one place where this crate's time comes from")]
    fn default() -> Self {
        Self::new(Utc::now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// Why the console cannot start.
#[derive(Debug, Error)]
pub enum BindError {
    /// The configuration cannot work; the text says what to change.
    #[error("console: {0}")]
    Config(String),
    /// The address is taken or not ours.
    #[error("console: cannot listen on {address}: {cause}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The message log cannot be opened or read.
    #[error("console: message log {path}: {problem}")]
    Log {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// Checks what the types do not.
pub(crate) fn check(config: &Config) -> Result<(), BindError> {
    let refuse = |text: String| Err(BindError::Config(text));
    let mut seen = BTreeSet::new();
    for room in &config.rooms {
        if !Platform::Console.is_channel_id(&room.id) {
            return refuse(format!("room id {:?} must be 1 to 32 of a-z, 0-9, - and _", room.id));
        }
        if !seen.insert(&room.id) {
            return refuse(format!("room id {:?} is there twice", room.id));
        }
    }
    if config.rooms.is_empty() {
        return refuse("there is no room".into());
    }
    if config.kept == 0 {
        return refuse("a room must keep at least one message".into());
    }
    if let Err(misplaced) = placed(config.listen, config.public_url.as_deref()) {
        return refuse(misplaced.to_string());
    }
    if let Some(link) = config.links.iter().find(|link| !is_safe_link(&link.url)) {
        return refuse(format!("link {:?} must be a path or http(s)", link.url));
    }
    match &config.sign_in {
        SignIn::OneTimeLink { name } if name.is_empty() => refuse("the login name is empty".into()),
        SignIn::OneTimeLink { .. } => Ok(()),
        SignIn::Password { users } if users.is_empty() => refuse("nobody can sign in: no user is configured".into()),
        SignIn::Password { users } => {
            let mut names = BTreeSet::new();
            for user in users {
                if user.name.is_empty() || !names.insert(&user.name) {
                    return refuse(format!("user name {:?} is empty or there twice", user.name));
                }
                if let Err(error) = argon2::PasswordHash::new(&user.password_hash) {
                    return refuse(format!(
                        "the password hash of {:?} is not an argon2 PHC string: {error}",
                        user.name
                    ));
                }
            }
            Ok(())
        }
    }
}

/// A path of this server, or http and https: never `javascript:` or another host by `//`.
pub(crate) fn is_safe_link(url: &str) -> bool {
    (url.starts_with('/') && !url.starts_with("//") && !url.contains('\\')) || is_web_link(url)
}

/// Http or https.
pub(crate) fn is_web_link(url: &str) -> bool {
    let lower = url.get(..8).unwrap_or(url).to_ascii_lowercase();
    lower.starts_with("https://") || lower.starts_with("http://")
}

#[cfg(test)]
mod tests {
    use super::{Config, Link, Room, SignIn, User, check};

    fn refused(change: impl FnOnce(&mut Config)) -> String {
        let mut config = Config::default();
        change(&mut config);
        check(&config).unwrap_err().to_string()
    }

    #[test]
    fn the_default_is_good() {
        check(&Config::default()).unwrap();
    }

    #[test]
    fn what_cannot_work_is_said() {
        assert!(refused(|config| config.listen = "0.0.0.0:80".parse().unwrap()).contains("open to the network"));
        assert!(refused(|config| config.rooms.clear()).contains("no room"));
        assert!(
            refused(|config| config.rooms = vec![Room { id: "a b".into(), title: String::new(), readers: None }])
                .contains("1 to 32")
        );
        assert!(refused(|config| config.public_url = Some("chat.example".into())).contains("http://"));
        assert!(
            refused(|config| config.links = vec![Link { title: "x".into(), url: "javascript:alert(1)".into() }])
                .contains("path or http")
        );
        assert!(refused(|config| config.sign_in = SignIn::Password { users: vec![] }).contains("nobody can sign in"));
        let user = User { name: "alice".into(), password_hash: "secret".into() };
        assert!(
            refused(|config| config.sign_in = SignIn::Password { users: vec![user] }).contains("not an argon2 PHC")
        );
    }

    #[test]
    fn a_hash_is_not_in_the_debug_text() {
        let user = User { name: "alice".into(), password_hash: "$argon2id$secret".into() };
        assert!(!format!("{user:?}").contains("secret"));
    }
}
