//! `GET /chatbot/api/front/thirdParty/message/status`: an application reads the status of a message
//! that it pushed.

use std::sync::Arc;

use api::{ChatDeps, Data, Failure, MessagePush, Request};
use model::push::StatusQuery;
use serde::Serialize;
use store::push::status::{self, PushState, Recipient};

/// The status of a message for a page of its users. The numbers are those of the page.
#[derive(Debug, Default, Serialize)]
pub struct Status {
    total: usize,
    pending: usize,
    delivered: usize,
    read: usize,
    expired: usize,
    recalled: usize,
    users: Vec<UserStatus>,
    /// Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserStatus {
    user_id: String,
    state: &'static str,
    /// `yyyy-MM-dd HH:mm:ss` in UTC+8.
    at: String,
}

/// Reads the status of a message of the calling application, user by user.
///
/// # Errors
/// The first that applies, of `messageId`, `limit` and `cursor`; or the store.
pub async fn handle(deps: Arc<ChatDeps>, request: Request) -> Result<Data<Status>, Failure<MessagePush>> {
    let app = &request.principal.app;
    let StatusQuery { message, limit, from } = StatusQuery::parse(app, |name| request.query(name))?;
    let table = request.table(&deps.chat);
    let now = deps.clock.now();
    let page = status::read(&table, app, &message, from.as_ref(), limit.get(), now).await?;
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
