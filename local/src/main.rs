//! `cargo run -p local`: the whole system on this machine, for whoever wants to call it.

use std::{error::Error, path::PathBuf, process::ExitCode};

use api::Clock;
use clap::Parser;
use local::{
    TEMPLATE, demo, dynamodb,
    functions::Functions,
    gateway::{self, Gateway},
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
#[command(name = "local")]
struct Arguments {
    /// The port of the APIs, on 127.0.0.1; 0 takes any that is free
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// The port of DynamoDB, on 127.0.0.1; 0 takes any that is free
    #[arg(long, default_value_t = 8000)]
    dynamodb_port: u16,
    /// Keep the data in this file; without it, everything is in memory and ends with the process
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Start empty: no demo chat, no demo user, no tokens
    #[arg(long)]
    no_demo: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    // A request a line, for people; the functions' own lines are for CloudWatch.
    let lines = tracing_subscriber::fmt::layer().with_target(false).with_level(false);
    let filter = Targets::new().with_default(LevelFilter::ERROR).with_target("local", LevelFilter::INFO);
    tracing_subscriber::registry().with(lines).with(filter).init();
    match run(Arguments::parse()).await {
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
    let api_listener = listen(arguments.port, "--port").await?;
    let dynamodb_listener = listen(arguments.dynamodb_port, "--dynamodb-port").await?;

    let database = dynamodb::serve(dynamodb_listener, arguments.data.as_deref())?;
    let client = store::client::at_endpoint(&database.url()).await;
    dynamodb::create_tables(&client, &template.tables).await?;
    if !arguments.no_demo {
        let table = |name| Table::new(client.clone(), name);
        demo::seed(&table("AccessTable"), &table("ChatTable"), &clock).await?;
    }
    let functions = Functions::start(&template, &client, &clock)?;
    let server = gateway::serve(api_listener, Gateway::new(template, functions))?;

    println!("The APIs listen on {}, DynamoDB on {}. Ctrl-C ends both.\n", server.url(), database.url());
    if !arguments.no_demo {
        println!("{}", demo::welcome(&server.url()));
    }
    interrupted().await?;
    server.stop().await;
    database.stop().await;
    Ok(())
}

async fn listen(port: u16, option: &str) -> Result<TcpListener, String> {
    TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|error| format!("cannot listen on port {port}: {error}; choose another with {option}"))
}

/// Waits for Ctrl-C, or for a supervisor's SIGTERM.
async fn interrupted() -> std::io::Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminated.recv() => Ok(()),
    }
}
