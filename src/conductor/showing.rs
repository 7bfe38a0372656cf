//! What is kept of earlier inspections, shown in other ways: findings, the score explained, the days as a picture, the
//! report as a file. No cluster is read.

use super::{Desk, Failure, commands::Order};
use crate::{
    channel::button::ReportKey,
    forms::{Form, View, chart},
    inspection::{
        Trend,
        archive::{self, SHOWN, Scope},
        attention::Silence,
    },
    outbox::Subject,
    report::Report,
    store::Commit,
    texts,
};
use anyhow::Context;
use chrono::TimeDelta;
use contract::Body;

/// Days of a trend when none are asked for, and at most.
const DAYS: (i64, i64) = (14, 90);

/// `/findings`: the last report again, the daily one where no other is asked for.
pub(super) async fn findings(order: &Order<'_>) -> Result<(), Failure> {
    last_report(order, "findings", |report| whole(order.desk, report)).await
}

/// `/score`: why the score of the last report is what it is.
pub(super) async fn score(order: &Order<'_>) -> Result<(), Failure> {
    last_report(order, "score", |report| Ok(texts::score::chat(report))).await
}

/// `/trend`: the last days.
pub(super) async fn trend(order: &Order<'_>) -> Result<(), Failure> {
    let cluster = match order.desk.cluster(order.grant.channel, order.invocation.get("cluster")) {
        Ok(cluster) => cluster,
        Err(body) => return order.say(body).await,
    };
    let days = match order.invocation.get("days").map(str::parse::<i64>) {
        None => DAYS.0,
        Some(Ok(days)) => days.clamp(1, DAYS.1),
        Some(Err(_)) => return order.say(texts::chat::mistake("--days needs a number of days")).await,
    };
    match order.set() {
        Ok(set) => order.say(picture(order.desk, Scope::daily(cluster.name()).with(set), days)?).await,
        Err(body) => order.say(body).await,
    }
}

/// The days of a cluster up to its last report, for a button.
pub(super) fn days(desk: &Desk, key: &ReportKey) -> Result<Body, Failure> {
    picture(desk, Scope::from(key), DAYS.0)
}

/// The whole report, with what was silenced since.
pub(super) fn whole(desk: &Desk, report: &Report) -> Result<Body, Failure> {
    let settings = desk.settings(&report.cluster, report.set)?;
    let now = desk.clock.now();
    let silences: Vec<Silence> = settings.silences.into_iter().filter(|silence| silence.holds(now)).collect();
    Ok(texts::report::whole(report, &silences))
}

/// The report as a file that a browser shows.
pub(super) fn file(desk: &Desk, key: &ReportKey, report: &Report) -> Result<Body, Failure> {
    let trend = last_days(archive::trend(&desk.store, Scope::from(key))?, DAYS.0);
    let view = View { trend: Some(trend), ..View::default() };
    let form = Form::Html;
    let page = form.write(report, &view).context("writing the report as a file")?;
    Ok(texts::report::file(report, form, page.into_bytes()))
}

fn picture(desk: &Desk, scope: Scope<'_>, days: i64) -> Result<Body, Failure> {
    let trend = last_days(archive::trend(&desk.store, scope)?, days);
    let Some(drawing) = chart::trend(&trend) else { return Ok(texts::report::none_yet(scope.cluster, scope.set)) };
    let png = chart::png(&drawing).context("painting the trend")?;
    Ok(texts::trend::chat(&trend, png))
}

/// So many days up to the last one that is known.
fn last_days(mut trend: Trend, days: i64) -> Trend {
    if let Some(last) = trend.days.last().map(|day| day.date) {
        trend.days.retain(|day| last - day.date < TimeDelta::days(days));
    }
    trend
}

async fn last_report(
    order: &Order<'_>,
    which: &str,
    say: impl Fn(&Report) -> Result<Body, Failure>,
) -> Result<(), Failure> {
    let cluster = match order.desk.cluster(order.grant.channel, order.invocation.get("cluster")) {
        Ok(cluster) => cluster,
        Err(body) => return order.say(body).await,
    };
    let scope = match order.set() {
        Ok(set) => Scope::daily(cluster.name()).with(set),
        Err(body) => return order.say(body).await,
    };
    let Some(report) = archive::latest(&order.desk.store, scope)?.map(|stored| stored.report) else {
        return order.say(texts::report::none_yet(scope.cluster, scope.set)).await;
    };
    let key = scope.at(report.taken_at);
    let mut commit = Commit::new();
    let subject = Subject::Report { key: key.clone() };
    order.desk.answer_about(&mut commit, order.taken, order.inbound, say(&report)?, which, subject);
    commit.put(&SHOWN, (order.inbound.channel.to_string(), cluster.name()), &key);
    order.taken.done(&mut commit);
    Ok(order.desk.store.commit(commit).await?)
}
