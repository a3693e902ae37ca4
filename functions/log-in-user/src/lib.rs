//! `POST /chatbot/api/platform/user/login`: the platform's front end says that a user is there, and learns what waits.

mod browser;

use std::convert::Infallible;

pub use api::WriteDeps as Deps;
use api::{Data, Failure, Metric, Request};
use inbox::PendingPage;
use lambda_http::{Body, Response};
use model::{
    PushError, Timestamp,
    platform::{InboxCursor, Login},
};
use store::{
    Retention,
    users::{self, UserRecord},
};

use browser::Browser;

/// Answers API Gateway's event.
///
/// # Errors
/// None: whatever happens has an answer.
pub async fn respond(deps: &Deps, event: lambda_http::Request) -> Result<Response<Body>, Infallible> {
    Ok(api::respond(env!("CARGO_PKG_NAME"), event, |request| handle(deps, request)).await)
}

/// Stores who a user is, and reads the first page of the messages that wait for the user, both at the same time. An inbox
/// that cannot be read fails no login: the answer has no messages then, and a cursor with which to ask for them.
///
/// # Errors
/// The first that applies: the body, `source`, the fields in their order; or the store.
pub async fn handle(deps: &Deps, request: Request) -> Result<Data<PendingPage>, Failure<PushError>> {
    let body = request.json().map_err(PushError::from)?;
    let login = Login::parse(&body).map_err(PushError::from)?;
    // A budget each: an inbox that is throttled must not spend the retries of the user's record.
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

/// What is stored of a user. What the front end does not say of browser and system is taken from the user agent.
fn record(login: &Login, now: Timestamp, retention: Retention) -> UserRecord {
    let browser = Browser::of(&login.user_agent);
    let text = |detail: &Option<model::UserDetail>| detail.as_ref().map(ToString::to_string);
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
