//! Who is signed in: one-time links, passwords, sessions. All in memory; a restart signs everybody out.

use crate::config::{BindError, SignIn};
use argon2::{
    Argon2, PasswordHasher, PasswordVerifier,
    password_hash::{PasswordHash, SaltString},
};
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use subtle::ConstantTimeEq;
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep_until},
};

/// How long a session lasts.
pub(crate) const SESSION: Duration = Duration::from_secs(12 * 60 * 60);
const SESSIONS: usize = 256;
const LINKS: usize = 8;
const TRY_WINDOW: Duration = Duration::from_secs(60);
/// Failed attempts in the window: of one address, of all.
const TRIES: usize = 10;
const ALL_TRIES: usize = 100;

/// Sessions and links are kept as digests, so that a lookup tells nothing by its time.
type Digested = [u8; 32];

/// The door.
#[derive(Debug)]
pub(crate) struct Door {
    sign_in: SignIn,
    inner: Mutex<Inner>,
    /// Argon2 takes memory and time by design: at most this many at once.
    verifying: Semaphore,
}

#[derive(Debug, Default)]
struct Inner {
    links: VecDeque<Digested>,
    sessions: HashMap<Digested, Session>,
    failures: VecDeque<(Instant, IpAddr)>,
}

/// A signed-in person.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) name: String,
    until: Instant,
    key: Digested,
}

impl Session {
    /// Resolves when the session is over by its age.
    pub(crate) async fn expired(&self) {
        sleep_until(self.until).await;
    }
}

/// Why somebody did not get in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Name, password or link is not known.
    Wrong,
    /// Too many failed attempts.
    TooMany,
    /// There are no passwords here.
    NoPasswords,
}

impl Door {
    pub(crate) fn new(sign_in: SignIn) -> Self {
        Self { sign_in, inner: Mutex::default(), verifying: Semaphore::new(2) }
    }

    pub(crate) fn sign_in(&self) -> &SignIn {
        &self.sign_in
    }

    /// A token that is good for one sign-in; `None` where people sign in by password.
    pub(crate) fn link(&self) -> Option<String> {
        let SignIn::OneTimeLink { .. } = &self.sign_in else { return None };
        let token = secret();
        let mut inner = self.inner();
        inner.links.push_back(digest(&token));
        while inner.links.len() > LINKS {
            inner.links.pop_front();
        }
        Some(token)
    }

    /// Spends a one-time token and returns the session's secret.
    pub(crate) fn by_link(&self, token: &str, from: IpAddr) -> Result<String, Refused> {
        let SignIn::OneTimeLink { name } = &self.sign_in else { return Err(Refused::Wrong) };
        let given = digest(token);
        let mut inner = self.inner();
        inner.may_try(from)?;
        match inner.links.iter().position(|link| bool::from(link.ct_eq(&given))) {
            Some(place) => {
                inner.links.remove(place);
                Ok(inner.open(name.clone()))
            }
            None => {
                inner.failed(from);
                Err(Refused::Wrong)
            }
        }
    }

    /// Checks name and password and returns the session's secret. An unknown name takes as long as a known one.
    pub(crate) async fn by_password(&self, name: &str, password: String, from: IpAddr) -> Result<String, Refused> {
        let SignIn::Password { users } = &self.sign_in else { return Err(Refused::NoPasswords) };
        let known = users.iter().find(|user| user.name == name);
        let Some(hash) = known.or(users.first()).map(|user| user.password_hash.clone()) else {
            return Err(Refused::Wrong);
        };
        let Ok(_permit) = self.verifying.acquire().await else { return Err(Refused::TooMany) };
        self.inner().may_try(from)?;
        let verified = tokio::task::spawn_blocking(move || {
            let hash = PasswordHash::new(&hash)?;
            Argon2::default().verify_password(password.as_bytes(), &hash)
        });
        let good = matches!(verified.await, Ok(Ok(()))) && known.is_some();
        let mut inner = self.inner();
        if good {
            return Ok(inner.open(name.to_owned()));
        }
        inner.failed(from);
        Err(Refused::Wrong)
    }

