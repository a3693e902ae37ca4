//! The records of a stream on their way to a function: filtered, in batches and in order, with Lambda's rules for failures.

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::RETRY_PAUSE;
use crate::{functions::Functions, template::StreamSource};

/// A record in the form in which Lambda gives it to a function.
#[derive(Debug, Clone)]
pub(super) struct Record {
    event: Value,
    sequence_number: String,
    created: SystemTime,
}

impl Record {
    pub(super) fn new(event: Value) -> Self {
        let change = event.get("dynamodb").unwrap_or(&Value::Null);
        let text = |name: &str| change.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let seconds = change.get("ApproximateCreationDateTime").and_then(Value::as_f64).unwrap_or_default();
        let since_1970 = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        Self { sequence_number: text("SequenceNumber"), created: SystemTime::UNIX_EPOCH + since_1970, event }
    }
}

/// How the records of a stream reach their function.
pub(super) struct Batches {
    pub(super) source: StreamSource,
    pub(super) functions: Functions,
    /// The function's logical id.
    pub(super) function: String,
}

/// Records that are given together.
struct Batch {
    records: Vec<Record>,
    retries: u32,
}

/// The outcome of a batch.
enum Outcome {
    Done,
    /// The records from this one on are to be given again.
    FailedFrom(usize),
}

/// The answer of a function that reports failures.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    batch_item_failures: Option<Vec<ItemFailure>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ItemFailure {
    item_identifier: Option<String>,
}

impl Batches {
    /// Gives the records that match to the function, in batches and in order, until each is done or given up.
    pub(super) async fn deliver(&self, records: Vec<Record>) {
        let matching: Vec<_> = records.into_iter().filter(|record| self.matches(record)).collect();
        for records in matching.chunks(self.source.batch_size) {
            self.deliver_batch(records.to_vec()).await;
        }
    }

    fn matches(&self, record: &Record) -> bool {
        let patterns = &self.source.patterns;
        patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(&record.event))
    }

    /// Splitting takes no retry. It ends, since each part is smaller.
    async fn deliver_batch(&self, records: Vec<Record>) {
        // The next batch is the last one.
        let mut batches = vec![Batch { records, retries: self.source.retries }];
        while let Some(Batch { records, retries }) = batches.pop() {
            let mut records = self.without_old(records);
            let Outcome::FailedFrom(first) = self.invoke(&records).await else { continue };
            let mut failed = records.split_off(first);
            if first > 0 {
                batches.push(Batch { records: failed, retries });
            } else if self.source.bisects && failed.len() > 1 {
                let second_half = failed.split_off(failed.len().div_ceil(2));
                batches.push(Batch { records: second_half, retries });
                batches.push(Batch { records: failed, retries });
            } else if let Some(retries) = retries.checked_sub(1) {
                sleep(RETRY_PAUSE).await;
                batches.push(Batch { records: failed, retries });
            } else {
                tracing::warn!("{}: {} records are given up", self.function, failed.len());
            }
        }
    }

    fn without_old(&self, mut records: Vec<Record>) -> Vec<Record> {
        let now = SystemTime::now();
        let all = records.len();
        records.retain(|record| {
            now.duration_since(record.created).is_ok_and(|age| age <= self.source.max_age)
                || record.created > now
        });
        if records.len() < all {
            tracing::warn!("{}: {} records are too old", self.function, all - records.len());
        }
        records
    }

    async fn invoke(&self, records: &[Record]) -> Outcome {
        if records.is_empty() {
            return Outcome::Done;
        }
        let events: Vec<_> = records.iter().map(|record| &record.event).collect();
        let event = json!({"Records": events}).to_string();
        match self.functions.invoke_while_awaited(&self.function, event).await {
            Ok(answer) if self.source.reports_failures => reported(&answer, records),
            Ok(_) => Outcome::Done,
            Err(error) => {
                tracing::warn!("{}: {error}", self.function);
                Outcome::FailedFrom(0)
            }
        }
    }
}

