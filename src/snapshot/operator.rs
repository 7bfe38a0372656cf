//! Objects of common operators: cert-manager, KEDA, Karpenter, Argo CD, Flux, OLM, policy reports. Found by discovery, JSON only.

use chrono::{DateTime, Utc};

use super::condition::Conditions;
use super::lean::lean;
use super::meta::{ConditionsOnly, ObjectMeta};
use super::text::Str;
use super::workload::ScaleTargetRef;

lean! {
    /// Any custom resource of which only the conditions matter.
    pub struct CustomResource {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        kind: Str,
        api_version: Str,
        spec: CustomResourceSpec,
        status: ConditionsOnly,
    }

    pub struct CustomResourceSpec {
        /// Flux: switched off on purpose.
        suspend: bool,
    }

    /// cert-manager's.
    pub struct CertManagerCertificate {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: CertManagerCertificateSpec,
        status: CertManagerCertificateStatus,
    }

    pub struct CertManagerCertificateSpec {
        secret_name: Str,
        issuer_ref: super::meta::ObjectReference,
    }

    pub struct CertManagerCertificateStatus {
        conditions: Conditions,
        not_after: Option<DateTime<Utc>>,
        renewal_time: Option<DateTime<Utc>>,
    }

    /// An Order or Challenge of cert-manager's ACME issuer.
    pub struct AcmeOrder {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: AcmeOrderSpec,
        status: AcmeOrderStatus,
    }

    pub struct AcmeOrderSpec {
        dns_name: Str,
        dns_names: Vec<Str>,
    }

    /// `state` is `pending`, `ready`, `processing`, `valid`, `invalid`, `expired` or `errored`.
    pub struct AcmeOrderStatus {
        state: Str,
        reason: Str,
    }

    /// KEDA's.
    pub struct ScaledObject {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: ScaledObjectSpec,
        status: ConditionsOnly,
    }

    pub struct ScaledObjectSpec {
        scale_target_ref: ScaleTargetRef,
        triggers: Vec<ScaleTrigger>,
    }

    pub struct ScaleTrigger {
        #[serde(rename = "type")] type_: Str,
        metadata: ScaleTriggerMetadata,
    }

    pub struct ScaleTriggerMetadata {
        /// Of `cpu` and `memory`: only this one.
        container_name: Str,
    }

    /// Argo CD's.
    pub struct Application {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        status: ApplicationStatus,
    }

    pub struct ApplicationStatus {
        health: ApplicationHealth,
        sync: ApplicationSync,
        operation_state: Option<ApplicationOperation>,
        reconciled_at: Option<DateTime<Utc>>,
    }

    pub struct ApplicationHealth {
        status: Str,
        message: Str,
        last_transition_time: Option<DateTime<Utc>>,
    }

    pub struct ApplicationSync {
        status: Str,
        revision: Str,
    }

    pub struct ApplicationOperation {
        phase: Str,
        message: Str,
        finished_at: Option<DateTime<Utc>>,
    }

    /// OLM's.
    pub struct CatalogSource {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        status: CatalogSourceStatus,
    }

    pub struct CatalogSourceStatus {
        connection_state: CatalogConnection,
    }

    pub struct CatalogConnection {
        last_observed_state: Str,
        last_connect: Option<DateTime<Utc>>,
    }

    /// OLM: a ClusterServiceVersion or InstallPlan, told by its phase.
    pub struct Phased {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: PhasedSpec,
        status: PhasedStatus,
    }

    pub struct PhasedSpec {
        approved: Option<bool>,
        approval: Str,
    }

    pub struct PhasedStatus {
        phase: Str,
        reason: Str,
        message: Str,
        last_transition_time: Option<DateTime<Utc>>,
    }

    /// OLM's.
    pub struct Subscription {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        status: SubscriptionStatus,
    }

    pub struct SubscriptionStatus {
        state: Str,
        #[serde(rename = "currentCSV")] current_csv: Str,
        #[serde(rename = "installedCSV")] installed_csv: Str,
        conditions: Conditions,
    }

    /// OLM's.
    pub struct OperatorGroup {
        #[serde(rename = "metadata")] meta: ObjectMeta,
    }

    /// OLM 1: a ClusterCatalog or ClusterExtension.
    pub struct OlmOne {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: OlmOneSpec,
        status: OlmOneStatus,
    }

    pub struct OlmOneSpec {
        source: OlmSource,
    }

    pub struct OlmSource {
        #[serde(rename = "type")] type_: Str,
        source_type: Str,
        image: Option<OlmImage>,
        catalog: Option<OlmCatalogFilter>,
    }

    pub struct OlmImage {
        #[serde(rename = "ref")] reference: Str,
    }

    pub struct OlmCatalogFilter {
        package_name: Str,
        upgrade_constraint_policy: Str,
    }

    pub struct OlmOneStatus {
        conditions: Conditions,
        resolved_source: Option<OlmSource>,
    }

    /// A PolicyReport or ClusterPolicyReport (Kyverno and others).
    pub struct PolicyReport {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        scope: Option<super::meta::ObjectReference>,
        results: Vec<PolicyResult>,
    }

    pub struct PolicyResult {
        policy: Str,
        rule: Str,
        result: Str,
        severity: Str,
        message: Str,
        resources: Vec<super::meta::ObjectReference>,
    }
}
