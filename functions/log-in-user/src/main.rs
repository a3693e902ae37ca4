//! The Lambda function `log-in-user`.

use store::WarmUp;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(env!("CARGO_PKG_NAME"), WarmUp::Query, log_in_user::handle).await
}
