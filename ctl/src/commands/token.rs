//! `chatbotctl token`.

use std::io::{self, Read};

use model::{
    AppId,
    oauth::{BearerToken, Effect, TokenHash},
};
use store::tokens;

use super::Operator;
use crate::{
    arguments::{App, TokenCommand},
    error::Error,
    view::{self, ChangeView, TokenView},
};

pub async fn run(operator: &Operator, command: TokenCommand) -> Result<(), Error> {
    match command {
        TokenCommand::List(App { app }) => list(operator, &app).await,
        TokenCommand::Revoke { token } => revoke(operator, &token).await,
    }
}

async fn list(operator: &Operator, id: &AppId) -> Result<(), Error> {
    operator.find(id).await?;
    let mut tokens = operator.told(tokens::issued_to(&operator.table, id, operator.now()).await)?;
    tokens.sort_by_key(|token| token.issued_at);
    let views: Vec<_> = tokens.iter().map(TokenView::new).collect();
    operator.print(&view::tokens(&views), &views)
}

async fn revoke(operator: &Operator, shown: &str) -> Result<(), Error> {
    let hash = if shown == "-" { read_token()?.hash() } else { parse_hash(shown)? };
    let found = operator.told(tokens::find(&operator.table, &hash, operator.now()).await)?;
    let app = found.ok_or(Error::NoToken)?.principal.app;
    operator.confirm(&format!("A token of {app} ends."))?;
    let entry = operator.entry(format!("revoked the token {hash}")).await?;
    let revoked = tokens::revoke(&operator.table, &app, &hash, Some(&entry)).await;
    // `false` means that the token expired after the read: it is invalid as well.
    let (effect, ended) = if operator.told(revoked)? { (Effect::Changed, 1) } else { (Effect::Unchanged, 0) };
    operator.print(&format!("The token of {app} is revoked."), &ChangeView::new(&app, effect, Some(ended)))
}

fn parse_hash(text: &str) -> Result<TokenHash, Error> {
    TokenHash::try_from(text.to_ascii_lowercase()).map_err(|_| Error::NotAToken)
}

/// Reads a token from standard input, since other users of the machine can see command lines.
fn read_token() -> Result<BearerToken, Error> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    BearerToken::parse(text.trim()).map_err(|_| Error::NotAToken)
}
