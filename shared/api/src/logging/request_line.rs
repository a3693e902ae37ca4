//! The log line of a request, with its metrics.

use std::{
    sync::OnceLock,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::RequestMetrics;

/// The CloudWatch namespace, unless `METRICS_NAMESPACE` names another.
pub const DEFAULT_NAMESPACE: &str = "ChatbotThirdParty";

/// The target of these lines. They are logged at every level, since metrics and alarms need them.
pub(super) const TARGET: &str = "request";

static NAMESPACE: OnceLock<String> = OnceLock::new();

/// Sets the namespace of this process, once.
pub(super) fn set_namespace(namespace: String) {
    // A process serves one deployment, so a second call sets the same namespace.
    let _ = NAMESPACE.set(namespace);
}

/// The fields of a log line. Never a token, a header or a body.
#[derive(Debug, Serialize)]
pub struct RequestLine<'a> {
    /// Lambda's id of the invocation.
    pub request_id: &'a str,
    /// API Gateway's id, which the caller sees as `x-amzn-requestid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_request_id: Option<&'a str>,
    /// The name of the function's binary.
    pub function: &'a str,
    /// The product's code, or the authorizer's decision.
    pub outcome: Value,
    /// The cause of a system error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<&'a str>,
    /// From the event to the response.
    #[serde(rename = "duration_ms", serialize_with = "as_millis")]
    pub duration: Duration,
}

impl RequestLine<'_> {
    /// Writes the line, with the application, the consumed capacity and the counts of the request.
    ///
    /// The counts are in CloudWatch's embedded metric format, with the dimension `function`, and `function` and `source`
    /// if there is a source.
    pub fn write(&self, metrics: &RequestMetrics) {
        let Ok(Value::Object(mut line)) = serde_json::to_value(self) else { return };
        if let Some(application) = metrics.application() {
            line.insert("application".to_owned(), application.into());
        }
        let meter = &metrics.meter;
        line.insert("read_units".to_owned(), meter.read_units().into());
        line.insert("write_units".to_owned(), meter.write_units().into());
        line.insert("store_retries".to_owned(), meter.retries().into());
        line.extend(embedded_metrics(metrics));
        let fields = Value::Object(line).to_string();
        tracing::info!(target: TARGET, fields, "request");
    }
}

/// The metrics that are not zero, and the `_aws` member by which CloudWatch extracts them.
fn embedded_metrics(metrics: &RequestMetrics) -> Map<String, Value> {
    let meter = &metrics.meter;
    #[expect(clippy::cast_precision_loss, reason = "a request counts far fewer than 2^53 of anything")]
    let counts = metrics.counts().into_iter().map(|(metric, count)| (metric.name(), count as f64));
    #[expect(clippy::cast_precision_loss, reason = "nor does it try that often")]
    let used = [("WriteUnits", meter.write_units()), ("StoreRetries", meter.retries() as f64)];
    let values: Vec<_> = counts.chain(used).filter(|(_, value)| *value > 0.0).collect();
    if values.is_empty() {
        return Map::new();
    }
    let mut fields: Map<_, _> =
        values.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let mut dimensions = vec![vec!["function"]];
    if let Some(source) = metrics.source() {
        fields.insert("source".to_owned(), source.to_string().into());
        dimensions.push(vec!["function", "source"]);
    }
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let names: Vec<_> = values.iter().map(|(name, _)| json!({"Name": name, "Unit": "Count"})).collect();
    fields.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": u64::try_from(since_1970.as_millis()).unwrap_or_default(),
            "CloudWatchMetrics": [{"Namespace": NAMESPACE.get().map_or(DEFAULT_NAMESPACE, String::as_str), "Dimensions": dimensions, "Metrics": names}],
        }),
    );
    fields
}

fn as_millis<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64() * 1000.0)
}
