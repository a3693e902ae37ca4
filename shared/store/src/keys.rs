//! The key of every item. The front page of this crate lists the items.

use model::{
    AppId, BoundedText, ChatId, ClientId, ConnectionId, ContentHash, EntryId, MessageId, MsgId, Source,
    Timestamp, UserId, UserMessageId, oauth::TokenHash, platform::DeliveryRef, sha256_hex,
};

use crate::{
    dynamodb::{
        error::StoreError,
        key::{ItemKind, Key, Partition},
        operation::QUERY,
    },
    record_id::RecordId,
};

/// An application, in [`Partition::applications`].
pub(crate) const APPLICATION: ItemKind = ItemKind("APP");
/// An entry of an application's audit log.
pub(crate) const AUDIT: ItemKind = ItemKind("AUDIT");
/// A token in its application's partition.
pub(crate) const ISSUED_TOKEN: ItemKind = ItemKind("TOKEN");
const ISSUED_COUNT: ItemKind = ItemKind("ISSUED");
/// A message of a chat.
pub(crate) const MESSAGE: ItemKind = ItemKind("MSG");
/// A `begin` or `end` of a chat, stored a second time.
pub(crate) const EVENT: ItemKind = ItemKind("EVT");
const USED_ID: ItemKind = ItemKind("ID");
/// The recipients of one push request.
pub(crate) const RECIPIENTS: ItemKind = ItemKind("TO");
const RECALLED: ItemKind = ItemKind("RECALLED");
/// A delivery in an inbox.
pub(crate) const DELIVERY: ItemKind = ItemKind("W");
const ACKNOWLEDGEMENT: ItemKind = ItemKind("A");
/// An endpoint, in [`Partition::endpoints`].
pub(crate) const ENDPOINT: ItemKind = ItemKind("SOURCE");
/// A connection in the partition of a topic.
pub(crate) const CONNECTION: ItemKind = ItemKind("CONN");
/// The kinds of partitions that are read from the keys of a stream's records.
const FEED: &str = "FEED";
const CHAT: &str = "CHAT";
const INBOX: &str = "INBOX";

impl Partition {
    /// All applications: one partition, because they are few and are rarely written.
    pub(crate) fn applications() -> Self {
        Self::new("APPS", &[])
    }

    /// An application's audit log, tokens and token counters.
    pub(crate) fn application(app: &AppId) -> Self {
        Self::new("APP", &[app.as_str()])
    }

    fn token(hash: &TokenHash) -> Self {
        Self::new("TOKEN", &[&hash.to_string()])
    }

    /// A chat; in the table `Connections` the connections that watch it.
    pub(crate) fn chat(source: Source, chat: &ChatId) -> Self {
        Self::new(CHAT, &[&source.to_string(), chat.as_str()])
    }

    /// The messages of all users of a source.
    pub(crate) fn feed(source: Source) -> Self {
        Self::new(FEED, &[&source.to_string()])
    }

    pub(crate) fn chat_log(source: Source, chat: &ChatId) -> Self {
        Self::new("LOG", &[&source.to_string(), chat.as_str()])
    }

    /// The used entry ids of a chat log: another partition, so that readers of the log do not read them.
    fn chat_log_ids(source: Source, chat: &ChatId) -> Self {
        Self::new("ENTRY", &[&source.to_string(), chat.as_str()])
    }

    fn user(source: Source, client: &ClientId) -> Self {
        Self::new("USER", &[&source.to_string(), client.as_str()])
    }

    /// A pushed message: its content, and the recipients of each request.
    pub(crate) fn push(app: &AppId, message: &MessageId) -> Self {
        Self::new("PUSH", &[app.as_str(), message.as_str()])
    }

    /// All webhook endpoints: one partition, because they are few and are rarely written.
    pub(crate) fn endpoints() -> Self {
        Self::new("ENDPOINTS", &[])
    }

    /// A user's deliveries and acknowledgements; in the table `Connections` the connections of the user.
    pub(crate) fn inbox(user: &UserId) -> Self {
        Self::new(INBOX, &[user.as_str()])
    }
}

impl Key {
    pub(crate) fn application(app: &AppId) -> Self {
        Partition::applications().item(APPLICATION.sort_key(&[app.as_str()]))
    }

    pub(crate) fn audit_entry(app: &AppId, id: RecordId) -> Self {
        Partition::application(app).item(AUDIT.sort_key(&[&id.to_string()]))
    }

    pub(crate) fn issued_token(app: &AppId, hash: &TokenHash) -> Self {
        Partition::application(app).item(ISSUED_TOKEN.sort_key(&[&hash.to_string()]))
    }

