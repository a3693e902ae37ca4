//! The demo data: the API document's chat and user, an application, and a token per product.

use api::Clock;
use model::{
    AppId, AppName, BoundedText, ChatId, ClientId, Source, Timestamp,
    oauth::{Application, BearerToken, ClientSecret, Scope, ScopeList},
};
use store::{
    AuditEntry, RecordId, Retention, StoreError, Table, applications,
    chat_log::{self, Turn, TurnRecord},
    tokens::{self, Grant},
    users::{self, UserRecord},
};
use thiserror::Error;

pub const CLIENT_ID: &str = "demo";
pub const CLIENT_SECRET: &str = "cs-33333333-3333-4333-8333-333333333333";
pub const CUSTOMER_SERVICE_TOKEN: &str = "cn-11111111-1111-4111-8111-111111111111";
pub const MESSAGE_PUSH_TOKEN: &str = "cn-22222222-2222-4222-8222-222222222222";
pub const PLATFORM_TOKEN: &str = "cn-44444444-4444-4444-8444-444444444444";
/// The chat in the examples of the API document.
pub const CHAT: &str = "dc71a6ba-24b6-4ed9-b865-837f2a7e158f";
/// The user in the examples of the API document.
pub const USER: &str = "ASDJQFJQEFQEGNQEG";

/// Ten years: demo data does not expire in practice.
const RETENTION: Retention = Retention::days(3650);
/// 2020-05-12 08:30:00 in UTC+8, as in the examples of the API document.
const DOCUMENTED: Timestamp = Timestamp::from_millis(1_589_243_400_000);
const TWENTY_MINUTES: u64 = 20 * 60 * 1000;

#[derive(Debug, Error)]
pub enum DemoError {
    /// A constant of this module is not valid.
    #[error("the demo data is not valid")]
    Invalid,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Stores the demo data. Idempotent. An existing demo application keeps its state and its tokens: an operator may have
/// changed it.
///
/// # Errors
/// [`DemoError`] if it cannot be stored.
pub async fn seed(access: &Table, chat_table: &Table, clock: &Clock) -> Result<(), DemoError> {
    let now = clock.now();
    let expire_at = RETENTION.expiry(now);
    let demo = application(now)?;
    if applications::find(access, &demo.app_id).await?.is_none() {
        for (token, scope) in [
            (CUSTOMER_SERVICE_TOKEN, Scope::CustomerService),
            (MESSAGE_PUSH_TOKEN, Scope::MessagePush),
            (PLATFORM_TOKEN, Scope::Platform),
        ] {
            let token = BearerToken::parse(token).map_err(|_| DemoError::Invalid)?;
            let scopes = ScopeList::of([scope.name()]).ok_or(DemoError::Invalid)?;
            tokens::put(access, &token.hash(), &Grant::to(&demo, &scopes, now, expire_at)).await?;
        }
        // Last, so that an interrupted run is repeated. A concurrent run writes the same.
        let entry = AuditEntry {
            at: now,
            who: "local".to_owned(),
            what: "created with every scope of partners approved".to_owned(),
        };
        applications::create(access, demo, &entry).await?;
    }

    let chat = ChatId::parse(CHAT).map_err(|_| DemoError::Invalid)?;
    for number in [1, 2] {
        let record = TurnRecord {
            question: format!("我是问题{number}"),
            reply: format!("我是答案{number}"),
            reply_mode: None,
            expire_at,
        };
        let at = Timestamp::from_millis(DOCUMENTED.millis() + (number - 1) * TWENTY_MINUTES);
        let turn = Turn { at, id: RecordId::fixed(number.into()), record };
        chat_log::put(chat_table, Source::DEFAULT, &chat, &turn).await?;
    }

    let user = UserRecord {
        host_ip: Some("10.1.123.6".to_owned()),
        broswer: Some("Crome".to_owned()),
        sys_info: None,
        address: Some("北京".to_owned()),
        city: Some("海淀".to_owned()),
        last_login_time: Some(DOCUMENTED),
        channel_name: Some("广旺财".to_owned()),
        expire_at,
    };
    let client_id = ClientId::parse(USER).map_err(|_| DemoError::Invalid)?;
    users::put(chat_table, Source::DEFAULT, &client_id, &user).await?;
    Ok(())
}

fn application(now: Timestamp) -> Result<Application, DemoError> {
    let id = AppId::parse(CLIENT_ID).map_err(|_| DemoError::Invalid)?;
    let name = AppName::parse("Demo").map_err(|_| DemoError::Invalid)?;
    let secret = ClientSecret::shown(CLIENT_SECRET);
    let mut demo = Application::new(id, name, vec![Source::DEFAULT], &secret, now);
    for scope in Scope::OF_PARTNERS {
        demo.request_scope(scope.name());
        demo.approve_scope(scope.name()).map_err(|_| DemoError::Invalid)?;
    }
    Ok(demo)
}

/// The base URL of each API.
#[derive(Debug, Clone, Copy)]
pub struct Urls<'a> {
    /// Token endpoint, introspection and revocation.
    pub token: &'a str,
    pub customer_service: &'a str,
    pub message_push: &'a str,
    pub platform: &'a str,
}

