//! The clients of the socket API.

use std::io;

use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use local::demo::PLATFORM_TOKEN;
use tests::{Caller, Platform, Ticket, Urls};
use tokio::{sync::mpsc::UnboundedSender, task::JoinSet, time::Instant};
use tokio_tungstenite::{
    connect_async_with_config,
    tungstenite::{self, Message, protocol::WebSocketConfig},
};

use super::population::{Socket, Topic, chat_id, user_id};

/// Connections that are opened concurrently.
const PARALLEL: usize = 16;

/// The buffer of a connection, in bytes. The default of 128 KiB is for large messages.
const READ_BUFFER: usize = 4 * 1024;

/// Something that a connection got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Got {
    Signal(Topic),
    /// A message that is no signal of its topics.
    Other,
    /// The end of the connection.
    End,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Event {
    pub(super) socket: Socket,
    pub(super) got: Got,
    pub(super) at: Instant,
}

/// The open connections. They end when this is dropped.
pub(super) struct Browsers {
    _reading: JoinSet<()>,
}

impl Browsers {
    /// Opens all connections, each with a ticket of its own, and sends their events to `events`.
    ///
    /// # Errors
    /// A connection is refused.
    pub(super) async fn connect(url: &str, events: &UnboundedSender<Event>) -> io::Result<Self> {
        let platform = Platform::new(Caller::anonymous(Urls::all(url)).with_token(PLATFORM_TOKEN));
        let opened = stream::iter(Socket::all()).map(|socket| open(&platform, socket));
        let opened: Vec<_> = opened.buffer_unordered(PARALLEL).try_collect().await?;
        let mut reading = JoinSet::new();
        for (socket, messages) in opened {
            reading.spawn(read(socket, messages, events.clone()));
        }
        Ok(Self { _reading: reading })
    }
}

async fn open(
    platform: &Platform,
    socket: Socket,
) -> io::Result<(Socket, impl Stream<Item = tungstenite::Result<Message>> + Unpin + Send + use<>)> {
    let chat = socket.watches_the_chat().then(|| chat_id(socket.user));
    let chats: Vec<_> = chat.iter().map(String::as_str).collect();
    let Ticket { ticket, url } = platform.ticket(&user_id(socket.user), &chats).await;
    let settings = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
    let (messages, _) = connect_async_with_config(format!("{url}?ticket={ticket}"), Some(settings), true)
        .await
        .map_err(io::Error::other)?;
    Ok((socket, messages))
}

async fn read(
    socket: Socket,
    mut messages: impl Stream<Item = tungstenite::Result<Message>> + Unpin,
    events: UnboundedSender<Event>,
) {
    let signals: Vec<_> = socket.topics().map(|topic| (topic.signal(), topic)).collect();
    loop {
        let message = messages.next().await;
        let at = Instant::now();
        let got = match &message {
            Some(Ok(Message::Text(text))) => {
                let signal = signals.iter().find(|(signal, _)| signal.as_str() == text.as_str());
                signal.map_or(Got::Other, |(_, topic)| Got::Signal(*topic))
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => Got::End,
            Some(Ok(_)) => Got::Other,
        };
        // Nobody reads after the end of the measurement.
        let _ = events.send(Event { socket, got, at });
        if got == Got::End {
            return;
        }
    }
}
