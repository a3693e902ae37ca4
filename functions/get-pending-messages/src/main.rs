//! The Lambda function `get-pending-messages`.

use store::warm_up;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(env!("CARGO_PKG_NAME"), warm_up::query, get_pending_messages::handle).await
}
