//! The system under test: what `local` runs, in the process of the test on free ports; or a deployed stack.

use std::{collections::HashMap, net::SocketAddr};

use api::Clock;
use aws_sdk_dynamodb::{
    Client,
    types::{DeleteRequest, WriteRequest},
};
use local::{
    ServerHandle, TEMPLATE,
    demo::{self, CUSTOMER_SERVICE_TOKEN, MESSAGE_PUSH_TOKEN, PLATFORM_TOKEN},
    dynamodb::{self, Database},
    events::{Events, scheduled_event},
    functions::{Code, Endpoints, Functions, Outcome},
    gateway::{self, Gateway},
    sockets::{self, Sockets},
    template::{EventSource, Template, Throttle},
};
use model::oauth::Scope;
use store::Table;
use tokio::net::TcpListener;

use crate::{
    Caller, FaultyDynamoDb, ManualClock, Operator, Partner, Platform, caller::Urls,
    captured::keep_callsites_open, expressions, stored::scan,
};

/// The scope of the customer-service product.
pub const CUSTOMER_SERVICE: &str = Scope::CustomerService.name();
/// The scope of the push product.
pub const MESSAGE_PUSH: &str = Scope::MessagePush.name();
/// The scope of the platform's own API.
pub const PLATFORM: &str = Scope::Platform.name();

/// How a system differs from the template.
#[derive(Default)]
pub struct Setup {
    /// The machine's clock by default.
    pub clock: Option<ManualClock>,
    /// Code that replaces functions, by their logical id.
    pub replaced: Vec<(&'static str, Code)>,
    /// The throttle that the gateway enforces for each endpoint. By default the gateway enforces none.
    pub throttle: Option<Throttle>,
    pub stream: Stream,
    /// The URL of another `@connections` than the gateway's.
    pub connections_url: Option<String>,
    /// Values of environment variables, by the function's logical id and the variable's name.
    pub variables: Vec<(&'static str, &'static str, &'static str)>,
    /// A stopped system, which the new one goes on from.
    pub stopped: Option<Stopped>,
}

/// The data of a stopped system, and the address of its gateway.
pub struct Stopped {
    data: Database,
    address: SocketAddr,
}

/// The stream of the table `Chat`, which starts deliveries to webhooks and signals to browsers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stream {
    Runs,
    /// The table has none. Writes take the same time however many went before: dynoxide looks at all records of a stream with
    /// each write.
    #[default]
    Dropped,
}

/// A running system that holds the demo data only.
pub struct System {
    /// The demo application with its token for the customer-service product.
    pub customer_service: Partner,
    /// The demo application with its token for the push product.
    pub message_push: Partner,
    pub platform: Platform,
    pub operator: Operator,
    /// A caller without a token.
    pub anonymous: Caller,
    /// DynamoDB, past every fault.
    pub dynamodb: Client,
    /// DynamoDB's endpoint; `None` for a deployed stack, whose endpoint is in the environment.
    pub dynamodb_url: Option<String>,
    /// The endpoint of Lambda's API, which invokes the functions; `None` for a deployed stack.
    pub lambda_url: Option<String>,
    /// The WebSocket API for functions, above `/@connections`; `None` for a deployed stack.
    pub connections_url: Option<String>,
    /// The WebSocket API for browsers; `None` for a deployed stack.
    pub socket_url: Option<String>,
    pub access_table: String,
    pub chat_table: String,
    pub webhooks_table: String,
    pub connections_table: String,
    /// The proxy between the functions and DynamoDB. A deployed stack does not use it.
    pub proxy: FaultyDynamoDb,
    /// The clock of the functions.
    pub clock: Clock,
    /// `None` for a deployed stack.
    functions: Option<Functions>,
    /// `None` for a deployed stack.
    running: Option<Running>,
}

/// The parts of a system in this process that end with it.
struct Running {
    data: Database,
    address: SocketAddr,
    database: ServerHandle,
    gateway: ServerHandle,
    events: Events,
    sockets: Sockets,
}

impl System {
    /// Starts a system, or empties the deployed stack that the environment names.
    pub async fn start() -> Self {
        Self::start_with(Setup::default()).await
    }

    /// Starts a system with a clock that the test moves.
    pub async fn start_at(clock: &ManualClock) -> Self {
        Self::start_with(Setup { clock: Some(clock.clone()), ..Setup::default() }).await
    }

    pub async fn start_with(setup: Setup) -> Self {
        match Deployed::from_environment() {
            None => Self::start_here(setup).await,
            Some(deployed) => {
                let Setup { clock, replaced, throttle, stream: _, connections_url, variables, stopped } =
                    setup;
                assert!(
                    clock.is_none()
                        && replaced.is_empty()
                        && throttle.is_none()
                        && connections_url.is_none()
                        && variables.is_empty()
                        && stopped.is_none(),
                    "a deployed stack cannot be changed"
                );
                Self::start_anew(deployed).await
            }
        }
    }

