//! Starting the programs and waiting until they work together.
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::identity::{PROGRAM_USERS, Tokens, program_kubeconfig_path};
use crate::processes::Processes;
use crate::{ControlPlane, Identity, PATIENCE, Profile, binaries, certificates, ports, run, said, source};

/// A port may be taken between our look and the program's start; more than a few times in a row is something else.
const ATTEMPTS: usize = 3;

pub(crate) fn start(profile: Profile) -> anyhow::Result<ControlPlane> {
    let binaries = binaries::folder()?;
    let mut attempt = 1;
    loop {
        match attempt_start(profile, &binaries) {
            Err(error) if attempt < ATTEMPTS && format!("{error:#}").contains("address already in use") => attempt += 1,
            result => return result,
        }
    }
}

fn attempt_start(profile: Profile, binaries: &Path) -> anyhow::Result<ControlPlane> {
    let dir = tempfile::Builder::new()
        .prefix("roundsman-control-plane.")
        .tempdir()
        .context("no folder for the control plane")?
        .keep();
    // From here on the folder is removed with the processes, however this ends.
    let processes = Processes::new(dir.clone())?;
    let [etcd_port, peer_port, api_port, kubelet_port] = ports::free()?;
    let ca_pem = certificates::write(&dir)?;
    let tokens = Tokens::random()?;
    tokens.write(&dir, api_port)?;
    fs::create_dir(dir.join("pod-logs")).context("no folder for the logs of pods")?;

    let mut plane = ControlPlane {
        processes,
        dir,
        profile,
        binaries: binaries.to_owned(),
        etcd_port,
        api_port,
        kubelet_port,
        tokens,
        ca_pem,
        namespaces: AtomicUsize::new(0),
    };
    plane.spawn("etcd", &etcd(etcd_port, peer_port))?;
    let api_server = api_server(&plane.dir, profile, etcd_port, api_port);
    plane.spawn("kube-apiserver", &api_server)?;
    plane.wait_for("kube-apiserver", &["get", "--raw", "/readyz"])?;

    // The roles are the ones that the bot ships: a test of a missing right is a test of that file.
    let mut manifests = vec![
        source("../../deploy/rbac/reader.yaml"),
        source("../../deploy/rbac/reader-secrets.yaml"),
        source("../../deploy/rbac/writer.yaml"),
        source("cluster/identities.yaml"),
    ];
    match profile {
        Profile::Bare | Profile::Holding => plane.create(&manifests)?,
        Profile::Full | Profile::NodeLifecycle => {
            let manager = controller_manager(&plane.dir, profile);
            plane.spawn("kube-controller-manager", &manager)?;
            let scheduler = scheduler(&plane.dir);
            plane.spawn("kube-scheduler", &scheduler)?;
            manifests.extend([source("cluster/pod-logs-crd.yaml"), source("cluster/nodes.yaml")]);
            plane.create(&manifests)?;
            plane.wait_for("kube-apiserver", &["wait", "--for=condition=Established", CRD, "--timeout=10s"])?;
            let kwok = kwok(&plane.dir, kubelet_port)?;
            plane.spawn("kwok", &kwok)?;
            let account = ["wait", "--for=create", "serviceaccount/default", "-n", "default", "--timeout=10s"];
            plane.wait_for("kube-controller-manager", &account)?;
            plane.wait_for("kwok", &["wait", "--for=condition=Ready", "node", "--all", "--timeout=10s"])?;
        }
    }
    Ok(plane)
}

/// What is on by default and changes or refuses an object because of others.
const ADMISSION: [&str; 18] = [
    "CertificateApproval",
    "CertificateSigning",
    "CertificateSubjectRestriction",
    "DefaultIngressClass",
    "DefaultStorageClass",
    "DefaultTolerationSeconds",
    "LimitRanger",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionWebhook",
    "NamespaceLifecycle",
    "PodSecurity",
    "Priority",
    "ResourceQuota",
    "RuntimeClass",
    "ServiceAccount",
    "StorageObjectInUseProtection",
    "TaintNodesByCondition",
    "ValidatingAdmissionWebhook",
];

const CRD: &str = "crd/clusterlogs.kwok.x-k8s.io";

impl ControlPlane {
    fn spawn(&mut self, program: &'static str, arguments: &[String]) -> anyhow::Result<()> {
        self.processes.spawn(program, &self.binaries.join(program), arguments)
    }

