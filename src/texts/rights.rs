//! What the printed roles say about themselves: for whom reads them before granting them.

use crate::repair::ActionKind;
use crate::rights::{Part, Subject};
use std::collections::BTreeSet;

/// What has no check and can be looked at from a chat.
pub const LOOKED_AT: &str = "/describe: what findings refer to and no check reads.";
/// Earlier templates.
pub const REVISIONS: &str = "The revisions that an undo could go back to.";

/// What the lists of a subject are read for.
pub fn why(subject: Subject) -> &'static str {
    match subject {
        Subject::Pods => "Whether pods run, restart, are ready, and where; the start of every cause chain.",
        Subject::Events => {
            "/events, and the reasons that only an event tells: failed scheduling, mounts, pulls, quota."
        }
        Subject::Nodes => {
            "Node findings, and which pods a bad node explains. Leases: when a kubelet was last heard of."
        }
        Subject::Namespaces => "Which namespaces there are, which are stuck in deletion, and their labels.",
        Subject::Workloads => {
            "Replicas that are missing, rollouts that are stuck, jobs that failed; owners of pods; revisions of Deployments."
        }
        Subject::Limits => {
            "What limits a workload: its autoscaler, its disruption budget, quotas and limits of its namespace."
        }
        Subject::Network => {
            "The way to a pod: Services without endpoints, wrong selectors and ports, Ingresses without a backend."
        }
        Subject::Gateways => "The same through the Gateway API, where it is installed.",
        Subject::Addresses => "Whether addresses are left for new Services.",
        Subject::Storage => "Claims that stay pending, volumes that do not attach, and why.",
        Subject::References => {
            "References of pods that point nowhere: a missing ServiceAccount or ConfigMap. Of ConfigMaps an inspection keeps\n\
             names and keys, but Kubernetes cannot grant those alone: whoever may list them may read what is in them."
        }
        Subject::Cluster => {
            "Extensions that do not answer, webhooks that stop everything, requests for certificates that wait."
        }
        Subject::Rights => "Who may do more than is good.",
        Subject::Usage => "What pods and nodes use, where metrics-server tells.",
        Subject::Operators => "Operators, where they are installed; of their objects only the conditions are kept.",
        Subject::Logs => {
            "/logs, and the lines of a crashed container that a finding quotes. Known secrets are masked before anything is shown\n\
             or sent."
        }
        Subject::Autoscaler => "How the cluster autoscaler is.",
        Subject::Health => "How the API server is, its etcd, and which outdated APIs somebody still asks it for.",
        Subject::Custom => "Custom resources that the configuration names; of them only the conditions are kept.",
        Subject::Kubelets => "How full volumes and nodes are, as their kubelets measure it (/stats/summary).",
        Subject::Elsewhere => "Nothing of the API server's.",
        Subject::Secrets => "TLS certificates that expire, and references of pods and Ingresses to a missing Secret.",
    }
}

/// The repairs that need a rule.
pub fn repairs(actions: &BTreeSet<ActionKind>) -> &'static str {
    let has = |action| actions.contains(&action);
    let templates = has(ActionKind::RestartRollout) || has(ActionKind::UndoRollout);
    match (has(ActionKind::DeletePod), templates, has(ActionKind::Scale)) {
        (true, _, _) => "Delete pod, bound to its uid.",
        (false, true, false) => "Restart and undo rollout: the pod template.",
        (false, false, _) => "Scale: the number of replicas.",
        (false, true, true) => "Restart and undo rollout: the pod template. Scale: the number of replicas.",
    }
}

/// What is to be known about a part before it is granted.
pub fn about(part: Part) -> String {
    let (option, text) = match part {
        Part::Reader => (
            "reader",
            "What the bot's reading identity may see: enough to inspect a cluster, to follow causes, and to show logs and events.\n\
             No change of anything, and no Secrets.\n\
             \n\
             Rules can be left out: the report then says what it could not read, and leaves out the checks that need it.\n\
             Nothing has to be granted for the API server's version, its list of kinds, or for asking what one may do\n\
             (SelfSubjectAccessReview): every authenticated identity has those.",
        ),
        Part::Secrets => (
            "secrets",
            "Optional: lets the reading identity read Secrets, for certificates that expire and references to a Secret that is\n\
             not there.\n\
             \n\
             What it exposes: EVERY Secret of EVERY namespace, values included. Kubernetes cannot grant names or certificates\n\
             alone: whoever may list Secrets may read them. The bot shows and keeps only names, and of certificates the public\n\
             half; but who gets hold of this ServiceAccount's token gets everything. Without this the report says that Secrets\n\
             were not read. For some namespaces only: --only-in.",
        ),
        Part::Kubelet => (
            "kubelet",
            "Optional: lets the reading identity ask kubelets how full volumes and nodes are.\n\
             \n\
             What it exposes: GET on nodes/proxy reaches EVERY path of every kubelet, among them the logs of all containers and,\n\
             by a WebSocket, commands inside of them. The bot asks for /stats/summary and nothing else; but who gets hold of\n\
             this ServiceAccount's token gets everything. Without this the checks that need it are left out.",
        ),
        Part::Writer => (
            "writer",
            "Optional: the bot's writing identity, apart from the reading one. It is used for approved repairs only, and for\n\
             their dry run: to Kubernetes a dry run is the same right. What they touch is read by the reading identity.\n\
             \n\
             It may not create anything, reads nothing, and cannot change its own rights. A patch of a workload is a strong\n\
             right all the same: it can run any image with that workload's ServiceAccount and volumes. For some namespaces\n\
             only: --only-in.",
        ),
    };
    format!("{text}\n\nMade by `roundsman rbac --part {option}` from what the bot asks for.")
}
