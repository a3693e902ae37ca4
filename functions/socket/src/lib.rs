//! The socket API: a browser connects with a ticket, pings, and disconnects. Signals reach it by `notify-users`.

mod event;

use std::sync::Arc;

use api::{Clock, Dependencies, Environment, EnvironmentError, Event, EventFailure, Metric};
use aws_calls::Connections;
use futures_util::future::join_all;
use model::{
    ConnectionId,
    platform::{Signal, Ticket},
};
use store::{Client, Table, connections};

pub use event::{Answer, SocketEvent};

use event::Route;

/// `CONNECTIONS_TABLE` and `CONNECTIONS_URL`.
#[derive(Debug)]
pub struct Deps {
    /// Tickets and connections.
    pub connections: Table,
    /// The time, as an input.
    pub clock: Clock,
    /// The way to the browsers.
    pub browsers: Connections,
}

impl Dependencies for Deps {
    fn new(environment: &Environment, client: Client, clock: Clock) -> Result<Self, EnvironmentError> {
        Ok(Self {
            connections: Table::new(client, environment.get::<String>("CONNECTIONS_TABLE")?),
            clock,
            browsers: Connections::new(environment)?,
        })
    }

    fn table(&self) -> &Table {
        &self.connections
    }
}

/// Handles an event of a connection. API Gateway opens a connection only if its `$connect` is answered 200.
///
/// # Errors
/// [`EventFailure`] if the store fails, or a `pong` is not accepted.
pub async fn handle(deps: Arc<Deps>, event: Event<SocketEvent>) -> Result<Answer, EventFailure> {
    let connection = event.payload.connection().clone();
    match event.payload.route() {
        Route::Connect => return connect(&deps, &event, &connection).await,
        Route::Disconnect => {
            connections::remove(&event.table(&deps.connections), &connection, None).await?;
            event.count(Metric::SocketsClosed, 1);
        }
        Route::Ping => {
            deps.browsers.post(&connection, &Signal::Pong).await?;
        }
        Route::Other => {}
    }
    Ok(Answer::OK)
}

/// Redeems the ticket and stores the connection; closes the oldest connections of a user with too many. A ticket of another form
/// is refused without a read.
async fn connect(
    deps: &Deps,
    event: &Event<SocketEvent>,
    connection: &ConnectionId,
) -> Result<Answer, EventFailure> {
    let (table, now) = (event.table(&deps.connections), deps.clock.now());
    let subscription = match event.payload.ticket().map(Ticket::parse) {
        Some(Ok(ticket)) => connections::redeem(&table, &ticket, now).await?,
        Some(Err(_)) | None => None,
    };
    let Some(subscription) = subscription else {
        event.count(Metric::SocketsRefused, 1);
        return Ok(Answer::UNAUTHORIZED);
    };
    let surplus = connections::open(&table, connection, &subscription, now).await?;
    // One that stays open gets no signals any more, and reads periodically.
    join_all(surplus.iter().map(|oldest| deps.browsers.close(oldest))).await;
    event.count(Metric::SocketsOpened, 1);
    Ok(Answer::OK)
}
