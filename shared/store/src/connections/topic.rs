//! Topics: the partitions of `Chat` about which connections are told.

use model::{
    ChatId, ConnectionId, Source, UserId,
    platform::{Signal, Subscription},
};

use crate::{
    dynamodb::key::{Key, Partition},
    keys,
};

/// Something about which connections are told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// The inbox of a user.
    Inbox(UserId),
    /// A chat.
    Chat(Source, ChatId),
}

impl Topic {
    /// The topic of a new item of the table `Chat`, by its key: a delivery of an inbox or a message of a chat. `None` for
    /// every other item.
    #[must_use]
    pub fn of_item(partition_key: &str, sort_key: &str) -> Option<Self> {
        keys::user_of_delivery(partition_key, sort_key).map(Self::Inbox).or_else(|| {
            keys::chat_of_message(partition_key, sort_key).map(|(source, chat)| Self::Chat(source, chat))
        })
    }

    /// The signal to the connections.
    #[must_use]
    pub fn signal(&self) -> Signal {
        match self {
            Self::Inbox(_) => Signal::Inbox,
            Self::Chat(source, chat) => Signal::Chat { source: *source, chat_id: chat.clone() },
        }
    }

    /// The topics of a subscription: the inbox, then the chats.
    pub(super) fn of_subscription(Subscription { user, chats }: &Subscription) -> impl Iterator<Item = Self> {
        let chats = chats.iter().map(|(source, chat)| Self::Chat(*source, chat.clone()));
        std::iter::once(Self::Inbox(user.clone())).chain(chats)
    }

    /// The partition of the connections that are told.
    pub(super) fn partition(&self) -> Partition {
        match self {
            Self::Inbox(user) => Partition::inbox(user),
            Self::Chat(source, chat) => Partition::chat(*source, chat),
        }
    }

    /// The item of one connection.
    pub(super) fn subscriber(&self, connection: &ConnectionId) -> Key {
        Key::subscriber(self.partition(), connection)
    }
}

#[cfg(test)]
mod tests {
    use model::BoundedText;

    use super::*;

    #[test]
    fn the_topic_of_an_item_is_an_inbox_or_a_chat_and_ids_come_back_as_they_were() {
        let user = UserId::parse("a#b%23").unwrap();
        let chat = ChatId::parse("会话#%").unwrap();
        let source = Source::try_from(7).unwrap();
        for (partition, sort_key, topic) in [
            ("INBOX#a%23b%2523", "W#1700000000000#app#m", Some(Topic::Inbox(user))),
            (
                "CHAT#7#会话%23%25",
                "MSG#0190d7b0-0000-7000-8000-000000000000",
                Some(Topic::Chat(source, chat)),
            ),
            ("INBOX#u", "A#app#m#hash", None),
            ("INBOX#u#v", "W#1#a#m", None),
            ("CHAT#1#c", "EVT#0190d7b0-0000-7000-8000-000000000000", None),
            ("CHAT#1#c", "SEQ", None),
            ("CHAT#x#c", "MSG#0", None),
            ("CHAT#1", "MSG#0", None),
            ("FEED#1", "MSG#0190d7b0-0000-7000-8000-000000000000", None),
            ("", "", None),
        ] {
            assert_eq!(Topic::of_item(partition, sort_key), topic, "{partition} {sort_key}");
        }
    }
}
