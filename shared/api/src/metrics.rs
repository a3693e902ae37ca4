//! The business metrics of a request, and its consumed capacity.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use model::{AppId, Source};
use store::{Meter, Table};

/// A business metric. CloudWatch shows it by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// A `begin` or an `end` was received.
    EventsReceived,
    /// An evaluation link was received.
    EvaluationsReceived,
    /// A text was received.
    TextsReceived,
    /// An image was received.
    ImagesReceived,
    /// A file was received.
    FilesReceived,
    /// A push was accepted.
    Pushes,
    /// A delivery of a push was stored.
    Deliveries,
    /// A push repeated an earlier one.
    PushReplays,
    /// A push had a message id that was used for different content, or was recalled.
    PushConflicts,
    /// A caller was denied access to an API or a source.
    Denials,
    /// A token was issued.
    TokensIssued,
    /// A token was revoked by its client.
    TokensRevoked,
    /// A token was refused by the rate limit.
    TokensRefused,
    /// A user logged in.
    Logins,
    /// A user logged in while the inbox could not be read.
    InboxesUnread,
    /// A message was recalled.
    Recalls,
    /// A received message repeated an earlier one.
    ReceiveReplays,
    /// A message was acknowledged.
    Acknowledgements,
    /// A turn of the robot was recorded.
    TurnsRecorded,
    /// A message of a user was stored.
    UserMessages,
    /// A message of a user repeated an earlier one.
    UserMessageReplays,
    /// A message of a user was given to `sync`.
    MessagesSynced,
    /// A message of a user was posted to a webhook endpoint, which accepted it.
    MessagesDelivered,
    /// An attempt to post to a webhook endpoint failed.
    DeliveriesFailed,
    /// A webhook endpoint was disabled.
    EndpointsDisabled,
    /// The seconds since the oldest message that a webhook endpoint has not accepted.
    DeliveryLagSeconds,
    /// A ticket for the socket API was issued.
    TicketsIssued,
    /// A browser connected to the socket API.
    SocketsOpened,
    /// A connection was refused: its ticket was used, expired or unknown.
    SocketsRefused,
    /// A connection of the socket API ended.
    SocketsClosed,
    /// API Gateway accepted a signal to a browser.
    SignalsSent,
    /// A signal to a browser failed, or the connections of a topic could not be read.
    SignalsFailed,
    /// A signal was dropped by the throttle, the time limit of its batch, or the limit of a chat's connections.
    SignalsDropped,
    /// A signal met a connection that had ended.
    ConnectionsGone,
}

impl Metric {
    /// The metric's name in CloudWatch.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EventsReceived => "EventsReceived",
            Self::EvaluationsReceived => "EvaluationsReceived",
            Self::TextsReceived => "TextsReceived",
            Self::ImagesReceived => "ImagesReceived",
            Self::FilesReceived => "FilesReceived",
            Self::Pushes => "Pushes",
            Self::Deliveries => "Deliveries",
            Self::PushReplays => "PushReplays",
            Self::PushConflicts => "PushConflicts",
            Self::Denials => "Denials",
            Self::TokensIssued => "TokensIssued",
            Self::TokensRevoked => "TokensRevoked",
            Self::TokensRefused => "TokensRefused",
            Self::Logins => "Logins",
            Self::InboxesUnread => "InboxesUnread",
            Self::Recalls => "Recalls",
            Self::ReceiveReplays => "ReceiveReplays",
            Self::Acknowledgements => "Acknowledgements",
            Self::TurnsRecorded => "TurnsRecorded",
            Self::UserMessages => "UserMessages",
            Self::UserMessageReplays => "UserMessageReplays",
            Self::MessagesSynced => "MessagesSynced",
            Self::MessagesDelivered => "MessagesDelivered",
            Self::DeliveriesFailed => "DeliveriesFailed",
            Self::EndpointsDisabled => "EndpointsDisabled",
            Self::DeliveryLagSeconds => "DeliveryLagSeconds",
            Self::TicketsIssued => "TicketsIssued",
            Self::SocketsOpened => "SocketsOpened",
            Self::SocketsRefused => "SocketsRefused",
            Self::SocketsClosed => "SocketsClosed",
            Self::SignalsSent => "SignalsSent",
            Self::SignalsFailed => "SignalsFailed",
            Self::SignalsDropped => "SignalsDropped",
            Self::ConnectionsGone => "ConnectionsGone",
        }
    }
}

/// The metrics of one request, and the dimensions they have. Clones count into the same request.
#[derive(Debug, Clone, Default)]
pub struct RequestMetrics {
    pub(crate) meter: Meter,
    counters: Arc<Mutex<Counters>>,
}

#[derive(Debug, Default)]
struct Counters {
    application: Option<String>,
    source: Option<Source>,
    counts: BTreeMap<Metric, usize>,
}

impl RequestMetrics {
    /// Adds `by` to `metric`.
    pub fn count(&self, metric: Metric, by: usize) {
        *self.counters().counts.entry(metric).or_default() += by;
    }

    /// `table` with its consumed capacity counted here.
    #[must_use]
    pub fn table(&self, table: &Table) -> Table {
        table.metered(&self.meter)
    }

    /// Sets the application that the log line names.
    pub fn set_application(&self, application: &AppId) {
        self.counters().application = Some(application.to_string());
    }

    pub(crate) fn application(&self) -> Option<String> {
        self.counters().application.clone()
    }

    /// Sets the third-party system, a dimension of the counts.
    pub(crate) fn set_source(&self, source: Source) {
        self.counters().source = Some(source);
    }

    pub(crate) fn source(&self) -> Option<Source> {
        self.counters().source
    }

    pub(crate) fn counts(&self) -> BTreeMap<Metric, usize> {
        self.counters().counts.clone()
    }

    fn counters(&self) -> MutexGuard<'_, Counters> {
        // A poisoned lock is safe: counts are never half-updated.
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
