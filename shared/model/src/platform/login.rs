//! A user logs in.

use crate::{ClientId, HostIp, JsonObject, ParameterError, Source, UserAgent, UserDetail, UserId};

/// A user as the platform's front end knows one at a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Whom messages are pushed to.
    pub user: UserId,
    /// Who the user is to third-party systems.
    pub client: ClientId,
    /// The third-party system that the user's details are for.
    pub source: Source,
    /// The address the user comes from.
    pub host_ip: HostIp,
    /// What the user's browser says it is.
    pub user_agent: UserAgent,
    /// The user's browser, if the front end knows better than the user agent says.
    pub broswer: Option<UserDetail>,
    /// The user's operating system, likewise.
    pub sys_info: Option<UserDetail>,
    /// Where the user is.
    pub address: Option<UserDetail>,
    /// The city, or the part of one, the user is in.
    pub city: Option<UserDetail>,
    /// The name of the channel the user came through.
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
