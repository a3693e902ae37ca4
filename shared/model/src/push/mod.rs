//! The push product: a push, its recall, its status, and the errors.

mod error;
mod request;
mod status;

pub use error::PushError;
pub use request::{ExpireHours, PushRequest, RecallRequest, UserIds};
pub use status::{StatusCursor, StatusPageSize, StatusQuery};
