//! What extends the API server: admission webhooks, custom resource definitions, aggregated APIs.

use std::fmt;

use base64::Engine;

use super::condition::Conditions;
use super::lean::lean;
use super::meta::ObjectMeta;
use super::protobuf::{Malformed, Repeats, Value, Wire};
use super::selector::LabelSelector;
use super::text::Str;

lean! {
    /// A MutatingWebhookConfiguration or ValidatingWebhookConfiguration.
    pub struct WebhookConfiguration {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        webhooks: Vec<Webhook> = 2,
    }

    pub struct Webhook {
        name: Str = 1,
        client_config: WebhookClientConfig = 2,
        rules: Vec<RuleWithOperations> = 3,
        /// `Fail` (the default) or `Ignore`.
        failure_policy: Str = 4,
        namespace_selector: Option<LabelSelector> = 5,
        object_selector: Option<LabelSelector> = 10 | 11 via read_object_selector,
        side_effects: Str = 6,
        timeout_seconds: Option<i32> = 7,
    }

    /// Either a URL or a Service.
    pub struct WebhookClientConfig {
        url: Str = 3,
        service: Option<ServiceReference> = 1,
        ca_bundle: Pem = 2,
    }

    pub struct ServiceReference {
        namespace: Str = 1,
        name: Str = 2,
        path: Str = 3,
        port: Option<i32> = 4,
    }

    pub struct RuleWithOperations {
        operations: Vec<Str> = 1,
        api_groups: Vec<Str> = 2/1,
        resources: Vec<Str> = 2/3,
        scope: Str = 2/4,
    }

    pub struct CustomResourceDefinition {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: CustomResourceDefinitionSpec = 2,
        status: CustomResourceDefinitionStatus = 3,
    }

    pub struct CustomResourceDefinitionSpec {
        group: Str = 1,
        names: CustomResourceNames = 3,
        versions: Vec<CustomResourceVersion> = 7,
        conversion: Option<Box<CustomResourceConversion>> = 9,
    }

    pub struct CustomResourceNames {
        kind: Str = 4,
        plural: Str = 1,
    }

    /// Its schema, the largest part of the object, is skipped.
    pub struct CustomResourceVersion {
        name: Str = 1,
        served: bool = 2,
        storage: bool = 3,
        deprecated: bool = 7,
    }

    pub struct CustomResourceConversion {
        strategy: Str = 1,
        webhook: Option<ConversionWebhook> = 2,
    }

    pub struct ConversionWebhook {
        client_config: Option<WebhookClientConfig> = 2,
    }

    pub struct CustomResourceDefinitionStatus {
        conditions: Conditions = 1 via Conditions::read_without_probe,
        stored_versions: Vec<Str> = 3,
    }

    pub struct ApiService {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: ApiServiceSpec = 2,
        status: ApiServiceStatus = 3,
    }

    pub struct ApiServiceSpec {
        /// Absent for what the API server serves itself.
        service: Option<ApiServiceReference> = 1,
        group: Str = 2,
        version: Str = 3,
        ca_bundle: Pem = 5,
        #[serde(rename = "insecureSkipTLSVerify")] insecure_skip_tls_verify: bool = 4,
    }

    pub struct ApiServiceReference {
        namespace: Str = 1,
        name: Str = 2,
        port: Option<i32> = 3,
    }

    pub struct ApiServiceStatus {
        conditions: Conditions = 1 via Conditions::read_without_probe,
    }
}

/// A mutating webhook has its reinvocation policy, a text, where a validating one has its object selector; its own comes after.
fn read_object_selector<'a>(
    selector: &mut Option<LabelSelector>,
    value: Value<'a>,
    more: &mut Repeats<'_, 'a>,
) -> Result<(), Malformed> {
    match value.bytes()? {
        b"Never" | b"IfNeeded" => Ok(()),
        _ => selector.read(value, more),
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

impl Wire for Pem {
    fn read<'a>(&mut self, value: Value<'a>, _: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        let pem = value.bytes()?;
        self.0 = (!pem.is_empty()).then(|| pem.into());
        Ok(())
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
