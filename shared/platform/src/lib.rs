//! What functions of the platform's API share: what waits for a user, and how it is made safe to show.

mod pending;
mod safe_content;

pub use pending::{Pending, PendingMessage};
pub use safe_content::safe;
