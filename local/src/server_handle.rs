//! A server that runs beside everything else in this process.

use std::{future::Future, io, net::SocketAddr, time::Duration};

use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// How long a server that is to stop waits for its clients.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// A server that listens until it is stopped.
#[derive(Debug)]
pub struct ServerHandle {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl ServerHandle {
    /// Starts what `serve` makes of `listener`, and of a future that ends when it is to stop.
    ///
    /// # Errors
    /// That the listener has no address.
    pub(crate) fn start<S, F>(listener: TcpListener, serve: S) -> io::Result<Self>
    where
        S: FnOnce(TcpListener, StopSignal) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(listener, StopSignal(stopped)));
        Ok(Self { address, stop, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops it, once it has answered what it has begun to answer; it does not wait long for a client that is slow.
    pub async fn stop(self) {
        drop(self.stop);
        let abort = self.task.abort_handle();
        // A server that has ended, however it ended, is stopped.
        if tokio::time::timeout(DRAIN_TIMEOUT, self.task).await.is_err() {
            abort.abort();
        }
    }
}

/// Tells a server when to stop.
#[derive(Debug)]
pub(crate) struct StopSignal(oneshot::Receiver<()>);

impl StopSignal {
    /// Waits until the server is to stop.
    pub(crate) async fn wait(self) {
        // That the sender is gone is the signal.
        let _ = self.0.await;
    }
}
