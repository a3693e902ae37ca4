//! Webhook endpoints of a system: what an operator sets and sees, and deliveries that a test can kill.

use std::{future::Future, sync::Arc, time::Duration};

use deliver_events::{Delivery, Deps};
use lambda_runtime::{Context, LambdaEvent};
use model::{AppId, BoundedText, Source};
use store::{
    Client, Table,
    webhooks::{self, Endpoint, EndpointStatus, Hint, Seek, SigningSecrets},
};
use webhook::client::Reach;

use crate::System;

/// The signing secret of every endpoint that a test sets.
pub const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

impl System {
    /// Sets the endpoint of an application for source 1. It gets the messages from now on that were not read before.
    pub async fn set_webhook(&self, app: &str, url: &str) {
        let (table, app_id) = (self.webhooks_table(), app_id(app));
        let endpoint = Endpoint {
            source: Source::DEFAULT,
            app_id: app_id.clone(),
            url: url.to_owned(),
            status: EndpointStatus::Enabled,
            changed_at: self.clock.now(),
        };
        let secrets = SigningSecrets::new(SECRET.to_owned());
        webhooks::put_secrets(&table, &app_id, &secrets).await.expect("the secret is stored");
        webhooks::put(&table, &endpoint).await.expect("the endpoint is stored");
    }

    /// Enables an endpoint of source 1 again, as an operator does.
    pub async fn enable_webhook(&self, app: &str) {
        let (table, app_id) = (self.webhooks_table(), app_id(app));
        let found = webhooks::find(&table, Source::DEFAULT, &app_id).await.expect("the table can be read");
        let enabled = Endpoint { status: EndpointStatus::Enabled, ..found.expect("there is an endpoint") };
        self.seek(app, Seek::Unchanged).await;
        webhooks::put(&table, &enabled).await.expect("the endpoint is stored");
    }

    /// Lets deliveries of source 1 continue from another place.
    pub async fn seek(&self, app: &str, seek: Seek) {
        let (table, app) = (self.webhooks_table(), app_id(app));
        let reset = webhooks::reset(&table, Source::DEFAULT, &app, seek);
        reset.await.expect("the progress is stored");
    }

    /// Whether the endpoint of source 1 is enabled, or why not.
    pub async fn webhook_status(&self, app: &str) -> EndpointStatus {
        let found = webhooks::find(&self.webhooks_table(), Source::DEFAULT, &app_id(app)).await;
        found.expect("the table can be read").expect("there is an endpoint").status
    }

    /// The progress of the endpoint of source 1.
    pub async fn webhook_progress(&self, app: &str) -> Hint {
        let now = self.clock.now();
        let found = webhooks::progress(&self.webhooks_table(), Source::DEFAULT, &app_id(app), now).await;
        found.expect("the table can be read")
    }

    /// Waits until no delivery to the endpoint of source 1 runs.
    pub async fn until_idle(&self, app: &str) {
        while self.webhook_progress(app).await.is_running {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// One delivery to the endpoint of source 1, on the DynamoDB behind the proxy. Dropping it kills the delivery.
    pub fn delivery(&self, app: &str) -> impl Future<Output = bool> + Send + 'static {
        let client: Client = store::client::at_endpoint(&self.proxy.url());
        let table = |name: &str| Table::new(client.clone(), name);
        let deps = Arc::new(Deps {
            access: table(&self.access_table),
            chat: table(&self.chat_table),
            webhooks: table(&self.webhooks_table),
            clock: self.clock.clone(),
            reach: Reach::Everywhere,
        });
        let delivery = Delivery { source: Source::DEFAULT, app: app_id(app) };
        async move {
            let event = LambdaEvent::new(delivery, Context::default());
            api::process("deliver-events", event, |event| deliver_events::handle(deps, event)).await.is_ok()
        }
    }
}

fn app_id(text: &str) -> AppId {
    AppId::parse(text).expect("it is an application's id")
}
