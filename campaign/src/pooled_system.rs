//! The system with release processes: the gateway over HTTP, pools of processes, and DynamoDB in a file.

use std::{io, path::Path};

use api::Clock;
use local::{
    ServerHandle, TEMPLATE, demo,
    dynamodb::{self, ACCESS_TABLE, CHAT_TABLE},
    functions::{Endpoints, Functions},
    gateway::{self, Gateway},
    template::Template,
};
use store::{Client, Table};
use tests::FaultyDynamoDb;
use tokio::net::TcpListener;

use crate::pool::{self, Pools};

pub(crate) struct PooledSystem {
    /// The base URL of all APIs.
    pub(crate) url: String,
    /// The proxy between the processes and DynamoDB.
    pub(crate) proxy: FaultyDynamoDb,
    pub(crate) pools: Pools,
    /// DynamoDB, past the proxy.
    pub(crate) dynamodb: Client,
    _servers: [ServerHandle; 2],
}

/// The way of the processes' requests to DynamoDB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    ThroughTheProxy,
    Direct,
}

impl PooledSystem {
    /// Starts a system with the demo data, DynamoDB's file `data`, and the bootstraps of the folder `build`. Nothing reads the stream of
    /// the table, so it has none: dynoxide looks at all records of a stream with each write.
    ///
    /// # Errors
    /// A bootstrap is missing, or DynamoDB does not start.
    pub(crate) async fn start(data: &Path, build: &Path, way: Way) -> io::Result<Self> {
        let mut template = Template::parse(TEMPLATE).map_err(io::Error::other)?;
        for table in &mut template.tables {
            table.stream = None;
        }
        let database = dynamodb::open(Some(data)).map_err(io::Error::other)?;
        let database = dynamodb::serve(free_port().await?, database).map_err(io::Error::other)?;
        let dynamodb = store::client::at_endpoint(&database.url());
        dynamodb::create_tables(&dynamodb, &template.tables).await.map_err(io::Error::other)?;
        let table = |name| Table::new(dynamodb.clone(), name);
        let clock = Clock::system();
        demo::seed(&table(ACCESS_TABLE), &table(CHAT_TABLE), &clock).await.map_err(io::Error::other)?;

        let proxy = FaultyDynamoDb::start(&database.url());
        proxy.stop_recording();
        let endpoint = if way == Way::Direct { database.url() } else { proxy.url() };
        let endpoints = Endpoints::unreachable();
        let functions = Functions::start(&template, &dynamodb, &endpoints, &clock);
        let functions = functions.map_err(io::Error::other)?;
        let (functions, pools) = pool::replace(functions, &template, build, &endpoint)?;
        let pages = local::pages(false, &endpoints.socket);
        let gateway = gateway::serve(free_port().await?, Gateway::new(template, functions), pages)?;
        Ok(Self { url: gateway.url(), proxy, pools, dynamodb, _servers: [database, gateway] })
    }
}

async fn free_port() -> io::Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", 0)).await
}
