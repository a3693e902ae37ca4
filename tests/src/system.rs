//! A system to call: what `local` runs, on free ports, in the process of the test; or a deployed stack.

use std::collections::HashMap;

use api::Clock;
use aws_sdk_dynamodb::{
    Client,
    types::{DeleteRequest, WriteRequest},
};
use local::{
    ServerHandle, TEMPLATE,
    demo::{self, CUSTOMER_SERVICE_TOKEN, MESSAGE_PUSH_TOKEN, PLATFORM_TOKEN},
    dynamodb,
    functions::{Code, Functions},
    gateway::{self, Gateway},
    template::{Template, Throttle},
};
use model::{AppId, BearerToken, BoundedText, Scope, Source};
use store::{
    Table,
    tokens::{self, Grant},
};
use tokio::net::TcpListener;

use crate::{Caller, FaultyDynamoDb, ManualClock, caller::Urls, captured::keep_callsites_open, inbox::scan};

/// The scope of the customer-service product.
pub const CUSTOMER_SERVICE: &str = Scope::CustomerService.name();
/// The scope of the push product.
pub const MESSAGE_PUSH: &str = Scope::MessagePush.name();
/// The scope of the platform's own API.
pub const PLATFORM: &str = Scope::Platform.name();

/// How a system is to be started.
#[derive(Default)]
pub struct Setup {
    /// The time it is; the machine's unless a test brings its own.
    pub clock: Option<ManualClock>,
    /// Code in the place of functions, by their logical id.
    pub replaced: Vec<(&'static str, Code)>,
    /// The throttle that the gateway enforces for each endpoint, in the place of the template's.
    pub throttle: Option<Throttle>,
}

/// A running system with the demo data in it, and nothing else.
pub struct System {
    /// A caller of the customer-service product with its demo token.
    pub customer_service: Caller,
    /// A caller of the push product with its demo token.
    pub message_push: Caller,
    /// A caller of the platform's own API with its demo token.
    pub platform: Caller,
    /// A caller without a token.
    pub anonymous: Caller,
    /// The store, past every fault.
    pub dynamodb: Client,
    /// Where the store is; of a deployed stack the environment says it.
    pub dynamodb_url: Option<String>,
    /// The name of the table of applications and tokens.
    pub access_table: String,
    /// The name of the table of messages, chat logs, users and pushes.
    pub chat_table: String,
    /// What stands between the functions and the store, if they run here.
    pub proxy: FaultyDynamoDb,
    /// The time it is for the functions.
    pub clock: Clock,
    _servers: Vec<ServerHandle>,
}

impl System {
    /// Starts a system; or empties a deployed one, if the environment names it.
    pub async fn start() -> Self {
        Self::start_with(Setup::default()).await
    }

    /// Starts a system whose time a test sets.
    pub async fn start_at(clock: &ManualClock) -> Self {
        Self::start_with(Setup { clock: Some(clock.clone()), ..Setup::default() }).await
    }

    /// Starts a system in another way.
    pub async fn start_with(setup: Setup) -> Self {
        match Deployed::from_environment() {
            None => Self::start_here(setup).await,
            Some(deployed) => {
                assert!(
                    setup.clock.is_none() && setup.replaced.is_empty() && setup.throttle.is_none(),
                    "a deployed stack is what it is"
                );
                Self::start_anew(deployed).await
            }
        }
    }

    async fn start_here(setup: Setup) -> Self {
        keep_callsites_open();
        let template = Template::parse(TEMPLATE).expect("the template is one");
        let clock = setup.clock.as_ref().map_or_else(Clock::system, Clock::from);
        let database = dynamodb::serve(free_port().await, None).expect("DynamoDB starts");
        let dynamodb = store::client::at_endpoint(&database.url());
        dynamodb::create_tables(&dynamodb, &template.tables).await.expect("the tables are created");

        let proxy = FaultyDynamoDb::start(&database.url());
        let client = store::client::at_endpoint(&proxy.url());
        let functions = Functions::start(&template, &client, &clock).expect("the functions start");
        let functions =
            setup.replaced.into_iter().fold(functions, |functions, (id, code)| functions.with(id, code));
        let mut template = template;
        for route in template.apis.iter_mut().flat_map(|api| &mut api.routes) {
            route.throttle = setup.throttle.or(route.throttle);
        }
        let gateway = Gateway::new(template, functions);
        let gateway = if setup.throttle.is_some() { gateway.throttled() } else { gateway };
        let gateway = gateway::serve(free_port().await, gateway, local::pages(true)).expect("it listens");
        let urls = Urls::all(&gateway.url());
        let tables = (dynamodb::ACCESS_TABLE.to_owned(), dynamodb::CHAT_TABLE.to_owned());
        let url = Some(database.url());
        Self::seeded(urls, (dynamodb, url), tables, proxy, clock, vec![database, gateway]).await
    }

