//! Workloads with their pods: Deployments, StatefulSets, DaemonSets, Jobs.

use serde_json::{Value, json};

use crate::faults::{Fault, Trouble};
use crate::pod::{PodPlan, pod, template};
use crate::{Batch, Plan, core, group, uid};

/// A workload to be made.
#[derive(Debug, Clone)]
pub(crate) struct Workload<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) app: &'a str,
    pub(crate) replicas: usize,
    /// The number of its first pod.
    pub(crate) first: usize,
    pub(crate) trouble: Option<Trouble>,
}

impl Workload<'_> {
    /// A third of the pods suffer.
    fn broken(&self) -> usize {
        if self.trouble.is_some() { self.replicas.div_ceil(3) } else { 0 }
    }

    pub(crate) fn suffers(&self, pod: usize) -> Option<Trouble> {
        self.trouble.filter(|_| pod < self.broken())
    }

    fn available(&self) -> usize {
        if self.trouble.is_some_and(|trouble| !trouble.is_over()) {
            self.replicas - self.broken()
        } else {
            self.replicas
        }
    }

    fn note(&self, batch: &mut Batch, kind: &str) {
        if let Some(trouble) = self.trouble {
            let target = format!("{kind}/{}/{}", self.namespace, self.app);
            batch.faults.push(Fault { check: trouble.check(), target });
        }
    }
}

fn meta(kind: &str, namespace: &str, name: &str, app: &str, created: &str) -> Value {
    json!({"name": name, "namespace": namespace, "uid": uid(kind, namespace, name), "creationTimestamp": created, "generation": 1,
           "labels": {"app.kubernetes.io/name": app, "app.kubernetes.io/part-of": "shop"}})
}

fn selector(app: &str) -> Value {
    json!({"matchLabels": {"app.kubernetes.io/name": app}})
}

fn owner(kind: &str, api_version: &str, namespace: &str, name: &str) -> Value {
    json!([{"apiVersion": api_version, "kind": kind, "name": name, "uid": uid(kind, namespace, name), "controller": true, "blockOwnerDeletion": true}])
}

/// The names of the pods, in order.
pub(crate) fn deployment(plan: &Plan, each: &Workload<'_>, batch: &mut Batch) -> Vec<String> {
    let Workload { namespace, app, replicas, .. } = *each;
    let hash = crate::random::Random::new(crate::random::Random::new(4).mixed_with(&[namespace, app])).suffix(9);
    let created = plan.ago(20_000);
    let mut object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta("Deployment", namespace, app, app, &created)});
    object["metadata"]["annotations"] = json!({"deployment.kubernetes.io/revision": "3"});
    object["spec"] = json!({"replicas": replicas, "selector": selector(app), "template": template(app, "", None, "Always"),
        "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}});
    let available = each.available();
    let enough = available * 4 >= replicas * 3;
    let condition = |type_: &str, status: bool, reason: &str| {
        json!({"type": type_, "status": if status { "True" } else { "False" }, "reason": reason, "message": "see the pods",
               "lastUpdateTime": plan.ago(590), "lastTransitionTime": plan.ago(590)})
    };
    object["status"] = json!({"observedGeneration": 1, "replicas": replicas, "updatedReplicas": replicas, "readyReplicas": available,
    "availableReplicas": available, "unavailableReplicas": replicas - available, "conditions": [
        condition("Available", enough, if enough { "MinimumReplicasAvailable" } else { "MinimumReplicasUnavailable" }),
        condition("Progressing", true, "NewReplicaSetAvailable"),
    ]});
    batch.add(2, group("apps/v1", namespace, "deployments"), object);
    for (age, wanted) in [(0, replicas), (1, 0), (2, 0)] {
        let name = if age == 0 { format!("{app}-{hash}") } else { format!("{app}-old{age}{}", &hash[..5]) };
        let mut set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta("ReplicaSet", namespace, &name, app, &created)});
        set["metadata"]["ownerReferences"] = owner("Deployment", "apps/v1", namespace, app);
        set["metadata"]["annotations"] = json!({"deployment.kubernetes.io/revision": (3 - age).to_string()});
        let hash = name.rsplit('-').next().unwrap_or_default();
        set["metadata"]["labels"]["pod-template-hash"] = hash.into();
        let mut selector = selector(app);
        selector["matchLabels"]["pod-template-hash"] = hash.into();
        set["spec"] =
            json!({"replicas": wanted, "selector": selector, "template": template(app, hash, None, "Always")});
        let ready = if wanted == 0 { 0 } else { available };
        set["status"] = json!({"observedGeneration": 1, "replicas": wanted, "fullyLabeledReplicas": wanted, "readyReplicas": ready, "availableReplicas": ready});
        batch.add(3, group("apps/v1", namespace, "replicasets"), set);
    }
    each.note(batch, "Deployment");
    let set = format!("{app}-{hash}");
    let mut random = crate::random::Random::new(crate::random::Random::new(5).mixed_with(&[namespace, app]));
    let mut names = Vec::new();
    for index in 0..replicas {
        let name = format!("{set}-{}", random.suffix(5));
        let of = PodPlan {
            namespace,
            name: name.clone(),
            app,
            owner: ("ReplicaSet", &set, "apps/v1"),
            hash: &hash,
            number: each.first + index,
            claim: None,
            trouble: each.suffers(index),
            finished: None,
        };
        batch.add(4, core(namespace, "pods"), pod(plan, &of));
        names.push(name);
    }
    batch.pods += replicas;
    names
}

