//! The stream of a table, read from its newest record on.

use std::time::{Duration, Instant};

use dynoxide::{
    Database,
    actions::{
        describe_stream::DescribeStreamRequest, get_records::GetRecordsRequest,
        get_shard_iterator::GetShardIteratorRequest, list_streams::ListStreamsRequest,
    },
};
use tokio::time::sleep;

use super::{
    EventsError,
    batches::{Batches, Record},
};
use crate::{functions::Functions, template::StreamSource};

/// The pause between two reads of a stream without new records, which a message waits for at most.
const POLL: Duration = Duration::from_millis(20);
/// dynoxide keeps all records and looks at each of them in a read. A read may take this part of the time.
const POLL_SHARE: u32 = 10;
/// The pause after a read that failed.
const FAILED_POLL: Duration = Duration::from_secs(1);

/// A stream, and the function that gets its records.
pub(super) struct Stream {
    database: Database,
    arn: String,
    /// Where the next read begins.
    iterator: String,
    batches: Batches,
}

impl Stream {
    pub(super) fn open(
        database: Database,
        source: StreamSource,
        functions: Functions,
        function: String,
    ) -> Result<Self, EventsError> {
        let failed = |reason: String| EventsError::Stream { table: source.table.clone(), reason };
        let (arn, iterator) = newest(&database, &source.table)
            .map_err(|error| failed(error.to_string()))?
            .ok_or_else(|| failed("there is none".to_owned()))?;
        Ok(Self { database, arn, iterator, batches: Batches { source, functions, function } })
    }

    pub(super) async fn run(mut self) {
        loop {
            let started = Instant::now();
            let request = GetRecordsRequest { shard_iterator: self.iterator.clone(), limit: None };
            let answer = match self.database.get_records(request) {
                Ok(answer) => answer,
                Err(error) => {
                    tracing::warn!("the stream of {}: {error}", self.batches.source.table);
                    sleep(FAILED_POLL).await;
                    continue;
                }
            };
            if let Some(next) = answer.next_shard_iterator {
                self.iterator = next;
            }
            let took = started.elapsed();
            let is_idle = answer.records.is_empty();
            let records = answer.records.iter().filter_map(|record| {
                let mut record = serde_json::to_value(record).ok()?;
                record.as_object_mut()?.insert("eventSourceARN".to_owned(), self.arn.as_str().into());
                Some(Record::new(record))
            });
            self.batches.deliver(records.collect()).await;
            if is_idle {
                sleep(POLL.max(took * POLL_SHARE)).await;
            }
        }
    }
}

/// The ARN of a table's stream, and an iterator after its newest record; `None` if there is no stream.
fn newest(database: &Database, table: &str) -> dynoxide::errors::Result<Option<(String, String)>> {
    let streams = database
        .list_streams(ListStreamsRequest { table_name: Some(table.to_owned()), ..Default::default() })?
        .streams;
    let Some(arn) = streams.into_iter().next().map(|stream| stream.stream_arn) else { return Ok(None) };
    let described =
        database.describe_stream(DescribeStreamRequest { stream_arn: arn.clone(), ..Default::default() })?;
    // dynoxide has one shard for each stream.
    let Some(shard) = described.stream_description.shards.into_iter().next() else { return Ok(None) };
    let request = GetShardIteratorRequest {
        stream_arn: arn.clone(),
        shard_id: shard.shard_id,
        shard_iterator_type: "LATEST".to_owned(),
        sequence_number: None,
    };
    let iterator = database.get_shard_iterator(request)?.shard_iterator;
    Ok(iterator.map(|iterator| (arn, iterator)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        dynamodb,
        events::test_function::TestFunction,
        template::{Pattern, TableSpec},
    };

    #[tokio::test]
    async fn each_new_record_reaches_the_function_at_once_in_the_form_of_lambda() {
        let database = dynamodb::open(None).unwrap();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let server = dynamodb::serve(listener, database.clone()).unwrap();
        let client = store::client::at_endpoint(&server.url());
        let table = |id: &str, stream: Option<&str>| TableSpec {
            id: id.to_owned(),
            attributes: vec![("pk".to_owned(), "S".to_owned())],
            key: vec![("pk".to_owned(), "HASH".to_owned())],
            ttl_attribute: None,
            stream: stream.map(str::to_owned),
        };
        // The table of an earlier version has no stream.
        dynamodb::create_tables(&client, &[table("Chat", None)]).await.unwrap();
        let function = TestFunction::new(|_, _| Ok("null".to_owned()));
        let open = || {
            let source = StreamSource {
                table: "Chat".to_owned(),
                patterns: vec![Pattern::parse(r#"{"eventName":["INSERT"]}"#).unwrap()],
                batch_size: 100,
                bisects: true,
                retries: 0,
                max_age: Duration::from_mins(1),
                reports_failures: true,
            };
            let functions = function.functions(0, Duration::from_mins(1));
            Stream::open(database.clone(), source, functions, "F".to_owned())
        };
        assert!(matches!(open(), Err(EventsError::Stream { .. })));
        dynamodb::create_tables(&client, &[table("Chat", Some("KEYS_ONLY"))]).await.unwrap();

        let put = async |key: &str| {
            let key = aws_sdk_dynamodb::types::AttributeValue::S(key.to_owned());
            client.put_item().table_name("Chat").item("pk", key).send().await.unwrap();
        };
        put("before the start").await;
        let running = tokio::spawn(open().unwrap().run());
        put("a").await;
        let started = Instant::now();
        let events = function.wait_for(1).await;
        assert!(started.elapsed() < Duration::from_millis(300), "{:?}", started.elapsed());
        put("a").await;
        put("b").await;
        let all = function.wait_for(2).await;
        running.abort();

        let of = |event: &str| serde_json::from_str::<Value>(event).unwrap()["Records"][0].clone();
        assert_eq!(of(&all[1])["dynamodb"]["Keys"], json!({"pk": {"S": "b"}}), "no record of a change");
        let (record, shown) =
            (of(&events[0]), of(include_str!("../../../events/dispatch-events/stream.json")));
        assert_eq!(record["dynamodb"]["Keys"], json!({"pk": {"S": "a"}}));
        let names = |record: &Value| record.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&record), names(&shown));
        assert_eq!(names(&record["dynamodb"]), names(&shown["dynamodb"]));
        server.stop().await;
    }
}
