//! The cursors of all lists. The first byte selects the list, and whether the rest is a text or a position that gets a valid
//! checksum. Oracle: an accepted cursor is issued again as the same one, and no other list accepts it.

use model::{
    AppId, BoundedText, ChatId, CursorCodec, MessageId, Parameter, Source, UserId,
    customer_service::ChatLogQuery,
    platform::{InboxCursor, InboxQuery},
    push::StatusQuery,
};
use store::tail::TailCursor;

#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    ChatLog,
    Inbox,
    Status,
    ChatWindow,
    Feed,
}

const LISTS: [List; 5] = [List::ChatLog, List::Inbox, List::Status, List::ChatWindow, List::Feed];

/// The source or application of the list, and the chat, user or message.
type Owner<'a> = (&'a str, &'a str);

const OWN: Owner<'static> = ("1", "a");
const OTHERS: [Owner<'static>; 3] = [("1", "b"), ("2", "a"), ("2", "b")];

pub fn run(bytes: &[u8]) {
    let Some((selector, rest)) = bytes.split_first() else { return };
    let Some(list) = LISTS.get(usize::from(selector >> 1) % LISTS.len()) else { return };
    let has_checksum = selector & 1 == 1;
    let codec = CursorCodec::new(list.identity(OWN));
    let text = if has_checksum { codec.encode(rest) } else { String::from_utf8_lossy(rest).into_owned() };
    let Some(issued) = list.reissue(&text, OWN) else { return };
    assert_eq!(list.reissue(&issued, OWN).as_ref(), Some(&issued), "it is read back");
    // A position has one text.
    assert_eq!(codec.decode_text(&text).map(|position| codec.encode(position)).as_ref(), Some(&text));
    for other in OTHERS.into_iter().filter(|other| list.identity(*other) != list.identity(OWN)) {
        assert_eq!(list.reissue(&text, other), None, "{other:?} accepts it");
    }
    for another in LISTS.into_iter().filter(|another| another != list) {
        assert_eq!(another.reissue(&text, OWN), None, "another list accepts it");
    }
}

impl List {
    /// The identity of the list, as the handlers state it.
    const fn identity(self, (first, second): Owner<'_>) -> [&str; 3] {
        match self {
            Self::ChatLog => ["chat log", first, second],
            Self::Inbox => ["inbox", "", second],
            Self::Status => ["recipients", first, second],
            Self::ChatWindow => ["chat", first, second],
            Self::Feed => ["feed", first, ""],
        }
    }

    /// Reads a cursor of the owner's list and issues it again; `None` if it is blank or refused.
    fn reissue(self, text: &str, owner: Owner<'_>) -> Option<String> {
        let (first, second) = owner;
        let source = || Source::try_from(first.parse::<u32>().ok()?).ok();
        let parameter = |name: &str| {
            Parameter::from_query(match name {
                "cursor" => Some(text),
                "openId" | "userId" | "messageId" => Some(second),
                _ => None,
            })
        };
        match self {
            Self::ChatLog => {
                let query = ChatLogQuery::parse(source()?, parameter).ok()?;
                Some(query.after?.issue(source()?, &ChatId::parse(second).ok()?))
            }
            Self::Inbox => {
                let user = UserId::parse(second).ok()?;
                let from = InboxQuery::parse(parameter).ok()?.from;
                (from != InboxCursor::Start || !text.trim().is_empty()).then(|| from.issue(&user))
            }
            Self::Status => {
                let app = AppId::parse(first).ok()?;
                let query = StatusQuery::parse(&app, parameter).ok()?;
                Some(query.from?.issue(&app, &MessageId::parse(second).ok()?))
            }
            Self::ChatWindow | Self::Feed => {
                let codec = CursorCodec::new(self.identity(owner));
                let cursor = TailCursor::parse(&parameter("cursor"), &codec).ok()??;
                assert!(cursor.given_count() <= TailCursor::URL_CAPACITY);
                Some(cursor.issue(&codec))
            }
        }
    }
}