    /// The counter of tokens in one minute, which is counted from the epoch.
    pub(crate) fn issued_count(app: &AppId, minute: u64) -> Self {
        Partition::application(app).item(ISSUED_COUNT.sort_key(&[&minute.to_string()]))
    }

    pub(crate) fn token(hash: &TokenHash) -> Self {
        Partition::token(hash).item("TOKEN".to_owned())
    }

    pub(crate) fn message(source: Source, chat: &ChatId, id: RecordId) -> Self {
        Partition::chat(source, chat).item(message_sort_key(id))
    }

    pub(crate) fn event(source: Source, chat: &ChatId, id: RecordId) -> Self {
        Partition::chat(source, chat).item(EVENT.sort_key(&[&id.to_string()]))
    }

    /// The number of the last message of the user.
    pub(crate) fn user_counter(source: Source, chat: &ChatId) -> Self {
        Partition::chat(source, chat).item("SEQ".to_owned())
    }

    /// The mark of a used `messageId` of the user.
    pub(crate) fn used_user_message_id(source: Source, chat: &ChatId, id: &UserMessageId) -> Self {
        Partition::chat(source, chat).item(USED_ID.sort_key(&["u", id.as_str()]))
    }

    /// A user's message in the feed of its source.
    pub(crate) fn feed_entry(source: Source, id: RecordId) -> Self {
        Partition::feed(source).item(message_sort_key(id))
    }

    /// The mark of a used `msgId`. Each application has its own ids.
    pub(crate) fn used_message_id(source: Source, chat: &ChatId, app: &AppId, id: &MsgId) -> Self {
        Partition::chat(source, chat).item(USED_ID.sort_key(&["a", app.as_str(), id.as_str()]))
    }

    pub(crate) fn turn(source: Source, chat: &ChatId, at: Timestamp, id: RecordId) -> Self {
        Partition::chat_log(source, chat).item(format!("{}#{id}", digits(at)))
    }

    /// The mark of a used `entryId`.
    pub(crate) fn used_entry_id(source: Source, chat: &ChatId, entry: &EntryId) -> Self {
        Partition::chat_log_ids(source, chat).item(USED_ID.sort_key(&[entry.as_str()]))
    }

    pub(crate) fn user(source: Source, client: &ClientId) -> Self {
        Partition::user(source, client).item("INFO".to_owned())
    }

    pub(crate) fn content(app: &AppId, message: &MessageId) -> Self {
        Partition::push(app, message).item("CONTENT".to_owned())
    }

    /// The mark of a recall. It holds the content's first acceptance, because an id may be recalled, lapse, and be used and
    /// recalled again.
    pub(crate) fn recalled(app: &AppId, message: &MessageId, first_accepted_at: Timestamp) -> Self {
        Partition::push(app, message).item(RECALLED.sort_key(&[&digits(first_accepted_at)]))
    }

    /// The recipients of one push request. `request` is a [`request_hash`].
    pub(crate) fn recipients(app: &AppId, message: &MessageId, request: &str) -> Self {
        Partition::push(app, message).item(recipients_sort_key(request))
    }

    /// The endpoint of an application for a source.
    pub(crate) fn endpoint(source: Source, app: &AppId) -> Self {
        Partition::endpoints().item(endpoint_sort_key(source, app))
    }

    /// The progress of the deliveries to an endpoint.
    pub(crate) fn progress(source: Source, app: &AppId) -> Self {
        Partition::new("ENDPOINT", &[&source.to_string(), app.as_str()]).item("PROGRESS".to_owned())
    }

    /// The signing secrets of an application.
    pub(crate) fn signing_secrets(app: &AppId) -> Self {
        Partition::new("SECRETS", &[app.as_str()]).item("SECRETS".to_owned())
    }

    /// A ticket, by its SHA-256.
    pub(crate) fn ticket(hash: &str) -> Self {
        Partition::new("TICKET", &[hash]).item("TICKET".to_owned())
    }

    /// The subscription of a connection.
    pub(crate) fn connection(id: &ConnectionId) -> Self {
        Partition::new(CONNECTION.0, &[id.as_str()]).item(CONNECTION.0.to_owned())
    }

    /// A connection in the partition of a topic.
    pub(crate) fn subscriber(topic: Partition, id: &ConnectionId) -> Self {
        topic.item(CONNECTION.sort_key(&[id.as_str()]))
    }

    pub(crate) fn delivery(user: &UserId, delivery: &DeliveryRef) -> Self {
        Partition::inbox(user).item(delivery_sort_key(delivery))
    }

    pub(crate) fn acknowledgement(
        user: &UserId,
        app: &AppId,
        message: &MessageId,
        content: &ContentHash,
    ) -> Self {
        let ids = [app.as_str(), message.as_str(), content.as_str()];
        Partition::inbox(user).item(ACKNOWLEDGEMENT.sort_key(&ids))
    }
}

