//! The Lambda function `get-chat-messages`.

use store::WarmUp;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(env!("CARGO_PKG_NAME"), WarmUp::Query, get_chat_messages::handle).await
}
