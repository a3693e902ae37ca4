//! A server that runs in the background.

use std::{future::Future, io, net::SocketAddr, time::Duration};

use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// How long a stopping server waits for its clients.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub struct ServerHandle {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl ServerHandle {
    /// Runs `serve` with a listener and a stop signal.
    ///
    /// # Errors
    /// The listener has no address.
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

    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops after the requests in progress, at most 2 seconds later.
    pub async fn stop(self) {
        drop(self.stop);
        let abort = self.task.abort_handle();
        if tokio::time::timeout(DRAIN_TIMEOUT, self.task).await.is_err() {
            abort.abort();
        }
    }
}

#[derive(Debug)]
pub(crate) struct StopSignal(oneshot::Receiver<()>);

impl StopSignal {
    pub(crate) async fn wait(self) {
        // The dropped sender is the signal.
        let _ = self.0.await;
    }
}
