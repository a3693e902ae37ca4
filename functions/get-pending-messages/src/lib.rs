//! `GET /chatbot/api/platform/message/pending`: the platform's front end reads a user's pending messages.

use std::sync::Arc;

use api::{ChatDeps, Data, Failure, Platform, Request};
use inbox::{PendingPage, Unavailable};
use model::platform::{InboxQuery, PlatformError};

/// Reads a page of the pending messages of a user.
///
/// # Errors
/// The first that applies: `userId`, `cursor`; a throttled table with nothing else to show; or the store.
pub async fn handle(deps: Arc<ChatDeps>, request: Request) -> Result<Data<PendingPage>, Failure<Platform>> {
    let query = InboxQuery::parse(|name| request.query(name))?;
    let chat = request.table(&deps.chat);
    match PendingPage::read(&chat, &query.user, &query.from, deps.clock.now()).await {
        Ok(data) => Ok(Data { data }),
        Err(Unavailable::Throttled) => Err(PlatformError::Throttled.into()),
        Err(Unavailable::Store(error)) => Err(error.into()),
    }
}
