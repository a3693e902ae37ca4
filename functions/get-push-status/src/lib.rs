//! `GET /chatbot/api/front/thirdParty/message/status`: an application reads the outcome of a message
//! that it pushed.

use std::convert::Infallible;

pub use api::ChatDeps as Deps;
use api::{Data, Failure, Request};
use lambda_http::{Body, Response};
use model::{PushError, StatusQuery};
use serde::Serialize;
use store::push::status::{self, PushState, Recipient};

/// The outcome of a message for a page of its users. The numbers are of the page.
#[derive(Debug, Default, Serialize)]
pub struct Status {
    total: usize,
    pending: usize,
    delivered: usize,
    read: usize,
    expired: usize,
    recalled: usize,
    users: Vec<UserStatus>,
    /// Where the next page goes on; left out of the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

/// The outcome of a message for one user.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserStatus {
    user_id: String,
    state: &'static str,
    /// Since when, as `yyyy-MM-dd HH:mm:ss` in UTC+8.
    at: String,
}

/// Answers API Gateway's event.
///
/// # Errors
/// None: whatever happens has an answer.
pub async fn respond(deps: &Deps, event: lambda_http::Request) -> Result<Response<Body>, Infallible> {
    Ok(api::respond(env!("CARGO_PKG_NAME"), event, |request| handle(deps, request)).await)
}

/// Reads the outcome of a message of the calling application, user by user.
///
/// # Errors
/// The first that applies, of `messageId`, `limit` and `cursor`; or the store.
pub async fn handle(deps: &Deps, request: Request) -> Result<Data<Status>, Failure<PushError>> {
    let app = &request.principal.app;
    let StatusQuery { message, limit, from } = StatusQuery::parse(app, |name| request.query(name))?;
    let table = request.table(&deps.chat);
    let now = deps.clock.now();
    let page = status::read(&table, app, &message, from.as_ref(), limit.number(), now).await?;
    let cursor = page.next.map(|next| next.issue(app, &message));
    let mut status = Status { cursor, ..Status::default() };
    for Recipient { user, state, at } in page.recipients {
        status.count(state);
        status.users.push(UserStatus { user_id: user.to_string(), state: name(state), at: at.date_time() });
    }
    Ok(Data { data: status })
}

impl Status {
    fn count(&mut self, state: PushState) {
        self.total += 1;
        match state {
            PushState::Pending => self.pending += 1,
            PushState::Delivered => self.delivered += 1,
            PushState::Read => self.read += 1,
            PushState::Expired => self.expired += 1,
            PushState::Recalled => self.recalled += 1,
        }
    }
}

const fn name(state: PushState) -> &'static str {
    match state {
        PushState::Pending => "pending",
        PushState::Delivered => "delivered",
        PushState::Read => "read",
        PushState::Expired => "expired",
        PushState::Recalled => "recalled",
    }
}
