//! The Lambda function `get-chat-messages`.

use store::warm_up;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(env!("CARGO_PKG_NAME"), warm_up::query, get_chat_messages::handle).await
}
