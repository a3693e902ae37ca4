//! The world of one case: a system in which one function is the release process, and the crash of that process.

use std::{cell::RefCell, collections::BTreeSet, path::Path, pin::pin, sync::Arc, time::Duration};

use bench::{environment, process::Bootstrap};
use local::template::FunctionSpec;
use model::Timestamp;
use tests::{FaultyDynamoDb, Setup, System};

use super::{
    instance::Instance,
    log,
    normal_form::{Counts, differences},
    point::Point,
    tables::Tables,
};

/// Text in every content that a scenario sends. No log may have it.
pub(super) const CONTENT: &str = "您的验证码是 7f3a9c";

/// Parts of contents, headers, tokens and secrets.
const SECRETS: [&str; 6] = ["7f3a9c", "Bearer ", "Basic ", "cn-", "cs-", "whsec_"];

/// The time that background work, such as a delivery that a hint started, has to end.
const SETTLE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);

/// A difference between the tables after a crash and those without one.
struct Allowance {
    reason: &'static str,
    applies: fn(&str) -> bool,
}

/// The store requests of the attacked invocation, and the tables at the end.
#[derive(Debug, Clone, Default)]
pub(super) struct Observed {
    /// The operations.
    pub(super) requests: Vec<String>,
    pub(super) tables: Counts,
    /// The reasons of the allowed differences that occurred.
    pub(super) allowed: BTreeSet<&'static str>,
}

pub(super) struct World {
    pub(super) system: System,
    instance: Arc<Instance>,
    /// The proxy between the process and DynamoDB.
    store: FaultyDynamoDb,
    binary: String,
    point: Option<Point>,
    /// The tables of the run without a crash.
    expected: Option<Counts>,
    started: Timestamp,
    allowances: RefCell<Vec<Allowance>>,
    /// Tickets, which no item and no log line may have.
    hidden: RefCell<Vec<String>>,
    observed: RefCell<Observed>,
}

impl World {
    /// A system in which the function of `spec` with the logical id `id` is the bootstrap in `folder`.
    pub(super) async fn start(
        id: &'static str,
        spec: &FunctionSpec,
        folder: &Path,
        point: Option<Point>,
        expected: Option<Counts>,
    ) -> Self {
        let instance = Arc::<Instance>::default();
        let setup = Setup { replaced: vec![(id, instance.code())], ..Setup::default() };
        let system = System::start_with(setup).await;
        let store = FaultyDynamoDb::start(system.dynamodb_url.as_deref().unwrap_or_default());
        let mut environment = environment::of_spec(spec, &store.url());
        environment.insert("LAMBDA_ENDPOINT".to_owned(), system.lambda_url.clone().unwrap_or_default());
        environment.insert("CONNECTIONS_URL".to_owned(), system.connections_url.clone().unwrap_or_default());
        environment.insert("SOCKET_URL".to_owned(), system.socket_url.clone().unwrap_or_default());
        // It names a file of Amazon Linux. A debug build of a function does not start without the file, and DynamoDB has no TLS here.
        environment.remove("SSL_CERT_FILE");
        // Receivers of the campaign listen on this machine.
        environment.insert("WEBHOOK_REACH".to_owned(), "everywhere".to_owned());
        instance.set_bootstrap(Bootstrap { path: folder.join(&spec.binary).join("bootstrap"), environment });
        // The scenario prepares the system with it. A process that does not start fails here, with its reason.
        instance.start().await.unwrap_or_else(|error| fail(&error.to_string()));
        Self {
            started: system.clock.now(),
            system,
            instance,
            store,
            binary: spec.binary.clone(),
            point,
            expected,
            allowances: RefCell::default(),
            hidden: RefCell::default(),
            observed: RefCell::default(),
        }
    }

    /// Allows a difference between the tables after a crash and those without one: another number of the items for whose
    /// normal form `applies` holds.
    pub(super) fn allow(&self, reason: &'static str, applies: fn(&str) -> bool) {
        self.allowances.borrow_mut().push(Allowance { reason, applies });
    }

    /// Notes a text that no item and no log line may have.
    pub(super) fn hide(&self, secret: &str) {
        self.hidden.borrow_mut().push(secret.to_owned());
    }

    /// Makes the call during which the function is killed, or not, in the run without a crash. Returns what the caller got.
    pub(super) async fn crash<T>(&self, call: impl AsyncFn() -> T) -> T {
        self.instance.start().await.unwrap_or_else(|error| fail(&error.to_string()));
        let first = match self.point {
            Some(Point::Request { number, moment }) => {
                self.store.halt_at(number, moment);
                let mut calling = pin!(call());
                let answered = tokio::select! {
                    () = self.store.halted() => None,
                    first = &mut calling => Some(first),
                };
                if answered.is_some() {
                    // The last request's answer may let the function answer before the kill.
                    assert!(self.store.recorded().len() > number, "the function did not send the request");
                }
                self.instance.kill().await;
                match answered {
                    Some(first) => first,
                    None => calling.await,
                }
            }
            Some(Point::Answered) => {
                self.store.forget();
                let first = call().await;
                self.instance.kill().await;
                first
            }
            None => {
                self.store.forget();
                call().await
            }
        };
        self.observed.borrow_mut().requests = self.store.operations();
        self.store.recover();
        first
    }

    /// Makes the client's retry, and checks the tables.
    pub(super) async fn retry<T>(&self, call: impl AsyncFn() -> T) -> T {
        let retry = call().await;
        self.check_tables().await;
        retry
    }

    /// Compares the tables with those without a crash, as soon as background work has ended.
    pub(super) async fn check_tables(&self) {
        let ends = tokio::time::Instant::now() + SETTLE;
        let mut before = None;
        loop {
            let tables = Tables::read(&self.system).await.unwrap_or_else(|error| fail(&error));
            tables.check(&self.hidden.borrow()).unwrap_or_else(|error| fail(&error));
            let tables = tables.normal_form(self.started);
            let is_final = match &self.expected {
                // The tables at rest.
                None => before.as_ref() == Some(&tables),
                Some(expected) => self.unexplained(expected, &tables).is_empty(),
            };
            if is_final {
                self.observed.borrow_mut().tables = tables;
                return;
            }
            if tokio::time::Instant::now() > ends {
                let expected = self.expected.as_ref().or(before.as_ref()).unwrap_or(&tables);
                fail(&format!("the tables differ:\n{}", self.unexplained(expected, &tables).join("\n")));
            }
            before = Some(tables);
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn unexplained(&self, expected: &Counts, found: &Counts) -> Vec<String> {
        let allowances = self.allowances.borrow();
        let mut unexplained = Vec::new();
        for (item, expected, found) in differences(expected, found) {
            match allowances.iter().find(|allowance| (allowance.applies)(item)) {
                Some(allowance) => _ = self.observed.borrow_mut().allowed.insert(allowance.reason),
                None => unexplained.push(format!("{expected} expected, {found} found: {item}")),
            }
        }
        unexplained
    }

    /// Ends the processes, checks their logs and returns the observations.
    pub(super) async fn finish(self) -> Observed {
        let hidden = self.hidden.into_inner();
        let secrets: Vec<&str> = SECRETS.into_iter().chain(hidden.iter().map(String::as_str)).collect();
        for log in self.instance.logs().await {
            log::check(&log, &self.binary, &secrets).unwrap_or_else(|error| fail(&error));
        }
        self.observed.into_inner()
    }
}

/// Fails the case.
#[expect(clippy::panic, reason = "a check of a case fails by panicking, as those of the crate `tests` do")]
pub(super) fn fail(reason: &str) -> ! {
    panic!("{reason}")
}
