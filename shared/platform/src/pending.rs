//! A page of the messages that wait for a user.

use std::time::{Duration, Instant};

use api::AnswerBudget;
use model::{
    AppId, MessageId, Timestamp, UserId,
    platform::{DeliveryRef, InboxCursor},
};
use sanitizer::sanitize;
use serde::Serialize;
use store::{
    StoreError, Table,
    push::inbox::{self, InboxPage, WaitingMessage},
};

/// How long a page may spend on sanitizing. A message takes at most 20 ms of a whole processor, and an instance has a
/// fraction of one.
const SANITIZE_WITHIN: Duration = Duration::from_secs(1);

/// Messages that wait for a user, oldest first.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pending {
    messages: Vec<PendingMessage>,
    /// Where the next page goes on; left out of the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

/// A message that waits for a user.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingMessage {
    message_id: MessageId,
    app_id: AppId,
    ack_id: String,
    /// The content as it was pushed.
    content: String,
    /// The content as sanitized HTML.
    safe_content: String,
    /// When it was accepted for this user, as `yyyy-MM-dd HH:mm:ss` in UTC+8.
    accepted_at: String,
    /// The deadline for this user, likewise.
    expire_at: String,
}

/// Why there is no page.
#[derive(Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// The table has no capacity for any message, and there is nothing else to show.
    Throttled,
    /// The inbox cannot be read.
    Store(StoreError),
}

impl From<StoreError> for Unavailable {
    fn from(error: StoreError) -> Self {
        if error.is_throttling() { Self::Throttled } else { Self::Store(error) }
    }
}

impl Pending {
    /// Reads the messages that wait for `user` at `now`, from the place `from` on: at most 20, as many as an answer holds,
    /// and as many as are sanitized within a second. Usually two round trips.
    ///
    /// A page may be short, or empty, and have a cursor all the same.
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

    /// A page without messages, whose cursor says where to start: for a caller who can go on without the inbox. The reason
    /// goes to the log.
    #[must_use]
    pub fn unread(user: &UserId, reason: &Unavailable) -> Self {
        match reason {
            Unavailable::Throttled => tracing::warn!("the inbox was not read: throttled"),
            Unavailable::Store(error) => tracing::warn!("the inbox was not read: {error}"),
        }
        Self { messages: Vec::new(), cursor: Some(InboxCursor::Start.issue(user)) }
    }

    /// Takes messages, one at a time, while the answer has room and `has_time` holds. The first message always fits: a
    /// content is far smaller than an answer.
    async fn of(page: InboxPage, user: &UserId, has_time: impl Fn() -> bool) -> Self {
        let mut messages = Vec::new();
        let mut budget = AnswerBudget::default();
        let mut place = None;
        for waiting in page.messages {
            let next_place = waiting.place();
            if !messages.is_empty() && !has_time() {
                return Self { messages, cursor: issue(place, user) };
            }
            let message = PendingMessage::new(waiting, user);
            if !budget.take(&message) {
                return Self { messages, cursor: issue(place, user) };
            }
            messages.push(message);
            place = Some(next_place);
            // The deadline of the request is kept between two messages.
            tokio::task::yield_now().await;
        }
        Self { messages, cursor: issue(page.next, user) }
    }
}

fn issue(place: Option<InboxCursor>, user: &UserId) -> Option<String> {
    place.map(|place| place.issue(user))
}

impl PendingMessage {
    fn new(waiting: WaitingMessage, user: &UserId) -> Self {
        let WaitingMessage { id, content, expire_at } = waiting;
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

    fn waiting(number: u64) -> WaitingMessage {
        let delivery = DeliveryRef {
            first_accepted_at: Timestamp::from_millis(number),
            app: AppId::parse("a").unwrap(),
            message: MessageId::parse("m").unwrap(),
        };
        let (content_hash, accepted_at) = (ContentHash::of("x"), Timestamp::from_millis(number));
        WaitingMessage {
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
            let pending = Pending::of(page, &user, has_time).await;
            assert_eq!(pending.messages.len(), taken);
            let expected = (taken < 3).then(|| waiting(taken as u64 - 1).place().issue(&user));
            assert_eq!(pending.cursor, expected);
        }
    }
}
