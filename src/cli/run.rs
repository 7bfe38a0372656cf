//! `roundsman run`: the bot for real.

use super::{ConsoleOrder, ConsoleRoom, Platforms};
use crate::{
    agent::{Agent, model},
    app::{self, Parts, Running},
    clock::Clock,
    cluster::{Cluster, ClusterConfig},
    config::{ClusterSettings, Config, Endpoint, environment},
    redact,
    store::{Options, Store},
};
use anyhow::Context;
use contract::{Adapter, Platform, UserId};
use std::{collections::BTreeSet, path::PathBuf, process::ExitCode, sync::Arc};

/// `roundsman run`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration file
    #[arg(long, default_value = "roundsman.toml")]
    pub config: PathBuf,
}

/// Runs until SIGTERM or Ctrl-C, then drains.
///
/// # Errors
/// When the configuration is mistaken, the store is in use or damaged, an address is taken, or a part broke off. A platform or a
/// cluster that is down is no error.
pub async fn run(args: Args, platforms: Platforms) -> anyhow::Result<ExitCode> {
    let config = Config::load(&args.config, &environment)?;
    let parts = build(config, platforms, Clock::system(), Options::default()).await?;
    let running = app::start(parts).await?;
    if let Some(api) = running.api {
        tracing::info!(%api, "the API listens");
    }
    until_stopped(running).await
}

/// Lets a bot run until somebody ends it or a part of it breaks off, then drains it.
///
/// # Errors
/// When a part broke off.
pub(super) async fn until_stopped(mut running: Running) -> anyhow::Result<ExitCode> {
    let broken = tokio::select! {
        () = stopped() => None,
        broken = running.broken() => Some(broken),
    };
    tracing::info!("draining");
    running.drain().await;
    broken.map_or(Ok(ExitCode::SUCCESS), |broken| Err(broken.into()))
}

/// Resolves at SIGTERM (a pod is stopped) or Ctrl-C.
pub(super) async fn stopped() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                tracing::warn!(%error, "SIGTERM cannot be listened to");
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}

/// Builds the parts that a configuration asks for; the clock and the store's options are the caller's.
///
/// # Errors
/// When the store is in use or damaged, or an address is taken.
pub async fn build(config: Config, platforms: Platforms, clock: Clock, options: Options) -> anyhow::Result<Parts> {
    let dir = super::dump::folder(&config.data_dir);
    let open = move || Store::open(&dir, options);
    let store = tokio::task::spawn_blocking(open).await.context("opening the store")??;
    let clusters = futures::future::join_all(config.clusters.iter().map(connect)).await;
    let mut adapters: Vec<Arc<dyn Adapter>> = Vec::new();
    if let Some(telegram) = &config.telegram {
        adapters.push((platforms.telegram)(telegram).context("telegram")?);
    }
    if let Some(discord) = &config.discord {
        adapters.push((platforms.discord)(discord).context("discord")?);
    }
    if let Some(console) = &config.console {
        let opened = (platforms.console)(ConsoleOrder {
            listen: console.listen,
            public_url: console.public_url.clone(),
            rooms: rooms(&config.access),
            users: Some(console.users.clone()),
            log: Some(config.data_dir.join("console.jsonl")),
            clean: redact::text,
        })
        .context("console")?;
        tracing::info!(url = opened.url, "the console listens");
        adapters.push(opened.adapter);
    }
    let model = config.model.map(|settings| model::Config {
        base_url: settings.base_url,
        name: settings.name,
        api_key: settings.api_key,
        max_steps: settings.max_steps,
        timeout: settings.timeout,
        max_tokens: settings.max_tokens,
    });
    let agent = Agent::new(model, config.prompts)?;
    let alert_labels = config
        .clusters
        .iter()
        .filter_map(|cluster| Some((cluster.name.clone(), cluster.alert_label.clone()?)))
        .collect();
    Ok(Parts {
        store,
        clock,
        clusters,
        alert_labels,
        adapters,
        access: config.access,
        policy: config.repair,
        standing: config.standing,
        retention: config.retention,
        agent,
        time_zone: config.time_zone,
        api: config.api,
    })
}

/// The console's rooms: the listed channels of its platform, for the people who are listed in each.
fn rooms(access: &crate::channel::Access) -> Vec<ConsoleRoom> {
    let logins = |ids: BTreeSet<&UserId>| ids.into_iter().map(|id| id.as_str().to_owned()).collect();
    access
        .channels
        .iter()
        .filter(|((platform, _), _)| *platform == Platform::Console)
        .map(|((platform, id), grant)| ConsoleRoom {
            id: id.clone(),
            title: grant.name.clone(),
            readers: access.readers(*platform, grant).map(logins),
        })
        .collect()
}

/// A cluster that cannot be connected to now is tried again by every request to it.
async fn connect(settings: &ClusterSettings) -> Arc<Cluster> {
    let config = ClusterConfig {
        name: settings.name.clone(),
        reader: settings.reader.access(),
        writer: settings.writer.as_ref().map(Endpoint::access),
        secrets: settings.secrets,
        sources: settings.sources.clone(),
        deadline: settings.deadline,
    };
    Arc::new(match Cluster::connect(config.clone()).await {
        Ok(cluster) => cluster,
        Err(unreachable) => {
            tracing::warn!(cluster = settings.name, %unreachable, "not connected");
            Cluster::connect_later(config)
        }
    })
}
