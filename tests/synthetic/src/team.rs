//! One team: a namespace with its workloads and what they need.

use serde_json::json;

use crate::faults::Trouble;
use crate::random::Random;
use crate::workloads::{Workload, cron_job, deployment, stateful_set};
use crate::{Batch, Plan, core, services, uid};

const APPS: &[&str] = &[
    "checkout", "cart", "search", "catalog", "payment", "shipping", "pricing", "session", "profile", "review", "mail",
    "image", "export", "ledger", "fraud", "stock",
];

/// How many replicas a Deployment has: many small ones, few large ones.
const REPLICAS: &[usize] = &[1, 2, 2, 3, 3, 3, 4, 5, 6, 8, 12, 20, 30, 45];

pub(crate) fn batch(plan: &Plan, index: usize, pods: usize) -> Batch {
    let mut random = Random::new(Random::new(plan.seed).mixed_with(&["team", &index.to_string()]));
    let namespace = format!("team-{index:04}");
    let created = plan.ago(20_000);
    let mut batch = Batch::default();
    batch.add(0, "/api/v1/namespaces", json!({"apiVersion": "v1", "kind": "Namespace", "status": {"phase": "Active"},
        "metadata": {"name": namespace, "uid": uid("Namespace", "", &namespace), "creationTimestamp": created, "labels": {"kubernetes.io/metadata.name": namespace}},
        "spec": {"finalizers": ["kubernetes"]}}));
    account(plan, &namespace, &mut batch);
    let trouble = |random: &mut Random| random.one_in(plan.faults_one_in).then(|| Trouble::any(random));
    // Numbers of pods go by team, so that no two pods of the cluster have the same address.
    let mut first = plan.nodes() * 3 + index * crate::PODS_PER_TEAM;
    let mut number = 0;
    while batch.pods < pods {
        let left = pods - batch.pods;
        let app = format!("{}-{number}", APPS[number % APPS.len()]);
        let mut each = Workload { namespace: &namespace, app: &app, replicas: 0, first, trouble: None };
        config(plan, &namespace, &app, &mut batch);
        match number % 16 {
            7 if left >= 3 => {
                (each.replicas, each.trouble) = (3, trouble(&mut random));
                let names = stateful_set(plan, &each, &mut batch);
                services::service(plan, &each, &names, false, &mut batch);
                services::events(plan, &each, &names, &mut batch);
            }
            11 if left >= 3 => {
                each.replicas = 3;
                cron_job(plan, &each, random.one_in(plan.faults_one_in), &mut batch);
            }
            _ => {
                (each.replicas, each.trouble) = (random.pick(REPLICAS).min(left), trouble(&mut random));
                let names = deployment(plan, &each, &mut batch);
                let mistyped = each.trouble.is_none() && random.one_in(plan.faults_one_in);
                services::service(plan, &each, &names, mistyped, &mut batch);
                services::events(plan, &each, &names, &mut batch);
                if each.replicas > 2 && each.trouble.is_none() && number % 3 == 0 {
                    services::surroundings(plan, &each, &mut batch);
                }
            }
        }
        first += each.replicas;
        number += 1;
    }
    batch.objects.sort_by_key(|object| object.wave);
    batch
}

fn account(plan: &Plan, namespace: &str, batch: &mut Batch) {
    let created = plan.ago(20_000);
    let meta = |kind: &str, name: &str| json!({"name": name, "namespace": namespace, "uid": uid(kind, namespace, name), "creationTimestamp": created});
    batch.add(
        1,
        core(namespace, "serviceaccounts"),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta("ServiceAccount", "default")}),
    );
    batch.add(
        1,
        core(namespace, "configmaps"),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("ConfigMap", "kube-root-ca.crt"),
        "data": {"ca.crt": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"}}),
    );
}

/// The ConfigMap and the Secret of an app.
fn config(plan: &Plan, namespace: &str, app: &str, batch: &mut Batch) {
    let created = plan.ago(20_000);
    let meta = |kind: &str, name: &str| json!({"name": name, "namespace": namespace, "uid": uid(kind, namespace, name), "creationTimestamp": created});
    let (map, secret) = (format!("{app}-config"), format!("{app}-secret"));
    let settings: String = (0..40).map(|line| format!("setting.{line}=value-{line}\n")).collect();
    batch.add(
        1,
        core(namespace, "configmaps"),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("ConfigMap", &map),
        "data": {"endpoint": "http://gateway:80", "app.properties": settings}}),
    );
    batch.add(
        1,
        core(namespace, "secrets"),
        json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": meta("Secret", &secret),
        "data": {"password": "c3ludGhldGlj"}}),
    );
}
