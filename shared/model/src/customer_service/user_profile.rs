//! The details of a user: contract, "GET /chatbot/servlet/user/info/get".

use serde::Serialize;

use crate::ClientId;

/// A user, in the spelling of the API document. Absent values are empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatUser {
    /// `clientId`.
    pub client_id: ClientId,
    /// The IP address of the last login.
    pub host_ip: String,
    /// Name and version of the browser.
    pub broswer: String,
    /// Name and version of the operating system.
    pub sys_info: String,
    /// The address that the front end reported.
    pub address: String,
    /// The city or district.
    pub city: String,
    /// `yyyy-MM-dd HH:mm:ss` in UTC+8.
    pub last_login_time: String,
}

/// The channel of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChannelConfig {
    /// The channel's name.
    pub name: String,
}

/// A user and the channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserProfile {
    /// The user.
    pub chat_user: ChatUser,
    /// The channel.
    pub channel_config: ChannelConfig,
}
