//! The Lambda function `notify-users`.

use store::warm_up;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run_events(env!("CARGO_PKG_NAME"), warm_up::query, notify_users::handle).await
}
