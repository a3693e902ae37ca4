//! A page of what waits for a user.

use std::time::Duration;

use api::AnswerBudget;
use model::{
    AppId, MessageId, Timestamp, UserId,
    platform::{InboxCursor, MessageRef},
};
use sanitizer::sanitize;
use serde::Serialize;
use store::{
    StoreError, Table,
    inbox::{self, Opened, Waiting},
};

/// The most messages of a page.
const PAGE: usize = 20;

/// How often a page is looked for among deliveries that are none any more: an answer must come.
const ROUNDS: usize = 10;

/// How long the user waits for what is cleared away.
const CLEAR_WITHIN: Duration = Duration::from_millis(500);

/// Messages that wait for a user, oldest first.
#[derive(Debug, Default, Serialize)]
pub struct Pending {
    messages: Vec<PendingMessage>,
    /// Where the next page goes on; left out of the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

/// A message that waits for a user.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingMessage {
    message_id: MessageId,
    app_id: AppId,
    /// As it was sent.
    content: String,
    /// The same, safe to show in a page.
    safe_content: String,
    /// When it was accepted for this user, as `yyyy-MM-dd HH:mm:ss` in UTC+8.
    accepted_at: String,
    /// Until when it waits, likewise.
    expire_at: String,
}

impl Pending {
    /// Reads what waits for `user` at `now`, after the place `after`: at most 20 messages, and no more than an answer
    /// holds. Two round trips; more only where there is much in the inbox that the user has already, and where there is
    /// very much of it, a page may be short and have a cursor all the same.
    ///
    /// # Errors
    /// [`StoreError`] if the table cannot be read.
    pub async fn read(
        table: &Table,
        user: &UserId,
        after: Option<&InboxCursor>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let waiting = inbox::waiting(table, user, now).await?;
        let first = waiting.partition_point(|delivery| after.is_some_and(|after| delivery.place() <= *after));
        let mut left = waiting.into_iter().skip(first).peekable();
        let mut page = Collected::default();
        for _ in 0..ROUNDS {
            let next: Vec<_> = left.by_ref().take(PAGE - page.messages.len()).collect();
            let opened = inbox::open(table, user, &next, now).await?;
            let mut acknowledged = Vec::new();
            for (delivery, opened) in next.into_iter().zip(opened) {
                match opened {
                    Opened::Content(content) => {
                        let place = delivery.place();
                        if !page.take(&delivery, content) {
                            return Ok(page.until(user));
                        }
                        page.looked_at = Some(place);
                    }
                    Opened::Acknowledged => {
                        page.looked_at = Some(delivery.place());
                        acknowledged.push(delivery);
                    }
                    Opened::Gone => page.looked_at = Some(delivery.place()),
                }
            }
            clear(table, user, acknowledged).await;
            if left.peek().is_none() {
                return Ok(Self { messages: page.messages, cursor: None });
            }
            if page.messages.len() == PAGE {
                break;
            }
        }
        Ok(page.until(user))
    }
}

/// What has been collected for a page.
#[derive(Default)]
struct Collected {
    messages: Vec<PendingMessage>,
    budget: AnswerBudget,
    /// The place after the last delivery that was looked at.
    looked_at: Option<InboxCursor>,
}

impl Collected {
    /// Takes a message if it fits the answer. The first always does: content is far smaller than an answer.
    fn take(&mut self, delivery: &Waiting, content: String) -> bool {
        let message = PendingMessage::new(delivery, content);
        let fits = self.budget.take(&message);
        if fits {
            self.messages.push(message);
        }
        fits
    }

    /// The page, after which there is another one.
    fn until(self, user: &UserId) -> Pending {
        Pending { messages: self.messages, cursor: self.looked_at.map(|place| place.issue(user)) }
    }
}

/// Clears away what a repeated push has brought back. That it takes long, or fails, is no reason to keep the user waiting:
/// whoever looks next does it.
async fn clear(table: &Table, user: &UserId, acknowledged: Vec<Waiting>) {
    if acknowledged.is_empty() {
        return;
    }
    match tokio::time::timeout(CLEAR_WITHIN, inbox::clear(table, user, acknowledged)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!("what is acknowledged was not cleared away: {error}"),
        Err(_) => tracing::debug!("what is acknowledged was not cleared away in time"),
    }
}

impl PendingMessage {
    fn new(delivery: &Waiting, content: String) -> Self {
        let MessageRef { app, message } = delivery.message.clone();
        Self {
            message_id: message,
            app_id: app,
            safe_content: sanitize(&content),
            content,
            accepted_at: delivery.accepted_at.date_time(),
            expire_at: Timestamp::from_millis(delivery.expire_at * 1000).date_time(),
        }
    }
}