pub(crate) fn endpoint_sort_key(source: Source, app: &AppId) -> String {
    ENDPOINT.sort_key(&[&source.to_string(), app.as_str()])
}

pub(crate) fn message_sort_key(id: RecordId) -> String {
    MESSAGE.sort_key(&[&id.to_string()])
}

/// The id in the sort key of a [`MESSAGE`] or an [`EVENT`].
pub(crate) fn record_id(kind: ItemKind, sort_key: &str) -> Result<RecordId, StoreError> {
    let [id] = kind.ids(sort_key, QUERY)?;
    RecordId::parse(&id).ok_or_else(corrupt)
}

/// The source in the partition key of a feed; `None` for another partition.
pub(crate) fn source_of_feed(partition_key: &str) -> Option<Source> {
    let [source] = ids(partition_key, FEED)?;
    parse_source(&source)
}

/// The user in the key of a delivery; `None` for another item.
pub(crate) fn user_of_delivery(partition_key: &str, sort_key: &str) -> Option<UserId> {
    let [user] = ids(partition_key, INBOX)?;
    UserId::parse(&user).ok().filter(|_| sort_key.starts_with(&DELIVERY.prefix()))
}

/// The chat in the key of a message; `None` for another item.
pub(crate) fn chat_of_message(partition_key: &str, sort_key: &str) -> Option<(Source, ChatId)> {
    let [source, chat] = ids(partition_key, CHAT)?;
    let chat = ChatId::parse(&chat).ok().filter(|_| sort_key.starts_with(&MESSAGE.prefix()))?;
    Some((parse_source(&source)?, chat))
}

/// The connection in the sort key of a [`CONNECTION`].
pub(crate) fn connection_id(sort_key: &str) -> Result<ConnectionId, StoreError> {
    let [id] = CONNECTION.ids(sort_key, QUERY)?;
    ConnectionId::parse(&id).map_err(|_| corrupt())
}

/// The ids in a partition key of a kind; `None` for another kind or another number of ids.
fn ids<const N: usize>(partition_key: &str, kind: &'static str) -> Option<[String; N]> {
    ItemKind(kind).ids(partition_key, QUERY).ok()
}

fn parse_source(number: &str) -> Option<Source> {
    Source::try_from(number.parse::<u32>().ok()?).ok()
}

/// The moment in the sort key of a turn.
pub(crate) fn turn_moment(sort_key: &str) -> Result<Timestamp, StoreError> {
    let millis = sort_key.split_once('#').and_then(|(millis, _)| millis.parse().ok());
    millis.map(Timestamp::from_millis).ok_or_else(corrupt)
}

pub(crate) fn recipients_sort_key(request: &str) -> String {
    RECIPIENTS.sort_key(&[request])
}

/// The request hash in the sort key of recipients.
pub(crate) fn request_of_recipients(sort_key: &str) -> Result<String, StoreError> {
    let [request] = RECIPIENTS.ids(sort_key, QUERY)?;
    Ok(request)
}

/// The SHA-256 of the users of one push request, sorted: a repeat of the request has the same key.
pub(crate) fn request_hash(sorted_users: &[UserId]) -> String {
    // No user id contains a comma, because commas separate the ids of a push.
    sha256_hex(sorted_users.iter().map(UserId::as_str).collect::<Vec<_>>().join(","))
}

/// Sorts by the content's first acceptance. A repeat of a push finds the same key.
pub(crate) fn delivery_sort_key(delivery: &DeliveryRef) -> String {
    let first = digits(delivery.first_accepted_at);
    DELIVERY.sort_key(&[&first, delivery.app.as_str(), delivery.message.as_str()])
}

/// The delivery with this sort key.
pub(crate) fn parse_delivery(sort_key: &str) -> Result<DeliveryRef, StoreError> {
    let [first, app, message] = DELIVERY.ids(sort_key, QUERY)?;
    Ok(DeliveryRef {
        first_accepted_at: Timestamp::from_millis(first.parse().map_err(|_| corrupt())?),
        app: AppId::parse(&app).map_err(|_| corrupt())?,
        message: MessageId::parse(&message).map_err(|_| corrupt())?,
    })
}

/// Milliseconds in 13 digits, which sort as the moments do until the year 2286.
fn digits(moment: Timestamp) -> String {
    format!("{:013}", moment.millis())
}

