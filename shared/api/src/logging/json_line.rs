//! The format of a log line: Lambda's JSON log format, plus CloudWatch's embedded metrics, whose nested objects a `tracing`
//! event cannot hold.

use std::fmt;

use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    registry::LookupSpan,
};

/// The field of an event that holds further fields, as the text of a JSON object.
const FIELDS: &str = "fields";

/// Writes an event as one JSON object: `timestamp`, `level`, `message` and the event's fields.
#[derive(Debug)]
pub(super) struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'l> LookupSpan<'l>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut timestamp = String::new();
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        let mut line = Line(Map::new());
        line.0.insert("timestamp".to_owned(), timestamp.into());
        line.0.insert("level".to_owned(), event.metadata().level().as_str().into());
        event.record(&mut line);
        writeln!(writer, "{}", Value::Object(line.0))
    }
}

struct Line(Map<String, Value>);

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        let fields = (field.name() == FIELDS).then(|| serde_json::from_str(value));
        match fields {
            Some(Ok(Value::Object(fields))) => self.0.extend(fields),
            _ => _ = self.0.insert(field.name().to_owned(), value.into()),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }
}