    async fn start_here(setup: Setup) -> Self {
        keep_callsites_open();
        let mut template = Template::parse(TEMPLATE).expect("the template can be parsed");
        let drops_stream = setup.stream == Stream::Dropped;
        for function in &mut template.functions {
            function.sources.retain(|source| match source {
                EventSource::Stream(_) => !drops_stream,
                // A test sends the events of schedules by `sweep`.
                EventSource::Schedule { .. } => false,
            });
            let own = setup.variables.iter().filter(|(id, ..)| *id == function.id);
            let own = own.map(|(_, name, value)| ((*name).to_owned(), (*value).to_owned()));
            let given = function.environment.variables();
            let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
            function.environment = given.chain(own).collect();
        }
        for table in &mut template.tables {
            table.stream = table.stream.take().filter(|_| !drops_stream);
        }
        let clock = setup.clock.as_ref().map_or_else(Clock::system, Clock::from);
        let (data, api) = match setup.stopped {
            Some(Stopped { data, address }) => (data, listen(address).await),
            None => (dynamodb::open(None).expect("DynamoDB starts"), free_port().await),
        };
        let database = dynamodb::serve(free_port().await, data.clone()).expect("DynamoDB starts");
        // Operators' statements can be changed, too.
        let direct = expressions::is_active().then(|| FaultyDynamoDb::start(&database.url()).url());
        let dynamodb = store::client::at_endpoint(&direct.unwrap_or_else(|| database.url()));
        dynamodb::create_tables(&dynamodb, &template.tables).await.expect("the tables are created");

        let proxy = FaultyDynamoDb::start(&database.url());
        let client = store::client::at_endpoint(&proxy.url());
        let (lambda, connections) = (free_port().await, free_port().await);
        let address = |listener: &TcpListener| listener.local_addr().expect("it has an address");
        let api_address = address(&api);
        let endpoints = Endpoints {
            lambda: format!("http://{}", address(&lambda)),
            connections: setup.connections_url.unwrap_or_else(|| format!("http://{}", address(&connections))),
            socket: format!("ws://{api_address}{}", sockets::PATH),
        };
        let functions =
            Functions::start(&template, &client, &endpoints, &clock).expect("the functions start");
        let functions =
            setup.replaced.into_iter().fold(functions, |functions, (id, code)| functions.with(id, code));
        let events =
            Events::start(&template, &functions, &data, lambda, &clock).expect("the stream can be read");
        for route in template.apis.iter_mut().flat_map(|api| &mut api.routes) {
            route.throttle = setup.throttle.or(route.throttle);
        }
        let sockets = Sockets::start(&template, functions.clone(), connections, clock.clone());
        let sockets = sockets.expect("it listens");
        let gateway = Gateway::new(template, functions.clone());
        let gateway = if setup.throttle.is_some() { gateway.throttled() } else { gateway };
        let pages = local::pages(true, &endpoints.socket).merge(sockets.pages());
        let gateway = gateway::serve(api, gateway, pages).expect("it listens");
        let urls = Urls::all(&gateway.url());
        let tables = Tables {
            access: dynamodb::ACCESS_TABLE.to_owned(),
            chat: dynamodb::CHAT_TABLE.to_owned(),
            webhooks: dynamodb::WEBHOOKS_TABLE.to_owned(),
            connections: dynamodb::CONNECTIONS_TABLE.to_owned(),
        };
        let url = Some(database.url());
        let seeded = Self::seeded(urls, (dynamodb, url), tables, proxy, clock).await;
        Self {
            functions: Some(functions),
            lambda_url: Some(endpoints.lambda),
            connections_url: Some(endpoints.connections),
            socket_url: Some(endpoints.socket),
            running: Some(Running { data, address: api_address, database, gateway, events, sockets }),
            ..seeded
        }
    }

    async fn start_anew(deployed: Deployed) -> Self {
        let dynamodb = store::client::from_environment();
        // The items of the test before this one.
        let access = serde_json::to_string(&scan(&dynamodb, &deployed.tables.access).await)
            .expect("the value is JSON");
        assert!(!access.contains("\"cn-") && !access.contains("\"cs-"), "a token or a secret is stored");
        let Tables { access, chat, webhooks, connections } = &deployed.tables;
        for table in [access, chat, webhooks, connections] {
            empty(&dynamodb, table).await;
        }
        // Nothing passes through it: deployed functions call DynamoDB directly.
        let proxy = FaultyDynamoDb::start("http://127.0.0.1:1");
        let Deployed { urls, tables } = deployed;
        Self::seeded(urls, (dynamodb, None), tables, proxy, Clock::system()).await
    }