fn corrupt() -> StoreError {
    StoreError::corrupt_item(QUERY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id<T: BoundedText>(text: &str) -> T {
        T::parse(text).unwrap()
    }

    #[test]
    fn every_key_has_the_shape_of_the_item_table() {
        let (app, chat) = (id::<AppId>("a#1"), id::<ChatId>("c"));
        let (user, message) = (id::<UserId>("u"), id::<MessageId>("m%"));
        let (source, at, record) = (Source::DEFAULT, Timestamp::from_millis(7), RecordId::fixed(1));
        let (uuid, hash) = ("00000000-0000-0000-0000-000000000001", "0".repeat(64));
        let token = TokenHash::try_from(hash.clone()).unwrap();
        let content = ContentHash::try_from(hash.clone()).unwrap();
        let delivery = DeliveryRef { first_accepted_at: at, app: app.clone(), message: message.clone() };
        for (key, pk, sk) in [
            (Key::application(&app), "APPS", "APP#a%231".to_owned()),
            (Key::audit_entry(&app, record), "APP#a%231", format!("AUDIT#{uuid}")),
            (Key::issued_token(&app, &token), "APP#a%231", format!("TOKEN#{hash}")),
            (Key::issued_count(&app, 9), "APP#a%231", "ISSUED#9".to_owned()),
            (Key::token(&token), &format!("TOKEN#{hash}"), "TOKEN".to_owned()),
            (Key::message(source, &chat, record), "CHAT#1#c", format!("MSG#{uuid}")),
            (Key::event(source, &chat, record), "CHAT#1#c", format!("EVT#{uuid}")),
            (Key::used_message_id(source, &chat, &app, &id("i")), "CHAT#1#c", "ID#a#a%231#i".to_owned()),
            (Key::user_counter(source, &chat), "CHAT#1#c", "SEQ".to_owned()),
            (Key::used_user_message_id(source, &chat, &id("a#1")), "CHAT#1#c", "ID#u#a%231".to_owned()),
            (Key::feed_entry(source, record), "FEED#1", format!("MSG#{uuid}")),
            (Key::endpoint(source, &app), "ENDPOINTS", "SOURCE#1#a%231".to_owned()),
            (Key::progress(source, &app), "ENDPOINT#1#a%231", "PROGRESS".to_owned()),
            (Key::signing_secrets(&app), "SECRETS#a%231", "SECRETS".to_owned()),
            (Key::ticket(&hash), &format!("TICKET#{hash}"), "TICKET".to_owned()),
            (Key::connection(&id("L0=")), "CONN#L0=", "CONN".to_owned()),
            (Key::subscriber(Partition::inbox(&user), &id("L0=")), "INBOX#u", "CONN#L0=".to_owned()),
            (Key::subscriber(Partition::chat(source, &chat), &id("L0=")), "CHAT#1#c", "CONN#L0=".to_owned()),
            (Key::turn(source, &chat, at, record), "LOG#1#c", format!("0000000000007#{uuid}")),
            (Key::used_entry_id(source, &chat, &id("e")), "ENTRY#1#c", "ID#e".to_owned()),
            (Key::user(source, &id("u")), "USER#1#u", "INFO".to_owned()),
            (Key::content(&app, &message), "PUSH#a%231#m%25", "CONTENT".to_owned()),
            (Key::recalled(&app, &message, at), "PUSH#a%231#m%25", "RECALLED#0000000000007".to_owned()),
            (Key::recipients(&app, &message, &hash), "PUSH#a%231#m%25", format!("TO#{hash}")),
            (Key::delivery(&user, &delivery), "INBOX#u", "W#0000000000007#a%231#m%25".to_owned()),
            (
                Key::acknowledgement(&user, &app, &message, &content),
                "INBOX#u",
                format!("A#a%231#m%25#{hash}"),
            ),
        ] {
            let item = key.into_item();
            assert_eq!(item["pk"].as_s().unwrap(), pk);
            assert_eq!(item["sk"].as_s().unwrap(), &sk);
        }
    }

    #[test]
    fn a_source_comes_back_from_the_partition_of_its_feed_alone() {
        let feed = Partition::feed(Source::DEFAULT);
        assert_eq!(source_of_feed(feed.as_str()), Some(Source::DEFAULT));
        for other in ["", "FEED", "FEED#", "FEED#0", "FEED#x", "FEED#1#1", "FEEDS#1", "CHAT#1", "CHAT#FEED#1"]
        {
            assert_eq!(source_of_feed(other), None, "{other}");
        }
    }

    #[test]
    fn a_delivery_comes_back_from_its_sort_key() {
        let delivery =
            DeliveryRef { first_accepted_at: Timestamp::from_millis(7), app: id("a#b"), message: id("m%23") };
        assert_eq!(parse_delivery(&delivery_sort_key(&delivery)), Ok(delivery));
    }
}
