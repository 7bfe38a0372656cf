//! The Ingress controller that runs in the cluster: it gives every Ingress of its class the address of its own Service.
//! (ingress-nginx with `--publish-service`, whose Service is of type NodePort.)

use serde_json::{Value, json};

use crate::demo::json::{map, name, namespace, put, text};
use crate::demo::resources::Kind;
use crate::demo::select::selects;
use crate::demo::simulation::Simulation;

use super::pods;

const CONTROLLER: &str = "k8s.io/ingress-nginx";
const APP: &str = "ingress-nginx";

pub(super) fn run(simulation: &mut Simulation, _: &str) {
    let Some(address) = address(simulation) else { return };
    let classes = simulation.objects.all(Kind::IngressClass);
    let own = |ingress: &Value| {
        let class = text(ingress, "/spec/ingressClassName");
        classes.iter().any(|known| name(known) == class && text(known, "/spec/controller") == CONTROLLER)
    };
    for ingress in simulation.objects.all(Kind::Ingress) {
        if own(&ingress) {
            simulation.objects.edit(Kind::Ingress, namespace(&ingress), name(&ingress), |ingress| {
                put(ingress, "/status/loadBalancer/ingress", json!([{ "ip": address }]));
            });
        }
    }
}

/// The address of the Service in front of the controller's pods; none while none of them is ready.
fn address(simulation: &Simulation) -> Option<String> {
    let runs = |pod: &Value| text(pod, "/metadata/labels/app.kubernetes.io~1name") == APP && pods::ready(pod);
    let pod = simulation.objects.all(Kind::Pod).into_iter().find(|pod| runs(pod))?;
    let services = simulation.objects.list(Kind::Service, Some(namespace(&pod)));
    let in_front = services.iter().find(|service| selects(map(service, "/spec/selector"), &pod))?;
    Some(text(in_front, "/spec/clusterIP").to_owned())
}
