//! What invokes a function besides an API: a stream, a schedule, asynchronous invocations.

use std::time::Duration;

use serde::Deserialize;

use super::{Pattern, TemplateError};

/// An event source that invokes a function by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventSource {
    /// The stream of a table.
    Stream(StreamSource),
    /// A schedule.
    Schedule {
        /// The time from one event to the next.
        interval: Duration,
    },
}

/// The stream of a table, and how Lambda reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSource {
    /// The table's logical id.
    pub table: String,
    /// A record is given to the function if it matches one of them.
    pub patterns: Vec<Pattern>,
    /// In records.
    pub batch_size: usize,
    /// Whether a batch that fails is split in two.
    pub bisects: bool,
    /// How often a batch that fails is given again. Splitting does not count.
    pub retries: u32,
    /// Older records are given up.
    pub max_age: Duration,
    /// Whether the function's answer lists the records that failed.
    pub reports_failures: bool,
}

/// How Lambda retries an asynchronous invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsyncInvocation {
    /// How often a failed invocation is repeated.
    pub retries: u32,
    /// An older event is given up.
    pub max_age: Duration,
}

/// A member of a function's `Events`.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "Type", content = "Properties")]
pub(super) enum Event {
    Api(ApiEvent),
    DynamoDB(StreamEvent),
    Schedule(ScheduleEvent),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ApiEvent {
    pub(super) rest_api_id: String,
    pub(super) path: String,
    pub(super) method: String,
}

/// Every property has to be there, so that no default of Lambda is missed: by default it retries until the record expires.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct StreamEvent {
    stream: GetAtt,
    #[serde(rename = "StartingPosition")]
    _starting_position: StartingPosition,
    batch_size: usize,
    maximum_batching_window_in_seconds: u64,
    parallelization_factor: u64,
    bisect_batch_on_function_error: bool,
    maximum_retry_attempts: u32,
    maximum_record_age_in_seconds: u64,
    function_response_types: Vec<FunctionResponseType>,
    filter_criteria: FilterCriteria,
}

