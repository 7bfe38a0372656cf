//! The plan of a repair: computed here from what the cluster says, rehearsed by the server, and shown before anybody
//! decides. Nothing is stored and nothing is changed.

use super::{
    action::{Action, ActionKind, Kind, Relative, Target, fingerprint},
    carry::replicas,
    diff, pods,
    policy::{self, Policy, Refusal},
    proposal::{Proposal, Requester, Risk},
    request::Request,
    revisions::{self, controller, label, number, template_of, text},
    settle,
    state::State,
    surroundings,
};
use crate::{
    clock::Clock,
    cluster::{Cluster, Denied, NotSeen},
    finding::{ActionHint, Effect, Fingerprint},
    ids,
    texts::{self, repair::plan},
};
use chrono::TimeDelta;
use contract::ChannelRef;
use serde_json::Value;

/// The cluster gets so long to show an effect, and so much more for each pod, in seconds.
const VERIFY_BASE: i64 = 180;
const VERIFY_PER_POD: i64 = 30;
const VERIFY_LONGEST: i64 = 1800;

/// What somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub hint: ActionHint,
    /// Where the proposal will be shown and decided.
    pub channel: ChannelRef,
    pub requester: Requester,
    /// Why this one of several remedies.
    pub reason: Option<String>,
    /// What it is meant to cure.
    pub finding: Option<Fingerprint>,
}

/// What the object's kind contributes to a plan.
struct Draft {
    action: Action,
    /// The earlier template of an undo.
    template: Option<Value>,
    reason: Option<String>,
    warnings: Vec<String>,
    risk: Risk,
    inverse: Option<ActionHint>,
    pods: i64,
}

/// Plans a repair and rehearses it.
///
/// # Errors
/// When it is not allowed, not possible, or the server would not do it.
pub async fn propose(cluster: &Cluster, policy: &Policy, ask: Ask, clock: &Clock) -> Result<Proposal, Refusal> {
    let (kind, wanted) = match &ask.hint {
        ActionHint::RestartRollout { target } => (ActionKind::RestartRollout, target),
        ActionHint::UndoRollout { target, .. } => (ActionKind::UndoRollout, target),
        ActionHint::Scale { target, .. } => (ActionKind::Scale, target),
        ActionHint::DeletePod { target } => (ActionKind::DeletePod, target),
    };
    let unknown = || Refusal::NoSuchTarget { target: wanted.to_string(), cluster: cluster.name().to_owned() };
    let object_kind = policy::fits(kind, &wanted.kind)?;
    let namespace = wanted.namespace.as_deref().ok_or_else(unknown)?;
    // Both go into a path: only what can be a name may get there.
    if !is_name(namespace) || !is_name(&wanted.name) {
        return Err(unknown());
    }
    policy.allows(kind, cluster.name(), namespace)?;
    if !cluster.may_write() {
        return Err(Refusal::NoWriter { cluster: cluster.name().to_owned() });
    }
    let path = format!("{}/{}", object_kind.path(namespace), wanted.name);
    let live = match cluster.peek(&path).await {
        Ok(peek) => peek.value,
        Err(NotSeen::NotFound) => return Err(unknown()),
        Err(NotSeen::Unable(said)) => return Err(unreachable(cluster, said)),
    };
    policy.spares(&wanted.to_string(), |name| label(&live, name))?;
    let target = Target {
        cluster: cluster.name().to_owned(),
        namespace: namespace.to_owned(),
        kind: object_kind,
        name: wanted.name.clone(),
        uid: text(&live, "/metadata/uid").to_owned(),
        generation: live.pointer("/metadata/generation").and_then(Value::as_i64),
    };
    if live.pointer("/metadata/deletionTimestamp").is_some() {
        return Err(Refusal::NothingToDo { why: plan::going_away(&target.to_string()) });
    }
    let mut draft = match &ask.hint {
        ActionHint::RestartRollout { .. } => restart(target, &live)?,
        ActionHint::UndoRollout { to_revision, .. } => undo(cluster, target, &live, *to_revision).await?,
        ActionHint::Scale { replicas, .. } => scale(cluster, target, &live, *replicas).await?,
        ActionHint::DeletePod { .. } => delete_pod(cluster, target, &live).await?,
    };
    policy.permits(&draft.action)?;
    draft.warnings.extend(surroundings::managers(&live).iter().map(|by| plan::managed(by)));
    let now = clock.now();
    let request = Request::of(&draft.action, &live, draft.template.as_ref(), "rehearsal", now);
    let rehearsed = rehearse(cluster, draft.action.target(), &request).await?;
    let diff = match &draft.action {
        Action::DeletePod { target, owner } => plan::deleted(&target.name, &format!("{} {}", owner.kind, owner.name)),
        Action::RestartRollout { .. } | Action::UndoRollout { .. } | Action::Scale { .. } => {
            diff::unified(&live, &rehearsed)
        }
    };
    let reason = match (ask.reason, draft.reason) {
        (Some(given), Some(planned)) => Some(format!("{} {planned}", given.trim_end())),
        (given, planned) => given.or(planned),
    };
    let longest_run = match &draft.action {
        Action::DeletePod { .. } => settle::longest_run(std::slice::from_ref(&live), now),
        Action::RestartRollout { target, .. } | Action::UndoRollout { target, .. } | Action::Scale { target, .. } => {
            match pods::pods(cluster, target, &live).await {
                Ok(pods) => settle::longest_run(&pods.all, pods.server_time.unwrap_or(now)),
                Err(_) => {
                    draft.warnings.push(plan::unseen("pods"));
                    None
                }
            }
        }
    };
    let grace = number(&live, "/spec/template/spec/terminationGracePeriodSeconds")
        .max(number(&live, "/spec/terminationGracePeriodSeconds"))
        + number(&live, "/spec/minReadySeconds");
    let settle = settle::settle(longest_run).num_seconds();
    let verify_within = (VERIFY_BASE + grace + settle + VERIFY_PER_POD * draft.pods).clamp(VERIFY_BASE, VERIFY_LONGEST);
    let expires_after = TimeDelta::from_std(policy.expires_after).unwrap_or(TimeDelta::minutes(15));
    Ok(Proposal {
        id: ids::short("r"),
        cluster: cluster.name().to_owned(),
        digest: draft.action.digest(),
        title: texts::repair::title(&draft.action),
        action: draft.action,
        reason,
        requester: ask.requester,
        channel: ask.channel,
        diff,
        warnings: draft.warnings,
        risk: draft.risk,
        inverse: draft.inverse,
        finding: ask.finding,
        trouble: Vec::new(),
        effect: Effect::Cures,
        longest_run: longest_run.map(|run| u32::try_from(run.num_seconds()).unwrap_or(u32::MAX)),
        created_at: now,
        expires_at: now + expires_after,
        verify_within: u32::try_from(verify_within).unwrap_or_default(),
        state: State::Proposed,
        card: None,
        progress: None,
    })
}

