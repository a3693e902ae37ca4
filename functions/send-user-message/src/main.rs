//! The Lambda function `send-user-message`.

use store::warm_up;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(env!("CARGO_PKG_NAME"), warm_up::get, send_user_message::handle).await
}