    async fn start_anew(deployed: Deployed) -> Self {
        let dynamodb = store::client::from_environment();
        // What the last test left, before it is gone.
        let access =
            serde_json::to_string(&scan(&dynamodb, &deployed.access_table).await).expect("it is JSON");
        assert!(!access.contains("\"cn-") && !access.contains("\"cs-"), "a token or a secret is stored");
        for table in [&deployed.access_table, &deployed.chat_table] {
            empty(&dynamodb, table).await;
        }
        // Nothing passes through it: the functions have their own way to the store.
        let proxy = FaultyDynamoDb::start("http://127.0.0.1:1");
        let tables = (deployed.access_table, deployed.chat_table);
        Self::seeded(deployed.urls, (dynamodb, None), tables, proxy, Clock::system(), Vec::new()).await
    }

    async fn seeded(
        urls: Urls,
        (dynamodb, dynamodb_url): (Client, Option<String>),
        (access_table, chat_table): (String, String),
        proxy: FaultyDynamoDb,
        clock: Clock,
        servers: Vec<ServerHandle>,
    ) -> Self {
        let access = Table::new(dynamodb.clone(), access_table.clone());
        let chat = Table::new(dynamodb.clone(), chat_table.clone());
        demo::seed(&access, &chat, &clock).await.expect("the demo data is stored");
        let anonymous = Caller::anonymous(urls);
        Self {
            customer_service: anonymous.with_token(CUSTOMER_SERVICE_TOKEN),
            message_push: anonymous.with_token(MESSAGE_PUSH_TOKEN),
            platform: anonymous.with_token(PLATFORM_TOKEN),
            anonymous,
            dynamodb,
            dynamodb_url,
            access_table,
            chat_table,
            proxy,
            clock,
            _servers: servers,
        }
    }

    /// Stores a token of an application, good for an hour.
    pub async fn grant(&self, token: &str, app: &str, scopes: &[&str], sources: &[u32]) {
        self.grant_until(token, app, scopes, sources, self.clock.now().seconds() + 3600).await;
    }

    /// Stores a token of an application, good until `expire_at` in epoch seconds.
    pub async fn grant_until(
        &self,
        token: &str,
        app: &str,
        scopes: &[&str],
        sources: &[u32],
        expire_at: u64,
    ) {
        let hash = BearerToken::parse(token).unwrap_or_else(|_| panic!("it is a token")).hash();
        let grant = Grant {
            app_id: AppId::parse(app).expect("it is an application's id"),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            sources: sources
                .iter()
                .map(|number| Source::try_from(*number).expect("it is a source"))
                .collect(),
            issued_at: Some(self.clock.now()),
            expire_at,
        };
        tokens::put(&Table::new(self.dynamodb.clone(), self.access_table.clone()), &hash, &grant)
            .await
            .expect("it is stored");
    }

    /// The table of messages, chat logs, users and pushes, past every fault.
    #[must_use]
    pub fn chat_table(&self) -> Table {
        Table::new(self.dynamodb.clone(), self.chat_table.clone())
    }
}

/// A stack that is deployed, by what the environment says of it.
struct Deployed {
    urls: Urls,
    access_table: String,
    chat_table: String,
}

impl Deployed {
    fn from_environment() -> Option<Self> {
        let variable = |name| std::env::var(name).ok();
        variable("CUSTOMER_SERVICE_URL")?;
        // Its tables are emptied: never those of an account.
        let endpoint = variable("AWS_ENDPOINT_URL").unwrap_or_default();
        assert!(endpoint.starts_with("http://127.0.0.1:"), "only a stack on this machine is tested");
        let urls = Urls {
            token: variable("TOKEN_URL")?,
            customer_service: variable("CUSTOMER_SERVICE_URL")?,
            message_push: variable("MESSAGE_PUSH_URL")?,
            platform: variable("PLATFORM_URL")?,
        };
        Some(Self { urls, access_table: variable("ACCESS_TABLE")?, chat_table: variable("CHAT_TABLE")? })
    }
}

/// Deletes every item of a table.
async fn empty(dynamodb: &Client, table: &str) {
    let scan =
        dynamodb.scan().table_name(table).projection_expression("pk, sk").into_paginator().items().send();
    let keys = scan.collect::<Result<Vec<_>, _>>().await.expect("the table can be read");
    for batch in keys.chunks(25) {
        let delete = |key: &HashMap<_, _>| {
            let request = DeleteRequest::builder().set_key(Some(key.clone())).build().expect("it has a key");
            WriteRequest::builder().delete_request(request).build()
        };
        let requests = batch.iter().map(delete).collect::<Vec<_>>();
        let write = dynamodb.batch_write_item().request_items(table, requests).send();
        assert!(
            write.await.expect("the table can be written").unprocessed_items.unwrap_or_default().is_empty()
        );
    }
}

async fn free_port() -> TcpListener {
    TcpListener::bind(("127.0.0.1", 0)).await.expect("there is a free port")
}
