//! The commands that look at a cluster and answer by themselves: why, describe, logs, events.

use super::{
    Failure,
    commands::Order,
    inspecting,
    numbered::{self, Found},
};
use crate::{cluster::Cluster, inspection, store::Commit, texts};
use contract::{Block, Body};
use std::sync::Arc;

/// Log lines when none are asked for, and at most.
const TAIL: (i64, i64) = (50, 500);

/// `/why KIND/NAME`, or a finding's number: the cause chain, with a button for the remedy that cures the cause.
pub(super) async fn why(order: &Order<'_>) -> Result<(), Failure> {
    let found = match order.finding()?.transpose() {
        Ok(found) => found,
        Err(body) => return order.say(body).await,
    };
    let target = found.as_ref().map(|found| &found.finding.target);
    let (kind, name) = target.map_or_else(|| order.object(), |target| (target.kind.as_str(), target.name.as_str()));
    let namespace = target.map_or_else(|| order.namespace(), |target| target.namespace.as_deref());
    let cluster = found.as_ref().map(|found| found.report.cluster.as_str()).or(order.invocation.get("cluster"));
    let cluster = match order.desk.cluster(order.grant.channel, cluster) {
        Ok(cluster) => cluster,
        Err(body) => return order.say(body).await,
    };
    let looking =
        Box::pin(inspection::why(&cluster, (kind, namespace, name), &order.desk.standing, order.desk.clock.now()));
    match order.desk.while_working(&order.inbound.channel, looking).await {
        Err(problem) => order.say(texts::report::not_inspected(cluster.name(), &problem.to_string(), None)).await,
        Ok(explained) => {
            let mut commit = Commit::new();
            let mut body = texts::why::chain(&explained.chain);
            if let Some(root) = &explained.root {
                let channel = &order.inbound.channel;
                let fix = inspecting::fix_button(order.desk, &mut commit, channel, cluster.name(), root, None);
                body.blocks.extend(fix.map(|button| Block::Buttons(vec![button])));
            }
            order.desk.answer(&mut commit, order.taken, order.inbound, body, "why");
            order.taken.done(&mut commit);
            Ok(order.desk.store.commit(commit).await?)
        }
    }
}

/// `/describe KIND/NAME`.
pub(super) async fn describe(order: &Order<'_>) -> Result<(), Failure> {
    let (kind, name) = order.object();
    order
        .look(async |cluster| {
            let described = cluster.describe(kind, order.namespace(), name, order.desk.clock.now()).await;
            described.map(|object| texts::look::described(&object)).map_err(|error| error.to_string())
        })
        .await
}

/// `/logs POD` or `/logs KIND/NAME`.
pub(super) async fn logs(order: &Order<'_>) -> Result<(), Failure> {
    let object = order.invocation.get("object").unwrap_or_default();
    let (kind, name) = object.split_once('/').unwrap_or(("pod", object));
    let tail = match order.invocation.get("tail").map(str::parse::<i64>) {
        None => TAIL.0,
        Some(Ok(lines)) => lines.clamp(1, TAIL.1),
        Some(Err(_)) => return order.say(texts::chat::mistake("--tail needs a number of lines")).await,
    };
    order
        .look(async |cluster| {
            let wanted = crate::cluster::LogRequest {
                kind,
                name,
                namespace: order.namespace(),
                container: order.invocation.get("container"),
                previous: order.invocation.is_on("previous"),
                tail_lines: tail,
            };
            let read = cluster.logs_of(&wanted).await;
            read.map(|log| texts::look::log(&log)).map_err(|error| error.to_string())
        })
        .await
}

/// `/events [KIND/NAME]`.
pub(super) async fn events(order: &Order<'_>) -> Result<(), Failure> {
    let object = order.invocation.get("object").map(|object| object.split_once('/').unwrap_or(("pod", object)));
    order
        .look(async |cluster| {
            let read = cluster.recent_events(object, order.namespace(), order.desk.clock.now()).await;
            read.map(|events| texts::look::events(&events)).map_err(|error| error.to_string())
        })
        .await
}

impl<'a> Order<'a> {
    fn object(&self) -> (&'a str, &'a str) {
        let object = self.invocation.get("object").unwrap_or_default();
        object.split_once('/').unwrap_or(("pod", object))
    }

    /// The finding that is meant, where a number stands in the object's place.
    fn finding(&self) -> Result<Option<Result<Found, Body>>, Failure> {
        let Self { desk, inbound, grant, invocation, .. } = *self;
        let number = invocation.get("object").filter(|object| object.parse::<usize>().is_ok());
        number.map(|number| numbered::found(desk, inbound, grant, number, invocation.get("cluster"))).transpose()
    }

    fn namespace(&self) -> Option<&'a str> {
        self.invocation.get("namespace")
    }

    /// Looks at the cluster that is meant, while the channel sees that work is going on, and answers.
    async fn look(&self, look: impl AsyncFnOnce(Arc<Cluster>) -> Result<Body, String>) -> Result<(), Failure> {
        let cluster = match self.desk.cluster(self.grant.channel, self.invocation.get("cluster")) {
            Ok(cluster) => cluster,
            Err(body) => return self.say(body).await,
        };
        let name = cluster.name().to_owned();
        let looked = self.desk.while_working(&self.inbound.channel, look(cluster)).await;
        self.say(looked.unwrap_or_else(|problem| texts::look::failed(&name, &problem))).await
    }
}
