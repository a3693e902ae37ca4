//! Applications that take, use and revoke tokens, and an operator who disables applications and rotates secrets.

use std::{cell::RefCell, collections::BTreeMap};

use api::Clock;
use axum::http::Method;
use base64::{Engine, prelude::BASE64_STANDARD};
use fastrand::Rng;
use model::{
    Timestamp,
    oauth::{ApplicationStatus, ClientSecret, Scope},
};
use tests::paths;

use super::{
    call::{Call, SKEW},
    rule::{Broken, Subject},
    time::{Millis, SECOND},
    world::World,
};

const APPS: usize = 3;

/// The time for which a replaced secret stays valid.
const GRACE: Millis = 10 * 60 * SECOND;

#[derive(Debug, Clone)]
pub(super) enum Op {
    Take { app: usize, secret: Secret },
    Use { app: usize, pick: u64 },
    Revoke { app: usize, pick: u64 },
    Disable { app: usize },
    Enable { app: usize },
    Rotate { app: usize, number: u64 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secret {
    Current,
    Previous,
    Wrong,
}

impl Op {
    pub(super) fn draw(rng: &mut Rng, number: u64) -> Self {
        let app = rng.usize(..APPS);
        let pick = rng.u64(..);
        match rng.u8(..30) {
            0..8 => {
                let secret = match rng.u8(..8) {
                    0 => Secret::Wrong,
                    1 | 2 => Secret::Previous,
                    _ => Secret::Current,
                };
                Self::Take { app, secret }
            }
            8..22 => Self::Use { app, pick },
            22..25 => Self::Revoke { app, pick },
            25 => Self::Disable { app },
            26..29 => Self::Enable { app },
            _ => Self::Rotate { app, number },
        }
    }

    pub(super) fn concerns(&self, subject: &Subject) -> bool {
        let (Self::Take { app, .. }
        | Self::Use { app, .. }
        | Self::Revoke { app, .. }
        | Self::Disable { app }
        | Self::Enable { app }
        | Self::Rotate { app, .. }) = self;
        *subject == Subject::Tokens { app: *app }
    }
}

/// A token, and the calls with it.
#[derive(Debug)]
struct Token {
    taken: Call,
    text: String,
    /// Seconds.
    lifetime: u64,
    uses: Vec<Call>,
    revocations: Vec<Call>,
}

#[derive(Debug)]
struct Attempt {
    call: Call,
    secret: Secret,
    /// The end of the grace of a replaced secret.
    valid_until: Option<Millis>,
    /// Whether no operator changed the application meanwhile.
    is_steady: bool,
}

/// A time in which an application was disabled.
#[derive(Debug, Clone, Copy)]
struct Disabled {
    begun: Millis,
    /// The end of the operator's command.
    ended: Millis,
    /// The begin of the command that enabled the application again.
    until: Option<Millis>,
}

#[derive(Debug, Default)]
struct Facts {
    secret: String,
    /// With the end of its grace.
    previous: Option<(String, Millis)>,
    tokens: Vec<Token>,
    attempts: Vec<Attempt>,
    disabled: Vec<Disabled>,
    /// The commands of operators that began.
    changes: u64,
    is_busy: bool,
}

pub(super) struct Tokens(BTreeMap<usize, RefCell<Facts>>);

fn app_id(app: usize) -> String {
    format!("client-{app}")
}

impl Tokens {
    /// Creates the applications.
    pub(super) async fn start(world: &World) -> Self {
        let mut apps = BTreeMap::new();
        for app in 0..APPS {
            let client =
                world.operator.create_application_with(&app_id(app), &[Scope::CustomerService], &[1]).await;
            apps.insert(app, RefCell::new(Facts { secret: client.secret, ..Facts::default() }));
        }
        Self(apps)
    }

    pub(super) async fn run(&self, world: &World, op: &Op) {
        match op {
            Op::Take { app, secret } => self.take(world, *app, *secret).await,
            Op::Use { app, pick } => {
                let Some((number, token)) = self.pick(*app, *pick) else { return };
                let call = world.get(&token, paths::USER_INFO, &[("clientId", "nobody")]).await;
                self.0[app].borrow_mut().tokens[number].uses.push(call);
            }
            Op::Revoke { app, pick } => {
                let Some((number, token)) = self.pick(*app, *pick) else { return };
                let (client, _) = self.0[app].borrow().client(*app, Secret::Current);
                let call = post(world, &client, paths::REVOKE, format!("token={token}")).await;
                self.0[app].borrow_mut().tokens[number].revocations.push(call);
            }
            Op::Disable { app } | Op::Enable { app } | Op::Rotate { app, .. } => {
                // One operator at a time.
                {
                    let facts = &mut *self.0[app].borrow_mut();
                    if facts.is_busy {
                        return;
                    }
                    facts.is_busy = true;
                    facts.changes += 1;
                }
                self.operate(world, *app, op).await;
                self.0[app].borrow_mut().is_busy = false;
            }
        }
    }

    async fn take(&self, world: &World, app: usize, secret: Secret) {
        let (authorization, valid_until, changes) = {
            let facts = self.0[&app].borrow();
            let (authorization, valid_until) = facts.client(app, secret);
            (authorization, valid_until, facts.changes)
        };
        let call =
            post(world, &authorization, paths::TOKEN, "grant_type=client_credentials".to_owned()).await;
        let mut facts = self.0[&app].borrow_mut();
        if let Some(body) = call.body() {
            facts.tokens.push(Token {
                taken: call.clone(),
                text: body["access_token"].as_str().unwrap_or_default().to_owned(),
                lifetime: body["expires_in"].as_u64().unwrap_or_default(),
                uses: Vec::new(),
                revocations: Vec::new(),
            });
        }
        let is_steady = facts.changes == changes && !facts.is_busy;
        facts.attempts.push(Attempt { call, secret, valid_until, is_steady });
    }

    fn pick(&self, app: usize, pick: u64) -> Option<(usize, String)> {
        let facts = self.0[&app].borrow();
        let count = facts.tokens.len();
        // Mostly one of the newest.
        let newest = count.saturating_sub(5);
        let mut rng = Rng::with_seed(pick);
        let from = if rng.u8(..4) == 0 { 0 } else { newest };
        let number = (count > 0).then(|| rng.usize(from..count))?;
        Some((number, facts.tokens[number].text.clone()))
    }

    async fn operate(&self, world: &World, app: usize, op: &Op) {
        let (begun, id) = (world.time.now(), app_id(app));
        let clock: Clock = world.time.clock(0);
        let now: Timestamp = clock.now();
        match op {
            Op::Disable { .. } => {
                if self.0[&app].borrow().disabled.last().is_some_and(|last| last.until.is_none()) {
                    return;
                }
                world
                    .operator
                    .change(&id, |application| application.status = ApplicationStatus::Disabled)
                    .await;
                world.operator.revoke_tokens(&id, |_| true).await;
                let ended = world.time.now();
                self.0[&app].borrow_mut().disabled.push(Disabled { begun, ended, until: None });
            }
            Op::Enable { .. } => {
                if let Some(last) = self.0[&app].borrow_mut().disabled.last_mut() {
                    last.until.get_or_insert(begun);
                }
                world
                    .operator
                    .change(&id, |application| application.status = ApplicationStatus::Enabled)
                    .await;
            }
            Op::Rotate { number, .. } => {
                let secret = ClientSecret::of_digits(&format!("{number}-of-{id}"));
                let shown = secret.reveal().to_owned();
                let until = now.plus_millis(GRACE).seconds();
                world
                    .operator
                    .change(&id, |application| application.rotate_secret(&secret, Some(until)))
                    .await;
                let facts = &mut *self.0[&app].borrow_mut();
                let replaced = std::mem::replace(&mut facts.secret, shown);
                facts.previous = Some((replaced, begun + GRACE));
            }
            Op::Take { .. } | Op::Use { .. } | Op::Revoke { .. } => {}
        }
    }

    pub(super) fn check(&self) -> Vec<Broken> {
        let mut broken = Vec::new();
        for (app, facts) in &self.0 {
            let mut report = |rule, at, facts| {
                broken.push(Broken { rule, at, subject: Subject::Tokens { app: *app }, facts });
            };
            facts.borrow().check(&mut report);
        }
        broken
    }
}

async fn post(world: &World, authorization: &str, path: &str, form: String) -> Call {
    world.call(Method::POST, path, authorization, form).await
}

impl Facts {
    /// The `Authorization` of the client, and the end of its secret's grace.
    fn client(&self, app: usize, secret: Secret) -> (String, Option<Millis>) {
        let (secret, until) = match (secret, &self.previous) {
            (Secret::Wrong, _) => ("cs-00000000-0000-4000-8000-000000000000", None),
            (Secret::Previous, Some((secret, until))) => (secret.as_str(), Some(*until)),
            (Secret::Current | Secret::Previous, _) => (self.secret.as_str(), None),
        };
        let basic = BASE64_STANDARD.encode(format!("{}:{secret}", app_id(app)));
        (format!("Basic {basic}"), until)
    }

    fn check(&self, report: &mut impl FnMut(&'static str, Millis, String)) {
        for attempt in &self.attempts {
            let call = &attempt.call;
            let surely_disabled = self.disabled.iter().any(|disabled| {
                disabled.ended < call.begun && disabled.until.is_none_or(|until| call.ended < until)
            });
            let maybe_disabled = self.disabled.iter().any(|disabled| {
                disabled.begun < call.ended && disabled.until.is_none_or(|until| call.begun < until + SECOND)
            });
            let is_over =
                attempt.is_steady && attempt.valid_until.is_some_and(|until| until + 2 * SKEW < call.begun);
            let is_valid = attempt.is_steady
                && attempt.secret != Secret::Wrong
                && attempt.valid_until.is_none_or(|until| call.ended + 2 * SKEW < until);
            if call.is_done() && (attempt.secret == Secret::Wrong || is_over) {
                report("a token needs a valid secret", call.ended, format!("{attempt:?}"));
            }
            if call.is_done() && surely_disabled {
                report("a disabled application gets no token", call.ended, format!("{attempt:?}"));
            }
            if call.refusal().is_some() && is_valid && !maybe_disabled {
                report(
                    "a secret is valid until the grace after its rotation ends",
                    call.ended,
                    format!("{attempt:?}"),
                );
            }
        }
        for token in &self.tokens {
            token.uses.iter().for_each(|used| self.check_use(token, used, report));
        }
    }

    fn check_use(&self, token: &Token, used: &Call, report: &mut impl FnMut(&'static str, Millis, String)) {
        // Nobody has these details: a token that is valid finds no user.
        let is_valid = used.refusal() == Some("user does not exist");
        let is_refused = used.refusal() == Some("token is wrong");
        let lifetime = token.lifetime * SECOND;
        let is_revoked = token.revocations.iter().any(|revoked| revoked.is_done() && revoked.precedes(used));
        let may_be_revoked = token.revocations.iter().any(|revoked| revoked.begun < used.ended);
        // A token that is taken while its application is disabled and enabled again may be issued after that.
        let is_disabled = self.disabled.iter().any(|disabled| {
            token.taken.begun < disabled.ended
                && disabled.ended < used.begun
                && disabled.until.is_none_or(|until| token.taken.ended < until)
        });
        let may_be_disabled = self
            .disabled
            .iter()
            .any(|disabled| disabled.begun < used.ended && token.taken.begun < disabled.ended);
        let is_over = token.taken.settled() + lifetime + 2 * SKEW < used.begun;
        let may_be_over = token.taken.begun + lifetime < used.ended + 2 * SKEW + SECOND;
        let facts = || format!("{used:?} with {token:?}");
        if is_valid && is_revoked {
            report("a revoked token is refused", used.ended, facts());
        }
        if is_valid && is_disabled {
            report("a disabled application's token is refused", used.ended, facts());
        }
        if is_valid && is_over {
            report("an expired token is refused", used.ended, facts());
        }
        if is_refused && !may_be_revoked && !may_be_disabled && !may_be_over {
            report("a token is valid for its lifetime", used.ended, facts());
        }
        if used.may_apply() && used.is_done() || !(is_valid || is_refused || used.refusal().is_none()) {
            report("answers are those of the contract", used.ended, facts());
        }
    }
}
