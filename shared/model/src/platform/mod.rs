//! What the chatbot platform's own front end and robot send and ask.

mod acknowledgement;
mod chat;
mod inbox;
mod login;
mod turn;

pub use acknowledgement::{AckState, Acknowledgement, MessageRef};
pub use chat::{ChatCursor, ChatQuery, MessageKey, PollLimit};
pub use inbox::{InboxCursor, InboxQuery};
pub use login::Login;
pub use turn::RobotTurn;
