//! `POST /chatbot/api/platform/user/login`: the platform's front end reports a login, and reads the first pending messages.

mod browser;

use std::sync::Arc;

use api::{Data, Failure, Metric, Platform, Request, WriteDeps};
use inbox::PendingPage;
use model::{
    Timestamp, UserDetail,
    platform::{InboxCursor, Login},
};
use store::{
    Retention,
    users::{self, UserRecord},
};

pub use browser::Browser;

/// Stores the user's details and reads the first page of the pending messages, in parallel. The login succeeds even if the
/// inbox cannot be read: then the response has no messages, and a cursor to retry with.
///
/// # Errors
/// The first that applies: the body, `source`, the fields in their order; or the store.
pub async fn handle(deps: Arc<WriteDeps>, request: Request) -> Result<Data<PendingPage>, Failure<Platform>> {
    let body = request.json()?;
    let login = Login::parse(&body)?;
    // A retry budget each: a throttled inbox must not use up that of the user's record.
    let (chat, inbox) = (request.table(&deps.chat), request.table(&deps.chat));
    let now = deps.clock.now();
    let user = record(&login, now, deps.retention);
    let (stored, pending) = tokio::join!(
        users::put(&chat, login.source, &login.client, &user),
        PendingPage::read(&inbox, &login.user, &InboxCursor::Start, now),
    );
    stored?;
    let data = pending.unwrap_or_else(|unavailable| {
        request.count(Metric::InboxesUnread, 1);
        PendingPage::unread(&login.user, &unavailable)
    });
    request.count(Metric::Logins, 1);
    Ok(Data { data })
}

/// The user's record. Browser and system default to those of the user agent.
fn record(login: &Login, now: Timestamp, retention: Retention) -> UserRecord {
    let browser = Browser::of(&login.user_agent);
    let text = |detail: &Option<UserDetail>| detail.as_ref().map(ToString::to_string);
    UserRecord {
        host_ip: Some(login.host_ip.to_string()),
        broswer: text(&login.broswer).or(browser.name),
        sys_info: text(&login.sys_info).or(browser.system),
        address: text(&login.address),
        city: text(&login.city),
        last_login_time: Some(now),
        channel_name: text(&login.channel_name),
        expire_at: retention.expiry(now),
    }
}