/// `Fn::GetAtt` of a resource's attribute.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct GetAtt {
    /// The logical id, and the attribute.
    #[serde(rename = "Fn::GetAtt")]
    pub(super) path: (String, String),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum StartingPosition {
    Latest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum FunctionResponseType {
    ReportBatchItemFailures,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct FilterCriteria {
    filters: Vec<Filter>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Filter {
    pattern: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ScheduleEvent {
    schedule: String,
}

/// Lambda's defaults where a property is missing.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct EventInvokeConfig {
    maximum_retry_attempts: Option<u32>,
    maximum_event_age_in_seconds: Option<u64>,
}

impl TryFrom<StreamEvent> for StreamSource {
    type Error = TemplateError;

    fn try_from(event: StreamEvent) -> Result<Self, TemplateError> {
        let (table, attribute) = event.stream.path;
        if attribute != "StreamArn" {
            return Err(TemplateError(format!("{table}.{attribute} is not a stream")));
        }
        if (event.maximum_batching_window_in_seconds, event.parallelization_factor) != (0, 1) {
            return Err(TemplateError(format!(
                "{table}: batches that wait, or several at once, are not known here"
            )));
        }
        let filters = event.filter_criteria.filters.iter();
        Ok(Self {
            table,
            patterns: filters.map(|filter| Pattern::parse(&filter.pattern)).collect::<Result<_, _>>()?,
            batch_size: event.batch_size.max(1),
            bisects: event.bisect_batch_on_function_error,
            retries: event.maximum_retry_attempts,
            max_age: Duration::from_secs(event.maximum_record_age_in_seconds),
            reports_failures: event
                .function_response_types
                .contains(&FunctionResponseType::ReportBatchItemFailures),
        })
    }
}

impl TryFrom<ScheduleEvent> for EventSource {
    type Error = TemplateError;

    /// Reads `rate(N UNIT)`; schedules of cron are not known here.
    fn try_from(ScheduleEvent { schedule }: ScheduleEvent) -> Result<Self, TemplateError> {
        let rate = schedule.strip_prefix("rate(").and_then(|rate| rate.strip_suffix(')'));
        let interval = rate.and_then(|rate| rate.split_once(' ')).and_then(|(number, unit)| {
            let minutes = match unit.trim_end_matches('s') {
                "minute" => 1,
                "hour" => 60,
                "day" => 24 * 60,
                _ => return None,
            };
            let number = number.parse::<u64>().ok().filter(|number| *number > 0)?;
            Some(Duration::from_secs(number.checked_mul(minutes * 60)?))
        });
        let interval =
            interval.ok_or_else(|| TemplateError(format!("the schedule {schedule} is not known here")))?;
        Ok(Self::Schedule { interval })
    }
}

impl From<EventInvokeConfig> for AsyncInvocation {
    fn from(config: EventInvokeConfig) -> Self {
        const DEFAULT_RETRIES: u32 = 2;
        const DEFAULT_MAX_AGE: Duration = Duration::from_hours(6);
        Self {
            retries: config.maximum_retry_attempts.unwrap_or(DEFAULT_RETRIES),
            max_age: config.maximum_event_age_in_seconds.map_or(DEFAULT_MAX_AGE, Duration::from_secs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TEMPLATE, template::Template};

    fn sources_of(template: &str, id: &str) -> Vec<EventSource> {
        let template = Template::parse(template).unwrap();
        template.functions.into_iter().find(|function| function.id == id).unwrap().sources
    }

    #[test]
    fn a_function_has_its_streams_and_schedules() {
        let pattern = r#"{"eventName":["INSERT"],"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"FEED#"}]}}}}"#;
        let stream = StreamSource {
            table: "ChatTable".to_owned(),
            patterns: vec![Pattern::parse(pattern).unwrap()],
            batch_size: 100,
            bisects: true,
            retries: 2,
            max_age: Duration::from_mins(1),
            reports_failures: true,
        };
        let schedule = EventSource::Schedule { interval: Duration::from_mins(1) };
        assert_eq!(sources_of(TEMPLATE, "DispatchEventsFunction"), [EventSource::Stream(stream), schedule]);
        assert_eq!(sources_of(TEMPLATE, "ReceiveMessageFunction"), []);
        let daily = TEMPLATE.replace("rate(1 minute)", "rate(2 days)");
        assert_eq!(
            sources_of(&daily, "DispatchEventsFunction")[1],
            EventSource::Schedule { interval: Duration::from_hours(48) }
        );
    }

    #[test]
    fn asynchronous_invocations_have_the_retries_of_the_template_or_of_lambda() {
        let functions = Template::parse(TEMPLATE).unwrap().functions;
        let of = |id: &str| functions.iter().find(|function| function.id == id).unwrap().asynchronous;
        let (of_template, of_lambda) = (Duration::from_mins(1), Duration::from_hours(6));
        for id in ["DeliverEventsFunction", "DispatchEventsFunction"] {
            assert_eq!(of(id), AsyncInvocation { retries: 0, max_age: of_template });
        }
        assert_eq!(of("ReceiveMessageFunction"), AsyncInvocation { retries: 2, max_age: of_lambda });
    }

    #[test]
    fn an_event_that_is_not_known_here_is_an_error_that_names_its_function() {
        for (written, instead) in [
            ("Type: Schedule", "Type: SQS"),
            ("Type: DynamoDB", "Type: Kinesis"),
            ("{Schedule: rate(1 minute)}", "{Schedule: cron(0 * * * ? *)}"),
            ("{Schedule: rate(1 minute)}", "{Schedule: rate(0 minutes)}"),
            ("{Schedule: rate(1 minute)}", "{Schedule: rate(1 fortnight)}"),
            ("{Schedule: rate(1 minute)}", "{Schedule: rate(1 minute), Input: '{}'}"),
            ("StartingPosition: LATEST", "StartingPosition: TRIM_HORIZON"),
            ("MaximumBatchingWindowInSeconds: 0", "MaximumBatchingWindowInSeconds: 1"),
            ("ParallelizationFactor: 1", "ParallelizationFactor: 2"),
            ("            MaximumRetryAttempts: 2\n", ""),
            ("            MaximumRetryAttempts: 2\n", "            MaximumRetryAttempts: -1\n"),
            (
                "            BatchSize: 100\n",
                "            BatchSize: 100\n            TumblingWindowInSeconds: 1\n",
            ),
            ("[{\"prefix\":\"FEED#\"}]", "[{\"anything-but\":\"FEED#\"}]"),
            ("!GetAtt ChatTable.StreamArn", "!GetAtt ChatTable.Arn"),
            ("MaximumEventAgeInSeconds: 60", "DestinationConfig: {}"),
        ] {
            assert!(TEMPLATE.contains(written), "{written}");
            let error = Template::parse(&TEMPLATE.replace(written, instead)).unwrap_err().to_string();
            assert!(error.contains("Function"), "{instead}: {error}");
        }
    }

    #[test]
    fn a_stream_needs_a_table_that_has_one_and_a_resource_a_known_type() {
        for (written, instead, named) in [
            ("!GetAtt ChatTable.StreamArn", "!GetAtt AccessTable.StreamArn", "AccessTable"),
            ("      StreamSpecification:\n        StreamViewType: KEYS_ONLY\n", "", "ChatTable"),
            ("Type: AWS::CloudWatch::Dashboard", "Type: AWS::SQS::Queue", "Dashboard"),
        ] {
            assert!(TEMPLATE.contains(written), "{written}");
            let error = Template::parse(&TEMPLATE.replace(written, instead)).unwrap_err().to_string();
            assert!(error.contains(named), "{instead}: {error}");
        }
    }
}
