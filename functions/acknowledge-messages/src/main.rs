//! The Lambda function `acknowledge-messages`.

use store::WarmUp;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(env!("CARGO_PKG_NAME"), WarmUp::Delete, acknowledge_messages::handle).await
}
