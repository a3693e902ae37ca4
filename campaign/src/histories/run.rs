//! One history: the operations of a plan in a world of its own, a quiet end, and the rules.

use std::{
    collections::BTreeSet,
    rc::Rc,
    time::{Duration, Instant},
};

use local::dynamodb::{ACCESS_TABLE, CHAT_TABLE, CONNECTIONS_TABLE};
use tokio::{runtime, task::LocalSet, time::sleep};

use super::{
    chats::{Chats, Receiver},
    details::Details,
    plan::{Op, Plan},
    pushes::{self, Pushes},
    robot::Robot,
    rule::Broken,
    sockets::Sockets,
    store::Weather,
    time::{HOUR, MINUTE},
    tokens::Tokens,
    world::World,
};

/// Receivers of webhooks, by system and source.
const RECEIVERS: [(usize, u32); 3] = [(0, 1), (2, 1), (2, 2)];

/// The time after which the last delivery is retried at the latest.
const QUIET: Duration = Duration::from_millis(2 * HOUR);

/// The items at which the reaper looks after each burst.
const REAPED_AT_ONCE: u32 = 2_000;

/// The operations of a plan that are run: all of them, or some by their number.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// At least this many calls.
    Calls(u64),
    /// These operations, counted from 0.
    Ops(BTreeSet<usize>),
}

/// The end of a history: its figures, and the rules that it broke.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) calls: u64,
    pub(super) requests: u64,
    pub(super) faults: u64,
    pub(super) reaped: u64,
    pub(super) webhooks: usize,
    /// The connections that opened.
    pub(super) sockets: usize,
    /// The signals that reached a browser.
    pub(super) signals: usize,
    /// The simulated time.
    pub(super) simulated: Duration,
    pub(super) took: Duration,
    /// The operations that ran, with their numbers.
    pub(super) ops: Vec<(usize, u64, Op)>,
    pub(super) broken: Vec<Broken>,
}

/// All clients.
struct Clients {
    pushes: Pushes,
    chats: Chats,
    robot: Robot,
    details: Details,
    tokens: Tokens,
    sockets: Sockets,
}

/// Runs a part of the history of a seed.
pub(super) fn run(seed: u64, part: &Part) -> Ended {
    let runtime = runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    LocalSet::new().block_on(&runtime.expect("the runtime starts"), history(seed, part))
}

async fn history(seed: u64, part: &Part) -> Ended {
    let started = Instant::now();
    let world = Rc::new(World::start(seed).await);
    let clients = Rc::new(Clients {
        pushes: Pushes::default(),
        chats: Chats::default(),
        robot: Robot::default(),
        details: Details::default(),
        tokens: Tokens::start(&world).await,
        sockets: Sockets::default(),
    });
    let mut receivers = Vec::new();
    for (system, source) in RECEIVERS {
        receivers.push(Receiver::start(Rc::clone(&world), system, source, seed ^ u64::from(source)).await);
    }
    clients.chats.receive_at(receivers.clone());

    let (mut plan, mut ran, mut number) = (Plan::of(seed), Vec::new(), 0);
    let mut running_sockets = Vec::new();
    while part.goes_on(world.calls(), number) {
        let burst = plan.next();
        world.time.until(burst.begin).await;
        world.store.set_weather(burst.weather);
        let mut running = Vec::new();
        for (at, op) in burst.ops {
            let is_run = part.has(number);
            number += 1;
            if is_run {
                ran.push((number - 1, at, op.clone()));
                let (world, clients) = (Rc::clone(&world), Rc::clone(&clients));
                // The next burst begins at its time, whatever sockets still do.
                let running = if matches!(op, Op::Sockets(_)) { &mut running_sockets } else { &mut running };
                running.push(tokio::task::spawn_local(async move {
                    world.time.until(at).await;
                    clients.run(&world, &op).await;
                }));
            }
        }
        for operation in running {
            operation.await.expect("no operation panics");
        }
        for table in [CHAT_TABLE, ACCESS_TABLE, CONNECTIONS_TABLE] {
            world.store.reap(table, REAPED_AT_ONCE);
        }
        clients.sockets.look(&world);
        for ended in world.sockets.end_expired() {
            let (world, clients) = (Rc::clone(&world), Rc::clone(&clients));
            running_sockets.push(tokio::task::spawn_local(async move {
                clients.sockets.tell_of_end(&world, ended).await;
            }));
        }
    }
    for operation in running_sockets {
        operation.await.expect("no operation panics");
    }
    world.store.set_weather(Weather::Calm);
    sleep(Duration::from_millis(MINUTE)).await;
    clients.pushes.read_all(&world).await;
    clients.sockets.crowd(&world).await;
    sleep(QUIET).await;
    clients.chats.read_all(&world).await;
    clients.robot.read_all(&world).await;

    let mut broken = clients.check(&world);
    broken.extend(world.check());
    Ended {
        calls: world.calls(),
        requests: world.store.requests(),
        faults: world.store.faults(),
        reaped: world.store.reaped(),
        webhooks: receivers.iter().map(|receiver| receiver.count()).sum(),
        sockets: clients.sockets.opened(),
        signals: world.sockets.delivered(),
        simulated: Duration::from_millis(world.time.now()),
        took: started.elapsed(),
        ops: ran,
        broken,
    }
}

impl Part {
    fn goes_on(&self, calls: u64, number: usize) -> bool {
        match self {
            Self::Calls(count) => calls < *count,
            Self::Ops(ops) => ops.last().is_some_and(|last| number <= *last),
        }
    }

    fn has(&self, number: usize) -> bool {
        match self {
            Self::Calls(_) => true,
            Self::Ops(ops) => ops.contains(&number),
        }
    }
}

impl Clients {
    async fn run(&self, world: &World, op: &Op) {
        match op {
            Op::Pushes(op) => self.pushes.run(world, op).await,
            Op::Chats(op) => self.chats.run(world, op).await,
            Op::Robot(op) => self.robot.run(world, op).await,
            Op::Details(op) => self.details.run(world, op).await,
            Op::Tokens(op) => self.tokens.run(world, op).await,
            Op::Sockets(op) => self.sockets.run(world, op).await,
        }
    }

    fn check(&self, world: &World) -> Vec<Broken> {
        let parts = [
            pushes::check(&self.pushes),
            self.chats.check(),
            self.robot.check(),
            self.details.check(),
            self.tokens.check(),
            self.sockets.check(world),
        ];
        parts.into_iter().flatten().collect()
    }
}
