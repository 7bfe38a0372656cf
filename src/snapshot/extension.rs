//! What extends the API server: admission webhooks, custom resource definitions, aggregated APIs.

use std::fmt;

use base64::Engine;

use super::lean::lean;
use super::meta::{Conditions, ConditionsOnly, ObjectMeta};
use super::selector::LabelSelector;
use super::text::Str;

lean! {
    /// A MutatingWebhookConfiguration or ValidatingWebhookConfiguration.
    pub struct WebhookConfiguration {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        webhooks: Vec<Webhook>,
    }

    pub struct Webhook {
        name: Str,
        client_config: WebhookClientConfig,
        rules: Vec<RuleWithOperations>,
        /// `Fail` (the default) or `Ignore`.
        failure_policy: Str,
        namespace_selector: Option<LabelSelector>,
        object_selector: Option<LabelSelector>,
        side_effects: Str,
        timeout_seconds: Option<i32>,
    }

    /// Either a URL or a Service.
    pub struct WebhookClientConfig {
        url: Str,
        service: Option<ServiceReference>,
        ca_bundle: Pem,
    }

    pub struct ServiceReference {
        namespace: Str,
        name: Str,
        path: Str,
        port: Option<i32>,
    }

    pub struct RuleWithOperations {
        operations: Vec<Str>,
        api_groups: Vec<Str>,
        resources: Vec<Str>,
        scope: Str,
    }

    pub struct CustomResourceDefinition {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: CustomResourceDefinitionSpec,
        status: CustomResourceDefinitionStatus,
    }

    pub struct CustomResourceDefinitionSpec {
        group: Str,
        names: CustomResourceNames,
        versions: Vec<CustomResourceVersion>,
        conversion: Option<Box<CustomResourceConversion>>,
    }

    pub struct CustomResourceNames {
        kind: Str,
        plural: Str,
    }

    /// Its schema, the largest part of the object, is skipped.
    pub struct CustomResourceVersion {
        name: Str,
        served: bool,
        storage: bool,
        deprecated: bool,
    }

    pub struct CustomResourceConversion {
        strategy: Str,
        webhook: Option<ConversionWebhook>,
    }

    pub struct ConversionWebhook {
        client_config: Option<WebhookClientConfig>,
    }

    pub struct CustomResourceDefinitionStatus {
        conditions: Conditions,
        stored_versions: Vec<Str>,
    }

    pub struct ApiService {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: ApiServiceSpec,
        status: ConditionsOnly,
    }

    pub struct ApiServiceSpec {
        /// Absent for what the API server serves itself.
        service: Option<ServiceReference>,
        group: Str,
        version: Str,
        ca_bundle: Pem,
        #[serde(rename = "insecureSkipTLSVerify")] insecure_skip_tls_verify: bool,
    }
}

/// Public certificates in a field of base64: PEM as stored, one certificate or a chain; what is no base64 stays as it is.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Pem(Option<Box<[u8]>>);

impl Pem {
    /// The PEM text; nothing where the field is empty.
    pub fn bytes(&self) -> Option<&[u8]> {
        self.0.as_deref()
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pem({} bytes)", self.0.as_ref().map_or(0, |pem| pem.len()))
    }
}

impl<'de> serde::Deserialize<'de> for Pem {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(text.as_bytes());
        let bytes = bytes.unwrap_or_else(|_| text.as_bytes().to_vec());
        Ok(Self((!bytes.is_empty()).then(|| bytes.into_boxed_slice())))
    }
}
