//! The Lambda function `recall-message`.

use api::{Clock, Environment};
use recall_message::{Deps, respond};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let environment = Environment::of_process();
    api::logging::init(&environment);
    let deps = Deps::new(&environment, store::client::from_environment(), Clock::system())?;
    store::warm_up::by_get(&deps.chat).await;
    lambda_http::run(lambda_http::service_fn(|event| respond(&deps, event))).await
}
