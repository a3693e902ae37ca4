//! The platform's API: what its own front end and robot send and read.

mod acknowledgement;
mod delivery;
mod error;
mod login;
mod signal;
mod ticket;
mod turn;
mod user_message;

pub use acknowledgement::{AckState, Acknowledgement};
pub use delivery::{AckId, DeliveryRef, InboxCursor, InboxQuery};
pub use error::PlatformError;
pub use login::Login;
pub use signal::Signal;
pub use ticket::{MalformedTicket, Subscription, Ticket};
pub use turn::RobotTurn;
pub use user_message::{UserMessage, UserMessageBody};
