//! The Lambda function `recall-message`.

use store::warm_up;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(env!("CARGO_PKG_NAME"), warm_up::get, recall_message::handle).await
}