/// The text that introduces the demo: the application, its tokens, and a curl command per endpoint.
#[must_use]
pub fn welcome(urls: Urls<'_>) -> String {
    let Urls { token, customer_service, message_push, platform } = urls;
    format!(
        "An application that is approved for both products:
  client id      {CLIENT_ID}
  client secret  {CLIENT_SECRET}

Tokens of it:
  thirdparty-customer-service  {CUSTOMER_SERVICE_TOKEN}
  message-push-service         {MESSAGE_PUSH_TOKEN}
  chatbot-platform             {PLATFORM_TOKEN}

Take another token, for both:
  curl -X POST '{token}/oauth2/token' -u '{CLIENT_ID}:{CLIENT_SECRET}' -d 'grant_type=client_credentials'

Send a message to a user's chat:
  curl -X POST '{customer_service}/chatbot/servlet/third/msg/receive?source=1' \\
    -H 'Authorization: Bearer {CUSTOMER_SERVICE_TOKEN}' \\
    -d '{{\"touser\":\"{CHAT}\",\"fromuser\":\"客服A\",\"msgtype\":\"text\",\"text\":{{\"content\":\"内容A\"}}}}'

Read the user's conversation with the robot:
  curl '{customer_service}/chatbot/servlet/third/msg/chatlog/get?openId={CHAT}&source=1' \\
    -H 'Authorization: Bearer {CUSTOMER_SERVICE_TOKEN}'

Read who the user is:
  curl '{customer_service}/chatbot/servlet/user/info/get?clientId={USER}&source=1' \\
    -H 'Authorization: Bearer {CUSTOMER_SERVICE_TOKEN}'

Say something as the user, as the platform's back end does:
  curl -X POST '{platform}/chatbot/api/platform/chat/message' \\
    -H 'Authorization: Bearer {PLATFORM_TOKEN}' \\
    -d '{{\"chatId\":\"{CHAT}\",\"messageId\":\"m-1\",\"clientId\":\"{USER}\",\"msgtype\":\"text\",\"text\":{{\"content\":\"请问怎么退款？\"}}}}'

Read what users say:
  curl '{customer_service}/chatbot/servlet/third/msg/sync?source=1' \\
    -H 'Authorization: Bearer {CUSTOMER_SERVICE_TOKEN}'

Push a message to users:
  curl -X POST '{message_push}/chatbot/api/front/thirdParty/message/push' \\
    -H 'Authorization: Bearer {MESSAGE_PUSH_TOKEN}' \\
    -d '{{\"userIds\":\"6557578274821898321,6557192726348112377\",\"content\":\"您好,您有一条新消息\",\"messageId\":\"EQFEQ234TFQRFV54GHTE4HG4\",\"expireTime\":1}}'

See what became of it:
  curl '{message_push}/chatbot/api/front/thirdParty/message/status?messageId=EQFEQ234TFQRFV54GHTE4HG4' \\
    -H 'Authorization: Bearer {MESSAGE_PUSH_TOKEN}'

See what waits for one of the users, as the platform's front end does:
  curl '{platform}/chatbot/api/platform/message/pending?userId=6557578274821898321' \\
    -H 'Authorization: Bearer {PLATFORM_TOKEN}'
"
    )
}
