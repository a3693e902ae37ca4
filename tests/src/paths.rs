//! The paths of all endpoints. No test spells one itself.

pub const TOKEN: &str = "/oauth2/token";
pub const INTROSPECT: &str = "/oauth2/introspect";
pub const REVOKE: &str = "/oauth2/revoke";

pub const RECEIVE: &str = "/chatbot/servlet/third/msg/receive";
pub const CHATLOG: &str = "/chatbot/servlet/third/msg/chatlog/get";
pub const USER_INFO: &str = "/chatbot/servlet/user/info/get";
pub const SYNC: &str = "/chatbot/servlet/third/msg/sync";

pub const PUSH: &str = "/chatbot/api/front/thirdParty/message/push";
pub const RECALL: &str = "/chatbot/api/front/thirdParty/message/recall";
pub const STATUS: &str = "/chatbot/api/front/thirdParty/message/status";

pub const LOGIN: &str = "/chatbot/api/platform/user/login";
pub const TICKET: &str = "/chatbot/api/platform/user/ticket";
pub const PENDING: &str = "/chatbot/api/platform/message/pending";
pub const ACK: &str = "/chatbot/api/platform/message/ack";
pub const CHAT_MESSAGES: &str = "/chatbot/api/platform/chat/messages";
pub const RECORD_TURN: &str = "/chatbot/api/platform/chatlog";
pub const SEND_USER_MESSAGE: &str = "/chatbot/api/platform/chat/message";

// The prefixes of all APIs but the customer-service API.
pub(crate) const TOKEN_API: &str = "/oauth2";
pub(crate) const PLATFORM_API: &str = "/chatbot/api/platform";
pub(crate) const MESSAGE_PUSH_API: &str = "/chatbot/api";

/// A path with encoded query parameters.
#[must_use]
pub fn path_with(path: &str, parameters: &[(&str, &str)]) -> String {
    if parameters.is_empty() {
        return path.to_owned();
    }
    let url =
        reqwest::Url::parse_with_params(&format!("http://localhost{path}"), parameters).expect("it is a URL");
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}

/// A path with a query that is encoded already.
#[must_use]
pub fn with_query(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}
