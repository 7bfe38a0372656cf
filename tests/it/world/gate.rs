//! A gate in front of something outside of the bot: whatever has an effect there is told before it is answered, so that
//! a kill can fall between the effect and the bot's commit of it.

use super::lives::{Effect, Lives};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::Response,
};
use std::{
    path::Path,
    sync::{Arc, Mutex},
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet};

/// Nothing in a story is larger.
const LARGEST: usize = 64 << 20;

/// What only looks, shows that work is going on, repeats itself at every start, or is a rehearsal. Asking Telegram for
/// updates is none of these: it acknowledges those before.
const WITHOUT_EFFECT: &[&str] =
    &["/GetMe", "/SendChatAction", "/SetMyCommands", "/typing", "/commands", "/selfsubjectaccessreviews", "dryRun=All"];

/// An open gate; it closes when it is dropped.
pub(crate) struct Gate {
    url: String,
    _serving: JoinSet<()>,
}

#[derive(Clone)]
struct Passage {
    upstream: kube::Client,
    lives: Lives,
    /// Requests are carried to their end, also when the bot that sent them is dead by then.
    carried: Arc<Mutex<JoinSet<()>>>,
}

impl Gate {
    /// Before a server without credentials of its own, such as a fake platform.
    pub(crate) async fn before(url: &str, lives: &Lives) -> Self {
        Self::open(kube::Config::new(url.parse().unwrap()), lives).await
    }

    /// Before an API server: the gate has the credentials, the bot needs none.
    pub(crate) async fn before_cluster(kubeconfig: &Path, lives: &Lives) -> Self {
        let file = kube::config::Kubeconfig::read_from(kubeconfig).unwrap();
        let context = kube::config::KubeConfigOptions::default();
        Self::open(kube::Config::from_custom_kubeconfig(file, &context).await.unwrap(), lives).await
    }

    async fn open(mut config: kube::Config, lives: &Lives) -> Self {
        roundsman::cluster::init_tls();
        config.default_retry = false;
        let upstream = kube::Client::try_from(config).unwrap();
        let passage = Passage { upstream, lives: lives.clone(), carried: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut serving = JoinSet::new();
        serving.spawn(
            async move { axum::serve(listener, Router::new().fallback(pass).with_state(passage)).await.unwrap() },
        );
        Self { url, _serving: serving }
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// A kubeconfig by which the cluster behind it is reached.
    pub(crate) fn kubeconfig(&self) -> String {
        let url = &self.url;
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: gate\n\
             clusters: [{{ name: gate, cluster: {{ server: \"{url}\" }} }}]\n\
             users: [{{ name: gate, user: {{}} }}]\n\
             contexts: [{{ name: gate, context: {{ cluster: gate, user: gate }} }}]\n"
        )
    }
}

async fn pass(State(passage): State<Passage>, request: Request) -> Response {
    let life = passage.lives.number();
    let (answer, answered) = oneshot::channel();
    let carry = {
        let passage = passage.clone();
        async move {
            // The bot that asked may be dead by now.
            drop(answer.send(carry(passage, request, life).await));
        }
    };
    passage.carried.lock().unwrap().spawn(carry);
    answered.await.unwrap()
}

async fn carry(passage: Passage, request: Request, life: u32) -> Response {
    let (mut head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else { return refused() };
    without_hop(&mut head.headers);
    let line = format!("{} {}", head.method, head.uri);
    let looks = head.method == Method::GET || WITHOUT_EFFECT.iter().any(|quiet| line.contains(quiet));
    let sent = passage.upstream.send(Request::from_parts(head, body.to_vec().into())).await;
    let Ok(answer) = sent else { return refused() };
    let (mut head, answer) = answer.into_parts();
    let Ok(answer) = to_bytes(Body::new(answer), LARGEST).await else { return refused() };
    if head.status.is_success() && !looks {
        let effect = Effect { line, body: String::from_utf8_lossy(&body).into_owned() };
        let lives = passage.lives;
        tokio::task::spawn_blocking(move || lives.done(life, effect)).await.unwrap();
    }
    without_hop(&mut head.headers);
    Response::from_parts(head, answer.into())
}

/// Headers of one connection, which is not the other one.
fn without_hop(headers: &mut HeaderMap) {
    for name in [header::HOST, header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
        headers.remove(name);
    }
}

fn refused() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}
