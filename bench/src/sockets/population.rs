//! The users, their connections, and the topics about which these are told.

/// The users, each with a chat of their own.
pub(super) const USERS: u32 = 400;

/// The connections of each user.
const OF_EACH_USER: u32 = 5;

/// The connections of each user that watch the user's chat, too.
const WATCHING: u32 = 2;

pub(super) const SOCKETS: usize = (USERS * OF_EACH_USER) as usize;

/// A connection of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Socket {
    pub(super) user: u32,
    number: u32,
}

/// Something about which connections are told, by its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Topic {
    Inbox(u32),
    Chat(u32),
}

pub(super) fn user_id(user: u32) -> String {
    format!("user-{user}")
}

pub(super) fn chat_id(user: u32) -> String {
    format!("chat-{user}")
}

impl Socket {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..OF_EACH_USER).flat_map(|number| (0..USERS).map(move |user| Self { user, number }))
    }

    pub(super) const fn watches_the_chat(self) -> bool {
        self.number < WATCHING
    }

    /// The topics of the connection.
    pub(super) fn topics(self) -> impl Iterator<Item = Topic> {
        let chat = self.watches_the_chat().then_some(Topic::Chat(self.user));
        [Topic::Inbox(self.user)].into_iter().chain(chat)
    }
}

impl Topic {
    /// The connections that are told.
    pub(super) fn sockets(self) -> impl Iterator<Item = Socket> {
        let (user, count) = match self {
            Self::Inbox(user) => (user, OF_EACH_USER),
            Self::Chat(user) => (user, WATCHING),
        };
        (0..count).map(move |number| Socket { user, number })
    }

    /// The whole signal.
    pub(super) fn signal(self) -> String {
        match self {
            Self::Inbox(_) => r#"{"type":"inbox"}"#.to_owned(),
            Self::Chat(user) => format!(r#"{{"type":"chat","source":1,"chatId":"{}"}}"#, chat_id(user)),
        }
    }
}
