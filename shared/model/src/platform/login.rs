//! The login of a user.

use crate::{ClientId, HostIp, JsonObject, ParameterError, Source, UserAgent, UserDetail, UserId};

/// The login of a user, with the details that the platform's front end reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// `userId`, to which messages are pushed.
    pub user: UserId,
    /// `clientId`, by which third-party systems know the user.
    pub client: ClientId,
    /// The third-party system that may read the details.
    pub source: Source,
    /// `hostIp`.
    pub host_ip: HostIp,
    /// `userAgent`.
    pub user_agent: UserAgent,
    /// The browser; by default that of the user agent.
    pub broswer: Option<UserDetail>,
    /// The operating system; by default that of the user agent.
    pub sys_info: Option<UserDetail>,
    /// The address that the front end reports.
    pub address: Option<UserDetail>,
    /// The city or district.
    pub city: Option<UserDetail>,
    /// The name of the channel.
    pub channel_name: Option<UserDetail>,
}

impl Login {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// The first that applies: `source`, then the fields in the order of this type.
    pub fn parse(body: &JsonObject<'_>) -> Result<Self, ParameterError> {
        let source = Source::parse(&body.get("source"))?;
        let detail = |name: &'static str| body.get(name).optional(name);
        Ok(Self {
            user: body.get("userId").required("userId")?,
            client: body.get("clientId").required("clientId")?,
            source,
            host_ip: body.get("hostIp").required("hostIp")?,
            user_agent: body.get("userAgent").required("userAgent")?,
            broswer: detail("broswer")?,
            sys_info: detail("sysInfo")?,
            address: detail("address")?,
            city: detail("city")?,
            channel_name: detail("channelName")?,
        })
    }
}
