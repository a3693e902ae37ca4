//! The Lambda function `issue-ticket`.

use store::warm_up;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(env!("CARGO_PKG_NAME"), warm_up::put, issue_ticket::handle).await
}