    async fn seeded(
        urls: Urls,
        (dynamodb, dynamodb_url): (Client, Option<String>),
        tables: Tables,
        proxy: FaultyDynamoDb,
        clock: Clock,
    ) -> Self {
        let access = Table::new(dynamodb.clone(), tables.access.clone());
        let chat = Table::new(dynamodb.clone(), tables.chat.clone());
        demo::seed(&access, &chat, &clock).await.expect("the demo data is stored");
        let anonymous = Caller::anonymous(urls);
        Self {
            customer_service: Partner::new(anonymous.with_token(CUSTOMER_SERVICE_TOKEN)),
            message_push: Partner::new(anonymous.with_token(MESSAGE_PUSH_TOKEN)),
            platform: Platform::new(anonymous.with_token(PLATFORM_TOKEN)),
            operator: Operator::new(access, clock.clone(), anonymous.clone()),
            anonymous,
            dynamodb,
            dynamodb_url,
            lambda_url: None,
            connections_url: None,
            socket_url: None,
            access_table: tables.access,
            chat_table: tables.chat,
            webhooks_table: tables.webhooks,
            connections_table: tables.connections,
            proxy,
            clock,
            functions: None,
            running: None,
        }
    }

    /// Ends the system: its gateway does not answer any more, and its sockets are closed.
    ///
    /// # Panics
    /// The stack is a deployed one.
    pub async fn stop(self) -> Stopped {
        let running = self.running.expect("the system runs in this process");
        let Running { data, address, database, gateway, events, sockets } = running;
        gateway.stop().await;
        sockets.stop().await;
        events.stop().await;
        database.stop().await;
        Stopped { data, address }
    }

    /// Invokes a function by its logical id, and waits for its end. A deployed stack has no such way.
    ///
    /// # Errors
    /// The function fails.
    ///
    /// # Panics
    /// The stack is a deployed one.
    pub async fn invoke(&self, function: &str, event: String) -> Outcome {
        let functions = self.functions.as_ref().expect("the functions run in this process");
        functions.invoke(function, event).await
    }

    /// Sends the event of the schedule to `dispatch-events`, and waits for its end. In a test the schedule sends none by itself.
    ///
    /// # Errors
    /// The function fails.
    pub async fn sweep(&self) -> Outcome {
        self.invoke("DispatchEventsFunction", scheduled_event(self.clock.now())).await
    }

    /// A partner with this token.
    #[must_use]
    pub fn partner(&self, token: &str) -> Partner {
        Partner::new(self.anonymous.with_token(token))
    }

    /// The table `Access`, past every fault.
    #[must_use]
    pub fn access_table(&self) -> Table {
        Table::new(self.dynamodb.clone(), self.access_table.clone())
    }

    /// The table `Chat`, past every fault.
    #[must_use]
    pub fn chat_table(&self) -> Table {
        Table::new(self.dynamodb.clone(), self.chat_table.clone())
    }

    /// The table `Webhooks`, past every fault.
    #[must_use]
    pub fn webhooks_table(&self) -> Table {
        Table::new(self.dynamodb.clone(), self.webhooks_table.clone())
    }

    /// The table `Connections`, past every fault.
    #[must_use]
    pub fn connections_table(&self) -> Table {
        Table::new(self.dynamodb.clone(), self.connections_table.clone())
    }
}

/// The names of the tables.
struct Tables {
    access: String,
    chat: String,
    webhooks: String,
    connections: String,
}

/// A deployed stack, named by environment variables.
struct Deployed {
    urls: Urls,
    tables: Tables,
}

impl Deployed {
    fn from_environment() -> Option<Self> {
        let variable = |name| std::env::var(name).ok();
        variable("CUSTOMER_SERVICE_URL")?;
        // The tests empty its tables, so it must not be an AWS account.
        let endpoint = variable("AWS_ENDPOINT_URL").unwrap_or_default();
        assert!(endpoint.starts_with("http://127.0.0.1:"), "only a stack on this machine is tested");
        let urls = Urls {
            token: variable("TOKEN_URL")?,
            customer_service: variable("CUSTOMER_SERVICE_URL")?,
            message_push: variable("MESSAGE_PUSH_URL")?,
            platform: variable("PLATFORM_URL")?,
        };
        let tables = Tables {
            access: variable("ACCESS_TABLE")?,
            chat: variable("CHAT_TABLE")?,
            webhooks: variable("WEBHOOKS_TABLE")?,
            connections: variable("CONNECTIONS_TABLE")?,
        };
        Some(Self { urls, tables })
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
    listen(([127, 0, 0, 1], 0).into()).await
}

async fn listen(address: SocketAddr) -> TcpListener {
    TcpListener::bind(address).await.expect("the port is free")
}
