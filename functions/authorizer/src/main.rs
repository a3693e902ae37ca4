//! The Lambda function `authorizer`, one per API: they differ in `REQUIRED_SCOPE` alone.

use std::sync::Arc;

use lambda_runtime::service_fn;
use store::warm_up;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let deps = api::start(warm_up::get).await?;
    lambda_runtime::run(service_fn(|event| authorizer::respond(Arc::clone(&deps), event))).await
}
