//! The Lambda function `log-in-user`.

use store::warm_up;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(env!("CARGO_PKG_NAME"), warm_up::query, log_in_user::handle).await
}
