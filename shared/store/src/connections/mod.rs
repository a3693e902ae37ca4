//! Tickets and connections of the socket API: the table `Connections`.
//!
//! A ticket holds the subscription that its connection will have. A connection is one item that holds its subscription, and one
//! item in the partition of each topic, so that a signal finds the connections of its topic with one query. All of them
//! are hints: an item that is missing or stale costs a signal, and never a message.

mod subscribers;
mod tickets;
mod topic;

pub use subscribers::{Subscriber, Subscribers, find, open, remove};
pub use tickets::{put_ticket, redeem};
pub use topic::Topic;

use std::collections::BTreeSet;

use model::{ChatId, Source, UserId, platform::Subscription};
use serde::{Deserialize, Serialize};

/// A subscription as it is stored in a ticket and in a connection.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubscriptionRecord {
    user_id: UserId,
    chats: BTreeSet<(Source, ChatId)>,
    /// In epoch seconds.
    expire_at: u64,
}

impl SubscriptionRecord {
    fn until(expire_at: u64, Subscription { user, chats }: &Subscription) -> Self {
        Self { user_id: user.clone(), chats: chats.clone(), expire_at }
    }
}

impl From<SubscriptionRecord> for Subscription {
    fn from(record: SubscriptionRecord) -> Self {
        Self { user: record.user_id, chats: record.chats }
    }
}
