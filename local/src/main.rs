//! `cargo run -p local` runs the whole system on this machine. `cargo run -p local -- seed` stores the demo data in a deployed
//! stack.

use std::{
    error::Error,
    io,
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    process::ExitCode,
};

use api::Clock;
use clap::{Args, Parser, Subcommand};
use local::{
    TEMPLATE,
    demo::{self, Urls},
    docs, dynamodb,
    events::Events,
    functions::{Endpoints, Functions},
    gateway::{self, Gateway},
    sockets::{self, Sockets},
    template::Template,
};
use store::Table;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// Runs the third-party service on this machine: API Gateway, the functions, DynamoDB.
#[derive(Parser)]
#[command(name = "local", args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The address of the APIs and of DynamoDB, which checks no credentials: anybody who reaches it reads and writes all data
    #[arg(long, value_name = "ADDRESS", default_value_t = Ipv4Addr::LOCALHOST.into())]
    bind: IpAddr,
    /// The port of the APIs; 0 takes a free one
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// The port of DynamoDB; 0 takes a free one
    #[arg(long, default_value_t = 8000)]
    dynamodb_port: u16,
    /// Keep the data in this file; the default is in memory
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Start without demo data: no application, no token
    #[arg(long)]
    no_demo: bool,
    /// Enforce the throttles of the template, with their defaults
    #[arg(long)]
    throttle: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Stores the demo application, tokens, chat and user in a deployed stack, and prints how to call it
    ///
    /// Region, credentials and endpoint are those of the AWS environment variables.
    Seed(Deployment),
    /// Writes the API reference as a static page into a folder
    Docs {
        /// The folder; created if it does not exist
        folder: PathBuf,
    },
}

/// A deployed stack, by its outputs.
#[derive(Args)]
struct Deployment {
    /// The table of applications and tokens
    #[arg(long)]
    access_table: String,
    /// The table of messages, chat logs, users and pushes
    #[arg(long)]
    chat_table: String,
    /// Base URL of the token API
    #[arg(long, value_name = "URL")]
    token_url: String,
    /// Base URL of the customer-service API
    #[arg(long, value_name = "URL")]
    customer_service_url: String,
    /// Base URL of the push API
    #[arg(long, value_name = "URL")]
    message_push_url: String,
    /// Base URL of the platform's API
    #[arg(long, value_name = "URL")]
    platform_url: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    // One line per request, for people. The functions' own lines are for CloudWatch.
    let lines = tracing_subscriber::fmt::layer().with_target(false).with_level(false);
    let filter = Targets::new().with_default(LevelFilter::ERROR).with_target("local", LevelFilter::INFO);
    tracing_subscriber::registry().with(lines).with(filter).init();
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Some(Command::Seed(deployment)) => seed(deployment).await,
        Some(Command::Docs { folder }) => docs::write(&folder).map_err(Into::into),
        None => run(arguments).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("local: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let clock = Clock::system();
    let template = Template::parse(TEMPLATE)?;
    let api_listener = listen(arguments.bind, arguments.port, "--port").await?;
    let dynamodb_listener = listen(arguments.bind, arguments.dynamodb_port, "--dynamodb-port").await?;

    // These are for the functions alone.
    let lambda_listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let connections_listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let endpoints = Endpoints {
        lambda: format!("http://{}", lambda_listener.local_addr()?),
        connections: format!("http://{}", connections_listener.local_addr()?),
        socket: format!("ws://{}{}", api_listener.local_addr()?, sockets::PATH),
    };

    let data = dynamodb::open(arguments.data.as_deref())?;
    let database = dynamodb::serve(dynamodb_listener, data.clone())?;
    let client = store::client::at_endpoint(&database.url());
    dynamodb::create_tables(&client, &template.tables).await?;
    if !arguments.no_demo {
        let table = |name| Table::new(client.clone(), name);
        demo::seed(&table(dynamodb::ACCESS_TABLE), &table(dynamodb::CHAT_TABLE), &clock).await?;
    }
    let functions = Functions::start(&template, &client, &endpoints, &clock)?;
    let events = Events::start(&template, &functions, &data, lambda_listener, &clock)?;
    let sockets = Sockets::start(&template, functions.clone(), connections_listener, clock)?;
    let pages = local::pages(!arguments.no_demo, &endpoints.socket).merge(sockets.pages());
    let gateway = Gateway::new(template, functions);
    let gateway = if arguments.throttle { gateway.throttled() } else { gateway };
    let server = gateway::serve(api_listener, gateway, pages)?;

    println!("The APIs listen on {}, DynamoDB on {}. Ctrl-C ends both.\n", server.url(), database.url());
    if !arguments.no_demo {
        let url = server.url();
        println!("Look at both sides in a browser: {url}/chat");
        println!("Read the reference, and try each endpoint: {url}/docs\n");
        println!(
            "{}",
            demo::welcome(Urls { token: &url, customer_service: &url, message_push: &url, platform: &url })
        );
    }
    interrupted().await?;
    sockets.stop().await;
    server.stop().await;
    events.stop().await;
    database.stop().await;
    Ok(())
}

async fn seed(deployment: Deployment) -> Result<(), Box<dyn Error>> {
    let client = store::client::from_environment();
    let access = Table::new(client.clone(), deployment.access_table);
    let chat = Table::new(client, deployment.chat_table);
    demo::seed(&access, &chat, &Clock::system()).await?;
    let urls = Urls {
        token: &deployment.token_url,
        customer_service: &deployment.customer_service_url,
        message_push: &deployment.message_push_url,
        platform: &deployment.platform_url,
    };
    println!("{}", demo::welcome(urls));
    Ok(())
}

async fn listen(address: IpAddr, port: u16, option: &str) -> Result<TcpListener, String> {
    TcpListener::bind((address, port)).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrNotAvailable => {
            format!("cannot listen on {address}: {error}; choose an address of this machine with --bind")
        }
        _ => format!("cannot listen on port {port}: {error}; choose another with {option}"),
    })
}

/// Waits for Ctrl-C, or for a supervisor's SIGTERM.
async fn interrupted() -> io::Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminated.recv() => Ok(()),
    }
}
