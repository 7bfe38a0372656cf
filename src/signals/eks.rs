//! Amazon EKS: the issues that it knows of a cluster's health (`DescribeCluster`), asked with the credentials that the AWS SDKs
//! would take: the environment, shared files, a role of the ServiceAccount or of the pod, the instance.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use reqsign_aws_v4::{DefaultCredentialProvider, RequestSigner};
use reqsign_core::{Context, Env, Error, ErrorKind, FileRead, HttpSend, OsEnv, Signer};
use serde::Deserialize;

use super::http::{failed, send};
use crate::snapshot::{ObjectMeta, ProviderIssue, Why};
use crate::texts::cluster as texts;

/// A cluster of EKS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EksCluster {
    partition: String,
    region: String,
    account: String,
    name: String,
}

impl FromStr for EksCluster {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split(':');
        let mut part = || parts.next().unwrap_or_default();
        let (arn, partition, service, region, account, cluster) = (part(), part(), part(), part(), part(), part());
        let name = cluster.strip_prefix("cluster/").unwrap_or_default();
        // They become parts of an address.
        let plain = |text: &str| {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            !text.is_empty() && text.bytes().all(known)
        };
        let right = arn == "arn" && service == "eks" && parts.next().is_none();
        if !right || ![partition, region, account, name].into_iter().all(plain) {
            return Err("write its ARN, such as arn:aws:eks:eu-central-1:123456789012:cluster/prod");
        }
        let [partition, region, account, name] = [partition, region, account, name].map(str::to_owned);
        Ok(Self { partition, region, account, name })
    }
}

impl fmt::Display for EksCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, region, account, name } = self;
        write!(f, "arn:{partition}:eks:{region}:{account}:cluster/{name}")
    }
}

impl EksCluster {
    /// Where its API is, unless the variables say otherwise that the AWS SDKs heed too.
    fn url(&self, context: &Context) -> String {
        let elsewhere = ["AWS_ENDPOINT_URL_EKS", "AWS_ENDPOINT_URL"].into_iter().find_map(|name| context.env_var(name));
        let base = elsewhere.unwrap_or_else(|| {
            let domain = if self.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
            format!("https://eks.{}.{domain}", self.region)
        });
        format!("{}/clusters/{}", base.trim_end_matches('/'), self.name)
    }
}

/// What EKS holds against a cluster, by the credentials of this process.
///
/// # Errors
/// Why that is not known.
pub async fn issues(cluster: &EksCluster) -> Result<Vec<ProviderIssue>, Why> {
    issues_for(cluster, OsEnv).await
}

pub(super) async fn issues_for(cluster: &EksCluster, env: impl Env) -> Result<Vec<ProviderIssue>, Why> {
    let context = Context::new().with_file_read(Files).with_http_send(Http).with_env(env);
    let request = Request::get(cluster.url(&context)).body(()).map_err(|error| failed(&error.to_string()))?;
    let (mut head, ()) = request.into_parts();
    let signer = RequestSigner::new("eks", &cluster.region);
    let signer = Signer::new(context, DefaultCredentialProvider::new(), signer);
    signer.sign(&mut head, None).await.map_err(|error| match error.kind() {
        ErrorKind::CredentialInvalid => Why::Failed(texts::NO_AWS_CREDENTIALS.to_owned()),
        _ => failed(&error.to_string()),
    })?;
    let answer = send(Request::from_parts(head, Bytes::new())).await.map_err(|error| failed(&error.to_string()))?;
    match answer.status() {
        status if status.is_success() => {
            let known: Described = serde_json::from_slice(answer.body())
                .map_err(|error| failed(&format!("the answer makes no sense: {error}")))?;
            Ok(known.issues())
        }
        StatusCode::NOT_FOUND => Err(Why::Failed(texts::no_such_eks_cluster(&cluster.name, &cluster.region))),
        status => Err(failed(&said(status, answer.body()))),
    }
}

/// AWS says why in JSON, with a small or a large letter.
fn said(status: StatusCode, body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        #[serde(alias = "Message")]
        message: String,
    }
    match serde_json::from_slice::<Refusal>(body) {
        Ok(refusal) => format!("{}: {}", status.as_u16(), refusal.message),
        Err(_) => status.to_string(),
    }
}

/// The answer of `DescribeCluster`, as far as it is about health (Amazon EKS API reference: `ClusterHealth`).
#[derive(Debug, Deserialize)]
struct Described {
    cluster: Cluster,
}

#[derive(Debug, Deserialize)]
struct Cluster {
    health: Option<Health>,
}

#[derive(Debug, Deserialize)]
struct Health {
    issues: Option<Vec<Issue>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issue {
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    resource_ids: Vec<String>,
}

impl Described {
    /// One for each code and message, with all that it is about.
    fn issues(self) -> Vec<ProviderIssue> {
        let mut issues: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        let all = self.cluster.health.and_then(|health| health.issues).unwrap_or_default();
        for issue in all {
            issues.entry((issue.code, issue.message)).or_default().extend(issue.resource_ids);
        }
        let issues = issues.into_iter().map(|((code, message), resource_ids)| ProviderIssue {
            meta: ObjectMeta { name: code.to_lowercase().into(), ..ObjectMeta::default() },
            code: code.into(),
            message: (&*crate::redact::text(&message)).into(),
            resource_ids: resource_ids.into_iter().map(Into::into).collect(),
        });
        issues.collect()
    }
}

/// How the signer reads the files of profiles and tokens.
#[derive(Debug)]
struct Files;

impl FileRead for Files {
    async fn file_read(&self, path: &str) -> Result<Vec<u8>, Error> {
        let read = tokio::fs::read(Path::new(path)).await;
        read.map_err(|error| Error::unexpected(format!("{path}: {error}")))
    }
}

/// How the signer asks for credentials.
#[derive(Debug)]
struct Http;

impl HttpSend for Http {
    async fn http_send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        send(request).await.map_err(|error| Error::unexpected(error.to_string()))
    }
}
