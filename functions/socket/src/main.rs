//! The Lambda function `socket`.

use store::warm_up;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run_events(env!("CARGO_PKG_NAME"), warm_up::query, socket::handle).await
}
