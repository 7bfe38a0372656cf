//! Clusters that can be read in part: a report of that part, and gaps with the reasons.

use super::{Kubeconfig, LOST_SERVICES, Ran, in_an_hour, roundsman};
use crate::world::front::{Fault, Front};
use control_plane::{ControlPlane, Identity};
use serde_json::Value;

/// The gaps of a report: what, why, and how many checks did not run for it.
fn gaps(report: &Value) -> Vec<(String, String)> {
    let text = |gap: &Value, field: &str| gap[field].as_str().unwrap().to_owned();
    report["gaps"].as_array().unwrap().iter().map(|gap| (text(gap, "what"), text(gap, "why"))).collect()
}

fn why_not<'a>(gaps: &'a [(String, String)], what: &str) -> Option<&'a str> {
    gaps.iter().find(|(gap, _)| gap == what).map(|(_, why)| why.as_str())
}

/// The checks that found something; what they say of the control plane for tests itself is none of the story.
fn ids(report: &Value) -> Vec<&str> {
    let ids = report["findings"].as_array().unwrap().iter().map(|finding| finding["id"].as_str().unwrap());
    ids.filter(|id| !id.starts_with("cluster/")).collect()
}

#[test]
fn an_identity_that_may_list_pods_only() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("half");
    plane.apply(&namespace, POD);
    control_plane::eventually("the pod to wait for its image", || {
        let pod = plane.get(&namespace, &["pod", "web"]);
        (pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "ImagePullBackOff").then_some(())
    });
    let account = plane.service_account(&namespace, "pods-only");
    let subject = format!("--serviceaccount={namespace}:pods-only");
    plane.kubectl(&["create", "role", "-n", &namespace, "pods", "--verb=list", "--resource=pods"]);
    plane.kubectl(&["create", "rolebinding", "-n", &namespace, "pods", "--role=pods", &subject]);
    let kubeconfig = Kubeconfig::of_account(plane, account);

    let (now, scope) = (in_an_hour(), ["-n", namespace.as_str()]);
    let call = |more: &[&str]| -> Ran {
        let arguments = [&["inspect", "--now", &now], &scope[..], more].concat();
        roundsman(&arguments).with(&kubeconfig).run()
    };
    let report = call(&["-o", "json"]).json(1);
    assert_eq!(ids(&report), ["pod/image-pull"]);
    let gaps = gaps(&report);
    for list in ["list events", "list services", "list deployments", "list nodes"] {
        assert_eq!(why_not(&gaps, list), Some("forbidden"), "{gaps:?}");
    }
    assert_eq!((why_not(&gaps, "list pods"), why_not(&gaps, "list secrets")), (None, Some("switched off")));
    let text = call(&[]);
    let first = text.printed(1).lines().next().unwrap();
    assert!(first.starts_with("prod, ") && first.contains("Not read: events"), "{first}");
    assert!(first.contains("forbidden") && first.contains("secrets (switched off)"), "{first}");

    // Of what is not read nothing can be said, and that is no answer.
    let ran = roundsman(&["why", "deployment/web", "-n", &namespace]).with(&kubeconfig).run();
    assert!(ran.printed(2).contains("cannot be judged: its kind could not be read (forbidden)"), "{ran:?}");
    let ran = roundsman(&["why", "pod/web", "-n", &namespace, "--now", &now]).with(&kubeconfig).run();
    assert!(ran.printed(0).contains("cannot get image registry.example/web-missing:1"), "{ran:?}");
}

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: { name: web }
spec: { containers: [{ name: app, image: registry.example/web-missing:1 }] }
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_that_break_off_or_make_no_sense() {
    let plane = crate::world::plane().await;
    let _covered = crate::world::shapes::Covered::on(plane);
    let front = Front::before(
        plane,
        &[
            ("/nodes", Fault::BreaksOff),
            ("/configmaps", Fault::Page("<html><body>Your session has expired</body></html>")),
            (
                "/jobs",
                Fault::Page(
                    r#"{"kind": "JobList", "apiVersion": "batch/v1", "metadata": {}, "items": [{"metadata": 7}]}"#,
                ),
            ),
            ("/deployments", Fault::Page(r#"{"kind": "Status", "status": "Success"}"#)),
            ("/statefulsets", Fault::Refusal(500, "etcdserver: leader changed")),
            ("/daemonsets", Fault::Refusal(403, "not today")),
        ],
    )
    .await;
    let seen = tokio::task::spawn_blocking(move || {
        let namespace = plane.namespace("front");
        plane.apply(&namespace, LOST_SERVICES);
        let kubeconfig = Kubeconfig::at(front.url(), plane.token(Identity::Reader), None);
        let now = in_an_hour();
        let arguments = ["inspect", "-n", &namespace, "--now", &now];
        let json = roundsman(&[&arguments[..], &["-o", "json"]].concat()).with(&kubeconfig).run();
        let text = roundsman(&arguments).with(&kubeconfig).run();
        (json, text)
    });
    let (json, text) = seen.await.unwrap();
    let report = json.json(1);
    assert_eq!(ids(&report).iter().filter(|id| **id == "service/selector-no-pods").count(), 2, "{report:#}");
    let mut gaps = gaps(&report);
    gaps.retain(|(_, why)| why != "not configured");
    for (list, words) in [
        ("list nodes", "the answer broke off"),
        ("list configmaps", "200: "),
        ("list jobs", "1 of its objects could not be understood"),
        ("list deployments", "\"Status\" and no list"),
        ("list statefulsets", "500: etcdserver: leader changed"),
        ("list daemonsets", "forbidden"),
    ] {
        let why = why_not(&gaps, list).unwrap_or_else(|| panic!("no gap for {list}: {gaps:?}"));
        assert!(why.contains(words), "{list}: {why}");
    }
    assert_eq!(gaps.len(), 7, "the secrets, which are switched off, and nothing else: {gaps:?}");
    assert!(text.printed(1).lines().next().unwrap().contains("Not read: "), "{text:?}");
}