    /// Asks until kubectl is content.
    fn wait_for(&mut self, program: &str, question: &[&str]) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            self.processes.check()?;
            let mut command = self.kubectl_command(Identity::Admin);
            command.args(question);
            let output = run(command, "")?;
            if output.status.success() {
                return Ok(());
            }
            if Instant::now() > until {
                bail!("{program} is not ready: {}\n{}", said(&output), self.processes.tails());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn create(&self, manifests: &[PathBuf]) -> anyhow::Result<()> {
        let mut command = self.kubectl_command(Identity::Admin);
        command.arg("create");
        for manifest in manifests {
            command.arg("-f").arg(manifest);
        }
        let output = run(command, "")?;
        if !output.status.success() {
            bail!("the cluster cannot be furnished: {}", said(&output));
        }
        Ok(())
    }
}

fn etcd(client_port: u16, peer_port: u16) -> Vec<String> {
    let client = format!("http://127.0.0.1:{client_port}");
    let peer = format!("http://127.0.0.1:{peer_port}");
    vec![
        "--name=test".into(),
        "--data-dir=etcd".into(),
        // Nothing here has to survive the machine.
        "--unsafe-no-fsync".into(),
        // Its default of 2 GB is too small for the synthetic clusters of the benchmarks.
        "--quota-backend-bytes=8589934592".into(),
        "--log-level=warn".into(),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=test={peer}"),
    ]
}

fn api_server(dir: &Path, profile: Profile, etcd_port: u16, api_port: u16) -> Vec<String> {
    let mut arguments = vec![
        format!("--etcd-servers=http://127.0.0.1:{etcd_port}"),
        "--bind-address=127.0.0.1".into(),
        // Without it the server looks for a default route, which a machine without network does not have.
        "--advertise-address=127.0.0.1".into(),
        format!("--secure-port={api_port}"),
        file(dir, "--cert-dir", "certificates"),
        file(dir, "--tls-cert-file", "server.crt"),
        file(dir, "--tls-private-key-file", "server.key"),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        file(dir, "--service-account-signing-key-file", "service-account.key"),
        file(dir, "--service-account-key-file", "service-account.pub"),
        "--authorization-mode=RBAC".into(),
        file(dir, "--token-auth-file", "tokens.csv"),
        "--service-cluster-ip-range=10.0.0.0/16".into(),
        "--endpoint-reconciler-type=none".into(),
        "--allow-privileged=true".into(),
        // Pod logs come from kwok; a node's host name resolves nowhere.
        "--kubelet-preferred-address-types=InternalIP".into(),
        format!("--audit-policy-file={}", source("cluster/audit-policy.yaml").display()),
        file(dir, "--audit-log-path", "audit.log"),
        // A request that cannot be logged is refused, and one file holds them all: a count must be exact.
        "--audit-log-mode=blocking-strict".into(),
        "--audit-log-maxsize=100000".into(),
    ];
    match profile {
        // It taints every new node until the node lifecycle controller has seen it ready, and that one does not run.
        Profile::Bare | Profile::Full => arguments.push("--disable-admission-plugins=TaintNodesByCondition".into()),
        Profile::Holding => arguments.push(format!("--disable-admission-plugins={}", ADMISSION.join(","))),
        Profile::NodeLifecycle => {}
    }
    arguments
}

fn controller_manager(dir: &Path, profile: Profile) -> Vec<String> {
    let mut arguments = vec![
        kubeconfig(dir, PROGRAM_USERS[0]),
        file(dir, "--service-account-private-key-file", "service-account.key"),
        file(dir, "--root-ca-file", "ca.crt"),
        "--use-service-account-credentials".into(),
        "--leader-elect=false".into(),
        "--secure-port=0".into(),
        "--kube-api-qps=500".into(),
        "--kube-api-burst=1000".into(),
    ];
    match profile {
        Profile::Bare | Profile::Holding | Profile::Full => {
            arguments.push("--controllers=*,-node-lifecycle-controller".into())
        }
        // It looks at the nodes every five seconds otherwise.
        Profile::NodeLifecycle => arguments.push("--node-monitor-period=1s".into()),
    }
    arguments
}

fn scheduler(dir: &Path) -> Vec<String> {
    vec![
        kubeconfig(dir, PROGRAM_USERS[1]),
        "--leader-elect=false".into(),
        "--secure-port=0".into(),
        "--kube-api-qps=500".into(),
        "--kube-api-burst=1000".into(),
    ]
}

fn kwok(dir: &Path, kubelet_port: u16) -> anyhow::Result<Vec<String>> {
    let mut arguments = vec![
        kubeconfig(dir, PROGRAM_USERS[2]),
        "--manage-all-nodes=true".into(),
        "--cidr=10.64.0.0/14".into(),
        "--node-lease-duration-seconds=40".into(),
        "--node-ip=127.0.0.1".into(),
        format!("--node-port={kubelet_port}"),
        format!("--server-address=127.0.0.1:{kubelet_port}"),
        file(dir, "--tls-cert-file", "server.crt"),
        file(dir, "--tls-private-key-file", "server.key"),
        "--enable-crds=ClusterLogs".into(),
    ];
    let stages = source("stages");
    let mut files = fs::read_dir(&stages)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>())
        .with_context(|| format!("{} cannot be read", stages.display()))?;
    files.sort();
    arguments.extend(files.iter().map(|path| format!("--config={}", path.display())));
    Ok(arguments)
}

fn file(dir: &Path, flag: &str, name: &str) -> String {
    format!("{flag}={}", dir.join(name).display())
}

fn kubeconfig(dir: &Path, user: &str) -> String {
    format!("--kubeconfig={}", program_kubeconfig_path(dir, user).display())
}
