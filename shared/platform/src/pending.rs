//! A page of what waits for a user.

use api::AnswerBudget;
use model::{
    AppId, MessageId, Timestamp, UserId,
    platform::{InboxCursor, MessageRef},
};
use serde::Serialize;
use store::{
    StoreError, Table,
    inbox::{self, Opened, Waiting},
};

use crate::safe;

/// The most messages of a page.
const PAGE: usize = 20;

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
    /// holds. Two round trips; more only where there is much in the inbox that the user has already.
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
        let mut left =
            waiting.iter().skip_while(|delivery| after.is_some_and(|after| delivery.place() <= *after));
        let mut page = Self::default();
        let mut budget = AnswerBudget::default();
        let mut acknowledged = Vec::new();
        let mut end = None;
        'page: loop {
            let next: Vec<Waiting> = left.by_ref().take(PAGE - page.messages.len()).cloned().collect();
            if next.is_empty() {
                break;
            }
            let opened = inbox::open(table, user, &next, now).await?;
            for (delivery, opened) in next.into_iter().zip(opened) {
                match opened {
                    Opened::Content(content) => {
                        let message = PendingMessage::new(&delivery, content);
                        if !budget.take(&message) {
                            page.cursor = end.map(|end: InboxCursor| end.issue(user));
                            break 'page;
                        }
                        end = Some(delivery.place());
                        page.messages.push(message);
                    }
                    Opened::Acknowledged => acknowledged.push(delivery),
                    Opened::Gone => {}
                }
            }
            if page.messages.len() == PAGE {
                page.cursor = end.filter(|_| left.next().is_some()).map(|end| end.issue(user));
                break;
            }
        }
        // A repeated push has brought them back. That they cannot be cleared away now is no reason to say nothing.
        let _ = inbox::clear(table, user, acknowledged).await;
        Ok(page)
    }

    /// How many messages there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }
}

impl PendingMessage {
    fn new(delivery: &Waiting, content: String) -> Self {
        let MessageRef { app, message } = delivery.message.clone();
        Self {
            message_id: message,
            app_id: app,
            safe_content: safe(&content),
            content,
            accepted_at: delivery.accepted_at.date_time(),
            expire_at: Timestamp::from_millis(delivery.expire_at * 1000).date_time(),
        }
    }
}
