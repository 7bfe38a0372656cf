//! A Deployment whose second revision cannot be pulled, behind a Service: the trouble of most stories.

use super::World;

/// A Deployment whose second revision cannot be pulled, behind a Service.
pub(crate) const CHECKOUT_GOOD: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: { name: checkout }
spec:
  replicas: 2
  strategy: { type: Recreate }
  selector: { matchLabels: { app: checkout } }
  template:
    metadata: { labels: { app: checkout } }
    spec:
      containers: [{ name: app, image: registry.example/checkout:1.4.1, ports: [{ containerPort: 8080 }] }]
---
apiVersion: v1
kind: Service
metadata: { name: checkout }
spec:
  selector: { app: checkout }
  ports: [{ port: 80, targetPort: 8080 }]
";

/// The image that cannot be pulled.
pub(crate) const BAD_IMAGE: &str = "registry.example/checkout-missing:1.5.0";

/// Rolls out a good revision, then a bad one, and waits until the trouble shows. Not for the progress deadline: the
/// deployment controller forgets to watch it when it loses a race of its own over the status of a `Recreate`.
pub(crate) async fn break_checkout(world: &World) {
    world.apply(CHECKOUT_GOOD).await;
    world.until(&["deployment", "checkout"], "/status/availableReplicas", |value| value == 2).await;
    world.apply(&CHECKOUT_GOOD.replace("registry.example/checkout:1.4.1", BAD_IMAGE)).await;
    world
        .until(&["pods", "-l", "app=checkout"], "/items/0/status/containerStatuses/0/state/waiting/reason", |reason| {
            reason == "ImagePullBackOff"
        })
        .await;
}