pub(crate) fn stateful_set(plan: &Plan, each: &Workload<'_>, batch: &mut Batch) -> Vec<String> {
    let Workload { namespace, app, replicas, .. } = *each;
    let created = plan.ago(20_000);
    let revision = format!("{app}-6b9f8c7d5");
    let claim = |name: &str| {
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta("PersistentVolumeClaim", namespace, name, app, &created),
            "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "fast", "volumeMode": "Filesystem", "volumeName": format!("pv-{namespace}-{name}"),
                "resources": {"requests": {"storage": "10Gi"}}},
            "status": {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "10Gi"}}})
    };
    let mut object = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta("StatefulSet", namespace, app, app, &created)});
    let mut of_set = claim("data");
    of_set["metadata"] = json!({"name": "data"});
    of_set["spec"]["volumeName"].take();
    of_set["status"].take();
    object["spec"] = json!({"replicas": replicas, "serviceName": app, "selector": selector(app), "template": template(app, "", None, "Always"),
        "podManagementPolicy": "OrderedReady", "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}, "volumeClaimTemplates": [of_set]});
    object["status"] = json!({"observedGeneration": 1, "replicas": replicas, "readyReplicas": each.available(), "availableReplicas": each.available(),
        "currentReplicas": replicas, "updatedReplicas": replicas, "currentRevision": revision, "updateRevision": revision});
    batch.add(2, group("apps/v1", namespace, "statefulsets"), object);
    each.note(batch, "StatefulSet");
    let mut names = Vec::new();
    for index in 0..replicas {
        let name = format!("{app}-{index}");
        let claim_name = format!("data-{name}");
        let volume = format!("pv-{namespace}-{claim_name}");
        batch.add(1, "/api/v1/persistentvolumes", json!({"apiVersion": "v1", "kind": "PersistentVolume",
            "metadata": {"name": volume, "uid": uid("PersistentVolume", "", &volume), "creationTimestamp": created},
            "spec": {"capacity": {"storage": "10Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "fast", "persistentVolumeReclaimPolicy": "Delete",
                "csi": {"driver": "csi.example.com", "volumeHandle": format!("vol-{volume}")},
                "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": namespace, "name": claim_name,
                    "uid": uid("PersistentVolumeClaim", namespace, &claim_name)}},
            "status": {"phase": "Bound"}}));
        batch.add(1, core(namespace, "persistentvolumeclaims"), claim(&claim_name));
        let of = PodPlan {
            namespace,
            name: name.clone(),
            app,
            owner: ("StatefulSet", app, "apps/v1"),
            hash: "",
            number: each.first + index,
            claim: Some(&claim_name),
            trouble: each.suffers(index),
            finished: None,
        };
        let mut made = pod(plan, &of);
        made["metadata"]["labels"]["controller-revision-hash"] = revision.as_str().into();
        made["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] = name.as_str().into();
        batch.add(4, core(namespace, "pods"), made);
        names.push(name);
    }
    batch.pods += replicas;
    names
}

/// The pods of one DaemonSet on these nodes; the object itself is made with the first of them.
pub(crate) fn daemon_set(
    plan: &Plan,
    namespace: &str,
    app: &str,
    nodes: std::ops::Range<usize>,
    first: usize,
    batch: &mut Batch,
) {
    if nodes.start == 0 {
        let created = plan.ago(20_000);
        let mut object = json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": meta("DaemonSet", namespace, app, app, &created)});
        object["spec"] = json!({"selector": selector(app), "template": template(app, "", None, "Always"),
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}});
        let all = plan.nodes();
        object["status"] = json!({"observedGeneration": 1, "desiredNumberScheduled": all, "currentNumberScheduled": all, "updatedNumberScheduled": all,
            "numberReady": all, "numberAvailable": all, "numberMisscheduled": 0});
        batch.add(2, group("apps/v1", namespace, "daemonsets"), object);
    }
    let mut random =
        crate::random::Random::new(crate::random::Random::new(6).mixed_with(&[app, &nodes.start.to_string()]));
    for node in nodes.clone() {
        let name = format!("{app}-{}", random.suffix(5));
        let of = PodPlan {
            namespace,
            name,
            app,
            owner: ("DaemonSet", app, "apps/v1"),
            hash: "",
            number: first + node,
            claim: None,
            trouble: None,
            finished: None,
        };
        let mut made = pod(plan, &of);
        made["spec"]["nodeName"] = crate::pod::node_name(node).into();
        made["metadata"]["labels"]["controller-revision-hash"] = "5d9c8b7f6".into();
        batch.add(4, core(namespace, "pods"), made);
    }
    batch.pods += nodes.len();
}

/// A CronJob with the Jobs that it keeps, the last of which may have failed.
pub(crate) fn cron_job(plan: &Plan, each: &Workload<'_>, failed: bool, batch: &mut Batch) {
    let Workload { namespace, app, replicas, .. } = *each;
    let created = plan.ago(20_000);
    let template = template(app, "", None, "Never");
    batch.add(2, group("batch/v1", namespace, "cronjobs"), json!({"apiVersion": "batch/v1", "kind": "CronJob",
        "metadata": meta("CronJob", namespace, app, app, &created),
        "spec": {"schedule": "0 * * * *", "concurrencyPolicy": "Forbid", "suspend": false, "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1,
            "jobTemplate": {"spec": {"template": template, "backoffLimit": 0}}},
        "status": {"lastScheduleTime": plan.ago(40), "lastSuccessfulTime": plan.ago(if failed { 100 } else { 30 })}}));
    for index in 0..replicas {
        let age = 40 + 60 * (replicas - 1 - index) as i64;
        let fails = failed && index + 1 == replicas;
        let name = format!("{app}-{}", 29_000_000 + index);
        let mut job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": meta("Job", namespace, &name, app, &plan.ago(age))});
        job["metadata"]["ownerReferences"] = owner("CronJob", "batch/v1", namespace, app);
        job["spec"] =
            json!({"parallelism": 1, "completions": 1, "backoffLimit": 0, "suspend": false, "template": template});
        let condition = |type_: &str, reason: &str| json!({"type": type_, "status": "True", "reason": reason, "message": "", "lastProbeTime": plan.ago(age - 10), "lastTransitionTime": plan.ago(age - 10)});
        job["status"] = if fails {
            json!({"startTime": plan.ago(age), "failed": 1, "uncountedTerminatedPods": {},
                "conditions": [condition("FailureTarget", "BackoffLimitExceeded"), condition("Failed", "BackoffLimitExceeded")]})
        } else {
            json!({"startTime": plan.ago(age), "completionTime": plan.ago(age - 10), "succeeded": 1, "uncountedTerminatedPods": {},
                "conditions": [condition("SuccessCriteriaMet", "CompletionsReached"), condition("Complete", "CompletionsReached")]})
        };
        batch.add(3, group("batch/v1", namespace, "jobs"), job);
        let of = PodPlan {
            namespace,
            name: format!("{name}-{}", &uid("Pod", namespace, &name)[..5]),
            app,
            owner: ("Job", &name, "batch/v1"),
            hash: "",
            number: each.first + index,
            claim: None,
            trouble: None,
            finished: Some(!fails),
        };
        batch.add(4, core(namespace, "pods"), pod(plan, &of));
    }
    if failed {
        batch.faults.push(Fault { check: "cronjob/last-run-failed", target: format!("CronJob/{namespace}/{app}") });
    }
    batch.pods += replicas;
}