fn restart(target: Target, live: &Value) -> Result<Draft, Refusal> {
    replaces_pods(&target, live)?;
    let recreates = recreates(live);
    Ok(Draft {
        template: None,
        reason: None,
        warnings: if recreates { vec![plan::RECREATE.to_owned()] } else { Vec::new() },
        risk: if recreates || target.kind != Kind::Deployment { Risk::Medium } else { Risk::Low },
        inverse: None,
        pods: count(target.kind, live),
        action: Action::RestartRollout { target, template: template_of(live) },
    })
}

async fn undo(cluster: &Cluster, target: Target, live: &Value, asked: Option<i64>) -> Result<Draft, Refusal> {
    replaces_pods(&target, live)?;
    let list = match cluster.peek(&revisions_path(target.kind, &target.namespace, live)).await {
        Ok(peek) => peek.value,
        Err(NotSeen::NotFound) => Value::Null,
        Err(NotSeen::Unable(said)) => return Err(unreachable(cluster, said)),
    };
    let known = revisions::known(target.kind, live, &list);
    let none = || Refusal::NoEarlierRevision { target: target.to_string() };
    let current = revisions::current(live, &known).ok_or_else(none)?;
    // kubectl's 0 is "the one before".
    let (revision, reason) = match asked.filter(|asked| *asked != 0) {
        None => revisions::best(live, &known, current).ok_or_else(none)?,
        Some(asked) if asked == current => {
            return Err(Refusal::NothingToDo { why: plan::already_current(current) });
        }
        Some(asked) => {
            let found = known.iter().find(|revision| revision.number == asked);
            let others = known.iter().map(|revision| revision.number).filter(|number| *number != current);
            let revision = found.ok_or_else(|| Refusal::NoSuchRevision {
                target: target.to_string(),
                asked,
                known: others.collect(),
            })?;
            (revision, None)
        }
    };
    let (template, earlier) = (template_of(live), fingerprint(&revision.template));
    if template == earlier {
        return Err(Refusal::NothingToDo { why: plan::same_template(revision.number) });
    }
    Ok(Draft {
        template: Some(revision.template.clone()),
        reason,
        warnings: if recreates(live) { vec![plan::RECREATE.to_owned()] } else { Vec::new() },
        risk: Risk::Medium,
        inverse: Some(ActionHint::UndoRollout { target: target.found(), to_revision: Some(current) }),
        pods: count(target.kind, live),
        action: Action::UndoRollout {
            target,
            template,
            from_revision: current,
            to_revision: revision.number,
            keeper: revision.keeper.clone(),
            earlier,
        },
    })
}

