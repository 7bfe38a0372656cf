//! Watches: what changes comes by itself, in order, through the caller's selectors.

use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, ListParams, WatchEvent, WatchParams};
use serde_json::json;

use super::{Identity, Story, World};

#[tokio::test]
async fn a_watch_sees_a_change_and_what_follows_from_it() {
    let world = World::with(&[Story::Checkout]);
    let deployments: Api<Deployment> = Api::namespaced(world.demo.client(Identity::Admin), "shop");
    let version = deployments.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    let mut stream = deployments.watch(&WatchParams::default().labels("app=catalog"), &version).await.unwrap().boxed();
    let path = "/apis/apps/v1/namespaces/shop/deployments/catalog";
    assert_eq!(world.patch(Identity::Writer, path, &json!({"spec": {"replicas": 3}})).await.code, 200);
    let mut ready = Vec::new();
    while ready.last() != Some(&3) {
        match stream.try_next().await.unwrap().unwrap() {
            WatchEvent::Modified(deployment) => {
                assert_eq!(deployment.metadata.name.as_deref(), Some("catalog"));
                ready.push(deployment.status.unwrap().ready_replicas.unwrap());
            }
            other => panic!("{other:?}"),
        }
        world.pass(1);
        world.demo.settle();
    }
    assert!(ready.contains(&2), "{ready:?}");
}

#[tokio::test]
async fn an_old_version_is_gone_and_a_fresh_watch_begins_with_everything() {
    let world = World::with(&[]);
    let nodes = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Node"));
    let nodes: Api<DynamicObject> = Api::all_with(world.demo.client(Identity::Admin), &nodes);
    let mut all = nodes.watch(&WatchParams::default(), "0").await.unwrap().boxed();
    for _ in 0..4 {
        assert!(matches!(all.try_next().await.unwrap(), Some(WatchEvent::Added(_))));
    }
    for round in 0..2100 {
        let body = json!({"metadata": {"labels": {"round": round.to_string()}}});
        world.patch(Identity::Admin, "/api/v1/nodes/cp-1", &body).await;
    }
    let mut stale = nodes.watch(&WatchParams::default(), "1").await.unwrap().boxed();
    match stale.try_next().await.unwrap().unwrap() {
        WatchEvent::Error(status) => {
            assert_eq!((status.code, status.reason.as_str()), (410, "Expired"))
        }
        other => panic!("{other:?}"),
    }
    assert!(stale.try_next().await.unwrap().is_none());
}