    /// The session that this secret opens.
    pub(crate) fn session(&self, secret: &str) -> Option<Session> {
        let session = self.inner().sessions.get(&digest(secret))?.clone();
        (session.until > Instant::now()).then_some(session)
    }

    /// Whether the session is still open.
    pub(crate) fn is_open(&self, session: &Session) -> bool {
        session.until > Instant::now() && self.inner().sessions.contains_key(&session.key)
    }

    pub(crate) fn sign_out(&self, session: &Session) {
        self.inner().sessions.remove(&session.key);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn may_try(&mut self, from: IpAddr) -> Result<(), Refused> {
        while self.failures.front().is_some_and(|(at, _)| at.elapsed() > TRY_WINDOW) {
            self.failures.pop_front();
        }
        let own = self.failures.iter().filter(|(_, address)| *address == from).count();
        if own >= TRIES || self.failures.len() >= ALL_TRIES { Err(Refused::TooMany) } else { Ok(()) }
    }

    fn failed(&mut self, from: IpAddr) {
        self.failures.push_back((Instant::now(), from));
    }

    fn open(&mut self, name: String) -> String {
        let now = Instant::now();
        self.sessions.retain(|_, session| session.until > now);
        if self.sessions.len() >= SESSIONS
            && let Some(oldest) = self.sessions.values().min_by_key(|session| session.until).map(|oldest| oldest.key)
        {
            self.sessions.remove(&oldest);
        }
        let secret = secret();
        let key = digest(&secret);
        self.sessions.insert(key, Session { name, until: now + SESSION, key });
        secret
    }
}

/// Hashes a password for [`crate::User::password_hash`]. Takes a good part of a second by design.
///
/// # Errors
/// When the password is longer than argon2 takes.
pub fn hash_password(password: &str) -> Result<String, BindError> {
    let failed = |error: argon2::password_hash::Error| BindError::Config(format!("cannot hash the password: {error}"));
    let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>()).map_err(failed)?;
    Ok(Argon2::default().hash_password(password.as_bytes(), &salt).map_err(failed)?.to_string())
}

/// 256 random bits as text.
fn secret() -> String {
    rand::random::<[u8; 32]>().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn digest(secret: &str) -> Digested {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::{Door, Refused, SESSION, TRIES};
    use crate::config::SignIn;
    use std::{net::IpAddr, time::Duration};

    fn door() -> Door {
        Door::new(SignIn::OneTimeLink { name: "owner".into() })
    }

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[tokio::test(start_paused = true)]
    async fn a_session_ends_after_twelve_hours() {
        let door = door();
        let secret = door.by_link(&door.link().unwrap(), HERE).unwrap();
        let session = door.session(&secret).unwrap();
        assert_eq!(session.name, "owner");
        tokio::time::advance(SESSION - Duration::from_secs(1)).await;
        assert!(door.is_open(&session));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(!door.is_open(&session));
        assert!(door.session(&secret).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn guessing_is_stopped_for_a_minute_and_for_that_address_only() {
        let door = door();
        for _ in 0..TRIES {
            assert_eq!(door.by_link("guess", HERE).unwrap_err(), Refused::Wrong);
        }
        let link = door.link().unwrap();
        assert_eq!(door.by_link(&link, HERE).unwrap_err(), Refused::TooMany);
        assert_eq!(door.by_link("guess", "127.0.0.2".parse().unwrap()).unwrap_err(), Refused::Wrong);
        tokio::time::advance(Duration::from_secs(61)).await;
        door.by_link(&link, HERE).unwrap();
    }

    #[tokio::test]
    async fn only_the_latest_links_are_good() {
        let door = door();
        let first = door.link().unwrap();
        let rest: Vec<String> = (0..8).map(|_| door.link().unwrap()).collect();
        assert_eq!(door.by_link(&first, HERE).unwrap_err(), Refused::Wrong);
        for link in rest {
            door.by_link(&link, HERE).unwrap();
        }
    }
}
