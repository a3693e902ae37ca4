//! What became of a push, user by user.
//!
//! All that is known of a message's recipients stands in its own partition: for each, what was pushed and until when,
//! `TO#<userId>#P`, and right before it what the user did with it, `TO#<userId>#A#<content hash>`. A page of them is one
//! query.

use std::collections::HashMap;

use model::{AppId, BoundedText, MessageId, Timestamp, UserId};

use crate::{
    StoreError, Table,
    inbox::AckRecord,
    keys::parts,
    pushes::{self, RecipientRecord},
    record::{from_item, lives, sort_of},
    table::{Direction, Item, Range},
};

/// The sort keys of a message's recipients; `$` comes right after `#`.
const RECIPIENTS: Range<'_> = Range { from: "TO#", to: "TO$" };

/// What became of a push for one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The user.
    pub user: UserId,
    /// What became of it.
    pub state: PushState,
    /// Since when it is so.
    pub at: Timestamp,
}

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushState {
    /// It waits for the user.
    Pending,
    /// The user has it.
    Delivered,
    /// The user has read it.
    Read,
    /// Its time was over before the user had it.
    Expired,
}

/// Recipients, and whether there are more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusPage {
    /// The recipients, by id.
    pub recipients: Vec<Recipient>,
    /// Whether there are more after them.
    pub has_more: bool,
}

/// Reads what became of an application's message at `now`, for at most `limit` users after the user `after`. One
/// consistent query, as long as that is a megabyte: 1,000 users with the longest ids are a little more. Users of an earlier
/// content of the same id are among them for as long as what became of it is known.
///
/// # Errors
/// [`StoreError`] if the table cannot be read, or a recipient cannot be understood.
pub async fn read(
    table: &Table,
    app: &AppId,
    message: &MessageId,
    after: Option<&UserId>,
    limit: usize,
    now: Timestamp,
) -> Result<StatusPage, StoreError> {
    let mut after = after.map(pushes::recipient_sort);
    let mut recipients = Vec::new();
    let mut acks = HashMap::new();
    loop {
        // Two items for each user, and for one more who tells whether there is a next page.
        let to_read = 2 * (limit - recipients.len() + 1);
        let partition = pushes::key_of(app, message);
        let page =
            table.query_page(partition, RECIPIENTS, Direction::Forward, after.take(), Some(to_read)).await?;
        for item in page.items {
            let sort = sort_of(&item)?;
            if let Some(recipient) = read_item(item, &sort, &mut acks, now)? {
                if recipients.len() == limit {
                    return Ok(StatusPage { recipients, has_more: true });
                }
                recipients.push(recipient);
            }
            after = Some(sort);
        }
        if !page.has_more {
            return Ok(StatusPage { recipients, has_more: false });
        }
    }
}

/// Notes an acknowledgement among `acks`, or makes a recipient of what is known of one that lives.
fn read_item(
    item: Item,
    sort: &str,
    acks: &mut HashMap<(String, String), AckRecord>,
    now: Timestamp,
) -> Result<Option<Recipient>, StoreError> {
    match parts(sort).as_slice() {
        [_, user, kind, hash] if kind == "A" => {
            acks.insert((user.clone(), hash.clone()), from_item(item, "Query")?);
            Ok(None)
        }
        [_, user, kind] if kind == "P" => {
            let record: RecipientRecord = from_item(item, "Query")?;
            if !lives(record.expire_at, now) {
                return Ok(None);
            }
            let (state, at) = state(&record, acks.get(&(user.clone(), record.content_hash.clone())), now);
            let user = UserId::parse(user).map_err(|_| StoreError::unreadable("Query"))?;
            Ok(Some(Recipient { user, state, at }))
        }
        _ => Err(StoreError::unreadable("Query")),
    }
}

fn state(record: &RecipientRecord, ack: Option<&AckRecord>, now: Timestamp) -> (PushState, Timestamp) {
    match ack.filter(|ack| ack.holds_for(record.accepted_at)) {
        Some(AckRecord { read_at: Some(at), .. }) => (PushState::Read, *at),
        Some(AckRecord { delivered_at, .. }) => (PushState::Delivered, *delivered_at),
        None if lives(record.deadline, now) => (PushState::Pending, record.accepted_at),
        None => (PushState::Expired, Timestamp::from_millis(record.deadline * 1000)),
    }
}
