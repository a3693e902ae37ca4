//! The setup of a benchmark: a DynamoDB with the demo data, the stub that records its answers, and the bootstraps.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use api::Clock;
use aws_sdk_dynamodb::Client;
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
    process::{Bootstrap, FunctionProcess},
    stub::Stub,
};

/// The AWS SDK's environment variable for the URL of DynamoDB.
pub const ENDPOINT: &str = "AWS_ENDPOINT_URL_DYNAMODB";

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
        let environment = environment(&self.template, call.binary, &self.stub.url, self.stub.bundle());
        let bootstrap = Bootstrap { path: bootstrap(build, call), environment };
        Subject { call: call.clone(), build: build.label.clone(), bootstrap, quota: None }
    }
}

fn bootstrap(build: &Build, call: &Call) -> PathBuf {
    build.folder.join(call.binary).join("bootstrap")
}

/// The environment of a function on Lambda, with the stub in place of DynamoDB.
fn environment(template: &Template, binary: &str, endpoint: &str, bundle: &Path) -> BTreeMap<String, String> {
    let function = template.functions.iter().find(|function| function.binary == binary);
    let of_template = function.into_iter().flat_map(|function| function.environment.variables());
    let of_lambda = [
        // The durations of the connection are logged at this level.
        ("LOG_LEVEL", "debug"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("AWS_SESSION_TOKEN", "a session"),
        ("AWS_LAMBDA_FUNCTION_NAME", binary),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
    ];
    let variables = of_template.chain(of_lambda).map(|(name, value)| (name.to_owned(), value.to_owned()));
    let of_stub = [
        (ENDPOINT.to_owned(), endpoint.to_owned()),
        ("SSL_CERT_FILE".to_owned(), bundle.to_string_lossy().into_owned()),
    ];
    variables.chain(of_stub).collect()
}
