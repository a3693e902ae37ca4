//! The Lambda function `get-user-info`.

use store::WarmUp;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), api::Error> {
    api::run(env!("CARGO_PKG_NAME"), WarmUp::Get, get_user_info::handle).await
}