async fn scale(cluster: &Cluster, target: Target, live: &Value, to: i32) -> Result<Draft, Refusal> {
    let from = i32::try_from(replicas(live)).unwrap_or(i32::MAX);
    if to < 0 {
        return Err(Refusal::NothingToDo { why: plan::NEGATIVE.to_owned() });
    }
    if to == from {
        return Err(Refusal::NothingToDo { why: plan::already(to) });
    }
    let mut warnings = surroundings::autoscalers(cluster, &target).await;
    if to == 0 {
        warnings.push(plan::TO_ZERO.to_owned());
    }
    Ok(Draft {
        template: None,
        reason: None,
        warnings,
        risk: match to {
            0 => Risk::High,
            to if to < from => Risk::Medium,
            _ => Risk::Low,
        },
        inverse: Some(ActionHint::Scale { target: target.found(), replicas: from }),
        pods: i64::from(to.max(from)),
        action: Action::Scale { target, from, to },
    })
}

async fn delete_pod(cluster: &Cluster, target: Target, live: &Value) -> Result<Draft, Refusal> {
    // A static pod's owner is its node, which would not make another one.
    let owner: Relative = controller(live)
        .filter(|owner| owner.kind != "Node")
        .ok_or_else(|| Refusal::BarePod { target: target.to_string() })?;
    let mut warnings = surroundings::disruption_budgets(cluster, &target.namespace, live).await;
    let last = surroundings::is_last_ready(cluster, &target.namespace, &owner, live).await;
    if last {
        warnings.push(plan::last_ready(&format!("{} {}", owner.kind, owner.name)));
    }
    Ok(Draft {
        template: None,
        reason: None,
        warnings,
        risk: if last { Risk::High } else { Risk::Low },
        inverse: None,
        pods: 1,
        action: Action::DeletePod { target, owner },
    })
}

/// Whether a new template would reach the pods at all.
fn replaces_pods(target: &Target, live: &Value) -> Result<(), Refusal> {
    if live.pointer("/spec/paused").and_then(Value::as_bool) == Some(true) {
        return Err(Refusal::Paused { target: target.to_string() });
    }
    if text(live, "/spec/updateStrategy/type") == "OnDelete" {
        return Err(Refusal::OnDelete { target: target.to_string() });
    }
    Ok(())
}

fn recreates(live: &Value) -> bool {
    text(live, "/spec/strategy/type") == "Recreate"
}

fn count(kind: Kind, live: &Value) -> i64 {
    match kind {
        Kind::DaemonSet => number(live, "/status/desiredNumberScheduled"),
        Kind::Deployment | Kind::StatefulSet => replicas(live),
        Kind::Pod => 1,
    }
}

/// First by the access review, which names the missing right, then the change itself.
async fn rehearse(cluster: &Cluster, target: &Target, request: &Request) -> Result<Value, Refusal> {
    let what = || format!("{} {} in namespace {}", request.verb.name(), target.kind.plural(), target.namespace);
    let forbidden = |said| Refusal::Forbidden { cluster: cluster.name().to_owned(), what: what(), said };
    match cluster.may(request.verb.name(), target).await {
        Ok(Ok(())) => {}
        Ok(Err(said)) => return Err(forbidden(said)),
        Err(denied) => return Err(unreachable(cluster, denied.to_string())),
    }
    cluster.rehearse(request).await.map_err(|denied| match denied {
        Denied::NoWriter => Refusal::NoWriter { cluster: cluster.name().to_owned() },
        Denied::NotFound => Refusal::NoSuchTarget { target: target.to_string(), cluster: cluster.name().to_owned() },
        Denied::Forbidden(said) => forbidden(said),
        Denied::Conflict(said) => Refusal::TargetChanged { what: plan::conflict(&said) },
        Denied::Invalid(said) => Refusal::Invalid { said },
        Denied::NotSent(said) | Denied::Unclear(said) => unreachable(cluster, said),
    })
}

fn unreachable(cluster: &Cluster, said: String) -> Refusal {
    Refusal::Unreachable { cluster: cluster.name().to_owned(), said }
}

/// The list that keeps the earlier templates of a workload.
pub(super) fn revisions_path(kind: Kind, namespace: &str, live: &Value) -> String {
    let resource = kind.revisions().unwrap_or("controllerrevisions");
    format!("/apis/apps/v1/namespaces/{namespace}/{resource}{}", surroundings::selected_by(live))
}

/// RFC 1123: what names of namespaces and workloads are made of.
fn is_name(text: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    !text.is_empty()
        && text.len() <= 253
        && text.bytes().all(fine)
        && !text.starts_with(['.', '-'])
        && !text.ends_with(['.', '-'])
        && !text.contains("..")
}
