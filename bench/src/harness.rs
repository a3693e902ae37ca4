//! The setup of a benchmark: a DynamoDB with the demo data, the stub that records its answers, and the bootstraps.

use std::{io, path::PathBuf};

use api::Clock;
use aws_sdk_dynamodb::Client;
use bench::{
    environment,
    process::{Bootstrap, FunctionProcess},
};
use local::{
    ServerHandle, TEMPLATE, demo,
    dynamodb::{self, ACCESS_TABLE, CHAT_TABLE},
    template::Template,
};
use store::Table;
use tokio::net::TcpListener;

use crate::{
    event::{self, Call},
    measure::Subject,
    stub::Stub,
};

/// A build of the functions, in the layout of cargo-lambda: `FOLDER/BINARY/bootstrap`.
#[derive(Debug, Clone)]
pub struct Build {
    /// The name in reports; empty for the only build.
    pub label: String,
    pub folder: PathBuf,
}

pub struct Harness {
    /// Stands in for DynamoDB during the measurement.
    pub stub: Stub,
    pub subjects: Vec<Subject>,
    template: Template,
    client: Client,
    _database: ServerHandle,
}

impl Harness {
    /// Sets up `hello` and the calls whose names contain one of `only` (all calls if it is empty), each with every build.
    ///
    /// # Errors
    /// A file is missing, or a function fails or gives a wrong answer.
    pub async fn set_up(builds: &[Build], only: &[String]) -> io::Result<Self> {
        let mut harness = Self::open().await?;
        let wanted = |call: &Call| {
            only.is_empty() || call.name == event::HELLO || only.iter().any(|part| call.name.contains(part))
        };
        harness.learn(builds, &event::calls()?, wanted).await?;
        Ok(harness)
    }

    /// Starts DynamoDB with the demo data, and the stub without recorded answers or subjects.
    pub async fn open() -> io::Result<Self> {
        let template = Template::parse(TEMPLATE).map_err(io::Error::other)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let database = dynamodb::open(None).map_err(io::Error::other)?;
        let database = dynamodb::serve(listener, database).map_err(io::Error::other)?;
        let client = store::client::at_endpoint(&database.url());
        dynamodb::create_tables(&client, &template.tables).await.map_err(io::Error::other)?;
        let table = |name| Table::new(client.clone(), name);
        demo::seed(&table(ACCESS_TABLE), &table(CHAT_TABLE), &Clock::system())
            .await
            .map_err(io::Error::other)?;

        let stub = Stub::start(&database.url()).await?;
        Ok(Self { stub, subjects: Vec::new(), template, client, _database: database })
    }

    /// A table of the real DynamoDB behind the stub.
    #[must_use]
    pub fn table(&self, name: &str) -> Table {
        Table::new(self.client.clone(), name)
    }

    /// Invokes each call once, so that the stub records the answers; then makes the `wanted` calls the subjects, each with
    /// every build.
    ///
    /// # Errors
    /// A function fails or gives a wrong answer.
    pub async fn learn(
        &mut self,
        builds: &[Build],
        calls: &[Call],
        wanted: impl Fn(&Call) -> bool,
    ) -> io::Result<()> {
        // In order, since later calls read what earlier ones pushed. Any build will do: all builds write and read the same.
        for call in calls {
            let taught = builds.iter().find(|build| bootstrap(build, call).exists());
            if let Some(build) = taught {
                let subject = self.subject(build, call);
                let mut process = FunctionProcess::start(&subject.bootstrap).await?;
                call.check(&process.invoke(&call.event).await?.answer)?;
                process.end().await?;
            }
        }
        self.stub.stop_learning();

        let subjects = calls.iter().filter(|call| wanted(call)).flat_map(|call| {
            let built = builds.iter().filter(|build| bootstrap(build, call).exists());
            built.map(|build| self.subject(build, call))
        });
        self.subjects = subjects.collect();
        Ok(())
    }

    fn subject(&self, build: &Build, call: &Call) -> Subject {
        let mut environment = environment::of_function(&self.template, call.binary, &self.stub.url);
        environment.insert("SSL_CERT_FILE".to_owned(), self.stub.bundle().to_string_lossy().into_owned());
        let bootstrap = Bootstrap { path: bootstrap(build, call), environment };
        Subject { call: call.clone(), build: build.label.clone(), bootstrap, quota: None }
    }
}

fn bootstrap(build: &Build, call: &Call) -> PathBuf {
    build.folder.join(call.binary).join("bootstrap")
}
