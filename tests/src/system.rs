//! A system to call: what `local` runs, on free ports, in the process of the test.

use api::Clock;
use aws_sdk_dynamodb::Client;
use local::{
    Running, TEMPLATE,
    demo::{self, CUSTOMER_SERVICE_TOKEN, MESSAGE_PUSH_TOKEN},
    dynamodb,
    functions::{Code, Functions},
    gateway::{self, Gateway},
    template::Template,
};
use model::{AppId, BearerToken, BoundedText, Scope, Source};
use store::{
    Table,
    tokens::{self, Grant},
};
use tokio::net::TcpListener;

use crate::{Caller, FaultyDynamoDb, ManualClock};

/// The scope of the customer-service product.
pub const CUSTOMER_SERVICE: &str = Scope::CustomerService.name();
/// The scope of the push product.
pub const MESSAGE_PUSH: &str = Scope::MessagePush.name();

/// How a system is to be started.
#[derive(Default)]
pub struct Setup {
    /// The time it is; the machine's unless a test brings its own.
    pub clock: Option<ManualClock>,
    /// Code in the place of functions, by their logical id.
    pub replaced: Vec<(&'static str, Code)>,
}

/// A running system with the demo data in it.
pub struct System {
    /// A caller of the customer-service product with its demo token.
    pub customer_service: Caller,
    /// A caller of the push product with its demo token.
    pub message_push: Caller,
    /// A caller without a token.
    pub anonymous: Caller,
    /// The store, past every fault.
    pub dynamodb: Client,
    /// What stands between the functions and the store.
    pub proxy: FaultyDynamoDb,
    /// The time it is for the functions.
    pub clock: Clock,
    _running: [Running; 2],
}

impl System {
    /// Starts a system.
    pub async fn start() -> Self {
        Self::start_with(Setup::default()).await
    }

    /// Starts a system whose time a test sets.
    pub async fn start_at(clock: &ManualClock) -> Self {
        Self::start_with(Setup { clock: Some(clock.clone()), ..Setup::default() }).await
    }

    /// Starts a system in another way.
    pub async fn start_with(setup: Setup) -> Self {
        let template = Template::parse(TEMPLATE).expect("the template is one");
        let clock = setup.clock.as_ref().map_or_else(Clock::system, Clock::from);
        let database = dynamodb::serve(free_port().await, None).expect("DynamoDB starts");
        let dynamodb = store::client::at_endpoint(&database.url()).await;
        dynamodb::create_tables(&dynamodb, &template.tables).await.expect("the tables are created");
        demo::seed(&dynamodb, &clock).await.expect("the demo data is stored");

        let proxy = FaultyDynamoDb::start(&database.url());
        let client = store::client::at_endpoint(&proxy.url()).await;
        let functions = Functions::start(&template, &client, &clock).expect("the functions start");
        let functions =
            setup.replaced.into_iter().fold(functions, |functions, (id, code)| functions.with(id, code));
        let gateway =
            gateway::serve(free_port().await, Gateway::new(template, functions)).expect("it listens");
        let anonymous = Caller::anonymous(&gateway.url());
        Self {
            customer_service: anonymous.with_token(CUSTOMER_SERVICE_TOKEN),
            message_push: anonymous.with_token(MESSAGE_PUSH_TOKEN),
            anonymous,
            dynamodb,
            proxy,
            clock,
            _running: [database, gateway],
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
        let hash = BearerToken::from_header(&format!("Bearer {token}")).expect("it is a token").hash();
        let grant = Grant {
            app_id: AppId::parse(app).expect("it is an application's id"),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            sources: sources
                .iter()
                .map(|number| Source::try_from(*number).expect("it is a source"))
                .collect(),
            expire_at,
        };
        tokens::put(&Table::new(self.dynamodb.clone(), "AccessTable"), &hash, &grant)
            .await
            .expect("it is stored");
    }

    /// The table of messages, chat logs, users and pushes, past every fault.
    #[must_use]
    pub fn chat_table(&self) -> Table {
        Table::new(self.dynamodb.clone(), "ChatTable")
    }
}

async fn free_port() -> TcpListener {
    TcpListener::bind(("127.0.0.1", 0)).await.expect("there is a free port")
}
