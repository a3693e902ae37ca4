//! Users of the robot, as third-party systems see them.

use model::{
    ClientId, Source, Timestamp,
    customer_service::{ChannelConfig, ChatUser, UserProfile},
};
use serde::{Deserialize, Serialize};

use crate::dynamodb::{
    error::StoreError,
    key::Key,
    table::{Consistency, Table},
    ttl::is_live,
};

/// The attributes of a user. Unknown attributes are absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserRecord {
    /// The user's last IP address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_ip: Option<String>,
    /// The user's browser. The spelling is the contract's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broswer: Option<String>,
    /// The user's operating system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sys_info: Option<String>,
    /// The user's location, such as `北京`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The city, or a district of it, such as `海淀`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// The time of the last login.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_login_time: Option<Timestamp>,
    /// The name of the channel that the user came through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_name: Option<String>,
    /// In epoch seconds.
    pub expire_at: u64,
}

/// Reads a user; `None` if there is none, or it has expired by `now`. One eventually consistent read.
///
/// # Errors
/// [`StoreError`] if the read fails, or the user is corrupt.
pub async fn find(
    table: &Table,
    source: Source,
    client: ClientId,
    now: Timestamp,
) -> Result<Option<UserProfile>, StoreError> {
    let found: Option<UserRecord> = table.get(Key::user(source, &client), Consistency::Eventual).await?;
    let live = found.filter(|user| is_live(user.expire_at, now));
    Ok(live.map(|user| profile(client, user)))
}

/// Stores a user. One put, which replaces all attributes.
///
/// # Errors
/// [`StoreError`] if the write fails.
pub async fn put(
    table: &Table,
    source: Source,
    client: &ClientId,
    user: &UserRecord,
) -> Result<(), StoreError> {
    table.put(Key::user(source, client), user).await
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
