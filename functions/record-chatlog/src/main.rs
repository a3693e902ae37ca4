//! The Lambda function `record-chatlog`.

use store::WarmUp;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(env!("CARGO_PKG_NAME"), WarmUp::Put, record_chatlog::handle).await
}
