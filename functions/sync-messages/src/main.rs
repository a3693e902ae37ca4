//! The Lambda function `sync-messages`.

use store::warm_up;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(env!("CARGO_PKG_NAME"), warm_up::query, sync_messages::handle).await
}
