//! A page of pending messages: read from the store, sanitized, and cut where an answer ends.

use std::time::{Duration, Instant};

use api::ResponseBudget;
use model::{
    AppId, MessageId, Timestamp, UserId,
    platform::{DeliveryRef, InboxCursor},
};
use sanitizer::sanitize;
use serde::Serialize;
use store::{
    StoreError, Table,
    push::inbox::{self, InboxMessage, InboxPage},
};

/// The time that a page may spend on sanitizing. A message takes at most 20 ms of a whole processor (docs/bounds.md), and
/// an instance has a fraction of one.
const SANITIZE_WITHIN: Duration = Duration::from_secs(1);

/// Pending messages of one user, oldest content first.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct PendingPage {
    messages: Vec<PendingMessage>,
    /// Where the next page starts; absent from the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

/// One pending message, with the field names of the API.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingMessage {
    message_id: MessageId,
    app_id: AppId,
    ack_id: String,
    /// The content, byte for byte as it was pushed.
    content: String,
    /// The content as sanitized HTML.
    safe_content: String,
    /// When the push was accepted for this user: `yyyy-MM-dd HH:mm:ss` in UTC+8.
    accepted_at: String,
    /// The deadline for this user, in the same format.
    expire_at: String,
}

/// The reason why a page cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// Every content of the page was throttled. The caller should retry.
    Throttled,
    /// DynamoDB failed, or an item is corrupt.
    Store(StoreError),
}

impl From<StoreError> for Unavailable {
    fn from(error: StoreError) -> Self {
        if error.is_throttling() { Self::Throttled } else { Self::Store(error) }
    }
}

impl PendingPage {
    /// Reads the pending messages of `user` at `now`, starting at `from`. A page ends at 20 messages, at the size limit of
    /// an answer, or after one second of sanitizing. Usually two round trips.
    ///
    /// A page may be short, or empty, and still have a cursor.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn read(
        table: &Table,
        user: &UserId,
        from: &InboxCursor,
        now: Timestamp,
    ) -> Result<Self, Unavailable> {
        let page = inbox::read(table, user, from, now).await?;
        if page.messages.is_empty() && page.is_throttled && page.next.is_none() {
            return Err(Unavailable::Throttled);
        }
        let started = Instant::now();
        Ok(Self::of(page, user, || started.elapsed() < SANITIZE_WITHIN).await)
    }

    /// An empty page whose cursor points at the start of the inbox, for a caller that does not need the inbox. Logs
    /// `reason` as a warning.
    #[must_use]
    pub fn unread(user: &UserId, reason: &Unavailable) -> Self {
        match reason {
            Unavailable::Throttled => tracing::warn!("the inbox was not read: throttled"),
            Unavailable::Store(error) => tracing::warn!("the inbox was not read: {error}"),
        }
        Self { messages: Vec::new(), cursor: Some(InboxCursor::Start.issue(user)) }
    }

    /// Sanitizes one message at a time, while the answer has room and `has_time` returns true. The first message always
    /// fits, because a content is far smaller than an answer.
    async fn of(page: InboxPage, user: &UserId, has_time: impl Fn() -> bool) -> Self {
        let mut messages = Vec::new();
        let mut budget = ResponseBudget::default();
        let mut place = None;
        for waiting in page.messages {
            let next_place = waiting.cursor();
            if !messages.is_empty() && !has_time() {
                return Self { messages, cursor: issue(place, user) };
            }
            let message = PendingMessage::new(waiting, user);
            if !budget.take(&message) {
                return Self { messages, cursor: issue(place, user) };
            }
            messages.push(message);
            place = Some(next_place);
            // Lets the request's deadline timer run between two messages.
            tokio::task::yield_now().await;
        }
        Self { messages, cursor: issue(page.next, user) }
    }
}

fn issue(place: Option<InboxCursor>, user: &UserId) -> Option<String> {
    place.map(|place| place.issue(user))
}

impl PendingMessage {
    fn new(waiting: InboxMessage, user: &UserId) -> Self {
        let InboxMessage { id, content, expire_at } = waiting;
        let ack_id = id.issue(user);
        let DeliveryRef { app, message, .. } = id.delivery;
        Self {
            message_id: message,
            app_id: app,
            ack_id,
            safe_content: sanitize(&content),
            content,
            accepted_at: id.accepted_at.date_time(),
            expire_at: Timestamp::from_millis(expire_at * 1000).date_time(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use model::{BoundedText, ContentHash, platform::AckId};

    use super::*;

    fn waiting(number: u64) -> InboxMessage {
        let delivery = DeliveryRef {
            first_accepted_at: Timestamp::from_millis(number),
            app: AppId::parse("a").unwrap(),
            message: MessageId::parse("m").unwrap(),
        };
        let (content_hash, accepted_at) = (ContentHash::of("x"), Timestamp::from_millis(number));
        InboxMessage {
            id: AckId { delivery, content_hash, accepted_at },
            content: "x".to_owned(),
            expire_at: 1,
        }
    }

    #[tokio::test]
    async fn a_page_that_used_its_time_ends_with_a_cursor_after_its_last_message() {
        let user = UserId::parse("u").unwrap();
        for (looks, taken) in [(0_u32, 1), (1, 2), (2, 3), (9, 3)] {
            let page = InboxPage { messages: (0..3).map(waiting).collect(), ..InboxPage::default() };
            let left = Cell::new(looks);
            let has_time = || left.replace(left.get().saturating_sub(1)) > 0;
            let pending = PendingPage::of(page, &user, has_time).await;
            assert_eq!(pending.messages.len(), taken);
            let expected = (taken < 3).then(|| waiting(taken as u64 - 1).cursor().issue(&user));
            assert_eq!(pending.cursor, expected);
        }
    }
}
