//! What a request counts for the business: these become metrics.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use model::{AppId, Source};

/// Something that is counted.
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
    /// A push was of a message that was pushed before.
    PushReplays,
    /// A push was refused since its message id stands for other content.
    PushConflicts,
    /// A caller was not let in, or not to this source.
    Denials,
    /// A token was issued.
    TokensIssued,
    /// A token was revoked by its client.
    TokensRevoked,
    /// A token was not issued since its application has taken too many.
    TokensRefused,
    /// A user logged in.
    Logins,
    /// A user logged in while the inbox could not be read.
    InboxesUnread,
    /// A message was recalled.
    Recalls,
    /// A received message was sent before.
    ReceiveReplays,
    /// A message was acknowledged.
    Acknowledgements,
    /// A turn of the robot was recorded.
    TurnsRecorded,
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
        }
    }
}

/// What one request has counted so far.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<Mutex<Counted>>);

#[derive(Debug, Default)]
struct Counted {
    application: Option<String>,
    source: Option<Source>,
    counts: BTreeMap<Metric, usize>,
}

impl Tally {
    /// Counts `by` more of `metric`.
    pub fn count(&self, metric: Metric, by: usize) {
        *self.counted().counts.entry(metric).or_default() += by;
    }

    /// Notes the application that calls.
    pub(crate) fn belongs_to_application(&self, application: &AppId) {
        self.counted().application = Some(application.to_string());
    }

    pub(crate) fn application(&self) -> Option<String> {
        self.counted().application.clone()
    }

    /// Notes the third-party system that what is counted belongs to.
    pub(crate) fn belongs_to(&self, source: Source) {
        self.counted().source = Some(source);
    }

    pub(crate) fn source(&self) -> Option<Source> {
        self.counted().source
    }

    pub(crate) fn counts(&self) -> BTreeMap<Metric, usize> {
        self.counted().counts.clone()
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        // Whoever panicked while counting left the counts as good as they were.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
