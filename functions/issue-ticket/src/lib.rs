//! `POST /chatbot/api/platform/user/ticket`: the platform's back end gets a ticket, with which the user's browser opens one
//! connection of the socket API.

use std::{fmt, sync::Arc};

use api::{Clock, Data, Dependencies, Environment, EnvironmentError, Failure, Metric, Platform, Request};
use model::platform::{Subscription, Ticket};
use serde::Serialize;
use store::{Client, Table, connections};
use uuid::Uuid;

/// `CONNECTIONS_TABLE` and `SOCKET_URL`.
#[derive(Debug, Clone)]
pub struct Deps {
    /// Tickets and connections.
    pub connections: Table,
    /// The time, as an input.
    pub clock: Clock,
    /// The URL to which the browser connects.
    pub socket_url: String,
}

impl Dependencies for Deps {
    fn new(environment: &Environment, client: Client, clock: Clock) -> Result<Self, EnvironmentError> {
        Ok(Self {
            connections: Table::new(client, environment.get::<String>("CONNECTIONS_TABLE")?),
            clock,
            socket_url: environment.get("SOCKET_URL")?,
        })
    }

    fn table(&self) -> &Table {
        &self.connections
    }
}

/// The ticket for a browser.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuedTicket {
    ticket: String,
    /// The URL to which the browser connects, with `?ticket=` and the ticket.
    url: String,
    /// In seconds.
    expires_in: u64,
}

// Not derived: it must not show the ticket.
impl fmt::Debug for IssuedTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedTicket").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Issues a ticket for a user and chats. One put; the user need not exist.
///
/// # Errors
/// The first that applies: the body, `userId`, `chats`; or the store.
pub async fn handle(deps: Arc<Deps>, request: Request) -> Result<Data<IssuedTicket>, Failure<Platform>> {
    let body = request.json()?;
    let subscription = Subscription::parse(&body)?;
    let new_ticket = || Ticket::of_uuids(Uuid::new_v4().as_u128(), Uuid::new_v4().as_u128());
    let table = request.table(&deps.connections);
    let ticket = connections::put_ticket(&table, new_ticket, &subscription, deps.clock.now()).await?;
    request.count(Metric::TicketsIssued, 1);
    let data = IssuedTicket {
        ticket: ticket.reveal().to_owned(),
        url: deps.socket_url.clone(),
        expires_in: Ticket::LIFETIME,
    };
    Ok(Data { data })
}
