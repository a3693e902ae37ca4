//! The Lambda function `recall-message`.

use store::WarmUp;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(env!("CARGO_PKG_NAME"), WarmUp::Get, recall_message::handle).await
}
