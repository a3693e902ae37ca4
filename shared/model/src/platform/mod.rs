//! What the chatbot platform's own front end and robot send and ask.

mod acknowledgement;
mod chat;
mod delivery;
mod login;
mod turn;

pub use acknowledgement::{AckState, Acknowledgement};
pub use chat::{ChatCursor, ChatQuery, MessageKey, PollLimit};
pub use delivery::{AckId, DeliveryRef, InboxCursor, InboxQuery};
pub use login::Login;
pub use turn::RobotTurn;
