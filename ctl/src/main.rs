//! `chatbotctl`: the operators' command line for applications, scopes, secrets, tokens and webhooks.

mod arguments;
mod commands;
mod connection;
mod error;
mod view;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{CommandFactory, Parser};

use arguments::{Arguments, Command};
use commands::{Operator, app, token, webhook};
use error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chatbotctl: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Error> {
    let Arguments { command, settings } = arguments;
    match command {
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "chatbotctl", &mut script);
            io::stdout().write_all(&script).map_err(Error::Output)
        }
        Command::App(command) => app::run(&Operator::connect(settings).await?, command).await,
        Command::Token(command) => token::run(&Operator::connect(settings).await?, command).await,
        Command::Webhook(command) => webhook::run(settings, command).await,
    }
}
