//! Users of the robot: `USER#<source>#<clientId>`, one item each.

use model::{
    ClientId, Source, Timestamp,
    customer_service::{ChannelConfig, ChatUser, UserProfile},
};
use serde::{Deserialize, Serialize};

use crate::{
    StoreError, Table,
    keys::key,
    record::{from_item, lives, to_attributes},
    table::Read,
};

/// The one sort key of a user.
const INFO: &str = "INFO";

/// What is stored of a user; what is not known is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserRecord {
    /// The address the user last came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_ip: Option<String>,
    /// The user's browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broswer: Option<String>,
    /// The user's operating system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sys_info: Option<String>,
    /// Where the user is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The city, or the part of one, the user is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// When the user last logged in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_login_time: Option<Timestamp>,
    /// The name of the channel the user came through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_name: Option<String>,
    /// When this record ends, in epoch seconds.
    pub expire_at: u64,
}

/// Finds a user that has not expired by `now`. One eventually consistent read.
///
/// # Errors
/// [`StoreError`] if the table cannot be read, or the user cannot be understood.
pub async fn find(
    table: &Table,
    source: Source,
    client: ClientId,
    now: Timestamp,
) -> Result<Option<UserProfile>, StoreError> {
    let Some(item) = table.get(partition(source, &client), INFO, Read::Eventual).await? else {
        return Ok(None);
    };
    let user: UserRecord = from_item(item, "GetItem")?;
    Ok(lives(user.expire_at, now).then(|| profile(client, user)))
}

/// Stores a user.
///
/// # Errors
/// [`StoreError`] if the table cannot be written.
pub async fn put(
    table: &Table,
    source: Source,
    client: &ClientId,
    user: &UserRecord,
) -> Result<(), StoreError> {
    let attributes = to_attributes(user, "PutItem")?;
    table.put(partition(source, client), INFO.to_owned(), attributes).await
}

fn partition(source: Source, client: &ClientId) -> String {
    key("USER", &[&source.to_string(), client.as_str()])
}

fn profile(client_id: ClientId, user: UserRecord) -> UserProfile {
    UserProfile {
        chat_user: ChatUser {
            client_id,
            host_ip: user.host_ip.unwrap_or_default(),
            broswer: user.broswer.unwrap_or_default(),
            sys_info: user.sys_info.unwrap_or_default(),
            address: user.address.unwrap_or_default(),
            city: user.city.unwrap_or_default(),
            last_login_time: user.last_login_time.map(Timestamp::date_time).unwrap_or_default(),
        },
        channel_config: ChannelConfig { name: user.channel_name.unwrap_or_default() },
    }
}
