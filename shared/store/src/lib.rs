//! The store: every item in DynamoDB. No other crate knows keys or attributes.
//!
//! There are four on-demand tables, `Access`, `Chat`, `Webhooks` and `Connections`. Each has a partition key `pk`, a sort key `sk` and the TTL attribute
//! `expireAt`, in epoch seconds. TTL deletes an item up to days late, so every read drops expired items, by a clock that
//! the caller passes in. Other times are epoch milliseconds. Ids in keys are escaped.
//!
//! # Table `Access`
//!
//! | item | pk | sk | attributes | TTL |
//! |---|---|---|---|---|
//! | application | `APPS` | `APP#<appId>` | the fields of [`model::oauth::Application`], version | none |
//! | audit entry | `APP#<appId>` | `AUDIT#<UUIDv7>` | at, who, what | none |
//! | token of an application | same | `TOKEN#<SHA-256>` | hash, scopes, issuedAt | end of its lifetime |
//! | tokens issued in a minute | same | `ISSUED#<minute since the epoch>` | issued | end of the minute |
//! | token | `TOKEN#<SHA-256>` | `TOKEN` | appId, scopes, sources, issuedAt | end of its lifetime |
//!
//! | item | module | written by | read by |
//! |---|---|---|---|
//! | application | [`applications`] | chatbotctl | issue-token, chatbotctl |
//! | audit entry | [`audit`] | chatbotctl | chatbotctl |
//! | token of an application | [`tokens`] | issue-token | chatbotctl |
//! | tokens issued in a minute | [`tokens`] | issue-token | issue-token |
//! | token | [`tokens`] | issue-token | authorizer, issue-token, chatbotctl |
//!
//! `issue-token` and `chatbotctl` delete the tokens that they revoke. `local` seeds a token, an application and its audit entry.
//!
//! # Table `Chat`
//!
//! | item | pk | sk | attributes | TTL |
//! |---|---|---|---|---|
//! | message of a chat | `CHAT#<source>#<chatId>` | `MSG#<UUIDv7>` | appId, msgtype, fromuser, payload, receivedAt; of a user also seq | retention |
//! | begin or end, second copy | same | `EVT#<UUIDv7>` | fromuser, eventType | retention |
//! | used `msgId` | same | `ID#a#<appId>#<msgId>` | contentHash | 24 hours |
//! | used `messageId` of a user | same | `ID#u#<messageId>` | contentHash, seq | 24 hours |
//! | number of the user's messages | same | `SEQ` | seq, lastKey | none |
//! | entry of a feed | `FEED#<source>` | `MSG#<UUIDv7>` | openId, seq, messageId, clientId, msgtype, payload, acceptedAt, prev | 8 days |
//! | turn of a chat log | `LOG#<source>#<openId>` | `<time, 13 digits>#<UUIDv7>` | question, reply, replyMode | retention |
//! | used `entryId` | `ENTRY#<source>#<openId>` | `ID#<entryId>` | contentHash | retention |
//! | user | `USER#<source>#<clientId>` | `INFO` | hostIp, broswer, sysInfo, address, city, lastLoginTime, channelName | retention |
//! | content of a push | `PUSH#<appId>#<messageId>` | `CONTENT` | content (absent once recalled), contentHash, firstAcceptedAt, recalledAt | latest deadline |
//! | mark of a recall | same | `RECALLED#<firstAcceptedAt, 13 digits>` | contentHash, firstAcceptedAt, at | 30 days |
//! | recipients of one request | same | `TO#<SHA-256 of the sorted users>` | users, contentHash, firstAcceptedAt, acceptedAt, deadline | 30 days |
//! | delivery | `INBOX#<userId>` | `W#<firstAcceptedAt, 13 digits>#<appId>#<messageId>` | contentHash, acceptedAt | deadline for this user |
//! | acknowledgement | same | `A#<appId>#<messageId>#<contentHash>` | deliveredAt, readAt | 60 days |
//!
//! | item | module | written by | read by |
//! |---|---|---|---|
//! | message of a chat | [`chat`] | receive-message, send-user-message | get-chat-messages, send-user-message |
//! | begin or end, second copy | [`chat`] | receive-message | get-chat-messages, send-user-message |
//! | used `msgId` | [`chat`] | receive-message | receive-message |
//! | used `messageId` of a user | [`chat`] | send-user-message | send-user-message |
//! | number of the user's messages | [`chat`] | send-user-message | send-user-message |
//! | entry of a feed | [`feed`] | send-user-message | sync-messages, dispatch-events, deliver-events |
//! | turn of a chat log | [`chat_log`] | record-chatlog | get-chatlog |
//! | used `entryId` | [`chat_log`] | record-chatlog | record-chatlog |
//! | user | [`users`] | log-in-user | get-user-info |
//! | content of a push | [`push`] | push-message, recall-message | log-in-user, get-pending-messages, recall-message |
//! | mark of a recall | [`push`] | recall-message | get-push-status |
//! | recipients of one request | [`push`] | push-message | get-push-status |
//! | delivery | [`push`] | push-message, acknowledge-messages | log-in-user, get-pending-messages, get-push-status |
//! | acknowledgement | [`push`] | acknowledge-messages | log-in-user, get-pending-messages, get-push-status |
//!
//! `log-in-user` and `get-pending-messages` also delete deliveries that are never shown again.
//!
//! # Table `Webhooks`
//!
//! | item | pk | sk | attributes | TTL |
//! |---|---|---|---|---|
//! | endpoint | `ENDPOINTS` | `SOURCE#<source>#<appId>` | source, appId, url, status, because, changedAt | none |
//! | progress of an endpoint | `ENDPOINT#<source>#<appId>` | `PROGRESS` | wake, owner, leaseUntil, nextAttemptAt, delivery | none |
//! | signing secrets | `SECRETS#<appId>` | `SECRETS` | version, current, previous | none |
//!
//! | item | module | written by | read by |
//! |---|---|---|---|
//! | endpoint | [`webhooks`] | chatbotctl, deliver-events | dispatch-events, deliver-events, chatbotctl |
//! | progress of an endpoint | [`webhooks`] | dispatch-events, deliver-events, chatbotctl | dispatch-events, deliver-events, chatbotctl |
//! | signing secrets | [`webhooks`] | chatbotctl | deliver-events, chatbotctl |
//!
//! # Table `Connections`
//!
//! | item | pk | sk | attributes | TTL |
//! |---|---|---|---|---|
//! | ticket | `TICKET#<SHA-256>` | `TICKET` | userId, chats | 60 seconds |
//! | connection | `CONN#<connectionId>` | `CONN` | userId, chats | 2 hours 5 minutes |
//! | connection of a user | `INBOX#<userId>` | `CONN#<connectionId>` | connectedAt | the same |
//! | connection that watches a chat | `CHAT#<source>#<chatId>` | `CONN#<connectionId>` | connectedAt | the same |
//!
//! | item | module | written by | read by |
//! |---|---|---|---|
//! | ticket | [`connections`] | issue-ticket | socket |
//! | each item of a connection | [`connections`] | socket | socket, notify-users |
//!
//! `socket` deletes the ticket that it redeems. `socket` and `notify-users` delete connections that have ended.
//!
//! # Modules
//!
//! A module depends only on modules further down:
//!
//! 1. `tokens`
//! 2. `applications`
//! 3. `chat`
//! 4. `audit`, `chat_log`, `connections`, `feed`, `push`, `users`, `webhooks`: one module per partition
//! 5. `message_content`; `tail`: reading the new records of a partition
//! 6. `keys`: the key of every item
//! 7. `record_id`, `retention`
//! 8. `dynamodb`: a typed layer over the SDK, with one retry policy; it knows no key and no record

#![warn(missing_docs)]

pub mod applications;
pub mod audit;
pub mod chat;
pub mod chat_log;
pub mod connections;
pub mod feed;
pub mod push;
pub mod tail;
pub mod tokens;
pub mod users;
pub mod webhooks;

mod dynamodb;
mod keys;
mod message_content;
mod record_id;
mod retention;

pub use applications::{Stored, VersionedApplication};
pub use audit::AuditEntry;
pub use aws_sdk_dynamodb::Client;
pub use dynamodb::{Fault, Meter, REQUEST_TIME, StoreError, Table, client, warm_up};
pub use record_id::RecordId;
pub use retention::Retention;
