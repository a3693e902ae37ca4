//! Who a user is: contract, "GET /chatbot/servlet/user/info/get".

use serde::Serialize;

use crate::ClientId;

/// A user as the API shows one. Spelled as the API document spells it; what is not known is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatUser {
    /// The user's id.
    pub client_id: ClientId,
    /// The address the user last came from.
    pub host_ip: String,
    /// The user's browser.
    pub broswer: String,
    /// The user's operating system.
    pub sys_info: String,
    /// Where the user is.
    pub address: String,
    /// The city, or the part of one, the user is in.
    pub city: String,
    /// When the user last logged in, as `yyyy-MM-dd HH:mm:ss` in UTC+8.
    pub last_login_time: String,
}

/// The channel a user came through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChannelConfig {
    /// The channel's name.
    pub name: String,
}

/// A user and the channel the user came through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserProfile {
    /// Who.
    pub chat_user: ChatUser,
    /// Through which channel.
    pub channel_config: ChannelConfig,
}
