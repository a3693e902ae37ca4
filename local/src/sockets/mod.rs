//! The WebSocket API: browsers on one side, the functions and their `@connections` on the other.

mod browser;
mod event;
mod management;
mod registry;

use std::{io, sync::Arc, time::Duration};

use api::Clock;
use axum::Router;
use thiserror::Error;
use tokio::{net::TcpListener, task::JoinSet, time::sleep};

use self::registry::Registry;
use crate::{
    ServerHandle,
    functions::Functions,
    template::{SocketApi, Template},
};

/// The path of the WebSocket API on the gateway.
pub const PATH: &str = "/socket";

/// The time between two looks at the limits of connections.
const LOOK: Duration = Duration::from_millis(100);

/// The WebSocket API of a template, at work. It ends when this is dropped.
#[derive(Debug)]
pub struct Sockets {
    shared: Arc<Shared>,
    _limits: JoinSet<()>,
    management: ServerHandle,
}

#[derive(Debug, Error)]
pub enum SocketsError {
    #[error("the template has no WebSocket API")]
    NoApi,
    #[error("cannot listen: {0}")]
    Listen(#[from] io::Error),
}

#[derive(Debug)]
struct Shared {
    api: SocketApi,
    functions: Functions,
    connections: Registry,
}

impl Sockets {
    /// Serves `@connections` of the template's API on a listener, whose address `functions` know.
    ///
    /// # Errors
    /// [`SocketsError`] if there is no API, or the listener has no address.
    pub fn start(
        template: &Template,
        functions: Functions,
        management: TcpListener,
        clock: Clock,
    ) -> Result<Self, SocketsError> {
        let api = template.socket.clone().ok_or(SocketsError::NoApi)?;
        let shared = Arc::new(Shared { api, functions, connections: Registry::new(clock) });
        let management = management::serve(management, Arc::clone(&shared))?;
        let limited = Arc::clone(&shared);
        let mut limits = JoinSet::new();
        limits.spawn(async move {
            loop {
                limited.connections.end_expired();
                sleep(LOOK).await;
            }
        });
        Ok(Self { shared, _limits: limits, management })
    }

    /// The browsers' side, on [`PATH`].
    pub fn pages(&self) -> Router {
        browser::pages(Arc::clone(&self.shared))
    }

    /// Ends the connections.
    pub async fn stop(self) {
        self.shared.connections.end_all();
        self.management.stop().await;
    }
}
