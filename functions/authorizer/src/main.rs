//! The Lambda function `authorizer`, one for each product: they differ in `REQUIRED_SCOPE` alone.

use api::{Clock, Environment};
use authorizer::{Deps, respond};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let environment = Environment::of_process();
    api::logging::init(&environment);
    let deps = Deps::new(&environment, store::client::from_environment(), Clock::system())?;
    store::warm_up::by_get(&deps.access).await;
    lambda_runtime::run(lambda_runtime::service_fn(|event| respond(&deps, event))).await
}
