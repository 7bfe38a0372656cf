//! What an inspection asks for, so that the same can be downloaded without looking at it.

use std::path::Path;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use kube::client::Body;
use roundsman::cluster::Cluster;
use roundsman::inspection::{self, History, Order};

pub(crate) async fn client(kubeconfig: &Path) -> kube::Client {
    roundsman::cluster::init_tls();
    let file = kube::config::Kubeconfig::read_from(kubeconfig).unwrap();
    let config = kube::Config::from_custom_kubeconfig(file, &kube::config::KubeConfigOptions::default()).await.unwrap();
    kube::Client::try_from(config).unwrap()
}

/// The lists of the daily checks that this server has, with their query.
pub(crate) async fn of_an_inspection(kubeconfig: &Path, now: DateTime<Utc>) -> Vec<String> {
    let client = client(kubeconfig).await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let (client, log) = (client.clone(), Arc::clone(&log));
        async move {
            let uri = request.uri().to_string();
            let response = client.send(request).await;
            if uri.contains("resourceVersion=0")
                && response.as_ref().is_ok_and(|response| response.status().is_success())
            {
                log.lock().unwrap().push(uri);
            }
            response
        }
    });
    let cluster = Cluster::from_client("bench", kube::Client::new(service, "default"));
    inspection::run(&cluster, &Order::daily(None), &History::default(), now).await.unwrap();
    let mut lists = asked.lock().unwrap().clone();
    lists.sort();
    lists
}
