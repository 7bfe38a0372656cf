//! `roundsman demo`: an embedded cluster in trouble, its report in the terminal, and the web chat to go on with.

use super::{ConsoleOrder, ConsoleRoom, Opened, Platforms, output::Output, run::until_stopped};
use crate::{
    agent::{Agent, Prompts},
    app::{self, Parts, Running},
    channel::{Access, ChannelGrant, People},
    clock::Clock,
    cluster::Cluster,
    demo::{Demo, Identity, Story, StoryError},
    finding::Severity,
    ids,
    inbox::Inbox,
    inspection::{
        self, History, Order,
        archive::{self, Asked, Listener, Retention, Scope},
        attention::StandingOrders,
    },
    redact,
    repair::{ActionKind, Policy, Rule},
    store::{Commit, Options, Store},
};
use anyhow::Context;
use contract::{ChannelRef, Platform, UserId};
use std::{
    collections::BTreeSet,
    io::Write,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

/// The embedded cluster's name.
const CLUSTER: &str = "demo";
/// The console's only room, and the only person in it.
const ROOM: &str = "rounds";
const OWNER: &str = "owner";

/// `roundsman demo`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print the report and exit
    #[arg(long)]
    pub once: bool,
    #[command(flatten)]
    pub output: Output,
    /// Port of the web chat on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 8090)]
    pub port: u16,
    /// Keep what happens here, instead of in a temporary folder that is removed at the end
    #[arg(long)]
    pub data_dir: Option<PathBuf>,
}

/// Inspects the embedded cluster, prints the report, and serves the web chat until Ctrl-C.
///
/// # Errors
/// When the port is taken or the folder cannot be written.
pub async fn run(args: Args, platforms: Platforms, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let clock = Clock::system();
    let cluster = cluster(&embedded(&clock)?);
    let inspected = inspection::run(&cluster, &Order::default(), &History::default(), clock.now()).await?;
    args.output.write(&inspected.report, Severity::High, out)?;
    if args.once {
        return Ok(ExitCode::SUCCESS);
    }
    let scratch = args.data_dir.is_none();
    let dir = args.data_dir.unwrap_or_else(|| std::env::temp_dir().join(format!("roundsman-demo-{}", ids::random())));
    let started = start(&dir, args.port, clock, cluster, platforms).await;
    let ended = match started {
        Ok((running, console)) => {
            greet(out, &console, scratch)?;
            until_stopped(running).await
        }
        Err(error) => Err(error),
    };
    if scratch {
        std::fs::remove_dir_all(&dir).with_context(|| format!("removing {}", dir.display()))?;
    }
    ended
}

fn greet(out: &mut impl Write, console: &Opened, scratch: bool) -> anyhow::Result<()> {
    let link = console.link.as_ref().unwrap_or(&console.url);
    writeln!(out, "\nThe same report waits in the web chat. Open this link, it signs you in once:\n\n    {link}\n")?;
    writeln!(out, "There, subscribe to a daily report, ask \"why is checkout failing?\", press Fix… and Approve.")?;
    let after = if scratch { "nothing of it stays" } else { "what happened is kept in the folder" };
    writeln!(out, "Ctrl-C ends it; {after}.")?;
    Ok(out.flush()?)
}

/// The embedded cluster with all of its stories.
///
/// # Errors
/// When a story file is wrong, which a test excludes.
pub fn embedded(clock: &Clock) -> Result<Demo, StoryError> {
    let time = clock.clone();
    Demo::start(move || time.now(), &Story::ALL)
}

/// The embedded cluster as the bot knows it.
pub fn cluster(demo: &Demo) -> Arc<Cluster> {
    let cluster = Cluster::from_client(CLUSTER, demo.client(Identity::Reader)).with_secrets();
    Arc::new(cluster.with_writer(demo.client(Identity::Writer)))
}

/// Starts the bot over the embedded cluster, with a web chat in which the first report waits.
///
/// # Errors
/// When the port is taken or the folder cannot be written.
pub async fn start(
    dir: &Path,
    port: u16,
    clock: Clock,
    cluster: Arc<Cluster>,
    platforms: Platforms,
) -> anyhow::Result<(Running, Opened)> {
    std::fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
    let console = (platforms.console)(ConsoleOrder {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        public_url: None,
        rooms: vec![ConsoleRoom {
            id: ROOM.to_owned(),
            title: "Rounds".to_owned(),
            readers: Some([OWNER.to_owned()].into()),
        }],
        users: None,
        log: Some(dir.join("console.jsonl")),
        clean: redact::text,
    })
    .with_context(|| format!("opening the web chat on port {port}; --port 0 takes a free one"))?;
    let store_dir = super::dump::folder(dir);
    let open = move || Store::open(&store_dir, Options::default());
    let store = tokio::task::spawn_blocking(open).await.context("opening the store")??;
    first_report(&store, &clock).await?;
    let running = app::start(Parts {
        store,
        clock,
        clusters: vec![cluster],
        alert_labels: [].into(),
        adapters: vec![Arc::clone(&console.adapter)],
        access: access(),
        policy: policy(),
        standing: StandingOrders::default(),
        retention: Retention::default(),
        agent: Agent::new(None, Prompts::load(None)?)?,
        time_zone: None,
        api: None,
    })
    .await?;
    Ok((running, console))
}

/// The report that stands in the chat when somebody opens it.
async fn first_report(store: &Store, clock: &Clock) -> anyhow::Result<()> {
    let inbox = Inbox::open(store.clone(), clock.clone())?;
    let mut commit = Commit::new();
    let listener = Listener::Post { channel: ChannelRef::new(Platform::Console, ROOM), after_repair: None };
    let scope = Scope::daily(CLUSTER);
    match archive::ask(store, &mut commit, scope, vec![listener], clock.now())? {
        Asked::Opened => inbox.add_inspection(&mut commit, scope),
        Asked::Joined | Asked::Full => {}
    }
    Ok(store.commit(commit).await?)
}

fn access() -> Access {
    let grant = ChannelGrant {
        name: ROOM.to_owned(),
        clusters: vec![CLUSTER.to_owned()],
        people: People::Listed([OWNER.to_owned()].into()),
        may_mute: [OWNER.to_owned()].into(),
    };
    Access {
        channels: [((Platform::Console, ROOM.to_owned()), grant)].into(),
        people: [((Platform::Console, UserId::from(OWNER)), OWNER.to_owned())].into(),
    }
}

/// Everything is allowed in the demo, to its only person, who also may approve what they asked for.
fn policy() -> Policy {
    Policy {
        enabled: true,
        allow_self_approval: true,
        expires_after: Duration::from_secs(15 * 60),
        rules: vec![Rule {
            clusters: vec!["*".to_owned()],
            namespaces: vec!["*".to_owned()],
            except_namespaces: vec!["kube-system".to_owned()],
            actions: BTreeSet::from(ActionKind::ALL),
            approvers: BTreeSet::from([OWNER.to_owned()]),
            max_replica_change: 10,
        }],
        protected_labels: Vec::new(),
    }
}
