//! Tells the connected browsers where something is new: with each batch of the stream of the table `Chat`, a signal to each
//! connection of the user or the chat.
//!
//! A signal is a hint. It holds no content, is sent once, and is dropped rather than late: a browser also reads periodically.

mod throttle;
mod trigger;

use std::{sync::Arc, time::Duration};

use api::{Clock, Dependencies, Environment, EnvironmentError, Event, EventFailure, Metric};
use aws_calls::{Connections, Posted};
use futures_util::{StreamExt, stream};
use store::{
    Client, Table,
    connections::{self, Subscriber, Subscribers, Topic},
};
use tokio::time::Instant;

use throttle::Throttle;
pub use trigger::Batch;

/// Topics that are looked up, and signals that are sent, at the same time.
const PARALLEL: usize = 32;

/// The time after which the signals of a batch are dropped. A slow API would otherwise hold up the stream, and all signals behind
/// it.
const TIME: Duration = Duration::from_secs(5);

/// The longest time from storing a connection until it is open, in milliseconds: API Gateway's time-out of a `$connect`. Before
/// that, API Gateway says that the connection does not exist.
const CONNECT_MILLIS: u64 = 29_000;

/// `CONNECTIONS_TABLE`, `CONNECTIONS_URL`, `SIGNALS_PER_SECOND` and `SIGNALS_BURST`.
#[derive(Debug)]
pub struct Deps {
    /// Tickets and connections.
    pub connections: Table,
    /// The time, as an input.
    pub clock: Clock,
    /// The way to the browsers.
    pub browsers: Connections,
    /// The signals of this instance.
    pub throttle: Throttle,
}

impl Dependencies for Deps {
    fn new(environment: &Environment, client: Client, clock: Clock) -> Result<Self, EnvironmentError> {
        Ok(Self {
            connections: Table::new(client, environment.get::<String>("CONNECTIONS_TABLE")?),
            clock,
            browsers: Connections::new(environment)?,
            throttle: Throttle::new(
                environment.get("SIGNALS_PER_SECOND")?,
                environment.get("SIGNALS_BURST")?,
            ),
        })
    }

    fn table(&self) -> &Table {
        &self.connections
    }
}

/// A topic, and a connection that gets its signal.
type Delivery = (Topic, Subscriber);

/// Signals the new items of a batch. One query for each topic, one post for each connection, and two requests more for each
/// connection that has ended. Nothing is tried again.
///
/// # Errors
/// None: a signal that fails is counted.
pub async fn handle(deps: Arc<Deps>, event: Event<Batch>) -> Result<(), EventFailure> {
    let deadline = Instant::now() + TIME;
    let (deps, event) = (&deps, &event);
    let topics = stream::iter(event.payload.topics());
    let deliveries = topics.map(|topic| async move { deliveries(deps, event, topic).await });
    // Two topics never have the same signal for a connection: a connection has one inbox, and each chat once.
    let deliveries = deliveries.buffer_unordered(PARALLEL).concat().await;
    stream::iter(deliveries)
        .for_each_concurrent(PARALLEL, |delivery| async move {
            if Instant::now() < deadline && deps.throttle.admits() {
                send(deps, event, &delivery).await;
            } else {
                event.count(Metric::SignalsDropped, 1);
            }
        })
        .await;
    Ok(())
}

/// The signals of a topic.
async fn deliveries(deps: &Deps, event: &Event<Batch>, topic: Topic) -> Vec<Delivery> {
    let found = connections::find(&event.table(&deps.connections), &topic, deps.clock.now()).await;
    let Ok(Subscribers { found, has_more }) = found else {
        event.count(Metric::SignalsFailed, 1);
        return Vec::new();
    };
    if has_more {
        // The number of the others is not known.
        event.count(Metric::SignalsDropped, 1);
    }
    found.into_iter().map(|subscriber| (topic.clone(), subscriber)).collect()
}

/// Sends a signal, and removes the connection if it has ended.
async fn send(deps: &Deps, event: &Event<Batch>, (topic, subscriber): &Delivery) {
    let metric = match deps.browsers.post(&subscriber.connection, &topic.signal()).await {
        Ok(Posted::Accepted) => Metric::SignalsSent,
        Ok(Posted::Gone) => {
            if deps.clock.now().millis_since(subscriber.connected_at) >= CONNECT_MILLIS {
                // A connection that is not removed now is removed by its next signal, or expires.
                let table = event.table(&deps.connections);
                let _ = connections::remove(&table, &subscriber.connection, Some(topic)).await;
            }
            Metric::ConnectionsGone
        }
        Err(_) => Metric::SignalsFailed,
    };
    event.count(metric, 1);
}