/// The outcome that a function reports. As on Lambda, no report is a success, and a report that cannot be read, or that names
/// no record of the batch, is a failure of the whole.
fn reported(answer: &str, records: &[Record]) -> Outcome {
    let Ok(report) = serde_json::from_str::<Option<Report>>(answer) else { return Outcome::FailedFrom(0) };
    let failures = report.unwrap_or_default().batch_item_failures.unwrap_or_default();
    let position = |failure: &ItemFailure| {
        let id = failure.item_identifier.as_deref()?;
        records.iter().position(|record| record.sequence_number == id)
    };
    let positions: Option<Vec<_>> = failures.iter().map(position).collect();
    match positions {
        Some(positions) => positions.into_iter().min().map_or(Outcome::Done, Outcome::FailedFrom),
        None => Outcome::FailedFrom(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        events::test_function::{TestFunction, failure},
        functions::Outcome as Answer,
        template::Pattern,
    };

    fn source() -> StreamSource {
        StreamSource {
            table: "T".to_owned(),
            patterns: Vec::new(),
            batch_size: 100,
            bisects: true,
            retries: 2,
            max_age: Duration::from_mins(1),
            reports_failures: true,
        }
    }

    /// A record with this number in its key and its sequence number.
    fn record(number: u32) -> Record {
        let created = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        Record::new(json!({
            "eventName": "INSERT",
            "dynamodb": {
                "Keys": {"pk": {"S": number.to_string()}},
                "SequenceNumber": number.to_string(),
                "ApproximateCreationDateTime": created,
            },
        }))
    }

    /// The numbers of an event's records.
    fn numbers(event: &str) -> Vec<u32> {
        let event: Value = serde_json::from_str(event).unwrap();
        let number = |record: &Value| record["dynamodb"]["SequenceNumber"].as_str().unwrap().parse().unwrap();
        event["Records"].as_array().unwrap().iter().map(number).collect()
    }

    /// The batches that a function gets of these records. Its answer is `null`, or of `decide`.
    async fn batches(
        source: StreamSource,
        records: Vec<Record>,
        decide: impl Fn(usize, &[u32]) -> Answer + Send + Sync + 'static,
    ) -> Vec<Vec<u32>> {
        let function = TestFunction::new(move |number, event| decide(number, &numbers(event)));
        let functions = function.functions(0, Duration::from_mins(1));
        Batches { source, functions, function: "F".to_owned() }.deliver(records).await;
        function.events().iter().map(|event| numbers(event)).collect()
    }

    fn done() -> String {
        "null".to_owned()
    }

    fn report(failed: &[u32]) -> String {
        let failures = failed.iter().map(|number| json!({"itemIdentifier": number.to_string()}));
        json!({"batchItemFailures": failures.collect::<Vec<_>>()}).to_string()
    }

    #[tokio::test]
    async fn matching_records_are_given_in_order_in_batches_of_the_greatest_size() {
        let patterns = ["1", "2"].map(|prefix| {
            let pattern = json!({"dynamodb": {"Keys": {"pk": {"S": [{"prefix": prefix}]}}}});
            Pattern::parse(&pattern.to_string()).unwrap()
        });
        let source = StreamSource { patterns: patterns.to_vec(), batch_size: 3, ..source() };
        let records = [10, 30, 11, 20, 31, 12, 21].map(record).to_vec();
        assert_eq!(
            batches(source.clone(), records, |_, _| Ok(done())).await,
            [vec![10, 11, 20], vec![12, 21]]
        );
        assert_eq!(batches(source, vec![record(3)], |_, _| Ok(done())).await, [] as [Vec<u32>; 0]);
    }

    #[tokio::test]
    async fn a_batch_is_given_again_from_the_first_record_that_failed() {
        let records = || [1, 2, 3, 4].map(record).to_vec();
        let third_fails = |number, _: &[u32]| if number == 0 { Ok(report(&[4, 3])) } else { Ok(report(&[])) };
        assert_eq!(batches(source(), records(), third_fails).await, [vec![1, 2, 3, 4], vec![3, 4]]);
        let ignored = StreamSource { reports_failures: false, ..source() };
        assert_eq!(batches(ignored, records(), third_fails).await, [vec![1, 2, 3, 4]]);
    }

    #[tokio::test]
    async fn a_report_without_failures_is_a_success_and_one_that_cannot_be_read_a_failure() {
        for answer in ["null", "{}", r#"{"batchItemFailures":null}"#, r#"{"batchItemFailures":[]}"#] {
            let given = batches(source(), vec![record(1)], |_, _| Ok(answer.to_owned())).await;
            assert_eq!(given, [[1]], "{answer}");
        }
        for answer in [
            "",
            "[1]",
            r#"{"batchItemFailures":1}"#,
            r#"{"batchItemFailures":[{}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"2"}]}"#,
        ] {
            let given = batches(source(), vec![record(1)], |_, _| Ok(answer.to_owned())).await;
            assert_eq!(given, [[1], [1], [1]], "{answer}");
        }
    }

    #[tokio::test]
    async fn a_poisoned_record_is_found_by_halves_and_given_up_and_every_other_arrives() {
        for reports in [true, false] {
            let given = batches(source(), (1..=8).map(record).collect(), move |_, records| {
                match records.iter().position(|number| *number == 6) {
                    Some(0) if reports => Ok(report(&[6])),
                    Some(_) => Err(failure()),
                    None => Ok(done()),
                }
            })
            .await;
            let expected: [&[u32]; 9] = [
                &[1, 2, 3, 4, 5, 6, 7, 8],
                &[1, 2, 3, 4],
                &[5, 6, 7, 8],
                &[5, 6],
                &[5],
                &[6],
                &[6],
                &[6],
                &[7, 8],
            ];
            assert_eq!(given, expected, "{reports}");
        }
    }

    #[tokio::test]
    async fn a_failed_batch_that_is_not_split_is_given_up_as_a_whole_after_its_retries() {
        let source = StreamSource { bisects: false, batch_size: 2, ..source() };
        let records = [1, 2, 3].map(record).to_vec();
        let given = batches(
            source,
            records,
            |_, records| if records.contains(&1) { Err(failure()) } else { Ok(done()) },
        );
        assert_eq!(given.await, [vec![1, 2], vec![1, 2], vec![1, 2], vec![3]]);
    }

    #[tokio::test]
    async fn a_record_that_is_too_old_is_given_up_before_each_attempt() {
        let old = |seconds| {
            let mut record = record(1);
            record.created -= Duration::from_secs(seconds);
            record
        };
        let given = batches(source(), vec![old(62), record(2), old(58)], |_, _| Ok(done())).await;
        assert_eq!(given, [[2, 1]]);
        let source = StreamSource { retries: 1_000, max_age: Duration::from_secs(1), ..source() };
        let given = batches(source, vec![record(1)], |_, _| Err(failure())).await;
        assert!(given.len() < 50, "{}", given.len());
    }
}
