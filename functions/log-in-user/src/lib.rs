//! `POST /chatbot/api/platform/user/login`: the platform's front end says that a user is there, and learns what waits.

mod browser;

use std::convert::Infallible;

pub use api::KeepingDeps as Deps;
use api::{Data, Failure, Metric, Request};
use lambda_http::{Body, Response};
use model::{PushError, Timestamp, platform::Login};
use platform::Pending;
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

/// Stores who a user is, and tells the first page of what waits for the user. The user is stored while the page is read.
///
/// # Errors
/// The first that applies: the body, `source`, the fields in their order; or the store.
pub async fn handle(deps: &Deps, request: Request) -> Result<Data<Pending>, Failure<PushError>> {
    let body = request.json().map_err(PushError::from)?;
    let login = Login::parse(&body).map_err(PushError::from)?;
    let chat = request.table(&deps.chat);
    let now = deps.clock.now();
    let user = record(&login, now, deps.retention);
    let ((), pending) = tokio::try_join!(
        users::put(&chat, login.source, &login.client, &user),
        Pending::read(&chat, &login.user, None, now),
    )?;
    request.count(Metric::Logins, 1);
    Ok(Data { data: pending })
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
