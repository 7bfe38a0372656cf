//! What the requests, the live views and the console itself have in common.

use crate::{chat::Chat, guard::Hosts, intake::Job, session::Door};
use std::sync::{Arc, Mutex};
use tokio::sync::{Semaphore, mpsc, watch};

/// Seen by every request.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) chat: Arc<Chat>,
    pub(crate) door: Door,
    pub(crate) hosts: Arc<Hosts>,
    pub(crate) cookie: String,
    pub(crate) secure_cookie: bool,
    /// Where jobs go while the console runs.
    pub(crate) jobs: Mutex<Option<mpsc::Sender<Job>>>,
    pub(crate) closing: watch::Sender<bool>,
    pub(crate) readers: Arc<Semaphore>,
}
