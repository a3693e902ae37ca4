//! The Lambda function `dispatch-events`.

use store::warm_up;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run_events(env!("CARGO_PKG_NAME"), warm_up::query, dispatch_events::handle).await
}
