//! Browsers of users: the platform takes tickets for them, they connect, ping and leave, and tickets are used twice, late, or
//! forged.

mod api;
mod rules;
mod topic;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use fastrand::Rng;
use local::{dynamodb::CONNECTIONS_TABLE, functions::Outcome};
use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

pub(super) use self::{api::SocketApi, topic::Topic};
use super::{
    call::Call,
    chats, pushes,
    rule::{Broken, Subject},
    time::{MINUTE, Millis, SECOND},
    world::World,
};

/// The users with browsers. Pushes name them, too.
const USERS: usize = 6;

/// A flood of connections of one user is larger than the connections that a user can have.
const FLOOD: u64 = 12;

/// The tickets that an operation chooses from: the newest ones.
const CHOICE: usize = 20;

const SOCKET: &str = "SocketFunction";

/// A chat that a ticket names: its source and its number.
type ChatNumber = (u32, u64);

#[derive(Debug, Clone)]
pub(super) enum Op {
    /// Takes a ticket and connects with it; perhaps once more, after a while or at the same time.
    Connect { number: u64, user: usize, chats: Vec<ChatNumber>, again_after: Option<Millis> },
    /// Takes a ticket and does not use it.
    Take { user: usize, chats: Vec<ChatNumber> },
    /// Connects with one of the last tickets of any user: fresh, used or expired.
    Use { number: u64, user: usize, pick: u64 },
    /// Connects with a ticket that nobody issued.
    Forge { number: u64, user: usize, pick: u64, forgery: Forgery },
    /// Connects more often than a user can.
    Flood { number: u64, user: usize },
    /// Sends a `ping`, or a message that has no route.
    Send { user: usize, pick: u64, is_ping: bool },
    /// Closes a connection.
    Close { user: usize, pick: u64 },
    /// The browser is gone without a close frame. API Gateway notices it at once, or when the connection is idle for too long.
    Vanish { user: usize, pick: u64, is_noticed: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forgery {
    /// One digit of a ticket differs.
    Altered,
    /// A ticket in capital letters.
    Capitals,
    /// The hash of a ticket, as it is stored.
    Hash,
    /// No ticket.
    Nothing,
}

impl Op {
    pub(super) fn draw(rng: &mut Rng, now: Millis, number: u64) -> Self {
        let user = rng.usize(..USERS);
        let pick = rng.u64(..);
        let count = *rng.choice(&[0, 1, 1, 2, 10]).unwrap_or(&1);
        // The chats that are in use, as the operations of chats draw them.
        let newest = (now / (30 * MINUTE)) * 6;
        let chats = (0..count).map(|_| (rng.u32(1..=2), newest + rng.u64(..6))).collect();
        match rng.u8(..100) {
            0..34 => {
                let again_after = match rng.u8(..6) {
                    0 => Some(0),
                    1 => Some(rng.u64(..3 * SECOND)),
                    _ => None,
                };
                Self::Connect { number, user, chats, again_after }
            }
            34..44 => Self::Take { user, chats },
            44..58 => Self::Use { number, user, pick },
            58..66 => {
                let all = [Forgery::Altered, Forgery::Capitals, Forgery::Hash, Forgery::Nothing];
                let forgery = rng.choice(all).unwrap_or(Forgery::Nothing);
                Self::Forge { number, user, pick, forgery }
            }
            66..76 => Self::Send { user, pick, is_ping: true },
            76..79 => Self::Send { user, pick, is_ping: false },
            79..89 => Self::Close { user, pick },
            89..98 => Self::Vanish { user, pick, is_noticed: rng.bool() },
            _ => Self::Flood { number, user },
        }
    }

    pub(super) fn concerns(&self, subject: &Subject) -> bool {
        let (Self::Connect { user, .. }
        | Self::Take { user, .. }
        | Self::Use { user, .. }
        | Self::Forge { user, .. }
        | Self::Flood { user, .. }
        | Self::Send { user, .. }
        | Self::Close { user, .. }
        | Self::Vanish { user, .. }) = self;
        *subject == Subject::Sockets { user: *user }
    }
}

/// A ticket that was asked for.
#[derive(Debug)]
struct Ticket {
    call: Call,
    user: usize,
    topics: BTreeSet<Topic>,
    /// The ticket, if it was answered.
    text: Option<String>,
}

/// An attempt to connect.
#[derive(Debug)]
struct Attempt {
    connection: String,
    /// The ticket, by its number; `None` if nobody issued it.
    ticket: Option<usize>,
    /// The user of the operation.
    user: usize,
    begun: Millis,
    ended: Millis,
    /// The answer of the function; 500 if there is none.
    status: u64,
    /// Whether a request to the store failed meanwhile. It may be of another call.
    met_faults: bool,
}

/// A `ping`, or the end of a connection of which `$disconnect` told.
#[derive(Debug)]
struct Told {
    connection: String,
    begun: Millis,
    ended: Millis,
    /// Whether the function succeeded and no request to the store failed meanwhile.
    is_clean: bool,
}

/// The connections in the table, by user.
#[derive(Debug)]
struct Stored {
    at: Millis,
    connections: BTreeMap<String, usize>,
}

#[derive(Debug, Default)]
struct History {
    tickets: Vec<Ticket>,
    attempts: Vec<Attempt>,
    /// The attempts that have not ended, by user.
    under_way: BTreeMap<usize, usize>,
    pings: Vec<Told>,
    ends: Vec<Told>,
    stored: Vec<Stored>,
    wrong: Vec<(Millis, usize, String)>,
}

#[derive(Debug, Default)]
pub(super) struct Sockets(RefCell<History>);

impl Sockets {
    pub(super) async fn run(&self, world: &World, op: &Op) {
        match op {
            Op::Connect { number, user, chats, again_after } => {
                let Some(ticket) = self.take(world, *user, chats).await else { return };
                let connect =
                    |attempt: u64| self.use_ticket(world, *user, ticket, connection_id(*number, attempt));
                let again = async {
                    if let Some(after) = again_after {
                        sleep(Duration::from_millis(*after)).await;
                        connect(1).await;
                    }
                };
                tokio::join!(connect(0), again);
            }
            Op::Take { user, chats } => _ = self.take(world, *user, chats).await,
            Op::Use { number, user, pick } => {
                let Some(ticket) = self.pick_ticket(*pick) else { return };
                self.use_ticket(world, *user, ticket, connection_id(*number, 0)).await;
            }
            Op::Forge { number, user, pick, forgery } => {
                let Some(ticket) = self.pick_ticket(*pick) else { return };
                let text = self.0.borrow().tickets[ticket].text.clone().unwrap_or_default();
                let forged = forgery.of(&text);
                // A ticket of digits alone has no capital letters.
                if forged.as_ref() != Some(&text) {
                    self.connect(world, *user, None, forged.as_deref(), connection_id(*number, 0)).await;
                }
            }
            Op::Flood { number, user } => self.flood(world, *number, *user).await,
            Op::Send { user, pick, is_ping } => self.send(world, *user, *pick, *is_ping).await,
            Op::Close { user, pick } => {
                if let Some(connection) = self.pick_connection(world, *user, *pick)
                    && world.sockets.end(&connection)
                {
                    self.disconnect(world, connection).await;
                }
            }
            Op::Vanish { user, pick, is_noticed } => {
                let Some(connection) = self.pick_connection(world, *user, *pick) else { return };
                if *is_noticed {
                    world.sockets.end(&connection);
                } else {
                    world.sockets.vanish(&connection);
                }
            }
        }
    }

    /// Connects each user more often than he can, when nothing but `@connections` fails, and looks at the table.
    pub(super) async fn crowd(&self, world: &World) {
        for user in 0..USERS {
            self.flood(world, u64::MAX - user as u64, user).await;
        }
        self.look(world);
    }

    /// Looks at the connections in the table, except those of users with an attempt under way.
    pub(super) fn look(&self, world: &World) {
        let items = world.store.items(CONNECTIONS_TABLE);
        let text = |item: &Value, name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
        let now = world.time.since_1970() / 1_000;
        let lives = |item: &&Value| {
            let end = item["expireAt"]["N"].as_str().and_then(|seconds| seconds.parse::<u64>().ok());
            end.is_some_and(|end| end > now)
        };
        let whole: BTreeSet<_> = items.iter().filter(lives).map(|item| text(item, "pk")).collect();
        let mut connections: BTreeMap<_, usize> = BTreeMap::new();
        for item in items.iter().filter(lives) {
            // An item of a connection that is half written or half removed is not one of a connection.
            if let Some(Topic::Inbox(user)) = Topic::of_partition(&text(item, "pk"))
                && whole.contains(&text(item, "sk"))
            {
                *connections.entry(user).or_default() += 1;
            }
        }
        let history = &mut *self.0.borrow_mut();
        let busy = history.under_way.iter().filter(|(_, attempts)| **attempts > 0);
        for (user, _) in busy {
            connections.remove(&pushes::user_id(*user));
        }
        history.stored.push(Stored { at: world.time.now(), connections });
    }

    /// Tells the function of the end of a connection that was idle or lasted too long, or does not: API Gateway may never tell.
    pub(super) async fn tell_of_end(&self, world: &World, connection: String) {
        let is_told = connection.bytes().map(u64::from).sum::<u64>().is_multiple_of(2);
        if is_told {
            self.disconnect(world, connection).await;
        }
    }

    /// The connections that opened.
    pub(super) fn opened(&self) -> usize {
        self.0.borrow().attempts.iter().filter(|attempt| attempt.is_open()).count()
    }

    pub(super) fn check(&self, world: &World) -> Vec<Broken> {
        rules::check(&self.0.borrow(), &world.sockets)
    }

    async fn flood(&self, world: &World, number: u64, user: usize) {
        for attempt in 0..FLOOD {
            if let Some(ticket) = self.take(world, user, &[]).await {
                self.use_ticket(world, user, ticket, connection_id(number, attempt)).await;
            }
        }
    }

    /// Takes a ticket. Returns its number.
    async fn take(&self, world: &World, user: usize, chats: &[ChatNumber]) -> Option<usize> {
        let name = pushes::user_id(user);
        let list: Vec<_> = chats
            .iter()
            .map(|(source, chat)| json!({"chatId": chats::chat_id(*chat), "source": source}))
            .collect();
        let topics = chats.iter().map(|(source, chat)| Topic::Chat(*source, chats::chat_id(*chat)));
        let topics = topics.chain([Topic::Inbox(name.clone())]).collect();
        let call = world.ask_for_ticket(&json!({"userId": name, "chats": list})).await;
        let mut history = self.0.borrow_mut();
        if let Some(refusal) = call.refusal() {
            history.wrong.push((call.ended, user, format!("refused: {refusal}")));
        }
        let text = call.body().map(|body| body["data"]["ticket"].as_str().unwrap_or_default().to_owned());
        if let Some(body) = call.body()
            && (text.as_ref().is_none_or(|text| text.len() != 64) || body["data"]["expiresIn"] != 60)
        {
            history.wrong.push((call.ended, user, format!("no ticket: {body}")));
        }
        let number = text.as_ref().map(|_| history.tickets.len());
        history.tickets.push(Ticket { call, user, topics, text });
        number
    }

    fn pick_ticket(&self, pick: u64) -> Option<usize> {
        let history = self.0.borrow();
        let answered = history.tickets.iter().enumerate().filter(|(_, ticket)| ticket.text.is_some());
        let newest: Vec<_> = answered.rev().take(CHOICE).map(|(number, _)| number).collect();
        Rng::with_seed(pick).choice(newest)
    }

    async fn use_ticket(&self, world: &World, user: usize, ticket: usize, connection: String) {
        let text = self.0.borrow().tickets[ticket].text.clone();
        self.connect(world, user, Some(ticket), text.as_deref(), connection).await;
    }

    /// Connects with a text in the place of the ticket. `ticket` is the number of the one that was issued with this text.
    async fn connect(
        &self,
        world: &World,
        user: usize,
        ticket: Option<usize>,
        text: Option<&str>,
        connection: String,
    ) {
        let owner = ticket.map_or(user, |ticket| self.0.borrow().tickets[ticket].user);
        *self.0.borrow_mut().under_way.entry(owner).or_default() += 1;
        let mut event = event("$connect", "CONNECT", &connection);
        event["queryStringParameters"] = text.map_or(Value::Null, |text| json!({"ticket": text}));
        let (begun, faults) = (world.time.now(), world.store.faults());
        let status = status(&world.invoke(SOCKET, &event).await);
        if status == 200 {
            world.sockets.open(&connection);
        }
        let (ended, met_faults) = (world.time.now(), world.store.faults() != faults);
        let attempt = Attempt { connection, ticket, user: owner, begun, ended, status, met_faults };
        let history = &mut *self.0.borrow_mut();
        history.under_way.entry(owner).and_modify(|attempts| *attempts -= 1);
        history.attempts.push(attempt);
    }

    /// One of the user's connections with a browser.
    fn pick_connection(&self, world: &World, user: usize, pick: u64) -> Option<String> {
        let history = self.0.borrow();
        let own = |id: &String| {
            history.attempts.iter().any(|attempt| attempt.connection == *id && attempt.user == user)
        };
        let own: Vec<_> = world.sockets.connected().into_iter().filter(own).collect();
        Rng::with_seed(pick).choice(own)
    }

    async fn send(&self, world: &World, user: usize, pick: u64, is_ping: bool) {
        let Some(connection) = self.pick_connection(world, user, pick) else { return };
        if world.sockets.touch(&connection) {
            let route = if is_ping { "ping" } else { "$default" };
            let told = tell(world, route, "MESSAGE", connection).await;
            if is_ping {
                self.0.borrow_mut().pings.push(told);
            }
        }
    }

    /// Tells the function of the end of a connection.
    async fn disconnect(&self, world: &World, connection: String) {
        let told = tell(world, "$disconnect", "DISCONNECT", connection).await;
        self.0.borrow_mut().ends.push(told);
    }
}

impl Forgery {
    /// The text that a browser sends in the place of a ticket.
    fn of(self, ticket: &str) -> Option<String> {
        let mut text = ticket.to_owned();
        match self {
            Self::Nothing => return None,
            Self::Capitals => text = text.to_uppercase(),
            Self::Hash => text = model::sha256_hex(ticket),
            Self::Altered => {
                let last = text.pop();
                text.push(if last == Some('0') { '1' } else { '0' });
            }
        }
        Some(text)
    }
}

impl Attempt {
    const fn is_open(&self) -> bool {
        self.status == 200
    }
}

/// An id of the form that API Gateway's have. It is the same in each part of a history.
fn connection_id(number: u64, attempt: u64) -> String {
    format!("{number:x}/{attempt:x}=")
}

async fn tell(world: &World, route: &str, kind: &str, connection: String) -> Told {
    let (begun, faults) = (world.time.now(), world.store.faults());
    let outcome = world.invoke(SOCKET, &event(route, kind, &connection)).await;
    let is_clean = outcome.is_ok() && world.store.faults() == faults;
    Told { connection, begun, ended: world.time.now(), is_clean }
}

/// An event of API Gateway, with the members that a function may read.
fn event(route: &str, kind: &str, connection: &str) -> Value {
    json!({
        "requestContext": {"routeKey": route, "eventType": kind, "connectionId": connection, "stage": "dev"},
        "isBase64Encoded": false,
    })
}

/// The status in the function's answer.
fn status(outcome: &Outcome) -> u64 {
    let answer = outcome.as_ref().ok().and_then(|answer| serde_json::from_str::<Value>(answer).ok());
    answer.and_then(|answer| answer["statusCode"].as_u64()).unwrap_or(500)
}
